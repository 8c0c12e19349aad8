//! A peer's side of things, written by hand: checks, and a DTLS endpoint of the crate that ours uses too.

use crate::{
    sdp::{Dtls, Fingerprint, Hash},
    webrtc::{certificate::fingerprint, ice::Path},
};
use bytes::BytesMut;
use ring::hmac;
use rtc_dtls::{
    config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType},
    crypto::Certificate,
    crypto_provider::RTCCryptoProvider,
    endpoint::{Endpoint, EndpointEvent},
    extension::extension_use_srtp::SrtpProtectionProfile,
};
use rtc_srtp::crypto::providers::RingProvider;
use std::{net::SocketAddr, sync::Arc, time::Instant};

/// An ICE check.
#[derive(Clone)]
pub struct Check {
    username: String,
    password: Option<String>,
    attributes: Vec<(u16, Vec<u8>)>,
    sealed: bool,
}

impl Check {
    /// A check of a controlling peer for who has this user fragment and password.
    pub fn to(ufrag: &str, pwd: &str) -> Self {
        Self {
            username: format!("{ufrag}:theirs"),
            password: Some(pwd.to_owned()),
            attributes: vec![(0x802a, vec![7; 8])],
            sealed: true,
        }
        .priority(0x6e00_01ff)
    }

    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.attributes.push((kind, value.to_vec()));
        self
    }

    pub fn priority(mut self, priority: u32) -> Self {
        self.attributes.retain(|(kind, _)| *kind != 0x0024);
        self.with(0x0024, &priority.to_be_bytes())
    }

    pub fn nominating(self) -> Self {
        self.with(0x0025, &[])
    }

    pub fn controlled(mut self) -> Self {
        self.attributes.retain(|(kind, _)| *kind != 0x802a);
        self.with(0x8029, &[7; 8])
    }

    pub fn unsigned(mut self) -> Self {
        self.password = None;
        self
    }

    pub fn unsealed(mut self) -> Self {
        self.sealed = false;
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut out = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        out.extend([9; 12]);
        put(&mut out, 0x0006, self.username.as_bytes());
        for (kind, value) in &self.attributes {
            put(&mut out, *kind, value);
        }
        if let Some(password) = &self.password {
            let length = (out.len() - 20 + 24) as u16;
            out[2..4].copy_from_slice(&length.to_be_bytes());
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
            let tag = hmac::sign(&key, &out);
            put(&mut out, 0x0008, tag.as_ref());
        }
        if self.sealed {
            let length = (out.len() - 20 + 8) as u16;
            out[2..4].copy_from_slice(&length.to_be_bytes());
            let sum = crc(&out) ^ 0x5354_554e;
            put(&mut out, 0x8028, &sum.to_be_bytes());
        }
        out
    }
}

fn put(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend(kind.to_be_bytes());
    out.extend((value.len() as u16).to_be_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    let length = (out.len() - 20) as u16;
    out[2..4].copy_from_slice(&length.to_be_bytes());
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// The code of a STUN answer: 0 for success.
pub fn code(answer: &[u8]) -> u16 {
    match answer[..2] {
        [1, 1] => 0,
        _ => u16::from(answer[26]) * 100 + u16::from(answer[27]),
    }
}

/// A path from a port of the documentation's network.
pub(in crate::webrtc) fn path(port: u16) -> Path {
    Path {
        listener: 0,
        remote: SocketAddr::from(([192, 0, 2, 1], port)),
    }
}

/// The peer's DTLS.
pub struct Remote {
    endpoint: Endpoint,
    pub fingerprint: Fingerprint,
    pub client: bool,
    config: Arc<rtc_dtls::config::HandshakeConfig>,
    /// Client keys, server keys, client salt, server salt, when it is through.
    pub exported: Option<Vec<u8>>,
    pub failed: bool,
}

const US: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4);

impl Remote {
    pub fn new(client: bool) -> Self {
        Self::offering(client, vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
    }

    pub fn offering(client: bool, profiles: Vec<SrtpProtectionProfile>) -> Self {
        let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::new());
        let certificate =
            Certificate::generate_self_signed(vec!["peer".to_owned()], provider.crypto()).unwrap();
        let fingerprint = fingerprint(Hash::Sha256, certificate.certificate[0].as_ref());
        let config = ConfigBuilder::default()
            .with_crypto_provider(provider)
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(profiles)
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_server_name("us".to_owned())
            .with_insecure_skip_verify(true)
            .build(client, None)
            .unwrap();
        let config = Arc::new(config);
        let server = (!client).then(|| config.clone());
        Self {
            endpoint: Endpoint::new(US, Default::default(), server),
            fingerprint,
            client,
            config,
            exported: None,
            failed: false,
        }
    }

    /// What our side is told of it.
    pub fn dtls(&self) -> Dtls {
        Dtls {
            ufrag: "theirs".to_owned(),
            pwd: "their password".to_owned(),
            fingerprints: vec![self.fingerprint.clone()],
            client: !self.client,
        }
    }

    pub fn begin(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.client {
            self.endpoint
                .connect(now, US, self.config.clone(), None)
                .unwrap();
        }
        self.sent()
    }

    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Vec<Vec<u8>> {
        let read = self.endpoint.read(now, US, None, BytesMut::from(bytes));
        match read {
            Ok(events) => {
                let done =
                    |event: &EndpointEvent| matches!(event, EndpointEvent::HandshakeComplete);
                if events.iter().any(done) {
                    let state = self.endpoint.get_connection_state(US).unwrap();
                    let exported = state.export_keying_material("EXTRACTOR-dtls_srtp", &[], 56);
                    self.exported = Some(exported.unwrap().as_ref().to_vec());
                }
            }
            Err(_) => self.failed = true,
        }
        self.sent()
    }

    pub fn tick(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let _ = self.endpoint.handle_timeout(US, now);
        self.sent()
    }

    fn sent(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|sent| sent.message.to_vec())
            .collect()
    }
}
