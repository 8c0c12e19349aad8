//! Everything a call can be told, and everything it orders.

use super::{Outcome, state::PartyId};
use crate::{
    events::Event,
    target::{Answer, Candidate, Lead, Question, Shown},
};
use engine::{
    LegError,
    leg::{DialogKey, HangUp, LegEvent, LegId, Notice, Prompt, Reach, Rejection},
    rtp::Quality,
};
use schema::{
    Account, Call, Endpoint, Id, PhoneNumber, Time, Trunk, User,
    types::{CallDirection, CallStatus},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How a call begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opening {
    /// Its id.
    pub id: Id<Call>,
    /// Whose it is.
    pub account: Id<Account>,
    /// When it arrived.
    pub at: Time,
    /// SIP Call-ID of the first leg.
    pub sip_call_id: String,
    /// Who begins it.
    pub origin: Origin,
    /// Where it leads.
    pub lead: Lead,
    /// The caller does not want to be shown.
    pub private: bool,
    /// How far it may still travel.
    pub reach: Reach,
    /// Diversion and History-Info, kept as they came.
    pub history: Vec<(String, String)>,
}

/// Who begins a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    /// A phone of the account.
    Phone {
        /// Its leg, not answered yet.
        leg: LegId,
        /// Whose phone.
        user: Id<User>,
        /// Which SIP identity, when it has one.
        endpoint: Option<Id<Endpoint>>,
    },
    /// The outside network.
    Trunk {
        /// Its leg, not answered yet.
        leg: LegId,
        /// Over which trunk; its channel is taken.
        trunk: Id<Trunk>,
        /// Caller as the network says.
        from: Shown,
        /// Caller as phones show it, with the number's prefix.
        shown: Shown,
        /// The number called.
        did: Id<PhoneNumber>,
        /// The number called, E.164.
        number: String,
    },
    /// Click-to-call: the lead rings the user's own phones; then this is dialled.
    Api {
        /// The user.
        user: Id<User>,
        /// What to dial, as typed.
        dial: String,
        /// Number to present.
        did: Option<Id<PhoneNumber>>,
    },
}

/// The far leg of a call that ends because another takes it over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Handover {
    /// The leg that changes hands.
    pub leg: LegId,
    /// The user behind it and the SIP identity, when it is a phone.
    pub phone: Option<(Id<User>, Option<Id<Endpoint>>)>,
    /// The trunk behind it, whose channel goes along.
    pub trunk: Option<Id<Trunk>>,
    /// Its peer is on hold by its own wish.
    pub holds: bool,
    /// It was told that it is on hold.
    pub waits: bool,
    /// What had been dialled to reach it, or who it is.
    pub number: String,
}

/// Whose legs are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A user's.
    User(Id<User>),
    /// A SIP identity's.
    Endpoint(Id<Endpoint>),
}

/// What a call can be told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    /// Begin.
    Begin,
    /// A dialled leg exists.
    Dialled(PartyId, LegId),
    /// A leg could not be dialled.
    Undialled(PartyId, LegError),
    /// What became of an order to answer.
    Accepted(PartyId, Result<(), LegError>),
    /// News of a leg.
    Leg(PartyId, LegId, LegEvent),
    /// A leg is gone without having said so.
    Lost(PartyId),
    /// The directory's answer.
    Found(u32, Answer),
    /// The record is durable.
    Recorded,
    /// Figures of a leg that goes to another call.
    Measured(PartyId, Option<Quality>),
    /// A new leg wants to take the place of one of ours (INVITE with Replaces).
    Replace {
        /// Ours.
        replaced: LegId,
        /// The new one, not answered yet.
        leg: LegId,
        /// Whose.
        user: Id<User>,
        /// Which SIP identity.
        endpoint: Id<Endpoint>,
        /// How it is called in the transfer event.
        number: String,
        /// Only a leg that was not answered yet may be replaced.
        early_only: bool,
    },
    /// Another call asks for the far side of this leg of ours.
    Surrender {
        /// Ours.
        leg: LegId,
        /// The call that asks.
        to: Id<Call>,
    },
    /// The other call's answer.
    HandedOver(Option<Handover>),
    /// Somebody was deleted: what rings there stops, and a call that is theirs ends.
    Deleted(Whose),
    /// End it.
    Terminate(Outcome),
    /// A deadline may have passed.
    Tick,
}

