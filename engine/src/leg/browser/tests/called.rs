//! A browser is called.

use super::rig::{ANSWER, PROGRESS, Rig, describes, foreign_sdp, hang_up, name, reject};
use crate::{
    LegError,
    leg::{
        HangUp, Word,
        machine::{Order, tests::rig::dial},
    },
};

#[test]
fn it_is_offered_the_call_and_rings() {
    let mut rig = Rig::called_while(false);
    assert_eq!(
        rig.begin(),
        ["opened", "> incoming call_1 1001 alice", "Ringing"]
    );
    let offer = rig.description();
    assert!(
        offer.contains("m=audio") && offer.contains("telephone-event"),
        "{offer}"
    );
    assert!(
        !offer.contains("a=sendonly") && !offer.contains("a=recvonly"),
        "{offer}"
    );
}

#[test]
fn a_caller_who_is_not_to_be_named_is_not() {
    let mut dial = dial();
    dial.privacy.id = true;
    let mut rig = Rig::called_by(dial);
    rig.begin();
    let told = format!("{:?}", rig.out);
    assert!(
        told.contains("\"anonymous\"") && !told.contains("1001"),
        "{told}"
    );
    assert!(!told.contains("Alice"), "{told}");
}

#[test]
fn it_is_answered_when_both_the_word_and_the_description_are_there() {
    for turned in [false, true] {
        let mut rig = Rig::called();
        let (first, second) = match turned {
            false => (Word::Answer, describes()),
            true => (describes(), Word::Answer),
        };
        assert!(rig.says(first.clone()).unwrap().is_empty());
        assert!(rig.audio.configured.is_empty());
        assert_eq!(rig.says(first), Err(LegError::State));
        assert_eq!(rig.says(second).unwrap(), ["> answered", "Answered"]);
        assert_eq!(rig.audio.configured.len(), 1);
        for word in [Word::Answer, describes(), Word::Reject { busy: false }] {
            assert_eq!(rig.says(word), Err(LegError::State));
        }
    }
}

#[test]
fn it_refuses() {
    for (busy, status) in [(true, 486), (false, 603)] {
        let mut rig = Rig::called();
        assert_eq!(
            rig.says(Word::Reject { busy }).unwrap(),
            [
                "closed",
                "> ended Rejected",
                &format!("Refused {status}"),
                "lost",
                "gone"
            ]
        );
    }
    // Changed its mind before it had described itself.
    let mut rig = Rig::called();
    rig.says(Word::Answer).unwrap();
    assert!(rig.says(Word::Reject { busy: false }).is_ok());
}

#[test]
fn who_hangs_up_while_it_rings_refuses_for_this_device_alone() {
    let mut rig = Rig::called();
    assert_eq!(
        rig.says(Word::HangUp).unwrap(),
        ["closed", "> ended HangUp", "Refused 480", "lost", "gone"]
    );
}

#[test]
fn the_call_ends_before_it_answers() {
    let elsewhere = Order::HangUp(HangUp {
        answered_elsewhere: true,
        q850: Some(26),
        ..HangUp::default()
    });
    let table = [
        (hang_up(16), "HangUp"),
        (elsewhere, "HangUp"),
        (Order::HangUp(HangUp::default()), "HangUp"),
        (hang_up(19), "NoAnswer"),
        (hang_up(41), "Failed"),
    ];
    for (order, reason) in table {
        for taken in [false, true] {
            let mut rig = Rig::called();
            if taken {
                rig.says(Word::Answer).unwrap();
            }
            assert_eq!(
                rig.order(order.clone()).unwrap(),
                [
                    "closed",
                    &format!("> ended {reason}"),
                    "Ended by Us",
                    "lost",
                    "gone"
                ]
            );
            assert_eq!(rig.says(describes()), Err(LegError::Gone));
        }
    }
}

#[test]
fn a_description_that_is_none_ends_the_call() {
    let bad = ["", "hello", "v=0\r\n", &foreign_sdp()];
    for sdp in bad {
        let mut rig = Rig::called();
        rig.says(Word::Answer).unwrap();
        assert_eq!(
            rig.says(Word::Description(sdp.to_owned())).unwrap(),
            ["closed", "> ended Failed", "Refused 488", "lost", "gone"],
            "{sdp:?}"
        );
    }
    // One that can be read is judged when the call is taken.
    let mut rig = Rig::called();
    assert!(
        rig.says(Word::Description(foreign_sdp()))
            .unwrap()
            .is_empty()
    );
    assert_eq!(rig.says(Word::Answer).unwrap().last().unwrap(), "gone");
}

#[test]
fn without_a_stream_it_never_hears_of_the_call() {
    let mut rig = Rig::called_while(true);
    assert_eq!(rig.begin(), ["Refused 503", "lost", "gone"]);
}

#[test]
fn one_that_is_gone_or_engaged_never_hears_of_the_call() {
    for (busy, status) in [(false, 480), (true, 486)] {
        let mut rig = Rig::called_while(false);
        rig.out.clear();
        let (now, audio) = (rig.now, &mut rig.audio);
        rig.leg.unreachable(busy, now, audio, &mut rig.out);
        assert_eq!(rig.out.len(), 3);
        assert_eq!(rig.audio.opened, 0);
        let told = format!("{:?}", rig.out[0]);
        assert!(told.contains(&format!("status: {status}")), "{told}");
    }
}

#[test]
fn orders_for_callers_do_not_fit() {
    let mut rig = Rig::called();
    for order in [Order::Ring, PROGRESS, ANSWER, reject(486, None)] {
        assert_eq!(rig.order(order), Err(LegError::State));
    }
    // It has had its name from the beginning.
    assert!(rig.order(name()).unwrap().is_empty());
}
