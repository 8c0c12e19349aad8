//! One invitation: refused, or raised as a call, or handed to the call whose leg it replaces.

use super::gate::{self, Caller};
use crate::{
    call::{self, Input, Opening, Origin, Outcome},
    directory::{Closed, numbering},
    rooms::Rooms,
    target::{Dialler, Lead, Shown},
};
use engine::{
    Invitation,
    leg::{LegId, Party, Rejection},
};
use schema::{Account, Endpoint, Id, TargetId, Time, Trunk, User};
use std::sync::{Arc, atomic::Ordering};

/// Seconds after which a refused caller may try again.
const RETRY_AFTER: u32 = 5;

/// How often a call from the network may have been diverted before it is one that goes in circles. The
/// networks in between count hops anew; what remains is who sent it on (RFC 5806 §6).
const MOST_DIVERSIONS: u32 = 10;

/// Decides on one invitation.
pub(super) async fn take(rooms: &Arc<Rooms>, invitation: Invitation) {
    let leg = invitation.leg;
    let verdict = match decide(rooms, invitation).await {
        Ok(verdict) => verdict,
        Err(Closed(error)) => {
            tracing::warn!(%error, "a call is refused because the directory does not answer");
            busy(rooms, leg)
        }
    };
    rooms.metrics.arrived(verdict);
}

async fn decide(rooms: &Arc<Rooms>, invitation: Invitation) -> Result<&'static str, Closed> {
    let leg = invitation.leg;
    if rooms.draining.load(Ordering::Acquire) {
        return Ok(busy(rooms, leg));
    }
    let caller = gate::who(rooms, &invitation).await?;
    match caller {
        Caller::Unproven(challenges) => {
            let headers = challenges.into_iter();
            let headers = headers.map(|challenge| ("WWW-Authenticate".to_owned(), challenge));
            refuse(rooms, leg, 401, headers.collect());
            Ok("challenged")
        }
        Caller::Stranger => {
            refuse(rooms, leg, 403, Vec::new());
            Ok("refused")
        }
        Caller::Phone(endpoint) => {
            if let Some((dialog, early_only)) = &invitation.replaces {
                let replaced = rooms.endpoint.find(dialog);
                return replace(rooms, &invitation, &endpoint, replaced, *early_only).await;
            }
            let (account, user) = (endpoint.account_id, endpoint.user_id);
            from_user(rooms, invitation, account, user, Some(endpoint.id)).await
        }
        Caller::Session(user, account) => from_user(rooms, invitation, account, user, None).await,
        Caller::Trunk(trunk) => from_trunk(rooms, invitation, trunk).await,
    }
}

async fn from_user(
    rooms: &Arc<Rooms>,
    invitation: Invitation,
    account: Id<Account>,
    user: Id<User>,
    endpoint: Option<Id<Endpoint>>,
) -> Result<&'static str, Closed> {
    let by = Dialler {
        account,
        user: Some(user),
        did: None,
    };
    let lead = match rooms.directory.dialled(&by, &invitation.dialled.user).await {
        Ok(lead) => lead,
        Err(_) => return Ok(busy(rooms, invitation.leg)),
    };
    if !lead.is_emergency() && !rooms.is_able() {
        return Ok(busy(rooms, invitation.leg));
    }
    let origin = Origin::Phone {
        leg: invitation.leg,
        user,
        endpoint,
    };
    begin(rooms, &invitation, account, origin, lead);
    Ok("taken")
}

