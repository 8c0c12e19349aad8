//! The end, at every moment and from either side.

use super::rig::{ANSWER, BROWSER_SDP, PROGRESS, Rig, describes, hang_up};
use crate::{
    LegError,
    leg::{EndedBy, HangUp, Word, machine::Order},
    media::MediaEvent,
};

/// Every moment of a leg's life, with what the browser has heard of it: how such a leg is made, whether it
/// has a stream, whether it rings at the browser, whether the browser knows its name.
type Moment = (&'static str, fn() -> Rig, bool, bool, bool);

const MOMENTS: [Moment; 11] = [
    ("asked", || Rig::unnamed(BROWSER_SDP), false, false, false),
    (
        "answered unnamed",
        || step(Rig::unnamed(BROWSER_SDP), ANSWER),
        true,
        false,
        false,
    ),
    ("trying", Rig::calling, false, false, true),
    (
        "ringing",
        || step(Rig::calling(), Order::Ring),
        false,
        false,
        true,
    ),
    (
        "early",
        || step(Rig::calling(), PROGRESS),
        true,
        false,
        true,
    ),
    ("answered", Rig::talking, true, false, true),
    ("offered", Rig::called, true, true, true),
    (
        "taken",
        || say(Rig::called(), Word::Answer),
        true,
        true,
        true,
    ),
    (
        "described",
        || say(Rig::called(), describes()),
        true,
        true,
        true,
    ),
    ("taken up", Rig::talking_in, true, false, true),
    (
        "held",
        || say(Rig::talking(), Word::Hold),
        true,
        false,
        true,
    ),
];

fn step(mut rig: Rig, order: Order) -> Rig {
    rig.order(order).unwrap();
    rig
}

fn say(mut rig: Rig, word: Word) -> Rig {
    rig.says(word).unwrap();
    rig
}

/// What is told in order, when the leg ends now.
fn end(moment: &Moment, signal: &str, unnamed: &str, news: &str) -> Vec<String> {
    let (_, _, stream, _, named) = *moment;
    let signal = match named {
        true => format!("> ended {signal}"),
        false => format!("> refused {unnamed}"),
    };
    let closed = stream.then(|| "closed".to_owned());
    let rest = [
        signal,
        news.to_owned(),
        "lost".to_owned(),
        "gone".to_owned(),
    ];
    closed.into_iter().chain(rest).collect()
}

fn over(mut rig: Rig, what: &str) {
    assert!(!rig.has_timers(), "{what}");
    assert_eq!(rig.says(Word::HangUp), Err(LegError::Gone), "{what}");
    assert_eq!(rig.order(hang_up(16)), Err(LegError::Gone), "{what}");
    assert!(rig.media(MediaEvent::Silent).is_empty(), "{what}");
    assert!(rig.media(MediaEvent::Failed).is_empty(), "{what}");
    assert_eq!(rig.audio.closed.len() as u64, rig.audio.opened, "{what}");
}

#[test]
fn the_browser_hangs_up() {
    for moment in &MOMENTS {
        let mut rig = (moment.1)();
        let news = if moment.3 {
            "Refused 480"
        } else {
            "Ended by Peer"
        };
        let expected = end(moment, "HangUp", "487", news);
        assert_eq!(rig.says(Word::HangUp).unwrap(), expected, "{}", moment.0);
        over(rig, moment.0);
    }
}

#[test]
fn its_session_is_closed() {
    for moment in &MOMENTS {
        let mut rig = (moment.1)();
        let news = if moment.3 {
            "Refused 480"
        } else {
            "Ended by Peer"
        };
        let expected = end(moment, "HangUp", "487", news);
        let closed = rig.order(Order::Abandon(EndedBy::Peer)).unwrap();
        assert_eq!(closed, expected, "{}", moment.0);
        over(rig, moment.0);
    }
}

#[test]
fn the_call_hangs_up() {
    for moment in &MOMENTS {
        let mut rig = (moment.1)();
        let expected = end(moment, "HangUp", "487", "Ended by Us");
        assert_eq!(rig.order(hang_up(16)).unwrap(), expected, "{}", moment.0);
        over(rig, moment.0);
    }
}

#[test]
fn the_leg_was_handed_on() {
    for moment in &MOMENTS {
        let mut rig = (moment.1)();
        let how = HangUp {
            transferred: true,
            ..HangUp::default()
        };
        let expected = end(moment, "Transferred", "487", "Ended by Us");
        let told = rig.order(Order::HangUp(how)).unwrap();
        assert_eq!(told, expected, "{}", moment.0);
        over(rig, moment.0);
    }
}

#[test]
fn nobody_claims_the_leg_or_it_fails() {
    for moment in &MOMENTS {
        let mut rig = (moment.1)();
        let expected = end(moment, "Failed", "503", "Ended by Orphaned");
        let told = rig.order(Order::Abandon(EndedBy::Orphaned)).unwrap();
        assert_eq!(told, expected, "{}", moment.0);
        over(rig, moment.0);
        let mut rig = (moment.1)();
        let expected = end(moment, "Failed", "503", "Ended by Failure");
        assert_eq!(rig.media(MediaEvent::Failed), expected, "{}", moment.0);
        over(rig, moment.0);
    }
}

#[test]
fn the_cause_of_an_order_reads_as_a_reason() {
    let table = [
        ("trying", hang_up(17), "Busy"),
        ("trying", hang_up(19), "NoAnswer"),
        ("trying", hang_up(21), "Rejected"),
        ("trying", hang_up(38), "Failed"),
        ("offered", hang_up(19), "NoAnswer"),
        ("offered", hang_up(38), "Failed"),
        // Whatever the far side gave as its cause, an answered call was hung up.
        ("answered", hang_up(17), "HangUp"),
        ("answered", hang_up(31), "HangUp"),
        ("answered", hang_up(41), "Failed"),
        ("taken up", hang_up(102), "Failed"),
    ];
    for (name, order, reason) in table {
        let moment = MOMENTS.iter().find(|moment| moment.0 == name).unwrap();
        let expected = end(moment, reason, "", "Ended by Us");
        let mut rig = (moment.1)();
        assert_eq!(rig.order(order).unwrap(), expected, "{name}");
    }
    let status = Order::HangUp(HangUp {
        status: Some(486),
        ..HangUp::default()
    });
    let told = Rig::calling().order(status).unwrap();
    assert_eq!(told[0], "> ended Busy");
}
