//! What the one who is called does, up to the answer.

use super::{Call, SOON};
use crate::sip::Message;

impl Call {
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
        self.answers_with(|_| ()).await;
    }

    /// As [`answers`](Self::answers), with headers of one's own.
    pub async fn answers_with(&self, shape: impl Fn(&mut Message)) {
        let mut response = self.response(200, "OK");
        self.describe(&mut response);
        shape(&mut response);
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

    pub(super) fn response(&self, status: u16, phrase: &str) -> Message {
        let mut response = Message::response(&self.invite(), status, phrase);
        let to = response.get("To").to_owned();
        response
            .set("To", format!("{to};tag={}", self.tag))
            .add("Contact", format!("<{}>", self.phone.contact()));
        response
    }

    pub(super) fn describe(&self, response: &mut Message) {
        self.listen_to(&self.invite().body);
        response.add("Content-Type", "application/sdp");
        response.body = self.offer.write(self.audio.local(), 1);
    }
}
