//! The peers: one process, one thread, one certificate, a socket each. They check and nominate, shake hands
//! as DTLS clients, then send 20 ms of G.711 in SRTP and time what their partner hears.

use crate::Outcome;
use bytes::BytesMut;
use mio::{Events, Interest, Poll, Token};
use ring::{digest, hmac};
use rtc_dtls::{
    config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig},
    crypto::Certificate,
    crypto_provider::RTCCryptoProvider,
    endpoint::{Endpoint, EndpointEvent},
    extension::extension_use_srtp::SrtpProtectionProfile,
};
use rtc_srtp::{
    context::Context, crypto::providers::RingProvider, protection_profile::ProtectionProfile,
};
use std::{
    fs,
    io::{ErrorKind, stdin},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};

/// Time between two packets of a peer.
const PTIME: Duration = Duration::from_millis(20);
/// An RTP packet with 20 ms of G.711.
const PACKET: usize = 172;
/// Load before the measurement begins.
const WARM_UP: Duration = Duration::from_secs(1);
/// Time between two checks of a peer (RFC 7675 §5.1).
const CONSENT: Duration = Duration::from_secs(5);
/// Time for an answer during set-up.
const PATIENCE: Duration = Duration::from_millis(500);

struct Peer {
    socket: mio::net::UdpSocket,
    check: Vec<u8>,
    sealing: Context,
    opening: Context,
    sequence: u16,
    ssrc: u32,
}

/// What came.
struct Figures {
    received: u64,
    delays_us: Vec<u32>,
}

pub fn run() -> Outcome<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(last) = cores.last() {
        core_affinity::set_for_current(*last);
    }
    let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::new());
    let certificate =
        Certificate::generate_self_signed(vec!["peer".to_owned()], provider.crypto())?;
    let der = certificate.certificate.first().ok_or("no certificate")?;
    let hash = digest::digest(&digest::SHA256, der.as_ref());
    let hash: Vec<String> = hash.as_ref().iter().map(|b| format!("{b:02X}")).collect();
    println!("FINGERPRINT sha-256 {}", hash.join(":"));
    let config = ConfigBuilder::default()
        .with_crypto_provider(provider)
        .with_certificates(vec![certificate])
        .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        .with_server_name("server".to_owned())
        .with_insecure_skip_verify(true)
        .build(true, None)?;
    let config = Arc::new(config);

    let order = line()?;
    let mut words = order.split_whitespace();
    let gateway: SocketAddr = words.next().ok_or("no gateway")?.parse()?;
    let legs: usize = words.next().ok_or("no number")?.parse()?;
    let seconds: u64 = words.next().ok_or("no time")?.parse()?;
    let mut peers = Vec::with_capacity(legs);
    for _ in 0..legs {
        let credentials = line()?;
        let (ufrag, pwd) = credentials.split_once(' ').ok_or("no password")?;
        peers.push(Peer::connect(gateway, ufrag, pwd, &config)?);
    }
    println!("SHAKEN");
    load(&mut peers, Duration::from_secs(seconds))
}

