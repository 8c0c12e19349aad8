//! Presence: snapshots, changes, and who cannot be watched.

use super::{Desk, heard, said};
use crate::webrtc_session::{
    frames::PresenceItem,
    messages::{Effect, Input},
};
use schema::{Id, Time, User};

fn item(user: Id<User>, status: &'static str) -> PresenceItem {
    PresenceItem {
        user_id: user,
        name: Some("Ann".to_owned()),
        status,
        do_not_disturb: false,
        status_text: None,
        updated_at: Time::now(),
    }
}

fn subscribe(desk: &mut Desk, users: &[String]) -> Vec<Effect> {
    let users = serde_json::to_string(users).unwrap_or_default();
    desk.frame(&format!(
        r#"{{"type":"presence.subscribe","req_id":"s","users":{users}}}"#
    ))
}

/// The number of the look that is ordered there.
fn look(out: &[Effect]) -> u32 {
    let number = out.iter().find_map(|effect| match effect {
        Effect::Look(number, _) | Effect::LookAgain(number) => Some(*number),
        _ => None,
    });
    number.unwrap_or_else(|| panic!("no look in {out:?}"))
}

#[test]
fn a_snapshot_then_what_changes() {
    let (ann, nobody) = (Id::<User>::new(), Id::<User>::new());
    let mut desk = Desk::open();
    let names = [ann.to_string(), nobody.to_string(), "user_x".to_owned()];
    let out = subscribe(&mut desk, &names);
    assert!(matches!(&out[..], [Effect::Watch(_), Effect::Look(..)]));
    let number = look(&out);
    // Something changes before the snapshot is there: it is looked at afterwards.
    assert_eq!(desk.tell(Input::Stale), []);
    let found = vec![(ann, Some(item(ann, "available"))), (nobody, None)];
    let out = desk.tell(Input::Looked(number, found));
    assert_eq!(heard(&out), ["presence.list", "presence_unavailable s -"]);
    let texts = said(&out);
    assert!(texts[0].contains(r#""status":"available","do_not_disturb":false,"status_text":null"#));
    let left_out = format!(r#""context":{{"users":["{nobody}","user_x"]}}"#);
    assert!(texts[1].contains(&left_out), "{texts:?}");
    let number = look(&out);
    let changed = vec![(ann, Some(item(ann, "on_call")))];
    let out = desk.tell(Input::Looked(number, changed.clone()));
    assert_eq!(heard(&out), ["presence.update"]);
    // The same again is no news.
    let number = look(&desk.tell(Input::Stale));
    assert_eq!(desk.tell(Input::Looked(number, changed)), []);
    // Nor is the answer to a question that nobody asks any more.
    let late = vec![(ann, Some(item(ann, "offline")))];
    assert_eq!(desk.tell(Input::Looked(number, late.clone())), []);
    assert_eq!(desk.tell(Input::Looked(0, late)), []);
}

#[test]
fn a_later_subscription_takes_the_place_of_the_first() {
    let (ann, bob) = (Id::<User>::new(), Id::<User>::new());
    let mut desk = Desk::open();
    let first = subscribe(&mut desk, &[ann.to_string()]);
    assert_eq!(subscribe(&mut desk, &[bob.to_string()]), []);
    let found = vec![(ann, Some(item(ann, "available")))];
    let out = desk.tell(Input::Looked(look(&first), found));
    assert_eq!(heard(&out), ["presence.list"]);
    assert_eq!(out[1], Effect::Watch(vec![bob]));
    let found = vec![(bob, Some(item(bob, "offline")))];
    desk.tell(Input::Looked(look(&out), found));
    let number = look(&desk.tell(Input::Stale));
    let changes = vec![
        (ann, Some(item(ann, "on_call"))),
        (bob, Some(item(bob, "on_call"))),
    ];
    let out = desk.tell(Input::Looked(number, changes));
    assert_eq!(heard(&out), ["presence.update"]);
    assert!(said(&out)[0].contains(&bob.to_string()));
}

#[test]
fn as_many_as_may_be_and_no_more() {
    let mut desk = Desk::open();
    assert_eq!(heard(&subscribe(&mut desk, &[])), ["invalid_message s -"]);
    let many: Vec<String> = (0..101).map(|_| Id::<User>::new().to_string()).collect();
    let out = subscribe(&mut desk, &many);
    assert_eq!(heard(&out), ["invalid_message s -"]);
    let out = subscribe(&mut desk, &many[..100]);
    assert_eq!(heard(&out), [""; 0]);
    for _ in 0..7 {
        assert_eq!(subscribe(&mut desk, &many[..1]), []);
    }
    let out = subscribe(&mut desk, &many[..1]);
    assert_eq!(heard(&out), ["rate_limited s -"]);
}

#[test]
fn a_look_that_was_lost_is_repeated() {
    let ann = Id::<User>::new();
    let mut desk = Desk::open();
    let first = subscribe(&mut desk, &[ann.to_string()]);
    let again = desk.tell(Input::Raised);
    assert_ne!(look(&first), look(&again));
    let found = vec![(ann, Some(item(ann, "available")))];
    let out = desk.tell(Input::Looked(look(&again), found));
    assert_eq!(heard(&out), ["presence.list"]);
    desk.tell(Input::Stale);
    let again = desk.tell(Input::Raised);
    let found = vec![(ann, Some(item(ann, "offline")))];
    let out = desk.tell(Input::Looked(look(&again), found));
    assert_eq!(heard(&out), ["presence.update"]);
}
