//! A carrier: a gateway at an address of its own that the exchange knows as a trunk.

use crate::{Agent, DOMAIN, Link, Login, Message, Phone, World};
use serde_json::{Value, json};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

/// A carrier. It dereferences to its [`Phone`]; it answers OPTIONS by itself.
pub struct Carrier {
    /// The trunk's id.
    pub trunk: String,
    phone: Phone,
    probes: Arc<AtomicU16>,
    answers: JoinHandle<()>,
}

impl Deref for Carrier {
    type Target = Phone;
    fn deref(&self) -> &Phone {
        &self.phone
    }
}

impl Carrier {
    /// A carrier at 127.0.0.`host`, trusted by its address, with further members of the trunk.
    pub async fn open(world: &World, host: u8, members: Value) -> Self {
        Self::open_as(world, host, members, Login::default()).await
    }

    /// As [`open`](Self::open), with a login of its own at the exchange.
    pub async fn open_as(world: &World, host: u8, members: Value, login: Login) -> Self {
        let own = IpAddr::V4(Ipv4Addr::new(127, 0, 0, host));
        let exchange = world.exchange.sip();
        let agent = Agent::open_at(Link::Udp, own, exchange).await;
        let mut trunk = json!({
            "name": format!("carrier {host}"),
            "address": agent.local().to_string(),
            "inbound_addresses": [own.to_string()],
        });
        let all = trunk.as_object_mut().expect("an object");
        all.extend(members.as_object().expect("members").clone());
        let trunk = world
            .exchange
            .api()
            .post("/v1/operator/trunks", trunk)
            .await
            .id_of(201);
        let probes = Arc::new(AtomicU16::new(200));
        let answers = {
            let (agent, probes) = (agent.clone(), probes.clone());
            tokio::spawn(async move {
                loop {
                    let options = |m: &Message| m.method() == Some("OPTIONS");
                    let asked = agent.try_take(Duration::from_secs(60), options).await;
                    if let Some((request, from)) = asked {
                        let status = probes.load(Ordering::Relaxed);
                        if status > 0 {
                            let response = Message::response(&request, status, "Here");
                            agent.send(&response, from).await;
                        }
                    }
                }
            })
        };
        // The exchange takes a trunk up a moment after it has been told of it: an answered probe says so.
        let given = |name: &str| members.get(name).is_some();
        if !["name", "address", "enabled"].into_iter().any(given) {
            let up = format!("strowger_actors_trunk_up{{trunk=\"carrier {host}\"}}");
            world.exchange.metric_becomes(&up, 1.0).await;
        }
        let phone = Phone::with_agent(agent, exchange, DOMAIN, login);
        Self {
            trunk,
            phone,
            probes,
            answers,
        }
    }

    /// Answers OPTIONS with this status from now on; 0 is silence.
    pub fn answers_probes_with(&self, status: u16) {
        self.probes.store(status, Ordering::Relaxed);
    }

    /// Waits for a request outside any dialog.
    pub async fn is_asked(&self, method: &str) -> (Message, SocketAddr) {
        let fits = |m: &Message| m.method() == Some(method);
        self.phone.agent.take(method, crate::SOON, fits).await
    }

    /// Calls a number of the exchange as somebody with this number and name.
    pub async fn calls_as(&self, from: &str, name: Option<&str>, number: &str) -> crate::Call {
        self.calls_shaped(from, name, number, |_| ()).await
    }

    /// As [`calls_as`](Self::calls_as), with headers of one's own.
    pub async fn calls_shaped(
        &self,
        from: &str,
        name: Option<&str>,
        number: &str,
        shape: impl Fn(&mut Message),
    ) -> crate::Call {
        let name = name.map_or(String::new(), |name| format!("\"{name}\" "));
        let from = format!(
            "{name}<sip:{from}@carrier.test>;tag={}",
            crate::sip::token()
        );
        let uri = format!("sip:{number}@{}", self.phone.exchange);
        self.phone
            .calls_with(&uri, crate::Offer::default(), |invite| {
                invite.set("From", from.clone());
                shape(invite);
            })
            .await
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.answers.abort();
    }
}
