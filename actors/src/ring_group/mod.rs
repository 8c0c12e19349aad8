//! Ring groups: all members at once, for the group's time, then its time-out action.
//!
//! A group is not an actor: what it proposes is decided in one step, and everything that happens then
//! belongs to the call that rings it.

use crate::{
    call::Outcome,
    device::{self, Phones},
    target::{Candidate, FORKS, Outside, Proposal},
};
use schema::{RingGroup, User, types::TimeoutAction};

/// A member, looked up.
#[derive(Debug, Clone)]
pub(crate) enum Member {
    /// A user of the account.
    User(Box<User>),
    /// A number outside, with all that is needed to dial it.
    Outside(Outside),
}

/// Everybody who rings when the group is called. Members that do not want to be disturbed and phones
/// that occur twice are left out.
pub(crate) fn propose(phones: &Phones, group: &RingGroup, members: Vec<Member>) -> Proposal {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut otherwise = Outcome::Unavailable;
    let seconds = u32::try_from(group.timeout_seconds).unwrap_or(20);
    for member in members {
        match member {
            Member::User(user) => {
                let one = device::of_user(phones, &user, seconds);
                otherwise = otherwise.or(one.otherwise);
                for candidate in one.candidates {
                    if !candidates.contains(&candidate) {
                        candidates.push(candidate);
                    }
                }
            }
            Member::Outside(mut outside) => {
                outside.confirm = group.confirm_external;
                let known = candidates.iter().any(|candidate| {
                    matches!(candidate, Candidate::Outside(known) if known.number == outside.number)
                });
                if !known {
                    candidates.push(Candidate::Outside(outside));
                }
            }
        }
    }
    candidates.truncate(FORKS);
    Proposal {
        candidates,
        seconds,
        then: match group.timeout_action {
            Some(TimeoutAction::RingUser) => device::then(group.timeout_target),
            // Boxes and queues are not offered: the call ends unanswered.
            Some(TimeoutAction::Voicemail | TimeoutAction::Queue) | None => None,
        },
        otherwise,
        ignore_forwarding: group.ignore_forwarding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::{Id, Json, Time};

    fn group() -> RingGroup {
        RingGroup {
            id: Id::new(),
            account_id: Id::new(),
            name: "Sales".into(),
            timeout_seconds: 25,
            ignore_forwarding: true,
            confirm_external: false,
            timeout_action: Some(TimeoutAction::Voicemail),
            timeout_target: Some(Id::<User>::new().into()),
            created_at: Time::now(),
            updated_at: Time::now(),
        }
    }

    fn user(quiet: bool) -> User {
        User {
            id: Id::new(),
            account_id: Id::new(),
            name: None,
            email: None,
            outbound_caller_id_did_id: None,
            voicemail_pin: None,
            do_not_disturb: quiet,
            config: Json::default(),
            created_at: Time::now(),
            updated_at: Time::now(),
            presence: schema::PresenceSetting::default(),
        }
    }

    fn outside() -> Member {
        Member::Outside(Outside {
            number: "+12075550199".into(),
            trunks: vec![Id::new()],
            presented: None,
            emergency: false,
            confirm: false,
        })
    }

    #[test]
    fn a_number_rings_once_and_boxes_follow_nothing() {
        let proposal = propose(&|_| Vec::new(), &group(), vec![outside(), outside()]);
        assert_eq!(proposal.candidates.len(), 1);
        assert_eq!(proposal.seconds, 25);
        assert_eq!(proposal.then, None);
        assert!(proposal.ignore_forwarding);
    }

    #[test]
    fn nobody_there_says_why() {
        let absent = propose(
            &|_| Vec::new(),
            &group(),
            vec![Member::User(Box::new(user(false)))],
        );
        assert_eq!(absent.otherwise, Outcome::Unavailable);
        let quiet = propose(
            &|_| Vec::new(),
            &group(),
            vec![Member::User(Box::new(user(true)))],
        );
        assert_eq!(quiet.otherwise, Outcome::DoNotDisturb);
    }
}
