//! Calls from the network, as a carrier sees them.

use crate::kit::{alice_alone, alice_and_bob, claims, legs, names, over, record, talk, until_end};
use harness::{Carrier, Database};
use serde_json::json;
use std::time::Duration;

harness::stories! {
    a_number_leads_to_a_user,
    a_number_without_target_rings_everybody,
    dropped_and_unknown_numbers_ring_nobody,
    a_caller_who_hides_stays_hidden,
    the_asserted_identity_names_the_caller,
    a_stranger_gets_no_further_than_the_door,
}

const DID: &str = "+12075550110";
const CALLER: &str = "+14155550142";

async fn a_number_leads_to_a_user(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 2, json!({})).await;
    let members = json!({ "routing_target": alice.user });
    let did = world.number(DID, members).await;
    let prefix = json!({ "caller_id_prefix": "[Acme]" });
    world.change_number(&did, prefix).await;
    let mut events = world.events().await;

    let call = carrier.calls_as(CALLER, Some("John Smith"), DID).await;
    let answer = alice.phone.rings().await;
    let from = answer.invite().get("From").to_owned();
    assert!(
        from.starts_with("\"[Acme] John Smith\" <sip:+14155550142@"),
        "{from}"
    );
    assert_eq!(answer.invite().get("P-Asserted-Identity"), "");
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;

    let seen = until_end(&mut events).await;
    assert_eq!(
        names(&seen),
        ["call.incoming", "call.ringing", "call.answered", "call.end"]
    );
    let ends = json!({ "from_number": CALLER, "to_number": DID });
    for event in &seen {
        claims(&event.data, ends.clone());
    }
    claims(
        &seen[0].data,
        json!({ "from_name": "John Smith", "from_user_id": null, "to_user_id": alice.user }),
    );
    claims(&seen[1].data, json!({ "user_id": alice.user }));
    claims(&seen[2].data, json!({ "direction": "inbound" }));
    claims(
        &seen[3].data,
        json!({ "direction": "inbound", "status": "completed" }),
    );
    let record = record(&world).await;
    claims(
        &record,
        json!({ "direction": "inbound", "status": "completed", "from_number": CALLER,
            "from_label": "John Smith", "to_number": "1001", "to_label": "Alice",
            "did_id": did, "user_id": alice.user, "endpoint_id": alice.endpoint }),
    );
    let sides = record["quality_metrics"].as_array().expect("legs").iter();
    let mut sides: Vec<_> = sides
        .map(|leg| leg["leg"].as_str().expect("a side"))
        .collect();
    sides.sort_unstable();
    assert_eq!(sides, ["endpoint", "pstn"], "{record}");
    over(world).await;
}

async fn a_number_without_target_rings_everybody(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carrier = Carrier::open(&world, 3, json!({})).await;
    let did = world.number(DID, json!({})).await;
    world
        .change_number(&did, json!({ "caller_id_prefix": "[Acme]" }))
        .await;
    let mut events = world.events().await;
    let call = carrier.calls_as(CALLER, None, DID).await;
    let loser = alice.phone.rings().await;
    let winner = bob.phone.rings().await;
    let from = winner.invite().get("From").to_owned();
    assert!(from.starts_with("\"[Acme] +14155550142\""), "{from}");
    winner.answers().await;
    call.is_answered().await;
    loser.is_cancelled().await;
    winner.hangs_up().await;
    call.is_hung_up().await;
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
    claims(&seen[3].data, json!({ "to_user_id": bob.user }));
    claims(
        &record(&world).await,
        json!({ "user_id": bob.user, "from_label": null, "to_number": DID }),
    );
    over(world).await;
}

async fn dropped_and_unknown_numbers_ring_nobody(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 4, json!({})).await;
    world
        .number(DID, json!({ "inbound_routing": "drop" }))
        .await;
    let call = carrier.calls_as(CALLER, None, "+12075550999").await;
    assert_eq!(call.is_refused().await, 404);
    world.records(0).await;
    let call = carrier.calls_as(CALLER, None, DID).await;
    assert_eq!(call.is_refused().await, 403);
    let record = record(&world).await;
    claims(
        &record,
        json!({ "status": "failed", "direction": "inbound", "hangup_cause": 21 }),
    );
    assert_eq!(legs(&record), 0);
    alice.phone.stays_quiet(Duration::from_millis(100)).await;
    over(world).await;
}

async fn a_caller_who_hides_stays_hidden(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 5, json!({})).await;
    world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let call = carrier
        .calls_shaped("anonymous", None, DID, |invite| {
            invite
                .add(
                    "P-Asserted-Identity",
                    format!("<sip:{CALLER}@carrier.test>"),
                )
                .add("Privacy", "id");
        })
        .await;
    let answer = alice.phone.rings().await;
    let invite = answer.invite().to_string();
    assert!(!invite.contains("4155550142"), "{invite}");
    assert!(
        answer.invite().get("From").contains("sip:anonymous@"),
        "{invite}"
    );
    answer.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    over(world).await;
}

async fn the_asserted_identity_names_the_caller(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 6, json!({})).await;
    world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let call = carrier
        .calls_shaped("+19995550000", None, "12075550110", |invite| {
            let identity = format!("\"Noor\" <sip:{CALLER}@carrier.test>");
            invite.add("P-Asserted-Identity", identity);
        })
        .await;
    let answer = alice.phone.rings().await;
    let from = answer.invite().get("From").to_owned();
    assert!(from.starts_with("\"Noor\" <sip:+14155550142@"), "{from}");
    call.cancels().await;
    answer.is_cancelled().await;
    assert_eq!(call.is_refused().await, 487);
    claims(
        &record(&world).await,
        json!({ "status": "no-answer", "from_number": CALLER, "from_label": "Noor" }),
    );
    over(world).await;
}

async fn a_stranger_gets_no_further_than_the_door(database: Database) {
    let (world, alice) = alice_alone(database).await;
    world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let nobody = world.exchange.phone("nobody", "").await;
    let uri = format!("sip:{DID}@{}", harness::DOMAIN);
    let refused = nobody.ask(&nobody.request("INVITE", &uri, &uri)).await;
    assert_eq!(refused.status(), Some(401), "{refused}");
    assert!(refused.get("WWW-Authenticate").starts_with("Digest "));
    let guesser = world.exchange.phone("ep_unknown", "wrong").await;
    let call = guesser.calls("1001").await;
    assert_eq!(call.is_refused().await, 403);
    let liar = alice.phone.clone().with_password("wrong");
    let call = liar.calls("1001").await;
    assert_eq!(call.is_refused().await, 403);
    world.records(0).await;
    let started = "strowger_actors_calls_started_total";
    world.exchange.metric_becomes(started, 0.0).await;
    over(world).await;
}
