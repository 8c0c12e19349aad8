//! Everything a session can be told, and everything it orders.

use super::frames::{PresenceItem, Received, ServerFrame, Trouble};
use engine::{
    LegError,
    leg::{LegId, Signal, Word},
};
use schema::{Account, Id, Time, User};

/// Whose a good token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenClaims {
    /// The user.
    pub user: Id<User>,
    /// Where they belong.
    pub account: Id<Account>,
    /// When it was made.
    pub issued_at: Time,
    /// Until when it is good.
    pub expires_at: Time,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is no token of ours.
    #[error("the token is not valid")]
    Invalid,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// The sessions of its user were ended after it was made.
    #[error("the token was revoked")]
    Revoked,
    /// It could not be checked.
    #[error("the token cannot be checked at the moment")]
    Unchecked,
}

/// What a session can be told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    /// A token was checked.
    Proven(Proof),
    /// A frame other than those with a token.
    Frame(Received),
    /// Something else arrived that shows the client alive.
    Alive,
    /// A frame that is not followed.
    Faulty(Trouble),
    /// A frame larger than any may be.
    Oversize,
    /// What became of [`Effect::Admit`].
    Admitted(Result<Place, NotAdmitted>),
    /// What became of [`Effect::Gate`].
    Gated(u32, bool),
    /// What became of [`Effect::Dial`].
    Dialled(u32, Result<LegId, LegError>),
    /// A word could not be said.
    Unsaid(Unsaid),
    /// A leg has something to tell.
    Signal(LegId, Signal),
    /// Watched users may have changed.
    Stale,
    /// What became of [`Effect::Look`] or [`Effect::LookAgain`] with this number.
    Looked(u32, Vec<(Id<User>, Option<PresenceItem>)>),
    /// Tokens of its user that were made until then are refused.
    Revoked(Time),
    /// It is to end.
    End(Why),
    /// The exchange shuts down: calls may go on for a while.
    Drain,
    /// The socket is gone.
    Gone,
    /// The actor died and was raised again.
    Raised,
    /// A deadline may have passed.
    Tick,
}

/// A token that was checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proof {
    /// Of the frame it came in.
    pub req_id: Option<String>,
    /// It is to take the place of an older one.
    pub refreshes: bool,
    /// The emergency address that came with it.
    pub address: Option<String>,
    /// What it is worth.
    pub claims: Result<TokenClaims, BadToken>,
}

/// Where a session calls for help from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The address presented belongs to this network.
    Bound,
    /// None was presented.
    Unknown,
    /// The address presented is of another network, or nobody's.
    Elsewhere,
}

/// Why a session is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// The user has as many as may be.
    TooMany,
    /// The exchange shuts down.
    Draining,
    /// The token was revoked, or its user deleted, while it was looked at.
    Revoked,
}

/// Why somebody else ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Its user is gone.
    Deleted,
    /// The exchange shuts down now.
    GoingAway,
    /// It does not read what it is sent.
    Slow,
}

/// A word that could not be said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unsaid {
    /// To which leg.
    pub leg: LegId,
    /// Of the frame that asked for it.
    pub req_id: Option<String>,
    /// What it means when the leg's state does not allow it.
    pub unfit: &'static str,
    /// Why.
    pub why: LegError,
}

/// What a session orders.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Tell the client.
    Send(ServerFrame),
    /// Send a native ping.
    Ping,
    /// Tell the client this last thing and close the socket with this code.
    Close(Trouble, u16),
    /// Take a seat for the user and find out where they are; `Admitted` follows.
    Admit(TokenClaims, Option<String>),
    /// From now on it rings.
    Enlist,
    /// Ask whether the user may dial this from nowhere; `Gated` follows.
    Gate(u32, String),
    /// Call; `Dialled` follows.
    Dial(u32, String, String),
    /// Say this about a leg; `Unsaid` follows when it cannot be said.
    Say(LegId, Word, Saying),
    /// Watch these users, and no others.
    Watch(Vec<Id<User>>),
    /// Look how these users are; `Looked` follows.
    Look(u32, Vec<Id<User>>),
    /// Look at those that may have changed; `Looked` follows.
    LookAgain(u32),
    /// Give the seat back; every call of it ends.
    Leave,
    /// Nothing is left to do.
    Finish,
}

/// Where a word comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Saying {
    /// The frame's.
    pub req_id: Option<String>,
    /// What it means when the leg's state does not allow it; empty when nobody is to hear of it.
    pub unfit: &'static str,
}
