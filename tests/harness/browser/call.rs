//! One call of a page, either side.

use super::{Browser, Nat, Peer, sdp};
use serde_json::{Value, json};
use std::{ops::Deref, time::Duration};

/// A call. It dereferences to its [`Peer`], and so to the ear.
pub struct Call {
    /// `call_…`, the name that the API uses too.
    pub id: String,
    browser: Browser,
    peer: Peer,
    offer: Option<String>,
    nat: Option<Nat>,
    /// `call.incoming` of a call that came in.
    pub incoming: Value,
}

impl Deref for Call {
    type Target = Peer;
    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl Call {
    /// Sends `call.create`, or the consult step of a transfer, with an offer.
    pub(super) async fn outgoing(browser: Browser, mut frame: Value) -> Result<Self, Value> {
        let peer = Peer::open(&browser.number, &browser.codecs).await;
        let offer = peer.offers().await;
        let req_id = browser.req_id();
        // The client tells its candidates before the call has a name.
        for candidate in sdp::candidates(&offer) {
            browser
                .socket
                .send(json!({ "type": "ice.candidate", "call_id": req_id,
                "candidate": candidate, "sdp_mid": "0", "sdp_m_line_index": 0 }));
        }
        let socket = &browser.socket;
        socket.send(json!({ "type": "ice.done", "call_id": req_id }));
        frame["req_id"] = json!(req_id);
        frame["sdp"] = json!(offer);
        socket.send(frame);
        let fits = |frame: &Value| {
            frame["req_id"] == req_id
                && (frame["type"] == "call.trying" || frame["type"] == "error")
        };
        let answer = socket.take("call.trying", fits).await;
        if answer["type"] == "error" {
            return Err(answer);
        }
        Ok(Self {
            id: answer["call_id"].as_str().expect("a call id").to_owned(),
            browser,
            peer,
            offer: None,
            nat: None,
            incoming: Value::Null,
        })
    }

    pub(super) async fn incoming(browser: Browser) -> Self {
        let socket = &browser.socket;
        let incoming = socket.take_type("call.incoming").await;
        let id = incoming["call_id"].as_str().expect("a call id").to_owned();
        let offer = |frame: &Value| frame["type"] == "sdp.offer" && frame["call_id"] == id;
        let offer = socket.take("sdp.offer", offer).await;
        let log = socket.log();
        let at = log.iter().rposition(|frame| *frame == incoming);
        let next = at.and_then(|at| log.get(at + 1));
        assert_eq!(next, Some(&offer), "the offer follows at once");
        let peer = Peer::open(&browser.number, &browser.codecs).await;
        Self {
            id,
            peer,
            offer: Some(offer["sdp"].as_str().expect("SDP").to_owned()),
            browser,
            nat: None,
            incoming,
        }
    }

    /// The offer that a call which came in brought.
    pub fn offer(&self) -> &str {
        self.offer.as_deref().unwrap_or("")
    }

    /// The media itself.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The translator that a page behind one has.
    pub fn nat(&self) -> &Nat {
        self.nat.as_ref().expect("a page behind a translator")
    }

    /// Sends an action on this call; gives the `req_id` it carries.
    pub fn sends(&self, kind: &str, members: Value) -> Option<String> {
        let mut frame = json!({ "type": kind, "call_id": self.id });
        let all = frame.as_object_mut().expect("an object");
        all.extend(members.as_object().cloned().unwrap_or_default());
        self.browser.sends(frame)
    }

    /// Waits for a frame of this call.
    pub async fn gets(&self, kind: &str) -> Value {
        let fits = |frame: &Value| frame["type"] == kind && frame["call_id"] == self.id;
        let what = format!("{kind} of {}", self.id);
        self.browser.socket.take(&what, fits).await
    }

    /// The types of all frames of this call so far, in order.
    pub fn frames(&self) -> Vec<String> {
        let log = self.browser.socket.log();
        let own = log.iter().filter(|frame| frame["call_id"] == self.id);
        let types = own.map(|frame| frame["type"].as_str().unwrap_or("").to_owned());
        types.collect()
    }

    /// Waits for `call.ringing`.
    pub async fn is_ringing(&self) {
        self.gets("call.ringing").await;
    }

    /// Waits for early media and takes it.
    pub async fn gets_early_media(&mut self) {
        let frame = self.gets("sdp.pranswer").await;
        let sdp = self.through(frame["sdp"].as_str().expect("SDP")).await;
        self.peer.accepts(&sdp).await;
        self.peer.is_connected().await;
    }

    /// Waits for the answer, `sdp.answer` first, and for the media to be up.
    pub async fn is_answered(&mut self) {
        let frame = self.gets("sdp.answer").await;
        self.gets("call.answered").await;
        let frames = self.frames();
        let at = |kind: &str| frames.iter().position(|frame| frame == kind);
        assert!(at("sdp.answer") < at("call.answered"), "{frames:?}");
        let sdp = self.through(frame["sdp"].as_str().expect("SDP")).await;
        self.peer.accepts(&sdp).await;
        self.peer.is_connected().await;
    }

    /// Answers a call that came in; the media is up.
    pub async fn answers(&mut self) {
        self.says_yes().await;
        self.gets("call.answered").await;
        self.peer.is_connected().await;
    }

    /// Answers and waits for nothing.
    pub async fn says_yes(&mut self) {
        let offer = self.offer.clone().expect("a call that came in");
        let offer = self.through(&offer).await;
        let answer = self.peer.answers(&offer).await;
        self.sends("call.answer", Value::Null);
        self.sends("sdp.answer", json!({ "sdp": answer }));
    }

    /// What the exchange said, leading through the translator when there is one.
    async fn through(&mut self, sdp: &str) -> String {
        if !self.browser.behind_nat {
            return sdp.to_owned();
        }
        if self.nat.is_none() {
            let to = sdp::addresses(sdp);
            self.nat = Some(Nat::towards(*to.first().expect("a candidate")).await);
        }
        sdp::with_candidate(sdp, self.nat().inside())
    }

    /// Refuses a call that came in, `busy` or `decline`, and gives the reason it ended with.
    pub async fn rejects(&self, reason: &str) -> String {
        self.sends("call.reject", json!({ "reason": reason }));
        self.is_ended().await
    }

    /// Hangs up and waits for the end.
    pub async fn hangs_up(&self) {
        self.sends("call.hangup", Value::Null);
        assert_eq!(self.is_ended().await, "hangup");
    }

    /// Waits for the end and gives its reason.
    pub async fn is_ended(&self) -> String {
        let frame = self.gets("call.ended").await;
        let frames = self.frames();
        let ends = frames.iter().filter(|frame| *frame == "call.ended");
        assert_eq!(ends.count(), 1, "{frames:?}");
        frame["reason"].as_str().expect("a reason").to_owned()
    }

    /// Puts the other side on hold.
    pub async fn holds(&self) {
        self.sends("call.hold", Value::Null);
        self.is_held("local").await;
    }

    /// Takes it off hold.
    pub async fn resumes(&self) {
        self.sends("call.resume", Value::Null);
        self.is_resumed().await;
    }

    /// Waits to be held by `local` or `remote`.
    pub async fn is_held(&self, by: &str) {
        let frame = self.gets("call.held").await;
        assert_eq!(frame["held_by"], by, "{frame}");
    }

    /// Waits for the end of a hold.
    pub async fn is_resumed(&self) {
        self.gets("call.resumed").await;
    }

    /// Tells the exchange to let nothing through; the page itself goes on sending.
    pub fn mutes(&self) {
        self.sends("call.mute", Value::Null);
    }

    /// Takes that back.
    pub fn unmutes(&self) {
        self.sends("call.unmute", Value::Null);
    }

    /// Asks to send the other side to a number.
    pub fn transfers(&self, destination: &str) -> Option<String> {
        self.sends("call.transfer", json!({ "destination": destination }))
    }

    /// Calls somebody about this call, which is held meanwhile.
    pub async fn consults(&self, destination: &str) -> Call {
        let second = self.tries_to_consult(destination).await;
        self.is_held("local").await;
        second.unwrap_or_else(|error| panic!("{destination} cannot be consulted: {error}"))
    }

    /// As [`consults`](Self::consults); the error when it is not even tried.
    pub async fn tries_to_consult(&self, destination: &str) -> Result<Call, Value> {
        let frame = json!({ "type": "call.transfer.attended", "call_id": self.id,
            "step": "consult", "destination": destination });
        Self::outgoing(self.browser.clone(), frame).await
    }

    /// Joins the two others.
    pub fn completes(&self) -> Option<String> {
        self.sends("call.transfer.attended", json!({ "step": "complete" }))
    }

    /// Waits for an error about this call and gives its code.
    pub async fn fails(&self) -> String {
        let fits = |frame: &Value| frame["type"] == "error" && frame["call_id"] == self.id;
        let what = format!("an error of {}", self.id);
        let error = self.browser.socket.take(&what, fits).await;
        assert_ne!(error["fatal"], true, "{error}");
        error["code"].as_str().expect("a code").to_owned()
    }

    /// Claims that no frame of this type comes for this call within this time.
    pub async fn gets_no(&self, kind: &str, limit: Duration) {
        let fits = |frame: &Value| frame["type"] == kind && frame["call_id"] == self.id;
        let came = self.browser.socket.try_take(limit, fits).await;
        assert!(came.is_none(), "{came:?}");
    }
}
