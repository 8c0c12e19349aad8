//! Before the answer: reliable provisional responses and UPDATE.

use crate::kit::{alice_and_bob, claims, over, record, talk};
use harness::{
    Call, Database, Offer, Person,
    audio::{PCMA, PCMU},
};
use serde_json::json;

harness::stories! {
    a_caller_may_insist_on_confirming_what_it_hears_of,
    a_callee_may_insist_too,
    the_session_may_change_before_the_answer,
}

async fn insists(alice: &Person) -> Call {
    let uri = format!("sip:1002@{}", harness::DOMAIN);
    let shape = |invite: &mut harness::Message| {
        invite.add("Require", "100rel");
    };
    alice.phone.calls_with(&uri, Offer::default(), shape).await
}

async fn a_caller_may_insist_on_confirming_what_it_hears_of(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let call = insists(&alice).await;
    let answer = bob.phone.rings().await;
    let ringing = call.is_ringing().await;
    assert!(ringing.get("Require").contains("100rel"), "{ringing}");
    assert_eq!(call.pracks(&ringing).await.status(), Some(200));
    // What was confirmed is not confirmed again.
    assert_eq!(call.pracks(&ringing).await.status(), Some(481));
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_callee_may_insist_too(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.is_called().await;
    assert!(answer.invite().get("Supported").contains("100rel"));
    let prack = answer.says_reliably(180, 7, false).await;
    assert!(prack.get("RAck").starts_with("7 "), "{prack}");
    call.is_ringing().await;
    let prack = answer.says_reliably(183, 8, true).await;
    assert!(prack.get("RAck").starts_with("8 "), "{prack}");
    answer.speak(770);
    call.gets_early_media().await;
    call.hears(770).await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn the_session_may_change_before_the_answer(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let call = insists(&alice).await;
    let answer = bob.phone.is_called().await;
    let answer = answer.with_offer(Offer::only(PCMU));
    answer.says_reliably(183, 1, true).await;
    answer.speak(770);
    let early = call.gets_early_media().await;
    assert_eq!(call.pracks(&early).await.status(), Some(200));
    call.hears(770).await;
    let sdp = call.updates(&Offer::only(PCMA)).await;
    assert_eq!(sdp.formats.first(), Some(&PCMA), "{sdp:?}");
    call.forget();
    call.hears(770).await;
    assert_eq!(call.payload_types().last(), Some(&PCMA));
    let sdp = answer.updates(&Offer::only(PCMU)).await;
    assert_eq!(sdp.formats.first(), Some(&PCMU), "{sdp:?}");
    call.forget();
    call.hears(770).await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}
