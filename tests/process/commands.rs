//! The commands that end by themselves, and the first start.

use crate::program::{Home, Program, command, said};
use serde_json::json;
use std::{fs, path::Path};

/// The words of a text that are API keys.
fn keys_in(text: &str) -> Vec<String> {
    let words = text.split_whitespace();
    let keys = words.filter(|word| word.starts_with("sk_"));
    keys.map(str::to_owned).collect()
}

fn run(home: &Path, arguments: &[&str]) -> (bool, String, String) {
    said(&mut command(home, arguments))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_key_is_printed_once_and_only_once() {
    let home = Home::new();
    let program = Program::serve(&home.0, &[]).await;
    let end = std::time::Instant::now() + crate::program::LIMIT;
    while keys_in(&program.out.text()).is_empty() {
        assert!(std::time::Instant::now() < end, "no key is printed");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let keys = keys_in(&program.out.text());
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(keys[0].starts_with("sk_live_"));
    let accounts = program.api(&keys[0]).get("/v1/accounts").await;
    accounts.must_be(200);
    let log = program.log.text();
    assert!(!log.contains(&keys[0]), "{log}");
    program.kill();
    let program = Program::serve(&home.0, &[]).await;
    program.api(&keys[0]).get("/v1/accounts").await.must_be(200);
    assert!(keys_in(&program.out.text()).is_empty());
    let (_, listed, _) = run(&home.0, &["keys", "list"]);
    assert!(!listed.contains(&keys[0]) && listed.contains(&keys[0][keys[0].len() - 4..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_made_listed_and_revoked() {
    let home = Home::new();
    let program = Program::serve(&home.0, &[]).await;
    let (ok, made, _) = run(&home.0, &["keys", "create", "--name", "billing"]);
    assert!(ok, "{made}");
    let keys = keys_in(&made);
    assert_eq!(keys.len(), 1, "{made}");
    let (_, test, _) = run(&home.0, &["keys", "create", "--test"]);
    assert!(keys_in(&test)[0].starts_with("sk_test_"), "{test}");
    let api = program.api(&keys[0]);
    api.get("/v1/accounts").await.must_be(200);
    let (ok, listed, _) = run(&home.0, &["keys", "list"]);
    assert!(ok && listed.lines().count() == 3, "{listed}");
    assert!(keys_in(&listed).is_empty(), "{listed}");
    let line = listed.lines().find(|line| line.contains("billing"));
    let line = line.expect("the key by its name");
    let id = line.split_whitespace().next().expect("an id");
    let (ok, revoked, _) = run(&home.0, &["keys", "revoke", id]);
    assert!(ok, "{revoked}");
    let end = std::time::Instant::now() + crate::program::LIMIT;
    while api.get("/v1/accounts").await.status != 401 {
        assert!(std::time::Instant::now() < end, "a revoked key is good");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (_, listed, _) = run(&home.0, &["keys", "list"]);
    assert!(listed.contains("revoked"), "{listed}");
    let stranger = "key_01h2xcejqtf2nbrexx3vqjhp41";
    let (ok, _, why) = run(&home.0, &["keys", "revoke", stranger]);
    assert!(!ok && !why.is_empty());
}

#[test]
fn the_first_key_keeps_its_name() {
    let home = Home::new();
    let (ok, made, _) = run(&home.0, &["keys", "create", "--name", "billing"]);
    assert!(ok, "{made}");
    let (_, listed, _) = run(&home.0, &["keys", "list"]);
    assert!(listed.contains("billing"), "{listed}");
}

#[test]
fn the_database_is_brought_up_to_date_once() {
    let home = Home::new();
    let (ok, first, why) = run(&home.0, &["migrate"]);
    assert!(ok && first.contains("applied "), "{first}{why}");
    let (ok, second, _) = run(&home.0, &["migrate"]);
    assert!(ok && !second.contains("applied "), "{second}");
    assert!(second.contains("up to date"), "{second}");
    let mut away = command(&home.0, &["migrate"]);
    away.env("STROWGER_DATABASE_URL", "postgres://x:hidden@127.0.0.1:1/x");
    let (ok, out, why) = said(&mut away);
    assert!(!ok && !why.is_empty());
    assert!(!format!("{out}{why}").contains("hidden"), "{why}");
}

#[test]
fn the_configuration_is_checked() {
    let home = Home::new();
    let file = home.0.join("strowger.toml");
    let check = |text: &str| {
        fs::write(&file, text).expect("a file");
        let path = file.to_str().expect("a path");
        run(&home.0, &["check", "--config", path])
    };
    let (ok, good, _) = check("[http]\nrate_limit = 7\n\n[log]\nlevel = \"info\"\n");
    assert!(ok && good.contains("good"), "{good}");
    for (text, line, named) in [
        (
            "[http]\nrate_limit = 7\nlisten_on = \"x\"\n",
            3,
            "http.listen_on",
        ),
        ("[sip]\n\nudp = \"nowhere\"\n", 3, "sip.udp"),
        ("[media]\nports = 7\n", 2, "media.ports"),
        ("[sip]\nudp = \n", 2, ""),
    ] {
        let (ok, _, why) = check(text);
        assert!(!ok, "{text}");
        let place = format!("strowger.toml:{line}: ");
        assert!(why.contains(&place) && why.contains(named), "{why}");
    }
    let mut typing_error = command(&home.0, &["check"]);
    typing_error.env("STROWGER_HTTP_LISTNE", "127.0.0.1:1");
    let (ok, _, why) = said(&mut typing_error);
    assert!(
        !ok && why.contains("STROWGER_HTTP_LISTNE") && why.contains("http.listen"),
        "{why}"
    );
    // An exchange does not start on what check refuses.
    fs::write(&file, "[http]\nlisten_on = \"x\"\n").expect("a file");
    let mut serve = command(&home.0, &["serve"]);
    serve.env("STROWGER_CONFIG", &file);
    let (ok, _, why) = said(&mut serve);
    assert!(!ok && why.contains("http.listen_on"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_cannot_be_says_why() {
    let home = Home::new();
    let program = Program::serve(&home.0, &[]).await;
    let other = Home::new();
    let mut second = command(&other.0, &["serve"]);
    second.env("STROWGER_HTTP_LISTEN", program.http.to_string());
    let (ok, _, why) = said(&mut second);
    assert!(!ok && why.contains(&program.http.to_string()), "{why}");
    let made = program.api(&keys_in(&program.out.text())[0]);
    made.post("/v1/accounts", json!({})).await.must_be(201);
}
