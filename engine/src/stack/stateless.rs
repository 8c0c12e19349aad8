//! Answers that leave nothing behind (RFC 3261 §8.2.7): the same request gets the same answer again, to
//! the same To tag, so that no transaction is needed.

use super::Stack;
use crate::{
    metrics::Way,
    sip::{
        ALLOWED, EXTENSIONS, Message, Method, Name, Rejection, Via,
        transport::{Flow, Peer},
    },
};
use std::net::SocketAddr;

impl Stack {
    /// Answers what the engine knows by itself, outside any dialog; `None` when it does not.
    pub(super) fn own_answer(&self, request: &Message) -> Option<Rejection> {
        let status = match request.method()? {
            // Outside a dialog these make no sense (RFC 3261 §12.2.2, §15.1.2).
            Method::Bye
            | Method::Cancel
            | Method::Prack
            | Method::Update
            | Method::Info
            | Method::Notify => 481,
            // Nobody is transferred by a stranger.
            Method::Refer => 403,
            // Methods that we do not know at all have been refused before.
            _ => return None,
        };
        Some(Rejection {
            status,
            reason: String::new(),
            header: None,
        })
    }

    /// Answers OPTIONS: what we can do (RFC 3261 §11.2).
    pub(super) fn answer_options(&self, request: &Message, via: &Via, flow: Flow) {
        let status = if self.refusing().is_some() { 503 } else { 200 };
        let mut answer = Message::response_to(request, status, "", Some(&self.tag(request, via)));
        answer.push(Name::Allow, ALLOWED);
        answer.push(Name::Accept, "application/sdp");
        answer.push(Name::AcceptEncoding, "identity");
        answer.push(Name::AcceptLanguage, "en");
        answer.push(Name::Supported, EXTENSIONS);
        if let Some(seconds) = self.refusing() {
            answer.push(Name::RetryAfter, seconds.to_string());
        }
        self.send_stateless(request, answer, via, flow);
    }

    /// Refuses.
    pub(super) fn refuse(&self, request: &Message, via: &Via, flow: Flow, rejection: &Rejection) {
        if request.method() == Some(&Method::Ack) {
            return;
        }
        let answer = rejection.answer(request, &self.tag(request, via));
        self.send_stateless(request, answer, via, flow);
    }

    /// Refuses with nothing but a status.
    pub(super) fn refuse_with(&self, request: &Message, via: &Via, flow: Flow, status: u16) {
        let rejection = Rejection {
            status,
            reason: String::new(),
            header: None,
        };
        self.refuse(request, via, flow, &rejection);
    }

    /// Refuses because nobody has time: 503 with Retry-After.
    pub(super) fn shed(&self, request: &Message, via: &Via, flow: Flow, seconds: u32) {
        self.metrics.shed.inc();
        let rejection = Rejection {
            status: 503,
            reason: String::new(),
            header: Some((Name::RetryAfter, seconds.to_string())),
        };
        self.refuse(request, via, flow, &rejection);
    }

    fn send_stateless(&self, request: &Message, mut answer: Message, via: &Via, flow: Flow) {
        answer.push(Name::Server, &self.config.agent);
        if let (Some(method), Some(status)) = (request.method(), answer.status()) {
            self.metrics.request(method, Way::In);
            self.metrics.response(method, status, Way::Out);
        }
        // One that cannot be sent will be asked for again.
        let _ = self
            .hub
            .send(&answer_peer(via, flow), answer.to_vec().into());
    }

    /// A To tag that is the same for the same request (§8.2.7).
    pub(super) fn tag(&self, request: &Message, via: &Via) -> String {
        let call_id = request.call_id().unwrap_or_default();
        let number = self
            .keys
            .short((via.branch(), call_id, request.from_tag(), "tag"));
        format!("{number:016x}")
    }
}

/// Where responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4). On a stream it is the connection, and
/// when that is gone the address in Via. On UDP it is the source address with the port of `rport`, else
/// with that of sent-by; but where sent-by is an address that is not the source's, a NAT stands between
/// and the source port is the only one that leads back. `maddr` is not followed: it would let anybody
/// point our answers at others.
pub(super) fn answer_peer(via: &Via, flow: Flow) -> Peer {
    let ip = flow.remote.ip();
    if flow.transport.is_web_socket() {
        // Nobody listens where a browser is; its sent-by is a random name (RFC 7118 §5.3).
        return Peer {
            transport: flow.transport,
            remote: flow.remote,
            local: Some(flow.local),
            connection: flow.connection,
            name: None,
            dial: false,
        };
    }
    let sent_by = via
        .port
        .unwrap_or(crate::sip::resolve::default_port(flow.transport));
    if flow.connection.is_some() {
        return Peer {
            transport: flow.transport,
            remote: SocketAddr::new(ip, sent_by),
            local: Some(flow.local),
            connection: flow.connection,
            name: (flow.transport == crate::leg::Transport::Tls).then(|| (*via.host).into()),
            dial: true,
        };
    }
    let behind_nat = via.host_ip().is_some_and(|host| host != ip.to_canonical());
    let port = if via.wants_rport() || behind_nat {
        flow.remote.port()
    } else {
        sent_by
    };
    Peer {
        transport: flow.transport,
        remote: SocketAddr::new(ip, port),
        local: Some(flow.local),
        connection: None,
        name: None,
        dial: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leg::Transport;

    #[test]
    fn answers_find_their_way_back() {
        let flow = Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "198.51.100.7:40000".parse().unwrap(),
            connection: None,
        };
        let cases = [
            (
                "SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bK1",
                "198.51.100.7:5070",
            ),
            (
                "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1",
                "198.51.100.7:5060",
            ),
            (
                "SIP/2.0/UDP 198.51.100.7:5070;rport;branch=z9hG4bK1",
                "198.51.100.7:40000",
            ),
            (
                "SIP/2.0/UDP 10.0.0.4:5070;branch=z9hG4bK1",
                "198.51.100.7:40000",
            ),
            (
                "SIP/2.0/UDP proxy.example:5070;branch=z9hG4bK1",
                "198.51.100.7:5070",
            ),
        ];
        for (via, remote) in cases {
            let peer = answer_peer(&Via::parse(via).unwrap(), flow);
            assert_eq!(
                peer.remote,
                remote.parse::<std::net::SocketAddr>().unwrap(),
                "{via}"
            );
        }
    }
}
