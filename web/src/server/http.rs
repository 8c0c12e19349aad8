//! The HTTP listener: how sockets are set up, and what every worker serves.

use std::{
    any::Any,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::from_fn,
    web::{self, Data},
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use utoipa_actix_web::{AppExt, service_config::ServiceConfig};
use utoipa_swagger_ui::{Config as DocsConfig, SwaggerUi};

use super::{GOODBYE, StartError};
use crate::{
    client::Ends,
    config::{Config, Http},
    health,
    middleware::{cors::cors, observe::observe, put_alias::put_alias},
    sip_socket, softphone,
    state::State,
    v1::{self, openapi::Api},
};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// Bytes that may wait in the system for one reader.
const SEND_BUFFER: usize = 128 * 1024;

/// Binds the listener. An IPv6 one takes IPv4 too.
pub fn bind(http: &Http) -> Result<TcpListener, StartError> {
    listen(http.listen).map_err(|error| StartError::Http(http.listen, error))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The document, collected from the same registration that serves.
pub fn document() -> Api {
    let app = App::new().into_utoipa_app().configure(routes);
    Api::new(&app.split_for_parts().1)
}

/// Everything that is served and documented.
fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(health::routes).configure(v1::routes);
}

/// The server; it runs when polled.
pub fn serve(listener: TcpListener, config: &Config, state: State) -> std::io::Result<Server> {
    let http = &config.http;
    let with_sip = config.sip.ws;
    let state = Data::new(state);
    let stalled = http.stalled;
    let with_softphone = http.softphone;
    let workers = match http.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let server = HttpServer::new(move || {
        let docs = DocsConfig::new(["/openapi.json"]);
        App::new()
            .app_data(state.clone())
            // Before the scope that would take its path.
            .service(v1::webrtc::route())
            .into_utoipa_app()
            .configure(routes)
            .split_for_parts()
            .0
            .service(SwaggerUi::new("/docs/{_:.*}").config(docs))
            .configure(|config| {
                if with_softphone {
                    softphone::routes(config);
                }
                if with_sip {
                    sip_socket::routes(config);
                }
            })
            .default_service(web::to(v1::unmatched))
            .wrap(from_fn(put_alias))
            .wrap(from_fn(cors))
            .wrap(from_fn(observe))
    })
    .workers(workers)
    .max_connections(http.connections.div_ceil(workers))
    .keep_alive(http.keep_alive)
    .client_request_timeout(http.request_time)
    .shutdown_timeout(GOODBYE)
    // A client that closes its side is gone: event streams give their seat back at once.
    .h1_allow_half_closed(false)
    .disable_signals()
    .on_connect(move |connection, data| {
        if let Some(ends) = prepare(connection, stalled) {
            data.insert(ends);
        }
    })
    .listen(listener)?;
    Ok(server.run())
}

/// Bounds what a reader that takes nothing can hold: its connection is ended by the system. Notes who is
/// connected with whom.
fn prepare(connection: &dyn Any, stalled: Duration) -> Option<Ends> {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>()?;
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(stalled));
    Some(Ends {
        local: stream.local_addr().ok()?,
        remote: stream.peer_addr().ok()?,
    })
}
