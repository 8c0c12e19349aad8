//! The one question any call target answers: who next?
//!
//! A target only proposes; the call dials. A user, a ring group and the outside network answer alike.

use crate::call::Outcome;
use engine::leg::{Hop, Party};
use schema::{Account, Endpoint, Id, PhoneNumber, TargetId, Trunk, User};
use serde::{Deserialize, Serialize};

/// The most contacts rung at once; more members of a group or account are left out.
pub const FORKS: usize = 200;
/// How long the outside network may ring, in seconds.
pub const OUTSIDE_RINGS_FOR: u32 = 180;
/// Redirections, forwardings and time-out actions followed within one call.
pub const HOPS: u8 = 5;
/// The feature code that answers and sends back what it hears.
pub const ECHO_CODE: &str = "*43";

/// A registered contact: one phone, as the registrar knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Whose.
    pub user: Id<User>,
    /// Which SIP identity registered it, when it was one.
    pub endpoint: Option<Id<Endpoint>>,
    /// Contact URI: the Request URI towards it.
    pub uri: String,
    /// Where its REGISTER came from.
    pub hop: Hop,
    /// Path of its REGISTER (RFC 3327), first hop first.
    pub path: Vec<String>,
    /// `+sip.instance`, when it gave one.
    pub instance: Option<String>,
}

/// One thing to ring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Candidate {
    /// A phone.
    Phone(Contact),
    /// A number outside, over the first trunk that takes it.
    Outside(Outside),
}

/// A number outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    /// E.164, or an emergency number as dialled.
    pub number: String,
    /// Trunks to try, best first.
    pub trunks: Vec<Id<Trunk>>,
    /// Number of ours that the network is told, `None` on an emergency call of an account without any.
    pub presented: Option<String>,
    /// Limits do not apply.
    pub emergency: bool,
    /// Whoever picks up must press a key to take the call; a mailbox does not.
    pub confirm: bool,
}

/// Who is to be rung now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Rung all at once; the first to answer wins.
    pub candidates: Vec<Candidate>,
    /// For how long, in seconds.
    pub seconds: u32,
    /// What follows when nobody answers.
    pub then: Option<TargetId>,
    /// How the attempt ends when there is nobody to ring.
    pub otherwise: Outcome,
    /// A redirection by a phone counts as busy.
    pub ignore_forwarding: bool,
}

/// What happens to a call that leads here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Route {
    /// Somebody is rung.
    Ring(Proposal),
    /// The exchange answers and sends back what it hears.
    Echo,
    /// Nothing to ring.
    Refuse(Outcome),
}

/// Where a dialled string, a phone number or a target leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// The destination as events and records show it: the extension as typed, or E.164.
    pub number: String,
    /// Name of what the extension targets.
    pub label: Option<String>,
    /// The user, when it is exactly one.
    pub user: Option<Id<User>>,
    /// Extension of that user, for the record of an inbound call.
    pub extension: Option<String>,
    /// Whether it leaves the exchange.
    pub outbound: bool,
    /// Number of ours that is presented outside.
    pub did: Option<Id<PhoneNumber>>,
    /// How the one who dialled is shown at the destination.
    pub caller: Shown,
    /// What happens.
    pub route: Route,
}

/// How a caller is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Number or extension; empty when unknown.
    pub number: String,
    /// Name.
    pub name: Option<String>,
}

/// Who dials: decides which extensions exist and which number is presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialler {
    /// Account.
    pub account: Id<Account>,
    /// User, when one dials or forwards.
    pub user: Option<Id<User>>,
    /// Number to present, when one was asked for.
    pub did: Option<Id<PhoneNumber>>,
}

/// What a call asks while it is going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Question {
    /// Where does this string lead?
    Dialled {
        /// Who dials.
        by: Dialler,
        /// What, as typed.
        text: String,
    },
    /// Where does a time-out action lead?
    Target {
        /// For whom.
        by: Dialler,
        /// To what.
        target: TargetId,
    },
}

/// The answer to a [`Question`].
pub type Answer = Result<Lead, Outcome>;

impl Lead {
    /// A lead to nowhere.
    pub fn nowhere(number: &str, why: Outcome) -> Self {
        Self {
            number: number.to_owned(),
            label: None,
            user: None,
            extension: None,
            outbound: false,
            did: None,
            caller: Shown::default(),
            route: Route::Refuse(why),
        }
    }

    /// A lead to somebody who is rung.
    pub fn ring(number: &str, proposal: Proposal) -> Self {
        let mut lead = Self::nowhere(number, Outcome::Internal);
        lead.route = Route::Ring(proposal);
        lead
    }

    /// Whether it is a call for help.
    pub fn is_emergency(&self) -> bool {
        let Route::Ring(proposal) = &self.route else {
            return false;
        };
        let mut candidates = proposal.candidates.iter();
        candidates.any(|one| matches!(one, Candidate::Outside(outside) if outside.emergency))
    }

    /// A lead to the echo.
    pub fn echo(number: &str) -> Self {
        let mut lead = Self::nowhere(number, Outcome::Internal);
        lead.route = Route::Echo;
        lead.label = Some("Echo".to_owned());
        lead
    }
}

impl Proposal {
    /// How many numbers outside will be rung.
    pub fn outside(&self) -> usize {
        let outside = |candidate: &&Candidate| matches!(candidate, Candidate::Outside(_));
        self.candidates.iter().filter(outside).count()
    }

    /// The users that will be rung, each once, in order.
    pub fn users(&self) -> Vec<Id<User>> {
        let mut users = Vec::new();
        for candidate in &self.candidates {
            if let Candidate::Phone(contact) = candidate
                && !users.contains(&contact.user)
            {
                users.push(contact.user);
            }
        }
        users
    }
}

impl Shown {
    /// As a SIP party; the engine adds its domain.
    pub fn party(&self, domain: &str) -> Party {
        let user = if self.number.is_empty() {
            "anonymous"
        } else {
            &self.number
        };
        Party {
            name: self.name.clone(),
            user: user.to_owned(),
            uri: format!("sip:{}@{domain}", escaped(user)),
        }
    }
}

/// The user part of a URI with everything escaped that RFC 3261 §25.1 does not allow there.
pub fn escaped(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for byte in user.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' | b'&' | b'=' | b'+'
            | b'$' | b',' | b';' | b'?' | b'/' => out.push(char::from(byte)),
            _ => {
                use std::fmt::Write as _;
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_numbers_as_parties() {
        let shown = Shown {
            number: "+12075550199".into(),
            name: Some("Noor".into()),
        };
        assert_eq!(
            shown.party("pbx.example").uri,
            "sip:+12075550199@pbx.example"
        );
        assert_eq!(Shown::default().party("x").user, "anonymous");
    }

    #[test]
    fn escapes_what_a_user_part_may_not_hold() {
        assert_eq!(escaped("*43"), "*43");
        assert_eq!(escaped("a b@c#"), "a%20b%40c%23");
    }
}
