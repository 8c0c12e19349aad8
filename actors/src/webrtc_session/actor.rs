//! The actor of a session: takes inputs one by one, has the state decide and the effects carried out. It
//! keeps nothing of its own that matters.

use super::{
    frames::{Code, ServerFrame, Trouble},
    messages::Input,
    table::{Entry, SocketId},
};
use crate::{
    rooms::Rooms,
    supervision::{Child, Kind, Lifeline, Step, Verdict, guarded},
};
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, Message, SpawnHandle};
use schema::Time;
use std::sync::{Arc, Weak};

/// Steps in a row before others of the arbiter have their turn.
const TURN: usize = 64;
/// Close code of a session whose control cannot be kept alive (RFC 6455 §7.4.1).
const BROKEN: u16 = 1011;

/// Something waits in the session's memory.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Wake;

/// Dies on the spot.
#[cfg(any(test, feature = "faults"))]
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Die;

/// In charge of one session.
pub(crate) struct SessionActor {
    pub(super) entry: Arc<Entry>,
    pub(super) rooms: Arc<Rooms>,
    lifeline: Lifeline<SocketId>,
    /// An earlier actor of this session crashed.
    raised: bool,
    timer: Option<(Time, SpawnHandle)>,
}

/// Raises an actor for a socket.
pub(super) fn raise(rooms: &Arc<Rooms>, entry: &Arc<Entry>, again: bool) {
    let lifeline = rooms.sessions_nursery.lifeline(entry.id);
    let actor = SessionActor {
        entry: entry.clone(),
        rooms: rooms.clone(),
        lifeline,
        raised: again,
        timer: None,
    };
    SessionActor::start_in_arbiter(rooms.arbiter(&entry.id), |_| actor);
}

/// Acts on crashes of session actors.
pub(crate) struct Midwife {
    /// Gone when the exchange is.
    pub(crate) rooms: Weak<Rooms>,
}

impl Child for Midwife {
    type Key = SocketId;

    fn crashed(&self, key: &Self::Key, verdict: Verdict) {
        let Some(rooms) = self.rooms.upgrade() else {
            return;
        };
        let Some(entry) = rooms.sessions.get(*key) else {
            return;
        };
        match verdict {
            Verdict::Raise => raise(&rooms, &entry, true),
            Verdict::GiveUp => bury(&rooms, &entry),
        }
    }
}

/// Ends a session without its actor.
fn bury(rooms: &Arc<Rooms>, entry: &Arc<Entry>) {
    let mut last = Trouble::new(Code::InternalError, "the session cannot go on");
    last.fatal = true;
    entry.wire.close(ServerFrame::Error(last).text(), BROKEN);
    rooms.leave(entry);
    rooms.sessions.remove(entry.id);
}

impl SessionActor {
    /// Works until nothing waits, its turn is over, or the session has ended.
    fn work(&mut self, ctx: &mut Context<Self>) {
        match guarded(|| self.turn()) {
            Err(panic) => {
                tracing::error!(panic, "the control of a browser session crashed");
                ctx.stop();
            }
            Ok(Turn::Finished) => {
                self.lifeline.done();
                self.rooms.sessions.remove(self.entry.id);
                if let Some((_, timer)) = self.timer.take() {
                    ctx.cancel_future(timer);
                }
                ctx.stop();
            }
            Ok(Turn::Over) => {
                self.set_timer(ctx);
                ctx.notify(Wake);
            }
            Ok(Turn::Rest) => self.set_timer(ctx),
        }
    }

    fn turn(&mut self) -> Turn {
        for _ in 0..TURN {
            self.entry.may_die();
            match self.entry.memory.next() {
                Step::Rest => return Turn::Rest,
                Step::Apply(input, since) => {
                    self.rooms
                        .metrics
                        .waited(Kind::WebrtcSession, since.elapsed());
                    let mut next = (*self.entry.memory.state()).clone();
                    let effects = next.apply(input, Time::now());
                    self.entry.may_die();
                    self.entry.memory.commit(next, effects);
                }
                Step::Perform(effect) => {
                    if self.perform(effect).is_break() {
                        return Turn::Finished;
                    }
                }
            }
        }
        Turn::Over
    }

    /// Keeps one timer for the earliest deadline of the state.
    fn set_timer(&mut self, ctx: &mut Context<Self>) {
        let due = self.entry.memory.state().deadline();
        if self.timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        if let Some(due) = due {
            let timer = ctx.run_later(due.since(Time::now()), |actor, ctx| {
                actor.timer = None;
                actor.entry.answer(Input::Tick);
                actor.work(ctx);
            });
            self.timer = Some((due, timer));
        }
    }
}

/// How a turn ended.
enum Turn {
    /// Nothing waits.
    Rest,
    /// More waits; others first.
    Over,
    /// The session is over.
    Finished,
}

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Before anything else: news that come from now on must find somebody to wake.
        self.entry.is_served_by(Some(ctx.address()));
        self.entry.memory.begin();
        if self.raised && self.entry.tell(Input::Raised).is_err() {
            // Behind what waits, where there is room: answers to what was ordered are among it.
            self.entry.answer(Input::Raised);
        }
        self.work(ctx);
    }
}

impl Handler<Wake> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.work(ctx);
    }
}

#[cfg(any(test, feature = "faults"))]
impl Handler<Die> for SessionActor {
    type Result = ();

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn handle(&mut self, _: Die, _: &mut Self::Context) {
        panic!("killed by a test");
    }
}
