//! Transfers of every kind.

use super::*;
use crate::call::Handover;
use engine::leg::{DialogKey, HangUp, Prompt};
use schema::types::CallStatus;

/// Inbound call to a user who answered as party 2.
fn talking() -> Bench {
    let mut bench = Bench::from_network(to_user(Id::new(), 1));
    bench.leg(2, LegEvent::Answered);
    bench
}

#[test]
fn a_blind_transfer_leaves_the_two_others_talking() {
    let mut bench = talking();
    let effects = bench.referral(2, "205");
    let wanted = [
        Effect::AcceptReferral(LegId(102), 7),
        Effect::NotifyReferral(LegId(102), 7, 100),
        Effect::Play(CALLER, Prompt::Music),
    ];
    assert!(wanted.iter().all(|wanted| has(&effects, wanted)));
    bench.found(Ok(to_user(Id::new(), 1)));
    let effects = bench.leg(3, LegEvent::Ringing);
    assert!(has(&effects, &Effect::Play(CALLER, Prompt::Ringback)));
    assert!(has(&effects, &Effect::NotifyReferral(LegId(102), 7, 180)));
    let effects = bench.leg(3, LegEvent::Answered);
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(103))));
    assert!(has(&effects, &Effect::NotifyReferral(LegId(102), 7, 200)));
    assert_eq!(hung_up(&effects), [LegId(102)]);
    bench.leg(2, ended(EndedBy::Us));
    bench.leg(3, ended(EndedBy::Peer));
    bench.finish();
    let events = [
        "call.incoming",
        "call.ringing",
        "call.answered",
        "call.ringing",
        "call.transfer",
        "call.end",
    ];
    assert_eq!(bench.events(), events);
    assert_eq!(bench.record().quality.len(), 3);
}

#[test]
fn a_transfer_that_fails_comes_back() {
    let mut bench = talking();
    bench.referral(2, "205");
    bench.found(Ok(to_user(Id::new(), 1)));
    let effects = bench.leg(3, refusal(486));
    assert!(has(&effects, &Effect::NotifyReferral(LegId(102), 7, 486)));
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(102))));
    assert!(!bench.events().contains(&"call.transfer"));
}

#[test]
fn a_transferor_who_left_does_not_stop_the_transfer() {
    let mut bench = talking();
    bench.referral(2, "205");
    bench.leg(2, ended(EndedBy::Peer));
    bench.found(Ok(to_user(Id::new(), 1)));
    bench.leg(3, refusal(486));
    bench.finish();
    assert_eq!(bench.record().status, CallStatus::Completed);
}

#[test]
fn a_transferee_who_leaves_ends_it_all() {
    let mut bench = talking();
    bench.referral(2, "205");
    bench.found(Ok(to_user(Id::new(), 1)));
    let effects = bench.leg(1, ended(EndedBy::Peer));
    assert!(has(&effects, &Effect::NotifyReferral(LegId(102), 7, 487)));
    assert_eq!(hung_up(&effects), [LegId(102), LegId(103)]);
    bench.finish();
}

#[test]
fn the_network_may_not_transfer() {
    let mut bench = talking();
    let effects = bench.referral(1, "205");
    assert_eq!(effects, [Effect::RefuseReferral(CALLER, 7, 403)]);
}

fn key() -> DialogKey {
    DialogKey {
        call_id: "other".into(),
        local_tag: "l".into(),
        remote_tag: "r".into(),
    }
}

fn attended(bench: &mut Bench) -> Vec<Effect> {
    bench.leg(
        2,
        LegEvent::Referred(Referral {
            id: 7,
            target: SipParty::default(),
            replaces: Some(key()),
        }),
    )
}

#[test]
fn an_attended_transfer_takes_the_far_leg_of_the_other_call() {
    let mut other = Bench::from_phone(to_user(Id::new(), 1));
    other.leg(2, LegEvent::Answered);
    let mut bench = talking();
    assert!(has(&attended(&mut bench), &Effect::Fetch(key())));

    let effects = other.tell(Input::Surrender {
        leg: CALLER,
        to: bench.call.id,
    });
    let handover = effects.iter().find_map(|effect| match effect {
        Effect::Hand(to, Some(handover)) if *to == bench.call.id => Some(handover.clone()),
        _ => None,
    });
    let handover = handover.expect("a handover");
    assert_eq!(
        (handover.leg, handover.number.as_str()),
        (LegId(102), "204")
    );
    assert_eq!(hung_up(&effects), [CALLER]);
    // Late news of the leg follow it.
    let news = other.leg(2, LegEvent::Held);
    assert!(matches!(news.as_slice(), [Effect::Forward(..)]));
    other.finish();
    assert_eq!(other.record().status, CallStatus::Completed);

    let effects = bench.tell(Input::HandedOver(Some(handover)));
    assert!(has(&effects, &Effect::Claim(PartyId(3), LegId(102))));
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(102))));
    assert!(has(&effects, &Effect::NotifyReferral(LegId(102), 7, 200)));
    let transferred = bench.published().find_map(|event| match event {
        Event::Transferred { to, .. } => Some(to.as_str()),
        _ => None,
    });
    assert_eq!(transferred, Some("204"));
}

#[test]
fn an_attended_transfer_to_nowhere_leaves_things_as_they_are() {
    let mut bench = talking();
    attended(&mut bench);
    let effects = bench.tell(Input::HandedOver(None));
    assert_eq!(effects, [Effect::NotifyReferral(LegId(102), 7, 481)]);
    attended(&mut bench);
    let effects = bench.later(5);
    assert_eq!(effects, [Effect::NotifyReferral(LegId(102), 7, 481)]);
    assert!(matches!(bench.call.phase, Phase::Talking(_)));
    // The leg that comes after all is ended.
    let late = Handover {
        leg: LegId(77),
        phone: Some((Id::new(), Some(endpoint()))),
        trunk: None,
        holds: false,
        waits: false,
        number: "204".into(),
    };
    assert_eq!(
        hung_up(&bench.tell(Input::HandedOver(Some(late)))),
        [LegId(77)]
    );
}

fn replace(replaced: LegId, early_only: bool) -> Input {
    Input::Replace {
        replaced,
        leg: LegId(55),
        user: Id::new(),
        endpoint: endpoint(),
        number: "206".into(),
        early_only,
    }
}

#[test]
fn an_invite_with_replaces_takes_a_place() {
    let mut bench = talking();
    let effects = bench.tell(replace(LegId(102), false));
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(55))));
    assert_eq!(hung_up(&effects), [LegId(102)]);
    assert_eq!(bench.events().last(), Some(&"call.transfer"));
}

#[test]
fn an_invite_with_replaces_picks_up_a_ringing_call() {
    let mut bench = Bench::from_network(to_user(Id::new(), 1));
    bench.leg(2, LegEvent::Ringing);
    let effects = bench.tell(replace(LegId(102), true));
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(55))));
    let elsewhere = HangUp {
        q850: Some(26),
        answered_elsewhere: true,
        ..HangUp::default()
    };
    assert!(has(&effects, &Effect::HangUp(LegId(102), elsewhere)));
}

#[test]
fn an_invite_with_replaces_needs_something_to_replace() {
    let mut bench = talking();
    for input in [replace(LegId(102), true), replace(LegId(1234), false)] {
        let effects = bench.tell(input);
        assert!(matches!(effects.as_slice(), [Effect::Reject(LegId(55), r)] if r.status == 481));
    }
}
