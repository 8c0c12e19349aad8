//! Listeners between being opened and being set to work, so that nothing comes in before all are there.

use super::{listen, udp::Udp};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// The listeners that were opened and have not been set to work yet.
pub(crate) struct Opened {
    pub(super) udp: Vec<Arc<Udp>>,
    pub(super) tcp: Vec<TcpListener>,
    pub(super) tls: Option<TcpListener>,
}

impl Opened {
    /// Opens every listener.
    ///
    /// # Errors
    /// The first that cannot be opened, with its transport.
    pub(crate) fn open(
        udp: &[SocketAddr],
        tcp: &[SocketAddr],
        tls: Option<SocketAddr>,
    ) -> Result<Opened, (SocketAddr, &'static str, io::Error)> {
        let mut opened = Opened {
            udp: Vec::new(),
            tcp: Vec::new(),
            tls: None,
        };
        for &address in udp {
            let socket = Udp::bind(address).map_err(|e| (address, "udp", e))?;
            opened.udp.push(Arc::new(socket));
        }
        for &address in tcp {
            let listener = listen::bind(address).map_err(|e| (address, "tcp", e))?;
            opened.tcp.push(listener);
        }
        if let Some(address) = tls {
            let listener = listen::bind(address).map_err(|e| (address, "tls", e))?;
            opened.tls = Some(listener);
        }
        Ok(opened)
    }

    /// The addresses, in the order they were asked for: UDP, TCP, TLS.
    pub(crate) fn addresses(&self) -> (Vec<SocketAddr>, Vec<SocketAddr>, Option<SocketAddr>) {
        let real = |l: &TcpListener| l.local_addr().ok();
        (
            self.udp.iter().map(|u| u.address()).collect(),
            self.tcp.iter().filter_map(real).collect(),
            self.tls.as_ref().and_then(real),
        )
    }
}
