//! RTP packets: header, key presses, reception statistics, and SRTP with a fixed key, which nothing made
//! up opens and what is protected opens as it was.
#![no_main]

use std::time::{Duration, Instant};

use engine::rtp::{
    dtmf::{Receiver, info_body, parse_info, rescale},
    packet::{HEADER_LENGTH, Packet, is_rtcp, rewrite},
    reception::Reception,
    srtp::{MasterKey, Protector, SrtpKeys, Suite},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let now = Instant::now();
    let _ = is_rtcp(data);
    key_presses(data, now);
    protection(data);
    let Some(packet) = Packet::parse(data) else {
        return;
    };
    assert!(packet.header.pt < 128);
    assert!(packet.payload.len() <= data.len() - HEADER_LENGTH);
    let mut plain = vec![0; HEADER_LENGTH + packet.payload.len()];
    assert_eq!(packet.header.write(&mut plain), Some(HEADER_LENGTH));
    plain[HEADER_LENGTH..].copy_from_slice(packet.payload);
    assert_eq!(Packet::parse(&plain), Some(packet));
    let mut copy = data.to_vec();
    assert_eq!(rewrite(&mut copy, &packet.header), Some(()));
    assert_eq!(copy, data, "rewriting with the same fields changes nothing");
});

/// The bytes as a run of event packets, six bytes each, and as the body of an INFO.
fn key_presses(data: &[u8], now: Instant) {
    let (mut receiver, mut reception) = (Receiver::new(8_000), Reception::default());
    let mut presses = 0;
    let mut at = now;
    for chunk in data.chunks_exact(6) {
        let mut bytes = vec![
            0x80,
            101,
            0,
            chunk[0],
            0,
            0,
            chunk[4],
            chunk[5],
            0,
            0,
            0,
            chunk[1] & 1,
        ];
        bytes.extend_from_slice(&chunk[..4]);
        let packet = Packet::parse(&bytes).expect("a packet");
        at += Duration::from_millis(u64::from(chunk[5]));
        reception.receive(&packet.header, 8_000, 4, chunk[2] & 1 == 0, at);
        receiver.receive(&packet, at);
        receiver.expire(at);
        while let Some(press) = receiver.press() {
            assert!(press.digit.is_ascii_digit() || "*#ABCD".contains(press.digit));
            presses += 1;
        }
    }
    assert!(presses <= data.len() / 3, "more presses than packets");
    let heard = reception.received();
    assert_eq!(heard, data.len() as u64 / 6);
    assert!(reception.lost() <= reception.expected());
    if let Some(block) = reception.report(8_000, at) {
        assert!((-0x80_0000..=0x7f_ffff).contains(&block.cumulative_lost));
    }
    let mut copy = data.to_vec();
    rescale(&mut copy, 8_000, 48_000);
    assert_eq!(copy.get(4..), data.get(4..));
    for kind in ["application/dtmf", "application/dtmf-relay"] {
        if let Some(press) = parse_info(kind, data) {
            let body = info_body(press.digit, press.duration_ms).expect("a key");
            assert_eq!(
                parse_info("application/dtmf-relay", body.as_bytes()),
                Some(press)
            );
        }
    }
}

fn protection(data: &[u8]) {
    // The length chooses the suite.
    let suite = Suite::ALL[data.len() % Suite::ALL.len()];
    // Sixteen bytes of key and those of the salt, all zero, in base64.
    let text = "A".repeat(((16 + suite.salt_length()) * 4).div_ceil(3));
    let key = MasterKey::from_base64(suite, &text).expect("a key");
    let keys = SrtpKeys {
        suite,
        local: key,
        remote: key,
    };
    let mut ours = Protector::new(&keys).expect("keys");
    let mut out = vec![0; data.len() + 64];
    if let Some(length) = ours.open_rtp(data, &mut out) {
        assert!(length < data.len(), "opening takes the tag away");
    }
    let Some(length) = ours.protect_rtp(data, &mut out) else {
        return;
    };
    let mut theirs = Protector::new(&keys).expect("keys");
    let mut opened = vec![0; length];
    let back = theirs
        .open_rtp(&out[..length], &mut opened)
        .expect("what was protected opens");
    assert_eq!(&opened[..back], data);
    assert_eq!(
        theirs.open_rtp(&out[..length], &mut opened),
        None,
        "a replay"
    );
}