fn line() -> Outcome<String> {
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// A binding request that nominates, signed and not sealed.
fn check(ufrag: &str, pwd: &str) -> Vec<u8> {
    let mut out = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    out.extend([5; 12]);
    let username = format!("{ufrag}:peer");
    let mut put = |kind: u16, value: &[u8]| {
        out.extend(kind.to_be_bytes());
        out.extend((value.len() as u16).to_be_bytes());
        out.extend(value);
        out.resize(out.len().next_multiple_of(4), 0);
    };
    put(0x0006, username.as_bytes());
    put(0x0024, &[0x6e, 0, 1, 0xff]);
    put(0x802a, &[7; 8]);
    put(0x0025, &[]);
    let length = (out.len() - 20 + 24) as u16;
    out[2..4].copy_from_slice(&length.to_be_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes());
    let tag = hmac::sign(&key, &out);
    out.extend([0, 8, 0, 20]);
    out.extend(tag.as_ref());
    out
}

impl Peer {
    fn connect(
        gateway: SocketAddr,
        ufrag: &str,
        pwd: &str,
        config: &Arc<HandshakeConfig>,
    ) -> Outcome<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(gateway)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let check = check(ufrag, pwd);
        let mut buffer = [0; 2048];
        socket.send(&check)?;
        while socket.recv(&mut buffer)? < 20 || buffer[..2] != [1, 1] {}
        let mut endpoint = Endpoint::new(socket.local_addr()?, Default::default(), None);
        endpoint.connect(Instant::now(), gateway, config.clone(), None)?;
        let keys = loop {
            while let Some(sent) = endpoint.poll_transmit() {
                socket.send(&sent.message)?;
            }
            let length = match socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    endpoint.handle_timeout(gateway, Instant::now())?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if !(20..64).contains(&buffer[0]) {
                continue;
            }
            let datagram = BytesMut::from(&buffer[..length]);
            let events = endpoint.read(Instant::now(), gateway, None, datagram)?;
            if events
                .iter()
                .any(|e| matches!(e, EndpointEvent::HandshakeComplete))
            {
                let state = endpoint.get_connection_state(gateway).ok_or("no state")?;
                break state.export_keying_material("EXTRACTOR-dtls_srtp", &[], 56)?;
            }
        };
        let keys: &[u8] = keys.as_ref();
        let context = |key: usize, salt: usize| {
            let profile = ProtectionProfile::AeadAes128Gcm;
            let provider = RingProvider::new();
            let (key, salt) = (&keys[key..key + 16], &keys[salt..salt + 12]);
            Context::new(key, salt, profile, None, None, provider.crypto())
        };
        let (sealing, opening) = (context(0, 32)?, context(16, 44)?);
        socket.set_nonblocking(true)?;
        Ok(Self {
            ssrc: u32::from(socket.local_addr()?.port()),
            socket: mio::net::UdpSocket::from_std(socket),
            check,
            sealing,
            opening,
            sequence: 0,
        })
    }

    /// Sends the next packet with the time in its payload.
    fn send(&mut self, at: Duration) -> Outcome<()> {
        let mut packet = [0xff; PACKET];
        self.sequence = self.sequence.wrapping_add(1);
        packet[..2].copy_from_slice(&[0x80, 0]);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence) * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        packet[12..20].copy_from_slice(&(at.as_micros() as u64).to_be_bytes());
        let sealed = self.sealing.encrypt_rtp(&packet)?;
        if let Err(error) = self.socket.send(&sealed)
            && error.kind() != ErrorKind::WouldBlock
        {
            return Err(error.into());
        }
        Ok(())
    }

    fn receive(&mut self, at: Duration, figures: &mut Figures) {
        let mut packet = [0; 2048];
        while let Ok(length) = self.socket.recv(&mut packet) {
            // Reports and answers to checks are not counted.
            if length < PACKET || packet[0] != 0x80 || packet[1] & 0x7f != 0 {
                continue;
            }
            let Ok(clear) = self.opening.decrypt_rtp(&packet[..length]) else {
                continue;
            };
            let mut sent = [0; 8];
            sent.copy_from_slice(&clear[12..20]);
            let delay = (at.as_micros() as u64).saturating_sub(u64::from_be_bytes(sent));
            figures.received += 1;
            figures.delays_us.push(delay as u32);
        }
    }
}

fn load(peers: &mut [Peer], length: Duration) -> Outcome<()> {
    let mut poll = Poll::new()?;
    for (place, peer) in peers.iter_mut().enumerate() {
        poll.registry()
            .register(&mut peer.socket, Token(place), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(1024);
    let mut figures = Figures {
        received: 0,
        delays_us: Vec::with_capacity(1 << 22),
    };
    let start = Instant::now();
    let gap = PTIME.as_nanos() as u64 / peers.len() as u64;
    let check_gap = CONSENT.as_nanos() as u64 / peers.len() as u64;
    let (mut sent, mut checked) = (0u64, 0u64);
    let mut measured_from = None;
    loop {
        let now = start.elapsed();
        if measured_from.is_none() && now >= WARM_UP {
            measured_from = Some((sent, figures.received, own_cpu_ns()?));
            figures.delays_us.clear();
            println!("BEGIN");
        }
        let over = now >= WARM_UP + length;
        while !over && sent * gap <= start.elapsed().as_nanos() as u64 {
            let place = sent as usize % peers.len();
            if let Some(peer) = peers.get_mut(place) {
                peer.send(start.elapsed())?;
            }
            sent += 1;
        }
        while checked * check_gap <= now.as_nanos() as u64 {
            if let Some(peer) = peers.get(checked as usize % peers.len()) {
                let _ = peer.socket.send(&peer.check);
            }
            checked += 1;
        }
        let wait = if over {
            PTIME * 5
        } else {
            Duration::from_micros(200)
        };
        poll.poll(&mut events, Some(wait))?;
        if over && events.is_empty() {
            break;
        }
        let at = start.elapsed();
        for event in &events {
            if let Some(peer) = peers.get_mut(event.token().0) {
                peer.receive(at, &mut figures);
            }
        }
    }
    let (sent_before, received_before, cpu) = measured_from.ok_or("the run was too short")?;
    figures.delays_us.sort_unstable();
    let delay = |share: f64| {
        let place = (figures.delays_us.len() as f64 * share) as usize;
        f64::from(figures.delays_us.get(place).copied().unwrap_or(0)) / 1000.0
    };
    let share = (own_cpu_ns()? - cpu) as f64 / length.as_nanos() as f64 * 100.0;
    println!(
        "END {} {} {} {} {share}",
        sent - sent_before,
        figures.received - received_before,
        delay(0.5),
        delay(0.99),
    );
    Ok(())
}

fn own_cpu_ns() -> Outcome<u64> {
    let figures = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = figures.split_whitespace().next().unwrap_or_default();
    Ok(first.parse()?)
}
