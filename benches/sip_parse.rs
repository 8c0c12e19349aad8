//! What it costs to read, judge and write an INVITE of 1.2 kB, and to check a digest answer.
//!
//! The bars: 2 µs to read the message, 2 µs to write it; together with the checks of a REGISTER's digest
//! they leave the 50 µs per registration to the network and the database.

use std::{hint::black_box, time::SystemTime};

use criterion::{Criterion, criterion_group, criterion_main};
use engine::sip::{
    self, Message,
    digest::{Algorithm, Client, Credentials, Gate, Ha1},
};

/// An INVITE as a desk phone sends it, with SDP.
fn invite() -> Vec<u8> {
    let sdp = "v=0\r\no=- 20518 0 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
        m=audio 49170 RTP/AVP 9 0 8 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";
    let head = format!(
        "INVITE sip:1002@pbx.example.com;transport=udp SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---5c8a1b4d7f0a2e31;rport\r\n\
        Max-Forwards: 70\r\n\
        Contact: <sip:1001@192.0.2.10:5060;transport=udp>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\"\r\n\
        To: <sip:1002@pbx.example.com>\r\n\
        From: \"Alice Example\" <sip:1001@pbx.example.com;transport=udp>;tag=9fxced76sl\r\n\
        Call-ID: 3848276298220188511@alice.example.com\r\n\
        CSeq: 2 INVITE\r\n\
        Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE, UPDATE, PRACK\r\n\
        Supported: replaces, timer, 100rel, path\r\n\
        Session-Expires: 1800\r\n\
        Min-SE: 90\r\n\
        P-Preferred-Identity: \"Alice Example\" <sip:1001@pbx.example.com>\r\n\
        Allow-Events: presence, message-summary, dialog, refer, call-info\r\n\
        Accept: application/sdp, application/dtmf-relay, multipart/mixed\r\n\
        Accept-Language: en\r\n\
        User-Agent: Example Desk Phone 42/10.2.1.7 000a95a0e128\r\n\
        Content-Type: application/sdp\r\n\
        Content-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    head.into_bytes()
}

fn message(c: &mut Criterion) {
    let bytes = invite();
    println!("INVITE of {} bytes", bytes.len());
    let Ok(message) = sip::parse_datagram(&bytes) else {
        return;
    };
    c.bench_function("sip_parse/read", |b| {
        b.iter(|| sip::parse_datagram(black_box(&bytes)))
    });
    c.bench_function("sip_parse/judge", |b| {
        b.iter(|| sip::check_request(black_box(&message)))
    });
    let mut out = Vec::new();
    c.bench_function("sip_parse/write", |b| {
        b.iter(|| {
            out.clear();
            black_box(&message).to_bytes(&mut out);
            black_box(out.len())
        });
    });
    c.bench_function("sip_parse/answer", |b| {
        b.iter(|| {
            out.clear();
            Message::response_to(black_box(&message), 180, "", Some("a6c85cf")).to_bytes(&mut out);
            black_box(out.len())
        });
    });
}

fn digest(c: &mut Criterion) {
    let now = SystemTime::now();
    let gate = Gate::new(
        "pbx.example.com",
        &[Algorithm::Sha256, Algorithm::Md5],
        &[7; 32],
    );
    let ha1 = Ha1::new("1001", "pbx.example.com", "secret");
    c.bench_function("sip_parse/challenge", |b| {
        b.iter(|| gate.challenges(false, black_box(now)))
    });
    for (name, at) in [("sip_parse/check_sha256", 0), ("sip_parse/check_md5", 1)] {
        let challenges = gate.challenges(false, now);
        let Some(challenge) = challenges.get(at) else {
            return;
        };
        let mut client = Client::new("1001", "secret");
        let Ok(answer) = client.answer(challenge, "REGISTER", "sip:pbx.example.com") else {
            return;
        };
        c.bench_function(name, |b| {
            b.iter(|| {
                let answer = Credentials::parse(black_box(&answer)).ok()?;
                Some(gate.check(&answer, "REGISTER", Some(&ha1), now))
            });
        });
    }
}

criterion_group!(benches, message, digest);
criterion_main!(benches);
