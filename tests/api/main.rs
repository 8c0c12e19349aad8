//! The REST API from outside: every operation, by HTTP, on every database.

mod accounts;
mod calls;
mod errors;
mod events;
mod extensions;
mod hostile;
mod ice_servers;
mod idempotency;
mod isolation;
mod me;
mod metrics;
mod operator;
mod pages;
mod phone_numbers;
mod platform;
mod presence;
mod ring_groups;
mod sessions;
mod softphone;
mod stream;
mod sweep;
mod users;

use harness::{Api, Database, World};
use serde_json::{Value, json};

/// A fresh exchange with one account for each database.
async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for database in Database::all() {
        worlds.push(World::new(database).await);
    }
    worlds
}

/// A new user's id.
async fn user(api: &Api, name: &str) -> String {
    let made = api.post("/v1/users", json!({ "name": name })).await;
    made.must_be(201)["id"].as_str().expect("an id").to_owned()
}

/// A client that acts as a user, by their token.
async fn as_user(world: &World, user: &str) -> Api {
    let platform = world.exchange.api();
    let made = json!({ "user": user });
    let made = platform.post("/v1/user_sessions", made).await.must_be(201);
    platform.with_key(made["client_secret"].as_str().expect("a token"))
}

/// The names of the fields that an error blames.
fn blamed(body: &Value) -> Vec<String> {
    let details = body["details"].as_object().cloned().unwrap_or_default();
    details.keys().cloned().collect()
}
