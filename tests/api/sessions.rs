//! Session tokens: what they open, and how they end.

use crate::{user, worlds};
use harness::{Api, World};
use reqwest::Method;
use serde_json::{Value, json};

/// A token of a user.
async fn token(world: &World, user: &str) -> String {
    let platform = world.exchange.api();
    let made = platform
        .post("/v1/user_sessions", json!({ "user": user }))
        .await;
    let made = made.must_be(201);
    made["client_secret"].as_str().expect("a token").to_owned()
}

/// The claims of a token, as a browser reads them.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in part.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        (bits, count) = (bits << 6 | u32::from(value), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    serde_json::from_slice(&bytes).expect("claims")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_token_is_its_user_and_nobody_else() {
    for world in worlds().await {
        let (api, platform) = (&world.api, world.exchange.api());
        let alice = user(api, "Alice").await;
        let made = json!({"number": "101", "target": alice});
        api.post("/v1/extensions", made).await.must_be(201);
        let asked = json!({"user": alice, "ttl_seconds": 600});
        let made = platform.post("/v1/user_sessions", asked).await.must_be(201);
        assert_eq!(made["user"], json!(alice));
        assert_eq!(made["account"], json!(world.account));
        let token = made["client_secret"].as_str().expect("a token");
        let said = claims(token);
        assert_eq!(
            (&said["sub"], &said["acct"]),
            (&json!(alice), &json!(world.account))
        );
        let (iat, exp) = (said["iat"].as_i64(), said["exp"].as_i64());
        assert_eq!(exp, iat.map(|iat| iat + 600));
        let ends: chrono::DateTime<chrono::Utc> = made["expires_at"]
            .as_str()
            .expect("a time")
            .parse()
            .expect("a time");
        assert_eq!(Some(ends.timestamp()), exp);

        let me = platform.with_key(token);
        let profile = me.get("/v1/me").await.must_be(200);
        assert_eq!(profile["id"], json!(alice));
        assert_eq!(profile["account_id"], json!(world.account));
        assert_eq!(
            profile["extensions"],
            json!([{"number": "101", "status": "active"}])
        );
        // The header of another account changes nothing.
        let other = platform
            .post("/v1/accounts", json!({"name": "Other"}))
            .await
            .id();
        let same = me.on(&other).get("/v1/me").await.must_be(200);
        assert_eq!(same["id"], json!(alice));
        // Everything else is for others.
        for path in [
            "/v1/users",
            "/v1/accounts",
            "/v1/calls",
            "/v1/events",
            "/v1/operator/trunks",
        ] {
            me.on(&world.account).get(path).await.must_be(403);
        }
        let more = json!({"user": alice});
        me.post("/v1/user_sessions", more).await.must_be(403);
        let path = format!("/v1/users/{alice}/revoke_sessions");
        me.post(&path, json!({})).await.must_be(403);
        api.get("/v1/me").await.must_be(403);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_made_for_users_of_the_platform_only() {
    for world in worlds().await {
        let platform = world.exchange.api();
        let alice = user(&world.api, "Alice").await;
        for (asked, status) in [
            (json!({"user": "user_01h455vb4pex5vsknk084sn02q"}), 404),
            (json!({"user": "somebody"}), 404),
            (json!({}), 400),
            (json!({"user": alice, "ttl_seconds": 604_801}), 400),
            (json!({"user": alice, "ttl_seconds": -1}), 400),
            (json!({"user": alice, "ttl_seconds": 604_800}), 201),
            (json!({"user": alice, "ttl_seconds": 0}), 201),
        ] {
            let made = platform.post("/v1/user_sessions", asked.clone()).await;
            assert_eq!(made.status, status, "{asked}: {}", made.text);
        }
        let db = world.exchange.running().db();
        let (_, key) = web::keys::create(db, None, false)
            .await
            .expect("a test key");
        let sandbox = platform.with_key(&key);
        let asked = json!({"user": alice});
        sandbox.post("/v1/user_sessions", asked).await.must_be(404);
        let path = format!("/v1/users/{alice}/revoke_sessions");
        sandbox.post(&path, json!({})).await.must_be(404);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_is_refused_and_the_next_one_is_good() {
    for world in worlds().await {
        let platform = world.exchange.api();
        let (alice, bob) = (
            user(&world.api, "Alice").await,
            user(&world.api, "Bob").await,
        );
        let as_user = |token: &str| -> Api { platform.with_key(token) };
        let bobs = token(&world, &bob).await;
        let path = format!("/v1/users/{alice}/revoke_sessions");
        // Several times, so that some of it falls into one second.
        for _ in 0..5 {
            let old = token(&world, &alice).await;
            as_user(&old).get("/v1/me").await.must_be(200);
            let revoked = platform.post(&path, json!({})).await.must_be(200);
            assert_eq!(revoked["user"], json!(alice));
            as_user(&old).get("/v1/me").await.must_be(401);
            let new = token(&world, &alice).await;
            as_user(&new).get("/v1/me").await.must_be(200);
        }
        as_user(&bobs).get("/v1/me").await.must_be(200);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_dies_with_its_user_and_their_account() {
    for world in worlds().await {
        let (api, platform) = (&world.api, world.exchange.api());
        let (alice, bob) = (user(api, "Alice").await, user(api, "Bob").await);
        let (alices, bobs) = (token(&world, &alice).await, token(&world, &bob).await);
        api.delete(&format!("/v1/users/{alice}")).await.must_be(204);
        platform.with_key(&alices).get("/v1/me").await.must_be(401);
        platform.with_key(&bobs).get("/v1/me").await.must_be(200);
        let account = format!("/v1/accounts/{}", world.account);
        platform.delete(&account).await.must_be(204);
        platform.with_key(&bobs).get("/v1/me").await.must_be(401);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_in_time_and_cannot_be_forged() {
    for world in worlds().await {
        let platform = world.exchange.api();
        let alice = user(&world.api, "Alice").await;
        let asked = json!({"user": alice, "ttl_seconds": 1});
        let made = platform.post("/v1/user_sessions", asked).await.must_be(201);
        let short = platform.with_key(made["client_secret"].as_str().expect("a token"));
        let end = tokio::time::Instant::now() + harness::SOON;
        while short.get("/v1/me").await.status == 200 {
            assert!(tokio::time::Instant::now() < end, "the token never ends");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        short.get("/v1/me").await.must_be(401);

        let good = token(&world, &alice).await;
        let other = token(&world, &user(&world.api, "Bob").await).await;
        let parts = |token: &str| -> Vec<String> { token.split('.').map(str::to_owned).collect() };
        let (good, other) = (parts(&good), parts(&other));
        for forged in [
            format!("{}.{}.{}", good[0], other[1], good[2]),
            format!("{}.{}.", good[0], good[1]),
            format!("{}.{}", good[0], good[1]),
            "a.b.c".to_owned(),
            format!("{}.{}.{}", good[0], good[1], "x".repeat(5000)),
        ] {
            platform.with_key(&forged).get("/v1/me").await.must_be(401);
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_and_old_tokens_stay_good() {
    for world in worlds().await {
        let platform = world.exchange.api();
        let alice = user(&world.api, "Alice").await;
        let old = token(&world, &alice).await;
        let kid = |token: &str| token.split('.').next().map(str::to_owned);
        let secrets = actors::secrets::Secrets::open(world.exchange.data_dir()).expect("secrets");
        let db = world.exchange.running().db();
        let rotated = web::auth::session_keys::rotate(db, &secrets).await;
        rotated.expect("another key");
        let end = tokio::time::Instant::now() + harness::SOON;
        let new = loop {
            let new = token(&world, &alice).await;
            platform.with_key(&new).get("/v1/me").await.must_be(200);
            if kid(&new) != kid(&old) {
                break new;
            }
            assert!(tokio::time::Instant::now() < end, "the new key never signs");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        for token in [&old, &new] {
            platform.with_key(token).get("/v1/me").await.must_be(200);
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_page_may_ask() {
    for world in worlds().await {
        let client = reqwest::Client::new();
        for path in ["/v1/me", "/v1/user_sessions"] {
            let url = format!("{}{path}", world.api.base());
            let asked = client.request(reqwest::Method::OPTIONS, url);
            let asked = asked
                .header("Origin", "https://page.example")
                .header("Access-Control-Request-Method", "GET")
                .header(
                    "Access-Control-Request-Headers",
                    "authorization,content-type",
                );
            let answer = asked.send().await.expect("an answer");
            assert_eq!(answer.status(), 204, "{path}");
            let headers = answer.headers();
            assert_eq!(headers["access-control-allow-origin"], "*");
            let allowed = headers["access-control-allow-headers"]
                .to_str()
                .expect("text");
            for header in ["Authorization", "Content-Type"] {
                assert!(allowed.contains(header), "{path}: {allowed}");
            }
        }
        world.exchange.stop().await;
    }
}

/// What each component reaches beside what any does, by methods and paths of the document.
const MATRIX: &[(&str, &[&str])] = &[
    ("call_logs", CALLS),
    ("call_history", CALLS),
    ("voicemails", &[]),
    ("phone_numbers", NUMBERS),
    ("phone_number_ordering", NUMBERS),
    (
        "account_onboarding",
        &[
            "GET /v1/users",
            "POST /v1/users",
            "GET /v1/users/{user_id}",
            "POST /v1/users/{user_id}",
            "DELETE /v1/users/{user_id}",
            "GET /v1/users/{user_id}/presence",
            "GET /v1/users/{user_id}/endpoints",
            "POST /v1/users/{user_id}/endpoints",
            "GET /v1/users/{user_id}/endpoints/{endpoint_id}",
            "POST /v1/users/{user_id}/endpoints/{endpoint_id}",
            "DELETE /v1/users/{user_id}/endpoints/{endpoint_id}",
            "GET /v1/presence",
            "GET /v1/extensions",
            "POST /v1/extensions",
            "GET /v1/extensions/{number}",
            "POST /v1/extensions/{number}",
            "DELETE /v1/extensions/{number}",
            "GET /v1/accounts/{account_id}",
            "POST /v1/accounts/{account_id}",
        ],
    ),
    (
        "dial_plan",
        &[
            "GET /v1/users",
            "GET /v1/users/{user_id}",
            "GET /v1/users/{user_id}/presence",
            "GET /v1/presence",
            "GET /v1/extensions",
            "GET /v1/extensions/{number}",
            "GET /v1/ring_groups",
            "GET /v1/ring_groups/{ring_group_id}",
        ],
    ),
    ("ai_agent", &[]),
    ("agreement_acceptance", &[]),
    ("a_new_one", &[]),
];

const CALLS: &[&str] = &[
    "GET /v1/calls",
    "GET /v1/calls/{call_id}",
    "GET /v1/users",
    "GET /v1/users/{user_id}",
    "GET /v1/users/{user_id}/presence",
    "GET /v1/presence",
    "GET /v1/extensions",
    "GET /v1/extensions/{number}",
];

const NUMBERS: &[&str] = &[
    "GET /v1/phone-numbers",
    "GET /v1/phone-numbers/{phone_number_id}",
    "POST /v1/phone-numbers/{phone_number_id}",
    "POST /v1/phone-numbers/{phone_number_id}/route",
];

/// What any component reaches.
const ANY: [&str; 2] = ["GET /v1/events", "POST /v1/calls"];

/// What only users reach.
fn is_mine(path: &str) -> bool {
    path == "/v1/me" || path.starts_with("/v1/me/") || path.starts_with("/v1/webrtc/")
}

async fn account_token(world: &World, component: &str) -> Api {
    let platform = world.exchange.api();
    let asked = json!({
        "account": world.account,
        "components": {component: {"enabled": true}, "ai_agent": {"enabled": false}},
    });
    let asked = if component == "ai_agent" {
        json!({"account": world.account, "components": {"ai_agent": {"enabled": true}}})
    } else {
        asked
    };
    let made = platform
        .post("/v1/account_sessions", asked)
        .await
        .must_be(201);
    assert_eq!(made["account_id"], json!(world.account));
    platform.with_key(made["client_secret"].as_str().expect("a token"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_reaches_what_is_listed_for_it_and_nothing_else() {
    for world in worlds().await {
        let document = world.exchange.api().get("/openapi.json").await.must_be(200);
        let alice = user(&world.api, "Alice").await;
        let mut tokens = vec![("a user", crate::as_user(&world, &alice).await, &[][..])];
        for (component, reached) in MATRIX {
            tokens.push((component, account_token(&world, component).await, reached));
        }
        let mut asked = 0;
        for (path, item) in document["paths"].as_object().expect("paths") {
            if !path.starts_with("/v1/") {
                continue;
            }
            for method in item.as_object().expect("operations").keys() {
                let method = method.to_uppercase();
                let name = format!("{method} {path}");
                // No such thing is there, so nothing is changed by those who get through.
                let filled: Vec<&str> = path
                    .split('/')
                    .map(|part| {
                        if part.starts_with('{') {
                            "nothing"
                        } else {
                            part
                        }
                    })
                    .collect();
                for (who, token, reached) in &tokens {
                    let wanted = match *who {
                        "a user" => is_mine(path),
                        _ => reached.contains(&&*name) || ANY.contains(&&*name),
                    };
                    // Deletes nothing of the user's own either: the paths name nothing.
                    let request =
                        token.request(method.parse().expect("a method"), &filled.join("/"));
                    let request = request.header("Content-Type", "text/plain").body("x");
                    let status = request.send().await.expect("an answer").status().as_u16();
                    assert_ne!(status, 401, "{who}: {name}");
                    assert_eq!(status != 403, wanted, "{who}: {name} is {status}");
                    asked += 1;
                }
            }
        }
        assert!(asked > 500, "only {asked} were asked");
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_token_is_its_account() {
    for world in worlds().await {
        let (api, platform) = (&world.api, world.exchange.api());
        let alice = user(api, "Alice").await;
        let other = platform
            .post("/v1/accounts", json!({"name": "Other"}))
            .await
            .id();
        let theirs = platform.on(&other);
        let bob = user(&theirs, "Bob").await;
        let setup = account_token(&world, "account_onboarding").await;
        // Another spelling of a path is the same path.
        let logs = account_token(&world, "call_logs").await;
        for path in ["/v1/users", "/v1/%75sers", "/v1/use%72s"] {
            let eve = logs
                .request(Method::POST, path)
                .json(&json!({"name": "Eve"}));
            let answer = eve.send().await.expect("an answer");
            assert_eq!(answer.status(), 403, "{path}");
        }
        let nowhere = logs.request(Method::GET, "/v1/nowhere").send().await;
        assert_eq!(nowhere.expect("an answer").status(), 404);
        // The header of another account changes nothing.
        for client in [setup.clone(), setup.on(&other)] {
            let list = client.get("/v1/users").await.must_be(200);
            assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
            assert_eq!(list["data"][0]["id"], json!(alice));
            client.get(&format!("/v1/users/{bob}")).await.must_be(404);
            client
                .get(&format!("/v1/accounts/{other}"))
                .await
                .must_be(404);
            let change = json!({"name": "Mine"});
            client
                .post(&format!("/v1/accounts/{other}"), change.clone())
                .await
                .must_be(404);
            let own = format!("/v1/accounts/{}", world.account);
            client.post(&own, change).await.must_be(200);
            assert_eq!(client.get(&own).await.must_be(200)["name"], "Mine");
            client.get("/v1/accounts").await.must_be(403);
            client.delete(&own).await.must_be(403);
        }
        // What is repeated is answered as the first time, and the other account's header makes no difference.
        let repeat = |client: &Api| {
            let request = client.request(reqwest::Method::POST, "/v1/users");
            let request = request
                .header("Idempotency-Key", "once")
                .json(&json!({"name": "Carol"}));
            let client = client.clone();
            async move { client.send(request).await.id_of(201) }
        };
        assert_eq!(repeat(&setup).await, repeat(&setup.on(&other)).await);
        for (asked, status) in [
            (json!({"account": world.account, "components": {}}), 400),
            (
                json!({"account": world.account, "components": {"call_logs": {"enabled": false}}}),
                400,
            ),
            (
                json!({"account": world.account, "components": {"call_logs": {}}}),
                400,
            ),
            (json!({"account": world.account}), 400),
            (
                json!({"account": "acct_01h455vb4pex5vsknk084sn02q", "components": {"x": {"enabled": true}}}),
                404,
            ),
            (
                json!({"account": "nothing", "components": {"x": {"enabled": true}}}),
                404,
            ),
        ] {
            let made = platform.post("/v1/account_sessions", asked.clone()).await;
            assert_eq!(made.status, status, "{asked}: {}", made.text);
        }
        let account = format!("/v1/accounts/{}", world.account);
        platform.delete(&account).await.must_be(204);
        setup.get("/v1/users").await.must_be(401);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_hears_the_events_of_its_account() {
    for world in worlds().await {
        let component = account_token(&world, "call_logs").await;
        let stream = component.request(reqwest::Method::GET, "/v1/events").send();
        let stream = stream.await.expect("an answer");
        assert_eq!(stream.status(), 200);
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        drop(stream);
        world.exchange.stop().await;
    }
}
