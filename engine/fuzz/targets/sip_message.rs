//! A SIP message alone in its datagram, and any bytes as a stream: what is read prints and is read again
//! as the same, and a stream yields the same messages however it is cut.
#![no_main]

use bytes::BytesMut;
use engine::sip::{
    Frame, Framer, MAX_HEADERS, MAX_MESSAGE_BYTES, Message, Name, check_request, check_response,
    parse_datagram,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(mut message) = parse_datagram(data) {
        read_everything(&message);
        prints_as_itself(&message);
        message.note_source(([192, 0, 2, 1], 5060).into());
        prints_as_itself(&message);
    }
    // The first byte says how a stream is cut.
    if let Some((&step, stream)) = data.split_first() {
        let whole = frames(stream, stream.len().max(1));
        let cut = frames(stream, usize::from(step).max(1));
        assert_eq!(whole, cut, "the cut changes what is read");
    }
});

/// What a message is made of, Content-Length aside, which is computed when it is printed.
fn parts(message: &Message) -> Vec<(&str, &str)> {
    let length = Name::ContentLength.as_str();
    message.headers().filter(|(n, _)| *n != length).collect()
}

fn prints_as_itself(message: &Message) {
    let headers = message.headers().count();
    assert!(headers <= MAX_HEADERS + 1, "{headers} headers");
    assert!(message.body().len() <= MAX_MESSAGE_BYTES, "a body too long");
    let printed = message.to_vec();
    // Latin-1 becomes UTF-8 when printed, and Content-Length is added: what is full before may not fit.
    if message.fault().is_some() || headers >= MAX_HEADERS || printed.len() > MAX_MESSAGE_BYTES {
        return;
    }
    let again = parse_datagram(&printed).expect("what was printed is a message");
    assert_eq!(again.fault(), None);
    assert_eq!(again.start(), message.start());
    assert_eq!(parts(&again), parts(message));
    assert_eq!(again.body(), message.body());
    assert_eq!(again.to_vec(), printed);
}

/// Every accessor is asked; the answers to requests and rejections are messages again.
fn read_everything(m: &Message) {
    if let Err(engine::sip::Refusal::Answer(rejection)) = check_request(m) {
        let answer = rejection.answer(m, "tag");
        let again = parse_datagram(&answer.to_vec());
        if answer.to_vec().len() <= MAX_MESSAGE_BYTES {
            assert_eq!(again.expect("an answer").status(), Some(rejection.status));
        }
    }
    let _ = (
        check_response(m),
        m.via_top(),
        m.vias(),
        m.from(),
        m.to(),
        m.call_id(),
    );
    let _ = (
        m.cseq(),
        m.contacts(),
        m.contact_uri(),
        m.routes(),
        m.record_routes(),
    );
    let _ = (
        m.expires(),
        m.min_expires(),
        m.max_forwards(),
        m.retry_after(),
    );
    let _ = (
        m.content_type(),
        m.session_expires(),
        m.min_se(),
        m.rseq(),
        m.rack(),
    );
    let _ = (
        m.replaces(),
        m.refer_to(),
        m.referred_by(),
        m.asserted_identities(),
    );
    let _ = (
        m.has_privacy("id"),
        m.reasons(),
        m.event(),
        m.supports("100rel"),
    );
    let _ = (
        m.requires("timer"),
        m.sdp(),
        m.body_of("message/sipfrag"),
        m.to_rsip(),
    );
    let _ = (m.cancel(), m.ack_for(&Message::response(486, "")));
    for name in [
        Name::Path,
        Name::Diversion,
        Name::HistoryInfo,
        Name::ServiceRoute,
    ] {
        let _ = m.addresses(name);
    }
    if let (Ok(from), Some(tag)) = (m.from(), m.from_tag()) {
        assert_eq!(from.tag(), Some(tag), "two ways to find a tag");
    }
}

/// What comes out of a stream that arrives in pieces of `step` bytes.
fn frames(mut stream: &[u8], step: usize) -> Vec<String> {
    let (mut framer, mut buffer, mut out) = (Framer::new(), BytesMut::new(), Vec::new());
    while !stream.is_empty() {
        let (piece, rest) = stream.split_at(step.min(stream.len()));
        stream = rest;
        buffer.extend_from_slice(piece);
        loop {
            match framer.next(&mut buffer) {
                Ok(None) => break,
                Ok(Some(Frame::Ping)) => out.push("ping".into()),
                Ok(Some(Frame::Message(m))) => {
                    out.push(String::from_utf8_lossy(&m.to_vec()).into_owned());
                }
                Ok(Some(Frame::Last(m))) => {
                    out.push(format!("last {:?}", m.fault().expect("a reason")));
                    return out;
                }
                Err(error) => {
                    out.push(format!("closed {error:?}"));
                    return out;
                }
            }
        }
    }
    out
}
