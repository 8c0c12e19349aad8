//! One call on a test phone, either side.

use super::{Offer, Phone, SOON, SdpSide, dialog::Dialog};
use crate::{
    audio::Audio,
    sip::{Message, token},
};
use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Which side the phone is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It called.
    Caller,
    /// It was called.
    Callee,
}

/// A call. It dereferences to its [`Audio`], so `call.hears(440)` reads well.
pub struct Call {
    phone: Phone,
    side: Side,
    invite: Mutex<Message>,
    peer: SocketAddr,
    tag: String,
    offer: Offer,
    version: AtomicU32,
    dialog: Mutex<Option<Dialog>>,
    audio: Audio,
}

impl Deref for Call {
    type Target = Audio;
    fn deref(&self) -> &Audio {
        &self.audio
    }
}

impl Call {
    pub(super) async fn outgoing(
        phone: Phone,
        uri: &str,
        offer: Offer,
        shape: impl Fn(&mut Message),
    ) -> Self {
        let audio = Audio::open(phone.exchange).await;
        let mut invite = phone.request("INVITE", uri, uri);
        invite.add(
            "Allow",
            "INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY, INFO, UPDATE",
        );
        if !offer.delayed {
            invite.add("Content-Type", "application/sdp");
            invite.body = offer.write(audio.local(), 1);
        }
        shape(&mut invite);
        phone.agent.send(&invite, phone.exchange).await;
        let call = Self {
            side: Side::Caller,
            peer: phone.exchange,
            tag: invite.param("From", "tag").unwrap_or_default(),
            invite: Mutex::new(invite),
            offer,
            version: AtomicU32::new(1),
            dialog: Mutex::new(None),
            audio,
            phone,
        };
        // A carrier without login is not asked for one.
        if !call.phone.login.username.is_empty() {
            call.answer_challenge().await;
        }
        call
    }

    pub(super) async fn incoming(phone: Phone, invite: Message, peer: SocketAddr) -> Self {
        let audio = Audio::open(phone.exchange).await;
        let tag = token();
        let dialog = Dialog::of_callee(&invite, &tag);
        Self {
            phone,
            side: Side::Callee,
            invite: Mutex::new(invite),
            peer,
            tag,
            offer: Offer::default(),
            version: AtomicU32::new(1),
            dialog: Mutex::new(Some(dialog)),
            audio,
        }
    }

    /// Answers with this offer's codecs instead of the usual ones.
    pub fn with_offer(mut self, offer: Offer) -> Self {
        self.offer = offer;
        self
    }

    /// The INVITE that began the call, as sent or received.
    pub fn invite(&self) -> Message {
        self.invite.lock().expect("invite").clone()
    }

    /// The dialog, once there is one.
    pub fn dialog(&self) -> Dialog {
        self.dialog
            .lock()
            .expect("dialog")
            .clone()
            .expect("a dialog")
    }

    // As a caller

    async fn answer_challenge(&self) {
        let invite = self.invite();
        let Some(response) = self.try_response(&invite, SOON, |s| s > 100).await else {
            return;
        };
        let mut again = invite.clone();
        if !self.phone.answer_challenge(&mut again, &response) {
            self.phone.agent.put_back(response, self.peer);
            return;
        }
        self.phone
            .agent
            .send(&self.ack_for(&invite, &response), self.peer)
            .await;
        *self.invite.lock().expect("invite") = again.clone();
        self.phone.agent.send(&again, self.peer).await;
    }

    async fn try_response(
        &self,
        invite: &Message,
        limit: Duration,
        fits: impl Fn(u16) -> bool,
    ) -> Option<Message> {
        let (id, cseq) = (
            invite.get("Call-ID").to_owned(),
            invite.get("CSeq").to_owned(),
        );
        let found = self
            .phone
            .agent
            .try_take(limit, |m| {
                m.status().is_some_and(&fits) && m.get("Call-ID") == id && m.get("CSeq") == cseq
            })
            .await;
        found.map(|(m, _)| m)
    }

