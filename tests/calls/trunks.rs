//! Calls to the network.

use crate::kit::{alice_alone, alice_and_bob, claims, names, over, record, talk, until_end};
use harness::{Call, Carrier, Database, sip::token};
use serde_json::{Value, json};
use std::time::Duration;

harness::stories! {
    a_number_outside_is_dialled_as_people_write_it,
    the_number_shown_is_the_users_then_the_accounts_then_the_first,
    privacy_is_asked_of_the_network,
    the_second_trunk_takes_what_the_first_cannot,
    a_full_trunk_takes_emergencies_only,
    help_is_called_even_without_a_number_of_ones_own,
}

const DID: &str = "+12075550110";
const FAR: &str = "+14155550142";

/// An invitation's number in its Request URI.
fn called(call: &Call) -> String {
    let invite = call.invite();
    let rest = invite.uri().strip_prefix("sip:").expect("a SIP URI");
    rest.split('@').next().unwrap_or("").to_owned()
}

async fn a_number_outside_is_dialled_as_people_write_it(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 12, json!({})).await;
    let did = world.number(DID, json!({})).await;
    for dialled in ["4155550142", "14155550142"] {
        let mut events = world.events().await;
        let call = alice.phone.calls(dialled).await;
        let answer = carrier.rings().await;
        assert_eq!(called(&answer), FAR);
        let invite = answer.invite();
        assert!(invite.get("From").contains("sip:+12075550110@"), "{invite}");
        assert!(
            invite
                .get("P-Asserted-Identity")
                .contains("sip:+12075550110@"),
            "{invite}"
        );
        call.is_ringing().await;
        answer.answers().await;
        call.is_answered().await;
        talk(&call, &answer).await;
        answer.hangs_up().await;
        call.is_hung_up().await;

        let seen = until_end(&mut events).await;
        assert_eq!(
            names(&seen),
            ["call.initiated", "call.answered", "call.end"]
        );
        for event in &seen {
            claims(
                &event.data,
                json!({ "from_number": DID, "to_number": FAR, "from_user_id": alice.user,
                    "to_user_id": null }),
            );
        }
        claims(&seen[0].data, json!({ "user_id": alice.user }));
        claims(&seen[1].data, json!({ "direction": "outbound" }));
        claims(
            &world.records(dialled.len() - 9).await[0],
            json!({ "direction": "outbound", "status": "completed", "from_number": DID,
                "to_number": FAR, "to_label": null, "did_id": did, "user_id": alice.user }),
        );
    }
    over(world).await;
}

async fn the_number_shown_is_the_users_then_the_accounts_then_the_first(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 13, json!({})).await;

    let call = alice.phone.calls(FAR).await;
    assert_eq!(call.is_refused().await, 403);
    claims(
        &record(&world).await,
        json!({ "status": "failed", "direction": "outbound", "to_number": FAR }),
    );

    world.number(DID, json!({})).await;
    let second = world.number("+12075550111", json!({})).await;
    let third = world.number("+12075550112", json!({})).await;
    let account = format!("/v1/accounts/{}", world.account);
    let user = format!("/v1/users/{}", alice.user);
    let steps: [(&str, Value, &str); 3] = [
        ("", Value::Null, DID),
        (
            &account,
            json!({ "default_outbound_did_id": second }),
            "+12075550111",
        ),
        (
            &user,
            json!({ "outbound_caller_id_did_id": third }),
            "+12075550112",
        ),
    ];
    for (path, change, shown) in steps {
        if !path.is_empty() {
            world.api.post(path, change).await.must_be(200);
        }
        let call = alice.phone.calls(FAR).await;
        let answer = carrier.is_called().await;
        let from = answer.invite().get("From").to_owned();
        assert!(from.contains(&format!("sip:{shown}@")), "{shown}: {from}");
        answer.refuses(486).await;
        assert_eq!(call.is_refused().await, 486);
    }
    over(world).await;
}

