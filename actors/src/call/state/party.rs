//! One leg as the call sees it.

use super::super::messages::{Handover, Whose};
use crate::target::{Candidate, Outside, Shown};
use engine::{leg::LegId, rtp::Quality};
use schema::{Call, Endpoint, Id, Trunk, User};
use serde::{Deserialize, Serialize};

/// Numbers the legs of one call, in the order in which they came into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct PartyId(pub u32);

/// One leg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Party {
    /// Its number.
    pub id: PartyId,
    /// The engine's name for it; none until it was dialled.
    pub leg: Option<LegId>,
    /// Who it is.
    pub who: Who,
    /// How far it is.
    pub stage: Stage,
    /// Its user pressed hold.
    pub holds: bool,
    /// It was told that the other side did.
    #[serde(default)]
    pub waits: bool,
    /// It was answered once, so it is measured in the record.
    pub talked: bool,
    /// Final audio figures.
    pub quality: Option<Quality>,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Who {
    /// A phone of the account.
    Phone {
        /// Whose.
        user: Id<User>,
        /// Which SIP identity, when it has one.
        endpoint: Option<Id<Endpoint>>,
    },
    /// Somebody outside.
    Outside {
        /// Over which trunk.
        trunk: Id<Trunk>,
        /// For a dialled one: number and the trunks that are left.
        left: Option<Outside>,
        /// Who was to be shown to it as the caller.
        shown: Option<Shown>,
    },
}

/// How far a leg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Came in and is not answered.
    Offered,
    /// Dialled, nothing heard yet.
    Dialling,
    /// Alerts.
    Ringing,
    /// Sends audio before it answers.
    Early,
    /// Picked up, and asked to press a key.
    Asked,
    /// Answered.
    Up,
    /// Was told to hang up; its final figures are awaited.
    Leaving,
    /// Belongs to another call now.
    Moved(Id<Call>),
    /// Gone.
    Gone,
}

impl Party {
    /// The user behind it.
    pub(crate) fn user(&self) -> Option<Id<User>> {
        match self.who {
            Who::Phone { user, .. } => Some(user),
            Who::Outside { .. } => None,
        }
    }

    /// The SIP identity behind it.
    pub(crate) fn endpoint(&self) -> Option<Id<Endpoint>> {
        match self.who {
            Who::Phone { endpoint, .. } => endpoint,
            Who::Outside { .. } => None,
        }
    }

    /// Whether it is theirs.
    pub(crate) fn is(&self, whose: Whose) -> bool {
        match whose {
            Whose::User(user) => self.user() == Some(user),
            Whose::Endpoint(endpoint) => self.endpoint() == Some(endpoint),
        }
    }

    /// The trunk whose channel it holds.
    pub(crate) fn trunk(&self) -> Option<Id<Trunk>> {
        match self.who {
            Who::Phone { .. } => None,
            Who::Outside { trunk, .. } => Some(trunk),
        }
    }

    /// Whether it must press a key before it counts as answered.
    pub(crate) fn must_confirm(&self) -> bool {
        match &self.who {
            Who::Phone { .. } => false,
            Who::Outside { left, .. } => left.as_ref().is_some_and(|left| left.confirm),
        }
    }

    /// Whether the engine still has it for this call.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.stage, Stage::Gone | Stage::Moved(_))
    }

    /// Whether its user counts as being on a call.
    pub(crate) fn is_engaged(&self) -> bool {
        matches!(self.stage, Stage::Up | Stage::Offered)
    }

    /// What another call needs to go on with it.
    pub(crate) fn handover(&self, number: String) -> Option<Handover> {
        Some(Handover {
            leg: self.leg?,
            phone: self.user().map(|user| (user, self.endpoint())),
            trunk: self.trunk(),
            holds: self.holds,
            waits: self.waits,
            number,
        })
    }
}

impl Who {
    /// Who a candidate is, when it can be dialled at all.
    pub(crate) fn of(candidate: &Candidate, shown: &Shown) -> Option<Self> {
        match candidate {
            Candidate::Phone(contact) => Some(Self::Phone {
                user: contact.user,
                endpoint: contact.endpoint,
            }),
            Candidate::Outside(outside) => {
                let (&trunk, rest) = outside.trunks.split_first()?;
                let mut left = outside.clone();
                left.trunks = rest.to_vec();
                Some(Self::Outside {
                    trunk,
                    left: Some(left),
                    shown: Some(shown.clone()),
                })
            }
        }
    }
}
