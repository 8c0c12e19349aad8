//! Who a caller is: a browser by its session, a trunk by its address, a phone or a trunk by digest. Everybody
//! else is a stranger.

use crate::{
    directory::Closed,
    identity::{Doubt, Holder},
    rooms::Rooms,
};
use engine::Invitation;
use schema::{Account, Endpoint, Id, Trunk, User};
use std::sync::Arc;

/// Who calls.
pub(super) enum Caller {
    /// A trunk.
    Trunk(Id<Trunk>),
    /// A phone that knows its password.
    Phone(Arc<Endpoint>),
    /// A browser that is signed in.
    Session(Id<User>, Id<Account>),
    /// Somebody who may prove who it is, with these challenges.
    Unproven(Vec<String>),
    /// Somebody who tried and failed.
    Stranger,
}

/// Finds out who sent an invitation.
pub(super) async fn who(rooms: &Rooms, invitation: &Invitation) -> Result<Caller, Closed> {
    if let Some(session) = invitation.session {
        // One that has just signed out.
        let owner = rooms.sessions.owner(session);
        return Ok(owner.map_or(Caller::Stranger, |(user, account)| {
            Caller::Session(user, account)
        }));
    }
    let source = invitation.source.ip();
    // No trunk comes by a WebSocket, whose source may be hearsay of a proxy.
    if !invitation.transport.is_web_socket()
        && let Some(trunk) = rooms.trunks.by_source(source)
    {
        return Ok(Caller::Trunk(trunk));
    }
    let proof = rooms
        .identity
        .prove(
            invitation.authorization.as_ref(),
            source,
            &rooms.directory,
            |name| rooms.registrar.is_known(name, source),
        )
        .await;
    match proof {
        Ok(Holder::Phone(endpoint)) => Ok(Caller::Phone(endpoint)),
        Ok(Holder::Trunk(trunk)) => Ok(Caller::Trunk(trunk)),
        Err(Doubt::Unproven { stale }) => Ok(Caller::Unproven(rooms.identity.challenges(stale))),
        Err(Doubt::Closed(closed)) => Err(closed),
        Err(Doubt::Malformed | Doubt::Wrong | Doubt::HeldOff) => Ok(Caller::Stranger),
    }
}
