//! What the log says, and what it keeps to itself.

use crate::{
    program::{Home, command, place, said},
    town::{Town, connected},
};
use harness::KEY;
use serde_json::{Value, json};

/// The password of the trunk.
const TRUNK_PASSWORD: &str = "Zwiebelkuchen-4711";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_for_machines_names_call_and_account_and_no_secret() {
    let mut town = Town::found(&[("STROWGER_LOG", "trace")]).await;
    let alice = town.citizen("Alice", "1001").await;
    let bob = town.citizen("Bob", "1002").await;
    let trunk = json!({ "name": "Carrier", "address": "127.9.9.9:9", "username": "acme",
        "password": TRUNK_PASSWORD, "register": true });
    let operator = town.program.api(KEY);
    operator
        .post("/v1/operator/trunks", trunk)
        .await
        .must_be(201);
    let (_, made, _) = said(&mut command(&town.home.0, &["keys", "create"]));
    let second = made.split_whitespace().find(|word| word.starts_with("sk_"));
    let second = second.expect("a key").to_owned();
    town.program
        .api(&second)
        .get("/v1/accounts")
        .await
        .must_be(200);
    let bad = alice.phone.clone().with_password("Wrong-but-mine-0815");
    assert_eq!(bad.tries_to_register(60).await.status(), Some(403));
    let (call, answer) = connected(&alice, &bob).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    let record = town.records(1).await.remove(0);
    town.program.terminate();
    town.program.ended().await;

    let lines = town.program.log.all();
    let mut about = 0;
    for line in &lines {
        let parsed = serde_json::from_str::<Value>(line);
        let parsed = parsed.unwrap_or_else(|error| panic!("{error}: {line}"));
        for name in ["timestamp", "level", "target"] {
            assert!(parsed[name].is_string(), "no {name} in {line}");
        }
        about += usize::from(
            parsed["call.id"] == record["id"] && parsed["account.id"] == town.account.as_str(),
        );
    }
    assert!(lines.len() > 50, "the log is short");
    assert!(about >= 2, "{about} lines name the call and its account");
    for secret in [
        KEY,
        &second,
        &alice.login.password,
        &bob.login.password,
        TRUNK_PASSWORD,
        "Wrong-but-mine-0815",
    ] {
        let told = lines.iter().find(|line| line.contains(secret));
        assert!(
            told.is_none(),
            "{secret} is told: {}",
            told.unwrap_or(&lines[0])
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_for_people_is_text_and_names_every_listener() {
    let home = Home::new();
    let (http, sip) = (place().to_string(), place().to_string());
    let mut serve = command(&home.0, &["serve"]);
    serve
        .env("STROWGER_HTTP_LISTEN", &http)
        .env("STROWGER_SIP_UDP", &sip)
        .env("STROWGER_DRAIN_SECONDS", "0");
    let child = serve.spawn().expect("the program starts");
    let api = harness::Api::new(&format!("http://{http}"), KEY);
    let end = std::time::Instant::now() + crate::program::LIMIT;
    let up = || async {
        api.request(reqwest::Method::GET, "/readyz")
            .send()
            .await
            .is_ok()
    };
    while !up().await {
        assert!(std::time::Instant::now() < end, "it does not answer");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let order = format!("kill -TERM {}", child.id());
    let told = std::process::Command::new("sh")
        .args(["-c", &order])
        .status();
    assert!(told.expect("a shell").success());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let log = String::from_utf8(output.stderr).expect("text");
    let line = log.lines().find(|line| line.contains("Listening."));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains(&http) && line.contains(&sip), "{line}");
    assert!(serde_json::from_str::<Value>(line).is_err(), "{line}");
    assert!(!log.contains('\u{1b}'), "colours without a terminal");
}
