//! G.711 as ITU-T writes it, the tests' own.

/// µ-law of a 16-bit sample (ITU-T G.711), by the segment search of the standard.
pub(super) fn linear_to_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let size = i32::from(sample).abs().min(32_635) + 132;
    let segment = (size >> 7).ilog2().min(7);
    !(sign | ((segment as u8) << 4) | ((size >> (segment + 3)) & 0x0f) as u8)
}

/// The sample of a µ-law byte.
pub(super) fn ulaw_to_linear(byte: u8) -> i32 {
    let byte = !byte;
    let size = ((i32::from(byte & 0x0f) << 3) + 132) << ((byte >> 4) & 7);
    if byte & 0x80 == 0 {
        size - 132
    } else {
        132 - size
    }
}

/// A-law of a 16-bit sample.
pub(super) fn linear_to_alaw(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    let size = i32::from(sample).abs().min(32_767) >> 3;
    let byte = if size < 32 {
        (size >> 1) as u8
    } else {
        let segment = size.ilog2() - 4;
        ((segment as u8) << 4) | ((size >> segment) & 0x0f) as u8
    };
    (byte | sign) ^ 0x55
}

/// The sample of an A-law byte.
pub(super) fn alaw_to_linear(byte: u8) -> i32 {
    let byte = byte ^ 0x55;
    let low = i32::from(byte & 0x0f) << 4;
    let size = match (byte >> 4) & 7 {
        0 => low + 8,
        segment => (low + 264) << (segment - 1),
    };
    if byte & 0x80 == 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companding_comes_back_close() {
        for sample in (-32_000..32_000).step_by(37) {
            for back in [
                ulaw_to_linear(linear_to_ulaw(sample)),
                alaw_to_linear(linear_to_alaw(sample)),
            ] {
                let off = (back - i32::from(sample)).abs();
                assert!(
                    off <= 16 + i32::from(sample).abs() / 16,
                    "{sample} came back as {back}"
                );
            }
        }
    }
}
