//! Who a caller is: a trunk by its address, a phone by digest. Everybody else is a stranger.

use crate::{
    directory::{Closed, Directory},
    trunk::Trunks,
};
use engine::{
    Invitation,
    sip::digest::{self, Algorithm, Credentials, Grant, Ha1},
};
use schema::{Endpoint, Id, Trunk};
use std::{sync::Arc, time::SystemTime};

/// Checks callers.
pub(crate) struct Gate {
    digest: Arc<digest::Gate>,
    directory_realm: String,
}

/// Who calls.
pub(super) enum Caller {
    /// A trunk, by its source address.
    Trunk(Id<Trunk>),
    /// A phone that knows its password.
    Phone(Arc<Endpoint>),
    /// Somebody who may prove who it is, with these challenges.
    Unproven(Vec<String>),
    /// Somebody who tried and failed.
    Stranger,
}

impl Gate {
    /// Algorithms that are offered, best first (RFC 8760 §2.4).
    pub(crate) const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

    /// A gate for the realm with the secret of its nonces.
    pub(crate) fn new(realm: &str, digest: Arc<digest::Gate>) -> Self {
        Self {
            digest,
            directory_realm: realm.to_owned(),
        }
    }

    /// Finds out who sent an invitation.
    pub(super) async fn who(
        &self,
        invitation: &Invitation,
        directory: &Directory,
        trunks: &Trunks,
    ) -> Result<Caller, Closed> {
        if let Some(trunk) = trunks.by_source(invitation.source.ip()) {
            return Ok(Caller::Trunk(trunk));
        }
        let now = SystemTime::now();
        let challenge = |stale| Caller::Unproven(self.digest.challenges(stale, now));
        let Some(authorization) = &invitation.authorization else {
            return Ok(challenge(false));
        };
        let Ok(answer) = Credentials::parse(&authorization.value) else {
            return Ok(Caller::Stranger);
        };
        if self.digest.is_outdated(&answer, now) {
            return Ok(challenge(true));
        }
        let endpoint = directory.endpoint(&answer.username).await?;
        let known = endpoint
            .as_ref()
            .filter(|found| found.digest.realm == self.directory_realm);
        let ha1 = known.map(|endpoint| Ha1 {
            md5: endpoint.digest.ha1_md5.reveal().as_str().into(),
            sha256: endpoint.digest.ha1_sha256.reveal().as_str().into(),
        });
        let grant = self
            .digest
            .check(&answer, &authorization.method, ha1.as_ref(), now);
        Ok(match (grant, endpoint) {
            (Grant::Granted, Some(endpoint)) => Caller::Phone(endpoint),
            (Grant::Stale, _) => challenge(true),
            _ => Caller::Stranger,
        })
    }
}
