//! Header names: the known ones as a plain enum, with their compact forms.

macro_rules! names {
    ($($variant:ident = $wire:literal,)*) => {
        /// A header this engine knows by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are the headers")]
        pub enum Name { $($variant,)* }

        impl Name {
            /// The long form, as it is written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Name::$variant => $wire,)* }
            }
        }
    };
}

names! {
    Accept = "Accept",
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    AlertInfo = "Alert-Info",
    Allow = "Allow",
    AllowEvents = "Allow-Events",
    Authorization = "Authorization",
    CallId = "Call-ID",
    CallInfo = "Call-Info",
    Contact = "Contact",
    ContentDisposition = "Content-Disposition",
    ContentEncoding = "Content-Encoding",
    ContentLength = "Content-Length",
    ContentType = "Content-Type",
    CSeq = "CSeq",
    Date = "Date",
    Diversion = "Diversion",
    ErrorInfo = "Error-Info",
    Event = "Event",
    Expires = "Expires",
    FlowTimer = "Flow-Timer",
    From = "From",
    HistoryInfo = "History-Info",
    InReplyTo = "In-Reply-To",
    MaxForwards = "Max-Forwards",
    MinExpires = "Min-Expires",
    MinSe = "Min-SE",
    PAssertedIdentity = "P-Asserted-Identity",
    PPreferredIdentity = "P-Preferred-Identity",
    Path = "Path",
    Priority = "Priority",
    Privacy = "Privacy",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyRequire = "Proxy-Require",
    RAck = "RAck",
    RSeq = "RSeq",
    Reason = "Reason",
    RecordRoute = "Record-Route",
    ReferTo = "Refer-To",
    ReferredBy = "Referred-By",
    RemotePartyId = "Remote-Party-ID",
    Replaces = "Replaces",
    Require = "Require",
    RetryAfter = "Retry-After",
    Route = "Route",
    Server = "Server",
    ServiceRoute = "Service-Route",
    SessionExpires = "Session-Expires",
    Subject = "Subject",
    SubscriptionState = "Subscription-State",
    Supported = "Supported",
    Timestamp = "Timestamp",
    To = "To",
    Unsupported = "Unsupported",
    UserAgent = "User-Agent",
    Via = "Via",
    Warning = "Warning",
    WwwAuthenticate = "WWW-Authenticate",
}

impl Name {
    /// Finds a header by its long or compact name, without regard to case.
    pub fn parse(text: &str) -> Option<Name> {
        let first = text.as_bytes().first()?.to_ascii_lowercase();
        let candidates = candidates(text.len(), first);
        if text.len() == 1 {
            return candidates.first().copied();
        }
        candidates
            .iter()
            .copied()
            .find(|n| n.as_str().eq_ignore_ascii_case(text))
    }
}