async fn privacy_is_asked_of_the_network(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 14, json!({})).await;
    world.number(DID, json!({})).await;
    let uri = format!("sip:{FAR}@{}", harness::DOMAIN);
    let call = alice
        .phone
        .calls_with(&uri, harness::Offer::default(), |invite| {
            invite
                .add("Privacy", "id")
                .add("Diversion", format!("<sip:1009@{}>", token()));
        })
        .await;
    let answer = carrier.is_called().await;
    let invite = answer.invite();
    assert!(invite.get("From").contains("anonymous"), "{invite}");
    assert!(!invite.get("From").contains("2075550110"), "{invite}");
    assert_eq!(invite.get("Privacy"), "id");
    assert!(invite.get("P-Asserted-Identity").contains(DID), "{invite}");
    assert!(invite.get("Diversion").contains("sip:1009@"), "{invite}");
    answer.refuses(480).await;
    assert_eq!(call.is_refused().await, 480);
    over(world).await;
}

async fn the_second_trunk_takes_what_the_first_cannot(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let first = Carrier::open(&world, 15, json!({ "priority": 1 })).await;
    let second = Carrier::open(&world, 16, json!({ "priority": 2 })).await;
    world.number(DID, json!({})).await;
    for status in [503, 500, 408] {
        let call = alice.phone.calls(FAR).await;
        first.is_called().await.refuses(status).await;
        let answer = second.rings().await;
        answer.answers().await;
        call.is_answered().await;
        call.hangs_up().await;
        answer.is_hung_up().await;
    }
    // What the far side itself says is not asked again.
    let call = alice.phone.calls(FAR).await;
    first.rings().await.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    second.stays_quiet(Duration::from_millis(200)).await;

    // Both fail: the caller is told, and one record says so.
    let call = alice.phone.calls(FAR).await;
    first.is_called().await.refuses(503).await;
    second.is_called().await.refuses(503).await;
    let told = call.is_refused().await;
    assert!((500..600).contains(&told), "{told}");
    let records = world.records(5).await;
    claims(
        &records[0],
        json!({ "status": "failed", "direction": "outbound" }),
    );
    claims(&records[1], json!({ "status": "busy", "hangup_cause": 17 }));
    claims(&records[2], json!({ "status": "completed" }));
    over(world).await;
}

async fn a_full_trunk_takes_emergencies_only(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carrier = Carrier::open(&world, 17, json!({ "max_channels": 1 })).await;
    world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let mut events = world.events().await;
    let call = alice.phone.calls(FAR).await;
    let answer = carrier.rings().await;
    answer.answers().await;
    call.is_answered().await;

    let second = bob.phone.calls("+14155550143").await;
    assert_eq!(second.is_refused().await, 503);
    let inbound = carrier.calls_as(FAR, None, DID).await;
    assert_eq!(inbound.is_refused().await, 503);

    let help = bob.phone.calls("911").await;
    let desk = carrier.rings().await;
    assert_eq!(called(&desk), "911");
    assert!(desk.invite().get("From").contains(DID));
    desk.answers().await;
    help.is_answered().await;
    talk(&help, &desk).await;
    help.hangs_up().await;
    desk.is_hung_up().await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    let records = world.records(3).await;
    assert!(records.iter().any(|record| record["to_number"] == "911"));
    claims(
        &events.expect("call.initiated").await,
        json!({ "to_number": FAR }),
    );
    over(world).await;
}

async fn help_is_called_even_without_a_number_of_ones_own(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 18, json!({})).await;
    let path = format!("/v1/users/{}", alice.user);
    let quiet = json!({ "do_not_disturb": true });
    world.api.post(&path, quiet).await.must_be(200);
    let help = alice.phone.calls("911").await;
    let desk = carrier.rings().await;
    desk.answers().await;
    help.is_answered().await;
    talk(&help, &desk).await;
    desk.hangs_up().await;
    help.is_hung_up().await;
    claims(
        &record(&world).await,
        json!({ "direction": "outbound", "status": "completed", "to_number": "911" }),
    );
    over(world).await;
}
