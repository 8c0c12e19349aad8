//! One DTLS handshake (RFC 6347, RFC 5764): datagrams and time in, datagrams out, SRTP keys at its end,
//! and only after the peer's certificate was found to be the one that its description names. Nothing of
//! the crate behind it is seen outside this file.

use super::certificate::{Identity, is_named};
use crate::{
    rtp::srtp::{MasterKey, SrtpKeys, Suite},
    sdp::Dtls,
};
use bytes::BytesMut;
use rtc_dtls::{
    config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig},
    crypto_provider::RTCCryptoProvider,
    endpoint::{Endpoint, EndpointEvent},
    extension::extension_use_srtp::SrtpProtectionProfile as Profile,
};
use rtc_shared::{TransportProtocol, error::Error};
use rtc_srtp::crypto::providers::RingProvider;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

/// Time after which a flight is repeated first; doubled each time. Longer than a peer waits itself
/// (RFC 6347 §4.2.4.1: a second): when a peer repeats its flight it is reminded of ours at once, and some
/// that hear ours again while they wait for us never repeat theirs.
const FIRST_REPEAT: Duration = Duration::from_millis(1200);

/// Longest time between two repeats.
const LONGEST_REPEAT: Duration = Duration::from_secs(4);

/// Repeats that the crate makes of one flight; asked once more, it takes the handshake for failed.
const FRESH_REPEATS: u8 = 7;

/// Largest datagram sent, so that no path cuts it.
const MTU: usize = 1200;

/// Datagrams taken before the handshake is through; no honest one needs a tenth of it.
const MOST_DATAGRAMS: u32 = 256;
/// Bytes taken of one peer, before and after. The crate keeps a fragment for every 12 of them and joins
/// fragments by recursion: this bounds its memory and our stack.
const MOST_BYTES: usize = 32 * 1024;

/// The label that SRTP keys are exported under (RFC 5764 §4.2).
const LABEL: &str = "EXTRACTOR-dtls_srtp";

/// Our name for the peer within the crate: it moves between addresses, the handshake does not care.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// What a client of ours calls its server; nobody looks at it.
const NAME: &str = "strowger.invalid";

/// Content type of a record that carries a part of a handshake (RFC 6347 §4.1).
const HANDSHAKE_RECORD: u8 = 22;

/// Protection profiles we know.
const PROFILES: [Profile; 3] = [
    Profile::Srtp_Aead_Aes_128_Gcm,
    Profile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    Profile::Srtp_Aes128_Cm_Hmac_Sha1_32,
];

/// Why there will be no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The certificate is not the one that was named.
    Fingerprint,
    /// There is no protection profile that both know.
    Profile,
    /// What came breaks the protocol, or the peer gave up.
    Protocol,
    /// It took too long, or too many datagrams.
    Timeout,
}

/// What the handshakes of one engine share.
#[derive(Clone)]
pub(super) struct Crypto {
    provider: Arc<dyn RTCCryptoProvider>,
    identity: Identity,
}

/// A handshake, and what is left of it afterwards to repeat its last flight.
///
/// When a flight is repeated is decided here: the crate gives up after seven times, and forgets its timer
/// once anything came, were it only a repetition. It is asked to repeat as long as it does, since it gives
/// the records new numbers, which a peer that wants to be reminded insists on; then the flight goes out as
/// it was, which a peer that never had it takes as well.
pub(super) struct Handshake {
    endpoint: Endpoint,
    config: Arc<HandshakeConfig>,
    names: Dtls,
    datagrams: u32,
    bytes: usize,
    /// What was sent last and is not answered, as it was sent.
    flight: Vec<BytesMut>,
    /// The last message of the peer that had come when it was sent.
    answered: Option<u16>,
    /// The last message of the peer.
    heard: Option<u16>,
    /// How often the crate may still be asked to repeat it.
    fresh: u8,
    due: Instant,
    pause: Duration,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A client that has said nothing yet.
    Silent,
    Running,
    Done,
}