    /// Waits for a response in this range of statuses.
    pub async fn gets(&self, what: &str, statuses: std::ops::Range<u16>) -> Message {
        let invite = self.invite();
        let (id, cseq) = (
            invite.get("Call-ID").to_owned(),
            invite.get("CSeq").to_owned(),
        );
        let fits = |m: &Message| {
            m.status().is_some_and(|s| statuses.contains(&s))
                && m.get("Call-ID") == id
                && m.get("CSeq") == cseq
        };
        self.phone.agent.take(what, SOON, fits).await.0
    }

    /// Waits for 180.
    pub async fn is_ringing(&self) -> Message {
        self.gets("180", 180..181).await
    }

    /// Waits for 183 with SDP and listens to it.
    pub async fn gets_early_media(&self) -> Message {
        let response = self.gets("183", 183..184).await;
        self.listen_to(&response.body);
        response
    }

    /// Waits for 200 and confirms it.
    pub async fn is_answered(&self) {
        let response = self.gets("200 to the INVITE", 200..201).await;
        *self.dialog.lock().expect("dialog") = Some(Dialog::of_caller(&response));
        self.listen_to(&response.body);
        let body = if self.offer.delayed {
            self.offer.write(self.audio.local(), 1)
        } else {
            String::new()
        };
        self.acknowledge(response.cseq(), body).await;
    }

    /// Confirms a 200 that was taken by hand.
    pub async fn confirms_late(&self, response: &Message) {
        *self.dialog.lock().expect("dialog") = Some(Dialog::of_caller(response));
        self.listen_to(&response.body);
        self.acknowledge(response.cseq(), String::new()).await;
    }

    /// Waits for the final refusal and gives its status.
    pub async fn is_refused(&self) -> u16 {
        let response = self.gets("a refusal", 300..700).await;
        let ack = self.ack_for(&self.invite(), &response);
        self.phone.agent.send(&ack, self.peer).await;
        response.status().unwrap_or(0)
    }

