//! The E-model: a rating factor R from codec, loss, jitter and delay, and the opinion score it stands for.
//!
//! Narrowband codecs follow ITU-T G.107 (06/2015) with every parameter at its default except those
//! measured. Wideband codecs lose their equipment impairment on the scale of ITU-T G.107.1, whose top
//! is 129, and are then brought back to the narrowband scale by 1.29 so that scores compare.

use crate::rtp::Codec;

/// Signal-to-noise rating Ro (G.107 §7.2) at default levels.
const RO: f64 = 94.768_8;
/// Simultaneous impairment Is (G.107 §7.3) at default levels.
const IS: f64 = 1.413_6;
/// Sum of all noise in dBm0p (G.107 §7.2) at default levels, and the receive loudness rating.
const NO: f64 = -61.179_2;
const RLR: f64 = 2.0;
/// Talker echo loudness rating and weighted echo path loss, defaults in dB.
const TELR: f64 = 65.0;
const WEPL: f64 = 110.0;
/// The two scales' ratio, G.107.1 §7.
const WIDEBAND_SCALE: f64 = 1.29;
/// The top of the wideband scale, G.107.1 §7.1.
const WIDEBAND_TOP: f64 = 129.0;

/// Shortest de-jitter buffer assumed at the listener, in milliseconds: one packet.
const SHORTEST_BUFFER_MS: f64 = 20.0;
/// Longest de-jitter buffer assumed, in milliseconds; what is later than this is lost.
const LONGEST_BUFFER_MS: f64 = 120.0;
/// An adaptive buffer settles near this many times the interarrival jitter.
const BUFFER_PER_JITTER: f64 = 4.0;
/// Time to fill a packet, in milliseconds.
const PACKET_MS: f64 = 20.0;

/// What a listener has to put up with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Codec heard.
    pub codec: Codec,
    /// Packets that never came, in percent of those expected.
    pub loss_pct: f64,
    /// Interarrival jitter (RFC 3550 §6.4.1) in milliseconds.
    pub jitter_ms: f64,
    /// Round-trip time in milliseconds, 0 when unknown.
    pub rtt_ms: f64,
}

/// What a codec costs.
struct Impairment {
    /// Ie, or Ie,wb for a wideband codec.
    equipment: f64,
    /// Bpl: how well loss is borne, for random loss with concealment.
    robustness: f64,
    /// Look-ahead in milliseconds.
    delay_ms: f64,
    wideband: bool,
}

/// G.711 from G.113 (2007) appendix I, with packet loss concealment as every phone has it; G.722 Ie,wb
/// from G.113 appendix IV. Opus and the robustness of G.722 are not tabulated there: they are our
/// estimates, G.722 a little weaker than G.711 because its state has to recover, Opus stronger
/// because it predicts and corrects in band.
fn impairment(codec: Codec) -> Impairment {
    let (equipment, robustness, delay_ms, wideband) = match codec {
        Codec::Pcmu | Codec::Pcma => (0.0, 25.1, 0.125, false),
        Codec::G722 => (13.0, 20.0, 1.5, true),
        Codec::Opus => (8.0, 30.0, 6.5, true),
    };
    Impairment {
        equipment,
        robustness,
        delay_ms,
        wideband,
    }
}

/// The mean opinion score, 1 to 4.5.
pub fn mos(conditions: Conditions) -> f64 {
    score(rating(conditions))
}

/// The rating factor R, up to 93.2 for narrowband.
fn rating(conditions: Conditions) -> f64 {
    let codec = impairment(conditions.codec);
    let buffer_ms = buffer(conditions.jitter_ms);
    let lost = effective_loss(conditions, buffer_ms);
    let delay_ms = conditions.rtt_ms.max(0.0) / 2.0 + buffer_ms + PACKET_MS + codec.delay_ms;
    // G.107 §7.5 with BurstR = 1: loss spread at random.
    let equipment = codec.equipment + (95.0 - codec.equipment) * lost / (lost + codec.robustness);
    if codec.wideband {
        (WIDEBAND_TOP - equipment) / WIDEBAND_SCALE - delay(delay_ms)
    } else {
        RO - IS - delay(delay_ms) - equipment
    }
}

/// Depth of the de-jitter buffer in milliseconds.
fn buffer(jitter_ms: f64) -> f64 {
    (BUFFER_PER_JITTER * jitter_ms).clamp(SHORTEST_BUFFER_MS, LONGEST_BUFFER_MS)
}

/// Loss in percent with the packets that come too late to be played. Delay variation is taken for
/// Laplacian with scale b: two of its samples differ by 1.5 b on average, which is what RFC 3550
/// calls jitter, and exceed the mean by B with probability exp(-B/b) / 2.
fn effective_loss(conditions: Conditions, buffer_ms: f64) -> f64 {
    let late = if conditions.jitter_ms > 0.0 {
        (-1.5 * buffer_ms / conditions.jitter_ms).exp() / 2.0
    } else {
        0.0
    };
    let lost = (conditions.loss_pct / 100.0).clamp(0.0, 1.0);
    100.0 * (1.0 - (1.0 - lost) * (1.0 - late))
}

/// Delay impairment Id (G.107 §7.4) for a one-way delay: talker echo, listener echo, and delay itself.
fn delay(one_way_ms: f64) -> f64 {
    let (t, round) = (one_way_ms, 2.0 * one_way_ms);
    let terv =
        TELR - 40.0 * ((1.0 + t / 10.0) / (1.0 + t / 150.0)).log10() + 6.0 * (-0.3 * t * t).exp();
    let roe = -1.5 * (NO - RLR);
    let re = 80.0 + 2.5 * (terv - 14.0);
    let talker = (knee(roe - re, 100.0) - 1.0) * (1.0 - (-t).exp());
    let rle = 10.5 * (WEPL + 7.0) * (round + 1.0).powf(-0.25);
    let listener = knee(RO - rle, 169.0);
    talker + listener + absolute_delay(t)
}