impl Crypto {
    /// Makes a certificate.
    pub fn new() -> Result<Self, super::NoCertificate> {
        let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::new());
        let identity = Identity::generate(provider.as_ref())?;
        Ok(Self { provider, identity })
    }

    /// The fingerprint that our descriptions name.
    pub fn fingerprint(&self) -> &crate::sdp::Fingerprint {
        &self.identity.fingerprint
    }
}

impl Handshake {
    /// Prepares a handshake with a peer; a client's is begun by [`begin`](Self::begin).
    pub fn new(crypto: &Crypto, peer: &Dtls, now: Instant) -> Result<Self, Failure> {
        let named = peer.fingerprints.clone();
        let verify = move |chain: &[Vec<u8>], _: &[_]| match chain.first() {
            Some(der) if is_named(der, &named) => Ok(()),
            _ => Err(Error::ErrInvalidCertificate),
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(crypto.provider.clone())
            .with_certificates(vec![crypto.identity.certificate.clone()])
            .with_srtp_protection_profiles(PROFILES.to_vec())
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_server_name(NAME.to_owned())
            .with_mtu(MTU)
            // No authority vouches for it: the fingerprint does.
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(Arc::new(verify)))
            .build(peer.client, None)
            .map_err(|_| Failure::Protocol)?;
        let config = Arc::new(config);
        let server = (!peer.client).then(|| config.clone());
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Ok(Self {
            endpoint: Endpoint::new(here, TransportProtocol::UDP, server),
            config,
            names: peer.clone(),
            datagrams: 0,
            bytes: 0,
            flight: Vec::new(),
            answered: None,
            heard: None,
            fresh: 0,
            due: now,
            pause: FIRST_REPEAT,
            stage: if peer.client {
                Stage::Silent
            } else {
                Stage::Running
            },
        })
    }

    /// Whom it is with.
    pub fn peer(&self) -> &Dtls {
        &self.names
    }

    /// Says hello, if that is ours to do and was not done. What is to be sent goes to `out`.
    pub fn begin(&mut self, now: Instant, out: &mut Vec<BytesMut>) -> Result<(), Failure> {
        if self.stage != Stage::Silent {
            return Ok(());
        }
        self.stage = Stage::Running;
        self.endpoint
            .connect(now, PEER, self.config.clone(), None)
            .map_err(|_| Failure::Protocol)?;
        self.collect(now, out);
        Ok(())
    }

