//! A leg is written down at any moment, and goes on from there.

use super::rig::{ANSWER, PROGRESS, Rig, describes, hang_up};
use crate::leg::{Notice, Word, browser::Leg, machine::Order, machine::SnapshotError};

fn again(rig: Rig) -> Rig {
    let written = rig.leg.snapshot(rig.now).unwrap();
    assert_eq!(written["kind"], "browser");
    let mut out = Vec::new();
    let leg = Leg::restore(rig.settings.clone(), written.clone(), rig.now, &mut out).unwrap();
    let mut new = Rig::with(leg, rig.settings, out);
    new.now = rig.now;
    new.audio = rig.audio;
    assert_eq!(new.leg.snapshot(new.now).unwrap(), written);
    new
}

#[test]
fn it_goes_on_as_if_nothing_had_been() {
    let mut rig = again(Rig::calling());
    rig.order(Order::Ring).unwrap();
    rig = again(rig);
    assert!(rig.order(Order::Ring).unwrap().is_empty());
    rig.order(PROGRESS).unwrap();
    let early = rig.description();
    rig = again(rig);
    rig.order(ANSWER).unwrap();
    assert_eq!(rig.description(), early);
    rig.order(Order::Notice(Notice::PeerHeld)).unwrap();
    rig = again(rig);
    assert_eq!(
        rig.order(Order::Notice(Notice::PeerResumed)).unwrap(),
        ["> resumed"]
    );
    let destination = "1003".to_owned();
    rig.says(Word::Transfer { destination }).unwrap();
    rig = again(rig);
    assert!(rig.has_timers());
    rig.order(Order::AcceptReferral(1)).unwrap();
    rig.order(Order::NotifyReferral(1, 200)).unwrap();
    rig = again(rig);
    assert_eq!(rig.order(hang_up(16)).unwrap()[1], "> ended Transferred");
}

#[test]
fn half_an_answer_is_not_forgotten() {
    let mut rig = Rig::called();
    rig.says(describes()).unwrap();
    rig = again(rig);
    assert_eq!(rig.says(Word::Answer).unwrap(), ["> answered", "Answered"]);
}

#[test]
fn another_version_is_refused() {
    let rig = Rig::talking();
    let mut written = rig.leg.snapshot(rig.now).unwrap();
    written["version"] = 2.into();
    let read = Leg::restore(rig.settings.clone(), written, rig.now, &mut Vec::new());
    assert!(matches!(read, Err(SnapshotError::Version(2))));
    let other = serde_json::json!({ "version": 1, "kind": "sip" });
    let read = Leg::restore(rig.settings.clone(), other, rig.now, &mut Vec::new());
    assert!(matches!(read, Err(SnapshotError::Form(_))));
}
