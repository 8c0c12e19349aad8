//! G.711: one byte a sample, both laws, computed rather than looked up.

/// µ-law bias and clip level, in 16-bit units (G.711 table 2a).
const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

/// Encodes a sample by µ-law.
pub fn to_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    let exponent = 24 - (magnitude as u32).leading_zeros();
    let mantissa = (magnitude >> (exponent + 3)) as u8 & 0x0f;
    !(sign | (exponent as u8) << 4 | mantissa)
}

/// Decodes a sample of µ-law.
pub fn from_ulaw(byte: u8) -> i16 {
    let bits = !byte;
    let magnitude = ((i32::from(bits & 0x0f) << 3) + BIAS) << ((bits & 0x70) >> 4);
    let value = magnitude - BIAS;
    (if bits & 0x80 != 0 { -value } else { value }) as i16
}

/// Encodes a sample by A-law.
pub fn to_alaw(sample: i16) -> u8 {
    // Thirteen bits; negative values mirrored so that -1 falls on 0.
    let (mask, magnitude) = match i32::from(sample) >> 3 {
        value if value >= 0 => (0xd5, value),
        value => (0x55, -value - 1),
    };
    let segment = (32 - (magnitude as u32 >> 5).leading_zeros()).min(7);
    let mantissa = (magnitude >> segment.max(1)).min(0x1f) as u8 & 0x0f;
    ((segment as u8) << 4 | mantissa) ^ mask
}

/// Decodes a sample of A-law.
pub fn from_alaw(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let segment = (bits & 0x70) >> 4;
    let base = i32::from(bits & 0x0f) << 4;
    let magnitude = match segment {
        0 => base + 8,
        _ => (base + 0x108) << (segment - 1),
    };
    (if bits & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_the_recommendation() {
        // µ-law: zero, full scale and its mirror.
        assert_eq!(
            (to_ulaw(0), to_ulaw(32_767), to_ulaw(-32_768)),
            (0xff, 0x80, 0x00)
        );
        assert_eq!(
            (from_ulaw(0xff), from_ulaw(0x80), from_ulaw(0x00)),
            (0, 32_124, -32_124)
        );
        assert_eq!(
            (to_alaw(0), to_alaw(-1), to_alaw(32_767)),
            (0xd5, 0x55, 0xaa)
        );
        assert_eq!(
            (from_alaw(0xd5), from_alaw(0xaa), from_alaw(0x2a)),
            (8, 32_256, -32_256)
        );
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for byte in 0..=255u8 {
            assert_eq!(to_alaw(from_alaw(byte)), byte);
            // µ-law has two zeros.
            let again = to_ulaw(from_ulaw(byte));
            assert!(again == byte || (byte == 0x7f && again == 0xff));
        }
    }

    #[test]
    fn error_stays_within_half_a_step() {
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            let value = i32::from(sample);
            let step = (value.abs() / 16).max(16);
            let ulaw = i32::from(from_ulaw(to_ulaw(sample)));
            let alaw = i32::from(from_alaw(to_alaw(sample)));
            assert!((ulaw - value).abs() <= step, "{sample} {ulaw}");
            assert!((alaw - value).abs() <= step, "{sample} {alaw}");
        }
    }
}
