//! Reception figures of made-up streams.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const CLOCK: u32 = 8_000;

fn header(ssrc: u32, sequence: u16, timestamp: u32) -> Header {
    Header {
        ssrc,
        sequence,
        timestamp,
        ..Header::default()
    }
}

/// Feeds sequence numbers, each sent 20 ms after the one before and arriving on time.
fn feed(reception: &mut Reception, start: Instant, sequences: &[u16]) -> Vec<Arrived> {
    let first = u32::from(sequences[0]);
    sequences
        .iter()
        .map(|&sequence| {
            let ticks = u32::from(sequence).wrapping_sub(first).wrapping_mul(160) & 0xffff;
            let at = start + Duration::from_micros(u64::from(ticks) * 125);
            reception.receive(&header(1, sequence, ticks), CLOCK, 160, true, at)
        })
        .collect()
}

#[test]
fn loss_reordering_duplicates_and_wrap_around_are_told_apart() {
    let start = Instant::now();
    let mut reception = Reception::default();
    let arrived = feed(&mut reception, start, &[65_533, 65_534, 0, 65_535, 1, 1, 4]);
    assert_eq!(arrived[0], Arrived::Fresh);
    assert_eq!(arrived[2], Arrived::InOrder { missing: 1 });
    assert_eq!(arrived[3], Arrived::Late);
    assert_eq!(arrived[5], Arrived::Late);
    assert_eq!(arrived[6], Arrived::InOrder { missing: 2 });
    // 65533..=4 is eight; seven came, one of them twice.
    assert_eq!((reception.expected(), reception.received()), (8, 7));
    assert_eq!(reception.lost(), 1);
    let block = reception.report(CLOCK, start).unwrap();
    assert_eq!(block.highest_sequence, 65_536 + 4);
    assert_eq!((block.cumulative_lost, block.fraction_lost), (1, 32));
    // The next interval starts clean.
    feed(&mut reception, start, &[5, 6]);
    assert_eq!(reception.report(CLOCK, start).unwrap().fraction_lost, 0);
}

#[test]
fn totals_survive_a_new_source_and_a_restart() {
    let start = Instant::now();
    let mut reception = Reception::default();
    feed(&mut reception, start, &[10, 11, 13]);
    for sequence in 500..510 {
        reception.receive(&header(2, sequence, 0), CLOCK, 160, true, start);
    }
    assert_eq!((reception.expected(), reception.received()), (14, 13));
    assert_eq!(reception.ssrc(), Some(2));
    // A jump of the same source is believed with its second packet.
    let jump = |sequence| header(2, sequence, 0);
    assert_eq!(
        reception.receive(&jump(40_000), CLOCK, 160, true, start),
        Arrived::Late
    );
    assert_eq!(
        reception.receive(&jump(40_001), CLOCK, 160, true, start),
        Arrived::Fresh
    );
    assert_eq!(reception.lost(), 0);
}

#[test]
fn jitter_follows_the_formula_of_the_rfc() {
    let start = Instant::now();
    let mut reception = Reception::default();
    let mut expected = 0.0f64;
    let mut last = 0.0f64;
    for n in 0..200u32 {
        // Every third packet is 12 ms late.
        let late = if n % 3 == 0 { 12.0 } else { 0.0 };
        let at = start + Duration::from_secs_f64((f64::from(n) * 20.0 + late) / 1_000.0);
        reception.receive(&header(1, n as u16, n * 160), CLOCK, 160, true, at);
        if n > 0 {
            expected += ((late - last).abs() - expected) / 16.0;
        }
        last = late;
    }
    assert!((reception.jitter_ms().unwrap() - expected).abs() < 0.01);
    let block = reception.report(CLOCK, start).unwrap();
    assert!((f64::from(block.jitter) - expected * 8.0).abs() <= 1.0);
}

#[test]
fn delay_since_the_peers_report_is_counted() {
    let start = Instant::now();
    let mut reception = Reception::default();
    assert_eq!(reception.report(CLOCK, start), None);
    feed(&mut reception, start, &[1]);
    reception.sender_report(1, NtpTime(0x1122_3344_5566_7788), start);
    reception.sender_report(9, NtpTime(0), start);
    let block = reception
        .report(CLOCK, start + Duration::from_millis(1_500))
        .unwrap();
    assert_eq!(block.last_report, 0x3344_5566);
    assert_eq!(block.delay_since_last_report, 98_304);
}

proptest! {
    /// Losses and small swaps of one long stream, across wrap-around, are counted exactly.
    #[test]
    fn counts_losses_exactly(start in any::<u16>(), kept in proptest::collection::vec(any::<bool>(), 2..400)) {
        let mut reception = Reception::default();
        let now = Instant::now();
        let mut sequences: Vec<u16> = kept.iter().enumerate()
            .filter(|(index, came)| **came || *index == 0 || *index == kept.len() - 1)
            .map(|(index, _)| start.wrapping_add(index as u16))
            .collect();
        let last = sequences.len() - 1;
        for pair in sequences[1..last].chunks_mut(2) {
            pair.reverse();
        }
        for sequence in &sequences {
            reception.receive(&header(1, *sequence, 0), CLOCK, 1, false, now);
        }
        prop_assert_eq!(reception.expected(), kept.len() as u64);
        prop_assert_eq!(reception.lost(), (kept.len() - sequences.len()) as u64);
    }

    #[test]
    fn never_panics(packets in proptest::collection::vec((0..3u32, any::<u16>(), any::<u32>()), 0..100)) {
        let mut reception = Reception::default();
        let now = Instant::now();
        for (ssrc, sequence, timestamp) in packets {
            reception.receive(&header(ssrc, sequence, timestamp), CLOCK, 1, true, now);
            let _ = reception.report(CLOCK, now);
            prop_assert!(reception.expected() < 1 << 40);
        }
    }
}
