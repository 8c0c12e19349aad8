//! How a phone or a trunk is dialled, and which phones of a user ring.
//!
//! A phone's calls are not counted here: a user who is on a call still rings (call waiting), and the
//! phone itself says busy when it has no line left.

use crate::{
    call::{Dialling, Outcome},
    target::{Candidate, Contact, FORKS, Outside, Proposal, Shown, escaped},
    trunk::TrunkCandidate,
};
use engine::leg::{Dial, Party, Privacy, SrtpPolicy};
use schema::{Call, Id, TargetId, User};

/// Who knows where the phones of a user are.
pub(crate) type Phones = dyn Fn(Id<User>) -> Vec<Contact>;

/// The phones of one user: all of them at once, unless the user does not want to be disturbed.
pub(crate) fn of_user(phones: &Phones, user: &User, seconds: u32) -> Proposal {
    let mut proposal = Proposal {
        candidates: Vec::new(),
        seconds,
        then: None,
        otherwise: Outcome::Unavailable,
        ignore_forwarding: false,
    };
    if user.do_not_disturb {
        proposal.otherwise = Outcome::DoNotDisturb;
        return proposal;
    }
    let contacts = phones(user.id);
    proposal.candidates = contacts.into_iter().map(Candidate::Phone).collect();
    proposal
}

/// The phones of several users at once; those who do not want to be disturbed are left out.
pub(crate) fn of_users(phones: &Phones, users: &[User], seconds: u32) -> Proposal {
    let mut whole = Proposal {
        candidates: Vec::new(),
        seconds,
        then: None,
        otherwise: Outcome::Unavailable,
        ignore_forwarding: false,
    };
    for user in users {
        let one = of_user(phones, user, seconds);
        whole.otherwise = whole.otherwise.or(one.otherwise);
        whole.candidates.extend(one.candidates);
    }
    whole.candidates.truncate(FORKS);
    whole
}

/// What follows when nobody answers, where it is built yet.
pub(crate) fn then(target: Option<TargetId>) -> Option<TargetId> {
    target.filter(|target| matches!(target, TargetId::User(_) | TargetId::RingGroup(_)))
}

/// The order to dial a phone.
pub(crate) fn to_phone(
    contact: &Contact,
    call: Id<Call>,
    dialling: &Dialling,
    domain: &str,
    group: u64,
) -> Dial {
    Dial {
        call: call.to_string(),
        uri: contact.uri.clone(),
        hop: Some(contact.hop.clone()),
        route: contact.path.clone(),
        from: dialling.shown.party(domain),
        to: Party {
            name: None,
            user: dialling.called.clone(),
            uri: contact.uri.clone(),
        },
        // Phones are not part of the trust domain (RFC 3325 §3).
        identity: None,
        privacy: Privacy {
            id: dialling.private,
        },
        headers: dialling.headers.clone(),
        reach: dialling.reach,
        codecs: Vec::new(),
        srtp: SrtpPolicy::WhenOffered,
        like: dialling.like,
        credentials: None,
        group,
    }
}

/// The order to dial a number over a trunk. The network sees the original caller when that is a
/// number, else ours; a trusted trunk is told ours beside it.
pub(crate) fn to_trunk(
    trunk: &TrunkCandidate,
    outside: &Outside,
    dialling: &Dialling,
    domain: &str,
    group: u64,
) -> Dial {
    let ours = outside.presented.as_ref().map(|number| Shown {
        number: number.clone(),
        name: dialling.shown.name.clone(),
    });
    let from = match &ours {
        _ if dialling.shown.number.starts_with('+') => dialling.shown.clone(),
        Some(ours) => ours.clone(),
        None => dialling.shown.clone(),
    };
    let uri = format!("sip:{}@{}", escaped(&outside.number), trunk.host);
    Dial {
        // Nobody outside knows our calls by name.
        call: String::new(),
        to: Party {
            name: None,
            user: outside.number.clone(),
            uri: uri.clone(),
        },
        uri,
        hop: Some(trunk.hop.clone()),
        route: Vec::new(),
        from: from.party(domain),
        identity: ours
            .filter(|_| trunk.identity_trusted)
            .map(|ours| ours.party(domain)),
        privacy: Privacy {
            // Who needs help must be found.
            id: dialling.private && !outside.emergency,
        },
        headers: dialling.headers.clone(),
        reach: dialling.reach,
        codecs: trunk.codecs.clone(),
        srtp: SrtpPolicy::WhenOffered,
        like: dialling.like,
        credentials: trunk.credentials.clone(),
        group,
    }
}
