//! From the first INVITE to an answer, or to none.

use super::*;
use engine::{LegError, leg::HangUp};
use schema::types::{CallDirection, CallStatus};

#[test]
fn two_phones_ring_and_the_first_to_answer_wins() {
    let user = Id::new();
    let mut bench = Bench::from_phone(to_user(user, 2));
    assert_eq!(bench.events(), ["call.incoming", "call.ringing"]);
    assert!(has(&bench.leg(2, LegEvent::Ringing), &Effect::Ring(CALLER)));
    assert!(!has(
        &bench.leg(3, LegEvent::Ringing),
        &Effect::Ring(CALLER)
    ));
    let effects = bench.leg(3, LegEvent::Answered);
    let elsewhere = HangUp {
        q850: Some(26),
        answered_elsewhere: true,
        ..HangUp::default()
    };
    assert!(has(&effects, &Effect::HangUp(LegId(102), elsewhere)));
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(103))));
    bench.now = bench.now.after(Duration::from_millis(5_900));
    let effects = bench.leg(1, ended(EndedBy::Peer));
    assert_eq!(hung_up(&effects), [LegId(103)]);
    bench.finish();
    let record = bench.record();
    assert_eq!(record.direction, CallDirection::Internal);
    assert_eq!(record.status, CallStatus::Completed);
    assert_eq!(record.seconds, Some(5));
    assert_eq!(record.hangup_cause, None);
    assert_eq!(
        (record.from_number.as_str(), record.to_number.as_str()),
        ("203", "204")
    );
    assert_eq!(record.from_label.as_deref(), Some("Sam"));
    assert_eq!(record.to_label.as_deref(), Some("Noor"));
    assert_eq!(record.quality.len(), 2);
    let events = ["call.incoming", "call.ringing", "call.answered", "call.end"];
    assert_eq!(bench.events(), events);
}

#[test]
fn outcomes_of_phones_read_as_the_table_says() {
    let table = [
        (vec![486, 486], CallStatus::Busy, 17, 486),
        (vec![480, 486], CallStatus::Busy, 17, 486),
        (vec![603, 480], CallStatus::Busy, 21, 603),
        (vec![480, 480], CallStatus::NoAnswer, 20, 480),
        (vec![404, 404], CallStatus::Failed, 1, 404),
    ];
    for (answers, status, cause, sip) in table {
        let mut bench = Bench::from_phone(to_user(Id::new(), 2));
        bench.leg(2, refusal(answers[0]));
        assert!(
            matches!(bench.call.phase, Phase::Seeking(_)),
            "the other still rings"
        );
        let effects = bench.leg(3, refusal(answers[1]));
        let rejected = effects.iter().find_map(|effect| match effect {
            Effect::Reject(CALLER, rejection) => Some(rejection.status),
            _ => None,
        });
        assert_eq!(rejected, Some(sip), "{answers:?}");
        bench.finish();
        let record = bench.record();
        assert_eq!(
            (record.status, record.hangup_cause),
            (status, Some(cause)),
            "{answers:?}"
        );
        assert_eq!(record.answered_at, None);
        assert_eq!(record.seconds, None);
        assert!(record.quality.is_empty());
    }
}

#[test]
fn nobody_registered_ends_at_once_and_rings_nobody() {
    let mut bench = Bench::from_phone(to_user(Id::new(), 0));
    bench.finish();
    assert_eq!(bench.events(), ["call.incoming", "call.end"]);
    assert_eq!(bench.record().status, CallStatus::NoAnswer);
}

#[test]
fn an_unallocated_number_reaches_nobody() {
    let mut bench = Bench::from_phone(Lead::nowhere("999", Outcome::Unallocated));
    bench.finish();
    assert_eq!(bench.events(), ["call.end"]);
    let record = bench.record();
    assert_eq!(
        (record.status, record.hangup_cause),
        (CallStatus::Failed, Some(1))
    );
    assert_eq!(record.to_number, "999");
}

#[test]
fn ringing_ends_in_time() {
    let mut bench = Bench::from_phone(to_user(Id::new(), 2));
    bench.leg(2, LegEvent::Ringing);
    assert!(bench.later(29).is_empty());
    let effects = bench.later(1);
    assert_eq!(hung_up(&effects), [LegId(102), LegId(103)]);
    bench.finish();
    let record = bench.record();
    assert_eq!(
        (record.status, record.hangup_cause),
        (CallStatus::NoAnswer, Some(19))
    );
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let mut bench = Bench::from_phone(to_user(Id::new(), 2));
    bench.leg(2, LegEvent::Ringing);
    let effects = bench.leg(1, ended(EndedBy::Peer));
    assert_eq!(hung_up(&effects), [LegId(102), LegId(103)]);
    bench.finish();
    assert_eq!(bench.record().status, CallStatus::NoAnswer);
    // An answer that crossed the CANCEL changes nothing.
    assert!(bench.leg(2, LegEvent::Answered).is_empty());
}

