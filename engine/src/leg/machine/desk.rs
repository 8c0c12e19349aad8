//! What every part of a leg needs: names, clock, path, requests under way, and how a request is
//! written in this leg's dialogs.

use super::{
    Settings, Turn,
    clock::{Clock, Names},
    door::{ClientTx, Output, Path, Target},
};
use crate::{
    leg::{Credentials, Hop, Transport},
    sip::{Message, Method, Name, Uri, dialog::Dialog, digest},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// Times one request may be sent again with an answer to a challenge: once, and once more when the
/// nonce was stale or the other of 401 and 407 came.
pub(super) const MAX_CHALLENGES: u8 = 2;

/// Methods we take within a dialog; goes into Allow.
pub(super) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY";
/// Extensions we know; goes into Supported.
pub(super) const SUPPORTED: &str = "100rel, timer, replaces, norefersub";

/// The common ground of a leg's handlers.
#[derive(Debug)]
pub(super) struct Desk {
    pub settings: Arc<Settings>,
    pub names: Names,
    pub clock: Clock,
    /// Answers challenges; none without credentials.
    pub client: Option<digest::Client>,
    pub facts: Facts,
    pub requests: BTreeMap<ClientTx, Sent>,
}

/// Facts about this leg and its peer that outlive a restart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Facts {
    /// How messages travel; none while an outgoing leg is being located.
    pub path: Option<Path>,
    /// We called, so the Call-ID is ours (RFC 3261 §14.1).
    pub outgoing: bool,
    /// User part of our Contact.
    pub contact_user: Option<String>,
    /// Number of the next client transaction.
    pub next_tx: u32,
    /// The peer takes UPDATE (RFC 3311 §4).
    pub peer_updates: bool,
    /// The peer says that it takes INFO.
    pub peer_infos: bool,
    /// It was called on the flow of its registration, and stays there.
    pub registered: bool,
}

/// A request that waits for its final response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sent {
    /// What it is for.
    pub purpose: Purpose,
    /// The request, for a repetition with credentials.
    #[serde(with = "super::text::message")]
    pub request: Message,
    /// Where it went.
    pub target: Target,
    /// Challenges answered so far.
    pub challenges: u8,
}

/// What a request of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// The initial INVITE.
    Invite,
    /// Acknowledges a reliable provisional response.
    Prack,
    /// Session refresh by re-INVITE.
    Reinvite,
    /// Session refresh by UPDATE.
    Update,
    /// The end.
    Bye,
    /// BYE to a fork that answered too late.
    StrayBye,
    /// A key press.
    Info,
    /// News about the referral of this number.
    Notify(u32),
}

impl Desk {
    /// Takes what challenges are answered with.
    pub fn trust(&mut self, credentials: Option<&Credentials>) {
        self.client = credentials
            .map(|credentials| digest::Client::new(&credentials.username, &credentials.password));
    }

    /// Sends a request in a transaction of its own.
    pub fn send(
        &mut self,
        request: Message,
        target: Target,
        purpose: Purpose,
        turn: &mut Turn<'_>,
    ) -> ClientTx {
        self.send_again(
            Sent {
                purpose,
                request,
                target,
                challenges: 0,
            },
            turn,
        )
    }

    /// Sends what was sent before, changed, in a new transaction.
    pub fn send_again(&mut self, sent: Sent, turn: &mut Turn<'_>) -> ClientTx {
        let tx = ClientTx(self.facts.next_tx);
        self.facts.next_tx = self.facts.next_tx.wrapping_add(1);
        turn.out.push(Output::Send {
            tx,
            request: sent.request.clone(),
            target: sent.target.clone(),
        });
        self.requests.insert(tx, sent);
        tx
    }

    /// Sends a request within a dialog.
    pub fn send_in(
        &mut self,
        dialog: &Dialog,
        request: Message,
        purpose: Purpose,
        turn: &mut Turn<'_>,
    ) -> ClientTx {
        let target = self.target(dialog);
        self.send(request, target, purpose, turn)
    }

    /// Starts a request within a dialog (RFC 3261 §12.2.1.1); target refreshes carry Contact.
    pub fn request(&self, dialog: &mut Dialog, method: Method) -> Message {
        let refreshes = matches!(method, Method::Invite | Method::Update | Method::Notify);
        let mut request = dialog.request(method);
        if refreshes {
            self.push_contact(&mut request);
        }
        self.push_agent(&mut request);
        request
    }

