//! WebRTC streams: what browsers offer, what they are answered, and both ends played against each other.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::rtp::codec::Codec;
use crate::sdp::{Agreed, Dtls, Fingerprint, Hash, Setup, Web};

/// Written by Chromium 156.
const CHROME: &str = include_str!("offers/chrome.sdp");
const FIREFOX: &str = include_str!("offers/firefox.sdp");
const SAFARI: &str = include_str!("offers/safari.sdp");

fn web(name: &str, address: &str) -> Web {
    Web {
        ufrag: name.to_owned(),
        pwd: format!("{name}-secret-of-22-letters"),
        fingerprint: Fingerprint {
            hash: Hash::Sha256,
            bytes: vec![name.len() as u8; 32],
        },
        candidates: vec![
            address.parse().unwrap(),
            "[2001:db8::1]:3478".parse().unwrap(),
        ],
    }
}

fn end(name: &str, address: &str) -> Local {
    Local {
        rtcp_port: address.parse::<SocketAddr>().unwrap().port(),
        web: Some(web(name, address)),
        ..Local::new(address.parse().unwrap(), 7)
    }
}

fn us() -> Local {
    end("ours", "192.0.2.1:3478")
}

fn read(text: &str) -> Session {
    Session::parse(text.as_bytes()).unwrap()
}

fn speaks(codec: Codec) -> Agreed {
    let plain = Local::new("192.0.2.1:4000".parse().unwrap(), 7);
    let only = Local {
        codecs: vec![codec],
        ..plain.clone()
    };
    answer(&offer(&plain, None), &only, None).unwrap().1
}

#[test]
fn what_browsers_offer_is_answered() {
    for (name, text, ufrag, events) in [
        ("chrome", CHROME, "uHm6", &[(110, 48_000), (126, 8_000)][..]),
        ("firefox", FIREFOX, "5b3f9a1c", &[(101, 8_000)]),
        ("safari", SAFARI, "Gk3P", &[(110, 48_000), (126, 8_000)]),
    ] {
        let theirs = read(text);
        assert!(theirs.is_web(), "{name}");
        assert_eq!(read(&theirs.to_string()), theirs, "{name}");
        let (ours, agreed) = answer(&theirs, &us(), None).unwrap();
        assert_eq!(agreed.codecs[0].codec, Codec::Opus, "{name}");
        assert!(agreed.codecs[0].opus.inband_fec, "{name}");
        let heard: Vec<_> = agreed.dtmf.iter().map(|e| (e.pt, e.clock)).collect();
        assert_eq!(heard, events, "{name}");
        assert_eq!(
            (agreed.direction, agreed.peer_holds),
            (Direction::SendRecv, false),
            "{name}"
        );
        assert_eq!(
            (agreed.remote, agreed.remote_rtcp, agreed.rtcp_mux),
            (None, None, true)
        );
        assert_eq!((agreed.srtp, agreed.comfort_noise), (None, None), "{name}");
        let dtls = agreed.dtls.unwrap();
        assert_eq!((dtls.ufrag.as_str(), dtls.client), (ufrag, false), "{name}");
        assert_eq!(dtls.fingerprints.len(), 1, "{name}");
        assert_eq!(ours.groups, ["BUNDLE 0"], "{name}");
        assert_eq!(ours.media.len(), theirs.media.len(), "{name}");
        assert_eq!(ours.media[0].web.setup, Some(Setup::Passive), "{name}");
    }
}

#[test]
fn the_answer_has_all_that_a_browser_asks_for() {
    let (ours, _) = answer(&read(SAFARI), &us(), None).unwrap();
    let hash = "04:".repeat(32);
    assert_eq!(
        ours.to_string(),
        format!(
            "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            a=group:BUNDLE 0\r\na=ice-lite\r\nm=audio 3478 UDP/TLS/RTP/SAVPF 111 110 126\r\n\
            a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n\
            a=rtpmap:126 telephone-event/8000\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
            a=fmtp:110 0-16\r\na=fmtp:126 0-16\r\na=ptime:20\r\na=rtcp-mux\r\na=mid:0\r\n\
            a=msid:strowger strowger-audio\r\na=ice-ufrag:ours\r\n\
            a=ice-pwd:ours-secret-of-22-letters\r\na=fingerprint:sha-256 {}\r\na=setup:passive\r\n\
            a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host\r\n\
            a=candidate:2 1 udp 2130706175 2001:db8::1 3478 typ host\r\na=end-of-candidates\r\n\
            a=sendrecv\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n",
            hash.trim_end_matches(':')
        )
    );
}

