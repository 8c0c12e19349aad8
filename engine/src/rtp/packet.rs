//! The RTP header (RFC 3550 §5.1), read from and written into buffers of the caller.

/// Length of a header without contributing sources and extension, in bytes.
pub const HEADER_LENGTH: usize = 12;

/// The fields of a header that are ours to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// Marker: the first packet of a talk spurt, or of an event.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub pt: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in ticks of the payload's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// A packet in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The header.
    pub header: Header,
    /// The payload without padding, contributing sources and extension.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet; `None` when it is not version 2 or its lengths do not add up (RFC 3550 A.1).
    pub fn parse(bytes: &'a [u8]) -> Option<Packet<'a>> {
        let (head, rest) = bytes.split_first_chunk::<HEADER_LENGTH>()?;
        let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *head;
        if first >> 6 != 2 {
            return None;
        }
        let contributors = usize::from(first & 0x0f) * 4;
        let mut payload = rest.get(contributors..)?;
        if first & 0x10 != 0 {
            let ([_, _, l0, l1], rest) = payload.split_first_chunk::<4>()?;
            let words = usize::from(u16::from_be_bytes([*l0, *l1]));
            payload = rest.get(words * 4..)?;
        }
        if first & 0x20 != 0 {
            let padding = usize::from(*payload.last()?);
            let length = payload.len().checked_sub(padding)?;
            if padding == 0 {
                return None;
            }
            payload = payload.get(..length)?;
        }
        Some(Packet {
            header: Header {
                marker: second & 0x80 != 0,
                pt: second & 0x7f,
                sequence: u16::from_be_bytes([s0, s1]),
                timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
                ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            },
            payload,
        })
    }
}

impl Header {
    /// Writes a plain header (no contributors, extension or padding) to the front of `out` and returns
    /// its length; `None` when there is no room.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let head = out.first_chunk_mut::<HEADER_LENGTH>()?;
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        let second = u8::from(self.marker) << 7 | self.pt & 0x7f;
        *head = [0x80, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3];
        Some(HEADER_LENGTH)
    }
}

/// Replaces the header fields of the packet in `bytes` and leaves contributors, extension, padding and
/// payload alone; `None` when it is too short.
pub fn rewrite(bytes: &mut [u8], header: &Header) -> Option<()> {
    let first = *bytes.first()?;
    header.write(bytes)?;
    *bytes.first_mut()? = first;
    Some(())
}

/// Whether a datagram on a shared port is RTCP (RFC 5761 §4): its second byte, read as an RTCP packet
/// type, is one of 192 to 223, which no agreed payload type with marker collides with.
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes, [first, 192..=223, ..] if first >> 6 == 2)
}

/// Whether sequence number `a` comes after `b`, wrap-around considered.
pub const fn is_newer(a: u16, b: u16) -> bool {
    let ahead = a.wrapping_sub(b);
    ahead != 0 && ahead < 0x8000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_contributors_extension_and_padding() {
        let bytes = [
            0xb1, 0x88, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 7,
            8, 0, 2,
        ];
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.payload, [7, 8]);
        let header = packet.header;
        assert!(header.marker);
        assert_eq!((header.pt, header.sequence), (8, 1));
        assert_eq!((header.timestamp, header.ssrc), (2, 3));
        let mut copy = bytes;
        let changed = Header {
            pt: 0,
            marker: false,
            ssrc: 77,
            ..header
        };
        rewrite(&mut copy, &changed).unwrap();
        let packet = Packet::parse(&copy).unwrap();
        assert_eq!((packet.header, packet.payload), (changed, &[7, 8][..]));
    }

    #[test]
    fn refuses_lengths_that_do_not_add_up() {
        for bytes in [
            &[0x80; 11][..],
            &[0x40; 20],
            &[0x8f; 20],
            &[0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
        ] {
            assert_eq!(Packet::parse(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn tells_rtcp_from_rtp() {
        assert!(is_rtcp(&[0x81, 200, 0, 0]));
        assert!(!is_rtcp(&[0x80, 0x80 | 8, 0, 0]));
        assert!(!is_rtcp(&[0x80, 0x80 | 111, 0, 0]));
        assert!(!is_rtcp(&[0x00, 200]));
        assert!(is_newer(0, 65_535) && !is_newer(65_535, 0) && !is_newer(4, 4));
    }

    proptest! {
        #[test]
        fn never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
            let _ = rewrite(&mut bytes, &Header::default());
        }

        #[test]
        fn what_is_written_is_read(
            marker in any::<bool>(), pt in 0..128u8, sequence in any::<u16>(),
            timestamp in any::<u32>(), ssrc in any::<u32>(),
        ) {
            let header = Header { marker, pt, sequence, timestamp, ssrc };
            let mut bytes = [7; 20];
            prop_assert_eq!(header.write(&mut bytes), Some(12));
            let packet = Packet::parse(&bytes).unwrap();
            prop_assert_eq!((packet.header, packet.payload), (header, &[7; 8][..]));
        }
    }
}
