//! The presence actor and its handle.

use super::state::{Engaged, State};
use crate::{
    error::Unavailable,
    metrics::Metrics,
    registry::Registry,
    supervision::{Child, Kind, Lifeline, Nursery, Verdict, guarded},
    webrtc_session::Watchers,
};
use actix::{
    Actor, ActorContext as _, Addr, ArbiterHandle, AsyncContext as _, Context, Handler, Message,
};
use schema::{Call, Id, User};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc::UnboundedReceiver;

/// Changes that may wait. When full, the change is lost and the state is rebuilt from the calls.
const MAILBOX: usize = 4096;
/// How long a question may take.
const ANSWER: Duration = Duration::from_secs(1);

/// The handle that calls and the API hold.
pub(crate) struct Presence {
    address: Mutex<Option<Addr<PresenceActor>>>,
    nursery: Arc<Nursery<()>>,
    registry: Arc<Registry>,
    watchers: Arc<Watchers>,
    metrics: Arc<Metrics>,
    arbiter: ArbiterHandle,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Changed(Engaged, Instant);

#[derive(Message)]
#[rtype(result = "bool")]
struct OnCall(Id<User>);

#[derive(Message)]
#[rtype(result = "()")]
struct Rebuild;

/// Dies on the spot.
#[cfg(any(test, feature = "faults"))]
#[derive(Message)]
#[rtype(result = "()")]
struct Die;

struct PresenceActor {
    state: State,
    lifeline: Lifeline<()>,
    registry: Arc<Registry>,
    watchers: Arc<Watchers>,
    metrics: Arc<Metrics>,
}

/// Raises the presence actor again.
pub(crate) struct Keeper(std::sync::Weak<Presence>);

impl Child for Keeper {
    type Key = ();

    /// Never given up: it follows from the calls alone.
    fn crashed(&self, (): &(), _: Verdict) {
        if let Some(presence) = self.0.upgrade() {
            presence.raise();
        }
    }
}

impl Presence {
    /// Starts the actor. The notices of its crashes are to be watched with the keeper.
    pub(crate) fn start(
        registry: Arc<Registry>,
        watchers: Arc<Watchers>,
        metrics: Arc<Metrics>,
        arbiter: ArbiterHandle,
    ) -> (
        Arc<Self>,
        Keeper,
        UnboundedReceiver<crate::supervision::Crash<()>>,
    ) {
        let (nursery, notices) = Nursery::new();
        let presence = Arc::new(Self {
            address: Mutex::new(None),
            nursery,
            registry,
            watchers,
            metrics,
            arbiter,
        });
        presence.raise();
        let keeper = Keeper(Arc::downgrade(&presence));
        (presence, keeper, notices)
    }

    fn raise(&self) {
        let actor = PresenceActor {
            state: State::default(),
            lifeline: self.nursery.lifeline(()),
            registry: self.registry.clone(),
            watchers: self.watchers.clone(),
            metrics: self.metrics.clone(),
        };
        let address = PresenceActor::start_in_arbiter(&self.arbiter, |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            actor
        });
        *self.slot() = Some(address);
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Addr<PresenceActor>>> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A user joined a call, or left it.
    pub(crate) fn engaged(&self, call: Id<Call>, user: Id<User>, on: bool) {
        let change = Changed(Engaged { call, user, on }, Instant::now());
        let Some(address) = self.slot().clone() else {
            return;
        };
        // A dead one is rebuilt from the calls; a full one has to be.
        if let Err(actix::dev::SendError::Full(_)) = address.try_send(change) {
            address.do_send(Rebuild);
        }
    }

    /// Whether the user is on a call right now.
    pub(crate) async fn is_on_call(&self, user: Id<User>) -> Result<bool, Unavailable> {
        let address = self.slot().clone().ok_or(Unavailable)?;
        let answer = address.send(OnCall(user)).timeout(ANSWER);
        answer.await.map_err(|_| Unavailable)
    }

    /// Kills the actor.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill(&self) {
        if let Some(address) = self.slot().clone() {
            address.do_send(Die);
        }
    }
}

impl PresenceActor {
    /// Follows from the live calls.
    fn rebuild(&mut self) {
        self.state = State::default();
        for entry in self.registry.select(|_| true) {
            let call = entry.memory.state();
            for user in call.engaged() {
                let call = entry.id;
                self.state.apply(Engaged {
                    call,
                    user,
                    on: true,
                });
            }
        }
        self.watchers.all_changed();
    }
}

impl Actor for PresenceActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if guarded(|| self.rebuild()).is_err() {
            ctx.stop();
        }
        // Changes that came between reading a call and now were sent to the old one: look once more.
        ctx.notify(Rebuild);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let _ = &self.lifeline;
    }
}

impl Handler<Changed> for PresenceActor {
    type Result = ();

    fn handle(&mut self, Changed(change, since): Changed, _: &mut Self::Context) {
        self.metrics.waited(Kind::Presence, since.elapsed());
        if self.state.apply(change) {
            self.watchers.changed(change.user);
        }
    }
}

impl Handler<OnCall> for PresenceActor {
    type Result = bool;

    fn handle(&mut self, OnCall(user): OnCall, _: &mut Self::Context) -> bool {
        self.state.is_engaged(user)
    }
}

impl Handler<Rebuild> for PresenceActor {
    type Result = ();

    fn handle(&mut self, _: Rebuild, ctx: &mut Self::Context) {
        if guarded(|| self.rebuild()).is_err() {
            ctx.stop();
        }
    }
}

#[cfg(any(test, feature = "faults"))]
impl Handler<Die> for PresenceActor {
    type Result = ();

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn handle(&mut self, _: Die, _: &mut Self::Context) {
        panic!("killed by a test");
    }
}
