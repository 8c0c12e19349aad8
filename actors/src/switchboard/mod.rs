//! Takes arrivals: finds out who calls and where it leads, raises a call with the answer, forgets it.
//!
//! Raised once by the exchange, spoken to by the engine alone. When it dies, its successor goes on with the
//! arrivals in hand and takes up those that wait. What cannot be promised is refused here, cheaply: while
//! draining, while records cannot be written, while the database is away.

mod gate;
mod invite;

use crate::{rooms::Rooms, supervision::Kind};
use engine::{Arrival, Arrivals};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio::sync::{Mutex, mpsc};

/// Arrivals worked on at the same time; the others wait in the engine's queue, which sheds beyond its
/// own limit.
const AT_ONCE: usize = 256;

/// What outlives the loop.
pub(crate) struct Desk {
    /// Where the engine puts them.
    pub(crate) arrivals: Arrivals,
    /// What it is told.
    pub(crate) orders: mpsc::Receiver<Order>,
    /// Arrivals in hand.
    pub(crate) work: FuturesUnordered<BoxFuture<'static, ()>>,
}

/// Takes arrivals until the engine closes.
pub(crate) async fn run(rooms: Arc<Rooms>, desk: Arc<Mutex<Desk>>) {
    let mut desk = desk.lock().await;
    let Desk {
        arrivals,
        orders,
        work,
    } = &mut *desk;
    loop {
        tokio::select! {
            Some(()) = work.next(), if !work.is_empty() => {}
            Some(order) = orders.recv() => order.obey(),
            arrival = arrivals.recv(), if work.len() < AT_ONCE => match arrival {
                Some(arrival) => work.push(take(rooms.clone(), arrival).boxed()),
                None => return,
            },
        }
    }
}

/// What the switchboard can be told.
pub(crate) enum Order {
    /// Die on the spot.
    #[cfg(any(test, feature = "faults"))]
    Die,
    /// Nothing.
    #[expect(
        dead_code,
        reason = "keeps the enum inhabited without the faults feature"
    )]
    Nothing,
}

impl Order {
    #[cfg_attr(
        any(test, feature = "faults"),
        expect(clippy::panic, reason = "that is what it is for")
    )]
    fn obey(self) {
        match self {
            #[cfg(any(test, feature = "faults"))]
            Self::Die => panic!("killed by a test"),
            Self::Nothing => {}
        }
    }
}

/// Decides on one arrival. A panic over one harms no other that is in hand.
async fn take(rooms: Arc<Rooms>, arrival: Arrival) {
    let since = std::time::Instant::now();
    match arrival {
        Arrival::Register(registration) => {
            let work = rooms.registrar.register(registration, &rooms.directory);
            // The reply goes down with it and answers 500.
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                rooms.metrics.crashed(Kind::Registrar);
            }
        }
        Arrival::HungUp { transport, remote } => rooms.registrar.hung_up(transport, remote),
        Arrival::Invite(invitation) => {
            let leg = invitation.leg;
            let work = invite::take(&rooms, invitation);
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                rooms.metrics.crashed(Kind::Switchboard);
                invite::refuse(&rooms, leg, 500, Vec::new());
            }
        }
    }
    rooms.metrics.waited(Kind::Switchboard, since.elapsed());
}
