//! What the exchange has to know before it can be loaded.

use super::{
    calls::{CALLEE, CALLER},
    register::Login,
};
use harness::Api;
use serde_json::json;
use std::net::SocketAddr;

/// The number that calls come in on, and the one they are sent on to.
pub const NUMBERS: [&str; 2] = ["+12125550100", "+12125550177"];

/// Lets calls from the first carrier to the first number go out to the second carrier.
pub async fn carriers(platform: &Api, callee: SocketAddr) {
    let (from, to) = (CALLER, callee.to_string());
    let trunks = [
        json!({"name": "in", "address": from, "transport": "udp", "inbound_addresses": [from], "priority": 9}),
        json!({"name": "out", "address": to, "transport": "udp", "inbound_addresses": [CALLEE], "priority": 1}),
    ];
    for trunk in trunks {
        let made = platform.post("/v1/operator/trunks", trunk).await;
        made.must_be(201);
    }
    let account = account(platform).await;
    let number = json!({"phone_number": NUMBERS[0], "account": account.account()});
    let number = platform.post("/v1/operator/phone-numbers", number).await;
    let number = number.id_of(201);
    let group = account
        .post("/v1/ring_groups", json!({"name": "all"}))
        .await;
    let group = group.id_of(201);
    let members = format!("/v1/ring_groups/{group}/members");
    let member = account
        .post(&members, json!({"phone_number": NUMBERS[1]}))
        .await;
    member.must_be(201);
    let route = format!("/v1/phone-numbers/{number}/route");
    let routed = account.post(&route, json!({"routing_target": group})).await;
    routed.must_be(200);
}

/// Users with a phone's login each.
pub async fn logins(platform: &Api, count: usize) -> Vec<Login> {
    let account = account(platform).await;
    let mut logins = Vec::new();
    for number in 0..count {
        let user = json!({"name": format!("User {number}")});
        let user = account.post("/v1/users", user).await.id_of(201);
        let password = format!("load-password-{number}");
        let endpoints = format!("/v1/users/{user}/endpoints");
        let made = account
            .post(&endpoints, json!({"sip_password": password}))
            .await;
        let made = made.must_be(201);
        let username = made["sip_username"].as_str().unwrap_or_default().to_owned();
        logins.push(Login { username, password });
    }
    logins
}

async fn account(platform: &Api) -> Api {
    let made = platform.post("/v1/accounts", json!({"name": "Load"})).await;
    platform.on(&made.id_of(201))
}
