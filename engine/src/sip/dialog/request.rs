//! Requests within a dialog (RFC 3261 §12.2.1.1) and the ACK to a 2xx (§13.2.2.4).

use super::Dialog;
use crate::sip::{Message, Method, Name, Uri};

/// Hops a request may take (RFC 3261 §8.1.1.6).
const MAX_FORWARDS: &str = "70";

impl Dialog {
    /// The next request: Max-Forwards, Route, From, To, Call-ID and CSeq are there, Via is not.
    pub fn request(&mut self, method: Method) -> Message {
        self.local_cseq = self.local_cseq.wrapping_add(1) & 0x7fff_ffff;
        self.message(method, self.local_cseq)
    }

    /// The ACK to the 2xx of the INVITE with this CSeq number (RFC 3261 §13.2.2.4).
    pub fn ack(&self, cseq: u32) -> Message {
        self.message(Method::Ack, cseq)
    }

    /// Where requests go first: the topmost route, else the remote target (RFC 3261 §8.1.2).
    pub fn next_hop(&self) -> &Uri {
        self.routes.first().map_or(&self.target, |route| &route.uri)
    }

    fn message(&self, method: Method, cseq: u32) -> Message {
        let strict = self
            .routes
            .first()
            .filter(|route| !route.uri.has_param("lr"));
        let name = method.to_string();
        // §12.2.1.1: a strict router finds itself in the Request-URI and the target behind the routes.
        let uri = strict.map_or_else(|| self.target.clone(), |route| bare(&route.uri));
        let mut message = Message::request(method, uri);
        message.push(Name::MaxForwards, MAX_FORWARDS);
        let skip = usize::from(strict.is_some());
        for route in self.routes.iter().skip(skip) {
            message.push(Name::Route, route.to_string());
        }
        if strict.is_some() {
            message.push(Name::Route, format!("<{}>", self.target));
        }
        message.push(Name::From, self.local.to_string());
        message.push(Name::To, self.remote.to_string());
        message.push(Name::CallId, &self.key.call_id);
        message.push(Name::CSeq, format!("{cseq} {name}"));
        message
    }
}

/// A URI as a Request-URI: without what is not allowed there (RFC 3261 §19.1.1, table 1).
fn bare(uri: &Uri) -> Uri {
    let mut uri = uri.clone();
    uri.remove_param("method");
    uri.clear_headers();
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse_datagram;

    fn read(text: &str) -> Message {
        parse_datagram(text.replace('\n', "\r\n").as_bytes()).unwrap()
    }

    fn invite() -> Message {
        read(
            "INVITE sip:b@b.example SIP/2.0\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\nMax-Forwards: 70\n\
             From: \"A\" <sip:a@a.example>;tag=1\nTo: <sip:b@b.example>\nCall-ID: c@a\nCSeq: 5 INVITE\n\
             Contact: <sip:a@192.0.2.1:5062>\nRecord-Route: <sip:p2.example;lr>\n\
             Record-Route: <sip:p1.example;lr>\n\n",
        )
    }

    fn lines(message: &Message) -> Vec<String> {
        let text = String::from_utf8(message.to_vec()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_server_follows_the_record_routes_in_order() {
        let mut dialog = Dialog::as_server(&invite(), "2").unwrap();
        let bye = lines(&dialog.request(Method::Bye));
        assert_eq!(
            bye,
            [
                "BYE sip:a@192.0.2.1:5062 SIP/2.0",
                "Max-Forwards: 70",
                "Route: <sip:p2.example;lr>",
                "Route: <sip:p1.example;lr>",
                "From: <sip:b@b.example>;tag=2",
                "To: \"A\" <sip:a@a.example>;tag=1",
                "Call-ID: c@a",
                "CSeq: 1 BYE",
                "Content-Length: 0",
                "",
            ]
        );
        assert_eq!(dialog.next_hop().as_str(), "sip:p2.example;lr");
    }

    #[test]
    fn a_client_follows_them_backwards() {
        let mut ok = Message::response_to(&invite(), 200, "", Some("2"));
        ok.push(Name::Contact, "<sip:b@192.0.2.2>");
        let mut dialog = Dialog::as_client(&invite(), &ok).unwrap();
        assert_eq!(dialog.next_hop().as_str(), "sip:p1.example;lr");
        assert_eq!(dialog.ack(5).header(Name::CSeq), Some("5 ACK"));
        assert_eq!(
            dialog.request(Method::Bye).header(Name::CSeq),
            Some("6 BYE")
        );
    }

    #[test]
    fn a_strict_router_stands_in_the_request_uri() {
        let mut invite = invite();
        invite.set(Name::RecordRoute, "<sip:old.example;method=INVITE>");
        invite.push(Name::RecordRoute, "<sip:p1.example;lr>");
        let mut dialog = Dialog::as_server(&invite, "2").unwrap();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri().unwrap().as_str(), "sip:old.example");
        let routes: Vec<&str> = bye.headers_named(Name::Route).collect();
        assert_eq!(routes, ["<sip:p1.example;lr>", "<sip:a@192.0.2.1:5062>"]);
    }

    #[test]
    fn old_requests_are_noticed() {
        let mut dialog = Dialog::as_server(&invite(), "2").unwrap();
        let mut later = invite();
        later.set(Name::CSeq, "7 INVITE");
        assert_eq!(dialog.sequence(&later), Ok(()));
        later.set(Name::CSeq, "6 INVITE");
        assert!(dialog.sequence(&later).is_err());
    }

    #[test]
    fn an_invite_without_contact_makes_no_dialog() {
        let mut invite = invite();
        invite.remove(Name::Contact);
        assert!(Dialog::as_server(&invite, "2").is_err());
    }
}
