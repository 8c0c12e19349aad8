//! What either side does once there is a dialog: requests, changes of the session, goodbye.

use super::{Call, Offer, SOON, SdpSide};
use crate::sip::Message;
use std::sync::atomic::Ordering;

impl Call {
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

    pub(super) async fn confirms(&self, invite: &Message, response: &Message) {
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
}