/// The names of a length that start with a letter: one or two at most, so that a header costs one comparison.
fn candidates(length: usize, first: u8) -> &'static [Name] {
    match (length, first) {
        (1, b'b') => &[Name::ReferredBy],
        (1, b'c') => &[Name::ContentType],
        (1, b'e') => &[Name::ContentEncoding],
        (1, b'f') => &[Name::From],
        (1, b'i') => &[Name::CallId],
        (1, b'k') => &[Name::Supported],
        (1, b'l') => &[Name::ContentLength],
        (1, b'm') => &[Name::Contact],
        (1, b'o') => &[Name::Event],
        (1, b'r') => &[Name::ReferTo],
        (1, b's') => &[Name::Subject],
        (1, b't') => &[Name::To],
        (1, b'u') => &[Name::AllowEvents],
        (1, b'v') => &[Name::Via],
        (1, b'x') => &[Name::SessionExpires],
        (2, b't') => &[Name::To],
        (3, b'v') => &[Name::Via],
        (4, b'c') => &[Name::CSeq],
        (4, b'd') => &[Name::Date],
        (4, b'f') => &[Name::From],
        (4, b'p') => &[Name::Path],
        (4, b'r') => &[Name::RAck, Name::RSeq],
        (5, b'a') => &[Name::Allow],
        (5, b'e') => &[Name::Event],
        (5, b'r') => &[Name::Route],
        (6, b'a') => &[Name::Accept],
        (6, b'm') => &[Name::MinSe],
        (6, b'r') => &[Name::Reason],
        (6, b's') => &[Name::Server],
        (7, b'c') => &[Name::CallId, Name::Contact],
        (7, b'e') => &[Name::Expires],
        (7, b'p') => &[Name::Privacy],
        (7, b'r') => &[Name::Require],
        (7, b's') => &[Name::Subject],
        (7, b'w') => &[Name::Warning],
        (8, b'p') => &[Name::Priority],
        (8, b'r') => &[Name::ReferTo, Name::Replaces],
        (9, b'c') => &[Name::CallInfo],
        (9, b'd') => &[Name::Diversion],
        (9, b's') => &[Name::Supported],
        (9, b't') => &[Name::Timestamp],
        (10, b'a') => &[Name::AlertInfo],
        (10, b'e') => &[Name::ErrorInfo],
        (10, b'f') => &[Name::FlowTimer],
        (10, b'u') => &[Name::UserAgent],
        (11, b'i') => &[Name::InReplyTo],
        (11, b'm') => &[Name::MinExpires],
        (11, b'r') => &[Name::ReferredBy, Name::RetryAfter],
        (11, b'u') => &[Name::Unsupported],
        (12, b'a') => &[Name::AllowEvents],
        (12, b'c') => &[Name::ContentType],
        (12, b'h') => &[Name::HistoryInfo],
        (12, b'm') => &[Name::MaxForwards],
        (12, b'r') => &[Name::RecordRoute],
        (13, b'a') => &[Name::Authorization],
        (13, b'p') => &[Name::ProxyRequire],
        (13, b's') => &[Name::ServiceRoute],
        (14, b'c') => &[Name::ContentLength],
        (15, b'a') => &[Name::AcceptEncoding, Name::AcceptLanguage],
        (15, b'r') => &[Name::RemotePartyId],
        (15, b's') => &[Name::SessionExpires],
        (16, b'c') => &[Name::ContentEncoding],
        (16, b'w') => &[Name::WwwAuthenticate],
        (18, b'p') => &[Name::ProxyAuthenticate],
        (18, b's') => &[Name::SubscriptionState],
        (19, b'c') => &[Name::ContentDisposition],
        (19, b'p') => &[Name::PAssertedIdentity, Name::ProxyAuthorization],
        (20, b'p') => &[Name::PPreferredIdentity],
        _ => &[],
    }
}

/// What a header is asked for by: a known [`Name`] or any text.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// A header this engine knows.
    Known(Name),
    /// Any other.
    Other(&'a str),
}

impl Key<'_> {
    /// The name as written on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Key::Known(name) => name.as_str(),
            Key::Other(name) => name,
        }
    }
}

impl From<Name> for Key<'_> {
    fn from(name: Name) -> Self {
        Key::Known(name)
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(text: &'a str) -> Self {
        Name::parse(text).map_or(Key::Other(text), Key::Known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_compact() {
        for (text, name) in [
            ("Via", Name::Via),
            ("vIA", Name::Via),
            ("v", Name::Via),
            ("V", Name::Via),
            ("L", Name::ContentLength),
            ("www-authenticate", Name::WwwAuthenticate),
            ("p-asserted-identity", Name::PAssertedIdentity),
            ("x", Name::SessionExpires),
        ] {
            assert_eq!(Name::parse(text), Some(name), "{text}");
        }
        for text in ["", "z", "C%6Fntact", "Viaa", "é"] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_long_name_finds_itself() {
        for first in 0..128 {
            for length in 2..32 {
                for name in candidates(length, first) {
                    assert_eq!(Name::parse(name.as_str()), Some(*name));
                }
            }
        }
    }
}
