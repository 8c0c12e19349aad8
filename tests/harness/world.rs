//! An exchange with one account and people in it, ready to be called.

use crate::{Api, Database, Events, Exchange, Link, Login, Phone, exchange::DOMAIN};
use serde_json::json;
use std::net::SocketAddr;

/// An exchange and one account.
pub struct World {
    /// The exchange.
    pub exchange: Exchange,
    /// A client acting on the account.
    pub api: Api,
    /// The account's id.
    pub account: String,
}

/// A user with an extension, a SIP identity and a phone.
pub struct Person {
    /// User id.
    pub user: String,
    /// Extension.
    pub number: String,
    /// Endpoint id.
    pub endpoint: String,
    /// The phone; registered unless the test said otherwise.
    pub phone: Phone,
    /// Its login.
    pub login: Login,
}

impl World {
    /// A new exchange with one account.
    pub async fn new(database: Database) -> Self {
        Self::on(Exchange::start(database).await).await
    }

    /// A new account on a running exchange.
    pub async fn on(exchange: Exchange) -> Self {
        let account = exchange
            .api()
            .post("/v1/accounts", json!({ "name": "Acme" }))
            .await;
        let account = account.must_be(201)["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        Self {
            api: exchange.api().on(&account),
            exchange,
            account,
        }
    }

    /// The account's event stream.
    pub async fn events(&self) -> Events {
        Events::open(&self.api).await
    }

    /// A user with a registered UDP phone.
    pub async fn person(&self, name: &str, number: &str) -> Person {
        let person = self.person_over(Link::Udp, name, number).await;
        person.phone.registers().await;
        person
    }

    /// A user whose phone is on this link and has not registered.
    pub async fn person_over(&self, link: Link, name: &str, number: &str) -> Person {
        let user = self
            .api
            .post("/v1/users", json!({ "name": name }))
            .await
            .id_of(201);
        let extension = json!({ "number": number, "target": user });
        self.api
            .post("/v1/extensions", extension)
            .await
            .must_be(201);
        let (endpoint, login) = self.endpoint(&user).await;
        let mut phone = Phone::over(link, self.door(link), DOMAIN, login.clone()).await;
        phone.name = name.to_owned();
        Person {
            user,
            number: number.to_owned(),
            endpoint,
            phone,
            login,
        }
    }

    /// A further phone of the same person, with the same login, that has not registered.
    pub async fn another(&self, link: Link, person: &Person) -> Phone {
        let mut phone = Phone::over(link, self.door(link), DOMAIN, person.login.clone()).await;
        phone.name.clone_from(&person.phone.name);
        phone
    }

    /// Where phones on this link connect to.
    fn door(&self, link: Link) -> SocketAddr {
        match link {
            Link::Udp => self.exchange.sip(),
            Link::Tcp => self.exchange.sip_tcp(),
            Link::Tls => self.exchange.sip_tls(),
            Link::Ws => self.exchange.running().http(),
        }
    }

    /// A further SIP identity of a user.
    pub async fn endpoint(&self, user: &str) -> (String, Login) {
        let made = self
            .api
            .post(&format!("/v1/users/{user}/endpoints"), json!({}))
            .await
            .must_be(201);
        let text = |name: &str| {
            made[name]
                .as_str()
                .unwrap_or_else(|| panic!("no {name}: {made}"))
                .to_owned()
        };
        let login = Login {
            username: text("sip_username"),
            password: text("sip_password"),
        };
        (text("id"), login)
    }

    /// A phone number in service on the account that leads where `route` says, `{}` being everybody.
    pub async fn number(&self, number: &str, route: serde_json::Value) -> String {
        let new = json!({ "phone_number": number, "account": self.account });
        let operator = self.exchange.api();
        let made = operator.post("/v1/operator/phone-numbers", new).await;
        let id = made.id_of(201);
        let path = format!("/v1/phone-numbers/{id}/route");
        self.api.post(&path, route).await.must_be(200);
        id
    }

    /// Changes a phone number.
    pub async fn change_number(&self, id: &str, members: serde_json::Value) {
        let path = format!("/v1/phone-numbers/{id}");
        self.api.post(&path, members).await.must_be(200);
    }

    /// The records of the account, newest first, once there are this many.
    pub async fn records(&self, count: usize) -> Vec<serde_json::Value> {
        let end = std::time::Instant::now() + crate::SOON;
        loop {
            let list = self.api.get("/v1/calls?limit=100").await.must_be(200);
            let data = list["data"].as_array().expect("a list").clone();
            if data.len() >= count {
                assert_eq!(data.len(), count, "{list}");
                return data;
            }
            assert!(
                std::time::Instant::now() < end,
                "{count} records expected: {list}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}
