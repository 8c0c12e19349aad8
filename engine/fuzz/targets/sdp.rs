//! Session descriptions: what is read prints as the same description and stays within its limits; any
//! offer can be answered, any answer read, and what we write ourselves is readable.
#![no_main]

use engine::sdp::{
    Fingerprint, Hash, Local, MAX_FORMATS, MAX_STREAMS, MAX_WEB_LINES, Session, SrtpPolicy, Web,
    accept, answer, offer,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(session) = Session::parse(data) else {
        return;
    };
    assert!(session.media.len() <= MAX_STREAMS);
    for media in &session.media {
        let attributes = [media.rtpmaps.len(), media.fmtps.len(), media.cryptos.len()];
        assert!(media.formats.len() <= MAX_FORMATS);
        assert!(attributes.into_iter().all(|count| count <= MAX_FORMATS));
        let lines = [media.web.fingerprints.len(), media.web.candidates.len()];
        assert!(lines.into_iter().all(|count| count <= MAX_WEB_LINES));
    }
    let printed = session.to_string();
    // Bytes that are no UTF-8 are printed as three: what was just short enough may not be any more.
    if printed.len() <= engine::sdp::MAX_BYTES {
        assert_eq!(
            Session::parse(printed.as_bytes()).as_ref(),
            Ok(&session),
            "{printed}"
        );
    }
    let policies = [SrtpPolicy::WhenOffered, SrtpPolicy::Required];
    for (policy, web) in policies
        .into_iter()
        .flat_map(|policy| [(policy, None), (policy, Some(web()))])
    {
        let mut local = Local::new(([192, 0, 2, 1], 20_000).into(), 7);
        local.srtp = policy;
        local.web = web;
        if let Ok((ours, agreed)) = answer(&session, &local, None) {
            assert_eq!(
                ours.media.len(),
                session.media.len(),
                "streams are mirrored"
            );
            assert!(!agreed.codecs.is_empty());
            assert!((10..=60).contains(&agreed.ptime_ms));
            assert!(
                policy != SrtpPolicy::Required || agreed.srtp.is_some() || agreed.dtls.is_some(),
                "sent in the clear"
            );
            assert_eq!(
                agreed.dtls.is_some(),
                local.web.is_some(),
                "the stream that is open"
            );
            readable(&ours);
            readable(&offer(&local, Some(&agreed)));
            local.previous = Some(ours);
            local.peer = agreed.dtls.clone();
            readable(&offer(&local, Some(&agreed)));
            let _ = answer(&session, &local, Some(&agreed));
        }
        let first = offer(
            &Local {
                previous: None,
                ..local.clone()
            },
            None,
        );
        if let Ok(agreed) = accept(&first, &session, &local) {
            assert!(!agreed.codecs.is_empty());
            assert!(
                policy != SrtpPolicy::Required || agreed.srtp.is_some() || agreed.dtls.is_some(),
                "sent in the clear"
            );
            assert_eq!(
                agreed.dtls.is_some(),
                local.web.is_some(),
                "the stream that is open"
            );
        }
    }
});

fn web() -> Web {
    Web {
        ufrag: "ours".to_owned(),
        pwd: "a password of ours".replace(' ', "-"),
        fingerprint: Fingerprint {
            hash: Hash::Sha256,
            bytes: vec![7; 32],
        },
        candidates: vec![([192, 0, 2, 1], 3478).into()],
    }
}

fn readable(ours: &Session) {
    let text = ours.to_string();
    if text.len() <= engine::sdp::MAX_BYTES {
        assert_eq!(Session::parse(text.as_bytes()).as_ref(), Ok(ours), "{text}");
    }
}
