//! A browser on the softphone socket. It reads like a story: `alice.calls("1002")`, `bob.rings()`,
//! `call.answers()`, `call.hears(440)`. Frames are written by hand, the media is a real WebRTC peer.

mod call;
pub mod nat;
pub mod peer;
pub mod sdp;
pub mod socket;
mod tap;

pub use call::Call;
pub use nat::Nat;
pub use peer::{CODECS, Peer};
pub use socket::{PROTOCOL, Socket};

use crate::{World, audio::Format};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// How long a browser waits for what should come at once.
pub const SOON: Duration = Duration::from_secs(20);

/// Which client the page uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Actions carry no `req_id`.
    First,
    /// Every action carries one.
    Second,
}

/// One page of one user.
#[derive(Clone)]
pub struct Browser {
    /// User id.
    pub user: String,
    /// Extension.
    pub number: String,
    /// The user token.
    pub token: String,
    socket: Arc<Socket>,
    generation: Generation,
    codecs: Vec<Format>,
    behind_nat: bool,
    next: Arc<AtomicU32>,
}

impl World {
    /// A user with an extension and no phone; gives the id.
    pub async fn user(&self, name: &str, number: &str) -> String {
        let new = json!({ "name": name });
        let user = self.api.post("/v1/users", new).await.id_of(201);
        let extension = json!({ "number": number, "target": user });
        let made = self.api.post("/v1/extensions", extension).await;
        made.must_be(201);
        user
    }

    /// A token of a user.
    pub async fn token(&self, user: &str) -> String {
        let wish = json!({ "user": user });
        let operator = self.exchange.api();
        let made = operator.post("/v1/user_sessions", wish).await.must_be(201);
        let token = made["client_secret"].as_str().expect("a token");
        token.to_owned()
    }

    /// A user whose only phone is a page, which is connected.
    pub async fn browser(&self, name: &str, number: &str) -> Browser {
        let user = self.user(name, number).await;
        self.page(&user, number).await
    }

    /// A further page of a user.
    pub async fn page(&self, user: &str, number: &str) -> Browser {
        let token = self.token(user).await;
        let socket = Socket::open(self.exchange.running().http()).await;
        let browser = Browser {
            user: user.to_owned(),
            number: number.to_owned(),
            token,
            socket: Arc::new(socket),
            generation: Generation::Second,
            codecs: CODECS.to_vec(),
            behind_nat: false,
            next: Arc::new(AtomicU32::new(1)),
        };
        browser.authenticates(&self.account).await;
        browser
    }
}

impl Browser {
    async fn authenticates(&self, account: &str) {
        let req_id = self.req_id();
        self.socket
            .send(json!({ "type": "authenticate", "req_id": req_id, "token": self.token }));
        let answer = self.socket.take_type("authenticated").await;
        assert_eq!(answer["req_id"], req_id, "{answer}");
        assert_eq!(answer["user_id"], self.user, "{answer}");
        assert_eq!(answer["account_id"], account, "{answer}");
    }

    /// As a page of the other generation of the client.
    pub fn of(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Offers and answers these codecs only, best first.
    pub fn with_codecs(mut self, codecs: &[Format]) -> Self {
        self.codecs = codecs.to_vec();
        self
    }

    /// Its media goes through a [`Nat`].
    pub fn behind_nat(mut self) -> Self {
        self.behind_nat = true;
        self
    }

    /// The socket, for frames written by hand.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// A fresh `req_id`.
    pub fn req_id(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("req_lx2k_{number}")
    }

    /// Sends an action as this generation of the client writes it; gives the `req_id` it carries.
    pub fn sends(&self, mut frame: Value) -> Option<String> {
        let req_id = (self.generation == Generation::Second).then(|| self.req_id());
        if let Some(req_id) = &req_id {
            frame["req_id"] = json!(req_id);
        }
        self.socket.send(frame);
        req_id
    }

    /// Calls what was dialled and gets as far as `call.trying`.
    pub async fn calls(&self, destination: &str) -> Call {
        match self.tries_to_call(destination).await {
            Ok(call) => call,
            Err(error) => panic!("{destination} cannot be called: {error}"),
        }
    }

    /// As [`calls`](Self::calls); the error when the call is not even tried.
    pub async fn tries_to_call(&self, destination: &str) -> Result<Call, Value> {
        let frame = json!({ "type": "call.create", "destination": destination });
        Call::outgoing(self.clone(), frame).await
    }

    /// Waits for a call; a page rings when it is told.
    pub async fn rings(&self) -> Call {
        Call::incoming(self.clone()).await
    }

    /// Claims that no call comes within this time.
    pub async fn stays_quiet(&self, limit: Duration) {
        let came = |frame: &Value| frame["type"] == "call.incoming";
        let called = self.socket.try_take(limit, came).await;
        assert!(called.is_none(), "{} was called", self.number);
    }

    /// Waits for an error of this code and gives it.
    pub async fn is_told(&self, code: &str) -> Value {
        let fits = |frame: &Value| frame["type"] == "error" && frame["code"] == code;
        self.socket.take(code, fits).await
    }

    /// The page is closed, as browsers do it: with a goodbye on the socket.
    pub fn closes_the_page(&self) {
        self.socket.close();
    }

    /// The computer is switched off: the connection is cut without a goodbye.
    pub fn vanishes(&self) {
        self.socket.vanish();
    }
}