#[test]
fn the_offer_puts_opus_first_and_leaves_the_role_open() {
    let ours = offer(&us(), None);
    let audio = &ours.media[0];
    assert_eq!(
        (audio.port, audio.protocol.as_str()),
        (3478, "UDP/TLS/RTP/SAVPF")
    );
    assert_eq!(audio.formats, ["111", "9", "0", "8", "101", "110"]);
    assert_eq!(audio.web.setup, Some(Setup::ActPass));
    assert_eq!((audio.mid.as_deref(), audio.rtcp.mux), (Some("0"), true));
    assert!(ours.ice_lite && ours.groups == ["BUNDLE 0"] && audio.cryptos.is_empty());
    assert_eq!(read(&ours.to_string()), ours);
    // The policy of plain streams says nothing here: this one is encrypted anyway.
    let required = Local {
        srtp: SrtpPolicy::Required,
        ..us()
    };
    assert_eq!(offer(&required, None), ours);
    assert!(answer(&read(CHROME), &required, None).is_ok());
    // A later offer keeps all but its direction.
    let later = Local {
        previous: Some(ours.clone()),
        direction: Direction::SendOnly,
        ..us()
    };
    let mut held = offer(&later, None);
    assert_eq!(held.origin.version, 2);
    held.origin.version = 1;
    held.media[0].direction = Some(Direction::SendRecv);
    assert_eq!(held, ours);
}

#[test]
fn a_desk_phone_is_not_transcoded() {
    for (codec, pt) in [(Codec::Pcmu, "0"), (Codec::Pcma, "8"), (Codec::G722, "9")] {
        let (ours, agreed) = answer(&read(CHROME), &us(), Some(&speaks(codec))).unwrap();
        assert_eq!(agreed.codecs[0].codec, codec);
        assert_eq!(ours.media[0].formats, [pt, "126", "110"]);
        assert_eq!(agreed.dtmf[0].clock, 8_000);
        assert_eq!(offer(&us(), Some(&speaks(codec))).media[0].formats[0], pt);
    }
}

#[test]
fn the_peer_may_ask_us_to_begin() {
    for (setup, client, ours) in [
        ("a=setup:passive", true, Setup::Active),
        ("a=setup:active", false, Setup::Passive),
        ("a=setup:holdconn", false, Setup::Passive),
    ] {
        let theirs = read(&CHROME.replace("a=setup:actpass", setup));
        let (session, agreed) = answer(&theirs, &us(), None).unwrap();
        assert_eq!(agreed.dtls.unwrap().client, client, "{setup}");
        assert_eq!(session.media[0].web.setup, Some(ours), "{setup}");
        // And when the offer was ours.
        let agreed = accept(&offer(&us(), None), &theirs, &us()).unwrap();
        assert_eq!(agreed.dtls.unwrap().client, client, "{setup}");
    }
}

#[test]
fn a_stream_without_its_credentials_is_refused() {
    for missing in ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=rtcp-mux"] {
        let lines = CHROME.lines().filter(|line| !line.starts_with(missing));
        let theirs = read(&lines.collect::<Vec<_>>().join("\r\n"));
        assert_eq!(
            answer(&theirs, &us(), None),
            Err(SdpError::Security),
            "{missing}"
        );
        let ours = offer(&us(), None);
        assert_eq!(
            accept(&ours, &theirs, &us()),
            Err(SdpError::Security),
            "{missing}"
        );
    }
    let weak = CHROME.replace("sha-256", "sha-1");
    assert_eq!(answer(&read(&weak), &us(), None), Err(SdpError::Security));
    // Each kind of stream is refused where only the other is open.
    let plain = Local::new("192.0.2.1:4000".parse().unwrap(), 7);
    assert_eq!(answer(&read(CHROME), &plain, None), Err(SdpError::NoAudio));
    assert_eq!(
        answer(&offer(&plain, None), &us(), None),
        Err(SdpError::NoAudio)
    );
    let odd = accept(&offer(&us(), None), &offer(&plain, None), &us());
    assert_eq!(odd, Err(SdpError::Security));
    let odd = accept(&offer(&plain, None), &read(CHROME), &plain);
    assert_eq!(odd, Err(SdpError::Security));
}