    /// Takes a datagram. Answers with the keys once, when the handshake is through. What is to be sent
    /// goes to `out`, after a failure too.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        now: Instant,
        out: &mut Vec<BytesMut>,
    ) -> Result<Option<SrtpKeys>, Failure> {
        self.datagrams = self.datagrams.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes.len());
        let spent = self.datagrams > MOST_DATAGRAMS || self.bytes > MOST_BYTES;
        if self.stage == Stage::Done {
            // The peer repeats its last flight because ours was lost. Nothing else is of interest.
            if !spent && bytes.first() == Some(&HANDSHAKE_RECORD) {
                let _ = self.endpoint.read(now, PEER, None, BytesMut::from(bytes));
                if !self.collect(now, out) {
                    out.extend(self.flight.iter().cloned());
                }
            }
            return Ok(None);
        }
        if spent {
            return Err(Failure::Timeout);
        }
        let message = message_number(bytes);
        let repeats = message.is_some() && message <= self.answered;
        self.heard = self.heard.max(message);
        let read = self.endpoint.read(now, PEER, None, BytesMut::from(bytes));
        if !self.collect(now, out) && repeats {
            self.repeat(now, out);
        }
        let events = read.map_err(|error| match error {
            Error::ErrInvalidCertificate => Failure::Fingerprint,
            Error::ErrServerNoMatchingSrtpProfile
            | Error::ErrClientNoMatchingSrtpProfile
            | Error::ErrRequestedButNoSrtpExtension => Failure::Profile,
            error => {
                tracing::debug!(%error, "a DTLS handshake failed");
                Failure::Protocol
            }
        })?;
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => {
                    self.stage = Stage::Done;
                    return self.keys().map(Some);
                }
                EndpointEvent::PeerClosed => return Err(Failure::Protocol),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Repeats what was not answered in time.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<BytesMut>) {
        if self.stage != Stage::Running || self.flight.is_empty() || now < self.due {
            return;
        }
        let pause = (self.pause * 2).min(LONGEST_REPEAT);
        self.repeat(now, out);
        self.pause = pause;
        self.due = now + pause;
    }

    fn repeat(&mut self, now: Instant, out: &mut Vec<BytesMut>) {
        if let Some(due) = self.endpoint.poll_timeout(&PEER)
            && self.fresh > 0
        {
            let left = self.fresh - 1;
            let _ = self.endpoint.handle_timeout(PEER, now.max(due));
            let done = self.collect(now, out);
            self.fresh = left;
            if done {
                return;
            }
        }
        out.extend(self.flight.iter().cloned());
    }

    /// Takes what the crate wants to send, if anything; it is the next flight.
    fn collect(&mut self, now: Instant, out: &mut Vec<BytesMut>) -> bool {
        let mut fresh = std::iter::from_fn(|| self.endpoint.poll_transmit()).peekable();
        if fresh.peek().is_none() {
            return false;
        }
        self.answered = self.heard;
        self.flight = fresh.map(|sent| sent.message).collect();
        self.fresh = FRESH_REPEATS;
        self.pause = FIRST_REPEAT;
        self.due = now + self.pause;
        out.extend(self.flight.iter().cloned());
        true
    }

    /// The keys of a finished handshake (RFC 5764 §4.2), once the certificate is looked at again: what the
    /// crate calls back for depends on what the peer chose to send.
    fn keys(&self) -> Result<SrtpKeys, Failure> {
        let state = self.endpoint.get_connection_state(PEER);
        let state = state.ok_or(Failure::Protocol)?;
        let certificate = state.peer_certificates.first();
        if !certificate.is_some_and(|der| is_named(der, &self.names.fingerprints)) {
            return Err(Failure::Fingerprint);
        }
        let suite = match state.srtp_protection_profile() {
            Profile::Srtp_Aead_Aes_128_Gcm => Suite::AeadAes128Gcm,
            Profile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Suite::AesCm128HmacSha1_80,
            Profile::Srtp_Aes128_Cm_Hmac_Sha1_32 => Suite::AesCm128HmacSha1_32,
            _ => return Err(Failure::Profile),
        };
        let (key, salt) = (suite.key_length(), suite.salt_length());
        let exported = state
            .export_keying_material(LABEL, &[], 2 * (key + salt))
            .map_err(|_| Failure::Protocol)?;
        // Both keys, then both salts, the client's before the server's.
        let master = |key_at: usize, salt_at: usize| {
            let bytes: &[u8] = exported.as_ref();
            let key = bytes.get(key_at..key_at + key)?;
            MasterKey::from_parts(key, bytes.get(salt_at..salt_at + salt)?)
        };
        let client = master(0, 2 * key).ok_or(Failure::Protocol)?;
        let server = master(key, 2 * key + salt).ok_or(Failure::Protocol)?;
        let (local, remote) = if self.names.client {
            (client, server)
        } else {
            (server, client)
        };
        Ok(SrtpKeys {
            suite,
            local,
            remote,
        })
    }
}

/// The number of the message that a datagram begins with, when it is one of a handshake in the clear
/// (RFC 6347 §4.1, §4.2.2).
fn message_number(bytes: &[u8]) -> Option<u16> {
    let epoch = bytes.get(3..5)?;
    if bytes.first() != Some(&HANDSHAKE_RECORD) || epoch != [0, 0] {
        return None;
    }
    let number = bytes.get(17..)?.first_chunk()?;
    Some(u16::from_be_bytes(*number))
}