async fn from_trunk(
    rooms: &Arc<Rooms>,
    invitation: Invitation,
    trunk: Id<Trunk>,
) -> Result<&'static str, Closed> {
    let leg = invitation.leg;
    if invitation.diversions > MOST_DIVERSIONS {
        refuse(rooms, leg, Outcome::Loop.reading().sip, Vec::new());
        return Ok("looping");
    }
    let mut found = rooms.directory.inbound(&invitation.dialled.user).await?;
    if found.is_none() && invitation.to.user != invitation.dialled.user {
        // Some carriers send to the registered contact and leave the number in To.
        found = rooms.directory.inbound(&invitation.to.user).await?;
    }
    let Some(inbound) = found else {
        refuse(rooms, leg, 404, Vec::new());
        return Ok("unallocated");
    };
    if !rooms.is_able() {
        return Ok(busy(rooms, leg));
    }
    if !rooms.trunks.take(trunk, false) {
        return Ok(busy(rooms, leg));
    }
    let from = shown(&invitation);
    let origin = Origin::Trunk {
        leg,
        trunk,
        shown: inbound.shown(&from),
        from,
        did: inbound.did,
        number: inbound.number.clone(),
    };
    begin(rooms, &invitation, inbound.account, origin, inbound.lead);
    Ok("taken")
}

/// The caller as a trusted network tells it: the asserted identity before From.
fn shown(invitation: &Invitation) -> Shown {
    let party: &Party = invitation.identity.as_ref().unwrap_or(&invitation.from);
    if invitation.privacy.id || party.user.eq_ignore_ascii_case("anonymous") {
        return Shown::default();
    }
    Shown {
        number: numbering::caller(&party.user),
        name: party.name.clone().or_else(|| invitation.from.name.clone()),
    }
}

fn begin(
    rooms: &Arc<Rooms>,
    invitation: &Invitation,
    account: Id<Account>,
    origin: Origin,
    lead: Lead,
) {
    let id = Id::new();
    tracing::info!(
        call.id = %id,
        account.id = %account,
        sip.call_id = invitation.call_id,
        "a call arrived"
    );
    // Before anything else happens to it. One that is gone already says so to the call.
    let _ = rooms.endpoint.name(invitation.leg, &id.to_string());
    call::begin(
        rooms,
        Opening {
            id,
            account,
            at: Time::now(),
            sip_call_id: invitation.call_id.clone(),
            origin,
            lead,
            private: invitation.privacy.id,
            reach: invitation.reach,
            history: invitation.history.clone(),
        },
    );
}

/// An INVITE with Replaces (RFC 3891): the call that has the leg decides.
async fn replace(
    rooms: &Arc<Rooms>,
    invitation: &Invitation,
    endpoint: &Endpoint,
    replaced: Option<LegId>,
    early_only: bool,
) -> Result<&'static str, Closed> {
    let account = endpoint.account_id;
    let call = replaced.and_then(|leg| {
        let calls = rooms
            .registry
            .select(|call| call.account == account && call.has_leg(leg));
        Some((calls.into_iter().next()?, leg))
    });
    let user = TargetId::User(endpoint.user_id);
    let number = rooms.directory.extension_of(account, user).await?;
    let told = call.is_some_and(|(call, replaced)| {
        let input = Input::Replace {
            replaced,
            leg: invitation.leg,
            user: endpoint.user_id,
            endpoint: endpoint.id,
            number: number.unwrap_or_default(),
            early_only,
        };
        call.tell(input).is_ok()
    });
    if !told {
        refuse(rooms, invitation.leg, 481, Vec::new());
        return Ok("refused");
    }
    Ok("taken")
}

/// Not now: the caller may try again.
fn busy(rooms: &Rooms, leg: LegId) -> &'static str {
    let retry = ("Retry-After".to_owned(), RETRY_AFTER.to_string());
    refuse(rooms, leg, Outcome::Overloaded.reading().sip, vec![retry]);
    "shed"
}

pub(super) fn refuse(rooms: &Rooms, leg: LegId, status: u16, headers: Vec<(String, String)>) {
    let rejection = Rejection {
        status,
        phrase: None,
        q850: None,
        headers,
    };
    if let Err(error) = rooms.endpoint.reject(leg, rejection) {
        tracing::debug!(%error, "a caller hung up before it was refused");
    }
}