/// What a call orders.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Hear the news of an incoming leg.
    Claim(PartyId, LegId),
    /// Send 180.
    Ring(LegId),
    /// Open the way for early audio.
    Progress(LegId, Option<LegId>),
    /// Answer; `Accepted` follows.
    Answer(PartyId, LegId, Option<LegId>),
    /// Refuse.
    Reject(LegId, Rejection),
    /// Dial; `Dialled` or `Undialled` follows.
    Dial(Box<Dialling>),
    /// End a leg.
    HangUp(LegId, HangUp),
    /// Join two legs.
    Bridge(LegId, LegId),
    /// Play.
    Play(LegId, Prompt),
    /// Send back what is heard.
    Echo(LegId),
    /// Nothing to hear.
    Quiet(LegId),
    /// Tells a leg what its peer does.
    Notice(LegId, Notice),
    /// Presses a key towards a leg.
    Press(LegId, char),
    /// Passes on a key that came by RTP to a leg that may not take those.
    Relay(LegId, char),
    /// 202 to a REFER.
    AcceptReferral(LegId, u32),
    /// A failure to a REFER.
    RefuseReferral(LegId, u32, u16),
    /// How the transfer goes.
    NotifyReferral(LegId, u32, u16),
    /// Ask the directory; `Found` follows.
    Ask(u32, Question),
    /// Find the call with this dialog and ask it for its far leg; `HandedOver` follows.
    Fetch(DialogKey),
    /// Read the figures of a leg; `Measured` follows.
    Measure(PartyId, LegId),
    /// Answer such a request.
    Hand(Id<Call>, Option<Handover>),
    /// News of a leg that belongs to another call now.
    Forward(Id<Call>, LegId, LegEvent),
    /// Give a trunk's channel back.
    Release(Id<Trunk>),
    /// A user is on this call now, or no longer.
    Engaged(Id<User>, bool),
    /// Tell the tenants.
    Publish(Event),
    /// Note what the record would be if the process died now.
    Note(Box<Record>),
    /// Write the record; `Recorded` follows.
    Record(Box<Record>),
    /// Count it.
    Count(Figure),
    /// Nothing is left to do.
    Finish,
}

/// A leg to be dialled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dialling {
    /// Its number within the call.
    pub party: PartyId,
    /// Whom; the first trunk of an outside candidate.
    pub candidate: Candidate,
    /// What the caller dialled.
    pub called: String,
    /// Caller as shown there.
    pub shown: Shown,
    /// The caller does not want to be shown.
    pub private: bool,
    /// How far it may still travel.
    pub reach: Reach,
    /// Diversion and History-Info.
    pub headers: Vec<(String, String)>,
    /// The leg it will talk to.
    pub like: Option<LegId>,
}

/// A figure for the metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    /// It began.
    Started(CallDirection),
    /// First alerting or answer after this long.
    SetUp(Duration),
    /// It ended.
    Ended(CallDirection, CallStatus, Option<Duration>),
    /// A leg was measured.
    Mos(f64),
}

/// The record of a call that ended, as the ledger writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its id; a record is written once however often it is handed in.
    pub id: Id<Call>,
    /// Whose it is.
    pub account: Id<Account>,
    /// Direction.
    pub direction: CallDirection,
    /// Outcome.
    pub status: CallStatus,
    /// User on the call.
    pub user: Option<Id<User>>,
    /// Endpoint that handled it.
    pub endpoint: Option<Id<Endpoint>>,
    /// Number of the account that was involved.
    pub did: Option<Id<PhoneNumber>>,
    /// Caller's number or extension, at most 20 characters.
    pub from_number: String,
    /// Caller's name.
    pub from_label: Option<String>,
    /// Destination as routed, at most 20 characters.
    pub to_number: String,
    /// Destination's name.
    pub to_label: Option<String>,
    /// Destination as dialled.
    pub dialled: String,
    /// First INVITE, or the request for click-to-call.
    pub started_at: Time,
    /// First answer.
    pub answered_at: Option<Time>,
    /// Answer of the winning person.
    pub connected_at: Option<Time>,
    /// End.
    pub ended_at: Time,
    /// Answer to end, in whole seconds.
    pub seconds: Option<u32>,
    /// Q.850 cause of a destination that could not be connected.
    pub hangup_cause: Option<u8>,
    /// Audio figures of each leg that talked.
    pub quality: Vec<Measured>,
    /// SIP Call-ID of the first leg.
    pub sip_call_id: Option<String>,
    /// Trunk it came in over.
    pub inbound_trunk: Option<Id<Trunk>>,
    /// Trunk it went out over.
    pub outbound_trunk: Option<Id<Trunk>>,
    /// Why it ended, one word.
    pub end_reason: String,
}

/// Audio figures of one leg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The SIP identity, when it has one.
    pub endpoint: Option<Id<Endpoint>>,
    /// It is a user's, not the outside network's.
    #[serde(default)]
    pub inside: bool,
    /// The figures.
    pub quality: Quality,
}
