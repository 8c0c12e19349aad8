//! An audio plane that only takes notes.

use crate::{
    leg::machine::{Audio, Port},
    media::MediaId,
    rtp::Quality,
    sdp::{Agreed, Fingerprint, Hash, Web},
};
use std::net::{IpAddr, SocketAddr};

/// Notes what the machine wants of the media plane.
#[derive(Default)]
pub struct Notes {
    pub opened: u64,
    pub closed: Vec<MediaId>,
    pub configured: Vec<Agreed>,
    pub digits: String,
    pub full: bool,
    /// The WebRTC gateway is off.
    pub no_gateway: bool,
    pub muted: Vec<bool>,
}

impl Audio for Notes {
    fn open(&mut self, _group: u64, _towards: IpAddr) -> Option<Port> {
        if self.full {
            return None;
        }
        self.opened += 1;
        Some(Port {
            id: MediaId(self.opened),
            rtp: "198.51.100.1:20000".parse().ok()?,
            rtcp: "198.51.100.1:20001".parse().ok()?,
            web: None,
        })
    }

    fn open_web(&mut self, _group: u64) -> Option<Port> {
        if self.full || self.no_gateway {
            return None;
        }
        self.opened += 1;
        let address: SocketAddr = "198.51.100.1:3478".parse().ok()?;
        Some(Port {
            id: MediaId(self.opened),
            rtp: address,
            rtcp: address,
            web: Some(Box::new(Web {
                ufrag: format!("ours{}", self.opened),
                pwd: "a-password-of-twenty-two".to_owned(),
                fingerprint: Fingerprint {
                    hash: Hash::Sha256,
                    bytes: vec![7; 32],
                },
                candidates: vec![address],
            })),
        })
    }

    fn mute(&mut self, _id: MediaId, on: bool) {
        self.muted.push(on);
    }

    fn configure(&mut self, _id: MediaId, agreed: &Agreed) {
        self.configured.push(agreed.clone());
    }

    fn send_digits(&mut self, _id: MediaId, digits: &str) {
        self.digits.push_str(digits);
    }

    fn close(&mut self, id: MediaId) -> Option<Quality> {
        self.closed.push(id);
        Some(Quality::default())
    }
}
