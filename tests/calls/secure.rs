//! Calls over TLS, and who may register and call: digest in all its turns.

use crate::kit::{alice_and_bob, claims, over, record, talk};
use actors::DigestAlgorithm;
use harness::{Algorithm, Database, Exchange, Link, Message, Person, World};
use serde_json::json;

harness::stories! {
    a_phone_on_tls_calls_and_is_called,
    sha_256_is_offered_first_when_wanted,
    an_old_proof_is_asked_for_again,
    guessing_is_held_off_and_a_registered_phone_is_not,
}

async fn speak_and_end(caller: &Person, callee: &Person) {
    let call = caller.phone.calls(&callee.number).await;
    let answer = callee.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    // Requests inside the dialog take the way of the INVITE, from either side.
    call.holds().await;
    call.resumes().await;
    answer.holds().await;
    answer.resumes().await;
    talk(&call, &answer).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
}

async fn a_phone_on_tls_calls_and_is_called(database: Database) {
    let world = World::on(Exchange::start_with(database, Exchange::with_tls).await).await;
    let alice = world.person_over(Link::Tls, "Alice", "1001").await;
    alice.phone.registers().await;
    let bob = world.person("Bob", "1002").await;
    speak_and_end(&alice, &bob).await;

    let call = bob.phone.calls("1001").await;
    let answer = alice.phone.rings().await;
    let invite = answer.invite();
    assert!(invite.get("Via").starts_with("SIP/2.0/TLS "), "{invite}");
    let contact = answer.dialog().target;
    assert!(contact.contains("transport=tls"), "{contact}");
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    for record in world.records(2).await {
        claims(&record, json!({ "status": "completed" }));
    }
    over(world).await;
}

async fn sha_256_is_offered_first_when_wanted(database: Database) {
    let both = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5];
    let exchange = Exchange::start_with(database, |config| config.sip.digest = both.to_vec());
    let world = World::on(exchange.await).await;
    let mut alice = world.person_over(Link::Udp, "Alice", "1001").await;
    alice.phone = alice.phone.with_algorithm(Algorithm::Sha256);
    let bob = world.person("Bob", "1002").await;
    let request = alice
        .phone
        .request("REGISTER", "sip:exchange.test", &alice.phone.aor());
    let challenged = alice.phone.ask(&request).await;
    let offered = challenged.all("WWW-Authenticate");
    assert_eq!(offered.len(), 2, "{challenged}");
    assert!(offered[0].contains("SHA-256"), "{challenged}");
    alice.phone.registers().await;
    speak_and_end(&alice, &bob).await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn an_old_proof_is_asked_for_again(database: Database) {
    let (world, alice, _) = alice_and_bob(database).await;
    let phone = &alice.phone;
    let fresh = || {
        let mut request = phone.request("REGISTER", "sip:exchange.test", &phone.aor());
        request.set("From", format!("<{}>;tag=1", phone.aor()));
        request
    };
    // The right password under a nonce that is nobody's.
    let mut request = fresh();
    let challenged = phone.ask(&request).await;
    let mut forged = challenged.clone();
    let value = challenged.get("WWW-Authenticate");
    let (before, rest) = value.split_once("nonce=\"").expect("a nonce");
    let (_, after) = rest.split_once('"').expect("its end");
    forged.set(
        "WWW-Authenticate",
        format!("{before}nonce=\"0123456789abcdef\"{after}"),
    );
    assert!(phone.answer_challenge(&mut request, &forged));
    let again = phone.ask(&request).await;
    assert_eq!(again.status(), Some(401), "{again}");
    assert!(again.get("WWW-Authenticate").contains("stale=true"));
    // The new nonce is good once; the same count is not good twice.
    assert!(phone.answer_challenge(&mut request, &again));
    assert_eq!(phone.ask(&request).await.status(), Some(200));
    let mut replay: Message = request.clone();
    replay
        .set("Via", fresh().get("Via"))
        .set("CSeq", fresh().get("CSeq"));
    let refused = phone.ask(&replay).await;
    assert_eq!(refused.status(), Some(401), "{refused}");
    over(world).await;
}

async fn guessing_is_held_off_and_a_registered_phone_is_not(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carol = world.person_over(Link::Udp, "Carol", "1003").await;
    let mut events = world.events().await;
    let guesser = world.exchange.phone("ep_unknown", "wrong").await;
    for _ in 0..10 {
        let call = guesser.calls("1002").await;
        assert_eq!(call.is_refused().await, 403);
    }
    // Even the right password does not help any more from there, unless the phone is registered.
    let call = carol.phone.calls("1002").await;
    assert_eq!(call.is_refused().await, 403);
    world.records(0).await;
    events
        .stay_quiet(std::time::Duration::from_millis(50))
        .await;
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}
