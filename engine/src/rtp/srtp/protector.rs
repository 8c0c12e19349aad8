//! Protects what is sent and opens what is received, RTP and RTCP, with replay protection and a bound
//! on what strangers can make it remember.

use rtc_srtp::context::Context;
use rtc_srtp::crypto::RTCCryptoProvider;
use rtc_srtp::crypto::providers::RingProvider;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

use super::{MasterKey, SrtpKeys, Suite};
use crate::rtp::packet::HEADER_LENGTH;

/// Packets older than this many are refused as replays.
const REPLAY_WINDOW: usize = 128;
/// Sources that one key may protect at a time; a peer that changes its source oftener than this within
/// one key starts over with the oldest forgotten.
const MOST_SOURCES: usize = 8;
/// Packets of unknown sources that fail authentication before what they left behind is dropped.
const MOST_FAILURES: u32 = 64;
/// Set in the first byte of a header that has an extension (RFC 3550 §5.1).
const EXTENDED: u8 = 0x10;
/// The most bytes that protection adds to an RTCP packet: index and the longest tag.
pub const RTCP_OVERHEAD: usize = 4 + 16;

/// Keys that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys cannot be used for SRTP")]
pub struct BadKeys;

/// Both directions of one stream.
pub struct Protector {
    keys: SrtpKeys,
    sealing: Context,
    opening: Opening,
}

/// The receiving direction. A packet of a source never heard before is first opened in `probe`, so that
/// forged ones leave nothing behind in `known`.
struct Opening {
    suite: Suite,
    key: MasterKey,
    known: Context,
    rtp_sources: Vec<u32>,
    rtcp_sources: Vec<u32>,
    probe: Context,
    failures: u32,
}

impl Protector {
    /// Contexts for fresh keys.
    pub fn new(keys: &SrtpKeys) -> Result<Protector, BadKeys> {
        Ok(Protector {
            keys: *keys,
            sealing: context(keys.suite, &keys.local)?,
            opening: Opening::new(keys.suite, &keys.remote)?,
        })
    }

    /// Takes up the keys of a new negotiation. A direction whose key stayed goes on as it is (its
    /// roll-over counter must not start again); one with a new key starts afresh.
    pub fn rekey(&mut self, keys: &SrtpKeys) -> Result<(), BadKeys> {
        let same_suite = keys.suite == self.keys.suite;
        if !same_suite || keys.local != self.keys.local {
            self.sealing = context(keys.suite, &keys.local)?;
        }
        if !same_suite || keys.remote != self.keys.remote {
            self.opening = Opening::new(keys.suite, &keys.remote)?;
        }
        self.keys = *keys;
        Ok(())
    }

    /// Protects an RTP packet into `out` and returns its length; `None` when it cannot be sent, which
    /// is also one with a header extension: none is ever agreed, so a whole header is all that is sent.
    pub fn protect_rtp(&mut self, packet: &[u8], out: &mut [u8]) -> Option<usize> {
        if packet.len() < HEADER_LENGTH || packet.first()? & EXTENDED != 0 {
            return None;
        }
        copy(&self.sealing.encrypt_rtp(packet).ok()?, out)
    }

    /// Protects an RTCP compound into `out`.
    pub fn protect_rtcp(&mut self, packet: &[u8], out: &mut [u8]) -> Option<usize> {
        copy(&self.sealing.encrypt_rtcp(packet).ok()?, out)
    }

    /// Opens an RTP packet into `out` and returns its length; `None` when it is forged, repeated or
    /// broken, and must be dropped.
    pub fn open_rtp(&mut self, packet: &[u8], out: &mut [u8]) -> Option<usize> {
        let ssrc = source(packet, 8).filter(|_| packet.len() >= HEADER_LENGTH)?;
        let opening = &mut self.opening;
        if !opening.rtp_sources.contains(&ssrc) {
            let real = opening.probe.decrypt_rtp(packet).is_ok();
            opening.admit(real, ssrc, |opening| &mut opening.rtp_sources)?;
        }
        copy(&opening.known.decrypt_rtp(packet).ok()?, out)
    }

