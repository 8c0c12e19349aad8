//! What the sweep needs to know of each operation: an id for each kind, and a body that would be good.

use std::collections::BTreeMap;

use harness::{Api, World};
use schema::{
    Call, CallInsight, CallParties, CallTimes, CallTrace, Id, Json, Time,
    types::{CallDirection, CallStatus},
};
use serde_json::{Value, json};

/// An account with two of everything, so that its lists have pages.
pub struct Tenant {
    /// A client acting on it.
    pub api: Api,
    /// A client of its last user, by their token.
    pub me: Api,
    /// Its ids by the names that path parameters have.
    pub ids: BTreeMap<&'static str, String>,
    /// Every id it has, also those of the second ones.
    pub all: Vec<String>,
}

impl Tenant {
    /// A new account; `digit` begins its extensions and ends its phone numbers.
    pub async fn new(world: &World, digit: u8) -> Self {
        let platform = world.exchange.api();
        let account = platform.post("/v1/accounts", json!({"name": "Acme"})).await;
        let account = account.id_of(201);
        let api = platform.on(&account);
        let mut tenant = Self {
            me: api.clone(),
            api,
            ids: BTreeMap::from([("account_id", account)]),
            all: Vec::new(),
        };
        for n in 0..2 {
            tenant.fill(world, digit, n).await;
        }
        tenant
    }

    async fn fill(&mut self, world: &World, digit: u8, n: u8) {
        let platform = world.exchange.api();
        let api = self.api.clone();
        let user = api.post("/v1/users", json!({"name": "Somebody"})).await;
        let user = self.keep("user_id", user.id_of(201));
        let token = json!({"user": user});
        let token = platform.post("/v1/user_sessions", token).await.must_be(201);
        let token = token["client_secret"].as_str().expect("a token");
        self.me = platform.with_key(token);
        let place = self
            .me
            .post("/v1/me/emergency-addresses", emergency_address());
        let place = place.await.id_of(201);
        self.keep("emergency_address_id", place);
        let path = format!("/v1/users/{user}/endpoints");
        let endpoint = api.post(&path, json!({})).await.id_of(201);
        let endpoint = self.keep("endpoint_id", endpoint);
        let extension = json!({"number": format!("{digit}0{n}"), "target": user});
        let extension = api.post("/v1/extensions", extension).await.must_be(201);
        // A number says nothing of whose it is: only the path needs it.
        let number = extension["number"].as_str().expect("a number");
        self.ids.insert("number", number.to_owned());
        let group = api.post("/v1/ring_groups", json!({"name": "All"})).await;
        let group = self.keep("ring_group_id", group.id_of(201));
        let path = format!("/v1/ring_groups/{group}/members");
        let member = api.post(&path, json!({"extension": user})).await;
        self.keep("member_id", member.id_of(201));
        let number = format!("+1415555{n}12{digit}");
        let account = self.ids["account_id"].clone();
        let stock = json!({"phone_number": number, "account": account});
        let did = platform.post("/v1/operator/phone-numbers", stock).await;
        let did = self.keep("phone_number_id", did.id_of(201));
        let call = record(&account, [&user, &endpoint, &did]);
        self.keep("call_id", call.id.to_string());
        let db = world.exchange.running().db();
        db.insert_call(call).await.expect("a record");
    }

    fn keep(&mut self, name: &'static str, id: String) -> String {
        self.ids.insert(name, id.clone());
        self.all.push(id.clone());
        id
    }
}

fn record(account: &str, [user, endpoint, did]: [&str; 3]) -> Call {
    let at = Time::now();
    Call {
        id: Id::new(),
        account_id: account.parse().expect("an account"),
        direction: CallDirection::Inbound,
        status: CallStatus::NoAnswer,
        parties: CallParties {
            user_id: user.parse().ok(),
            endpoint_id: endpoint.parse().ok(),
            did_id: did.parse().ok(),
            ..CallParties::default()
        },
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
    }
}

fn emergency_address() -> Value {
    json!({"street": "48 Harbour Street", "city": "Portland", "state": "ME", "postal_code": "04101"})
}

/// A body that the operation would take from this account, with every member that names something.
/// `None` when nobody has written one yet.
pub fn body(operation: &str, own: &BTreeMap<&'static str, String>) -> Option<Value> {
    let (user, did) = (&own["user_id"], &own["phone_number_id"]);
    let steps = json!([{"targets": [{"type": "user", "id": user}], "timeout": 5}]);
    Some(match operation {
        "POST /v1/accounts" | "POST /v1/users" => json!({"name": "New"}),
        "POST /v1/accounts/{account_id}" => json!({"default_outbound_did": did}),
        "POST /v1/calls" => json!({"user": user, "did": did, "dial_string": "100"}),
        "POST /v1/extensions" => json!({"number": "777", "target": user}),
        "POST /v1/extensions/{number}" => json!({"target": user}),
        "POST /v1/phone-numbers/{phone_number_id}" => json!({"outbound_enabled": false}),
        "POST /v1/phone-numbers/{phone_number_id}/route" => json!({"routing_target": user}),
        "POST /v1/ring_groups" => {
            json!({"name": "New", "timeout_action": "ring_user", "timeout_target": user})
        }
        "POST /v1/ring_groups/{ring_group_id}" => {
            json!({"timeout_action": "ring_user", "timeout_target": user})
        }
        "POST /v1/ring_groups/{ring_group_id}/members" => json!({"extension": user}),
        "POST /v1/account_sessions" => json!({
            "account": own["account_id"],
            "components": {"call_logs": {"enabled": true}},
        }),
        "POST /v1/me/presence" => json!({"status": "away"}),
        "POST /v1/me/emergency-address" => json!({
            "street": "48 Harbour Street", "city": "Portland", "state": "ME", "zip": "04101",
            "country": "US",
        }),
        "POST /v1/me/emergency-addresses" => emergency_address(),
        "POST /v1/user_sessions" => json!({"user": user}),
        "POST /v1/users/{user_id}/revoke_sessions" => json!({}),
        "POST /v1/users/{user_id}" => json!({
            "outbound_caller_id_did": did,
            "config": {"find_me_follow_me": {
                "steps": steps,
                "fallback": "ring_user",
                "fallback_target_id": user,
                "alternates": [{"key": "car", "steps": steps}],
            }},
        }),
        "POST /v1/users/{user_id}/endpoints"
        | "POST /v1/users/{user_id}/endpoints/{endpoint_id}" => json!({"name": "Desk"}),
        _ => return None,
    })
}

/// Which id a member or a query parameter of this name would hold. `None` when nobody has said so yet.
pub fn kind(name: &str) -> Option<&'static str> {
    Some(match name.strip_suffix("_id").unwrap_or(name) {
        "user" | "target" | "extension" | "timeout_target" | "routing_target"
        | "fallback_target" | "id" => "user_id",
        "endpoint" => "endpoint_id",
        "account" => "account_id",
        // Places, sounds and templates cannot be made yet: any id of the other account will do.
        "did"
        | "outbound_caller_id_did"
        | "default_outbound_did"
        | "hold_music_clip"
        | "main_location"
        | "default_button_template"
        | "directory_listing_location" => "phone_number_id",
        _ => return None,
    })
}

/// Members that look like ids by their bounds, but are texts.
pub const TEXTS: [&str; 4] = ["street", "city", "state", "name"];
