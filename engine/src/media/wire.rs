//! What carries a leg's packets: a port pair of its own, or the line to a WebRTC peer, which comes once
//! the gateway has let the peer in.

use crate::{
    rtp::ports::{Lease, Pair},
    webrtc::{Gateway, Line, Place},
};
use mio::{Interest, Registry, Token, net::UdpSocket};
use std::{io, net::SocketAddr};

/// A wire.
pub(super) enum Wire {
    /// RTP and RTCP on ports of their own.
    Ports(Ports),
    /// Everything over the port of the gateway.
    Web(Web),
}

/// Two sockets.
pub(super) struct Ports {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// Last, so that the ports are free only after the sockets are closed.
    _lease: Lease,
}

/// A place at the gateway, and the line to the peer once it is there.
pub(super) struct Web {
    gateway: Gateway,
    line: Option<Connected>,
    /// Gives the place back.
    _place: Place,
}

struct Connected {
    socket: UdpSocket,
    listener: usize,
    peer: SocketAddr,
}

impl Wire {
    /// A wire of two sockets.
    pub fn of_ports(pair: Pair) -> Self {
        Self::Ports(Ports {
            rtp: UdpSocket::from_std(pair.rtp),
            rtcp: UdpSocket::from_std(pair.rtcp),
            _lease: pair.lease,
        })
    }

    /// A wire that waits for its peer.
    pub fn of_web(gateway: Gateway, place: Place) -> Self {
        Self::Web(Web {
            gateway,
            line: None,
            _place: place,
        })
    }

    /// Whether it leads to a WebRTC peer.
    pub fn is_web(&self) -> bool {
        matches!(self, Self::Web(_))
    }

    /// The socket that RTP comes in by, or RTCP alone.
    pub fn socket(&self, control: bool) -> Option<&UdpSocket> {
        match self {
            Self::Ports(ports) if control => Some(&ports.rtcp),
            Self::Ports(ports) => Some(&ports.rtp),
            Self::Web(web) => web.line.as_ref().map(|line| &line.socket),
        }
    }

    /// The WebRTC peer, once it is there.
    pub fn peer(&self) -> Option<SocketAddr> {
        match self {
            Self::Ports(_) => None,
            Self::Web(web) => web.line.as_ref().map(|line| line.peer),
        }
    }

    /// Sends RTP, or RTCP on its own port.
    pub fn send(&self, bytes: &[u8], target: SocketAddr, control: bool) -> io::Result<usize> {
        match self {
            Self::Ports(ports) if control => ports.rtcp.send_to(bytes, target),
            Self::Ports(ports) => ports.rtp.send_to(bytes, target),
            Self::Web(web) => match &web.line {
                Some(line) => line.socket.send(bytes),
                None => Err(io::ErrorKind::NotConnected.into()),
            },
        }
    }

    /// Takes a datagram of a WebRTC line that is not media of the peer, and passes it to the gateway.
    /// Says whether it was one.
    pub fn divert(&self, bytes: &[u8], from: SocketAddr) -> bool {
        let Self::Web(web) = self else {
            return false;
        };
        let Some(line) = &web.line else {
            return true;
        };
        let media = matches!(bytes.first(), Some(128..=191));
        if media && from == line.peer {
            return false;
        }
        web.gateway.pass_on(line.listener, from, bytes);
        true
    }

    /// Takes up the line to the peer, in place of the one before.
    pub fn join(&mut self, line: Line, registry: &Registry, token: Token) -> io::Result<()> {
        let Self::Web(web) = self else {
            return Ok(());
        };
        let mut socket = UdpSocket::from_std(line.socket);
        registry.register(&mut socket, token, Interest::READABLE)?;
        web.cut(registry);
        web.line = Some(Connected {
            socket,
            listener: line.listener,
            peer: line.peer,
        });
        Ok(())
    }

    /// Cuts the line to the peer: nothing is sent to it any more.
    pub fn cut(&mut self, registry: &Registry) {
        if let Self::Web(web) = self {
            web.cut(registry);
        }
    }

    /// Starts to listen: RTP under the token, RTCP under the next.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let readable = Interest::READABLE;
        match self {
            Self::Ports(ports) => {
                registry.register(&mut ports.rtp, token, readable)?;
                registry.register(&mut ports.rtcp, Token(token.0 + 1), readable)
            }
            Self::Web(web) => match &mut web.line {
                Some(line) => registry.register(&mut line.socket, token, readable),
                None => Ok(()),
            },
        }
    }

    /// Stops listening.
    pub fn deregister(&mut self, registry: &Registry) {
        let quiet = |done: io::Result<()>| {
            if let Err(error) = done {
                tracing::debug!(%error, "a media socket was not listened to");
            }
        };
        match self {
            Self::Ports(ports) => {
                quiet(registry.deregister(&mut ports.rtp));
                quiet(registry.deregister(&mut ports.rtcp));
            }
            Self::Web(web) => {
                if let Some(line) = &mut web.line {
                    quiet(registry.deregister(&mut line.socket));
                }
            }
        }
    }
}

impl Web {
    fn cut(&mut self, registry: &Registry) {
        if let Some(mut line) = self.line.take()
            && let Err(error) = registry.deregister(&mut line.socket)
        {
            tracing::debug!(%error, "a WebRTC line was not listened to");
        }
    }
}
