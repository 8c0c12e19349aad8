//! Compound RTCP packets: bounded, read again as written, and SRTCP with a fixed key.
#![no_main]

use engine::rtp::{
    rtcp::{Packet, Packets, Writer},
    srtp::{MasterKey, Protector, SrtpKeys, Suite},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut count = 0;
    for packet in Packets::new(data) {
        count += 1;
        written_as_read(&packet);
    }
    assert!(count <= data.len() / 4, "a packet has four bytes at least");
    protection(data);
});

fn written_as_read(packet: &Packet<'_>) {
    let mut out = [0; 512];
    let mut writer = Writer::new(&mut out);
    let (first, wrote) = match *packet {
        Packet::Sender {
            ssrc,
            info,
            mut blocks,
        } => {
            assert!(blocks.count() < 32);
            let first = blocks.next();
            (first, writer.sender(ssrc, &info, first.as_ref()))
        }
        Packet::Receiver { ssrc, mut blocks } => {
            assert!(blocks.count() < 32);
            let first = blocks.next();
            (first, writer.receiver(ssrc, first.as_ref()))
        }
        Packet::Description { ssrc, cname } => {
            let Some(Ok(name)) = cname.map(std::str::from_utf8) else {
                return;
            };
            (None, writer.description(ssrc, name))
        }
        Packet::Bye { ssrc } => (None, writer.bye(ssrc)),
        Packet::Other { .. } => return,
    };
    assert_eq!(wrote, Some(()));
    let length = writer.length();
    let mut again = Packets::new(&out[..length]);
    match (packet, again.next().expect("a packet")) {
        (
            Packet::Sender { ssrc, info, .. },
            Packet::Sender {
                ssrc: s,
                info: i,
                mut blocks,
            },
        ) => {
            assert_eq!((*ssrc, *info, first), (s, i, blocks.next()));
        }
        (
            Packet::Receiver { ssrc, .. },
            Packet::Receiver {
                ssrc: s,
                mut blocks,
            },
        ) => {
            assert_eq!((*ssrc, first), (s, blocks.next()));
        }
        (ours, other) => assert_eq!(*ours, other),
    }
    assert!(again.next().is_none());
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
    let _ = ours.open_rtcp(data, &mut out);
    if data.len() < 8 {
        return;
    }
    let Some(length) = ours.protect_rtcp(data, &mut out) else {
        return;
    };
    let mut theirs = Protector::new(&keys).expect("keys");
    let mut opened = vec![0; length];
    let back = theirs
        .open_rtcp(&out[..length], &mut opened)
        .expect("what was protected opens");
    assert_eq!(&opened[..back], data);
    assert_eq!(
        theirs.open_rtcp(&out[..length], &mut opened),
        None,
        "a replay"
    );
}
