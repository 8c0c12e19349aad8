//! A SIP phone of the tests' own. It reads like a story: `alice.calls("1002")`, `bob.rings()`,
//! `call.answers()`, `call.hears(440)`.

mod call;
mod dialog;
mod sdp;

pub use call::{Call, Side};
pub use sdp::{Offer, SdpSide};

use crate::sip::{Agent, Algorithm, Link, Login, Message, answer_challenge, token};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// How long a phone waits for what should come at once.
pub const SOON: Duration = Duration::from_secs(8);

/// A phone (or, without login, a carrier's gateway).
#[derive(Clone)]
pub struct Phone {
    pub(crate) agent: Arc<Agent>,
    pub(crate) exchange: SocketAddr,
    pub(crate) domain: String,
    pub(crate) login: Login,
    pub(crate) algorithm: Algorithm,
    /// Display name in From.
    pub(crate) name: String,
    cseq: Arc<AtomicU32>,
    register_call: Arc<String>,
    register_tag: Arc<String>,
}

/// Something a phone does by itself until this is dropped.
pub struct Habit(tokio::task::JoinHandle<()>);

impl Drop for Habit {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Phone {
    /// A phone on UDP that has not registered yet.
    pub async fn new(exchange: SocketAddr, domain: &str, login: Login) -> Self {
        Self::over(Link::Udp, exchange, domain, login).await
    }

    /// A phone on the link of choice.
    pub async fn over(link: Link, exchange: SocketAddr, domain: &str, login: Login) -> Self {
        let agent = Agent::open(link, exchange).await;
        Self::with_agent(agent, exchange, domain, login)
    }

    /// A phone on a socket that is open already.
    pub fn with_agent(agent: Arc<Agent>, exchange: SocketAddr, domain: &str, login: Login) -> Self {
        Self {
            agent,
            exchange,
            domain: domain.to_owned(),
            name: login.username.clone(),
            login,
            algorithm: Algorithm::Md5,
            cseq: Arc::new(AtomicU32::new(1)),
            register_call: Arc::new(token()),
            register_tag: Arc::new(token()),
        }
    }

    /// Answers SHA-256 challenges instead of MD5.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The same socket with another password.
    pub fn with_password(mut self, password: &str) -> Self {
        self.login.password = password.to_owned();
        self
    }

    /// The phone is pulled out of the wall: its SIP socket is gone.
    pub fn vanishes(&self) {
        self.agent.vanish();
    }

    /// Our SIP address.
    pub fn address(&self) -> SocketAddr {
        self.agent.local()
    }

    /// The socket, for tests that write SIP by hand.
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The domain of our address.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Our address of record.
    pub fn aor(&self) -> String {
        format!("sip:{}@{}", self.login.username, self.domain)
    }

    /// Our Contact URI.
    pub fn contact(&self) -> String {
        let user = if self.login.username.is_empty() {
            "gateway"
        } else {
            &self.login.username
        };
        let host = self.agent.host();
        match self.agent.transport() {
            "UDP" => format!("sip:{user}@{host}"),
            stream => format!("sip:{user}@{host};transport={}", stream.to_lowercase()),
        }
    }

