//! Behind a 1:1 NAT: what the exchange says of itself is the address that others can reach.

use harness::{Database, Exchange, World};

const PUBLIC: &str = "203.0.113.9";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_advertised_address_stands_where_the_bound_one_would() {
    let exchange = Exchange::start_with(Database::Sqlite, |config| {
        config.sip.address = Some(PUBLIC.to_owned());
    })
    .await;
    let world = World::on(exchange).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let port = world.exchange.sip().port();
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    let invite = answer.invite();
    let contact = invite.uri_in("Contact");
    assert!(contact.ends_with(&format!("@{PUBLIC}:{port}")), "{invite}");
    let sent_by = format!("SIP/2.0/UDP {PUBLIC}:{port};");
    assert!(invite.get("Via").starts_with(&sent_by), "{invite}");
    // Its answers come back all the same: rport and received say where to.
    call.is_ringing().await;
    answer.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    world.exchange.stop().await;
}
