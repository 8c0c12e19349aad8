//! RTCP (RFC 3550 §6): reports, source descriptions and goodbyes, read and written without allocation.

mod ntp;
mod read;
mod write;

pub use ntp::{NtpClock, NtpTime, round_trip};
pub use read::{Packet, Packets, ReportBlock, ReportBlocks, SenderInfo};
pub use write::Writer;

/// Sender report.
const SENDER_REPORT: u8 = 200;
/// Receiver report.
const RECEIVER_REPORT: u8 = 201;
/// Source description.
const SOURCE_DESCRIPTION: u8 = 202;
/// Goodbye.
const BYE: u8 = 203;
/// Length of a report block in bytes.
const BLOCK_LENGTH: usize = 24;
/// The one item of a source description that everybody has to send.
const CNAME: u8 = 1;
