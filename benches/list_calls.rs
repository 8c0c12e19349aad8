//! What a page of `GET /v1/calls` costs over 100,000 records, beside the bare query, on SQLite and (when
//! `STROWGER_TEST_POSTGRES` names a server) PostgreSQL.
//!
//! Each line is one way to ask. It proves that a page costs the same wherever it lies and whatever is
//! filtered, as long as something fits, and what HTTP, authentication and JSON add to the query.
//! `-- --calls n` tries it with fewer records.

use std::time::{Duration, Instant};

use harness::{Api, Database, Exchange};
use schema::{
    Account, Call, CallFilter, CallInsight, CallParties, CallTimes, CallTrace, Db, Id, Json, Time,
    page::Window,
    types::{CallDirection, CallStatus},
};

/// Records of the account that is asked about, and of each of the others beside it.
const CALLS: usize = 100_000;
/// Records written at once.
const BATCH: usize = 1_000;
/// Times each way is asked, by either road in turn.
const ROUNDS: usize = 200;
/// Users the calls are spread over.
const USERS: usize = 50;

/// One way to ask: its name, the query string, and the same for the bare query.
struct Way {
    name: &'static str,
    query: String,
    filter: CallFilter,
    after: Option<Id<Call>>,
    limit: u32,
}

/// Records begun one second after the other; the ids of all.
async fn fill(
    db: &Db,
    account: Id<Account>,
    count: usize,
    users: &[Id<schema::User>],
) -> Vec<Id<Call>> {
    let start = chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z");
    let start = start.expect("an instant").to_utc();
    let mut ids = Vec::with_capacity(count);
    let mut batch = Vec::with_capacity(BATCH);
    for n in 0..count {
        let at = Time::from(start + Duration::from_secs(n as u64));
        let call = Call {
            id: Id::new(),
            account_id: account,
            direction: if n % 3 == 0 {
                CallDirection::Internal
            } else {
                CallDirection::Inbound
            },
            status: if n % 7 == 0 {
                CallStatus::NoAnswer
            } else {
                CallStatus::Completed
            },
            parties: CallParties {
                user_id: users.get(n % USERS).copied(),
                from_number: format!("+1207555{:04}", n % 10_000),
                to_number: "+14155550123".to_owned(),
                dialed_number: "4155550123".to_owned(),
                ..CallParties::default()
            },
            times: CallTimes {
                started_at: at,
                answered_at: Some(at),
                connected_at: Some(at),
                ended_at: at,
                duration_seconds: Some(60),
            },
            hangup_cause: Some(16),
            quality_metrics: Json(Vec::new()),
            insight: CallInsight::default(),
            trace: CallTrace::default(),
        };
        ids.push(call.id);
        batch.push(call);
        if batch.len() == BATCH || n + 1 == count {
            db.insert_calls(std::mem::take(&mut batch))
                .await
                .expect("records");
        }
    }
    ids
}

fn ways(ids: &[Id<Call>], user: Id<schema::User>) -> Vec<Way> {
    let all = CallFilter::default;
    let middle = ids[ids.len() / 2];
    let day = |text: &str| text.parse::<Time>().ok();
    let way = |name, query: String, filter, after, limit| Way {
        name,
        query,
        filter,
        after,
        limit,
    };
    vec![
        way("newest ten", String::new(), all(), None, 10),
        way("newest hundred", "limit=100".into(), all(), None, 100),
        way(
            "ten from the middle",
            format!("starting_after={middle}"),
            all(),
            Some(middle),
            10,
        ),
        way(
            "ten of a user",
            format!("user_id={user}"),
            CallFilter {
                user_id: Some(user),
                ..all()
            },
            None,
            10,
        ),
        way(
            "ten unanswered inside calls",
            "status=no-answer&direction=internal".into(),
            CallFilter {
                status: Some(CallStatus::NoAnswer),
                direction: Some(CallDirection::Internal),
                ..all()
            },
            None,
            10,
        ),
        way(
            "ten of an hour long ago",
            "from_date=2026-01-01T01:00:00Z&to_date=2026-01-01T02:00:00Z".into(),
            CallFilter {
                from: day("2026-01-01T01:00:00Z"),
                to: day("2026-01-01T02:00:00Z"),
                ..all()
            },
            None,
            10,
        ),
        way(
            "ten from one caller",
            "from_number=%2B12075550042".into(),
            CallFilter {
                from_number: Some("+12075550042".into()),
                ..all()
            },
            None,
            10,
        ),
        way(
            "nobody's number",
            "to_number=%2B19995550000".into(),
            CallFilter {
                to_number: Some("+19995550000".into()),
                ..all()
            },
            None,
            10,
        ),
    ]
}

fn median(samples: &mut [Duration]) -> Duration {
    samples.sort_unstable();
    samples[samples.len() / 2]
}

async fn measure(api: &Api, db: &Db, account: Id<Account>, way: &Way) {
    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    let path = format!("/v1/calls?{}", way.query);
    let begun = Instant::now();
    for round in 0..ROUNDS {
        // A slow way is asked less often.
        if round >= 5 && begun.elapsed() > Duration::from_secs(5) {
            break;
        }
        let window = Window {
            after: way.after,
            before: None,
            limit: way.limit,
        };
        let now = Instant::now();
        let slice = db.list_calls(account, way.filter.clone(), window).await;
        bare.push(now.elapsed());
        let rows = slice.expect("a page").rows.len();
        let request = api.request(reqwest::Method::GET, &path);
        let now = Instant::now();
        let answer = request.send().await.expect("an answer");
        let body = answer.bytes().await.expect("a body");
        whole.push(now.elapsed());
        if round == 0 {
            let list: serde_json::Value = serde_json::from_slice(&body).expect("a list");
            assert_eq!(
                list["data"].as_array().map(Vec::len),
                Some(rows),
                "{}",
                way.name
            );
        }
    }
    let (bare, whole) = (median(&mut bare), median(&mut whole));
    println!(
        "  {:<28} query {:>9.1?}  whole {:>9.1?}  ratio {:.2}",
        way.name,
        bare,
        whole,
        whole.as_secs_f64() / bare.as_secs_f64()
    );
}

#[tokio::main]
async fn main() {
    let mut words = std::env::args()
        .skip_while(|word| word != "--calls")
        .skip(1);
    let count = words
        .next()
        .map_or(CALLS, |word| word.parse().expect("a number"));
    for database in Database::all() {
        let exchange = Exchange::start(database).await;
        let platform = exchange.api();
        let db = exchange.running().db().clone();
        let mut filled = None;
        for name in ["Other", "Asked"] {
            let account = serde_json::json!({ "name": name });
            let account = platform.post("/v1/accounts", account).await.id_of(201);
            let api = platform.on(&account);
            let mut users = Vec::new();
            for _ in 0..USERS {
                let user = api
                    .post("/v1/users", serde_json::json!({}))
                    .await
                    .id_of(201);
                users.push(user.parse().expect("a user"));
            }
            let account = account.parse().expect("an account");
            let ids = fill(&db, account, count, &users).await;
            filled = Some((api, account, ids, users));
        }
        let (api, account, ids, users) = filled.expect("an account");
        println!("{database:?}, {count} records and as many of another account:");
        for way in ways(&ids, users[7]) {
            measure(&api, &db, account, &way).await;
        }
        exchange.stop().await;
    }
}
