//! Decides which source address a leg listens to: symmetric RTP with a guard against hijack.
//!
//! A phone behind NAT names an address in SDP that it does not send from, so the source of the first
//! valid packets is believed (RFC 4961 in spirit). Once believed, a source is only given up when it
//! fell silent and the same stream goes on elsewhere, when new SDP allows it, or when the very address that
//! the SDP names is heard for the first time: who was quicker than the party does not keep it out.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// Consecutive packets from one source after which it is held on to.
const LATCH_PACKETS: u8 = 3;

/// Silence of the held source after which the same stream (SSRC) may go on from another address.
const RELATCH_SILENCE: Duration = Duration::from_millis(500);

/// Silence of the present source, right after new SDP, that lets another take over.
const RENEGOTIATED_SILENCE: Duration = Duration::from_millis(100);

/// The furthest a sequence number may jump ahead while its stream moves to another address:
/// a minute of 10 ms packets.
const MAX_SEQ_LEAP: u16 = 6000;

/// What a packet proves about its sender.
#[derive(Debug, Clone, Copy)]
pub struct Sighting {
    /// Source address.
    pub from: SocketAddr,
    /// Synchronization source.
    pub ssrc: u32,
    /// Sequence number; RTCP has none.
    pub seq: Option<u16>,
    /// The packet carried a valid authentication tag (SRTP).
    pub authentic: bool,
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is from the party of this leg.
    Accept,
    /// Nothing is known about the party yet.
    TooEarly,
    /// It is from somebody else.
    Foreign,
}

/// The latch of one socket.
#[derive(Debug, Default)]
pub struct Latch {
    /// SDP has come, with or without an address.
    known: bool,
    signalled: Option<SocketAddr>,
    source: Option<Source>,
    /// The address of the SDP was heard.
    named: bool,
    /// New SDP arrived while a source was held: it may change after a short silence.
    renegotiated: bool,
}

#[derive(Debug)]
struct Source {
    address: SocketAddr,
    ssrc: u32,
    seq: Option<u16>,
    heard: Instant,
    /// Consecutive packets, up to [`LATCH_PACKETS`].
    streak: u8,
}

impl Latch {
    /// Takes the address of new SDP; `None` or an unspecified address (the old form of hold, RFC 3264
    /// §8.4) keeps what is known. A changed address starts afresh, the same one loosens the latch.
    pub fn signal(&mut self, remote: Option<SocketAddr>) {
        self.known = true;
        let Some(remote) = remote.filter(|r| !r.ip().is_unspecified() && r.port() != 0) else {
            return;
        };
        let remote = canonical(remote);
        if self.signalled == Some(remote) {
            self.renegotiated = self.source.is_some();
        } else {
            *self = Self {
                known: true,
                signalled: Some(remote),
                ..Self::default()
            };
        }
    }

    /// The party is not expected to send: nobody else may in its place.
    pub fn tighten(&mut self) {
        self.renegotiated = false;
    }

    /// Where packets to the party go: its real address once heard, else the one in SDP.
    pub fn target(&self) -> Option<SocketAddr> {
        self.source.as_ref().map(|s| s.address).or(self.signalled)
    }

    /// The address that was heard, when one was.
    pub fn heard(&self) -> Option<SocketAddr> {
        self.source.as_ref().map(|s| s.address)
    }

    /// Judges a packet and learns from it.
    pub fn judge(&mut self, sighting: Sighting, now: Instant) -> Verdict {
        if !self.known {
            return Verdict::TooEarly;
        }
        let first_named = !self.named && Some(sighting.from) == self.signalled;
        self.named |= first_named;
        let Some(source) = self.source.as_mut().filter(|_| !first_named) else {
            self.source = Some(Source::new(sighting, now));
            return Verdict::Accept;
        };
        if source.address == sighting.from {
            source.ssrc = sighting.ssrc;
            source.seq = sighting.seq;
            source.heard = now;
            if source.streak < LATCH_PACKETS {
                source.streak += 1;
            } else {
                self.renegotiated = false;
            }
            return Verdict::Accept;
        }
        let silent = now.saturating_duration_since(source.heard);
        let moves = if source.streak < LATCH_PACKETS {
            // Still undecided: the address of the SDP is never displaced, any other may be.
            Some(source.address) != self.signalled || silent >= RENEGOTIATED_SILENCE
        } else {
            source.continues_as(&sighting, silent)
                || (self.renegotiated && silent >= RENEGOTIATED_SILENCE)
        };
        if !moves {
            return Verdict::Foreign;
        }
        self.source = Some(Source::new(sighting, now));
        Verdict::Accept
    }
}