    /// Opens an RTCP compound into `out`.
    pub fn open_rtcp(&mut self, packet: &[u8], out: &mut [u8]) -> Option<usize> {
        let ssrc = source(packet, 4)?;
        let opening = &mut self.opening;
        if !opening.rtcp_sources.contains(&ssrc) {
            let real = opening.probe.decrypt_rtcp(packet).is_ok();
            opening.admit(real, ssrc, |opening| &mut opening.rtcp_sources)?;
        }
        copy(&opening.known.decrypt_rtcp(packet).ok()?, out)
    }
}

impl Opening {
    fn new(suite: Suite, key: &MasterKey) -> Result<Opening, BadKeys> {
        Ok(Opening {
            suite,
            key: *key,
            known: context(suite, key)?,
            rtp_sources: Vec::with_capacity(MOST_SOURCES),
            rtcp_sources: Vec::with_capacity(MOST_SOURCES),
            probe: context(suite, key)?,
            failures: 0,
        })
    }

    /// Lets a source in that showed a real packet, or counts its failure.
    fn admit(
        &mut self,
        real: bool,
        ssrc: u32,
        sources: fn(&mut Opening) -> &mut Vec<u32>,
    ) -> Option<()> {
        if !real {
            self.failures += 1;
            if self.failures >= MOST_FAILURES {
                self.failures = 0;
                self.probe = context(self.suite, &self.key).ok()?;
            }
            return None;
        }
        if sources(self).len() == MOST_SOURCES {
            *self = Opening::new(self.suite, &self.key).ok()?;
        }
        sources(self).push(ssrc);
        Some(())
    }
}

fn context(suite: Suite, key: &MasterKey) -> Result<Context, BadKeys> {
    let profile = match suite {
        Suite::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        Suite::AesCm128HmacSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
        Suite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
    };
    let provider = RingProvider::new();
    Context::new(
        key.key(),
        key.salt(),
        profile,
        Some(srtp_replay_protection(REPLAY_WINDOW)),
        Some(srtcp_replay_protection(REPLAY_WINDOW)),
        provider.crypto(),
    )
    .map_err(|_| BadKeys)
}

