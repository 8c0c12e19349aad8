//! The session descriptions a test phone writes and the two lines it reads of the other's.

use crate::audio::{EVENT, Format, PCMA, PCMU};
use std::net::{IpAddr, SocketAddr};

/// What a phone offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Payload types as in [`crate::audio`], best first.
    pub codecs: Vec<u8>,
    /// `sendrecv`, `sendonly`, `recvonly` or `inactive`.
    pub direction: &'static str,
    /// With telephone-event.
    pub events: bool,
    /// No offer in the INVITE; the answer goes into the ACK.
    pub delayed: bool,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            codecs: vec![PCMU, PCMA],
            direction: "sendrecv",
            events: true,
            delayed: false,
        }
    }
}

impl Offer {
    /// One codec only.
    pub fn only(codec: u8) -> Self {
        Self {
            codecs: vec![codec],
            ..Self::default()
        }
    }

    /// Another direction.
    pub fn directed(&self, direction: &'static str) -> Self {
        Self {
            direction,
            ..self.clone()
        }
    }

    /// As SDP.
    pub fn write(&self, rtp: SocketAddr, version: u32) -> String {
        let family = if rtp.is_ipv6() { "IP6" } else { "IP4" };
        let mut formats: Vec<String> = self.codecs.iter().map(u8::to_string).collect();
        let mut lines = String::new();
        for codec in &self.codecs {
            let format = Format::of_kind(*codec).expect("a codec of the tests");
            lines.push_str(&format!("a=rtpmap:{codec} {}\r\n", format.rtpmap()));
        }
        if self.events {
            formats.push(EVENT.to_string());
            lines.push_str(&format!(
                "a=rtpmap:{EVENT} telephone-event/8000\r\na=fmtp:{EVENT} 0-15\r\n"
            ));
        }
        format!(
            "v=0\r\no=- 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {formats}\r\n{lines}a=ptime:20\r\na={direction}\r\n",
            ip = rtp.ip(),
            port = rtp.port(),
            formats = formats.join(" "),
            direction = self.direction,
        )
    }
}

/// What the other side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdpSide {
    /// Where it wants its RTP.
    pub rtp: SocketAddr,
    /// Its payload types.
    pub formats: Vec<u8>,
    /// Its direction.
    pub direction: String,
}

impl SdpSide {
    /// Reads the first audio stream.
    pub fn read(sdp: &str) -> Option<Self> {
        let connection = sdp.lines().find_map(|l| l.strip_prefix("c="))?;
        let ip: IpAddr = connection.split_whitespace().nth(2)?.parse().ok()?;
        let media = sdp.lines().find_map(|l| l.strip_prefix("m=audio "))?;
        let mut words = media.split_whitespace();
        let port = words.next()?.parse().ok()?;
        let direction = ["sendonly", "recvonly", "inactive"]
            .into_iter()
            .find(|d| sdp.lines().any(|l| l.trim_end() == format!("a={d}")))
            .unwrap_or("sendrecv");
        Some(Self {
            rtp: SocketAddr::new(ip, port),
            formats: words.skip(1).filter_map(|w| w.parse().ok()).collect(),
            direction: direction.to_owned(),
        })
    }
}
