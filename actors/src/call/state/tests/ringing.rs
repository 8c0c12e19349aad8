//! Several that ring: one is deleted, one falls silent, one fails over to another trunk.

use super::*;
use crate::{call::Whose, target::Route};
use engine::leg::Prompt;
use schema::types::CallStatus;

/// A group of these users, one phone each.
fn group(users: &[Id<User>]) -> Lead {
    let phones = users.iter().map(|user| phone(*user)).collect();
    Lead::ring("300", ring(phones))
}

fn dialled(effects: &[Effect]) -> Option<&crate::call::Dialling> {
    effects.iter().find_map(|effect| match effect {
        Effect::Dial(dialling) => Some(&**dialling),
        _ => None,
    })
}

#[test]
fn a_deleted_member_stops_ringing_and_the_others_ring_on() {
    let users = [Id::new(), Id::new()];
    let mut bench = Bench::from_phone(group(&users));
    bench.leg(2, LegEvent::Ringing);
    let effects = bench.tell(Input::Deleted(Whose::User(users[0])));
    assert_eq!(hung_up(&effects), [LegId(102)]);
    let effects = bench.leg(3, LegEvent::Answered);
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(103))));
    // Now it is that user's call.
    let effects = bench.tell(Input::Deleted(Whose::User(users[1])));
    assert_eq!(hung_up(&effects), [CALLER, LegId(103)]);
}

#[test]
fn a_deleted_endpoint_stops_ringing_and_the_last_one_ends_the_call() {
    let mut bench = Bench::from_phone(group(&[Id::new(), Id::new()]));
    let endpoints: Vec<_> = bench
        .call
        .parties
        .iter()
        .filter_map(|p| p.endpoint())
        .collect();
    bench.tell(Input::Deleted(Whose::Endpoint(endpoints[1])));
    assert!(matches!(bench.call.phase, Phase::Seeking(_)));
    bench.tell(Input::Deleted(Whose::Endpoint(endpoints[2])));
    bench.finish();
    assert_eq!(bench.record().end_reason, Outcome::Deleted.reading().reason);
}

#[test]
fn a_deleted_caller_ends_the_call() {
    let mut bench = Bench::from_phone(group(&[Id::new(), Id::new()]));
    let caller = bench.call.about.from_user.unwrap();
    bench.tell(Input::Deleted(Whose::User(caller)));
    bench.finish();
    assert_eq!(bench.record().status, CallStatus::Failed);
}

#[test]
fn a_fallback_does_not_ring_in_silence_after_early_audio() {
    let mut lead = to_user(Id::new(), 1);
    if let Route::Ring(proposal) = &mut lead.route {
        proposal.then = Some(target(Id::new()));
    }
    let mut bench = Bench::from_phone(lead);
    bench.leg(2, LegEvent::EarlyMedia);
    bench.leg(2, refusal(486));
    let effects = bench.found(Ok(to_user(Id::new(), 1)));
    let ringback = Effect::Play(CALLER, Prompt::Ringback);
    assert!(has(&effects, &ringback));
    // It has early audio of its own.
    let effects = bench.leg(3, LegEvent::EarlyMedia);
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(103))));
}

#[test]
fn every_trunk_is_shown_the_same_caller() {
    let mut bench = Bench::from_phone(to_user(Id::new(), 1));
    bench.leg(2, redirect("0115550123"));
    let effects = bench.found(Ok(to_network(2)));
    let first = dialled(&effects).unwrap().shown.clone();
    let effects = bench.leg(3, refusal(503));
    assert_eq!(dialled(&effects).unwrap().shown, first);
    assert_eq!(first.number, "+12075550110");
}