    /// Gives up before the answer.
    pub async fn cancels(&self) {
        let invite = self.invite();
        let mut cancel = Message::request("CANCEL", invite.uri());
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID"] {
            cancel.add(name, invite.get(name));
        }
        cancel.add("CSeq", format!("{} CANCEL", invite.cseq()));
        let response = self.phone.ask(&cancel).await;
        assert_eq!(response.status(), Some(200), "CANCEL: {response}");
    }

    fn ack_for(&self, invite: &Message, response: &Message) -> Message {
        let mut ack = Message::request("ACK", invite.uri());
        for name in ["Via", "Max-Forwards", "From"] {
            ack.add(name, invite.get(name));
        }
        ack.add("To", response.get("To"))
            .add("Call-ID", invite.get("Call-ID"))
            .add("CSeq", format!("{} ACK", invite.cseq()));
        ack
    }

    async fn acknowledge(&self, cseq: u32, body: String) {
        let mut ack = self.in_dialog("ACK");
        ack.set("CSeq", format!("{cseq} ACK"));
        if !body.is_empty() {
            ack.add("Content-Type", "application/sdp");
        }
        ack.body = body;
        self.phone.agent.send(&ack, self.peer).await;
    }

    // As a callee

    /// Sends a provisional response without SDP.
    pub async fn says(&self, status: u16, phrase: &str) {
        let response = self.response(status, phrase);
        self.phone.agent.send(&response, self.peer).await;
    }

    /// Sends 183 with SDP, so that the caller can hear.
    pub async fn plays_early(&self) {
        let mut response = self.response(183, "Session Progress");
        self.describe(&mut response);
        self.phone.agent.send(&response, self.peer).await;
    }

    /// Answers and waits for the ACK.
    pub async fn answers(&self) {
        let mut response = self.response(200, "OK");
        self.describe(&mut response);
        self.phone.agent.send(&response, self.peer).await;
        let id = self.invite().get("Call-ID").to_owned();
        let fits = |m: &Message| m.method() == Some("ACK") && m.get("Call-ID") == id;
        let (ack, _) = self.phone.agent.take("the ACK", SOON, fits).await;
        if !ack.body.is_empty() {
            self.listen_to(&ack.body);
        }
    }

    /// Refuses with this status.
    pub async fn refuses(&self, status: u16) {
        self.refuses_with(status, |_| ()).await;
    }

    /// Refuses with headers of one's own (Contact of a 302, Retry-After).
    pub async fn refuses_with(&self, status: u16, shape: impl Fn(&mut Message)) {
        let mut response = self.response(status, "Refused");
        shape(&mut response);
        self.phone.agent.send(&response, self.peer).await;
        let id = self.invite().get("Call-ID").to_owned();
        let fits = |m: &Message| m.method() == Some("ACK") && m.get("Call-ID") == id;
        self.phone.agent.take("the ACK", SOON, fits).await;
    }

    /// Waits for the CANCEL, answers it and ends the INVITE with 487. Gives the CANCEL.
    pub async fn is_cancelled(&self) -> Message {
        let id = self.invite().get("Call-ID").to_owned();
        let fits = |m: &Message| m.method() == Some("CANCEL") && m.get("Call-ID") == id;
        let (cancel, from) = self.phone.agent.take("a CANCEL", SOON, fits).await;
        self.phone
            .agent
            .send(&Message::response(&cancel, 200, "OK"), from)
            .await;
        self.refuses(487).await;
        cancel
    }

    fn response(&self, status: u16, phrase: &str) -> Message {
        let mut response = Message::response(&self.invite(), status, phrase);
        let to = response.get("To").to_owned();
        response
            .set("To", format!("{to};tag={}", self.tag))
            .add("Contact", format!("<{}>", self.phone.contact()));
        response
    }

    fn describe(&self, response: &mut Message) {
        self.listen_to(&self.invite().body);
        response.add("Content-Type", "application/sdp");
        response.body = self.offer.write(self.audio.local(), 1);
    }

    /// Sends audio where this SDP wants it, in the first codec both know.
    fn listen_to(&self, sdp: &str) {
        if let Some(side) = SdpSide::read(sdp) {
            let common = side.formats.iter().find(|f| self.offer.codecs.contains(f));
            self.audio
                .send_to(side.rtp, common.copied().unwrap_or(self.offer.codecs[0]));
        }
    }

    // Either side

    /// A request inside the dialog.
    pub fn in_dialog(&self, method: &str) -> Message {
        let dialog = self.dialog();
        let mut request = Message::request(method, &dialog.target);
        request
            .add("Via", self.phone.via())
            .add("Max-Forwards", "70")
            .add("From", dialog.local)
            .add("To", dialog.remote)
            .add("Call-ID", dialog.call_id)
            .add("CSeq", format!("{} {method}", self.phone.next_cseq()))
            .add("Contact", format!("<{}>", self.phone.contact()));
        for hop in dialog.route {
            request.add("Route", hop);
        }
        request
    }

    /// Sends a request inside the dialog and gives the final response.
    pub async fn asks(&self, request: &Message) -> Message {
        self.phone.agent.send(request, self.peer).await;
        self.phone.final_response(request).await
    }

    /// Waits for a request inside the dialog and answers it with 200.
    pub async fn is_asked(&self, method: &str) -> Message {
        let id = self.dialog().call_id;
        let fits = |m: &Message| m.method() == Some(method) && m.get("Call-ID") == id;
        let (request, from) = self.phone.agent.take(method, SOON, fits).await;
        self.phone
            .agent
            .send(&Message::response(&request, 200, "OK"), from)
            .await;
        request
    }

    /// Says goodbye.
    pub async fn hangs_up(&self) {
        let response = self.asks(&self.in_dialog("BYE")).await;
        assert_eq!(response.status(), Some(200), "BYE: {response}");
    }

    /// Waits for the other's goodbye.
    pub async fn is_hung_up(&self) -> Message {
        self.is_asked("BYE").await
    }

    /// Re-INVITE with a direction; gives what the other side answered.
    pub async fn offers(&self, offer: &Offer) -> SdpSide {
        let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        let mut invite = self.in_dialog("INVITE");
        invite.add("Content-Type", "application/sdp");
        invite.body = offer.write(self.audio.local(), version);
        let response = self.asks(&invite).await;
        assert_eq!(response.status(), Some(200), "re-INVITE: {response}");
        self.acknowledge(response.cseq(), String::new()).await;
        self.listen_to(&response.body);
        SdpSide::read(&response.body).expect("an answer")
    }

    /// Sends a re-INVITE by hand and confirms its final response.
    pub async fn asks_and_confirms(&self, invite: &Message) -> Message {
        let response = self.asks(invite).await;
        self.confirms(invite, &response).await;
        response
    }

    async fn confirms(&self, invite: &Message, response: &Message) {
        if response.status() == Some(200) {
            self.acknowledge(response.cseq(), String::new()).await;
        } else {
            let ack = self.ack_for(invite, response);
            self.phone.agent.send(&ack, self.peer).await;
        }
    }

    /// Sends two re-INVITEs at once; gives both final statuses.
    pub async fn offers_twice(&self, offer: &Offer) -> (u16, u16) {
        let mut statuses = [0; 2];
        let version = self.version.fetch_add(2, Ordering::Relaxed) + 1;
        let both = [version, version + 1].map(|version| {
            let mut invite = self.in_dialog("INVITE");
            invite.add("Content-Type", "application/sdp");
            invite.body = offer.write(self.audio.local(), version);
            invite
        });
        for invite in &both {
            self.phone.agent.send(invite, self.peer).await;
        }
        for (invite, status) in both.iter().zip(&mut statuses) {
            let response = self.phone.final_response(invite).await;
            self.confirms(invite, &response).await;
            *status = response.status().unwrap_or(0);
        }
        (statuses[0], statuses[1])
    }

    /// Puts the other side on hold.
    pub async fn holds(&self) -> SdpSide {
        self.offers(&self.offer.directed("sendonly")).await
    }

    /// Takes the other side off hold.
    pub async fn resumes(&self) -> SdpSide {
        self.offers(&self.offer.directed("sendrecv")).await
    }

    /// REFER to a number; gives the response to the REFER.
    pub async fn refers_to(&self, number: &str) -> Message {
        let mut refer = self.in_dialog("REFER");
        refer
            .add("Refer-To", format!("<sip:{number}@{}>", self.phone.domain))
            .add("Referred-By", format!("<{}>", self.phone.aor()));
        self.asks(&refer).await
    }

    /// What a Replaces header says to take our place in this call (RFC 3891): the tags as the far side,
    /// the exchange, has them.
    pub fn replaces(&self) -> String {
        let dialog = self.dialog();
        format!(
            "{};to-tag={};from-tag={}",
            dialog.call_id,
            Dialog::tag(&dialog.remote),
            Dialog::tag(&dialog.local)
        )
    }

    /// REFER that joins this call's far side with `other`'s far side.
    pub async fn refers_to_call(&self, number: &str, other: &Call) -> Message {
        let replaces = other.replaces();
        let replaces = replaces
            .replace('@', "%40")
            .replace(';', "%3B")
            .replace('=', "%3D");
        let mut refer = self.in_dialog("REFER");
        refer.add(
            "Refer-To",
            format!("<sip:{number}@{}?Replaces={replaces}>", self.phone.domain),
        );
        self.asks(&refer).await
    }

    /// Waits for a NOTIFY and gives the status in its sipfrag.
    pub async fn is_notified(&self) -> u16 {
        let notify = self.is_asked("NOTIFY").await;
        let status = notify
            .body
            .strip_prefix("SIP/2.0 ")
            .and_then(|s| s.get(..3));
        status.and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    /// Waits for NOTIFYs until one carries a final status, and gives it.
    pub async fn hears_how_the_transfer_went(&self) -> u16 {
        loop {
            let status = self.is_notified().await;
            if status >= 200 {
                return status;
            }
        }
    }

    /// Which side the phone is on.
    pub fn side(&self) -> Side {
        self.side
    }
}
