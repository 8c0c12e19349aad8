//! How the exchange and its carriers know of each other: digest, registration, probes, silence.

use crate::kit::{alice_alone, alice_and_bob, claims, names, over, record, talk, until_end};
use harness::{
    Carrier, Database, Exchange, Login, Message, World,
    sip::{challenge, proves},
};
use serde_json::json;
use std::time::Duration;

harness::stories! {
    a_silent_trunk_is_left_for_the_next,
    a_carrier_that_wants_proof_gets_it,
    a_carrier_proves_itself,
    the_exchange_registers_with_a_carrier,
    probes_tell_whether_a_trunk_is_there,
    a_number_leads_straight_to_a_group_or_to_nobody,
}

const DID: &str = "+12075550110";
const FAR: &str = "+14155550142";

fn login() -> Login {
    Login {
        username: "acme".into(),
        password: "a carrier's secret".into(),
    }
}

/// An exchange that is quick to give up.
async fn quick(database: Database) -> World {
    let exchange = Exchange::start_with(database, |config| {
        config.times.sip_t1 = Duration::from_millis(40);
        config.times.trunk_probe = Duration::from_millis(100);
        config.times.trunk_retry = Duration::from_millis(100);
    });
    World::on(exchange.await).await
}

async fn a_silent_trunk_is_left_for_the_next(database: Database) {
    let world = quick(database).await;
    let alice = world.person("Alice", "1001").await;
    let first = Carrier::open(&world, 51, json!({ "priority": 1 })).await;
    let second = Carrier::open(&world, 52, json!({ "priority": 2 })).await;
    world.number(DID, json!({})).await;
    let call = alice.phone.calls(FAR).await;
    // The first hears the INVITE again and again and says nothing.
    drop(first.is_called().await);
    let answer = second.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(
        &record(&world).await,
        json!({ "status": "completed", "direction": "outbound" }),
    );
    over(world).await;
}

async fn a_carrier_that_wants_proof_gets_it(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let members = json!({ "username": login().username, "password": login().password });
    let carrier = Carrier::open(&world, 53, members).await;
    world.number(DID, json!({})).await;
    for (status, asked, answered) in [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
    ] {
        let call = alice.phone.calls(FAR).await;
        let first = carrier.is_called().await;
        first
            .refuses_with(status, |refusal| {
                refusal.add(asked, challenge("carrier.test", "n1"));
            })
            .await;
        let answer = carrier.rings().await;
        let invite = answer.invite();
        assert!(
            proves(invite.get(answered), "INVITE", &login(), "n1"),
            "{invite}"
        );
        answer.answers().await;
        call.is_answered().await;
        talk(&call, &answer).await;
        call.hangs_up().await;
        answer.is_hung_up().await;
    }
    // One that is not satisfied is not asked for ever.
    let call = alice.phone.calls(FAR).await;
    for nonce in ["n1", "n2"] {
        let refused = carrier.is_called().await;
        refused
            .refuses_with(407, |refusal| {
                refusal.add("Proxy-Authenticate", challenge("carrier.test", nonce));
            })
            .await;
    }
    let told = call.is_refused().await;
    assert!(told >= 400 && told != 401 && told != 407, "{told}");
    world.records(3).await;
    over(world).await;
}

async fn a_carrier_proves_itself(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let members = json!({ "username": login().username, "password": login().password,
        "inbound_addresses": [] });
    let carrier = Carrier::open_as(&world, 54, members, login()).await;
    world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let call = carrier.calls_as(FAR, Some("Noor"), DID).await;
    let answer = alice.phone.rings().await;
    let from = answer.invite().get("From").to_owned();
    assert!(from.starts_with("\"Noor\" <sip:+14155550142@"), "{from}");
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(
        &record(&world).await,
        json!({ "status": "completed", "direction": "inbound", "from_number": FAR }),
    );
    over(world).await;
}

async fn the_exchange_registers_with_a_carrier(database: Database) {
    let world = quick(database).await;
    let alice = world.person("Alice", "1001").await;
    let members = json!({ "username": login().username, "password": login().password,
        "register": true, "name": "registrar" });
    let carrier = Carrier::open(&world, 55, members).await;
    world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let (first, from) = carrier.is_asked("REGISTER").await;
    let mut asked = Message::response(&first, 401, "Unauthorized");
    asked.add("WWW-Authenticate", challenge("carrier.test", "r1"));
    carrier.agent().send(&asked, from).await;
    let (second, from) = carrier.is_asked("REGISTER").await;
    assert!(
        proves(second.get("Authorization"), "REGISTER", &login(), "r1"),
        "{second}"
    );
    assert_eq!(second.get("Call-ID"), first.get("Call-ID"));
    assert!(second.uri_in("To").contains("sip:acme@"), "{second}");
    let mut taken = Message::response(&second, 200, "OK");
    taken
        .add("Contact", second.get("Contact"))
        .add("Expires", "600");
    carrier.agent().send(&taken, from).await;
    world
        .exchange
        .metric_becomes("strowger_actors_trunk_registered", 1.0)
        .await;
    // The carrier calls the contact that was registered; the number stands in To alone.
    let contact = second.uri_in("Contact");
    let call = carrier
        .calls_with(&contact, harness::Offer::default(), |invite| {
            invite
                .set("From", format!("<sip:{FAR}@carrier.test>;tag=1"))
                .set("To", format!("<sip:{DID}@carrier.test>"));
        })
        .await;
    let answer = alice.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "direction": "inbound" }));
    over(world).await;
}

async fn probes_tell_whether_a_trunk_is_there(database: Database) {
    let world = quick(database).await;
    let carrier = Carrier::open(&world, 56, json!({ "name": "probed" })).await;
    let up = "strowger_actors_trunk_up";
    for status in [200, 503, 200, 0, 405] {
        carrier.answers_probes_with(status);
        let there = !matches!(status, 0 | 503);
        world
            .exchange
            .metric_becomes(up, f64::from(u8::from(there)))
            .await;
    }
    over(world).await;
}

async fn a_number_leads_straight_to_a_group_or_to_nobody(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carrier = Carrier::open(&world, 57, json!({})).await;
    let group = json!({ "name": "Sales", "timeout_seconds": 5 });
    let group = world.api.post("/v1/ring_groups", group).await.id_of(201);
    let did = world.number(DID, json!({ "routing_target": group })).await;

    // A group without members.
    let call = carrier.calls_as(FAR, None, DID).await;
    assert_eq!(call.is_refused().await, 480);
    claims(
        &record(&world).await,
        json!({ "status": "no-answer", "direction": "inbound", "did_id": did }),
    );

    for user in [&alice.user, &bob.user] {
        let path = format!("/v1/ring_groups/{group}/members");
        let member = json!({ "extension": user });
        world.api.post(&path, member).await.must_be(201);
    }
    let mut events = world.events().await;
    let call = carrier.calls_as(FAR, None, DID).await;
    let loser = alice.phone.rings().await;
    let winner = bob.phone.rings().await;
    call.is_ringing().await;
    winner.answers().await;
    call.is_answered().await;
    loser.is_cancelled().await;
    talk(&call, &winner).await;
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
    let records = world.records(2).await;
    claims(
        &records[0],
        json!({ "status": "completed", "direction": "inbound", "user_id": bob.user,
            "to_label": "Sales", "did_id": did }),
    );
    over(world).await;
}
