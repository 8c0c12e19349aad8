//! Who calls whom, as an outgoing INVITE says it: From, To, identity and privacy headers.

use super::door::Target;
use crate::{
    LegError,
    leg::{Dial, Hop, Party, Privacy, Reach},
    sdp::Agreed,
    sip::{NameAddr, Scheme, Uri},
};
use serde::{Deserialize, Serialize};

/// An outgoing call before its path is known: what [`Dial`] asks for, read and checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Call-ID, which the driver must know before the path is.
    pub call_id: String,
    /// Request-URI (RFC 3261 §8.1.1.1).
    pub uri: Uri,
    /// Next hop, when the order names one.
    pub hop: Option<Hop>,
    /// Preloaded route set (RFC 3261 §8.1.1.1), first hop first.
    pub routes: Vec<NameAddr>,
    /// From, without tag.
    pub from: NameAddr,
    /// To.
    pub to: NameAddr,
    /// User part of our Contact; none for anonymous callers.
    pub contact_user: Option<String>,
    /// What the INVITE itself says is left.
    pub reach: Reach,
    /// What the other leg speaks.
    pub like: Option<Agreed>,
    /// Identity, privacy and further headers, ready to be written.
    pub headers: Vec<(String, String)>,
}

/// Headers that the machine writes itself; one in [`Dial::headers`] is dropped.
const OURS: [&str; 23] = [
    "via",
    "from",
    "to",
    "call-id",
    "cseq",
    "max-forwards",
    "max-breadth",
    "contact",
    "content-length",
    "content-type",
    "route",
    "record-route",
    "supported",
    "allow",
    "require",
    "session-expires",
    "min-se",
    "user-agent",
    "authorization",
    "proxy-authorization",
    "privacy",
    "p-asserted-identity",
    "proxy-require",
];

impl Plan {
    /// Reads an order; [`LegError::Address`] when one of its URIs cannot be read.
    pub fn read(dial: &Dial, domain: &str) -> Result<Plan, LegError> {
        let uri = Uri::parse(&dial.uri).map_err(|_| LegError::Address)?;
        let routes = dial
            .route
            .iter()
            .map(|route| route_entry(route).ok_or(LegError::Address))
            .collect::<Result<_, _>>()?;
        let from = if dial.privacy.id {
            anonymous()?
        } else {
            name_addr(&dial.from, domain)?
        };
        Ok(Plan {
            call_id: String::new(),
            uri,
            hop: dial.hop.clone(),
            routes,
            from,
            to: name_addr(&dial.to, domain)?,
            contact_user: (!dial.privacy.id && is_plain(&dial.from.user))
                .then(|| dial.from.user.clone()),
            reach: dial.reach.onward().ok_or(LegError::Loop)?,
            like: None,
            headers: headers(dial, domain)?,
        })
    }

    /// Where the INVITE goes (RFC 3261 §8.1.2).
    pub fn target(&self) -> Target {
        let next = self.routes.first().map_or(&self.uri, |route| &route.uri);
        Target {
            uri: next.to_string(),
            hop: self.hop.clone(),
        }
    }
}

/// Identity (RFC 3325 §9.1), privacy (RFC 3323 §4.2) and what else the order wants said.
fn headers(dial: &Dial, domain: &str) -> Result<Vec<(String, String)>, LegError> {
    let mut headers = Vec::new();
    if let Some(identity) = &dial.identity {
        let value = name_addr(identity, domain)?.to_string();
        headers.push(("P-Asserted-Identity".to_owned(), value));
    }
    if let Privacy { id: true } = dial.privacy {
        headers.push(("Privacy".to_owned(), "id".to_owned()));
    }
    let further = dial.headers.iter().filter(|(name, value)| {
        let ours = OURS.iter().any(|own| own.eq_ignore_ascii_case(name));
        !ours && is_token(name) && is_line(value)
    });
    headers.extend(further.cloned());
    Ok(headers)
}

/// The address of a party; a URI without host gets `domain`, a missing URI is made of the user part.
pub(super) fn name_addr(party: &Party, domain: &str) -> Result<NameAddr, LegError> {
    let uri = if party.uri.is_empty() {
        let user = (!party.user.is_empty()).then_some(party.user.as_str());
        Uri::sip(user, domain, None)
    } else {
        Uri::parse(&party.uri).or_else(|error| {
            // `sip:1001` or a bare `1001`: a user part without its host.
            let user = party.uri.strip_prefix("sip:").unwrap_or(&party.uri);
            let bare = !user.is_empty() && !user.contains(['@', ':', ';', '?', '<', '>']);
            if bare {
                Uri::sip(Some(user), domain, None)
            } else {
                Err(error)
            }
        })
    };
    let uri = with_host(uri.map_err(|_| LegError::Address)?, party, domain)?;
    let name = party.name.as_deref().unwrap_or_default();
    Ok(NameAddr::new(uri).with_display(&printable(name)))
}

/// `sip:1001` reads as host `1001`; when the party has a user part it was meant as that.
fn with_host(uri: Uri, party: &Party, domain: &str) -> Result<Uri, LegError> {
    let hostless = uri.is_sip() && uri.user().is_none() && uri.host() == party.user;
    if hostless && !party.user.is_empty() {
        return Uri::sip(Some(&party.user), domain, None).map_err(|_| LegError::Address);
    }
    Ok(uri)
}

/// From of somebody who is not to be named (RFC 3323 §4.1.1.3).
fn anonymous() -> Result<NameAddr, LegError> {
    let uri = Uri::parse("sip:anonymous@anonymous.invalid").map_err(|_| LegError::Address)?;
    Ok(NameAddr::new(uri).with_display("Anonymous"))
}

fn route_entry(text: &str) -> Option<NameAddr> {
    NameAddr::parse(text).or_else(|| Uri::parse(text).ok().map(NameAddr::new))
}

/// The party that an address names.
pub(super) fn party(address: &NameAddr) -> Party {
    let name = address.display.as_deref().map(str::trim);
    Party {
        name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        user: user_of(&address.uri),
        uri: address.uri.to_string(),
    }
}

/// The user part, or the number of a `tel:` URI without its parameters, unescaped.
pub(super) fn user_of(uri: &Uri) -> String {
    match uri.scheme() {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => {
            uri.user_unescaped().unwrap_or_default().into_owned()
        }
        Scheme::Other => String::new(),
    }
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

fn is_plain(user: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_');
    !user.is_empty() && user.bytes().all(plain)
}

fn is_token(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b);
    !name.is_empty() && name.bytes().all(token)
}

/// No line end may slip into a header (response splitting by another name).
fn is_line(value: &str) -> bool {
    !value.bytes().any(|b| b < b' ' && b != b'\t' || b == 0x7f)
}
