//! One outgoing RTP stream: one SSRC whose sequence numbers and timestamps go on without a break,
//! whoever feeds it (RFC 3550 §5.1): a peer, a prompt, another peer after a transfer.

use std::time::{Duration, Instant};

/// The furthest a source may jump ahead in sequence and still count as the same run (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;

/// The furthest a source may fall back and still count as reordered (RFC 3550 A.1).
const MAX_MISORDER: u16 = 100;

/// Timestamps this far from the start of a run are counted from a new start, in source ticks.
const REBASE_TICKS: u32 = 1 << 30;

/// Names who feeds an outlet: a leg or a player, and the SSRC it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Feed {
    pub leg: u64,
    pub ssrc: u32,
    /// Clock of the source, in Hz.
    pub clock: u32,
}

/// The place of a packet in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub seq: u16,
    pub timestamp: u32,
    /// The first packet of a run.
    pub first: bool,
}

/// State of the stream.
#[derive(Debug)]
pub(super) struct Outlet {
    pub ssrc: u32,
    /// Clock of what is sent, in Hz.
    clock: u32,
    next_seq: u16,
    last_ts: u32,
    last_at: Option<Instant>,
    run: Option<Run>,
    /// A transcoder that feeds the stream, and the timestamp of its tick 0.
    made: Option<(Feed, u32)>,
    /// A telephone-event that is being relayed: its timestamp as it came and as it left.
    event: Option<(u32, u32)>,
}

/// How one source maps onto the stream.
#[derive(Debug)]
struct Run {
    feed: Feed,
    seq_offset: u16,
    /// Highest sequence number of the source so far.
    highest: u16,
    /// First sequence number: what is older belongs to nobody.
    lowest: u16,
    base_in: u32,
    base_out: u32,
}

impl Outlet {
    /// Starts a stream at random numbers.
    pub fn new(ssrc: u32, clock: u32) -> Self {
        Self {
            ssrc,
            clock,
            next_seq: rand::random(),
            last_ts: rand::random(),
            last_at: None,
            run: None,
            made: None,
            event: None,
        }
    }

    /// Changes the clock when another codec is sent from now on.
    pub fn set_clock(&mut self, clock: u32) {
        if self.clock != clock {
            self.clock = clock;
            self.run = None;
        }
    }

    /// Forgets who fed the stream: the next packet, whoever sends it, follows the last without a gap.
    pub fn rest(&mut self) {
        self.run = None;
        self.made = None;
        self.event = None;
    }

    /// Places a packet of `feed` in the stream; gaps in the source stay gaps. `None` when the packet
    /// is older than the run and would overwrite somebody else's.
    pub fn relay(&mut self, feed: Feed, seq: u16, timestamp: u32, now: Instant) -> Option<Stamp> {
        let clock = self.clock;
        if let Some(run) = self.run.as_mut().filter(|run| run.feed == feed) {
            let ahead = seq.wrapping_sub(run.highest);
            let behind = run.highest.wrapping_sub(seq);
            if ahead < MAX_DROPOUT {
                run.highest = seq;
                run.rebase(timestamp, clock);
                let stamp = run.stamp(seq, timestamp, clock);
                self.next_seq = stamp.seq.wrapping_add(1);
                self.last_ts = stamp.timestamp;
                self.last_at = Some(now);
                return Some(stamp);
            }
            if behind <= MAX_MISORDER {
                let inside = seq.wrapping_sub(run.lowest) < 1 << 15;
                return inside.then(|| run.stamp(seq, timestamp, clock));
            }
        }
        Some(self.splice(feed, seq, timestamp, now))
    }

    /// Places a telephone-event whose clock is not that of the source's audio: its timestamp is that of
    /// the moment it began.
    pub fn relay_event(
        &mut self,
        feed: Feed,
        seq: u16,
        timestamp: u32,
        now: Instant,
    ) -> Option<Stamp> {
        let began = self.event_timestamp(timestamp, now);
        if let Some(run) = self.run.as_mut().filter(|run| run.feed == feed)
            && seq.wrapping_sub(run.highest) < MAX_DROPOUT
        {
            run.highest = seq;
            let seq = seq.wrapping_add(run.seq_offset);
            self.next_seq = seq.wrapping_add(1);
            return Some(Stamp {
                seq,
                timestamp: began,
                first: false,
            });
        }
        self.run = None;
        Some(Stamp {
            timestamp: began,
            ..self.following(false)
        })
    }

    /// Leaves out the packet just placed by [`relay`](Self::relay), or to be placed next, on purpose:
    /// the receiver sees no gap.
    pub fn leave_out(&mut self) {
        if let Some(run) = &mut self.run {
            run.seq_offset = run.seq_offset.wrapping_sub(1);
            self.next_seq = run.highest.wrapping_add(run.seq_offset).wrapping_add(1);
        }
    }

