//! Where a number can lead: six kinds of resource, told apart by the prefix of the id.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use super::word::stored_as_text;
use crate::id::{Id, IdError, Kind};
use crate::kinds::{DialPlan, Queue, SharedVoicemailBox, VoiceApp};
use crate::{RingGroup, User};

/// The id of anything that an extension, a number or a member may lead to. Stored whole, as text.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    AsExpression,
    FromSqlRow,
    Serialize,
    Deserialize,
)]
#[diesel(sql_type = Text)]
#[serde(try_from = "String", into = "String")]
pub enum TargetId {
    /// Rings a user.
    User(Id<User>),
    /// Rings a group.
    RingGroup(Id<RingGroup>),
    /// Walks a dial plan.
    DialPlan(Id<DialPlan>),
    /// Hands the call to an application.
    VoiceApp(Id<VoiceApp>),
    /// Waits in a queue.
    Queue(Id<Queue>),
    /// Records a message in a shared box.
    SharedVoicemailBox(Id<SharedVoicemailBox>),
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::RingGroup(id) => id.fmt(f),
            Self::DialPlan(id) => id.fmt(f),
            Self::VoiceApp(id) => id.fmt(f),
            Self::Queue(id) => id.fmt(f),
            Self::SharedVoicemailBox(id) => id.fmt(f),
        }
    }
}

impl FromStr for TargetId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let prefix = text.split_once('_').map_or("", |(prefix, _)| prefix);
        match prefix {
            User::PREFIX => text.parse().map(Self::User),
            RingGroup::PREFIX => text.parse().map(Self::RingGroup),
            DialPlan::PREFIX => text.parse().map(Self::DialPlan),
            VoiceApp::PREFIX => text.parse().map(Self::VoiceApp),
            Queue::PREFIX => text.parse().map(Self::Queue),
            SharedVoicemailBox::PREFIX => text.parse().map(Self::SharedVoicemailBox),
            _ => Err(IdError::Prefix {
                expected: "user, rg, dp, va, qu or svm",
            }),
        }
    }
}

impl TryFrom<String> for TargetId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<TargetId> for String {
    fn from(target: TargetId) -> Self {
        target.to_string()
    }
}

impl From<Id<User>> for TargetId {
    fn from(id: Id<User>) -> Self {
        Self::User(id)
    }
}

impl From<Id<RingGroup>> for TargetId {
    fn from(id: Id<RingGroup>) -> Self {
        Self::RingGroup(id)
    }
}

stored_as_text!(TargetId, ToString::to_string);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_the_round_trip() {
        let targets = [
            TargetId::User(Id::new()),
            TargetId::RingGroup(Id::new()),
            TargetId::DialPlan(Id::new()),
            TargetId::VoiceApp(Id::new()),
            TargetId::Queue(Id::new()),
            TargetId::SharedVoicemailBox(Id::new()),
        ];
        for target in targets {
            assert_eq!(target.to_string().parse(), Ok(target));
        }
    }

    #[test]
    fn other_kinds_are_refused() {
        let call = Id::<crate::Call>::new().to_string();
        assert!(call.parse::<TargetId>().is_err());
        assert!("".parse::<TargetId>().is_err());
        assert!("user_".parse::<TargetId>().is_err());
    }
}
