//! Where a user calls for help from, and what may be dialled by who has not said so.

use super::messages::{Place, TokenClaims};
use crate::{config::EmergencyGate, directory::Directory, rooms::Rooms, target::Dialler};
use schema::{Account, DbError, EmergencyAddress, Id, User};
use std::net::IpAddr;

/// Regions whose rules ask for an address before numbers outside may be dialled.
const GATED: [&str; 2] = ["US", "CA"];

impl Directory {
    /// Whether a token was revoked, or its user deleted, while it was looked at.
    pub(super) async fn is_refused(&self, claims: &TokenClaims) -> bool {
        match self.db().find_token_user(claims.user).await {
            Ok(found) => {
                let revoked = |at| claims.issued_at <= at;
                found.account != claims.account || found.revoked_at.is_some_and(revoked)
            }
            Err(error) => matches!(error, DbError::NotFound),
        }
    }

    /// Binds the emergency address that a client presents to the network it comes from, unless it is bound
    /// already.
    pub(super) async fn place(
        &self,
        claims: &TokenClaims,
        address: Option<String>,
        peer: IpAddr,
    ) -> Place {
        let Some(address) = address else {
            return Place::Unknown;
        };
        let Ok(id) = address.parse::<Id<EmergencyAddress>>() else {
            return Place::Elsewhere;
        };
        let (account, user, here) = (claims.account, claims.user, peer.to_string());
        let bound = self
            .db()
            .bind_emergency_address(account, user, id, here.clone());
        match bound.await {
            Ok(found) if found.registered_ip == Some(here) => Place::Bound,
            Ok(_) | Err(DbError::NotFound) => Place::Elsewhere,
            Err(error) => {
                tracing::warn!(%error, "an emergency address cannot be bound");
                Place::Elsewhere
            }
        }
    }
}

impl Rooms {
    /// Whether a user who has not said where they are may dial this: anything inside and calls for help
    /// always, numbers outside where no rule asks for an address.
    pub(super) async fn may_dial_from_nowhere(
        &self,
        account: Id<Account>,
        user: Id<User>,
        destination: &str,
    ) -> bool {
        let gated = match self.config.webrtc_sessions.emergency_gate {
            EmergencyGate::Off => false,
            EmergencyGate::On => true,
            EmergencyGate::Auto => match self.directory.account(account).await {
                Ok(Some(row)) => {
                    let region = row.config.region.as_str();
                    GATED.iter().any(|gated| gated.eq_ignore_ascii_case(region))
                }
                // Whoever takes the call refuses it then.
                Ok(None) | Err(_) => false,
            },
        };
        if !gated {
            return true;
        }
        let by = Dialler {
            account,
            user: Some(user),
            did: None,
        };
        match self.directory.dialled(&by, destination).await {
            Ok(lead) => !lead.outbound || lead.is_emergency(),
            Err(_) => true,
        }
    }
}