    /// Places a frame that a transcoder made of `feed`, at `ticks` of its own count.
    pub fn produce(&mut self, feed: Feed, ticks: u32, now: Instant) -> Stamp {
        let known = self.made.filter(|(maker, _)| *maker == feed);
        let base = match known {
            Some((_, base)) => base,
            None => {
                let start = self.last_ts.wrapping_add(self.elapsed(now));
                self.rest();
                start.wrapping_sub(ticks)
            }
        };
        self.made = Some((feed, base));
        self.last_ts = base.wrapping_add(ticks);
        self.last_at = Some(now);
        self.following(known.is_none())
    }

    /// Whether a transcoder feeds the stream.
    pub fn is_produced(&self) -> bool {
        self.made.is_some()
    }

    /// Places a packet of our own making, which ends the run of whoever fed the stream before. `ticks`
    /// is the time since our previous one, `None` when this is the first: then the clock decides.
    pub fn own(&mut self, ticks: Option<u32>, now: Instant) -> Stamp {
        self.rest();
        let step = ticks.unwrap_or_else(|| self.elapsed(now));
        self.last_ts = self.last_ts.wrapping_add(step);
        self.last_at = Some(now);
        self.following(ticks.is_none())
    }

    /// Places one more packet with the timestamp of the last, as the packets of one telephone-event
    /// have it (RFC 4733 §2.5.1.3).
    pub fn again(&mut self) -> Stamp {
        self.following(false)
    }

    /// The next sequence number with the timestamp of the last packet.
    fn following(&mut self, first: bool) -> Stamp {
        let seq = self.next_seq;
        self.next_seq = seq.wrapping_add(1);
        Stamp {
            seq,
            timestamp: self.last_ts,
            first,
        }
    }

    /// The timestamp of a relayed telephone-event whose own clock is not that of the source's audio:
    /// fixed at its first packet.
    fn event_timestamp(&mut self, came: u32, now: Instant) -> u32 {
        match self.event {
            Some((known, left)) if known == came => left,
            _ => {
                let left = self.timestamp_at(now);
                self.event = Some((came, left));
                left
            }
        }
    }

    /// The timestamp that belongs to `now`, for sender reports (RFC 3550 §6.4.1).
    pub fn timestamp_at(&self, now: Instant) -> u32 {
        let since = self
            .last_at
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.last_ts.wrapping_add(ticks(since, self.clock))
    }

    fn splice(&mut self, feed: Feed, seq: u16, timestamp: u32, now: Instant) -> Stamp {
        let base_out = self.last_ts.wrapping_add(self.elapsed(now));
        let run = Run {
            feed,
            seq_offset: self.next_seq.wrapping_sub(seq),
            highest: seq,
            lowest: seq,
            base_in: timestamp,
            base_out,
        };
        let stamp = Stamp {
            seq: self.next_seq,
            timestamp: base_out,
            first: true,
        };
        self.rest();
        self.run = Some(run);
        self.next_seq = self.next_seq.wrapping_add(1);
        self.last_ts = base_out;
        self.last_at = Some(now);
        stamp
    }

    /// Ticks since the last packet, at least one packet's worth so that time never stands still.
    fn elapsed(&self, now: Instant) -> u32 {
        let Some(at) = self.last_at else { return 0 };
        ticks(now.saturating_duration_since(at), self.clock).max(self.clock / 50)
    }
}

impl Run {
    fn stamp(&self, seq: u16, timestamp: u32, clock: u32) -> Stamp {
        Stamp {
            seq: seq.wrapping_add(self.seq_offset),
            timestamp: self.map(timestamp, clock),
            first: false,
        }
    }

    fn map(&self, timestamp: u32, clock: u32) -> u32 {
        let delta = timestamp.wrapping_sub(self.base_in);
        if clock == self.feed.clock {
            return self.base_out.wrapping_add(delta);
        }
        // Signed: a reordered packet may be older than the start.
        let delta = i64::from(delta.cast_signed());
        let scaled = delta * i64::from(clock) / i64::from(self.feed.clock.max(1));
        self.base_out.wrapping_add_signed(scaled as i32)
    }

    fn rebase(&mut self, timestamp: u32, clock: u32) {
        let delta = timestamp.wrapping_sub(self.base_in);
        if (REBASE_TICKS..u32::MAX - REBASE_TICKS).contains(&delta) {
            self.base_out = self.map(timestamp, clock);
            self.base_in = timestamp;
        }
    }
}

