//! Typed access to the headers of a message.

use super::{
    CSeq, Contacts, HeaderError, Message, MinSe, Name, NameAddr, RAck, Reason, Replaces,
    SessionExpires, Uri, Via, params, scan, values,
};

impl Message {
    /// The topmost Via.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn via_top(&self) -> Result<Via, HeaderError> {
        let value = self.header(Name::Via).ok_or(HeaderError::Missing("Via"))?;
        let first = scan::list(value).next().flatten();
        first
            .and_then(Via::parse)
            .ok_or(HeaderError::Malformed("Via"))
    }

    /// Every Via, top first.
    ///
    /// # Errors
    /// One of them is malformed.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.elements(Name::Via, Via::parse)
    }

    /// From.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.one(Name::From, NameAddr::parse)
    }

    /// To.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.one(Name::To, NameAddr::parse)
    }

    /// The tag of From, found without reading the address; `None` when it has none or is malformed.
    pub fn from_tag(&self) -> Option<&str> {
        tag(self.header(Name::From)?)
    }

    /// The tag of To, found without reading the address; `None` when it has none or is malformed.
    pub fn to_tag(&self) -> Option<&str> {
        tag(self.header(Name::To)?)
    }

    /// Call-ID.
    ///
    /// # Errors
    /// Missing, or not one visible word.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        let value = self
            .header(Name::CallId)
            .ok_or(HeaderError::Missing("Call-ID"))?;
        values::is_call_id(value)
            .then_some(value)
            .ok_or(HeaderError::Malformed("Call-ID"))
    }

    /// CSeq.
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.one(Name::CSeq, CSeq::parse)
    }

    /// Everything the Contact headers say; an empty list when there are none.
    ///
    /// # Errors
    /// A contact is malformed, or `*` stands beside another one.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let mut lines = self.headers_named(Name::Contact);
        if lines.next() == Some("*") {
            let alone = lines.next().is_none();
            return alone
                .then_some(Contacts::Star)
                .ok_or(HeaderError::Malformed("Contact"));
        }
        self.addresses(Name::Contact).map(Contacts::List)
    }

    /// The first contact's URI: the remote target that it names.
    pub fn contact_uri(&self) -> Option<Uri> {
        self.contacts().ok()?.first().map(|c| c.uri.clone())
    }

    /// Route, top first.
    ///
    /// # Errors
    /// One is malformed.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(Name::Route)
    }

    /// Record-Route in the order of the message.
    ///
    /// # Errors
    /// One is malformed.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(Name::RecordRoute)
    }

    /// Any header that is a list of addresses: Path, Diversion, History-Info, P-Asserted-Identity ….
    ///
    /// # Errors
    /// One is malformed.
    pub fn addresses(&self, name: Name) -> Result<Vec<NameAddr>, HeaderError> {
        self.elements(name, NameAddr::parse)
    }

    /// Expires in seconds; a number beyond any horizon is the largest one, what is no number is none.
    pub fn expires(&self) -> Option<u32> {
        self.header(Name::Expires).and_then(scan::seconds)
    }

    /// Min-Expires in seconds.
    pub fn min_expires(&self) -> Option<u32> {
        self.header(Name::MinExpires).and_then(scan::seconds)
    }

    /// Max-Forwards, `None` when absent.
    ///
    /// # Errors
    /// Not a number from 0 to 255.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        let malformed = HeaderError::Malformed("Max-Forwards");
        match self.header(Name::MaxForwards) {
            None => Ok(None),
            Some(v) => match scan::seconds(v).and_then(|n| u8::try_from(n).ok()) {
                Some(hops) => Ok(Some(hops)),
                None => Err(malformed),
            },
        }
    }

    /// Retry-After in seconds, its comment and parameters left out.
    pub fn retry_after(&self) -> Option<u32> {
        let value = self.header(Name::RetryAfter)?;
        scan::seconds(value.split([' ', ';', '(', '\t']).next()?)
    }

    /// The media type of the body without parameters, such as `application/sdp`.
    pub fn content_type(&self) -> Option<&str> {
        self.header(Name::ContentType)
            .map(|v| scan::trim(v.split(';').next().unwrap_or_default()))
    }

    /// Session-Expires (RFC 4028); a malformed one counts as absent.
    pub fn session_expires(&self) -> Option<SessionExpires> {
        self.header(Name::SessionExpires)
            .and_then(SessionExpires::parse)
    }

    /// Min-SE (RFC 4028); a malformed one counts as absent.
    pub fn min_se(&self) -> Option<MinSe> {
        self.header(Name::MinSe).and_then(MinSe::parse)
    }

    /// RSeq of a reliable provisional answer (RFC 3262), 1 to 2³²−1.
    pub fn rseq(&self) -> Option<u32> {
        self.header(Name::RSeq)?.parse().ok().filter(|n| *n > 0)
    }

    /// RAck of a PRACK (RFC 3262).
    ///
    /// # Errors
    /// Missing or malformed.
    pub fn rack(&self) -> Result<RAck, HeaderError> {
        self.one(Name::RAck, RAck::parse)
    }

    /// Replaces (RFC 3891), `None` when absent.
    ///
    /// # Errors
    /// Malformed or more than one.
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        optional(self.one(Name::Replaces, Replaces::parse))
    }

    /// Refer-To (RFC 3515).
    ///
    /// # Errors
    /// Missing, malformed or more than one.
    pub fn refer_to(&self) -> Result<NameAddr, HeaderError> {
        self.one(Name::ReferTo, NameAddr::parse)
    }

    /// Referred-By (RFC 3892); a malformed one counts as absent.
    pub fn referred_by(&self) -> Option<NameAddr> {
        self.header(Name::ReferredBy).and_then(NameAddr::parse)
    }

    /// P-Asserted-Identity (RFC 3325), at most a SIP and a tel one; malformed ones are left out.
    pub fn asserted_identities(&self) -> Vec<NameAddr> {
        self.list(Name::PAssertedIdentity)
            .filter_map(NameAddr::parse)
            .collect()
    }

    /// Says whether Privacy asks for something, such as `id` or `none` (RFC 3323).
    pub fn has_privacy(&self, wanted: &str) -> bool {
        let mut values = self
            .headers_named(Name::Privacy)
            .flat_map(|v| v.split([';', ',']));
        values.any(|p| scan::trim(p).eq_ignore_ascii_case(wanted))
    }

    /// The reasons (RFC 3326); malformed ones are left out.
    pub fn reasons(&self) -> Vec<Reason> {
        self.list(Name::Reason).filter_map(Reason::parse).collect()
    }

    /// The event package of Event without its parameters (RFC 6665).
    pub fn event(&self) -> Option<&str> {
        self.header(Name::Event)
            .map(|v| scan::trim(v.split(';').next().unwrap_or_default()))
    }

    /// Says whether an option tag is in Supported.
    pub fn supports(&self, option: &str) -> bool {
        self.has_token(Name::Supported, option)
    }

    /// Says whether an option tag is in Require.
    pub fn requires(&self, option: &str) -> bool {
        self.has_token(Name::Require, option)
    }

    /// Says whether Allow has a method; without an Allow header nothing is known and it has none.
    pub fn allows(&self, method: &super::Method) -> bool {
        self.list(Name::Allow).any(|m| m == method.as_str())
    }

    /// A header that stands exactly once.
    pub(super) fn one<T>(
        &self,
        name: Name,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, HeaderError> {
        let mut lines = self.headers_named(name);
        let value = lines.next().ok_or(HeaderError::Missing(name.as_str()))?;
        if lines.next().is_some() {
            return Err(HeaderError::Repeated(name.as_str()));
        }
        parse(value).ok_or(HeaderError::Malformed(name.as_str()))
    }

    fn elements<T>(
        &self,
        name: Name,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, HeaderError> {
        let malformed = HeaderError::Malformed(name.as_str());
        let elements = self.headers_named(name).flat_map(scan::list);
        let parsed = elements
            .map(|e| e.and_then(&parse))
            .collect::<Option<Vec<_>>>();
        parsed.ok_or(malformed)
    }
}

fn optional<T>(result: Result<T, HeaderError>) -> Result<Option<T>, HeaderError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(HeaderError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Finds `;tag=` behind the address.
fn tag(value: &str) -> Option<&str> {
    let after_display = scan::quoted(value).map_or(value, |(_, rest)| rest);
    let rest = match scan::split_once(after_display, b'<') {
        Some((_, inner)) => scan::split_once(inner, b'>')?.1,
        None => after_display.get(memchr::memchr(b';', after_display.as_bytes())?..)?,
    };
    params::find(rest, "tag").filter(|tag| scan::is_token(tag))
}

#[cfg(test)]
mod tests {
    use super::super::{Method, parse_datagram};
    use super::*;

    fn message(headers: &str) -> Message {
        parse_datagram(format!("INVITE sip:a@b SIP/2.0\r\n{headers}\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn lists_run_over_all_lines() {
        let m = message(
            "Route: <sip:a;lr>,<sip:b;lr>\r\nRoute: \"c,\" <sip:c;lr>\r\nVia: SIP/2.0/UDP a, SIP/2.0/TCP b\r\n",
        );
        let hosts: Vec<_> = m
            .routes()
            .unwrap()
            .iter()
            .map(|r| r.uri.host().to_owned())
            .collect();
        assert_eq!(hosts, ["a", "b", "c"]);
        assert_eq!(m.vias().unwrap().len(), 2);
        assert_eq!(&*m.via_top().unwrap().host, "a");
        assert_eq!(
            message("Route: <sip:a>,,<sip:b>\r\n").routes(),
            Err(HeaderError::Malformed("Route"))
        );
    }

    #[test]
    fn contacts_are_a_list_or_a_star() {
        assert_eq!(message("m: *\r\n").contacts(), Ok(Contacts::Star));
        assert_eq!(
            message("m: *\r\nm: <sip:a@b>\r\n").contacts(),
            Err(HeaderError::Malformed("Contact"))
        );
        assert_eq!(
            message("m: <sip:a@b>, *\r\n").contacts(),
            Err(HeaderError::Malformed("Contact"))
        );
        assert_eq!(message("").contacts(), Ok(Contacts::List(vec![])));
        assert_eq!(
            message("m: <sip:a@b>\r\n").contact_uri().unwrap().as_str(),
            "sip:a@b"
        );
    }

    #[test]
    fn tags_are_found_behind_the_address_only() {
        let m =
            message("f: \"x;tag=no<\" <sip:a@b;tag=no>;x=1 ; TAG = yes\r\nt: sip:a@b;tag=t\r\n");
        assert_eq!((m.from_tag(), m.to_tag()), (Some("yes"), Some("t")));
        assert_eq!(message("t: <sip:a@b;tag=no>\r\n").to_tag(), None);
        let m = message("f: <sip:a@b>;x=\";tag=no\";tag=yes\r\nt: <sip:a@b>;tag=a@b;tag=no\r\n");
        assert_eq!((m.from_tag(), m.to_tag()), (Some("yes"), None));
    }

    #[test]
    fn single_headers_stand_once() {
        let m =
            message("CSeq: 1 INVITE\r\nCSeq: 2 INVITE\r\nMax-Forwards: 300\r\nCall-ID: a b\r\n");
        assert_eq!(m.cseq(), Err(HeaderError::Repeated("CSeq")));
        assert_eq!(
            m.max_forwards(),
            Err(HeaderError::Malformed("Max-Forwards"))
        );
        assert_eq!(m.call_id(), Err(HeaderError::Malformed("Call-ID")));
        assert_eq!(m.replaces(), Ok(None));
        assert_eq!(m.refer_to(), Err(HeaderError::Missing("Refer-To")));
    }

    #[test]
    fn the_smaller_headers() {
        let m = message(
            "x: 90;refresher=uas\r\nMin-SE: 90\r\nk: 100rel, Timer\r\nRequire: replaces\r\nAllow: INVITE,PRACK\r\n\
             Retry-After: 5 (busy);duration=9\r\nc: application/sdp ; a=b\r\nEvent: refer;id=1\r\nPrivacy: id;critical\r\n\
             Reason: SIP;cause=200, Q.850;cause=26\r\nRSeq: 0\r\nExpires: 9999999999\r\n",
        );
        assert_eq!(m.session_expires().unwrap().seconds, 90);
        assert_eq!(m.min_se(), Some(MinSe(90)));
        assert!(m.supports("timer") && m.supports("100rel") && m.requires("replaces"));
        assert!(m.allows(&Method::Prack) && !m.allows(&Method::Update));
        assert_eq!(
            (m.retry_after(), m.expires(), m.rseq()),
            (Some(5), Some(u32::MAX), None)
        );
        assert_eq!(
            (m.content_type(), m.event()),
            (Some("application/sdp"), Some("refer"))
        );
        assert!(m.has_privacy("id") && !m.has_privacy("none"));
        assert_eq!(m.reasons().len(), 2);
    }
}
