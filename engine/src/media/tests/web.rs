//! WebRTC legs: a peer over real sockets is let in, heard, bridged with a phone, followed, and given up.

use super::kit::{Bench, LOOPBACK, Party, eventually, stream};
use crate::{
    config::WebRtc,
    media::{MediaEvent, Opened, Stream},
    rtp::{
        Codec, Payload, TelephoneEvent,
        codec::Encoder,
        packet::{Header, Packet},
        rtcp::{self, Packets},
        srtp::{MasterKey, Protector, SrtpKeys, Suite},
    },
    sdp::Web,
    webrtc::tests::kit::{Check, Remote},
};
use std::{
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(10);

/// A browser's transport.
struct Browser {
    opened: Opened,
    web: Web,
    gateway: SocketAddr,
    socket: UdpSocket,
    remote: Remote,
    protector: Option<Protector>,
    header: Header,
}

fn bench() -> Bench {
    let bench = Bench::with(|media| media.threads = 2);
    let config = WebRtc {
        listen: vec![SocketAddr::new(LOOPBACK, 0)],
        ..WebRtc::default()
    };
    let started = bench.plane.start_gateway(&config, &bench.registry);
    assert_eq!(started.unwrap().len(), 1);
    bench
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

impl Browser {
    /// Opens a leg for a browser that is still to come.
    fn new(bench: &Bench, client: bool) -> Self {
        let (opened, web) = bench.plane.open_web(7).unwrap();
        assert_eq!(web.candidates, [opened.rtp]);
        Self {
            opened,
            gateway: opened.rtp,
            web,
            socket: socket(),
            remote: Remote::new(client),
            protector: None,
            header: Header {
                marker: false,
                pt: 0,
                sequence: 1,
                timestamp: 1,
                ssrc: 0xb0b,
            },
        }
    }

    /// One that is in, and agreed on these codecs.
    fn joined(bench: &Bench, client: bool, codecs: Vec<Payload>) -> Self {
        let mut browser = Self::new(bench, client);
        bench
            .plane
            .configure(browser.opened.id, browser.stream(codecs));
        browser.nominates();
        browser.shakes();
        browser
    }

    fn stream(&self, codecs: Vec<Payload>) -> Stream {
        let event = |pt, clock| TelephoneEvent {
            pt,
            recv_pt: pt,
            clock,
        };
        Stream {
            remote: None,
            remote_rtcp: None,
            rtcp_mux: true,
            dtmf: vec![event(126, 8000), event(110, 48000)],
            comfort_noise: None,
            codecs,
            dtls: Some(self.remote.dtls()),
            ..stream(&Party::new(self.gateway))
        }
    }

    /// A check that nominates; waits for its answer.
    fn nominates(&mut self) {
        let check = Check::to(&self.web.ufrag, &self.web.pwd).nominating();
        self.socket.send_to(&check.build(), self.gateway).unwrap();
        let answer = self.receives(|bytes| bytes[0] < 4);
        assert_eq!(answer[..2], [1, 1], "a success");
    }

    fn shakes(&mut self) {
        let now = Instant::now();
        for hello in self.remote.begin(now) {
            self.socket.send_to(&hello, self.gateway).unwrap();
        }
        while self.remote.exported.is_none() {
            let datagram = self.receives(|bytes| (20..64).contains(&bytes[0]));
            for answer in self.remote.receive(&datagram, Instant::now()) {
                self.socket.send_to(&answer, self.gateway).unwrap();
            }
        }
        let exported = self.remote.exported.clone().unwrap();
        let key = |key: usize, salt: usize| {
            MasterKey::from_parts(&exported[key..key + 16], &exported[salt..salt + 12]).unwrap()
        };
        let (client, server) = (key(0, 32), key(16, 44));
        let (local, remote) = if self.remote.client {
            (client, server)
        } else {
            (server, client)
        };
        let keys = SrtpKeys {
            suite: Suite::AeadAes128Gcm,
            local,
            remote,
        };
        self.protector = Some(Protector::new(&keys).unwrap());
    }

    fn receives(&self, is_it: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut bytes = [0; 2048];
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            let (length, from) = self.socket.recv_from(&mut bytes).expect("something came");
            assert_eq!(from, self.gateway, "all comes from the one port");
            if is_it(&bytes[..length]) {
                return bytes[..length].to_vec();
            }
        }
        panic!("what was awaited did not come");
    }

    fn says(&mut self, pt: u8, ticks: u32, payload: &[u8]) {
        self.header.pt = pt;
        self.header.sequence += 1;
        self.header.timestamp += ticks;
        let mut clear = vec![0; 12];
        self.header.write(&mut clear).unwrap();
        clear.extend_from_slice(payload);
        let mut sealed = [0; 2048];
        let protector = self.protector.as_mut().unwrap();
        let length = protector.protect_rtp(&clear, &mut sealed).unwrap();
        self.socket
            .send_to(&sealed[..length], self.gateway)
            .unwrap();
    }

    fn hears(&mut self) -> (Header, Vec<u8>) {
        let media = |b: &[u8]| (128..192).contains(&b[0]) && !crate::rtp::packet::is_rtcp(b);
        let sealed = self.receives(media);
        let mut clear = [0; 2048];
        let protector = self.protector.as_mut().unwrap();
        let length = protector.open_rtp(&sealed, &mut clear).unwrap();
        let packet = Packet::parse(&clear[..length]).unwrap();
        (packet.header, packet.payload.to_vec())
    }

    /// Says something until a phone hears it: the handshake is through on our side before the leg has
    /// its line.
    fn is_heard_by(&mut self, phone: &Party, payload: &[u8]) {
        let start = Instant::now();
        loop {
            self.says(0, 160, payload);
            if let Some(got) = phone.hears_within(Duration::from_millis(50)) {
                assert_eq!(got.payload, payload);
                return;
            }
            assert!(start.elapsed() < LIMIT, "never heard");
        }
    }
}

fn pcmu() -> Vec<Payload> {
    vec![Payload::new(Codec::Pcmu, 0)]
}

/// The event whose digit is over, as its last packet says.
fn end_of(digit: u8, ticks: u16) -> [u8; 4] {
    let [high, low] = ticks.to_be_bytes();
    [digit, 0x80 | 10, high, low]
}

#[test]
fn a_browser_and_a_phone_hear_each_other_untouched() {
    for client in [true, false] {
        let bench = bench();
        let mut browser = Browser::joined(&bench, client, pcmu());
        let (opened, mut phone) = bench.leg(|_| {});
        bench.plane.bridge(browser.opened.id, opened.id);
        bench.plane.settle();
        browser.is_heard_by(&phone, &[0x55; 160]);
        for n in 0..5u8 {
            browser.says(0, 160, &[n; 160]);
            assert_eq!(phone.hears().payload, [n; 160]);
            phone.says(&[n + 100; 160]);
            let (header, payload) = browser.hears();
            assert_eq!(payload, [n + 100; 160]);
            assert_eq!(header.ssrc, browser.opened.ssrc);
        }
        let report = browser.receives(crate::rtp::packet::is_rtcp);
        let mut clear = [0; 2048];
        let protector = browser.protector.as_mut().unwrap();
        let length = protector.open_rtcp(&report, &mut clear).unwrap();
        assert!(Packets::new(&clear[..length]).any(|packet| match packet {
            rtcp::Packet::Sender { ssrc, .. } | rtcp::Packet::Receiver { ssrc, .. } => {
                ssrc == browser.opened.ssrc
            }
            _ => false,
        }));
        let quality = bench.plane.quality(browser.opened.id).unwrap();
        assert!(quality.rx_packets >= 6 && quality.mos.is_some());
        assert_eq!(
            bench.metric("strowger_engine_webrtc_handshakes_total", Some("ok")),
            1.0
        );
        assert_eq!(bench.metric("strowger_engine_webrtc_peers", None), 1.0);
        bench.plane.close(browser.opened.id).unwrap();
        eventually("the peer is forgotten", || {
            bench.metric("strowger_engine_webrtc_peers", None) == 0.0
        });
    }
}

#[test]
fn opus_and_a_phones_codec_are_transcoded_and_keys_go_both_ways() {
    let bench = bench();
    let opus = Payload::new(Codec::Opus, 111);
    let mut browser = Browser::joined(&bench, true, vec![opus]);
    let (opened, mut phone) = bench.leg(|_| {});
    bench.plane.bridge(browser.opened.id, opened.id);
    bench.plane.settle();
    let mut encoder = Encoder::new(opus, 16_000).unwrap();
    let mut heard = 0;
    let start = Instant::now();
    while heard < 5 {
        assert!(start.elapsed() < LIMIT, "the phone hears PCMU");
        let mut frame = [0; 1500];
        let length = encoder.encode(&[1000; 320], &mut frame).unwrap();
        browser.says(111, 960, &frame[..length]);
        if let Some(got) = phone.hears_within(Duration::from_millis(50)) {
            assert_eq!((got.header.pt, got.payload.len()), (0, 160));
            heard += 1;
        }
    }
    phone.says(&[0x55; 160]);
    let (header, payload) = browser.hears();
    assert_eq!(header.pt, 111);
    assert!(!payload.is_empty() && payload.len() < 160);

    // A key of the browser at 48 kHz is a key of the phone at 8 kHz, and the engine hears of it.
    while phone.hears_within(Duration::from_millis(50)).is_some() {}
    browser.header.timestamp += 960;
    for _ in 0..3 {
        browser.says(110, 0, &end_of(5, 4800));
        let got = phone.hears();
        assert_eq!(got.header.pt, 101);
        assert_eq!(got.payload, end_of(5, 800));
    }
    let told = bench.news.wait(browser.opened.id, 1);
    assert!(matches!(told[0], MediaEvent::Digit { digit: '5', .. }));
    phone.pt = 101;
    phone.says(&end_of(7, 800));
    let key = loop {
        let (header, payload) = browser.hears();
        if header.pt != 111 {
            break (header.pt, payload);
        }
    };
    assert!([110, 126].contains(&key.0));
    assert_eq!(key.1[0], 7);
}

#[test]
fn a_browser_that_moves_to_another_address_goes_on() {
    let bench = bench();
    let mut browser = Browser::joined(&bench, true, pcmu());
    let (opened, mut phone) = bench.leg(|_| {});
    bench.plane.bridge(browser.opened.id, opened.id);
    bench.plane.settle();
    browser.is_heard_by(&phone, &[1; 160]);
    phone.says(&[2; 160]);
    assert_eq!(browser.hears().1, [2; 160]);
    browser.socket = socket();
    browser.nominates();
    browser.nominates();
    browser.is_heard_by(&phone, &[3; 160]);
    phone.says(&[4; 160]);
    assert_eq!(browser.hears().1, [4; 160]);
    // And its checks are answered there, through the leg's own socket.
    for _ in 0..3 {
        browser.nominates();
    }
}

#[test]
fn strangers_are_neither_heard_nor_answered() {
    let bench = bench();
    let mut browser = Browser::joined(&bench, true, pcmu());
    let (opened, mut phone) = bench.leg(|_| {});
    bench.plane.bridge(browser.opened.id, opened.id);
    bench.plane.settle();
    browser.is_heard_by(&phone, &[1; 160]);
    let stranger = socket();
    stranger
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let unknown = Check::to("nobody", "nothing").nominating().build();
    let mut media = vec![0x80, 0, 0, 1];
    media.extend([0; 168]);
    for datagram in [unknown, media, vec![22; 60], vec![200; 9], vec![]] {
        stranger.send_to(&datagram, browser.gateway).unwrap();
    }
    assert!(stranger.recv(&mut [0; 99]).is_err(), "no answer");
    let forged = Check::to(&browser.web.ufrag, "a guess")
        .nominating()
        .build();
    stranger.send_to(&forged, browser.gateway).unwrap();
    let mut answer = [0; 99];
    stranger.set_read_timeout(Some(LIMIT)).unwrap();
    stranger.recv(&mut answer).unwrap();
    assert_eq!(answer[..2], [1, 0x11], "an error");
    phone.hears_nothing();
    phone.says(&[2; 160]);
    assert_eq!(browser.hears().1, [2; 160]);
    for reason in ["unknown", "integrity"] {
        let refused = bench.metric("strowger_engine_webrtc_stun_refused_total", Some(reason));
        assert_eq!(refused, 1.0, "{reason}");
    }
}

#[test]
fn a_certificate_that_was_not_named_ends_the_leg() {
    let bench = bench();
    let mut browser = Browser::new(&bench, true);
    let mut stream = browser.stream(pcmu());
    stream.dtls.as_mut().unwrap().fingerprints[0].bytes[3] ^= 1;
    bench.plane.configure(browser.opened.id, stream);
    browser.nominates();
    let now = Instant::now();
    for hello in browser.remote.begin(now) {
        browser.socket.send_to(&hello, browser.gateway).unwrap();
    }
    while !browser.remote.failed {
        let datagram = browser.receives(|bytes| (20..64).contains(&bytes[0]));
        for answer in browser.remote.receive(&datagram, now) {
            browser.socket.send_to(&answer, browser.gateway).unwrap();
        }
    }
    let told = bench.news.wait(browser.opened.id, 1);
    assert_eq!(told, [MediaEvent::Failed]);
    let failed = "strowger_engine_webrtc_handshakes_total";
    assert_eq!(bench.metric(failed, Some("fingerprint")), 1.0);
}

#[test]
fn nothing_leaves_before_the_keys_are_there() {
    let bench = bench();
    let mut browser = Browser::new(&bench, true);
    let (opened, mut phone) = bench.leg(|_| {});
    bench
        .plane
        .configure(browser.opened.id, browser.stream(pcmu()));
    bench.plane.bridge(browser.opened.id, opened.id);
    browser.nominates();
    for n in 0..5 {
        phone.says(&[n; 160]);
    }
    bench.plane.settle();
    browser
        .socket
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    assert!(browser.socket.recv(&mut [0; 200]).is_err());
    assert_eq!(
        bench.plane.quality(browser.opened.id).unwrap().tx_packets,
        0
    );
}

#[test]
fn without_a_gateway_there_are_no_such_legs() {
    assert!(Bench::new().plane.open_web(1).is_err());
}
