//! What a leg needs of the media plane.

use crate::{
    media::{MediaId, Plane},
    rtp::Quality,
    sdp::{Agreed, Web},
};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A port pair of ours, or our place at the WebRTC gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Port {
    /// The stream.
    pub id: MediaId,
    /// Address for RTP, as written into SDP.
    pub rtp: SocketAddr,
    /// Address for RTCP.
    pub rtcp: SocketAddr,
    /// What a WebRTC peer has to know; `rtp` and `rtcp` are then the first candidate.
    #[serde(default)]
    pub web: Option<Box<Web>>,
}

/// The media plane as a leg sees it.
pub(crate) trait Audio {
    /// Opens a port pair on the thread of `group`, in the address family of `towards`; none when the
    /// range is used up.
    fn open(&mut self, group: u64, towards: IpAddr) -> Option<Port>;
    /// Opens a WebRTC stream on the thread of `group`; none when the gateway is off or full.
    fn open_web(&mut self, group: u64) -> Option<Port>;
    /// Sets what was agreed; may be repeated.
    fn configure(&mut self, id: MediaId, agreed: &Agreed);
    /// Sends key presses as telephone-events.
    fn send_digits(&mut self, id: MediaId, digits: &str);
    /// Lets nobody hear the party but silence, or lets it be heard again. Its keys count all the same.
    fn mute(&mut self, id: MediaId, on: bool);
    /// Gives the ports back and the figures.
    fn close(&mut self, id: MediaId) -> Option<Quality>;
}

impl Audio for Plane {
    fn open(&mut self, group: u64, towards: IpAddr) -> Option<Port> {
        let opened = Plane::open(self, group, towards).ok()?;
        Some(Port {
            id: opened.id,
            rtp: opened.rtp,
            rtcp: opened.rtcp,
            web: None,
        })
    }

    fn open_web(&mut self, group: u64) -> Option<Port> {
        let (opened, web) = Plane::open_web(self, group).ok()?;
        Some(Port {
            id: opened.id,
            rtp: opened.rtp,
            rtcp: opened.rtcp,
            web: Some(Box::new(web)),
        })
    }

    fn configure(&mut self, id: MediaId, agreed: &Agreed) {
        Plane::configure(self, id, agreed.clone());
    }

    fn send_digits(&mut self, id: MediaId, digits: &str) {
        self.send_dtmf(id, digits);
    }

    fn mute(&mut self, id: MediaId, on: bool) {
        Plane::mute(self, id, on);
    }

    fn close(&mut self, id: MediaId) -> Option<Quality> {
        Plane::close(self, id)
    }
}
