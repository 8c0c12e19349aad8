//! The few lines that a browser of the tests reads of a session description itself.

use crate::audio::{Choice, EVENT, Format};
use std::net::SocketAddr;

/// The payload types of the audio line of a description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Formats {
    audio: Vec<(u8, Format)>,
    events: Vec<(u8, u32)>,
}

impl Formats {
    /// What a browser with these codecs offers.
    pub fn offered(codecs: &[Format]) -> Self {
        let numbered = codecs.iter().map(|format| match format {
            Format::Opus => (111, *format),
            Format::G722 => (9, *format),
            Format::Pcmu => (0, *format),
            Format::Pcma => (8, *format),
        });
        Self {
            audio: numbered.collect(),
            events: vec![(110, 48_000), (126, 8_000)],
        }
    }

    /// Opus under this number and nothing else.
    pub fn only_opus(kind: u8) -> Self {
        Self {
            audio: vec![(kind, Format::Opus)],
            events: Vec::new(),
        }
    }

    /// What it answers to an offer: all that it knows, in the offer's order and under its numbers.
    pub fn answered(offer: &str, codecs: &[Format]) -> Self {
        let mut formats = Self::read(offer);
        formats.audio.retain(|(_, format)| codecs.contains(format));
        formats
    }

    /// The description with these formats in the place of its own. Attributes must follow `c=`, so they
    /// are written last.
    pub fn write_into(&self, sdp: &str) -> String {
        let mut text = String::new();
        for line in sdp.lines().map(str::trim_end) {
            if let Some(rest) = line.strip_prefix("m=audio ") {
                let mut words: Vec<String> = rest.split(' ').take(2).map(str::to_owned).collect();
                words.extend(self.audio.iter().map(|(kind, _)| kind.to_string()));
                words.extend(self.events.iter().map(|(kind, _)| kind.to_string()));
                text.push_str(&format!("m=audio {}\r\n", words.join(" ")));
            } else if !["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"]
                .iter()
                .any(|start| line.starts_with(start))
            {
                text.push_str(line);
                text.push_str("\r\n");
            }
        }
        for (kind, format) in &self.audio {
            text.push_str(&format!("a=rtpmap:{kind} {}\r\n", format.rtpmap()));
            if *format == Format::Opus {
                text.push_str(&format!("a=fmtp:{kind} minptime=10;useinbandfec=1\r\n"));
            }
        }
        for (kind, clock) in &self.events {
            text.push_str(&format!("a=rtpmap:{kind} telephone-event/{clock}\r\n"));
        }
        text
    }

    /// Reads the first audio line, in its order.
    pub fn read(sdp: &str) -> Self {
        let mut formats = Self::default();
        let line = sdp.lines().find_map(|l| l.strip_prefix("m=audio "));
        let kinds = line.into_iter().flat_map(|l| l.split_whitespace().skip(2));
        for kind in kinds.filter_map(|word| word.parse::<u8>().ok()) {
            let prefix = format!("a=rtpmap:{kind} ");
            let map = sdp.lines().find_map(|l| l.strip_prefix(prefix.as_str()));
            let map = map.map(str::trim_end).unwrap_or(match kind {
                0 => "PCMU/8000",
                8 => "PCMA/8000",
                9 => "G722/8000",
                _ => "",
            });
            if let Some(format) = Format::named(map) {
                formats.audio.push((kind, format));
            } else if let Some(clock) = map.to_lowercase().strip_prefix("telephone-event/") {
                formats.events.push((kind, clock.parse().unwrap_or(8_000)));
            }
        }
        formats
    }

    /// The codec of a payload type.
    pub fn of(&self, kind: u8) -> Option<Format> {
        let found = self.audio.iter().find(|(number, _)| *number == kind);
        found.map(|(_, format)| *format)
    }

    /// Whether a payload type is telephone-event.
    pub fn is_event(&self, kind: u8) -> bool {
        self.events.iter().any(|(number, _)| *number == kind)
    }

    /// The codecs, best first.
    pub fn codecs(&self) -> Vec<Format> {
        self.audio.iter().map(|(_, format)| *format).collect()
    }

    /// The clocks of telephone-event, in order.
    pub fn event_clocks(&self) -> Vec<u32> {
        self.events.iter().map(|(_, clock)| *clock).collect()
    }

    /// How one speaks after this answer: its first codec, and the keys of that codec's clock.
    pub fn choice(&self) -> Option<Choice> {
        let (kind, format) = *self.audio.first()?;
        let clock = if format == Format::Opus {
            48_000
        } else {
            8_000
        };
        let fitting = self.events.iter().find(|(_, own)| *own == clock);
        let events = fitting.or(self.events.first()).map(|(kind, _)| *kind);
        Some(Choice {
            format,
            kind,
            events: events.unwrap_or(EVENT),
        })
    }
}

/// The `a=candidate` values of a description.
pub fn candidates(sdp: &str) -> Vec<String> {
    let lines = sdp.lines().filter_map(|l| l.trim_end().strip_prefix("a="));
    let lines = lines.filter(|l| l.starts_with("candidate:"));
    lines.map(str::to_owned).collect()
}

/// Where the UDP candidates of a description lead.
pub fn addresses(sdp: &str) -> Vec<SocketAddr> {
    let all = candidates(sdp);
    let words = all.iter().map(|c| c.split_whitespace().collect::<Vec<_>>());
    let udp = words.filter(|w| w.len() >= 6 && w[2].eq_ignore_ascii_case("udp"));
    udp.filter_map(|w| Some(SocketAddr::new(w[4].parse().ok()?, w[5].parse().ok()?)))
        .collect()
}

/// The description with one host candidate in the place of all.
pub fn with_candidate(sdp: &str, address: SocketAddr) -> String {
    let mut text = String::new();
    let mut written = false;
    for line in sdp.lines() {
        if !line.starts_with("a=candidate:") {
            text.push_str(line.trim_end());
            text.push_str("\r\n");
        } else if !written {
            written = true;
            let (ip, port) = (address.ip(), address.port());
            text.push_str(&format!(
                "a=candidate:1 1 udp 2130706431 {ip} {port} typ host\r\n"
            ));
        }
    }
    text
}

/// The value of the first attribute of this name.
pub fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = sdp.lines().filter_map(|l| l.trim_end().strip_prefix("a="));
    lines.find_map(|l| l.strip_prefix(name)?.strip_prefix(':'))
}
