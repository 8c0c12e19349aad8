//! Who has not said where they are does not get out, except to call for help.

use crate::paper::creates;
use actors::EmergencyGate;
use harness::{Browser, Carrier, Database, Exchange, Person, World, browser::Socket, stories};
use schema::{EmergencyAddress, Id, NewEmergencyAddress, types::Address};
use serde_json::{Value, json};

/// Somebody outside.
const FAR: &str = "+14155550142";
/// A number of the account.
const OURS: &str = "+12075550110";

stories!(
    nobody_gets_out_from_nowhere,
    whoever_says_where_they_are_gets_out,
    an_address_of_another_place_is_told,
    where_no_rule_asks_for_it_everybody_gets_out,
);

/// An account with a way out and a phone at 1002.
async fn town(exchange: Exchange) -> (World, Carrier, Person) {
    let world = World::on(exchange).await;
    let carrier = Carrier::open(&world, 71, json!({})).await;
    world.number(OURS, json!({})).await;
    let bob = world.person("Bob", "1002").await;
    (world, carrier, bob)
}

/// An address of a user, bound to this network when one is given.
async fn address(world: &World, user: &str, network: Option<&str>) -> String {
    let place: Address =
        serde_json::from_value(json!({ "address_number": "1", "street": "Main St",
        "city": "Portland", "state": "ME", "postal_code": "04101", "country": "US" }))
        .expect("an address");
    let (account, user) = (world.account.parse(), user.parse());
    let (account_id, user_id) = (account.expect("an account"), user.expect("a user"));
    let db = world.exchange.running().db();
    let new = NewEmergencyAddress {
        account_id,
        user_id,
        address: place,
    };
    let id: Id<EmergencyAddress> = db
        .insert_emergency_address(new, 2)
        .await
        .expect("it is kept")
        .expect("there is room")
        .id;
    if let Some(network) = network {
        let bound = db.bind_emergency_address(account_id, user_id, id, network.to_owned());
        bound.await.expect("it is bound");
    }
    id.to_string()
}

/// A page of a user that presents this address; whether it is told that the network changed.
async fn page(world: &World, user: &str, address: &str) -> (Socket, bool) {
    let socket = Socket::open(world.exchange.running().http()).await;
    let token = world.token(user).await;
    socket.send(
        json!({ "type": "authenticate", "req_id": "a", "token": token,
        "emergency_address_id": address }),
    );
    socket.take_type("authenticated").await;
    socket.send(json!({ "type": "ping" }));
    socket.take_type("pong").await;
    let log = socket.log();
    let changed = log.iter().any(|frame| frame["type"] == "network.changed");
    (socket, changed)
}

/// Dials on a bare socket; the frame that answers.
async fn dials(socket: &Socket, destination: &str) -> Value {
    socket.send(
        json!({ "type": "call.create", "req_id": "c", "destination": destination,
        "sdp": crate::paper::OFFER }),
    );
    socket.take("a reply", |frame| frame["req_id"] == "c").await
}

#[track_caller]
fn is_asked_for_an_address(reply: Result<String, Value>) {
    let error = reply.expect_err("no call");
    assert_eq!(error["code"], "emergency_address_required", "{error}");
    assert_eq!(error["fatal"], false, "{error}");
}

async fn calls_for_help(alice: &Browser, carrier: &Carrier) {
    let call = creates(alice, "911").await.expect("911 always");
    let help = carrier.is_called().await;
    help.refuses(486).await;
    crate::paper::ends(alice, &call, "busy").await;
}

async fn nobody_gets_out_from_nowhere(database: Database) {
    let (world, carrier, bob) = town(Exchange::start(database).await).await;
    let alice = world.browser("Alice", "1001").await;
    for outside in [FAR, "4155550142", "011442079460000"] {
        is_asked_for_an_address(creates(&alice, outside).await);
    }
    let call = creates(&alice, "1002").await.expect("inside");
    let answer = bob.phone.rings().await;
    answer.refuses(486).await;
    crate::paper::ends(&alice, &call, "busy").await;
    calls_for_help(&alice, &carrier).await;
    // What is no number at all is for the exchange to say.
    let call = creates(&alice, "7").await.expect("a call");
    crate::paper::ends(&alice, &call, "failed").await;
    world.exchange.stop().await;
}

async fn whoever_says_where_they_are_gets_out(database: Database) {
    let (world, carrier, _) = town(Exchange::start(database).await).await;
    let alice = world.user("Alice", "1001").await;
    let here = address(&world, &alice, None).await;
    // The first to present it binds it; the others come from the same network.
    for _ in 0..2 {
        let (socket, changed) = page(&world, &alice, &here).await;
        assert!(!changed);
        let reply = dials(&socket, FAR).await;
        assert_eq!(reply["type"], "call.trying", "{reply}");
        carrier.is_called().await.refuses(486).await;
        socket.take_type("call.ended").await;
    }
    world.exchange.stop().await;
}

async fn an_address_of_another_place_is_told(database: Database) {
    let (world, _carrier, _) = town(Exchange::start(database).await).await;
    let alice = world.user("Alice", "1001").await;
    let bob = world.user("Robert", "1005").await;
    let elsewhere = address(&world, &alice, Some("203.0.113.7")).await;
    let foreign = address(&world, &bob, None).await;
    for wrong in [
        elsewhere.as_str(),
        &foreign,
        "emerg_00000000000000000000000000",
        "x",
    ] {
        let (socket, changed) = page(&world, &alice, wrong).await;
        assert!(changed, "{wrong}");
        let reply = dials(&socket, FAR).await;
        assert_eq!(
            reply["code"], "emergency_address_required",
            "{wrong}: {reply}"
        );
    }
    // The one of another user is still free for that one.
    let (_, changed) = page(&world, &bob, &foreign).await;
    assert!(!changed);
    world.exchange.stop().await;
}

async fn where_no_rule_asks_for_it_everybody_gets_out(database: Database) {
    let open = |config: &mut web::Config| {
        config.webrtc_sessions.emergency_gate = EmergencyGate::Off;
    };
    for (shape, region) in [(true, "US"), (false, "DE")] {
        let shape = |config: &mut web::Config| {
            if shape {
                open(config);
            }
        };
        let (world, carrier, _) = town(Exchange::start_with(database, shape).await).await;
        let account = format!("/v1/accounts/{}", world.account);
        let wish = json!({ "config": { "region": region } });
        world.exchange.api().post(&account, wish).await.must_be(200);
        let alice = world.browser("Alice", "1001").await;
        let call = creates(&alice, FAR).await.expect("it gets out");
        carrier.is_called().await.refuses(486).await;
        crate::paper::ends(&alice, &call, "busy").await;
        world.exchange.stop().await;
    }
}
