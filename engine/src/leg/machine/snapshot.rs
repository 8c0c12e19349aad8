//! A leg as data: everything that is needed to go on with it elsewhere.
//!
//! Passwords are not part of it; whoever restores a leg hands its credentials in again. SRTP keys are.

use super::{
    Leg, Settings,
    clock::{Clock, Names},
    desk::{Desk, Facts, Sent},
    door::{ClientTx, Output, TimerName},
    info::Keys,
    offer_answer::Talk,
    referral::Referrals,
    session_timer::SessionTimer,
    state::Phase,
};
use crate::leg::Credentials;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Instant};

/// Version of the format; a snapshot of another one is refused.
const VERSION: u32 = 1;

/// Why a snapshot cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// It is not one, or parts are missing.
    #[error("the leg's snapshot cannot be read or written")]
    Form(#[from] serde_json::Error),
    /// It was written by a version that is not understood.
    #[error("the leg's snapshot has version {0}")]
    Version(u32),
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    names: &'a Names,
    timers: Vec<(TimerName, u64)>,
    facts: &'a Facts,
    requests: &'a BTreeMap<ClientTx, Sent>,
    talk: &'a Talk,
    session: Option<SessionTimer>,
    referrals: &'a Referrals,
    keys: &'a Keys,
    phase: &'a Phase,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    names: Names,
    timers: Vec<(TimerName, u64)>,
    facts: Facts,
    requests: BTreeMap<ClientTx, Sent>,
    talk: Talk,
    session: Option<SessionTimer>,
    referrals: Referrals,
    keys: Keys,
    phase: Phase,
}

impl Leg {
    /// Writes the leg down as it is now.
    ///
    /// # Errors
    /// [`SnapshotError::Form`] when it cannot be expressed as JSON.
    pub fn snapshot(&self, now: Instant) -> Result<serde_json::Value, SnapshotError> {
        Ok(serde_json::to_value(Written {
            version: VERSION,
            names: &self.desk.names,
            timers: self.desk.clock.remaining(now),
            facts: &self.desk.facts,
            requests: &self.desk.requests,
            talk: &self.talk,
            session: self.session,
            referrals: &self.referrals,
            keys: &self.keys,
            phase: &self.phase,
        })?)
    }

    /// Raises a leg from what was written down. Its dialogs, its stream and its timers are announced
    /// again.
    ///
    /// # Errors
    /// [`SnapshotError`] when the value is not a snapshot of this version.
    #[cfg_attr(
        not(test),
        allow(
            dead_code,
            reason = "for the process that takes calls up after another"
        )
    )]
    pub fn restore(
        settings: Arc<Settings>,
        snapshot: serde_json::Value,
        credentials: Option<Credentials>,
        now: Instant,
        out: &mut Vec<Output>,
    ) -> Result<Leg, SnapshotError> {
        let read: Read = serde_json::from_value(snapshot)?;
        if read.version != VERSION {
            return Err(SnapshotError::Version(read.version));
        }
        out.extend(read.phase.keys().into_iter().map(Output::Index));
        out.extend(read.talk.id().map(Output::MediaOpened));
        let mut desk = Desk::new(settings, read.names, read.facts);
        desk.clock = Clock::restore(&read.timers, now, out);
        desk.trust(credentials.as_ref());
        desk.requests = read.requests;
        Ok(Leg {
            desk,
            talk: read.talk,
            session: read.session,
            referrals: read.referrals,
            keys: read.keys,
            phase: read.phase,
        })
    }
}