#[test]
fn a_hold_keeps_the_session_and_an_ice_restart_is_refused() {
    let (first, agreed) = answer(&read(CHROME), &us(), None).unwrap();
    let later = Local {
        previous: Some(first),
        peer: agreed.dtls,
        ..us()
    };
    for (line, ours) in [
        ("a=sendonly", Direction::RecvOnly),
        ("a=inactive", Direction::Inactive),
    ] {
        let held = read(&CHROME.replace("a=sendrecv", line));
        let (session, agreed) = answer(&held, &later, None).unwrap();
        assert!(agreed.peer_holds, "{line}");
        assert_eq!(session.media[0].direction, Some(ours));
        assert_eq!(session.origin.version, 2);
    }
    for (from, to) in [
        ("uHm6", "uHm7"),
        ("wN8mNMxrxSXubWAgWokqxpwz", "another-password-of-22"),
        ("FD:94", "FD:95"),
        ("a=setup:actpass", "a=setup:passive"),
    ] {
        let restarted = read(&CHROME.replace(from, to));
        assert_eq!(
            answer(&restarted, &later, None),
            Err(SdpError::Security),
            "{to}"
        );
    }
}

#[test]
fn the_role_in_use_stays_when_the_peer_offers_again() {
    let begun = Local {
        peer: Some(Dtls {
            ufrag: "uHm6".to_owned(),
            pwd: "wN8mNMxrxSXubWAgWokqxpwz".to_owned(),
            fingerprints: read(CHROME).media[0].web.fingerprints.clone(),
            client: true,
        }),
        ..us()
    };
    let (session, agreed) = answer(&read(CHROME), &begun, None).unwrap();
    assert!(agreed.dtls.unwrap().client);
    assert_eq!(session.media[0].web.setup, Some(Setup::Active));
}

#[test]
fn attributes_of_the_session_count_for_its_streams() {
    let moved: Vec<&str> = CHROME
        .lines()
        .filter(|line| {
            ["a=ice-ufrag", "a=ice-pwd", "a=finger", "a=setup"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .collect();
    let rest: Vec<&str> = CHROME
        .lines()
        .filter(|line| !moved.contains(line))
        .collect();
    let text = rest
        .join("\r\n")
        .replace("m=audio", &format!("{}\r\nm=audio", moved.join("\r\n")));
    assert_eq!(read(&text).media[0].web, read(CHROME).media[0].web);
    // The name of early WebRTC peers, who shake hands nevertheless.
    let early = read(&CHROME.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"));
    assert!(early.is_web());
    let (session, _) = answer(&early, &us(), None).unwrap();
    assert_eq!(session.media[0].protocol, "RTP/SAVPF");
}

#[test]
fn what_a_browser_repeats_without_end_is_cut() {
    let line = "a=candidate:1 1 udp 1 192.0.2.9 9 typ host\r\n";
    let many = format!(
        "{CHROME}{}a=ice-ufrag:{}\r\n",
        line.repeat(99),
        "x".repeat(999)
    );
    let theirs = read(&many);
    assert_eq!(
        theirs.media[0].web.candidates.len(),
        crate::sdp::MAX_WEB_LINES
    );
    assert_eq!(theirs.media[0].web.ufrag, "uHm6");
}

fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    subsequence(Codec::ALL.to_vec(), 1..=4).prop_shuffle()
}

proptest! {
    /// Whatever two WebRTC ends can do, both read the same agreement, through text, twice over.
    #[test]
    fn both_ends_agree(
        a in codecs(), b in codecs(),
        direction in select(vec![Direction::SendRecv, Direction::SendOnly, Direction::Inactive]),
    ) {
        let mut near_end = Local { codecs: a.clone(), direction, ..us() };
        let mut far_end = Local { codecs: b.clone(), ..end("them", "198.51.100.9:6000") };
        for _ in 0..2 {
            let sent = offer(&near_end, None);
            let received = read(&sent.to_string());
            prop_assert_eq!(&received, &sent);
            let (reply, far) = match answer(&received, &far_end, None) {
                Ok(done) => done,
                Err(fault) => {
                    prop_assert_eq!(fault, SdpError::NoCommonCodec);
                    prop_assert!(!a.iter().any(|codec| b.contains(codec)));
                    return Ok(());
                }
            };
            let reply = read(&reply.to_string());
            let near = accept(&sent, &reply, &near_end).unwrap();
            prop_assert_eq!(near.codecs[0], far.codecs[0]);
            prop_assert_eq!(&near.dtmf, &far.dtmf);
            prop_assert_eq!(near.direction, far.direction.reversed());
            let (ours, theirs) = (near.dtls.unwrap(), far.dtls.unwrap());
            prop_assert!(ours.client != theirs.client);
            prop_assert_eq!((ours.ufrag.as_str(), theirs.ufrag.as_str()), ("them", "ours"));
            near_end = Local { previous: Some(sent), peer: Some(ours), ..near_end };
            far_end = Local { previous: Some(reply), peer: Some(theirs), ..far_end };
        }
    }
}
