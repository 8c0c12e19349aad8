//! What `web` can ask of the running whole.

use super::Exchange;
use crate::{
    bus::Subscription,
    call::{self, LiveCall, Opening, Origin},
    directory::{Closed, may_be_presented},
    error::Unavailable,
    presence::UserPresence,
    target::Dialler,
    webrtc_session::WebrtcSession,
};
use bytes::Bytes;
use schema::{Account, Call, Id, PhoneNumber, Time, User};
use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    sync::atomic::Ordering,
};
use tokio::sync::mpsc;

/// Addresses that were really bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// SIP over UDP.
    pub sip_udp: Vec<SocketAddr>,
    /// SIP over TCP.
    pub sip_tcp: Vec<SocketAddr>,
    /// SIP over TLS.
    pub sip_tls: Option<SocketAddr>,
    /// RTP ports, both ends included.
    pub media_ports: RangeInclusive<u16>,
    /// WebRTC over UDP.
    pub webrtc_udp: Vec<SocketAddr>,
}

/// A request for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickToCall {
    /// Account.
    pub account: Id<Account>,
    /// User whose phones ring first.
    pub user: Id<User>,
    /// What is dialled then, as a phone would.
    pub dial_string: String,
    /// Number to present outside.
    pub did: Option<Id<PhoneNumber>>,
    /// Key of the user's alternate find-me set.
    pub find_me_key: Option<String>,
}

/// A request for a call that cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClickToCallError {
    /// The account has no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The number is not the account's, not active or not for outgoing calls.
    #[error("the number cannot be presented")]
    UnusableNumber,
    /// The user has no such alternate.
    #[error("the user has no such find-me alternate")]
    UnknownFindMeKey,
    /// The dial string is empty or too long.
    #[error("the dial string is empty or too long")]
    DialString,
    /// The exchange shuts down or cannot promise a record.
    #[error("no new calls are taken at the moment")]
    Unavailable,
}

/// Facts for readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The database answers, and has taken the last records.
    pub database: bool,
    /// Every listener is open.
    pub listening: bool,
    /// New calls are refused because the exchange shuts down.
    pub draining: bool,
    /// Live calls.
    pub calls: usize,
}

/// The longest SIP message that is taken, in bytes.
pub const LONGEST_SIP_MESSAGE: usize = engine::sip::MAX_MESSAGE_BYTES;

/// The longest dial string.
const DIAL_STRING: usize = 64;

impl Exchange {
    /// Every listener's real address.
    pub fn bound(&self) -> Bound {
        let bound = self.rooms.endpoint.bound();
        Bound {
            sip_udp: bound.udp.clone(),
            sip_tcp: bound.tcp.clone(),
            sip_tls: bound.tls,
            media_ports: self.rooms.config.media_ports.clone(),
            webrtc_udp: bound.webrtc.clone(),
        }
    }

    /// Takes up a WebSocket that carries SIP (RFC 7118) and that the caller reads and writes. Every message
    /// of it goes to `incoming`; what is handed back is to be written. Either end ends it. `remote` is its
    /// address, different for every live one; `secure` that it runs over TLS. None when there are too many.
    pub fn accept_sip(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        secure: bool,
        incoming: mpsc::Receiver<Bytes>,
    ) -> Option<mpsc::Receiver<Bytes>> {
        let endpoint = &self.rooms.endpoint;
        endpoint.accept_web_socket(local, remote, secure, incoming)
    }

    /// Listens to the facts of an account, from now on or from just after the one with the given id.
    pub fn subscribe(&self, account: Id<Account>, resume_after: Option<u64>) -> Subscription {
        self.rooms.bus.subscribe(account, resume_after)
    }

    /// A session for a WebSocket that has just been opened from this address.
    pub fn open_webrtc_session(&self, peer: IpAddr) -> WebrtcSession {
        WebrtcSession::open(&self.rooms, peer)
    }

