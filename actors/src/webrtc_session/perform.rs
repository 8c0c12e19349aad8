//! Carries out what the state decided; nothing decides here.

use super::{
    actor::SessionActor,
    frames::{PresenceItem, ServerFrame},
    messages::{Effect, Input, NotAdmitted, Saying, TokenClaims, Unsaid, Why},
    table::{Entry, Seat},
    wire::Outgoing,
};
use crate::{directory::Closed, rooms::Rooms};
use engine::leg::{BrowserCall, LegId, Party, Word};
use futures_util::{StreamExt as _, stream};
use schema::{Account, Id, User};
use std::{
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
};

/// Users that are looked at at the same time for one client.
const LOOKS: usize = 8;

impl SessionActor {
    /// Carries out one effect. `Break` means that the session is over.
    pub(super) fn perform(&mut self, effect: Effect) -> ControlFlow<()> {
        match effect {
            Effect::Send(frame) => self.send(Outgoing::Text(frame.text())),
            Effect::Ping => self.send(Outgoing::Ping),
            Effect::Close(trouble, code) => {
                tracing::debug!(code = ?trouble.code, close = code, "a browser session is ended");
                let last = ServerFrame::Error(trouble).text();
                self.entry.wire.close(last, code);
            }
            Effect::Admit(claims, address) => self.admit(claims, address),
            Effect::Enlist => {
                if let Some(user) = self.rooms.sessions.list(&self.entry) {
                    self.rooms.metrics.signed_in(true);
                    self.rooms.watchers.changed(user);
                }
            }
            Effect::Gate(setup, destination) => self.gate(setup, destination),
            Effect::Dial(setup, destination, sdp) => self.dial(setup, destination, sdp),
            Effect::Say(leg, word, saying) => self.say(leg, word, saying),
            Effect::Watch(users) => self.rooms.watchers.watch(&self.entry, &users),
            Effect::Look(number, users) => self.look(number, users),
            Effect::LookAgain(number) => {
                let users = self.entry.take_stale().into_iter().collect();
                self.look(number, users);
            }
            Effect::Leave => self.rooms.leave(&self.entry),
            Effect::Finish => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn send(&self, what: Outgoing) {
        if self.entry.wire.push(what).is_err() {
            self.entry.answer(Input::End(Why::Slow));
        }
    }

    /// Takes a seat at once, so that no more than may be get one; where the user is takes a moment.
    fn admit(&self, claims: TokenClaims, address: Option<String>) {
        let (rooms, entry) = (self.rooms.clone(), self.entry.clone());
        let most = rooms.config.webrtc_sessions.most;
        if rooms.draining.load(Ordering::Acquire) {
            return entry.answer(Input::Admitted(Err(NotAdmitted::Draining)));
        }
        let open = |sink| rooms.endpoint.open_session(sink);
        if !rooms.sessions.seat(&entry, claims, most, open) {
            return entry.answer(Input::Admitted(Err(NotAdmitted::TooMany)));
        }
        actix::spawn(async move {
            let directory = &rooms.directory;
            let admitted = match directory.is_refused(&claims).await {
                true => Err(NotAdmitted::Revoked),
                false => Ok(directory.place(&claims, address, entry.peer).await),
            };
            entry.answer(Input::Admitted(admitted));
        });
    }

    fn seat(&self) -> Option<Seat> {
        self.entry.seat()
    }

    fn gate(&self, setup: u32, destination: String) {
        let (rooms, entry) = (self.rooms.clone(), self.entry.clone());
        let Some(seat) = self.seat() else {
            return;
        };
        actix::spawn(async move {
            let may = rooms.may_dial_from_nowhere(seat.account, seat.user, &destination);
            let may = may.await;
            entry.answer(Input::Gated(setup, may));
        });
    }

    fn dial(&self, setup: u32, destination: String, sdp: String) {
        let Some(seat) = self.seat() else {
            return;
        };
        let user = seat.user.to_string();
        let dialled = self.rooms.endpoint.call_from(BrowserCall {
            session: seat.session,
            destination,
            sdp,
            from: Party {
                name: None,
                uri: format!("sip:{user}@{}", self.rooms.config.sip_domain),
                user,
            },
        });
        self.entry.answer(Input::Dialled(setup, dialled));
    }

    fn say(&self, leg: LegId, word: Word, saying: Saying) {
        let Some(seat) = self.seat() else {
            return;
        };
        if let Err(why) = self.rooms.endpoint.say(seat.session, leg, word) {
            let Saying { req_id, unfit } = saying;
            self.entry.answer(Input::Unsaid(Unsaid {
                leg,
                req_id,
                unfit,
                why,
            }));
        }
    }

    fn look(&self, number: u32, users: Vec<Id<User>>) {
        let (rooms, entry) = (self.rooms.clone(), self.entry.clone());
        let Some(seat) = self.seat() else {
            return;
        };
        actix::spawn(async move {
            let found = stream::iter(users)
                .map(|user| {
                    let rooms = rooms.clone();
                    async move { (user, rooms.presence_item(seat.account, user).await) }
                })
                .buffered(LOOKS);
            let found = found.collect().await;
            entry.answer(Input::Looked(number, found));
        });
    }
}

impl Rooms {
    /// Gives a session's seat back: its calls end, it rings no more and watches nobody.
    pub(super) fn leave(&self, entry: &Arc<Entry>) {
        self.watchers.watch(entry, &[]);
        if let Some(seat) = self.sessions.unseat(entry) {
            self.endpoint.close_session(seat.session);
            if seat.listed {
                self.metrics.signed_in(false);
            }
            self.watchers.changed(seat.user);
        }
    }

    /// A user as colleagues see them; none when there is no such user in the account, or nobody can say.
    async fn presence_item(&self, account: Id<Account>, user: Id<User>) -> Option<PresenceItem> {
        let row = match self.directory.user(account, user).await {
            Ok(row) => row?,
            Err(Closed(error)) => {
                tracing::debug!(%error, "nobody can say how a user is");
                return None;
            }
        };
        let state = self.presence_of(user).await.ok()?;
        Some(PresenceItem {
            user_id: user,
            name: row.name.clone(),
            status: state.as_str(),
            do_not_disturb: row.do_not_disturb,
            status_text: row.presence.status_text.clone(),
            updated_at: row.presence.presence_set_at.unwrap_or(row.updated_at),
        })
    }
}
