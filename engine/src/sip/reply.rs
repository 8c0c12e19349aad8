//! Answers to a request (RFC 3261 §8.2.6) and the ACK and CANCEL that belong to one (§9.1, §17.1.1.3).

use super::{HeaderError, Message, Method, Name, NameAddr};

impl Message {
    /// An answer: Via, From, To, Call-ID and CSeq as they came, Timestamp on a 100, and Record-Route
    /// when the answer may make a dialog (101 to 299 to a dialog-forming request). `to_tag` is added
    /// when To has none. An empty `reason` is the usual one of the status.
    pub fn response_to(
        request: &Message,
        status: u16,
        reason: &str,
        to_tag: Option<&str>,
    ) -> Message {
        let mut answer = Message::response(status, reason);
        answer.copy(request, Name::Via);
        answer.copy(request, Name::From);
        answer.copy(request, Name::To);
        answer.copy(request, Name::CallId);
        answer.copy(request, Name::CSeq);
        if status == 100 {
            answer.copy(request, Name::Timestamp);
        }
        if (101..300).contains(&status) && request.method().is_some_and(Method::forms_dialog) {
            answer.copy(request, Name::RecordRoute);
        }
        if let Some(tag) = to_tag {
            answer.add_to_tag(tag);
        }
        answer
    }

    /// Adds a tag to To when it has none; a To that cannot be read stays as it is.
    pub fn add_to_tag(&mut self, tag: &str) {
        if let Ok(to) = self.to()
            && to.tag().is_none()
        {
            self.set(Name::To, to.with_tag(tag).to_string());
        }
    }

    /// The ACK for a final answer other than 2xx to this INVITE, as its client transaction sends it:
    /// same Request-URI, Call-ID, From, top Via and Route, To of the answer (RFC 3261 §17.1.1.3).
    ///
    /// # Errors
    /// [`HeaderError`] when the INVITE is not one that we could have sent.
    pub fn ack_for(&self, answer: &Message) -> Result<Message, HeaderError> {
        let mut ack = self.companion(Method::Ack)?;
        if let Some(to) = answer.header(Name::To) {
            ack.set(Name::To, to);
        }
        Ok(ack)
    }

    /// The CANCEL of this request (RFC 3261 §9.1).
    ///
    /// # Errors
    /// [`HeaderError`] when the request is not one that we could have sent.
    pub fn cancel(&self) -> Result<Message, HeaderError> {
        self.companion(Method::Cancel)
    }

    fn companion(&self, method: Method) -> Result<Message, HeaderError> {
        let uri = self.uri().ok_or(HeaderError::Malformed("request"))?.clone();
        let number = self.cseq()?.number;
        let mut message = Message::request(method.clone(), uri);
        message.push(
            Name::Via,
            self.list(Name::Via)
                .next()
                .ok_or(HeaderError::Missing("Via"))?,
        );
        message.push(Name::MaxForwards, "70");
        message.copy(self, Name::Route);
        message.copy(self, Name::From);
        message.copy(self, Name::To);
        message.copy(self, Name::CallId);
        message.push(Name::CSeq, format!("{number} {method}"));
        Ok(message)
    }

    /// Writes where a request came from into its top Via, leaving the others as they are
    /// (see [`Via::note_source`](super::Via::note_source)). A Via that cannot be read stays as it is.
    pub fn note_source(&mut self, source: std::net::SocketAddr) {
        let Ok(mut via) = self.via_top() else { return };
        let before = via.params.clone();
        via.note_source(source);
        if via.params == before {
            return;
        }
        let Some(at) = self
            .fields
            .iter()
            .position(|f| self.is(f, Name::Via.into()))
        else {
            return;
        };
        let Some(field) = self.fields.get(at) else {
            return;
        };
        let mut value = via.to_string();
        let others = super::scan::list(self.text(&field.value)).flatten().skip(1);
        // An empty element at the end would leave a blank there.
        for other in others.filter(|other| !other.is_empty()) {
            value.push_str(", ");
            value.push_str(other);
        }
        if let Some(field) = self.fields.get_mut(at) {
            field.value = super::message::Text::Own(value.into());
        }
    }

    /// Sets From or To and the like from an address.
    pub fn set_address(&mut self, name: Name, address: &NameAddr) {
        self.set(name, address.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_datagram;
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:bob@example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKb\r\n\
        v: SIP/2.0/UDP 10.0.0.3\r\nRecord-Route: <sip:p;lr>\r\nRoute: <sip:q;lr>\r\n\
        f: <sip:a@b>;tag=1\r\nt: sip:bob@example.com\r\ni: x\r\nCSeq: 7 INVITE\r\nTimestamp: 54\r\n\r\n";

    fn print(m: &Message) -> String {
        String::from_utf8(m.to_vec()).unwrap()
    }

    #[test]
    fn answers_copy_what_they_must() {
        let invite = parse_datagram(INVITE).unwrap();
        let trying = print(&Message::response_to(&invite, 100, "", None));
        assert!(trying.contains("Timestamp: 54\r\n") && !trying.contains("Record-Route"));
        let ringing = print(&Message::response_to(&invite, 180, "", Some("me")));
        assert!(ringing.contains("Record-Route: <sip:p;lr>\r\n"));
        assert!(ringing.contains("To: <sip:bob@example.com>;tag=me\r\n"));
        assert_eq!(ringing.matches("Via: ").count(), 2);
        let mut busy = Message::response_to(&invite, 486, "", Some("me"));
        busy.add_to_tag("other");
        assert_eq!(busy.to_tag(), Some("me"));
        assert!(!print(&busy).contains("Record-Route"));
    }

    #[test]
    fn ack_and_cancel_have_one_via_and_the_routes() {
        let invite = parse_datagram(INVITE).unwrap();
        let busy = Message::response_to(&invite, 486, "", Some("them"));
        let ack = print(&invite.ack_for(&busy).unwrap());
        assert!(ack.starts_with(
            "ACK sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa\r\n"
        ));
        assert!(
            ack.contains("Route: <sip:q;lr>\r\n")
                && ack.contains("tag=them")
                && ack.contains("CSeq: 7 ACK")
        );
        let cancel = print(&invite.cancel().unwrap());
        assert!(
            cancel.contains("CSeq: 7 CANCEL") && cancel.contains("To: sip:bob@example.com\r\n")
        );
    }

    #[test]
    fn the_source_goes_into_the_top_via_only() {
        let mut invite = parse_datagram(INVITE).unwrap();
        invite.note_source("192.0.2.1:4000".parse().unwrap());
        assert_eq!(
            invite.headers_named(Name::Via).collect::<Vec<_>>(),
            [
                "SIP/2.0/UDP 10.0.0.1;rport=4000;branch=z9hG4bKa;received=192.0.2.1, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKb",
                "SIP/2.0/UDP 10.0.0.3",
            ]
        );
    }
}
