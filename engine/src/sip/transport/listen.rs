//! Accepts TCP and TLS connections.

use super::{Flow, connect, hub::Hub};
use crate::leg::Transport;
use socket2::{Domain, Protocol, Socket, Type};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, time::timeout};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A TLS handshake must be through within this.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Rest after the system refused to accept (no descriptors left), so that it is not asked in a loop.
const REST: Duration = Duration::from_millis(100);

/// Opens a listener. One on `[::]` takes IPv6 only: IPv4 has listeners of its own.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts for ever.
pub(super) async fn accept(listener: TcpListener, transport: Transport, hub: Arc<Hub>) {
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "A SIP listener cannot accept");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        connect::prepare(&stream);
        let Ok(local) = stream.local_addr() else {
            continue;
        };
        let Some((id, queue)) = hub.enter(transport, remote) else {
            tracing::debug!(%remote, "Too many connections");
            continue;
        };
        let hub = hub.clone();
        tokio::spawn(async move {
            let flow = Flow {
                transport,
                local,
                remote,
                connection: Some(id),
            };
            if transport == Transport::Tls {
                let Some(acceptor) = hub.certificates().acceptor() else {
                    return hub.left(id, transport);
                };
                match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(tls)) => hub.carry(tls, flow, queue, false).await,
                    Ok(Err(error)) => tracing::debug!(%remote, %error, "A TLS handshake failed"),
                    Err(_) => tracing::debug!(%remote, "A TLS handshake took too long"),
                }
            } else {
                hub.carry(stream, flow, queue, false).await;
            }
            hub.left(id, transport);
        });
    }
}
