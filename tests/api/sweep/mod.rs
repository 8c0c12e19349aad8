//! Every operation of the served document, asked by one account about what is another's. An operation that
//! is added without saying here how to ask for it fails by its name.
//!
//! What a user asks of themselves is asked with a user's token, and the other account's ids.
//!
//! Operations below `/v1/operator`, and those that make or revoke tokens, are the platform's own and belong to no account; what they say of accounts
//! is held to the key's mode.

mod fixture;

use harness::Api;
use reqwest::Method;
use serde_json::{Value, json};

use crate::worlds;
use fixture::{TEXTS, Tenant, body, kind};

/// One operation of the document.
struct Operation {
    name: String,
    method: Method,
    path: String,
    document: Value,
}

impl Operation {
    /// The names of its path parameters.
    fn parameters(&self) -> Vec<&str> {
        let parts = self.path.split('/');
        parts
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect()
    }

    /// Its path, each parameter filled in.
    fn filled(&self, value: impl Fn(&str) -> String) -> String {
        let mut path = self.path.clone();
        for name in self.parameters() {
            path = path.replace(&format!("{{{name}}}"), &value(name));
        }
        path
    }

    fn of(&self, tenant: &Tenant) -> String {
        self.filled(|name| self.id(tenant, name))
    }

    fn id(&self, tenant: &Tenant, name: &str) -> String {
        let id = tenant.ids.get(name);
        id.unwrap_or_else(|| panic!("{}: the sweep has no {name}", self.name))
            .clone()
    }

    fn body(&self, tenant: &Tenant) -> Option<Value> {
        self.document.get("requestBody")?;
        let body = body(&self.name, &tenant.ids);
        Some(body.unwrap_or_else(|| panic!("{}: the sweep has no body", self.name)))
    }

    /// Whether a user asks, of themselves.
    fn is_mine(&self) -> bool {
        self.path == "/v1/me"
            || self.path.starts_with("/v1/me/")
            || self.path.starts_with("/v1/webrtc/")
    }

    /// Who asks on the side of this tenant.
    fn asker<'a>(&self, tenant: &'a Tenant) -> &'a Api {
        if self.is_mine() {
            &tenant.me
        } else {
            &tenant.api
        }
    }

    fn is_list(&self, root: &Value) -> bool {
        let answer = &self.document["responses"]["200"]["content"]["application/json"]["schema"];
        self.method == Method::GET && !resolve(root, answer)["properties"]["data"].is_null()
    }

    fn query(&self) -> impl Iterator<Item = &Value> {
        let parameters = self.document["parameters"].as_array().into_iter().flatten();
        parameters.filter(|parameter| parameter["in"] == "query")
    }

    async fn ask(&self, api: &Api, path: &str, body: Option<&Value>) -> harness::Answer {
        let request = api.request(self.method.clone(), path);
        match body {
            Some(body) => api.send(request.json(body)).await,
            None => api.send(request).await,
        }
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => resolve(root, root.pointer(&path[1..]).expect("a reference")),
        None => schema,
    }
}

/// What a platform asks of any of its accounts, without naming it.
const PLATFORM: [&str; 3] = [
    "/v1/account_sessions",
    "/v1/user_sessions",
    "/v1/users/{user_id}/revoke_sessions",
];

/// The operations below `/v1`, those of the operator aside.
fn operations(root: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in root["paths"].as_object().expect("paths") {
        if !path.starts_with("/v1/") || path.starts_with("/v1/operator/") {
            continue;
        }
        for (method, document) in item.as_object().expect("operations") {
            let method = method.to_uppercase();
            operations.push(Operation {
                name: format!("{method} {path}"),
                method: method.parse().expect("a method"),
                path: path.clone(),
                document: document.clone(),
            });
        }
    }
    assert!(operations.len() >= 52, "operations are missing");
    operations
}