/// The soft corner that G.107 uses for both echoes.
fn knee(difference: f64, bend: f64) -> f64 {
    difference / 2.0 + (difference * difference / 4.0 + bend).sqrt()
}

/// Idd: beyond 100 ms, conversation suffers though nothing echoes.
fn absolute_delay(one_way_ms: f64) -> f64 {
    if one_way_ms <= 100.0 {
        return 0.0;
    }
    let x = (one_way_ms / 100.0).log2();
    let root = |value: f64| (1.0 + value.powi(6)).powf(1.0 / 6.0);
    25.0 * (root(x) - 3.0 * root(x / 3.0) + 2.0)
}

/// Opinion score of a rating, G.107 annex B.
fn score(rating: f64) -> f64 {
    if rating <= 0.0 {
        return 1.0;
    }
    let r = rating.min(100.0);
    // The cubic dips below 1 for the worst ratings.
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSSES: [f64; 6] = [0.0, 1.0, 3.0, 5.0, 10.0, 20.0];

    /// Jitter and round trip in milliseconds, and the scores of G.711 at each loss, worked out from the
    /// whole of G.107 (noise, loudness and quantising terms included) by other means.
    const EXPECTED: [(f64, f64, [f64; 6]); 12] = [
        (0.0, 0.0, [4.385, 4.297, 4.092, 3.873, 3.351, 2.568]),
        (0.0, 100.0, [4.36, 4.265, 4.051, 3.826, 3.295, 2.509]),
        (0.0, 400.0, [4.044, 3.901, 3.615, 3.342, 2.758, 1.987]),
        (10.0, 0.0, [4.364, 4.272, 4.062, 3.84, 3.317, 2.537]),
        (10.0, 100.0, [4.339, 4.241, 4.022, 3.795, 3.263, 2.482]),
        (10.0, 400.0, [3.919, 3.767, 3.468, 3.188, 2.602, 1.852]),
        (30.0, 0.0, [4.323, 4.222, 3.998, 3.767, 3.231, 2.449]),
        (30.0, 100.0, [4.242, 4.126, 3.88, 3.634, 3.08, 2.297]),
        (30.0, 400.0, [3.483, 3.305, 2.973, 2.679, 2.103, 1.446]),
        (60.0, 0.0, [4.071, 3.958, 3.733, 3.515, 3.032, 2.339]),
        (60.0, 100.0, [3.959, 3.837, 3.598, 3.371, 2.878, 2.189]),
        (60.0, 400.0, [3.074, 2.92, 2.639, 2.393, 1.916, 1.37]),
    ];

    fn g711(loss_pct: f64, jitter_ms: f64, rtt_ms: f64) -> f64 {
        mos(Conditions {
            codec: Codec::Pcmu,
            loss_pct,
            jitter_ms,
            rtt_ms,
        })
    }

    #[test]
    fn scores_agree_with_an_independent_calculation() {
        for (jitter, rtt, scores) in EXPECTED {
            for (loss, expected) in LOSSES.into_iter().zip(scores) {
                let got = g711(loss, jitter, rtt);
                assert!(
                    (got - expected).abs() < 0.01,
                    "{loss} % {jitter} ms {rtt} ms: {got} instead of {expected}"
                );
            }
        }
    }

    /// The well-known shortcut for R (Cole and Rosenbluth) stays within a tenth up to 340 ms one
    /// way; beyond, it is the shortcut that strays.
    #[test]
    fn scores_agree_with_the_common_approximation() {
        for loss in 0..=20 {
            for jitter in (0..=30).step_by(2) {
                for rtt in (0..=400).step_by(20) {
                    let (loss, jitter, rtt) = (f64::from(loss), f64::from(jitter), f64::from(rtt));
                    let d = rtt / 2.0 + buffer(jitter) + PACKET_MS;
                    let late = if d > 177.3 { 0.11 * (d - 177.3) } else { 0.0 };
                    let r = 93.2 - 0.024 * d - late - 95.0 * loss / (loss + 25.1);
                    let shortcut = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
                    let got = g711(loss, jitter, rtt);
                    assert!(
                        (got - shortcut).abs() < 0.1,
                        "{loss} % {jitter} ms {rtt} ms: {got} and {shortcut}"
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_gets_better_by_getting_worse_and_nonsense_is_bounded() {
        for codec in Codec::ALL {
            let at = |loss_pct, jitter_ms, rtt_ms| {
                mos(Conditions {
                    codec,
                    loss_pct,
                    jitter_ms,
                    rtt_ms,
                })
            };
            let best = at(0.0, 0.0, 0.0);
            assert!((4.2..=4.5).contains(&best), "{codec} {best}");
            for step in 0..50 {
                let (now, next) = (f64::from(step), f64::from(step + 1));
                assert!(at(next, 0.0, 0.0) <= at(now, 0.0, 0.0));
                assert!(at(0.0, next * 4.0, 0.0) <= at(0.0, now * 4.0, 0.0) + 1e-9);
                assert!(at(0.0, 0.0, next * 20.0) <= at(0.0, 0.0, now * 20.0) + 1e-9);
            }
            for bad in [f64::MAX, 1e9, -5.0] {
                assert!((1.0..=4.5).contains(&at(bad, bad, bad)));
            }
        }
    }
}
