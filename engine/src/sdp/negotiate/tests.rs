//! Both ends of a negotiation, played against each other and against what phones send.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::rtp::codec::{Codec, Payload};
use crate::sdp::terms::Agreed;

fn local(codecs: &[Codec]) -> Local {
    Local {
        codecs: codecs.to_vec(),
        ..Local::new("192.0.2.1:4000".parse().unwrap(), 7)
    }
}

fn peer(codecs: &[Codec]) -> Local {
    Local {
        codecs: codecs.to_vec(),
        ..Local::new("198.51.100.9:6000".parse().unwrap(), 9)
    }
}

fn parse(body: &str) -> Session {
    let text = format!("v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nt=0 0\r\n{body}");
    Session::parse(text.as_bytes()).unwrap()
}

fn speaks(codec: Codec, pt: u8) -> Agreed {
    let (_, mut agreed) = answer(&offer(&peer(&Codec::ALL), None), &local(&[codec]), None).unwrap();
    agreed.codecs = vec![Payload::new(codec, pt)];
    agreed
}

#[test]
fn offer_lists_codecs_events_and_addresses() {
    let text = offer(&local(&Codec::ALL), None).to_string();
    assert_eq!(
        text,
        "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0 8 9 111 101 110\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:9 G722/8000\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n\
        a=rtpmap:110 telephone-event/48000\r\na=fmtp:111 useinbandfec=1\r\na=fmtp:101 0-16\r\n\
        a=fmtp:110 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn answer_prefers_the_other_leg_then_our_order() {
    let theirs = offer(&peer(&Codec::ALL), None);
    let ours = local(&[Codec::G722, Codec::Pcmu, Codec::Opus]);
    let (_, agreed) = answer(&theirs, &ours, None).unwrap();
    assert_eq!(agreed.codecs[0].codec, Codec::G722);
    let (session, agreed) = answer(&theirs, &ours, Some(&speaks(Codec::Opus, 96))).unwrap();
    assert_eq!(agreed.codecs, [agreed.codecs[0]]);
    assert_eq!(
        (agreed.codecs[0].codec, agreed.codecs[0].pt),
        (Codec::Opus, 111)
    );
    assert_eq!(session.media[0].formats, ["111", "110"]);
    assert_eq!(agreed.dtmf[0].clock, 48_000);
    assert!(agreed.codecs[0].opus.inband_fec);
    // What the other leg uses does not count when this leg may not use it.
    let (_, agreed) = answer(&theirs, &ours, Some(&speaks(Codec::Pcma, 8))).unwrap();
    assert_eq!(agreed.codecs[0].codec, Codec::G722);
}

#[test]
fn offer_follows_the_other_leg_and_its_numbers() {
    let session = offer(&local(&Codec::ALL), Some(&speaks(Codec::Opus, 96)));
    assert_eq!(
        session.media[0].formats,
        ["96", "0", "8", "9", "101", "110"]
    );
}

#[test]
fn first_usable_audio_is_taken_and_the_rest_refused_in_order() {
    let theirs = parse(
        "c=IN IP4 203.0.113.5\r\nm=video 9000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
        m=audio 9002 UDP/TLS/RTP/SAVPF 0\r\nm=audio 9004 RTP/AVP 18 8 101\r\n\
        a=rtpmap:101 telephone-event/8000\r\nm=audio 9006 RTP/AVP 0\r\nm=image 9008 udptl t38\r\n",
    );
    let (session, agreed) = answer(&theirs, &local(&Codec::ALL), None).unwrap();
    let ports: Vec<u16> = session.media.iter().map(|media| media.port).collect();
    assert_eq!(ports, [0, 0, 4000, 0, 0]);
    assert_eq!(session.media[4].formats, ["t38"]);
    assert_eq!(agreed.remote, Some("203.0.113.5:9004".parse().unwrap()));
    assert_eq!(
        agreed.remote_rtcp,
        Some("203.0.113.5:9005".parse().unwrap())
    );
    // A later offer of ours keeps all five lines.
    let again = Local {
        previous: Some(session.clone()),
        direction: Direction::SendOnly,
        ..local(&Codec::ALL)
    };
    let held = offer(&again, None);
    let ports: Vec<u16> = held.media.iter().map(|media| media.port).collect();
    assert_eq!(ports, [0, 0, 4000, 0, 0]);
    assert_eq!(held.media[2].formats.first().map(String::as_str), Some("8"));
    assert_eq!(held.origin.version, session.origin.version + 1);
}

#[test]
fn refusals_name_their_reason() {
    let cases = [
        ("", SdpError::NoAudio),
        ("m=audio 0 RTP/AVP 0\r\n", SdpError::NoAudio),
        ("m=image 4000 udptl t38\r\n", SdpError::NoAudio),
        ("m=audio 4000 RTP/AVP 18\r\n", SdpError::NoCommonCodec),
        ("m=audio 4000 RTP/SAVP 0\r\n", SdpError::Security),
    ];
    for (body, fault) in cases {
        assert_eq!(
            answer(&parse(body), &local(&Codec::ALL), None),
            Err(fault),
            "{body}"
        );
        assert_eq!(fault.status(), 488);
    }
    let required = Local {
        srtp: SrtpPolicy::Required,
        ..local(&Codec::ALL)
    };
    let plain = parse("m=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(answer(&plain, &required, None), Err(SdpError::Security));
}

#[test]
fn holds_are_understood_in_all_three_dialects() {
    for (body, ours) in [
        (
            "c=IN IP4 203.0.113.5\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n",
            Direction::RecvOnly,
        ),
        (
            "c=IN IP4 203.0.113.5\r\na=inactive\r\nm=audio 4000 RTP/AVP 0\r\n",
            Direction::Inactive,
        ),
        (
            "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n",
            Direction::RecvOnly,
        ),
    ] {
        let (session, agreed) = answer(&parse(body), &local(&Codec::ALL), None).unwrap();
        assert!(agreed.peer_holds, "{body}");
        assert_eq!(agreed.direction, ours, "{body}");
        assert_eq!(session.media[0].direction, Some(ours));
    }
    let listens = parse("c=IN IP4 203.0.113.5\r\nm=audio 4000 RTP/AVP 0\r\na=recvonly\r\n");
    let (_, agreed) = answer(&listens, &local(&Codec::ALL), None).unwrap();
    assert!(!agreed.peer_holds);
    assert_eq!(agreed.direction, Direction::SendOnly);
}

#[test]
fn our_hold_is_not_mistaken_for_theirs() {
    let holding = Local {
        direction: Direction::Inactive,
        ..local(&Codec::ALL)
    };
    let ours = offer(&holding, None);
    let (theirs, _) = answer(&ours, &peer(&Codec::ALL), None).unwrap();
    let agreed = accept(&ours, &theirs, &holding).unwrap();
    assert!(!agreed.peer_holds);
    assert_eq!(agreed.direction, Direction::Inactive);
}

#[test]
fn version_moves_only_with_the_content() {
    let first = offer(&local(&Codec::ALL), None);
    let mut again = local(&Codec::ALL);
    again.previous = Some(first.clone());
    assert_eq!(offer(&again, None), first);
    again.direction = Direction::SendOnly;
    let held = offer(&again, None);
    assert_eq!(held.origin.version, 2);
    assert_eq!(held.origin.session_id, 7);
}

#[test]
fn rtcp_addresses_and_packet_times_are_taken() {
    let theirs = parse(
        "c=IN IP4 203.0.113.5\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:5009 IN IP4 203.0.113.6\r\n\
        a=ptime:35\r\na=maxptime:60\r\n",
    );
    let (session, agreed) = answer(&theirs, &local(&Codec::ALL), None).unwrap();
    assert_eq!(
        agreed.remote_rtcp,
        Some("203.0.113.6:5009".parse().unwrap())
    );
    assert_eq!(agreed.ptime_ms, 30);
    assert_eq!(session.media[0].rtcp, Rtcp::default());
    let theirs =
        parse("c=IN IP4 203.0.113.5\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\na=maxptime:5\r\n");
    let (session, agreed) = answer(&theirs, &local(&Codec::ALL), None).unwrap();
    assert!(agreed.rtcp_mux && session.media[0].rtcp.mux);
    assert_eq!(agreed.remote_rtcp, agreed.remote);
    assert_eq!(agreed.ptime_ms, 10);
    let odd = Local {
        rtcp_port: 4444,
        ..local(&Codec::ALL)
    };
    assert_eq!(offer(&odd, None).media[0].rtcp.port, Some(4444));
}

#[test]
fn addresses_of_the_other_family_and_names_are_waited_for() {
    let theirs = parse("c=IN IP6 2001:db8::5\r\nm=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(theirs.audio_address(), Some("2001:db8::5".parse().unwrap()));
    let (_, agreed) = answer(&theirs, &local(&Codec::ALL), None).unwrap();
    assert_eq!(agreed.remote, None);
    let v6 = Local::new("[2001:db8::1]:4000".parse().unwrap(), 7);
    let (session, agreed) = answer(&theirs, &v6, None).unwrap();
    assert_eq!(agreed.remote, Some("[2001:db8::5]:4000".parse().unwrap()));
    assert!(session.to_string().contains("c=IN IP6 2001:db8::1\r\n"));
    let named = parse("c=IN IP4 phone.example.org\r\nm=audio 4000 RTP/AVP 0\r\n");
    let (_, agreed) = answer(&named, &local(&Codec::ALL), None).unwrap();
    assert_eq!((agreed.remote, agreed.peer_holds), (None, false));
}

#[test]
fn keys_are_agreed_and_stay() {
    let required = Local {
        srtp: SrtpPolicy::Required,
        ..local(&Codec::ALL)
    };
    let ours = offer(&required, None);
    assert_eq!(ours.media[0].protocol, "RTP/SAVP");
    assert_eq!(ours.media[0].cryptos.len(), Suite::ALL.len());
    let (theirs, them) = answer(&ours, &peer(&Codec::ALL), None).unwrap();
    let us = accept(&ours, &theirs, &required).unwrap();
    let (us, them) = (us.srtp.unwrap(), them.srtp.unwrap());
    assert_eq!((us.local, us.remote), (them.remote, them.local));
    // Our next offer and their next answer go on with the same keys.
    let again = Local {
        previous: Some(ours.clone()),
        ..required.clone()
    };
    assert_eq!(offer(&again, None), ours);
    let again = Local {
        previous: Some(theirs.clone()),
        ..peer(&Codec::ALL)
    };
    assert_eq!(answer(&ours, &again, None).unwrap().0, theirs);
    // They may turn the call around: what was agreed is offered, though nothing demands it.
    let turned = offer(&again, None);
    assert_eq!(turned.media[0].protocol, "RTP/SAVP");
    assert_eq!(turned.media[0].cryptos, theirs.media[0].cryptos);
    // An answer that drops the key is refused.
    let mut bare = theirs;
    bare.media[0].cryptos.clear();
    assert_eq!(accept(&ours, &bare, &required), Err(SdpError::Security));
}

#[test]
fn answers_that_do_not_fit_are_refused() {
    let us = local(&Codec::ALL);
    let ours = offer(&us, None);
    for (body, fault) in [
        ("", SdpError::Mismatch),
        ("m=video 1 RTP/AVP 0\r\n", SdpError::Mismatch),
        ("m=audio 0 RTP/AVP 0\r\n", SdpError::NoAudio),
        ("m=audio 1 RTP/AVP 18\r\n", SdpError::NoCommonCodec),
        ("m=audio 1 RTP/SAVP 0\r\n", SdpError::Security),
    ] {
        assert_eq!(accept(&ours, &parse(body), &us), Err(fault), "{body}");
    }
    // An answerer that renumbers (RFC 3264 §6.1 allows it) is followed when sending.
    let theirs =
        parse("c=IN IP4 203.0.113.5\r\nm=audio 4000 RTP/AVP 97 0\r\na=rtpmap:97 opus/48000/2\r\n");
    let agreed = accept(&ours, &theirs, &us).unwrap();
    assert_eq!((agreed.codecs[0].pt, agreed.codecs[0].recv_pt), (97, 111));
    assert_eq!(agreed.codecs[1].codec, Codec::Pcmu);
}

fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    subsequence(Codec::ALL.to_vec(), 1..=4).prop_shuffle()
}

fn policies() -> impl Strategy<Value = SrtpPolicy> {
    select(vec![SrtpPolicy::WhenOffered, SrtpPolicy::Required])
}

fn directions() -> impl Strategy<Value = Direction> {
    select(vec![
        Direction::SendRecv,
        Direction::SendOnly,
        Direction::RecvOnly,
        Direction::Inactive,
    ])
}

proptest! {
    /// Whatever the two sides can do, both read the same agreement, through text, twice over.
    #[test]
    fn both_ends_agree(
        a in codecs(), b in codecs(), dtmf in any::<bool>(),
        policy in policies(), theirs in policies(),
        direction in directions(), answering in directions(),
    ) {
        let mut us = Local { srtp: policy, direction, dtmf, ..local(&a) };
        let mut them = Local { srtp: theirs, direction: answering, ..peer(&b) };
        for _ in 0..2 {
            let sent = offer(&us, None);
            let received = Session::parse(sent.to_string().as_bytes()).unwrap();
            prop_assert_eq!(&received, &sent);
            let common = a.iter().any(|codec| b.contains(codec));
            let (reply, far) = match answer(&received, &them, None) {
                Ok(done) => done,
                Err(fault) => {
                    prop_assert!(!common || fault == SdpError::Security);
                    prop_assert!(!common || (theirs, policy) == (SrtpPolicy::Required, SrtpPolicy::WhenOffered));
                    return Ok(());
                }
            };
            let reply = Session::parse(reply.to_string().as_bytes()).unwrap();
            let near = accept(&sent, &reply, &us).unwrap();
            prop_assert_eq!(near.codecs[0].codec, far.codecs[0].codec);
            prop_assert_eq!(near.codecs[0].pt, far.codecs[0].recv_pt);
            prop_assert_eq!(near.codecs[0].recv_pt, far.codecs[0].pt);
            prop_assert_eq!(near.dtmf.len(), usize::from(dtmf));
            prop_assert_eq!(&near.dtmf, &far.dtmf);
            prop_assert_eq!(near.direction, far.direction.reversed());
            prop_assert_eq!(near.srtp.map(|keys| keys.local), far.srtp.map(|keys| keys.remote));
            prop_assert_eq!(near.remote.map(|to| to.port()), Some(6000));
            prop_assert_eq!(far.remote.map(|to| to.port()), Some(4000));
            us.previous = Some(sent);
            them.previous = Some(reply);
        }
    }

    /// No description, however odd, makes the negotiation panic or break its own rules.
    #[test]
    fn odd_offers_are_answered_or_refused(lines in proptest::collection::vec(
        "(m=audio [0-9]{1,4} RTP/S?AVPF? [0-9]{1,3} [0-9]{1,3}|a=rtpmap:[0-9]{1,3} (opus/48000/2|PCMA/8000|telephone-event/8000|CN/8000)|a=(sendonly|recvonly|inactive)|c=IN IP4 (0.0.0.0|1.2.3.4|x)|a=ptime:[0-9]{1,5}|a=maxptime:[0-9]{1,5}|a=rtcp:[0-9]{1,5})",
        0..16,
    )) {
        let text = format!("v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\n{}\r\n", lines.join("\r\n"));
        let Ok(theirs) = Session::parse(text.as_bytes()) else { return Ok(()) };
        if let Ok((session, agreed)) = answer(&theirs, &local(&Codec::ALL), None) {
            prop_assert_eq!(session.media.len(), theirs.media.len());
            prop_assert_eq!(agreed.codecs.len(), 1);
            prop_assert!((10..=60).contains(&agreed.ptime_ms));
            prop_assert_eq!(session.media.iter().filter(|media| media.port != 0).count(), 1);
        }
        let us = local(&Codec::ALL);
        let _ = accept(&offer(&us, None), &theirs, &us);
    }
}

#[test]
fn what_an_unanswered_offer_holds_leads_the_offer_to_the_other_side() {
    let caller = parse(
        "c=IN IP4 203.0.113.5\r\nm=audio 4000 RTP/AVP 96 8 97\r\na=rtpmap:96 opus/48000/2\r\n\
         a=rtpmap:97 telephone-event/8000\r\na=ptime:40\r\n",
    );
    let like = expect(&caller, &Codec::ALL).unwrap();
    let theirs = offer(&peer(&Codec::ALL), Some(&like));
    assert_eq!(
        theirs.media[0].formats,
        ["96", "8", "0", "9", "97", "110"],
        "its codecs in its order and under its numbers, then ours"
    );
    assert_eq!(theirs.media[0].ptime, Some(40));
    assert_eq!(expect(&caller, &[Codec::Pcmu]), None);
}
