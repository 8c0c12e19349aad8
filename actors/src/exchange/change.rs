//! What the API wrote, and what that means for live calls and bindings.

use super::Exchange;
use crate::{
    call::{Input, Outcome, Whose, state},
    rooms::Rooms,
    webrtc_session::{Seat, Why},
};
use schema::{Account, Endpoint, Id, PhoneNumber, RingGroup, Trunk, User};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long the last calls of a deleted account may take to end before its listeners are let go.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// How often is looked whether they have ended.
const LOOK: Duration = Duration::from_millis(20);

/// A change that the API has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// An account is gone with everything in it: its calls end, then its listeners are let go.
    AccountDeleted(Id<Account>),
    /// An account's settings.
    AccountChanged(Id<Account>),
    /// A user is gone with its endpoints: its calls end, and what only rings there stops.
    UserDeleted(Id<User>),
    /// A user was added or changed.
    UserChanged(Id<User>),
    /// A SIP identity is gone: its calls end, what only rings there stops, its bindings go.
    EndpointDeleted(Id<Endpoint>),
    /// A SIP identity was added or changed.
    EndpointChanged(Id<Endpoint>),
    /// A SIP identity has another password: its bindings go.
    EndpointPasswordChanged(Id<Endpoint>),
    /// An extension was added, changed or deleted.
    ExtensionChanged(Id<Account>),
    /// A phone number was added, changed, routed or taken away.
    NumberChanged(Id<PhoneNumber>),
    /// A ring group or its members.
    RingGroupChanged(Id<RingGroup>),
    /// A trunk was added, changed or deleted. Calls over it go on.
    TrunkChanged(Id<Trunk>),
}

impl Exchange {
    /// Hears of a change. Returns at once; what follows from it happens soon after.
    pub fn changed(&self, change: Change) {
        let rooms = &self.rooms;
        rooms.directory.forget();
        match change {
            Change::AccountDeleted(account) => {
                self.tell(
                    |call| call.account == account,
                    &Input::Terminate(Outcome::Deleted),
                );
                rooms.registrar.account_deleted(account);
                self.sign_out(|seat| seat.account == account);
                self.threads.spawn(let_go(rooms.clone(), account));
            }
            Change::UserDeleted(user) => {
                self.deleted(Whose::User(user));
                rooms.registrar.user_deleted(user);
                self.sign_out(|seat| seat.user == user);
                rooms.watchers.changed(user);
            }
            Change::EndpointDeleted(endpoint) => {
                self.deleted(Whose::Endpoint(endpoint));
                rooms.registrar.endpoint_deleted(endpoint);
            }
            Change::EndpointPasswordChanged(endpoint) => {
                rooms.registrar.endpoint_deleted(endpoint);
            }
            Change::UserChanged(user) => rooms.watchers.changed(user),
            Change::TrunkChanged(_) => rooms.trunks.reload(),
            Change::AccountChanged(_)
            | Change::EndpointChanged(_)
            | Change::ExtensionChanged(_)
            | Change::NumberChanged(_)
            | Change::RingGroupChanged(_) => {}
        }
    }

    /// Ends the sessions of browsers, and with them their calls.
    fn sign_out(&self, wanted: impl Fn(&Seat) -> bool) {
        let sessions = &self.rooms.sessions;
        for entry in sessions.select(|entry| entry.seat().is_some_and(|seat| wanted(&seat))) {
            entry.is_ended(Why::Deleted);
        }
    }

    fn deleted(&self, whose: Whose) {
        self.tell(|call| call.concerns(whose), &Input::Deleted(whose));
    }

    fn tell(&self, wanted: impl Fn(&state::Call) -> bool, what: &Input) {
        for entry in self.rooms.registry.select(wanted) {
            entry.answer(what.clone());
        }
    }
}

/// Ends the subscriptions of a deleted account, once its listeners have heard how its calls ended.
async fn let_go(rooms: Arc<Rooms>, account: Id<Account>) {
    let end = Instant::now() + LAST_WORDS;
    let goes_on = || {
        !rooms
            .registry
            .select(|call| call.account == account)
            .is_empty()
    };
    while goes_on() && Instant::now() < end {
        tokio::time::sleep(LOOK).await;
    }
    rooms.bus.forget(account);
}
