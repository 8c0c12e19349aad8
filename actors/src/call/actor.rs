//! The actor of a call: takes inputs from the call's memory one by one, has the state decide and the
//! effects carried out. It keeps nothing of its own that matters.

use super::{Input, perform::abandon};
use crate::{
    registry::Entry,
    rooms::Rooms,
    supervision::{Kind, Lifeline, Step, guarded},
};
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, Message, SpawnHandle};
use schema::{Call, Id, Time};
use std::{sync::Arc, time::Instant};

/// Steps in a row before other calls of the arbiter have their turn.
const TURN: usize = 64;

/// Something waits in the call's memory.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Wake;

/// Dies on the spot.
#[cfg(any(test, feature = "faults"))]
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Die;

/// In charge of one call.
pub(crate) struct CallActor {
    pub(super) entry: Arc<Entry>,
    pub(super) rooms: Arc<Rooms>,
    lifeline: Lifeline<Id<Call>>,
    /// An earlier actor of this call crashed.
    raised: bool,
    timer: Option<(Time, SpawnHandle)>,
}

impl CallActor {
    /// An actor that will be in charge once it has started.
    pub(super) fn new(
        entry: Arc<Entry>,
        rooms: Arc<Rooms>,
        lifeline: Lifeline<Id<Call>>,
        raised: bool,
    ) -> Self {
        Self {
            entry,
            rooms,
            lifeline,
            raised,
            timer: None,
        }
    }

    /// Works until nothing waits, its turn is over, or the call has ended.
    fn work(&mut self, ctx: &mut Context<Self>) {
        match guarded(|| self.turn()) {
            Err(panic) => {
                let (call, account) = (self.entry.id, self.entry.account);
                tracing::error!(call.id = %call, account.id = %account, panic, "the control of a call crashed");
                ctx.stop();
            }
            Ok(Turn::Finished) => {
                self.lifeline.done();
                let unread = self.rooms.registry.remove(self.entry.id);
                abandon(&self.rooms, unread);
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
                    self.rooms.metrics.waited(Kind::Call, since.elapsed());
                    self.step(input);
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

    fn step(&mut self, input: Input) {
        let mut next = (*self.entry.memory.state()).clone();
        let begun = Instant::now();
        let effects = next.apply(input, Time::now());
        tracing::trace!(call.id = %self.entry.id, ?effects, took_us = begun.elapsed().as_micros(), "a step");
        self.entry.may_die();
        self.entry.memory.commit(next, effects);
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
            let wait = due.since(Time::now());
            let timer = ctx.run_later(wait, |actor, ctx| {
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
    /// The call is over.
    Finished,
}

impl Actor for CallActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Before anything else: news that come from now on must find somebody to wake.
        self.entry.is_served_by(ctx.address());
        self.entry.memory.begin();
        if self.raised {
            let effects = self.entry.memory.state().resume();
            let resumed = guarded(|| {
                for effect in effects {
                    if self.perform(effect).is_break() {
                        return;
                    }
                }
            });
            if resumed.is_err() {
                return ctx.stop();
            }
        }
        self.work(ctx);
    }
}

impl Handler<Wake> for CallActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.work(ctx);
    }
}

#[cfg(any(test, feature = "faults"))]
impl Handler<Die> for CallActor {
    type Result = ();

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn handle(&mut self, _: Die, _: &mut Self::Context) {
        panic!("killed by a test");
    }
}