fn ticks(time: Duration, clock: u32) -> u32 {
    (time.as_micros() * u128::from(clock) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUSIC: Feed = Feed {
        leg: 1,
        ssrc: 10,
        clock: 8000,
    };
    const PEER: Feed = Feed {
        leg: 2,
        ssrc: 20,
        clock: 8000,
    };

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_source_keeps_its_gaps_and_its_order() {
        let mut out = Outlet::new(7, 8000);
        let t0 = Instant::now();
        let first = out.relay(PEER, 65_534, 160, t0).unwrap();
        assert!(first.first);
        let later = out.relay(PEER, 2, 160 * 5, t0 + ms(80)).unwrap();
        assert_eq!(later.seq, first.seq.wrapping_add(4));
        assert_eq!(later.timestamp, first.timestamp.wrapping_add(640));
        let late = out.relay(PEER, 0, 160 * 3, t0 + ms(81)).unwrap();
        assert_eq!(late.seq, first.seq.wrapping_add(2));
        assert_eq!(late.timestamp, first.timestamp.wrapping_add(320));
        assert_eq!(
            out.relay(PEER, 65_533, 0, t0),
            None,
            "older than the run itself"
        );
    }

    #[test]
    fn a_change_of_source_goes_on_without_a_break() {
        let mut out = Outlet::new(7, 8000);
        let t0 = Instant::now();
        let mut last = out.own(None, t0);
        for n in 1..5u64 {
            last = out.own(Some(160), t0 + ms(20 * n));
        }
        let peer = out.relay(PEER, 40_000, 9_000_000, t0 + ms(180)).unwrap();
        assert_eq!(peer.seq, last.seq.wrapping_add(1));
        assert_eq!(peer.timestamp, last.timestamp.wrapping_add(800));
        assert!(peer.first);
        let other = out.relay(MUSIC, 5, 5, t0 + ms(181)).unwrap();
        assert_eq!(other.seq, peer.seq.wrapping_add(1));
        assert_eq!(
            other.timestamp,
            peer.timestamp.wrapping_add(160),
            "never less than a packet"
        );
        let back = out.own(None, t0 + ms(201));
        assert_eq!(back.seq, other.seq.wrapping_add(1));
    }

    #[test]
    fn clocks_are_converted() {
        let mut out = Outlet::new(7, 8000);
        let feed = Feed {
            clock: 48_000,
            ..PEER
        };
        let t0 = Instant::now();
        let first = out.relay(feed, 1, 4_294_967_000, t0).unwrap();
        let second = out
            .relay(feed, 2, 4_294_967_000u32.wrapping_add(960), t0 + ms(20))
            .unwrap();
        assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
    }

    #[test]
    fn what_is_left_out_leaves_no_gap() {
        let mut out = Outlet::new(7, 8000);
        let t0 = Instant::now();
        let first = out.relay(PEER, 1, 0, t0).unwrap();
        out.relay(PEER, 2, 160, t0).unwrap();
        out.leave_out();
        let third = out.relay(PEER, 3, 320, t0).unwrap();
        assert_eq!(third.seq, first.seq.wrapping_add(1));
    }

    #[test]
    fn a_transcoder_sets_the_pace() {
        let mut out = Outlet::new(7, 8000);
        let t0 = Instant::now();
        let last = out.own(None, t0);
        let first = out.produce(PEER, 320, t0 + ms(40));
        assert_eq!(first.seq, last.seq.wrapping_add(1));
        assert_eq!(first.timestamp, last.timestamp.wrapping_add(320));
        assert!(first.first);
        let event = out.relay_event(PEER, 9, 77, t0 + ms(60)).unwrap();
        assert_eq!(event.timestamp, last.timestamp.wrapping_add(480));
        let next = out.produce(PEER, 640, t0 + ms(80));
        assert_eq!(next.seq, event.seq.wrapping_add(1));
        assert_eq!(next.timestamp, first.timestamp.wrapping_add(320));
    }

    #[test]
    fn a_source_that_restarts_is_spliced() {
        let mut out = Outlet::new(7, 8000);
        let t0 = Instant::now();
        let first = out.relay(PEER, 100, 0, t0).unwrap();
        let again = out.relay(PEER, 30_000, 77, t0 + ms(20)).unwrap();
        assert_eq!(again.seq, first.seq.wrapping_add(1));
        assert_eq!(again.timestamp, first.timestamp.wrapping_add(160));
    }

    #[test]
    fn long_runs_stay_in_step() {
        let mut out = Outlet::new(7, 8000);
        let feed = Feed {
            clock: 48_000,
            ..PEER
        };
        let t0 = Instant::now();
        let mut last = out.relay(feed, 0, 0, t0).unwrap();
        let step: u32 = 48_000 * 60;
        for n in 1..3000u32 {
            let stamp = out.relay(feed, n as u16, step.wrapping_mul(n), t0).unwrap();
            assert_eq!(stamp.timestamp, last.timestamp.wrapping_add(8000 * 60));
            last = stamp;
        }
    }

    #[test]
    fn an_event_of_another_clock_keeps_one_timestamp() {
        let mut out = Outlet::new(7, 48_000);
        let t0 = Instant::now();
        out.own(None, t0);
        let start = out.event_timestamp(500, t0 + ms(20));
        assert_eq!(out.event_timestamp(500, t0 + ms(60)), start);
        assert_ne!(out.event_timestamp(900, t0 + ms(60)), start);
    }
}