    pub(crate) fn next_cseq(&self) -> u32 {
        self.cseq.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn via(&self) -> String {
        format!(
            "SIP/2.0/{} {};rport;branch=z9hG4bK{}",
            self.agent.transport(),
            self.agent.host(),
            token()
        )
    }

    /// A request outside any dialog, ready to be sent.
    pub fn request(&self, method: &str, uri: &str, to: &str) -> Message {
        let mut request = Message::request(method, uri);
        request
            .add("Via", self.via())
            .add("Max-Forwards", "70")
            .add(
                "From",
                format!("\"{}\" <{}>;tag={}", self.name, self.aor(), token()),
            )
            .add("To", format!("<{to}>"))
            .add("Call-ID", token())
            .add("CSeq", format!("{} {method}", self.next_cseq()))
            .add("Contact", format!("<{}>", self.contact()));
        request
    }

    /// Sends to the exchange and waits for the final response.
    pub async fn ask(&self, request: &Message) -> Message {
        self.agent.send(request, self.exchange).await;
        self.final_response(request).await
    }

    /// As [`ask`](Self::ask); a challenge is answered once.
    pub async fn ask_with_login(&self, mut request: Message) -> Message {
        let response = self.ask(&request).await;
        if !self.answer_challenge(&mut request, &response) {
            return response;
        }
        self.ask(&request).await
    }

    /// Prepares the next attempt of a challenged request; false when the response is no challenge.
    pub fn answer_challenge(&self, request: &mut Message, response: &Message) -> bool {
        let method = request.method().unwrap_or("").to_owned();
        let uri = request.uri().to_owned();
        let Some((name, value)) =
            answer_challenge(response, &method, &uri, &self.login, self.algorithm, 1)
        else {
            return false;
        };
        request
            .set("Via", self.via())
            .set("CSeq", format!("{} {method}", self.next_cseq()))
            .set(name, value);
        true
    }

    pub(crate) async fn final_response(&self, request: &Message) -> Message {
        let (id, cseq) = (
            request.get("Call-ID").to_owned(),
            request.get("CSeq").to_owned(),
        );
        let what = format!("a final response to {request:?}");
        let fits = |m: &Message| {
            m.status().is_some_and(|s| s >= 200) && m.get("Call-ID") == id && m.get("CSeq") == cseq
        };
        self.agent.take(&what, SOON, fits).await.0
    }

    /// Sends REGISTER with these seconds and gives the final response, whatever it is.
    pub async fn tries_to_register(&self, expires: u32) -> Message {
        let mut request = self.request("REGISTER", &format!("sip:{}", self.domain), &self.aor());
        request
            .set(
                "From",
                format!("<{}>;tag={}", self.aor(), self.register_tag),
            )
            .set("Call-ID", self.register_call.as_str())
            .set("Contact", format!("<{}>", self.contact()))
            .set("Expires", expires.to_string());
        self.ask_with_login(request).await
    }

    /// Registers for an hour.
    pub async fn registers(&self) {
        let response = self.tries_to_register(3600).await;
        assert_eq!(response.status(), Some(200), "REGISTER: {response}");
    }

    /// Takes the binding away.
    pub async fn unregisters(&self) {
        let response = self.tries_to_register(0).await;
        assert_eq!(response.status(), Some(200), "REGISTER: {response}");
    }

    /// Answers these requests with 200 by itself until the handle is dropped, as phones do that refresh
    /// their sessions.
    pub fn answers_by_itself(&self, method: &'static str) -> Habit {
        let agent = self.agent.clone();
        Habit(tokio::spawn(async move {
            loop {
                let fits = |m: &Message| m.method() == Some(method);
                if let Some((request, from)) = agent.try_take(SOON, fits).await {
                    let response = Message::response(&request, 200, "OK");
                    agent.send(&response, from).await;
                }
            }
        }))
    }

    /// Waits for a call and rings.
    pub async fn rings(&self) -> Call {
        let call = self.is_called().await;
        call.says(180, "Ringing").await;
        call
    }

    /// Waits for a call and says nothing yet.
    pub async fn is_called(&self) -> Call {
        let what = format!("an INVITE for {}", self.login.username);
        let fresh = |m: &Message| m.method() == Some("INVITE") && m.param("To", "tag").is_none();
        let (invite, from) = self.agent.take(&what, SOON, fresh).await;
        Call::incoming(self.clone(), invite, from).await
    }

    /// Claims that no call comes within this time.
    pub async fn stays_quiet(&self, limit: Duration) {
        let called = self
            .agent
            .try_take(limit, |m| m.method() == Some("INVITE"))
            .await;
        assert!(called.is_none(), "{} was called", self.login.username);
    }

    /// Calls a number as dialled on the keypad.
    pub async fn calls(&self, number: &str) -> Call {
        self.calls_uri(&format!("sip:{number}@{}", self.domain))
            .await
    }

    /// Calls a URI; a challenge is answered.
    pub async fn calls_uri(&self, uri: &str) -> Call {
        self.calls_with(uri, Offer::default(), |_| ()).await
    }

    /// Calls with an offer and headers of one's own.
    pub async fn calls_with(&self, uri: &str, offer: Offer, shape: impl Fn(&mut Message)) -> Call {
        Call::outgoing(self.clone(), uri, offer, shape).await
    }
}