#[test]
fn a_group_that_does_not_answer_rings_its_user() {
    let (member, last) = (Id::new(), Id::new());
    let mut lead = to_user(member, 1);
    lead.user = None;
    if let crate::target::Route::Ring(proposal) = &mut lead.route {
        proposal.then = Some(target(last));
    }
    let mut bench = Bench::from_network(lead);
    bench.leg(2, LegEvent::Ringing);
    bench.later(30);
    assert!(
        matches!(bench.question(), Some(Question::Target { target: to, .. }) if *to == target(last))
    );
    bench.found(Ok(to_user(last, 1)));
    let ringing = ["call.incoming", "call.ringing", "call.ringing"];
    assert_eq!(bench.events(), ringing);
    bench.leg(3, LegEvent::Answered);
    assert!(matches!(bench.call.phase, Phase::Talking(_)));
    bench.leg(3, ended(EndedBy::Peer));
    bench.finish();
    let record = bench.record();
    assert_eq!(record.user, Some(last));
    assert_eq!(record.direction, CallDirection::Inbound);
    assert_eq!(record.from_label.as_deref(), Some("ACME"));
}

#[test]
fn the_next_trunk_is_tried_after_trouble_and_not_after_an_answer() {
    let mut bench = Bench::from_phone(to_network(3));
    assert_eq!(bench.events(), ["call.initiated"]);
    bench.leg(2, refusal(503));
    bench.leg(3, refusal(408));
    assert!(matches!(bench.call.phase, Phase::Seeking(_)));
    bench.leg(4, refusal(486));
    bench.finish();
    let record = bench.record();
    assert_eq!(
        (record.status, record.hangup_cause),
        (CallStatus::Busy, Some(17))
    );
    assert_eq!(record.direction, CallDirection::Outbound);
    assert_eq!(record.from_number, "+12075550110");
    let released = bench.log.iter().filter(|e| matches!(e, Effect::Release(_)));
    assert_eq!(released.count(), 3);
}

#[test]
fn a_full_trunk_is_passed_over() {
    let mut bench = Bench::from_phone(to_network(2));
    bench.tell(Input::Undialled(PartyId(2), LegError::Limit));
    bench.leg(3, LegEvent::EarlyMedia);
    assert!(has(&bench.log, &Effect::Progress(CALLER, Some(LegId(103)))));
    assert!(has(&bench.log, &Effect::Bridge(CALLER, LegId(103))));
    bench.leg(3, LegEvent::Answered);
    assert!(matches!(bench.call.phase, Phase::Talking(_)));
}

#[test]
fn a_forwarding_is_followed_beside_the_others() {
    let user = Id::new();
    let mut bench = Bench::from_phone(to_user(user, 2));
    bench.leg(2, redirect("+12075550199"));
    assert!(
        matches!(bench.question(), Some(Question::Dialled { text, by }) if text == "+12075550199" && by.user == Some(user))
    );
    bench.found(Ok(to_network(1)));
    bench.leg(4, LegEvent::Answered);
    let elsewhere = bench
        .log
        .iter()
        .any(|effect| matches!(effect, Effect::HangUp(LegId(103), how) if how.answered_elsewhere));
    assert!(elsewhere);
}

#[test]
fn forwardings_end_somewhere() {
    let user = Id::new();
    let mut bench = Bench::from_phone(to_user(user, 1));
    for hop in 0..crate::target::HOPS {
        bench.leg(2 + u32::from(hop), redirect("204"));
        bench.found(Ok(to_user(user, 1)));
    }
    bench.leg(2 + u32::from(crate::target::HOPS), redirect("204"));
    bench.finish();
    assert_eq!(bench.record().end_reason, "loop");
}

#[test]
fn a_group_that_ignores_forwarding_counts_it_as_busy() {
    let mut lead = to_user(Id::new(), 1);
    if let crate::target::Route::Ring(proposal) = &mut lead.route {
        proposal.ignore_forwarding = true;
    }
    let mut bench = Bench::from_phone(lead);
    bench.leg(2, redirect("205"));
    bench.finish();
    assert_eq!(bench.record().status, CallStatus::Busy);
    assert!(bench.question().is_none());
}

#[test]
fn click_to_call_is_silent_until_its_user_answers() {
    let (user, other) = (Id::new(), Id::new());
    let mut bench = Bench::by_api(to_user(user, 1));
    assert!(bench.events().is_empty());
    bench.leg(1, LegEvent::Answered);
    assert!(bench.events().is_empty());
    bench.found(Ok(to_user(other, 1)));
    assert_eq!(bench.events(), ["call.initiated", "call.ringing"]);
    let ringback = Effect::Play(LegId(101), engine::leg::Prompt::Ringback);
    assert!(has(&bench.log, &ringback));
    bench.now = bench.now.after(Duration::from_secs(3));
    bench.leg(2, LegEvent::Answered);
    bench.leg(2, ended(EndedBy::Peer));
    bench.finish();
    let events = [
        "call.initiated",
        "call.ringing",
        "call.answered",
        "call.end",
    ];
    assert_eq!(bench.events(), events);
    let record = bench.record();
    assert_eq!(record.seconds, Some(3), "counted from the user's answer");
    assert!(record.connected_at > record.answered_at);
}