    /// Rings the user's phones, then dials. Answers as soon as it is under way.
    ///
    /// # Errors
    /// See [`ClickToCallError`].
    pub async fn click_to_call(&self, wanted: ClickToCall) -> Result<(), ClickToCallError> {
        let rooms = &self.rooms;
        let dial = wanted.dial_string.trim().to_owned();
        if dial.is_empty() || dial.chars().count() > DIAL_STRING {
            return Err(ClickToCallError::DialString);
        }
        if rooms.draining.load(Ordering::Acquire) || !rooms.ledger.is_able() {
            return Err(ClickToCallError::Unavailable);
        }
        let by = Dialler {
            account: wanted.account,
            user: Some(wanted.user),
            did: wanted.did,
        };
        let user = rooms.directory.user(wanted.account, wanted.user).await?;
        if rooms.directory.is_away() {
            return Err(ClickToCallError::Unavailable);
        }
        let user = user.ok_or(ClickToCallError::UnknownUser)?;
        if let Some(did) = wanted.did {
            let found = rooms.directory.did(wanted.account, did).await?;
            if !found.is_some_and(|did| may_be_presented(&did)) {
                return Err(ClickToCallError::UnusableNumber);
            }
        }
        if let Some(key) = &wanted.find_me_key {
            let find_me = user.config.find_me_follow_me.as_ref();
            let alternates = find_me.map(|find_me| find_me.alternates.as_slice());
            if !alternates
                .unwrap_or_default()
                .iter()
                .any(|one| one.key == *key)
            {
                return Err(ClickToCallError::UnknownFindMeKey);
            }
        }
        let lead = rooms.directory.summon(&by, &dial).await?;
        let lead = lead.ok_or(ClickToCallError::UnknownUser)?;
        call::begin(
            rooms,
            Opening {
                id: Id::new(),
                account: wanted.account,
                at: Time::now(),
                sip_call_id: String::new(),
                origin: Origin::Api {
                    user: wanted.user,
                    dial,
                    did: wanted.did,
                },
                lead,
                private: false,
                reach: engine::leg::Reach::default(),
                history: Vec::new(),
            },
        );
        Ok(())
    }

    /// A call that is going on, or whose record is not in the database yet. Waits for nobody.
    pub fn live_call(&self, account: Id<Account>, call: Id<Call>) -> Option<LiveCall> {
        let live = self.rooms.registry.get(call);
        let live = live.filter(|entry| entry.account == account);
        live.and_then(|entry| LiveCall::of(&entry.memory.state()))
            .or_else(|| self.rooms.ledger.find(account, call))
    }

    /// Whether a user can be reached right now. A user that is not there is offline.
    ///
    /// # Errors
    /// The live state cannot be verified.
    pub async fn presence(
        &self,
        account: Id<Account>,
        user: Id<User>,
    ) -> Result<UserPresence, Unavailable> {
        let rooms = &self.rooms;
        let row = rooms.directory.user(account, user).await;
        let row = row.map_err(|_| Unavailable)?;
        if rooms.directory.is_away() {
            return Err(Unavailable);
        }
        Ok(UserPresence {
            state: rooms.presence_of(user).await?,
            sessions: rooms.sessions.count(user),
            do_not_disturb: row.is_some_and(|row| row.do_not_disturb),
        })
    }

    /// Tells live sessions of a user that tokens made at `at` or earlier are refused. The database knows already.
    pub fn revoke_sessions(&self, user: Id<User>, at: Time) {
        let sessions = &self.rooms.sessions;
        for entry in sessions.select(|entry| entry.seat().is_some_and(|seat| seat.user == user)) {
            entry.is_revoked(at);
        }
    }

    /// Readiness: the database is asked. When it is back, whoever thought that it is away hears of it.
    pub async fn health(&self) -> Health {
        let answers = self.rooms.directory.is_reachable().await;
        if answers && !self.rooms.ledger.is_able() {
            self.rooms.ledger.try_again();
        }
        let database = answers && self.rooms.is_able();
        Health {
            database,
            listening: true,
            draining: self.rooms.draining.load(Ordering::Acquire),
            calls: self.rooms.registry.len(),
        }
    }
}

impl From<Closed> for ClickToCallError {
    fn from(_: Closed) -> Self {
        Self::Unavailable
    }
}
