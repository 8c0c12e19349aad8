//! Dials TCP and TLS connections.

use super::tls;
use crate::leg::Transport;
use socket2::{SockRef, TcpKeepalive};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// A connection, TLS handshake included, must be there within this.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// Dead peers are noticed by probes: after this silence, then that often.
const KEEPALIVE: Duration = Duration::from_secs(90);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// What a connection is made of.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Opens a connection. For TLS the certificate must carry `name`, or the address when there is none.
///
/// # Errors
/// What the socket or the handshake said; a time-out as [`io::ErrorKind::TimedOut`].
pub(super) async fn open(
    transport: Transport,
    remote: SocketAddr,
    name: Option<Arc<str>>,
    connector: &TlsConnector,
) -> io::Result<Box<dyn Stream>> {
    timeout(CONNECT, async {
        let tcp = TcpStream::connect(remote).await?;
        prepare(&tcp);
        if transport != Transport::Tls {
            return Ok(Box::new(tcp) as Box<dyn Stream>);
        }
        let name = name
            .as_deref()
            .map_or_else(|| remote.ip().to_string(), str::to_owned);
        let name = tls::server_name(&name)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no name to check"))?;
        let tls = connector.connect(name, tcp).await?;
        Ok(Box::new(tls) as Box<dyn Stream>)
    })
    .await?
}

/// Sets what every stream socket of ours has: no delay, probes for dead peers.
pub(super) fn prepare(stream: &TcpStream) {
    // Both are improvements, not conditions.
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE_INTERVAL);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}
