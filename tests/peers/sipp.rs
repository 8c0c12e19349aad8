//! SIPp as a carrier on 127.0.0.2: many calls to a number of ours, each ringing a phone and ended by the
//! carrier.

use crate::is_here;
use harness::{Database, World};
use serde_json::json;
use std::process::{Command, Stdio};

const CALLS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_reaches_the_echo_of_a_phone() {
    if !is_here("sipp") {
        return;
    }
    let world = World::new(Database::Sqlite).await;
    let operator = world.exchange.api();
    let trunk = json!({
        "name": "SIPp", "address": "127.0.0.2", "transport": "udp", "register": false,
        "inbound_addresses": ["127.0.0.2"], "priority": 1, "weight": 1, "enabled": true
    });
    operator
        .post("/v1/operator/trunks", trunk)
        .await
        .must_be(201);
    let number = json!({ "phone_number": "+12125550100", "account": world.account });
    operator
        .post("/v1/operator/phone-numbers", number)
        .await
        .must_be(201);
    let alice = world.person("Alice", "1001").await;
    // The trunk is taken up shortly after it is written.
    world
        .exchange
        .metric_becomes("strowger_actors_trunk_channels{trunk=\"SIPp\"}", 0.0)
        .await;

    let sipp = Command::new("sipp")
        .args([
            "-sn",
            "uac",
            "-i",
            "127.0.0.2",
            "-s",
            "+12125550100",
            "-d",
            "300",
            "-nostdin",
        ])
        .args([
            "-m",
            &CALLS.to_string(),
            "-r",
            "5",
            "-l",
            "5",
            "-timeout",
            "40",
            "-trace_err",
        ])
        .arg(world.exchange.sip().to_string())
        .current_dir(world.exchange.data_dir())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let waiting = tokio::task::spawn_blocking(move || sipp.wait_with_output());
    for _ in 0..CALLS {
        let call = alice.phone.rings().await;
        tokio::spawn(async move {
            call.answers().await;
            call.is_hung_up().await;
        });
    }
    let output = waiting.await.unwrap().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for record in world.records(CALLS).await {
        assert_eq!(record["direction"], "inbound", "{record}");
        assert_eq!(record["status"], "completed", "{record}");
        assert_eq!(record["to_number"], "+12125550100", "{record}");
    }
    world.exchange.stop().await;
}
