//! While two talk: hold, silence, the end from each side and from outside.

use super::*;
use engine::leg::{Notice, Prompt};
use schema::types::CallStatus;

fn talking() -> Bench {
    let mut bench = Bench::from_phone(to_user(Id::new(), 1));
    bench.leg(2, LegEvent::Answered);
    assert!(matches!(bench.call.phase, Phase::Talking(_)));
    bench
}

#[test]
fn hold_plays_music_to_the_other_side() {
    let far = LegId(102);
    let music = |leg| Effect::Play(leg, Prompt::Music);
    let held = |leg| Effect::Notice(leg, Notice::PeerHeld);
    let resumed = |leg| Effect::Notice(leg, Notice::PeerResumed);
    let mut bench = talking();
    let table = [
        (
            1,
            LegEvent::Held,
            vec![Effect::Quiet(CALLER), music(far), held(far)],
        ),
        (1, LegEvent::Held, vec![]),
        (
            2,
            LegEvent::Held,
            vec![Effect::Quiet(CALLER), Effect::Quiet(far), held(CALLER)],
        ),
        (
            1,
            LegEvent::Resumed,
            vec![Effect::Quiet(far), music(CALLER), resumed(far)],
        ),
        (
            2,
            LegEvent::Resumed,
            vec![Effect::Bridge(CALLER, far), resumed(CALLER)],
        ),
    ];
    for (party, event, wanted) in table {
        assert_eq!(bench.leg(party, event), wanted);
    }
}

#[test]
fn either_side_may_hang_up() {
    for (party, other) in [(1, LegId(102)), (2, CALLER)] {
        let mut bench = talking();
        assert_eq!(hung_up(&bench.leg(party, ended(EndedBy::Peer))), [other]);
        bench.finish();
        assert_eq!(bench.record().status, CallStatus::Completed);
    }
}

#[test]
fn figures_that_do_not_come_are_not_waited_for_long() {
    let mut bench = talking();
    bench.leg(1, ended(EndedBy::Peer));
    assert!(matches!(bench.call.phase, Phase::Closing { .. }));
    assert!(bench.later(1).is_empty());
    bench.later(1);
    assert_eq!(bench.record().quality.len(), 1);
    bench.finish();
}

#[test]
fn silence_ends_the_call_with_a_reason() {
    let mut bench = talking();
    let effects = bench.leg(2, LegEvent::MediaLost);
    assert_eq!(hung_up(&effects), [CALLER, LegId(102)]);
    bench.finish();
    let record = bench.record();
    assert_eq!(record.end_reason, "media_lost");
    assert_eq!(record.status, CallStatus::Completed);
}

#[test]
fn a_deleted_user_ends_the_call_in_every_phase() {
    let phases: [fn() -> Bench; 3] = [
        || Bench::from_phone(to_user(Id::new(), 1)),
        talking,
        || Bench::from_phone(Lead::echo("*43")),
    ];
    for open in phases {
        let mut bench = open();
        bench.tell(Input::Terminate(Outcome::Deleted));
        bench.finish();
        assert_eq!(bench.record().end_reason, "deleted");
        // Twice changes nothing.
        assert!(bench.tell(Input::Terminate(Outcome::Deleted)).is_empty());
    }
}

#[test]
fn presence_follows_the_legs() {
    let user = Id::new();
    let mut bench = Bench::from_phone(to_user(user, 1));
    let caller = bench.call.about.from_user.unwrap();
    assert!(has(&bench.log, &Effect::Engaged(caller, true)));
    assert!(!bench.call.engaged().contains(&user));
    let effects = bench.leg(2, LegEvent::Answered);
    assert!(has(&effects, &Effect::Engaged(user, true)));
    let effects = bench.leg(1, ended(EndedBy::Peer));
    assert!(has(&effects, &Effect::Engaged(user, false)));
    assert!(has(&effects, &Effect::Engaged(caller, false)));
}
