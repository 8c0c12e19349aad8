//! An account with people in it, on an exchange that is a process.

use crate::program::{Home, Program, place};
use harness::{Api, Call, DOMAIN, KEY, Login, Phone};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Where everything happens.
pub struct Town {
    pub home: Home,
    pub program: Program,
    pub account: String,
}

/// Somebody with a registered phone.
pub struct Citizen {
    pub number: String,
    pub phone: Phone,
    pub login: Login,
}

impl Town {
    /// A new exchange with one account.
    pub async fn found(variables: &[(&str, &str)]) -> Self {
        let home = Home::new();
        let (http, sip) = (place().to_string(), place().to_string());
        let mut all = vec![
            ("STROWGER_API_KEY", KEY),
            ("STROWGER_HTTP_LISTEN", http.as_str()),
            ("STROWGER_SIP_UDP", sip.as_str()),
        ];
        all.extend_from_slice(variables);
        let program = Program::serve(&home.0, &all).await;
        let account = program.api(KEY).post("/v1/accounts", json!({})).await;
        Self {
            account: account.id_of(201),
            home,
            program,
        }
    }

    /// A client acting on the account.
    pub fn api(&self) -> Api {
        self.program.api(KEY).on(&self.account)
    }

    /// A new user with an extension and a registered phone.
    pub async fn citizen(&self, name: &str, number: &str) -> Citizen {
        let api = self.api();
        let user = api.post("/v1/users", json!({ "name": name })).await;
        let user = user.id_of(201);
        let extension = json!({ "number": number, "target": user });
        api.post("/v1/extensions", extension).await.must_be(201);
        let path = format!("/v1/users/{user}/endpoints");
        let made = api.post(&path, json!({})).await.must_be(201);
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        let login = Login {
            username: text("sip_username"),
            password: text("sip_password"),
        };
        let phone = Phone::new(self.program.sip, DOMAIN, login.clone()).await;
        phone.registers().await;
        Citizen {
            number: number.to_owned(),
            phone,
            login,
        }
    }

    /// Kills the process; another one takes its place at the same addresses, on the same data.
    pub async fn dies_and_rises(mut self) -> Self {
        let (http, sip) = (self.program.http.to_string(), self.program.sip.to_string());
        self.program.kill();
        let places = [
            ("STROWGER_API_KEY", KEY),
            ("STROWGER_HTTP_LISTEN", http.as_str()),
            ("STROWGER_SIP_UDP", sip.as_str()),
        ];
        self.program = Program::serve(&self.home.0, &places).await;
        self
    }

    /// The records of the account once there are this many.
    pub async fn records(&self, count: usize) -> Vec<Value> {
        let end = Instant::now() + crate::program::LIMIT;
        loop {
            let list = self.api().get("/v1/calls?limit=100").await.must_be(200);
            let data = list["data"].as_array().expect("a list").clone();
            if data.len() >= count {
                assert_eq!(data.len(), count, "{list}");
                return data;
            }
            assert!(Instant::now() < end, "{count} records expected: {list}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The records as the database has them, with what the API does not show, by the number called.
    pub async fn rows(&self, count: usize) -> Vec<schema::Call> {
        let account = self.account.parse().expect("an id");
        let file = self.home.0.join("data").join("strowger.db");
        let config = schema::DbConfig::new(format!("sqlite://{}", file.display()));
        let db = schema::Db::connect(&config).await.expect("the database");
        let mut rows = Vec::new();
        for record in self.records(count).await {
            let id = record["id"].as_str().expect("an id");
            let id = id.parse().expect("an id");
            rows.push(db.find_call(account, id).await.expect("a record"));
        }
        rows
    }
}

/// Both speak and hear each other.
pub async fn talk(one: &Call, other: &Call) {
    one.forget();
    other.forget();
    one.speak(440);
    other.speak(660);
    other.hears(440).await;
    one.hears(660).await;
}

/// `caller` dials, `callee` answers, both have heard each other.
pub async fn connected(caller: &Citizen, callee: &Citizen) -> (Call, Call) {
    let call = caller.phone.calls(&callee.number).await;
    let answer = callee.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    (call, answer)
}