impl Source {
    fn new(sighting: Sighting, now: Instant) -> Self {
        Self {
            address: sighting.from,
            ssrc: sighting.ssrc,
            seq: sighting.seq,
            heard: now,
            streak: 1,
        }
    }

    /// Whether a packet from elsewhere is this very stream after a change of address.
    fn continues_as(&self, sighting: &Sighting, silent: Duration) -> bool {
        if sighting.ssrc != self.ssrc {
            return false;
        }
        if sighting.authentic {
            return true;
        }
        let plausible = match (self.seq, sighting.seq) {
            (Some(last), Some(seq)) => (1..=MAX_SEQ_LEAP).contains(&seq.wrapping_sub(last)),
            _ => true,
        };
        plausible && silent >= RELATCH_SILENCE
    }
}

/// An IPv4 address that came dressed as IPv6 is the IPv4 address.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => SocketAddr::new(ip.to_canonical(), address.port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "192.0.2.10:4000";
    const NAT: &str = "198.51.100.7:61000";
    const EVIL: &str = "203.0.113.66:9";

    struct Bench {
        latch: Latch,
        now: Instant,
    }

    impl Bench {
        fn signalled() -> Self {
            let mut latch = Latch::default();
            latch.signal(Some(at(SDP)));
            Self {
                latch,
                now: Instant::now(),
            }
        }

        fn after(&mut self, ms: u64) -> &mut Self {
            self.now += Duration::from_millis(ms);
            self
        }

        fn hears(&mut self, from: &str, ssrc: u32, seq: u16) -> Verdict {
            let sighting = Sighting {
                from: at(from),
                ssrc,
                seq: Some(seq),
                authentic: false,
            };
            self.latch.judge(sighting, self.now)
        }

        /// Three packets, 20 ms apart, ending at `seq`.
        fn settles(&mut self, from: &str, ssrc: u32, seq: u16) {
            for back in (0..3).rev() {
                self.after(20);
                assert_eq!(self.hears(from, ssrc, seq - back), Verdict::Accept);
            }
        }
    }

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn nothing_is_believed_before_the_sdp() {
        let mut bench = Bench::signalled();
        bench.latch = Latch::default();
        assert_eq!(bench.hears(SDP, 1, 1), Verdict::TooEarly);
        assert_eq!(bench.latch.target(), None);
    }

    #[test]
    fn an_sdp_without_address_waits_for_the_media() {
        let mut bench = Bench::signalled();
        bench.latch = Latch::default();
        bench.latch.signal(None);
        assert_eq!(bench.latch.target(), None);
        bench.settles(NAT, 1, 10);
        assert_eq!(bench.latch.target(), Some(at(NAT)));
    }

    #[test]
    fn the_source_behind_nat_is_learnt() {
        let mut bench = Bench::signalled();
        assert_eq!(bench.latch.target(), Some(at(SDP)));
        bench.settles(NAT, 1, 10);
        assert_eq!(bench.latch.target(), Some(at(NAT)));
    }

    #[test]
    fn a_held_source_cannot_be_taken_over() {
        let mut bench = Bench::signalled();
        bench.settles(NAT, 1, 10);
        for seq in 11..200 {
            assert_eq!(bench.hears(EVIL, 1, seq), Verdict::Foreign, "same SSRC");
            assert_eq!(bench.hears(EVIL, 2, seq), Verdict::Foreign, "another SSRC");
            assert_eq!(bench.after(20).hears(NAT, 1, seq), Verdict::Accept);
        }
        assert_eq!(bench.latch.target(), Some(at(NAT)));
    }

    #[test]
    fn a_stream_that_fell_silent_may_go_on_elsewhere() {
        let mut bench = Bench::signalled();
        bench.settles(NAT, 1, 10);
        assert_eq!(
            bench.after(499).hears("198.51.100.7:61002", 1, 30),
            Verdict::Foreign
        );
        bench.after(1);
        assert_eq!(
            bench.hears(EVIL, 2, 30),
            Verdict::Foreign,
            "a stranger's SSRC"
        );
        assert_eq!(
            bench.hears(EVIL, 1, 5),
            Verdict::Foreign,
            "an old sequence number"
        );
        assert_eq!(
            bench.hears(EVIL, 1, 30_000),
            Verdict::Foreign,
            "an implausible leap"
        );
        assert_eq!(bench.hears("198.51.100.7:61002", 1, 30), Verdict::Accept);
        assert_eq!(bench.latch.target(), Some(at("198.51.100.7:61002")));
    }

    #[test]
    fn while_undecided_the_signalled_address_wins() {
        let mut bench = Bench::signalled();
        assert_eq!(bench.hears(EVIL, 9, 1), Verdict::Accept);
        assert_eq!(bench.hears(SDP, 1, 1), Verdict::Accept);
        assert_eq!(bench.hears(EVIL, 9, 2), Verdict::Foreign);
        assert_eq!(bench.latch.target(), Some(at(SDP)));
    }

    #[test]
    fn new_sdp_with_another_address_starts_afresh() {
        let mut bench = Bench::signalled();
        bench.settles(NAT, 1, 10);
        bench.latch.signal(Some(at("192.0.2.99:5000")));
        assert_eq!(bench.latch.target(), Some(at("192.0.2.99:5000")));
        bench.settles("198.51.100.9:7000", 5, 10);
        assert_eq!(bench.latch.target(), Some(at("198.51.100.9:7000")));
    }

    #[test]
    fn the_same_sdp_again_allows_a_change_after_a_short_silence_only() {
        let mut bench = Bench::signalled();
        bench.settles(NAT, 1, 10);
        bench.latch.signal(Some(at(SDP)));
        assert_eq!(bench.latch.target(), Some(at(NAT)), "the hole stays in use");
        assert_eq!(bench.after(20).hears(EVIL, 2, 1), Verdict::Foreign);
        assert_eq!(
            bench.after(100).hears("198.51.100.8:1", 2, 1),
            Verdict::Accept
        );
        bench.settles("198.51.100.8:1", 2, 5);
        assert_eq!(bench.after(400).hears(EVIL, 3, 1), Verdict::Foreign);
    }

    #[test]
    fn hold_with_an_unspecified_address_keeps_the_source() {
        let mut bench = Bench::signalled();
        bench.settles(NAT, 1, 10);
        bench.latch.signal(Some(at("0.0.0.0:4000")));
        bench.latch.signal(None);
        assert_eq!(bench.latch.target(), Some(at(NAT)));
    }

    #[test]
    fn who_is_quicker_than_the_party_does_not_keep_it_out() {
        let mut bench = Bench::signalled();
        for seq in 1..9 {
            assert_eq!(bench.after(20).hears(EVIL, 66, seq), Verdict::Accept);
        }
        assert_eq!(bench.after(20).hears(SDP, 7, 1), Verdict::Accept);
        assert_eq!(bench.latch.heard(), Some(at(SDP)));
        for seq in 9..12 {
            assert_eq!(bench.after(20).hears(SDP, 7, seq), Verdict::Accept);
            assert_eq!(bench.hears(EVIL, 66, seq), Verdict::Foreign);
        }
    }

    #[test]
    fn nobody_takes_the_place_of_a_party_that_holds() {
        let mut bench = Bench::signalled();
        for seq in 1..9 {
            assert_eq!(bench.after(20).hears(SDP, 7, seq), Verdict::Accept);
        }
        bench.latch.signal(Some(at(SDP)));
        bench.latch.tighten();
        assert_eq!(bench.after(5_000).hears(EVIL, 66, 1), Verdict::Foreign);
        assert_eq!(bench.after(20).hears(SDP, 7, 9), Verdict::Accept);
    }

    #[test]
    fn an_authenticated_stream_may_move_at_once() {
        let mut bench = Bench::signalled();
        bench.settles(NAT, 1, 10);
        let sighting = Sighting {
            from: at(EVIL),
            ssrc: 1,
            seq: Some(11),
            authentic: true,
        };
        assert_eq!(bench.latch.judge(sighting, bench.now), Verdict::Accept);
    }
}
