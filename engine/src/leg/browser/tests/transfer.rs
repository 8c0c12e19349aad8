//! A browser hands its call on.

use super::rig::{BROWSER_SDP, Rig, hang_up};
use crate::{
    LegError,
    leg::{LegEvent, LegId, Word, machine::Order, machine::Output},
};
use std::time::Duration;

fn blind() -> Word {
    Word::Transfer {
        destination: "1003".to_owned(),
    }
}

#[test]
fn a_transfer_that_succeeds_ends_the_call() {
    for mut rig in [Rig::talking(), Rig::talking_in()] {
        assert_eq!(rig.says(blind()).unwrap(), ["Referred 1 to 1003, blind"]);
        assert!(rig.order(Order::AcceptReferral(1)).unwrap().is_empty());
        assert!(!rig.has_timers());
        for status in [100, 180, 200] {
            let told = rig.order(Order::NotifyReferral(1, status)).unwrap();
            assert!(told.is_empty(), "{status}");
        }
        assert_eq!(
            rig.order(hang_up(16)).unwrap(),
            [
                "closed",
                "> ended Transferred",
                "Ended by Us",
                "lost",
                "gone"
            ]
        );
    }
}

#[test]
fn a_transfer_that_fails_leaves_the_call_as_it_was() {
    let mut rig = Rig::talking();
    rig.says(blind()).unwrap();
    rig.order(Order::AcceptReferral(1)).unwrap();
    assert_eq!(
        rig.order(Order::NotifyReferral(1, 486)).unwrap(),
        ["> transfer failed 486"]
    );
    // Once is enough, and the next one has a number of its own.
    assert_eq!(
        rig.order(Order::NotifyReferral(1, 486)),
        Err(LegError::State)
    );
    assert_eq!(rig.says(blind()).unwrap(), ["Referred 2 to 1003, blind"]);
    assert_eq!(rig.order(Order::AcceptReferral(1)), Err(LegError::State));
    assert_eq!(
        rig.order(Order::RefuseReferral(2, 403)).unwrap(),
        ["> transfer failed 403"]
    );
    assert!(!rig.has_timers());
    assert_eq!(
        rig.order(hang_up(16)).unwrap()[1],
        "> ended HangUp",
        "the failed ones leave no trace"
    );
}

#[test]
fn one_is_under_way_at_a_time() {
    let mut rig = Rig::talking();
    rig.says(blind()).unwrap();
    assert_eq!(rig.says(blind()), Err(LegError::State));
    rig.order(Order::AcceptReferral(1)).unwrap();
    assert_eq!(rig.says(blind()), Err(LegError::State));
    rig.order(Order::NotifyReferral(1, 200)).unwrap();
    assert_eq!(rig.says(blind()), Err(LegError::State));
}

#[test]
fn a_transfer_that_nobody_decides_about_fails() {
    let mut rig = Rig::talking();
    rig.says(blind()).unwrap();
    assert!(rig.wait(Duration::from_secs(19)).is_empty());
    assert_eq!(rig.wait(Duration::from_secs(2)), ["> transfer failed 503"]);
    assert_eq!(rig.order(Order::AcceptReferral(1)), Err(LegError::State));
}

#[test]
fn a_held_call_may_be_handed_on() {
    let mut rig = Rig::talking();
    rig.says(Word::Hold).unwrap();
    assert_eq!(rig.says(blind()).unwrap(), ["Referred 1 to 1003, blind"]);
    rig.order(Order::RefuseReferral(1, 480)).unwrap();
    assert_eq!(rig.says(Word::Resume).unwrap(), ["Resumed", "> resumed"]);
}

#[test]
fn an_attended_transfer_names_the_other_leg() {
    let mut rig = Rig::talking();
    let consult = Rig::talking();
    assert_eq!(
        rig.completes(&consult).unwrap(),
        ["Referred 1 to 1002, attended"]
    );
    let Some(Output::Tell(LegEvent::Referred(referral))) = rig.out.last() else {
        panic!("{:?}", rig.out);
    };
    assert_eq!(referral.replaces.as_ref(), Some(consult.leg.dialog()));
    rig.order(Order::AcceptReferral(1)).unwrap();
    assert_eq!(
        rig.order(Order::NotifyReferral(1, 481)).unwrap(),
        ["> transfer failed 481"]
    );
}

#[test]
fn an_attended_transfer_needs_two_answered_calls() {
    let unanswered = [Rig::unnamed(BROWSER_SDP), Rig::calling(), Rig::called()];
    for consult in &unanswered {
        let mut rig = Rig::talking();
        assert_eq!(rig.completes(consult), Err(LegError::State));
    }
    for mut rig in unanswered {
        assert_eq!(rig.completes(&Rig::talking()), Err(LegError::State));
    }
    let mut rig = Rig::talking();
    let consult = LegId(9);
    assert_eq!(rig.says(Word::Complete { consult }), Err(LegError::State));
}

#[test]
fn nobody_is_sent_to_nowhere() {
    let mut rig = Rig::talking();
    for bad in ["", " ", "10\n03", &"1".repeat(300)] {
        let word = Word::Transfer {
            destination: bad.to_owned(),
        };
        assert_eq!(rig.says(word), Err(LegError::Address), "{bad:?}");
    }
    assert!(!rig.has_timers());
}

#[test]
fn who_leaves_while_it_goes_on_is_told_no_more() {
    let mut rig = Rig::talking();
    rig.says(blind()).unwrap();
    assert_eq!(
        rig.says(Word::HangUp).unwrap(),
        ["closed", "> ended HangUp", "Ended by Peer", "lost", "gone"]
    );
    assert!(!rig.has_timers());
    assert_eq!(
        rig.order(Order::NotifyReferral(1, 200)),
        Err(LegError::Gone)
    );
}
