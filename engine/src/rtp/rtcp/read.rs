//! Reads compound packets. What is unknown is skipped; what is cut short ends the reading.

use super::{
    BLOCK_LENGTH, BYE, CNAME, NtpTime, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION,
};

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Sender report.
    Sender {
        /// Who sends.
        ssrc: u32,
        /// What it has sent.
        info: SenderInfo,
        /// What it has received.
        blocks: ReportBlocks<'a>,
    },
    /// Receiver report.
    Receiver {
        /// Who reports.
        ssrc: u32,
        /// What it has received.
        blocks: ReportBlocks<'a>,
    },
    /// Source description: the canonical name of the first source.
    Description {
        /// Whose.
        ssrc: u32,
        /// The name's bytes, when one is given.
        cname: Option<&'a [u8]>,
    },
    /// Goodbye of one or more sources; the first is named.
    Bye {
        /// Who leaves.
        ssrc: u32,
    },
    /// Something else, such as feedback or application data.
    Other {
        /// Packet type.
        kind: u8,
    },
}

/// What a sender says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// Wall clock of the report.
    pub ntp: NtpTime,
    /// The same moment in RTP ticks.
    pub rtp: u32,
    /// Packets sent so far.
    pub packets: u32,
    /// Payload octets sent so far.
    pub octets: u32,
}

/// What a receiver says of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source reported on.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all; negative when duplicates outnumber losses. 24 bits.
    pub cumulative_lost: i32,
    /// Highest sequence number with its cycles.
    pub highest_sequence: u32,
    /// Interarrival jitter in ticks.
    pub jitter: u32,
    /// Middle of the NTP time of the last sender report, 0 when none.
    pub last_report: u32,
    /// Time since then, in 1/65536 s.
    pub delay_since_last_report: u32,
}

impl ReportBlock {
    fn read(bytes: &[u8; BLOCK_LENGTH]) -> ReportBlock {
        let [s0, s1, s2, s3, fraction, c0, c1, c2, rest @ ..] = *bytes;
        let [
            h0,
            h1,
            h2,
            h3,
            j0,
            j1,
            j2,
            j3,
            l0,
            l1,
            l2,
            l3,
            d0,
            d1,
            d2,
            d3,
        ] = rest;
        ReportBlock {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            fraction_lost: fraction,
            // Sign-extended from 24 bits.
            cumulative_lost: i32::from_be_bytes([c0, c1, c2, 0]) >> 8,
            highest_sequence: u32::from_be_bytes([h0, h1, h2, h3]),
            jitter: u32::from_be_bytes([j0, j1, j2, j3]),
            last_report: u32::from_be_bytes([l0, l1, l2, l3]),
            delay_since_last_report: u32::from_be_bytes([d0, d1, d2, d3]),
        }
    }
}

/// The report blocks of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    bytes: &'a [u8],
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(ReportBlock::read(block))
    }
}

/// The packets of a compound, in order.
#[derive(Debug, Clone, Copy)]
pub struct Packets<'a> {
    bytes: &'a [u8],
}

impl<'a> Packets<'a> {
    /// Reads a datagram.
    pub fn new(bytes: &'a [u8]) -> Packets<'a> {
        Packets { bytes }
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let ([first, kind, l0, l1], rest) = self.bytes.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([*l0, *l1])) * 4;
        if first >> 6 != 2 || rest.len() < length {
            self.bytes = &[];
            return None;
        }
        let (mut body, rest) = rest.split_at(length);
        self.bytes = rest;
        if first & 0x20 != 0 {
            let padding = usize::from(body.last().copied().unwrap_or(0));
            body = body.get(..body.len().saturating_sub(padding))?;
        }
        Some(read(*kind, first & 0x1f, body).unwrap_or(Packet::Other { kind: *kind }))
    }
}

fn read(kind: u8, count: u8, body: &[u8]) -> Option<Packet<'_>> {
    let (ssrc, body) = word(body)?;
    match kind {
        SENDER_REPORT => {
            let (high, body) = word(body)?;
            let (low, body) = word(body)?;
            let (rtp, body) = word(body)?;
            let (packets, body) = word(body)?;
            let (octets, body) = word(body)?;
            let info = SenderInfo {
                ntp: NtpTime(u64::from(high) << 32 | u64::from(low)),
                rtp,
                packets,
                octets,
            };
            let blocks = blocks(count, body);
            Some(Packet::Sender { ssrc, info, blocks })
        }
        RECEIVER_REPORT => Some(Packet::Receiver {
            ssrc,
            blocks: blocks(count, body),
        }),
        SOURCE_DESCRIPTION if count > 0 => Some(Packet::Description {
            ssrc,
            cname: cname(body),
        }),
        BYE if count > 0 => Some(Packet::Bye { ssrc }),
        _ => None,
    }
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*word), rest))
}

/// As many whole blocks as both the count and the length allow.
fn blocks(count: u8, body: &[u8]) -> ReportBlocks<'_> {
    let length = body.len().min(usize::from(count) * BLOCK_LENGTH);
    ReportBlocks {
        bytes: body.get(..length).unwrap_or_default(),
    }
}

fn cname(mut items: &[u8]) -> Option<&[u8]> {
    loop {
        let ([kind, length], rest) = items.split_first_chunk::<2>()?;
        if *kind == 0 {
            return None;
        }
        let (text, rest) = rest.split_at_checked(usize::from(*length))?;
        if *kind == CNAME {
            return Some(text);
        }
        items = rest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            read_all(&bytes);
        }

        #[test]
        fn never_panics_near_the_real_thing(
            kind in 198..208u8, count in 0..32u8, length in 0..40u16,
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut bytes = vec![0x80 | count, kind];
            bytes.extend(length.to_be_bytes());
            bytes.extend(body);
            read_all(&bytes);
        }
    }

    fn read_all(bytes: &[u8]) {
        for packet in Packets::new(bytes) {
            match packet {
                Packet::Sender { blocks, .. } | Packet::Receiver { blocks, .. } => {
                    assert!(blocks.count() < 32);
                }
                _ => {}
            }
        }
    }
}