fn source(packet: &[u8], at: usize) -> Option<u32> {
    let bytes = packet.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

fn copy(from: &[u8], out: &mut [u8]) -> Option<usize> {
    out.get_mut(..from.len())?.copy_from_slice(from);
    Some(from.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::packet::Header;
    use crate::rtp::rtcp::Writer;

    fn pair(suite: Suite) -> (Protector, Protector, SrtpKeys) {
        let (local, remote) = (MasterKey::generate(suite), MasterKey::generate(suite));
        let keys = SrtpKeys {
            suite,
            local,
            remote,
        };
        let theirs = SrtpKeys {
            suite,
            local: remote,
            remote: local,
        };
        (
            Protector::new(&keys).unwrap(),
            Protector::new(&theirs).unwrap(),
            keys,
        )
    }

    fn packet(ssrc: u32, sequence: u16) -> Vec<u8> {
        let header = Header {
            ssrc,
            sequence,
            timestamp: u32::from(sequence) * 160,
            ..Header::default()
        };
        let mut bytes = vec![0x55; 172];
        header.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn both_ways_rtp_and_rtcp_across_the_roll_over() {
        for suite in Suite::ALL {
            let (mut near, mut far, _) = pair(suite);
            let (mut sealed, mut opened) = ([0; 400], [0; 400]);
            for n in 65_500..65_600u32 {
                let plain = packet(1, n as u16);
                let length = near.protect_rtp(&plain, &mut sealed).unwrap();
                assert_eq!(length, plain.len() + suite.rtp_overhead());
                assert_ne!(&sealed[12..172], &plain[12..]);
                let opened_length = far.open_rtp(&sealed[..length], &mut opened).unwrap();
                assert_eq!(&opened[..opened_length], &plain[..]);
                // Once is enough.
                assert_eq!(far.open_rtp(&sealed[..length], &mut opened), None);
            }
            let mut report = [0; 100];
            let mut writer = Writer::new(&mut report);
            writer.receiver(5, None).unwrap();
            writer.description(5, "cname").unwrap();
            let length = writer.length();
            let plain = &report[..length];
            let length = far.protect_rtcp(plain, &mut sealed).unwrap();
            assert!(length <= plain.len() + RTCP_OVERHEAD);
            let opened_length = near.open_rtcp(&sealed[..length], &mut opened).unwrap();
            assert_eq!(&opened[..opened_length], plain);
            assert_eq!(near.open_rtcp(&sealed[..length], &mut opened), None);
        }
    }

    #[test]
    fn a_new_key_replaces_only_its_own_direction() {
        let (mut near, mut far, keys) = pair(Suite::AesCm128HmacSha1_80);
        let (mut sealed, mut opened) = ([0; 400], [0; 400]);
        // Past a roll-over, so that a context started afresh would be out of step.
        for n in 65_530..65_545u32 {
            let length = far.protect_rtp(&packet(2, n as u16), &mut sealed).unwrap();
            assert!(near.open_rtp(&sealed[..length], &mut opened).is_some());
        }
        let renewed = SrtpKeys {
            local: MasterKey::generate(keys.suite),
            ..keys
        };
        near.rekey(&renewed).unwrap();
        let length = far.protect_rtp(&packet(2, 9), &mut sealed).unwrap();
        assert!(near.open_rtp(&sealed[..length], &mut opened).is_some());
        let length = near.protect_rtp(&packet(1, 1), &mut sealed).unwrap();
        assert_eq!(far.open_rtp(&sealed[..length], &mut opened), None);
        far.rekey(&SrtpKeys {
            suite: keys.suite,
            local: keys.remote,
            remote: renewed.local,
        })
        .unwrap();
        assert!(far.open_rtp(&sealed[..length], &mut opened).is_some());
    }

    #[test]
    fn strangers_leave_nothing_behind_and_sources_may_change() {
        let (mut near, mut far, _) = pair(Suite::AesCm128HmacSha1_32);
        let (mut sealed, mut opened) = ([0; 400], [0; 400]);
        for ssrc in 0..500u32 {
            assert_eq!(far.open_rtp(&packet(ssrc, 1), &mut opened), None);
        }
        assert!(far.opening.rtp_sources.is_empty());
        for ssrc in 0..40 {
            let length = near.protect_rtp(&packet(ssrc, 1), &mut sealed).unwrap();
            assert!(far.open_rtp(&sealed[..length], &mut opened).is_some());
            assert!(far.opening.rtp_sources.len() <= MOST_SOURCES);
        }
        assert_eq!(near.protect_rtp(&packet(1, 2), &mut [0; 20]), None);
        assert_eq!(near.protect_rtp(&[0; 5], &mut sealed), None);
        // An extension whose element reaches beyond it, and beyond the packet.
        let overrun = [
            0x90, 8, 0, 9, 0, 0, 0, 2, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x27, 1, 2, 3, 4, 7, 8, 0, 2,
        ];
        assert_eq!(near.protect_rtp(&overrun, &mut sealed), None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120), first in any::<bool>()) {
            let mut bytes = bytes;
            if first && !bytes.is_empty() {
                bytes[0] = 0x80;
            }
            for suite in Suite::ALL {
                let (mut near, _, _) = pair(suite);
                let mut out = [0; 400];
                let _ = near.open_rtp(&bytes, &mut out);
                let _ = near.open_rtcp(&bytes, &mut out);
                let _ = near.protect_rtp(&bytes, &mut out);
                let _ = near.protect_rtcp(&bytes, &mut out);
            }
        }
    }
}
