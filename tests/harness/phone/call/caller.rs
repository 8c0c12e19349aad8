//! What the one who calls does, up to the answer.

use super::{Call, Dialog, SOON};
use crate::sip::Message;
use std::time::Duration;

impl Call {
    pub(super) async fn answer_challenge(&self) {
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

    /// The 200, if it has come already.
    pub async fn try_answer(&self) -> Option<Message> {
        let now = Duration::from_millis(1);
        self.try_response(&self.invite(), now, |status| status == 200)
            .await
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

    /// Confirms a refusal that was taken by hand.
    pub async fn confirms_refusal(&self, response: &Message) {
        let ack = self.ack_for(&self.invite(), response);
        self.phone.agent.send(&ack, self.peer).await;
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

    pub(super) fn ack_for(&self, invite: &Message, response: &Message) -> Message {
        let mut ack = Message::request("ACK", invite.uri());
        for name in ["Via", "Max-Forwards", "From"] {
            ack.add(name, invite.get(name));
        }
        ack.add("To", response.get("To"))
            .add("Call-ID", invite.get("Call-ID"))
            .add("CSeq", format!("{} ACK", invite.cseq()));
        ack
    }

    pub(super) async fn acknowledge(&self, cseq: u32, body: String) {
        let mut ack = self.in_dialog("ACK");
        ack.set("CSeq", format!("{cseq} ACK"));
        if !body.is_empty() {
            ack.add("Content-Type", "application/sdp");
        }
        ack.body = body;
        self.phone.agent.send(&ack, self.peer).await;
    }
}
