//! What the parser takes, forgives and refuses.

use proptest::prelude::*;

use super::*;

const SNOM: &str = "v=0\r\no=root 1951066163 1951066164 IN IP4 192.0.2.7\r\ns=call\r\n\
    c=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 52000 RTP/AVP 9 0 8 111 101 13\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n\
    a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\n\
    a=rtpmap:9 G722/8000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:52001 IN IP4 192.0.2.8\r\n\
    a=rtcp-mux\r\na=x-odd:1\r\na=sendrecv\r\n";

#[test]
fn reads_what_a_phone_sends() {
    let session = Session::parse(SNOM.as_bytes()).unwrap();
    assert_eq!(session.origin.version, 1_951_066_164);
    let media = &session.media[0];
    assert_eq!(media.port, 52_000);
    assert_eq!(media.formats, ["9", "0", "8", "111", "101", "13"]);
    assert_eq!(media.rtpmaps[1].channels, Some(2));
    assert_eq!(media.fmtps[0], (111, "useinbandfec=1".to_owned()));
    assert_eq!(media.rtcp.port, Some(52_001));
    assert!(media.rtcp.mux);
    // The line with a master key identifier is passed over.
    assert_eq!(media.cryptos.len(), 1);
    assert_eq!(media.cryptos[0].suite, Suite::AesCm128HmacSha1_32);
    assert_eq!(media.direction, Some(Direction::SendRecv));
}

#[test]
fn forgives_line_ends_blanks_and_order() {
    let text = "v=0\no=- 3929.5 99999999999999999999999 IN IP6 2001:db8::1\ns= \n\
        a=inactive\nm=audio 0/2 RTP/AVP\nc=IN IP6 2001:db8::1/64\na = ptime : 30.0\n\nb=AS:64\n";
    let session = Session::parse(text.as_bytes()).unwrap();
    assert_eq!(session.direction, Some(Direction::Inactive));
    assert_eq!(session.media[0].port, 0);
    assert_eq!(session.media[0].ptime, Some(30));
    assert_eq!(
        session.media[0].connection,
        Some(Address::Ip("2001:db8::1".parse().unwrap()))
    );
}

#[test]
fn refuses_what_cannot_be_understood() {
    let cases: [(&str, SdpError); 6] = [
        ("", SdpError::Syntax(1)),
        ("v=1\r\n", SdpError::Syntax(1)),
        ("v=0\no=- 1 1 IN IP4\n", SdpError::Syntax(2)),
        (
            "v=0\no=- 1 1 IN IP4 a\nm=audio x RTP/AVP 0\n",
            SdpError::Syntax(3),
        ),
        ("v=0\no=- 1 1 IN IP4 a\nc=ATM x y\n", SdpError::Syntax(3)),
        ("v=0\nnonsense\n", SdpError::Syntax(2)),
    ];
    for (text, fault) in cases {
        assert_eq!(Session::parse(text.as_bytes()), Err(fault), "{text}");
    }
    let many = "m=audio 1 RTP/AVP 0\n".repeat(MAX_STREAMS + 1);
    let text = format!("v=0\no=- 1 1 IN IP4 a\n{many}");
    assert_eq!(Session::parse(text.as_bytes()), Err(SdpError::TooLarge));
    assert_eq!(
        Session::parse(&[b'v'; MAX_BYTES + 1]),
        Err(SdpError::TooLarge)
    );
}

#[test]
fn keys_that_cannot_be_honoured_are_passed_over() {
    let key = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    assert!(crypto(&format!("1 AES_CM_128_HMAC_SHA1_80 {key}|2^31")).is_some());
    assert!(crypto(&format!("1 AES_CM_128_HMAC_SHA1_80 {key} WSH=128")).is_some());
    for line in [
        format!("1 AES_CM_128_HMAC_SHA1_80 {key} UNENCRYPTED_SRTP"),
        format!("1 AES_CM_128_HMAC_SHA1_80 {key};{key}"),
        format!("1 F8_128_HMAC_SHA1_80 {key}"),
        format!("x AES_CM_128_HMAC_SHA1_80 {key}"),
        "1 AES_CM_128_HMAC_SHA1_80 inline:short".to_owned(),
        "1 AES_CM_128_HMAC_SHA1_80 in\u{20ac}ine:x".to_owned(),
    ] {
        assert_eq!(crypto(&line), None, "{line}");
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Session::parse(&bytes);
    }

    #[test]
    fn never_panics_and_prints_stably_near_the_real_thing(
        edits in proptest::collection::vec((0..SNOM.len(), any::<char>()), 0..12),
    ) {
        let mut text: Vec<char> = SNOM.chars().collect();
        for (at, with) in edits {
            if let Some(place) = text.get_mut(at) {
                *place = with;
            }
        }
        let text: String = text.into_iter().collect();
        if let Ok(session) = Session::parse(text.as_bytes()) {
            let printed = session.to_string();
            let again = Session::parse(printed.as_bytes());
            prop_assert_eq!(again.as_ref(), Ok(&session), "{}", printed);
            prop_assert_eq!(again.map(|session| session.to_string()), Ok(printed));
        }
    }

    #[test]
    fn never_panics_on_lines(lines in proptest::collection::vec("[vocmatsb]=[ -~]{0,40}", 0..20)) {
        let text = format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n{}", lines.join("\r\n"));
        if let Ok(session) = Session::parse(text.as_bytes()) {
            let again = Session::parse(session.to_string().as_bytes());
            prop_assert_eq!(again, Ok(session));
        }
    }
}