#[test]
fn click_to_call_without_its_user_leaves_nothing() {
    let mut bench = Bench::by_api(to_user(Id::new(), 2));
    bench.leg(1, LegEvent::Ringing);
    bench.later(31);
    assert_eq!(bench.call.phase, Phase::Over);
    assert!(bench.events().is_empty());
    assert!(!bench.log.iter().any(|e| matches!(e, Effect::Record(_))));
}

#[test]
fn click_to_call_to_nobody_is_completed_all_the_same() {
    let mut bench = Bench::by_api(to_user(Id::new(), 1));
    bench.leg(1, LegEvent::Answered);
    bench.found(Ok(to_network(1)));
    bench.now = bench.now.after(Duration::from_secs(4));
    let effects = bench.leg(2, refusal(486));
    assert_eq!(hung_up(&effects), [LegId(101)]);
    bench.finish();
    let record = bench.record();
    assert_eq!(
        (record.status, record.seconds),
        (CallStatus::Completed, Some(4))
    );
    assert_eq!((record.connected_at, record.hangup_cause), (None, Some(17)));
    assert_eq!(bench.events(), ["call.initiated", "call.end"]);
}

#[test]
fn a_caller_whose_codecs_do_not_fit_is_refused() {
    let mut bench = Bench::from_phone(to_user(Id::new(), 1));
    let effects = bench.call.apply(
        Input::Leg(PartyId(2), LegId(102), LegEvent::Answered),
        bench.now,
    );
    assert!(effects.iter().any(|e| matches!(e, Effect::Answer(..))));
    let effects = bench.tell(Input::Accepted(PartyId(1), Err(LegError::Codec)));
    assert_eq!(hung_up(&effects), [LegId(102)]);
    bench.finish();
    let record = bench.record();
    assert_eq!(
        (record.status, record.hangup_cause),
        (CallStatus::Failed, Some(88))
    );
    assert!(!bench.events().contains(&"call.answered"));
}

#[test]
fn the_echo_answers_by_itself() {
    let mut bench = Bench::from_phone(Lead::echo("*43"));
    assert!(has(&bench.log, &Effect::Answer(PartyId(1), CALLER, None)));
    assert!(has(&bench.log, &Effect::Echo(CALLER)));
    bench.leg(1, ended(EndedBy::Peer));
    bench.finish();
    assert_eq!(bench.record().status, CallStatus::Completed);
}

#[test]
fn a_directory_that_does_not_answer_is_not_waited_for() {
    let mut bench = Bench::by_api(to_user(Id::new(), 1));
    bench.leg(1, LegEvent::Answered);
    bench.later(10);
    bench.finish();
    assert_eq!(bench.record().end_reason, "overloaded");
}

/// A phone and a number outside whose owner must press a key.
fn confirmed_group() -> Bench {
    let mut lead = to_user(Id::new(), 1);
    if let crate::target::Route::Ring(proposal) = &mut lead.route {
        let mut outside = outside(1);
        if let Candidate::Outside(number) = &mut outside {
            number.confirm = true;
        }
        proposal.candidates.push(outside);
    }
    Bench::from_phone(lead)
}

fn key() -> LegEvent {
    LegEvent::Digit(engine::leg::Digit {
        key: '1',
        duration_ms: 100,
        source: engine::leg::DigitSource::Rtp,
    })
}

#[test]
fn who_must_confirm_wins_with_a_key() {
    let mut bench = confirmed_group();
    let asked = bench.leg(3, LegEvent::Answered);
    let beeps = Effect::Play(LegId(103), engine::leg::Prompt::Attention);
    assert_eq!(asked, [beeps]);
    assert!(hung_up(&bench.later(5)).is_empty());
    let effects = bench.leg(3, key());
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(103))));
    assert_eq!(hung_up(&effects), [LegId(102)]);
    // Later keys are for the other side.
    assert_eq!(bench.leg(3, key()), [Effect::Relay(CALLER, '1')]);
}

#[test]
fn a_mailbox_presses_no_key_and_others_ring_on() {
    let mut bench = confirmed_group();
    bench.leg(3, LegEvent::Answered);
    assert_eq!(hung_up(&bench.later(10)), [LegId(103)]);
    assert!(bench.leg(3, key()).is_empty());
    let effects = bench.leg(2, LegEvent::Answered);
    assert!(has(&effects, &Effect::Bridge(CALLER, LegId(102))));

    let mut bench = confirmed_group();
    bench.leg(3, LegEvent::Answered);
    let effects = bench.leg(2, LegEvent::Answered);
    assert_eq!(hung_up(&effects), [LegId(103)]);
}
