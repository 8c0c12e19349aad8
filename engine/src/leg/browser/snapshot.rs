//! A browser's leg as data, as the SIP machine writes its own.

use super::{Leg, state::Phase, transfer::Transfer};
use crate::leg::{
    DialogKey, Party,
    machine::{Clock, Output, Settings, SnapshotError, Talk, TimerName},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::Arc, time::Instant};

/// Version of the format; a snapshot of another one is refused.
const VERSION: u32 = 1;

/// Tells a browser's leg from one that speaks SIP.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Browser,
}

#[derive(Serialize, Deserialize)]
struct Written<'a> {
    version: u32,
    kind: Kind,
    timers: Vec<(TimerName, u64)>,
    talk: Cow<'a, Talk>,
    dialog: Cow<'a, DialogKey>,
    peer: Cow<'a, Party>,
    name: Cow<'a, Option<String>>,
    muted: bool,
    transfer: Cow<'a, Transfer>,
    phase: Cow<'a, Phase>,
}

impl Leg {
    /// Writes the leg down as it is now.
    ///
    /// # Errors
    /// [`SnapshotError::Form`] when it cannot be expressed as JSON.
    pub fn snapshot(&self, now: Instant) -> Result<serde_json::Value, SnapshotError> {
        Ok(serde_json::to_value(Written {
            version: VERSION,
            kind: Kind::Browser,
            timers: self.clock.remaining(now),
            talk: Cow::Borrowed(&self.talk),
            dialog: Cow::Borrowed(&self.dialog),
            peer: Cow::Borrowed(&self.peer),
            name: Cow::Borrowed(&self.name),
            muted: self.muted,
            transfer: Cow::Borrowed(&self.transfer),
            phase: Cow::Borrowed(&self.phase),
        })?)
    }

    /// Raises a leg from what was written down. Its dialog, its stream and its timers are announced again.
    ///
    /// # Errors
    /// [`SnapshotError`] when the value is not a snapshot of this kind and version.
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
        now: Instant,
        out: &mut Vec<Output>,
    ) -> Result<Leg, SnapshotError> {
        let read: Written<'static> = serde_json::from_value(snapshot)?;
        if read.version != VERSION {
            return Err(SnapshotError::Version(read.version));
        }
        let talk = read.talk.into_owned();
        let dialog = read.dialog.into_owned();
        out.push(Output::Index(dialog.clone()));
        out.extend(talk.id().map(Output::MediaOpened));
        Ok(Leg {
            settings,
            clock: Clock::restore(&read.timers, now, out),
            talk,
            dialog,
            peer: read.peer.into_owned(),
            name: read.name.into_owned(),
            muted: read.muted,
            transfer: read.transfer.into_owned(),
            phase: read.phase.into_owned(),
        })
    }
}
