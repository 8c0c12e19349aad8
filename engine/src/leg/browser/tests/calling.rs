//! A browser calls.

use super::rig::{ANSWER, BROWSER_SDP, PROGRESS, Rig, foreign_sdp, hang_up, name, reject};
use crate::{
    LegError,
    leg::{Notice, Word, machine::Order},
};

#[test]
fn it_hears_that_it_rings_and_is_answered() {
    let mut rig = Rig::unnamed(BROWSER_SDP);
    assert_eq!(rig.order(name()).unwrap(), ["> trying call_1"]);
    assert_eq!(rig.order(Order::Ring).unwrap(), ["> ringing"]);
    assert_eq!(
        rig.order(ANSWER).unwrap(),
        ["opened", "> sdp", "> answered", "Confirmed"]
    );
    assert_eq!(rig.audio.configured.len(), 1);
}

#[test]
fn early_audio_and_the_answer_are_one_description() {
    let mut rig = Rig::calling();
    assert_eq!(rig.order(PROGRESS).unwrap(), ["opened", "> early sdp"]);
    let early = rig.description();
    assert_eq!(rig.order(Order::Ring).unwrap(), ["> ringing"]);
    assert_eq!(
        rig.order(ANSWER).unwrap(),
        ["> sdp", "> answered", "Confirmed"]
    );
    assert_eq!(rig.description(), early);
}

#[test]
fn what_is_told_twice_is_heard_once() {
    let mut rig = Rig::calling();
    rig.order(Order::Ring).unwrap();
    assert!(rig.order(Order::Ring).unwrap().is_empty());
    rig.order(PROGRESS).unwrap();
    assert!(rig.order(PROGRESS).unwrap().is_empty());
    assert!(rig.order(name()).unwrap().is_empty());
    rig.order(ANSWER).unwrap();
    for late in [ANSWER, PROGRESS, Order::Ring, reject(486, None)] {
        assert_eq!(rig.order(late), Err(LegError::State));
    }
}

#[test]
fn a_name_that_comes_late_comes_first() {
    // The call's orders, and what the browser hears when it is named after them.
    let table: [(&[Order], &[&str]); 5] = [
        (&[Order::Ring], &["> trying call_1", "> ringing"]),
        (&[PROGRESS], &["> trying call_1", "> early sdp"]),
        (
            &[Order::Ring, PROGRESS],
            &["> trying call_1", "> ringing", "> early sdp"],
        ),
        // An early description would be overtaken by the final one.
        (
            &[Order::Ring, PROGRESS, ANSWER],
            &["> trying call_1", "> sdp", "> answered"],
        ),
        (
            &[ANSWER, Order::Notice(Notice::PeerHeld)],
            &["> trying call_1", "> sdp", "> answered", "> held by peer"],
        ),
    ];
    for (orders, heard) in table {
        let mut rig = Rig::unnamed(BROWSER_SDP);
        for order in orders {
            let lines = rig.order(order.clone()).unwrap();
            assert!(!lines.iter().any(|line| line.starts_with('>')), "{lines:?}");
        }
        assert_eq!(rig.order(name()).unwrap(), heard, "{orders:?}");
    }
}

#[test]
fn a_refusal_reads_as_its_status() {
    let table = [
        (486, None, "Busy"),
        (600, None, "Busy"),
        (408, None, "NoAnswer"),
        (480, None, "NoAnswer"),
        (480, Some(19), "NoAnswer"),
        (487, None, "NoAnswer"),
        (403, None, "Rejected"),
        (603, Some(21), "Rejected"),
        (404, Some(1), "Failed"),
        (488, None, "Failed"),
        (503, Some(34), "Failed"),
        (302, None, "Failed"),
    ];
    for (status, cause, reason) in table {
        let mut rig = Rig::calling();
        assert_eq!(
            rig.order(reject(status, cause)).unwrap(),
            [&format!("> ended {reason}"), "Ended by Us", "lost", "gone"],
            "{status}"
        );
        assert_eq!(rig.order(hang_up(16)), Err(LegError::Gone));
    }
}

#[test]
fn a_call_that_never_had_a_name_is_refused() {
    let mut rig = Rig::unnamed(BROWSER_SDP);
    rig.order(PROGRESS).unwrap();
    assert_eq!(
        rig.order(reject(404, None)).unwrap(),
        ["closed", "> refused 404", "Ended by Us", "lost", "gone"]
    );
    let mut rig = Rig::unnamed(BROWSER_SDP);
    assert_eq!(rig.order(reject(200, None)), Err(LegError::State));
    assert_eq!(rig.order(name()).unwrap(), ["> trying call_1"]);
}

#[test]
fn an_offer_without_a_codec_of_ours_is_no_agreement() {
    let mut rig = Rig::unnamed(&foreign_sdp());
    rig.order(name()).unwrap();
    assert_eq!(rig.order(PROGRESS), Err(LegError::Codec));
    assert_eq!(rig.order(ANSWER), Err(LegError::Codec));
    // Whoever controls the call refuses it then.
    assert_eq!(
        rig.order(reject(488, None)).unwrap(),
        ["closed", "> ended Failed", "Ended by Us", "lost", "gone"]
    );
}

#[test]
fn without_a_stream_there_is_no_answer() {
    let mut rig = Rig::calling();
    rig.audio.full = true;
    assert_eq!(rig.order(PROGRESS), Err(LegError::Ports));
    assert_eq!(rig.order(ANSWER), Err(LegError::Ports));
    rig.audio.full = false;
    assert!(rig.order(ANSWER).is_ok());
}

#[test]
fn it_says_nothing_but_goodbye_before_it_is_answered() {
    let mut rig = Rig::calling();
    let table = [
        Word::Answer,
        super::rig::describes(),
        Word::Reject { busy: true },
        Word::Hold,
        Word::Resume,
        Word::Transfer {
            destination: "1003".to_owned(),
        },
    ];
    for word in table {
        assert_eq!(rig.says(word.clone()), Err(LegError::State), "{word:?}");
    }
    assert_eq!(
        rig.says(Word::HangUp).unwrap(),
        ["> ended HangUp", "Ended by Peer", "lost", "gone"]
    );
    assert_eq!(rig.says(Word::HangUp), Err(LegError::Gone));
}

#[test]
fn it_may_be_muted_before_it_is_heard() {
    let mut rig = Rig::calling();
    assert!(rig.says(Word::Mute).unwrap().is_empty());
    assert!(rig.audio.muted.is_empty());
    rig.order(ANSWER).unwrap();
    assert_eq!(rig.audio.muted, [true]);
}

#[test]
fn what_is_dialled_is_something_that_can_be_typed() {
    use super::super::destination;
    let read = |typed: &str| destination(typed, "pbx.example").map(|to| (to.user, to.uri));
    let good = |user: &str, uri: &str| Ok((user.to_owned(), uri.to_owned()));
    assert_eq!(read("1002"), good("1002", "sip:1002@pbx.example"));
    assert_eq!(
        read(" +15550100 "),
        good("+15550100", "sip:+15550100@pbx.example")
    );
    assert_eq!(read("*6801"), good("*6801", "sip:*6801@pbx.example"));
    assert_eq!(
        read("(555) 01-00"),
        good("(555) 01-00", "sip:(555)%2001-00@pbx.example")
    );
    for bad in ["", "  ", "10\r\n02", "1\u{0}", &"1".repeat(257)] {
        assert_eq!(read(bad), Err(LegError::Address), "{bad:?}");
    }
}
