//! What a call is about and what it is doing: the values of the machine.

use super::PartyId;
use crate::{
    call::Outcome,
    target::{Lead, Question, Shown},
};
use engine::leg::Reach;
use schema::{Endpoint, Id, PhoneNumber, TargetId, Time, Trunk, User, types::CallDirection};
use serde::{Deserialize, Serialize};

/// Who calls whom; what the record and the events say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    /// From where to where.
    pub direction: CallDirection,
    /// Begun by click-to-call.
    pub by_api: bool,
    /// Caller as events and record show it.
    pub from: Shown,
    /// Name of the caller's extension.
    pub from_label: Option<String>,
    /// User who calls.
    pub from_user: Option<Id<User>>,
    /// The caller's SIP identity.
    pub from_endpoint: Option<Id<Endpoint>>,
    /// Destination as dialled or as the network asked for, normalised.
    pub dialled: String,
    /// Destination as routed.
    pub to_number: String,
    /// Name of the destination.
    pub to_label: Option<String>,
    /// User the call is for or who answered.
    pub to_user: Option<Id<User>>,
    /// SIP identity that answered.
    pub to_endpoint: Option<Id<Endpoint>>,
    /// Number of the account that is involved.
    pub did: Option<Id<PhoneNumber>>,
    /// Caller as phones show it.
    pub shown: Shown,
    /// The caller does not want to be shown.
    pub private: bool,
    /// How far it may still travel.
    #[serde(default)]
    pub reach: Reach,
    /// Diversion and History-Info, kept as they came.
    pub history: Vec<(String, String)>,
    /// SIP Call-ID of the first leg.
    pub sip_call_id: String,
    /// Trunk it came in over.
    pub inbound_trunk: Option<Id<Trunk>>,
    /// Trunk it went out over.
    pub outbound_trunk: Option<Id<Trunk>>,
}

/// What happened when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// First INVITE, or the request for click-to-call.
    pub started: Time,
    /// First alerting or answer.
    pub alerted: Option<Time>,
    /// First answer.
    pub answered: Option<Time>,
    /// Answer of the winning person.
    pub connected: Option<Time>,
    /// End.
    pub ended: Option<Time>,
}

/// What a call is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Not begun.
    New(Box<Lead>),
    /// Somebody is being looked for.
    Seeking(Box<Seek>),
    /// Somebody was found; the caller's leg is being answered.
    Joining {
        /// The caller.
        anchor: PartyId,
        /// Who was found; none when the exchange itself answers.
        winner: Option<PartyId>,
    },
    /// Two parties talk.
    Talking(Talk),
    /// One party hears itself.
    Echo(PartyId),
    /// Legs were told to hang up; their figures are awaited.
    Closing {
        /// Why it ends.
        end: End,
        /// Until when.
        until: Time,
    },
    /// The record is on its way.
    Recording(End),
    /// Nothing is left.
    Over,
}

/// Somebody is being looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seek {
    /// Who waits; nobody while a user's own phones ring.
    pub anchor: Option<PartyId>,
    /// What for.
    pub purpose: Purpose,
    /// Questions on their way.
    pub questions: Vec<Asked>,
    /// Legs that may still answer.
    pub forks: Vec<PartyId>,
    /// Those among them who picked up and are to press a key, and until when.
    pub asking: Vec<(PartyId, Time)>,
    /// Until when they ring.
    pub until: Option<Time>,
    /// What follows when nobody answers.
    pub then: Option<TargetId>,
    /// A redirection counts as busy.
    pub ignore_forwarding: bool,
    /// Numbers outside that ring at once: they share the branches that are left to the call.
    #[serde(default)]
    pub outside: usize,
    /// The best reason so far not to have been answered, with the Q.850 cause that came with it.
    pub worst: Option<(Outcome, Option<u8>)>,
    /// What the anchor has been given to hear.
    pub heard: Heard,
}

/// A question on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Its number.
    pub id: u32,
    /// The question itself, to repeat it.
    pub question: Question,
    /// It adds to what is ringing instead of replacing it (a forwarding).
    pub adds: bool,
    /// When it is given up.
    pub until: Time,
}

/// What a search is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To connect the anchor.
    Connect,
    /// To get the user on the line who asked for a call, then to dial this.
    Summon {
        /// What to dial.
        dial: String,
        /// The user.
        user: Id<User>,
        /// Number to present.
        did: Option<Id<PhoneNumber>>,
    },
    /// To connect the anchor to somebody else than it talked to.
    Transfer {
        /// Who asked for it.
        by: PartyId,
        /// Number of its REFER.
        referral: u32,
        /// Where to, as dialled.
        to: String,
    },
}

/// What a waiting party has been given to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Heard {
    /// Nothing.
    Nothing,
    /// That it rings.
    Ringing,
    /// The far side's own audio.
    Early,
}

/// Two parties talk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Talk {
    /// One.
    pub a: PartyId,
    /// The other.
    pub b: PartyId,
    /// A leg of another call was asked for (attended transfer).
    pub fetching: Option<Fetching>,
    /// A new leg is being answered to take the place of one of the two (INVITE with Replaces).
    pub taking: Option<(PartyId, PartyId)>,
}

/// A leg of another call was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fetching {
    /// Who asked for the transfer.
    pub by: PartyId,
    /// Number of its REFER.
    pub referral: u32,
    /// When it is given up.
    pub until: Time,
}

/// Why a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct End {
    /// The outcome.
    pub outcome: Outcome,
    /// Q.850 cause of the destination, when it gave its own.
    pub cause: Option<u8>,
}
