//! The codec against the vectors of RFC 5769, and against what is made up.

use crate::webrtc::{
    stun::{Key, Message, Unknown, is_stun, refusal, success},
    tests::kit,
};
use proptest::prelude::*;
use std::net::SocketAddr;

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";
const TRANSACTION: [u8; 12] = [
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
];

/// §2.1.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74\
    002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5\
    b2d3f249c1b571a280280004e57a3bcf";
/// §2.2.
const RESPONSE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147\
    e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// §2.3.
const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a147\
    0113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

fn bytes(hex: &str) -> Vec<u8> {
    let hex: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    hex.chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn the_sample_request_is_read_and_believed() {
    let datagram = bytes(REQUEST);
    let message = Message::parse(&datagram).unwrap();
    assert!(message.is_request() && message.is_signed());
    assert_eq!(message.username, Some("evtj:h6vY"));
    assert_eq!(message.priority, Some(0x6e00_01ff));
    assert!(message.controlled && !message.controlling && !message.use_candidate);
    assert_eq!(message.transaction, TRANSACTION);
    assert!(message.unknown.is_empty());
    assert!(message.is_authentic(&Key::new(PASSWORD)));
    assert!(!message.is_authentic(&Key::new("VOkJxbRl1RmTxUk/WvJxBu")));
}

#[test]
fn the_sample_responses_are_read_and_believed() {
    for (hex, mapped) in [
        (RESPONSE_V4, "192.0.2.1:32853"),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let datagram = bytes(hex);
        let message = Message::parse(&datagram).unwrap();
        assert!(message.is_success());
        assert_eq!(message.mapped, Some(mapped.parse().unwrap()));
        assert!(message.is_authentic(&Key::new(PASSWORD)));
    }
}

#[test]
fn what_we_write_we_read() {
    let key = Key::new(PASSWORD);
    for source in ["192.0.2.1:32853", "[2001:db8::1]:9", "[::ffff:192.0.2.1]:7"] {
        let source: SocketAddr = source.parse().unwrap();
        let datagram = success(&TRANSACTION, source, &key);
        let message = Message::parse(&datagram).unwrap();
        assert!(message.is_success() && message.is_authentic(&key));
        let plain = SocketAddr::new(source.ip().to_canonical(), source.port());
        assert_eq!(message.mapped, Some(plain));
    }
    let datagram = refusal(&TRANSACTION, 487, Unknown::default(), Some(&key));
    let message = Message::parse(&datagram).unwrap();
    assert_eq!(message.error, Some(487));
    assert!(message.is_authentic(&key));
}

#[test]
fn a_changed_byte_is_noticed() {
    let datagram = bytes(REQUEST);
    let key = Key::new(PASSWORD);
    // A checksum that calls itself something else is one less; up to there every byte counts.
    for place in (0..datagram.len() - 8).chain(datagram.len() - 4..datagram.len()) {
        let mut changed = datagram.clone();
        changed[place] ^= 1;
        let believed = Message::parse(&changed)
            .is_ok_and(|message| message.is_request() && message.is_authentic(&key));
        assert!(!believed, "byte {place}");
    }
}

#[test]
fn what_follows_the_integrity_is_not_believed() {
    let key = Key::new("ours");
    let honest = kit::Check::to("ufrag", "ours");
    let mut datagram = honest.clone().unsealed().build();
    // USE-CANDIDATE behind the integrity.
    datagram.extend([0, 0x25, 0, 0]);
    let length = (datagram.len() - 20) as u16;
    datagram[2..4].copy_from_slice(&length.to_be_bytes());
    let message = Message::parse(&datagram).unwrap();
    assert!(message.is_authentic(&key));
    assert!(!message.use_candidate);
}

#[test]
fn an_attribute_that_must_be_understood_is_named() {
    let datagram = kit::Check::to("ufrag", "ours").with(0x7fff, &[1]).build();
    let message = Message::parse(&datagram).unwrap();
    assert!(!message.unknown.is_empty());
    let answer = refusal(&TRANSACTION, 420, message.unknown, None);
    let at = answer.windows(2).position(|pair| pair == [0x7f, 0xff]);
    assert!(at.is_some());
    let datagram = kit::Check::to("ufrag", "ours").with(0xc057, &[1]).build();
    assert!(Message::parse(&datagram).unwrap().unknown.is_empty());
}

proptest! {
    #[test]
    fn made_up_bytes_do_no_harm(datagram in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::parse(&datagram);
    }

    #[test]
    fn made_up_attributes_are_never_authentic(
        attributes in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..30)), 0..40),
        cut in 0usize..1500,
    ) {
        let mut check = kit::Check::to("a", "wrong");
        for (kind, value) in &attributes {
            check = check.with(*kind, value);
        }
        let mut datagram = check.build();
        datagram.truncate(cut.max(1));
        prop_assert_eq!(is_stun(&datagram), datagram.len() >= 20);
        if let Ok(message) = Message::parse(&datagram) {
            prop_assert!(!message.is_authentic(&Key::new("right")));
        }
    }
}