    /// Where a request within a dialog goes. A peer behind a NAT names an address nobody can reach:
    /// then, and on a connection that is open anyway, the flow it used is used.
    pub fn target(&self, dialog: &Dialog) -> Target {
        let next = dialog.next_hop();
        let registered = self.facts.registered && dialog.is_direct();
        Target {
            hop: self
                .facts
                .path
                .filter(|path| registered || goes_back(next, path))
                .map(|path| Hop::Flow {
                    transport: path.transport,
                    local: path.local,
                    remote: path.remote,
                }),
            uri: next.to_string(),
        }
    }

    /// Our Contact (RFC 3261 §8.1.1.8).
    pub fn push_contact(&self, message: &mut Message) {
        if let Some(contact) = self.contact() {
            message.push(Name::Contact, format!("<{contact}>"));
        }
    }

    /// User-Agent of a request.
    pub fn push_agent(&self, message: &mut Message) {
        if !self.settings.agent.is_empty() {
            message.push(Name::UserAgent, &self.settings.agent);
        }
    }

    fn contact(&self) -> Option<Uri> {
        let path = self.facts.path?;
        let advertised = self.settings.advertised.as_deref();
        let user = self.facts.contact_user.as_deref();
        let mut contact = Uri::shown(user, advertised, path.local);
        if let Some(name) = path.transport.param() {
            contact.set_param("transport", Some(name));
        }
        Some(contact)
    }

    /// A response within this leg: Server, and Allow or Contact as its kind wants them
    /// (RFC 3261 §13.3.1, RFC 3311 §5.1).
    pub fn respond(&self, request: &Message, status: u16, tag: Option<&str>) -> Message {
        self.respond_as(request, status, "", tag)
    }

    /// The same with a reason phrase of one's own; an empty one takes the usual.
    pub fn respond_as(
        &self,
        request: &Message,
        status: u16,
        phrase: &str,
        tag: Option<&str>,
    ) -> Message {
        let mut response = Message::response_to(request, status, phrase, tag);
        let refreshes = matches!(request.method(), Some(Method::Invite | Method::Update));
        if refreshes && status < 300 {
            self.push_contact(&mut response);
            response.push(Name::Allow, ALLOW);
            response.push(Name::Supported, SUPPORTED);
        }
        if !self.settings.agent.is_empty() {
            response.push(Name::Server, &self.settings.agent);
        }
        response
    }
}

/// The next hop can only, or can as well, be reached by the way its messages came. Names are looked
/// up for datagrams; whoever opened a connection is spoken to on that (RFC 5923 §4).
fn goes_back(next: &Uri, path: &Path) -> bool {
    let Some(host) = next.host_ip() else {
        let nowhere = next.host().to_ascii_lowercase().ends_with(".invalid");
        return nowhere || path.transport != Transport::Udp;
    };
    let same = host == path.remote.ip();
    match path.transport {
        Transport::Udp => !same && is_private(host),
        Transport::Tcp | Transport::Tls => same || is_private(host),
        Transport::Ws | Transport::Wss => true,
    }
}

/// Addresses that mean something only inside a network of the peer's.
fn is_private(host: IpAddr) -> bool {
    match host {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                // Carrier-grade NAT, RFC 6598.
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(uri: &str, transport: Transport, remote: &str) -> bool {
        let path = Path {
            transport,
            local: "198.51.100.1:5060".parse().unwrap(),
            remote: remote.parse().unwrap(),
        };
        goes_back(&Uri::parse(uri).unwrap(), &path)
    }

    #[test]
    fn private_contacts_are_reached_by_their_flow() {
        assert!(back(
            "sip:a@192.168.1.7",
            Transport::Udp,
            "203.0.113.9:4711"
        ));
        assert!(back("sip:a@100.64.0.1", Transport::Udp, "203.0.113.9:4711"));
        assert!(back("sip:a@[fd00::1]", Transport::Udp, "203.0.113.9:4711"));
    }

    #[test]
    fn public_and_direct_contacts_are_followed() {
        assert!(!back(
            "sip:a@203.0.113.10",
            Transport::Udp,
            "203.0.113.9:4711"
        ));
        assert!(!back(
            "sip:a@192.168.1.7:5062",
            Transport::Udp,
            "192.168.1.7:5060"
        ));
        assert!(!back(
            "sip:a@sbc.example.org",
            Transport::Udp,
            "203.0.113.9:4711"
        ));
    }

    #[test]
    fn connections_are_used_again() {
        assert!(back(
            "sip:a@phone.local",
            Transport::Tls,
            "203.0.113.9:4711"
        ));
        assert!(back("sip:a@x1.invalid", Transport::Udp, "203.0.113.9:4711"));
        assert!(back(
            "sip:a@203.0.113.9",
            Transport::Tcp,
            "203.0.113.9:4711"
        ));
        assert!(!back(
            "sip:a@203.0.113.10",
            Transport::Tls,
            "203.0.113.9:4711"
        ));
    }
}
