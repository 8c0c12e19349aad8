//! Writes compound packets into a buffer of the caller.

use super::{
    BLOCK_LENGTH, BYE, CNAME, RECEIVER_REPORT, ReportBlock, SENDER_REPORT, SOURCE_DESCRIPTION,
    SenderInfo,
};

/// Longest canonical name written, in bytes.
const LONGEST_CNAME: usize = 255;

/// Fills a buffer with a compound. Start with a report, then the description (RFC 3550 §6.1). Each
/// step gives `None`, and writes nothing, when there is no room left.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    /// A compound at the front of `out`.
    pub fn new(out: &'a mut [u8]) -> Writer<'a> {
        Writer { out, length: 0 }
    }

    /// Bytes written so far.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Adds a sender report, with a block when something was received.
    pub fn sender(
        &mut self,
        ssrc: u32,
        info: &SenderInfo,
        block: Option<&ReportBlock>,
    ) -> Option<()> {
        let blocks = usize::from(block.is_some());
        let mut body = self.packet(SENDER_REPORT, blocks as u8, 24 + blocks * BLOCK_LENGTH)?;
        body.word(ssrc)?;
        body.word((info.ntp.0 >> 32) as u32)?;
        body.word(info.ntp.0 as u32)?;
        body.word(info.rtp)?;
        body.word(info.packets)?;
        body.word(info.octets)?;
        block.map_or(Some(()), |block| body.block(block))
    }

    /// Adds a receiver report, with a block when something was received.
    pub fn receiver(&mut self, ssrc: u32, block: Option<&ReportBlock>) -> Option<()> {
        let blocks = usize::from(block.is_some());
        let mut body = self.packet(RECEIVER_REPORT, blocks as u8, 4 + blocks * BLOCK_LENGTH)?;
        body.word(ssrc)?;
        block.map_or(Some(()), |block| body.block(block))
    }

    /// Adds a source description with the canonical name, cut to 255 bytes.
    pub fn description(&mut self, ssrc: u32, cname: &str) -> Option<()> {
        let bytes = cname.as_bytes();
        let bytes = bytes.get(..LONGEST_CNAME).unwrap_or(bytes);
        // Chunk: source, item header, text, at least one null, to a whole word.
        let length = (4 + 2 + bytes.len() + 1).next_multiple_of(4);
        let mut body = self.packet(SOURCE_DESCRIPTION, 1, length)?;
        body.word(ssrc)?;
        body.bytes(&[CNAME, bytes.len() as u8])?;
        body.bytes(bytes)?;
        body.rest.fill(0);
        Some(())
    }

    /// Adds a goodbye.
    pub fn bye(&mut self, ssrc: u32) -> Option<()> {
        self.packet(BYE, 1, 4)?.word(ssrc)
    }

    /// Writes the common header and gives the body's space.
    fn packet(&mut self, kind: u8, count: u8, length: usize) -> Option<Body<'_>> {
        let end = self.length.checked_add(4 + length)?;
        let space = self.out.get_mut(self.length..end)?;
        self.length = end;
        let mut body = Body { rest: space };
        let [l0, l1] = u16::try_from(length / 4).ok()?.to_be_bytes();
        body.bytes(&[0x80 | count, kind, l0, l1])?;
        Some(body)
    }
}

/// The body of a packet being written.
struct Body<'a> {
    rest: &'a mut [u8],
}

impl Body<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let (place, rest) = std::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        place.copy_from_slice(bytes);
        self.rest = rest;
        Some(())
    }

    fn word(&mut self, word: u32) -> Option<()> {
        self.bytes(&word.to_be_bytes())
    }

    fn block(&mut self, block: &ReportBlock) -> Option<()> {
        self.word(block.ssrc)?;
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        self.word(u32::from(block.fraction_lost) << 24 | lost)?;
        self.word(block.highest_sequence)?;
        self.word(block.jitter)?;
        self.word(block.last_report)?;
        self.word(block.delay_since_last_report)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NtpTime, Packet, Packets};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let info = SenderInfo {
            ntp: NtpTime(0x0102_0304_0506_0708),
            rtp: 9,
            packets: 10,
            octets: 11,
        };
        let block = ReportBlock {
            ssrc: 1,
            fraction_lost: 2,
            cumulative_lost: -3,
            highest_sequence: 4,
            jitter: 5,
            last_report: 6,
            delay_since_last_report: 7,
        };
        let mut out = [0xff; 200];
        let mut writer = Writer::new(&mut out);
        writer.sender(42, &info, Some(&block)).unwrap();
        writer.receiver(42, None).unwrap();
        for name in ["", "a", "ab@host.example", "four"] {
            writer.description(42, name).unwrap();
        }
        writer.bye(42).unwrap();
        let length = writer.length();
        let read: Vec<Packet<'_>> = Packets::new(&out[..length]).collect();
        assert_eq!(read.len(), 7);
        let Packet::Sender {
            ssrc,
            info: got,
            mut blocks,
        } = read[0]
        else {
            panic!("{:?}", read[0]);
        };
        assert_eq!((ssrc, got, blocks.next()), (42, info, Some(block)));
        assert!(matches!(read[1], Packet::Receiver { ssrc: 42, blocks } if blocks.count() == 0));
        assert_eq!(
            read[4],
            Packet::Description {
                ssrc: 42,
                cname: Some(b"ab@host.example")
            }
        );
        assert_eq!(read[6], Packet::Bye { ssrc: 42 });
    }

    #[test]
    fn a_full_buffer_is_left_alone() {
        let mut out = [0; 10];
        let mut writer = Writer::new(&mut out);
        assert_eq!(writer.receiver(1, None), Some(()));
        assert_eq!(writer.bye(1), None);
        assert_eq!(writer.length(), 8);
    }
}
