//! Prints a description with CRLF ends, in the order of RFC 8866 §5.

use std::fmt::{Display, Formatter, Result};
use std::net::IpAddr;

use super::session::{Address, Media, Origin, Session};

impl Display for Session {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Origin {
            username,
            session_id,
            version,
            address,
        } = &self.origin;
        write!(
            f,
            "v=0\r\no={username} {session_id} {version} {address}\r\n"
        )?;
        f.write_str("s=-\r\n")?;
        if let Some(address) = &self.connection {
            write!(f, "c={address}\r\n")?;
        }
        f.write_str("t=0 0\r\n")?;
        for group in &self.groups {
            write!(f, "a=group:{group}\r\n")?;
        }
        if self.ice_lite {
            f.write_str("a=ice-lite\r\n")?;
        }
        if let Some(direction) = self.direction {
            write!(f, "a={}\r\n", direction.name())?;
        }
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl Display for Media {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "m={} {} {}", self.kind, self.port, self.protocol)?;
        for format in &self.formats {
            write!(f, " {format}")?;
        }
        f.write_str("\r\n")?;
        if let Some(address) = &self.connection {
            write!(f, "c={address}\r\n")?;
        }
        for map in &self.rtpmaps {
            write!(f, "a=rtpmap:{} {}/{}", map.pt, map.encoding, map.clock)?;
            match map.channels {
                Some(channels) => write!(f, "/{channels}\r\n")?,
                None => f.write_str("\r\n")?,
            }
        }
        for (pt, parameters) in &self.fmtps {
            write!(f, "a=fmtp:{pt} {parameters}\r\n")?;
        }
        if let Some(ms) = self.ptime {
            write!(f, "a=ptime:{ms}\r\n")?;
        }
        if let Some(ms) = self.max_ptime {
            write!(f, "a=maxptime:{ms}\r\n")?;
        }
        if let Some(port) = self.rtcp.port {
            write!(f, "a=rtcp:{port}")?;
            match &self.rtcp.address {
                Some(address) => write!(f, " {address}\r\n")?,
                None => f.write_str("\r\n")?,
            }
        }
        if self.rtcp.mux {
            f.write_str("a=rtcp-mux\r\n")?;
        }
        for crypto in &self.cryptos {
            let key = crypto.key.to_base64();
            let (tag, suite) = (crypto.tag, crypto.suite.name());
            write!(f, "a=crypto:{tag} {suite} inline:{key}\r\n")?;
        }
        if let Some(mid) = &self.mid {
            write!(f, "a=mid:{mid}\r\n")?;
        }
        self.web.fmt(f)?;
        match self.direction {
            Some(direction) => write!(f, "a={}\r\n", direction.name()),
            None => Ok(()),
        }
    }
}

/// Prints the `IN IP4 …` of `o=`, `c=` and `a=rtcp`.
impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Address::Ip(IpAddr::V4(ip)) => write!(f, "IN IP4 {ip}"),
            Address::Ip(IpAddr::V6(ip)) => write!(f, "IN IP6 {ip}"),
            Address::Name(name) => write!(f, "IN IP4 {name}"),
        }
    }
}