/// Everything that an account shows of itself.
async fn dump(operations: &[Operation], root: &Value, tenant: &Tenant) -> Vec<String> {
    let mut dump = Vec::new();
    for operation in operations {
        if operation.method == Method::GET && operation.path != "/v1/events" {
            let all = if operation.is_list(root) {
                "?limit=100"
            } else {
                ""
            };
            let path = operation.of(tenant) + all;
            // Accounts are listed for the platform, not for one of them.
            if operation.path != "/v1/accounts" {
                let answer = operation.asker(tenant).get(&path).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text);
                dump.push(format!("{path}: {}", answer.text));
            }
        }
    }
    dump
}

#[track_caller]
fn shows_nothing_of(theirs: &Tenant, name: &str, text: &str) {
    for id in &theirs.all {
        assert!(!text.contains(id), "{name} shows {id}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_shows_or_changes_what_is_anothers() {
    for world in worlds().await {
        let root = world.exchange.api().get("/openapi.json").await.must_be(200);
        let operations = operations(&root);
        let (a, b) = (Tenant::new(&world, 1).await, Tenant::new(&world, 2).await);
        let before = dump(&operations, &root, &a).await;
        let db = world.exchange.running().db();
        let (_, key) = web::keys::create(db, None, false)
            .await
            .expect("a test key");
        let sandbox = a.api.with_key(&key);
        let mut mentions = 0;
        for operation in &operations {
            by_path(operation, &a, &b).await;
            by_account(operation, &a, &sandbox).await;
            by_query(operation, &root, &a, &b).await;
            mentions += by_body(operation, &root, &a, &b).await;
        }
        assert!(
            mentions >= 24,
            "bodies mention others only {mentions} times"
        );
        let stock = json!({"phone_number": "+14155550199", "account": a.ids["account_id"]});
        let stolen = sandbox.post("/v1/operator/phone-numbers", stock).await;
        assert!(
            [400, 404, 422].contains(&stolen.status.as_u16()),
            "{}",
            stolen.text
        );
        assert_eq!(dump(&operations, &root, &a).await, before);
        world.exchange.stop().await;
    }
}

/// Each of the path's ids, alone and together, is another's. The accounts' own operations are the platform's.
async fn by_path(operation: &Operation, a: &Tenant, b: &Tenant) {
    let parameters = operation.parameters();
    if parameters.contains(&"account_id") || PLATFORM.contains(&&*operation.path) {
        return;
    }
    for mask in 1..1_usize << parameters.len() {
        let path = operation.filled(|name| {
            let place = parameters.iter().position(|known| *known == name);
            let foreign = place.is_some_and(|place| mask >> place & 1 == 1);
            operation.id(if foreign { a } else { b }, name)
        });
        let answer = operation
            .ask(operation.asker(b), &path, operation.body(b).as_ref())
            .await;
        assert_eq!(
            answer.status, 404,
            "{} {path}: {}",
            operation.name, answer.text
        );
    }
}

/// A key of the other mode names the account, in the header or in the path.
async fn by_account(operation: &Operation, a: &Tenant, sandbox: &Api) {
    if operation.path == "/v1/accounts" {
        return;
    }
    let body = operation.body(a);
    let answer = operation
        .ask(sandbox, &operation.of(a), body.as_ref())
        .await;
    let status = if operation.is_mine() { 403 } else { 404 };
    assert_eq!(answer.status, status, "{}: {}", operation.name, answer.text);
}

/// Lists show only what is the account's own, whatever is asked for.
async fn by_query(operation: &Operation, root: &Value, a: &Tenant, b: &Tenant) {
    if operation.method != Method::GET || ["/v1/events", "/v1/accounts"].contains(&&*operation.path)
    {
        return;
    }
    let (name, path) = (&operation.name, operation.of(b));
    let api = operation.asker(b);
    shows_nothing_of(a, name, &api.get(&path).await.text);
    for parameter in operation.query() {
        let word = parameter["name"].as_str().expect("a name");
        let schema = resolve(root, &parameter["schema"]);
        let mut values: Vec<String> = Vec::new();
        match word {
            "starting_after" | "ending_before" => values.extend(a.all.iter().cloned()),
            "page" => {
                let first = format!("{}?limit=1", operation.of(a));
                let list = operation.asker(a).get(&first).await;
                let next = list.body["next_page_url"].as_str();
                let cursor = next.and_then(|next| next.split_once("page="));
                values.extend(cursor.map(|(_, cursor)| cursor.to_owned()));
            }
            "expand[]" => {
                let words = schema["items"]["enum"].as_array().into_iter().flatten();
                values.extend(words.filter_map(|word| word.as_str().map(str::to_owned)));
            }
            _ if schema["maxLength"] == 255 && schema["minLength"] == 1 => {
                let kind = kind(word).unwrap_or_else(|| panic!("{name}: the sweep has no {word}"));
                let list = api.get(&format!("{path}?{word}={}", a.ids[kind])).await;
                assert_eq!(list.must_be(200)["data"], json!([]), "{name} {word}");
            }
            _ => {}
        }
        for value in values {
            let answer = api.get(&format!("{path}?{word}={value}")).await;
            let status = answer.status.as_u16();
            assert!(
                [200, 400].contains(&status),
                "{name} {word}: {}",
                answer.text
            );
            shows_nothing_of(a, name, &answer.text);
        }
    }
}

/// Each member of the body that names something names another's.
/// Gives how many there are.
async fn by_body(operation: &Operation, root: &Value, a: &Tenant, b: &Tenant) -> usize {
    let Some(good) = operation
        .body(b)
        .filter(|_| !PLATFORM.contains(&&*operation.path))
    else {
        return 0;
    };
    let schema = &operation.document["requestBody"]["content"]["application/json"]["schema"];
    let mut places = Vec::new();
    references(root, schema, "", &mut places);
    for place in &places {
        let (parent, member) = place.rsplit_once('/').expect("a place");
        let kind =
            kind(member).unwrap_or_else(|| panic!("{}: the sweep has no {place}", operation.name));
        let mut body = good.clone();
        let parent = body.pointer_mut(parent).and_then(Value::as_object_mut);
        let parent = parent.unwrap_or_else(|| panic!("{}: no {place} in the body", operation.name));
        // The other spelling must not hide this one.
        match member.strip_suffix("_id") {
            Some(plain) => parent.remove(plain),
            None => parent.remove(&format!("{member}_id")),
        };
        parent.insert(member.to_owned(), json!(a.ids[kind]));
        let (api, path) = (operation.asker(b), operation.of(b));
        let answer = operation.ask(api, &path, Some(&body)).await;
        let status = answer.status.as_u16();
        assert!(
            [400, 404, 422].contains(&status),
            "{} took {place} of another: {status} {}",
            operation.name,
            answer.text
        );
    }
    places.len()
}

/// Where a body names resources, as JSON pointers; the first of each array.
fn references(root: &Value, schema: &Value, place: &str, out: &mut Vec<String>) {
    let schema = resolve(root, schema);
    if schema["maxLength"] == 255 && schema["minLength"] == 1 {
        let member = place.rsplit('/').next().unwrap_or_default();
        if !TEXTS.contains(&member) && !out.iter().any(|known| known == place) {
            out.push(place.to_owned());
        }
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for choice in schema[key].as_array().into_iter().flatten() {
            references(root, choice, place, out);
        }
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        references(root, member, &format!("{place}/{name}"), out);
    }
    if let Some(items) = schema.get("items") {
        references(root, items, &format!("{place}/0"), out);
    }
}

/// A stream tells what happens in its own account: the first thing it hears is its own call, after another
/// account had one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_nothing_of_another_account() {
    for world in worlds().await {
        let alice = world.person("Alice", "101").await;
        let mine = world.account.clone();
        let mut events = world.events().await;
        let other = harness::World::on(world.exchange).await;
        let bob = other.person("Bob", "201").await;
        let mut others = other.events().await;
        for (stream, phone, account) in [
            (&mut others, &bob.phone, &other.account),
            (&mut events, &alice.phone, &mine),
        ] {
            let call = phone.calls("*43").await;
            call.is_answered().await;
            call.hangs_up().await;
            loop {
                let event = stream.next().await;
                assert_eq!(event.data["account_id"], json!(account), "{}", event.data);
                if event.name == "call.end" {
                    break;
                }
            }
        }
        other.exchange.stop().await;
    }
}
