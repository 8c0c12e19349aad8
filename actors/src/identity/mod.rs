//! Who says so? Checks digest answers (RFC 7616) of phones and of trunks that prove themselves, and holds
//! off those who guess.
//!
//! An unknown name and a wrong password cost the same and read the same. A phone that is registered from
//! where it speaks is never held off.

mod throttle;

use crate::{
    config::DigestAlgorithm,
    directory::{Closed, Directory},
    trunk::Trunks,
};
use engine::{
    Authorization,
    sip::digest::{Algorithm, Credentials, DigestError, Gate, Grant, Ha1},
};
use schema::{Endpoint, Id, Time, Trunk};
use std::{net::IpAddr, sync::Arc, time::SystemTime};
use throttle::Throttle;

/// Checks proofs. Shared, may be asked from any thread.
pub(crate) struct Identity {
    gate: Gate,
    realm: String,
    throttle: Throttle,
    trunks: Arc<Trunks>,
}

/// Somebody who proved who it is.
#[derive(Debug, Clone)]
pub(crate) enum Holder {
    /// A phone.
    Phone(Arc<Endpoint>),
    /// A carrier.
    Trunk(Id<Trunk>),
}

/// Why nothing is proven.
#[derive(Debug)]
pub(crate) enum Doubt {
    /// No answer to a challenge yet, or one to a challenge that is too old.
    Unproven {
        /// The password was right, the nonce is not any more.
        stale: bool,
    },
    /// The answer cannot be read.
    Malformed,
    /// Wrong name or wrong password.
    Wrong,
    /// Too many failures; nothing was checked.
    HeldOff,
    /// The directory does not answer.
    Closed(Closed),
}

impl Identity {
    /// Checks proofs for a realm by the algorithms offered, best first (RFC 8760 §2.4); `key` is the
    /// secret of the nonces.
    pub(crate) fn new(
        realm: &str,
        offered: &[DigestAlgorithm],
        key: &[u8],
        trunks: Arc<Trunks>,
    ) -> Self {
        let offered: Vec<Algorithm> = offered
            .iter()
            .map(|algorithm| match algorithm {
                DigestAlgorithm::Md5 => Algorithm::Md5,
                DigestAlgorithm::Sha256 => Algorithm::Sha256,
            })
            .collect();
        Self {
            gate: Gate::new(realm, &offered, key).since(SystemTime::now()),
            realm: realm.to_owned(),
            throttle: Throttle::default(),
            trunks,
        }
    }

    /// Challenges, one header value for each algorithm.
    pub(crate) fn challenges(&self, stale: bool) -> Vec<String> {
        self.gate.challenges(stale, SystemTime::now())
    }

    /// Checks an answer from `source`. `is_known` says whether a phone of that name is registered there.
    pub(crate) async fn prove(
        &self,
        authorization: Option<&Authorization>,
        source: IpAddr,
        directory: &Directory,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Holder, Doubt> {
        let now = SystemTime::now();
        let authorization = authorization.ok_or(Doubt::Unproven { stale: false })?;
        let answer = Credentials::parse(&authorization.value).map_err(|error| match error {
            // An answer to somebody else's question is none to ours (RFC 4475 §3.3.13).
            DigestError::Scheme | DigestError::Algorithm | DigestError::Qop => {
                Doubt::Unproven { stale: false }
            }
            DigestError::Syntax | DigestError::Missing(_) => Doubt::Malformed,
        })?;
        if self.gate.is_outdated(&answer, now) {
            return Err(Doubt::Unproven { stale: true });
        }
        let name = answer.username.as_ref();
        if self.throttle.holds_off(source, name) && !is_known(name) {
            return Err(Doubt::HeldOff);
        }
        let (holder, ha1) = match self.holder(name, directory).await? {
            Some((holder, ha1)) => (Some(holder), Some(ha1)),
            None => (None, None),
        };
        // Others may have failed while the directory was asked.
        if self.throttle.holds_off(source, name) && !is_known(name) {
            return Err(Doubt::HeldOff);
        }
        let method = &authorization.method;
        match (self.gate.check(&answer, method, ha1.as_ref(), now), holder) {
            (Grant::Granted, Some(holder)) => Ok(holder),
            (Grant::Stale, _) => Err(Doubt::Unproven { stale: true }),
            _ => {
                self.throttle.failed(source, name);
                Err(Doubt::Wrong)
            }
        }
    }

    async fn holder(
        &self,
        name: &str,
        directory: &Directory,
    ) -> Result<Option<(Holder, Ha1)>, Doubt> {
        // No name has a NUL, and one of the databases takes offence at being asked.
        if name.contains('\0') {
            return Ok(None);
        }
        let endpoint = directory.endpoint(name).await.map_err(Doubt::Closed)?;
        let Some(endpoint) = endpoint.filter(|found| found.digest.realm == self.realm) else {
            let trunk = self.trunks.by_username(name, &self.realm);
            return Ok(trunk.map(|(id, ha1)| (Holder::Trunk(id), ha1)));
        };
        let ha1 = Ha1 {
            md5: endpoint.digest.ha1_md5.reveal().as_str().into(),
            sha256: endpoint.digest.ha1_sha256.reveal().as_str().into(),
        };
        Ok(Some((Holder::Phone(endpoint), ha1)))
    }

    /// Forgets failures that do not count any more.
    pub(crate) fn sweep(&self, now: Time) {
        self.throttle.sweep(now);
    }
}
