//! Ring groups and redirections.

use crate::kit::{alice_and_bob, claims, names, over, record, talk, three, until_end};
use harness::{Carrier, Database, Phone, World};
use serde_json::{Value, json};
use std::time::Duration;

harness::stories! {
    everybody_rings_and_the_first_to_answer_wins,
    when_nobody_comes_the_next_user_rings,
    without_a_next_user_the_call_ends_unanswered,
    a_member_may_be_a_number_outside,
    a_member_outside_may_have_to_press_a_key,
    a_mailbox_that_presses_no_key_does_not_get_the_call,
    a_redirection_is_followed_unless_the_group_says_no,
}

pub const GROUP: &str = "2000";

/// A group at extension 2000 with these members: user ids or dial strings.
pub async fn group(world: &World, members: &[&str], shape: Value) -> String {
    let mut body = json!({ "name": "Sales", "timeout_seconds": 5 });
    let all = body.as_object_mut().expect("an object");
    all.extend(shape.as_object().expect("members").clone());
    let group = world.api.post("/v1/ring_groups", body).await.id_of(201);
    let path = format!("/v1/ring_groups/{group}/members");
    for member in members {
        let body = match member.starts_with("user_") {
            true => json!({ "extension": member }),
            false => json!({ "phone_number": member }),
        };
        world.api.post(&path, body).await.must_be(201);
    }
    let extension = json!({ "number": GROUP, "target": group });
    world
        .api
        .post("/v1/extensions", extension)
        .await
        .must_be(201);
    group
}

/// A 302 to an extension.
async fn redirects(phone: &Phone, to: &str) {
    let call = phone.is_called().await;
    let contact = format!("<sip:{to}@{}>", harness::DOMAIN);
    call.refuses_with(302, |m| {
        m.set("Contact", contact.clone());
    })
    .await;
}

async fn everybody_rings_and_the_first_to_answer_wins(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let dave = world.person("Dave", "1004").await;
    let quiet = json!({ "do_not_disturb": true });
    let path = format!("/v1/users/{}", dave.user);
    world.api.post(&path, quiet).await.must_be(200);
    group(&world, &[&bob.user, &carol.user, &dave.user], json!({})).await;
    let mut events = world.events().await;

    let call = alice.phone.calls(GROUP).await;
    let loser = bob.phone.rings().await;
    let winner = carol.phone.rings().await;
    call.is_ringing().await;
    winner.answers().await;
    call.is_answered().await;
    let cancel = loser.is_cancelled().await;
    assert!(cancel.get("Reason").contains("cause=200"), "{cancel}");
    talk(&call, &winner).await;
    dave.phone.stays_quiet(Duration::from_millis(50)).await;
    call.hangs_up().await;
    winner.is_hung_up().await;

    let seen = until_end(&mut events).await;
    assert_eq!(
        names(&seen),
        [
            "call.incoming",
            "call.ringing",
            "call.ringing",
            "call.answered",
            "call.end"
        ]
    );
    claims(
        &seen[0].data,
        json!({ "to_number": GROUP, "to_user_id": null }),
    );
    claims(&seen[3].data, json!({ "to_user_id": carol.user }));
    claims(
        &record(&world).await,
        json!({ "status": "completed", "to_number": GROUP, "to_label": "Sales",
            "from_label": "Alice" }),
    );
    over(world).await;
}

