//! Call records and orders for calls, as far as no phone is needed.

use crate::{blamed, user, worlds};
use harness::Api;
use schema::{
    Call, CallInsight, CallParties, CallTimes, CallTrace, Id, Json, Time,
    types::{CallDirection, CallStatus},
};
use serde_json::{Value, json};

/// A record of the past, written straight into the database.
async fn record(
    world: &harness::World,
    direction: CallDirection,
    status: CallStatus,
    parties: CallParties,
    at: &str,
) -> String {
    let at: Time = at.parse().expect("an instant");
    let call = Call {
        id: Id::new(),
        account_id: world.account.parse().expect("an account"),
        direction,
        status,
        parties,
        times: CallTimes {
            started_at: at,
            answered_at: None,
            connected_at: None,
            ended_at: at,
            duration_seconds: None,
        },
        hangup_cause: Some(16),
        quality_metrics: Json(Vec::new()),
        insight: CallInsight::default(),
        trace: CallTrace::default(),
    };
    let id = call.id.to_string();
    world
        .exchange
        .running()
        .db()
        .insert_call(call)
        .await
        .expect("a record");
    id
}

async fn found(api: &Api, query: &str) -> Vec<String> {
    let list = api.get(&format!("/v1/calls?{query}")).await.must_be(200);
    let ids = list["data"].as_array().expect("a list").iter();
    ids.map(|call| call["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_found_by_every_filter() {
    for world in worlds().await {
        let api = &world.api;
        let alice = user(api, "Alice").await;
        let number = json!({"phone_number": "+14155550123", "account": world.account});
        let did = world
            .exchange
            .api()
            .post("/v1/operator/phone-numbers", number)
            .await
            .id();
        let inbound = CallParties {
            user_id: alice.parse().ok(),
            did_id: did.parse().ok(),
            from_number: "+12075550199".to_owned(),
            to_number: "+14155550123".to_owned(),
            dialed_number: "4155550123".to_owned(),
            ..CallParties::default()
        };
        let first = record(
            &world,
            CallDirection::Inbound,
            CallStatus::NoAnswer,
            inbound,
            "2026-01-05T12:00:00Z",
        )
        .await;
        let inside = CallParties {
            from_number: "100".to_owned(),
            to_number: "101".to_owned(),
            ..CallParties::default()
        };
        let second = record(
            &world,
            CallDirection::Internal,
            CallStatus::Busy,
            inside,
            "2026-01-06T12:00:00Z",
        )
        .await;
        for (query, ids) in [
            (String::new(), vec![&second, &first]),
            (format!("user_id={alice}"), vec![&first]),
            (format!("did={did}"), vec![&first]),
            ("direction=internal".to_owned(), vec![&second]),
            ("status=no-answer".to_owned(), vec![&first]),
            ("from_number=+12075550199".to_owned(), vec![&first]),
            ("to_number=%2B14155550123".to_owned(), vec![&first]),
            ("to_number=4155550123".to_owned(), vec![&first]),
            ("from_date=2026-01-06T12:00:00Z".to_owned(), vec![&second]),
            ("to=2026-01-06T12:00:00Z".to_owned(), vec![&first]),
            ("user_id=nobody".to_owned(), vec![]),
            ("status=no-answer&direction=internal".to_owned(), vec![]),
            ("colour=red".to_owned(), vec![&second, &first]),
        ] {
            let ids: Vec<String> = ids.into_iter().cloned().collect();
            assert_eq!(found(api, &query).await, ids, "{query}");
        }
        for (query, field) in [
            ("status=fine", "status"),
            ("direction=up", "direction"),
            ("from_date=soon", "from_date"),
        ] {
            assert_eq!(
                blamed(&api.get(&format!("/v1/calls?{query}")).await.must_be(400)),
                [field]
            );
        }
        let plain = api.get(&format!("/v1/calls/{first}")).await.must_be(200);
        assert_eq!(
            (&plain["did"], &plain["did_id"]),
            (&json!(did), &json!(did))
        );
        assert_eq!(
            (&plain["user"], &plain["user_id"]),
            (&json!(alice), &json!(alice))
        );
        assert_eq!(plain["quality_metrics"], json!([]));
        assert_eq!(plain["duration_seconds"], Value::Null);
        let expanded = api
            .get(&format!("/v1/calls/{first}?expand[]=did"))
            .await
            .must_be(200);
        assert_eq!(
            expanded["did"],
            json!({"id": did, "phone_number": "+14155550123"})
        );
        api.get("/v1/calls/call_01h455vb4pex5vsknk084sn02q")
            .await
            .must_be(404);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_for_calls_are_checked() {
    for world in worlds().await {
        let api = &world.api;
        let alice = user(api, "Alice").await;
        let accepted = api
            .post("/v1/calls", json!({"user_id": alice, "dial_string": "101"}))
            .await;
        assert_eq!(accepted.text, "");
        accepted.must_be(202);
        for (body, status) in [
            (json!({"dial_string": "101"}), 400),
            (json!({"user": alice}), 400),
            (json!({"user": alice, "dial_string": ""}), 400),
            (json!({"user": alice, "dial_string": "1".repeat(65)}), 400),
            (
                json!({"user": "user_01h455vb4pex5vsknk084sn02q", "dial_string": "101"}),
                404,
            ),
            (
                json!({"user": alice, "user_id": "nobody", "dial_string": "101", "did": "did_x"}),
                400,
            ),
            (
                json!({"user": alice, "dial_string": "101", "find_me_follow_me_key": "car"}),
                400,
            ),
        ] {
            api.post("/v1/calls", body.clone()).await.must_be(status);
        }
        world.exchange.stop().await;
    }
}
