//! Before the answer: provisional responses that must be confirmed (RFC 3262), by either side.

use super::{Call, Dialog, SOON};
use crate::sip::Message;

impl Call {
    /// Sends a provisional response that must be confirmed, with SDP when it plays, and gives the PRACK.
    pub async fn says_reliably(&self, status: u16, rseq: u32, plays: bool) -> Message {
        let mut response = self.response(status, "Progress");
        response
            .add("Require", "100rel")
            .add("RSeq", rseq.to_string());
        if plays {
            self.describe(&mut response);
        }
        self.phone.agent.send(&response, self.peer).await;
        self.is_asked("PRACK").await
    }

    /// Confirms a provisional response and gives what comes back.
    pub async fn pracks(&self, response: &Message) -> Message {
        *self.dialog.lock().expect("dialog") = Some(Dialog::of_caller(response));
        let mut prack = self.in_dialog("PRACK");
        let (rseq, cseq) = (response.get("RSeq"), response.get("CSeq"));
        prack.add("RAck", format!("{rseq} {cseq}"));
        self.asks(&prack).await
    }

    /// Waits for a request inside the dialog; it is the test's to answer with [`replies`](Self::replies).
    pub async fn is_about_to_be_asked(&self, method: &str) -> Message {
        let id = self.dialog().call_id;
        let fits = |m: &Message| m.method() == Some(method) && m.get("Call-ID") == id;
        self.phone.agent.take(method, SOON, fits).await.0
    }

    /// Answers a request inside the dialog.
    pub async fn replies(&self, request: &Message, status: u16, shape: impl Fn(&mut Message)) {
        let mut response = Message::response(request, status, "Said");
        response.add("Contact", format!("<{}>", self.phone.contact()));
        shape(&mut response);
        self.phone.agent.send(&response, self.peer).await;
    }

    /// Answers a re-INVITE as the session was, and waits for the ACK.
    pub async fn agrees(&self, invite: &Message) {
        let body = self.offer.write(self.audio.local(), 1);
        self.replies(invite, 200, |response| {
            response.add("Content-Type", "application/sdp");
            response.body.clone_from(&body);
        })
        .await;
        self.is_confirmed(invite).await;
    }

    /// Waits for the ACK to a final response to this INVITE.
    pub async fn is_confirmed(&self, invite: &Message) {
        let (id, cseq) = (invite.get("Call-ID").to_owned(), invite.cseq());
        let fits =
            |m: &Message| m.method() == Some("ACK") && m.get("Call-ID") == id && m.cseq() == cseq;
        self.phone.agent.take("the ACK", SOON, fits).await;
    }

    /// A re-INVITE or UPDATE with this session description, not sent yet.
    pub fn change(&self, method: &str, offer: &super::Offer) -> Message {
        use std::sync::atomic::Ordering;
        let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        let mut request = self.in_dialog(method);
        request.add("Content-Type", "application/sdp");
        request.body = offer.write(self.audio.local(), version);
        request
    }

    /// Changes the session by UPDATE and speaks as agreed.
    pub async fn updates(&self, offer: &super::Offer) -> crate::SdpSide {
        let response = self.asks(&self.change("UPDATE", offer)).await;
        assert_eq!(response.status(), Some(200), "{response}");
        self.listen_to(&response.body);
        crate::SdpSide::read(&response.body).expect("an answer")
    }

    /// Sends without waiting for anything.
    pub async fn sends(&self, request: &Message) {
        self.phone.agent.send(request, self.peer).await;
    }

    /// Waits for the final response to a request that was sent; one to an INVITE is confirmed.
    pub async fn gets_answer_to(&self, request: &Message) -> Message {
        let response = self.phone.final_response(request).await;
        if request.method() == Some("INVITE") {
            self.confirms(request, &response).await;
        }
        response
    }
}