async fn when_nobody_comes_the_next_user_rings(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let then = json!({ "timeout_action": "ring_user", "timeout_target": carol.user });
    group(&world, &[&bob.user], then).await;
    let mut events = world.events().await;
    let call = alice.phone.calls(GROUP).await;
    let gone = bob.phone.rings().await;
    call.is_ringing().await;
    gone.is_cancelled().await;
    let answer = carol.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(
        names(&seen),
        [
            "call.incoming",
            "call.ringing",
            "call.ringing",
            "call.answered",
            "call.end"
        ]
    );
    claims(&seen[1].data, json!({ "user_id": bob.user }));
    claims(&seen[2].data, json!({ "user_id": carol.user }));
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn without_a_next_user_the_call_ends_unanswered(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    group(&world, &[&bob.user], json!({})).await;
    let call = alice.phone.calls(GROUP).await;
    bob.phone.rings().await.is_cancelled().await;
    assert_eq!(call.is_refused().await, 480);
    claims(
        &record(&world).await,
        json!({ "status": "no-answer", "hangup_cause": 19, "to_label": "Sales" }),
    );
    over(world).await;
}

async fn a_member_may_be_a_number_outside(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carrier = Carrier::open(&world, 22, json!({})).await;
    world.number("+12075550110", json!({})).await;
    group(&world, &[&bob.user, "+14155550142"], json!({})).await;
    let call = alice.phone.calls(GROUP).await;
    let loser = bob.phone.rings().await;
    let mobile = carrier.rings().await;
    assert!(mobile.invite().get("From").contains("+12075550110"));
    mobile.answers().await;
    call.is_answered().await;
    loser.is_cancelled().await;
    talk(&call, &mobile).await;
    mobile.hangs_up().await;
    call.is_hung_up().await;
    claims(
        &record(&world).await,
        json!({ "status": "completed", "to_number": GROUP, "direction": "internal" }),
    );
    over(world).await;
}

async fn a_member_outside_may_have_to_press_a_key(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carrier = Carrier::open(&world, 23, json!({})).await;
    world.number("+12075550110", json!({})).await;
    let members = [bob.user.as_str(), "+14155550142"];
    let confirm = json!({ "confirm_external": true, "timeout_seconds": 30 });
    group(&world, &members, confirm).await;
    for by_info in [false, true] {
        let mut events = world.events().await;
        let call = alice.phone.calls(GROUP).await;
        let loser = bob.phone.rings().await;
        let mobile = carrier.rings().await;
        call.is_ringing().await;
        mobile.answers().await;
        // Picked up is not answered: beeps, and everybody else rings on.
        mobile.speak(660);
        mobile.hears(1046).await;
        assert!(call.try_answer().await.is_none());
        match by_info {
            false => mobile.press('1'),
            true => {
                let mut info = mobile.in_dialog("INFO");
                info.add("Content-Type", "application/dtmf-relay");
                info.body = "Signal=1\r\nDuration=160\r\n".into();
                assert_eq!(mobile.asks(&info).await.status(), Some(200));
            }
        }
        call.is_answered().await;
        let cancel = loser.is_cancelled().await;
        assert!(cancel.get("Reason").contains("cause=200"), "{cancel}");
        talk(&call, &mobile).await;
        call.hangs_up().await;
        mobile.is_hung_up().await;
        let seen = until_end(&mut events).await;
        assert_eq!(
            names(&seen),
            ["call.incoming", "call.ringing", "call.answered", "call.end"]
        );
    }
    for record in world.records(2).await {
        claims(&record, json!({ "status": "completed" }));
    }
    over(world).await;
}

async fn a_mailbox_that_presses_no_key_does_not_get_the_call(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carrier = Carrier::open(&world, 24, json!({})).await;
    world.number("+12075550110", json!({})).await;
    let members = [bob.user.as_str(), "+14155550142"];
    group(&world, &members, json!({ "confirm_external": true })).await;

    // The others ring on, and may answer.
    let call = alice.phone.calls(GROUP).await;
    let winner = bob.phone.rings().await;
    let mailbox = carrier.is_called().await;
    mailbox.answers().await;
    mailbox.hears(1046).await;
    winner.answers().await;
    call.is_answered().await;
    mailbox.is_hung_up().await;
    talk(&call, &winner).await;
    call.hangs_up().await;
    winner.is_hung_up().await;

    // Or nobody does, until the group's time is over.
    let call = alice.phone.calls(GROUP).await;
    let ringing = bob.phone.rings().await;
    let mailbox = carrier.is_called().await;
    mailbox.answers().await;
    ringing.is_cancelled().await;
    mailbox.is_hung_up().await;
    assert_eq!(call.is_refused().await, 480);
    let records = world.records(2).await;
    claims(
        &records[0],
        json!({ "status": "no-answer", "answered_at": null, "hangup_cause": 19 }),
    );
    claims(&records[1], json!({ "status": "completed" }));
    over(world).await;
}

async fn a_redirection_is_followed_unless_the_group_says_no(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let members = [bob.user.as_str()];
    let group = group(&world, &members, json!({ "ignore_forwarding": true })).await;

    // Dialled directly: Carol rings in Bob's place.
    let call = alice.phone.calls("1002").await;
    redirects(&bob.phone, "1003").await;
    let answer = carol.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;

    // By the group: Bob counts as busy.
    let call = alice.phone.calls(GROUP).await;
    redirects(&bob.phone, "1003").await;
    assert_eq!(call.is_refused().await, 486);
    carol.phone.stays_quiet(Duration::from_millis(100)).await;

    // The group changes its mind.
    let path = format!("/v1/ring_groups/{group}");
    let follow = json!({ "ignore_forwarding": false });
    world.api.post(&path, follow).await.must_be(200);
    let call = alice.phone.calls(GROUP).await;
    redirects(&bob.phone, "1003").await;
    carol.phone.rings().await.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);

    // Round and round ends.
    let call = alice.phone.calls("1002").await;
    for _ in 0..6 {
        redirects(&bob.phone, "1002").await;
    }
    let told = call.is_refused().await;
    assert!(told >= 400, "{told}");
    let records = world.records(4).await;
    claims(&records[3], json!({ "status": "completed" }));
    claims(&records[2], json!({ "status": "busy" }));
    claims(&records[1], json!({ "status": "busy" }));
    over(world).await;
}
