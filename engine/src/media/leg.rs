//! One leg as its media thread holds it: two sockets, what was agreed, an ear, a mouth, and what it
//! is doing.

use super::{Stream, card::Card, ears::Ears, mouth::Mouth, reports::Reports};
use crate::rtp::ports::{Lease, Pair};
use mio::net::UdpSocket;
use std::{sync::Arc, time::Instant};

/// What a leg sends, besides keys.
#[derive(Debug, Default)]
pub(super) enum Doing {
    /// Nothing.
    #[default]
    Idle,
    /// What the leg in this slot of the same thread hears.
    Relay(usize),
    /// What it hears itself.
    Echo,
}

/// A leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub card: Arc<Card>,
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub stream: Option<Box<Stream>>,
    pub ears: Ears,
    pub mouth: Mouth,
    pub reports: Reports,
    pub doing: Doing,
    #[cfg(test)]
    pub faulty: bool,
    /// Last, so that the ports are free only after the sockets are closed.
    _lease: Lease,
}

impl Leg {
    /// Makes a leg that listens, and believes nobody yet.
    pub fn new(card: Arc<Card>, pair: Pair) -> Self {
        let ssrc = card.ssrc;
        let now = Instant::now();
        Self {
            card,
            rtp: UdpSocket::from_std(pair.rtp),
            rtcp: UdpSocket::from_std(pair.rtcp),
            stream: None,
            ears: Ears::new(now),
            mouth: Mouth::new(ssrc),
            reports: Reports::new(now),
            doing: Doing::Idle,
            #[cfg(test)]
            faulty: false,
            _lease: pair.lease,
        }
    }

    /// Ends what the leg is doing, and answers what it was.
    pub fn stop(&mut self) -> Doing {
        self.mouth.outlet.rest();
        std::mem::take(&mut self.doing)
    }

    /// Applies the outcome of an offer and answer.
    pub fn configure(&mut self, stream: Stream, now: Instant) {
        self.ears.configure(&stream, now);
        self.mouth.configure(&stream);
        self.stream = Some(Box::new(stream));
    }
}
