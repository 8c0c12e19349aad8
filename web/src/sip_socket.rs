//! `/sip`: SIP over WebSocket (RFC 7118), so that browser phones such as JsSIP and SIP.js register and call
//! like any other phone. One message of the socket is one of SIP's; the exchange does the rest.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::SEC_WEBSOCKET_PROTOCOL,
    rt,
    web::{Data, Payload, ServiceConfig, get},
};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, Session};
use actors::LONGEST_SIP_MESSAGE;
use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::{
    client::Client,
    state::State,
    v1::error::{Error, Result},
};

/// The subprotocol (RFC 7118 §4).
const SUBPROTOCOL: &str = "sip";
/// Messages read from a socket that may wait for the exchange.
const WAITING: usize = 64;
/// How often a silent client is pinged.
const PING: Duration = Duration::from_secs(15);
/// A client that is silent for this long is gone.
const SILENCE: Duration = Duration::from_secs(45);
/// A client that takes nothing for this long is gone.
const STALLED: Duration = Duration::from_secs(10);
/// Seconds to wait when too many connections are open.
const RETRY: u32 = 30;

/// Registers this route.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/sip", get().to(open));
}

/// Upgrades the connection and hands it to the exchange.
async fn open(request: HttpRequest, payload: Payload, state: Data<State>) -> Result<HttpResponse> {
    if !offers_sip(&request) {
        return Err(Error::Malformed(
            "Sec-WebSocket-Protocol must offer sip".to_owned(),
        ));
    }
    let client = Client::of(&request, &state.proxies).ok_or(Error::Internal)?;
    let (response, session, stream) =
        actix_ws::handle_with_protocols(&request, payload, &[SUBPROTOCOL])
            .map_err(|_| Error::Malformed("Must be a WebSocket handshake".to_owned()))?;
    let (sender, incoming) = mpsc::channel(WAITING);
    let queue = state
        .exchange
        .accept_sip(client.local, client.remote, client.secure, incoming)
        .ok_or(Error::TooMany(RETRY))?;
    let stream = stream
        .max_frame_size(LONGEST_SIP_MESSAGE)
        .aggregate_continuations()
        .max_continuation_size(LONGEST_SIP_MESSAGE);
    rt::spawn(carry(session, stream, sender, queue));
    Ok(response)
}

fn offers_sip(request: &HttpRequest) -> bool {
    let offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    offers
        .filter_map(|offer| offer.to_str().ok())
        .flat_map(|offer| offer.split(','))
        .any(|name| name.trim() == SUBPROTOCOL)
}

/// Reads and writes until either side is done.
async fn carry(
    mut session: Session,
    mut stream: AggregatedMessageStream,
    sender: mpsc::Sender<Bytes>,
    mut queue: mpsc::Receiver<Bytes>,
) {
    let mut beat = interval(PING);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let code = loop {
        let written = tokio::select! {
            message = stream.recv() => {
                heard = Instant::now();
                match message {
                    Some(Ok(message)) => match take(message, &mut session, &sender).await {
                        Ok(()) => continue,
                        Err(code) => break code,
                    },
                    Some(Err(_)) => break CloseCode::Protocol,
                    None => break CloseCode::Normal,
                }
            }
            message = queue.recv() => match message {
                Some(message) => timeout(STALLED, write(&mut session, &message)).await,
                None => break CloseCode::Away,
            },
            _ = beat.tick() => match heard.elapsed() {
                silent if silent >= SILENCE => break CloseCode::Away,
                silent if silent >= PING => timeout(STALLED, session.ping(b"")).await,
                _ => continue,
            },
        };
        if !matches!(written, Ok(Ok(()))) {
            break CloseCode::Away;
        }
    };
    // Who is gone needs no farewell.
    let _ = timeout(STALLED, session.close(Some(code.into()))).await;
}

/// Handles what came in; the code to close with when it was the last.
async fn take(
    message: AggregatedMessage,
    session: &mut Session,
    sender: &mpsc::Sender<Bytes>,
) -> std::result::Result<(), CloseCode> {
    let message = match message {
        AggregatedMessage::Text(text) => text.into_bytes(),
        AggregatedMessage::Binary(bytes) => bytes,
        AggregatedMessage::Ping(text) => {
            let pong = timeout(STALLED, session.pong(&text)).await;
            return match pong {
                Ok(Ok(())) => Ok(()),
                _ => Err(CloseCode::Away),
            };
        }
        AggregatedMessage::Pong(_) => return Ok(()),
        AggregatedMessage::Close(_) => return Err(CloseCode::Normal),
    };
    sender.send(message).await.map_err(|_| CloseCode::Away)
}

/// SIP is text as long as its bodies are (RFC 7118 §5.1).
async fn write(
    session: &mut Session,
    message: &Bytes,
) -> std::result::Result<(), actix_ws::Closed> {
    match std::str::from_utf8(message) {
        Ok(text) => session.text(text.to_owned()).await,
        Err(_) => session.binary(message.clone()).await,
    }
}
