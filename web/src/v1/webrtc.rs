//! `GET /v1/webrtc`: the WebSocket of softphones. Carries frames between the socket and its session, checks
//! tokens, and decides nothing else. It stands before the gate: the first frame authenticates.

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    web::{self, Data, Payload},
};
use actix_ws::{
    AggregatedMessage as Message, AggregatedMessageStream as Messages, CloseCode, CloseReason,
};
use actors::{BadToken, LONGEST_FRAME, Outgoing, OutgoingFrames, TokenClaims, WebrtcSession};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use super::error::{Error, Result};
use crate::{
    auth::{TokenError, user_token::verify_user_token},
    client::Client,
    state::State,
};

/// The only subprotocol.
const PROTOCOL: &str = "dialstack.webrtc.v1";
/// What is read of a frame that is too large before nothing more is, in bytes: enough for the client to
/// hear why it is closed instead of a broken connection.
const MOST_READ: usize = 4 * LONGEST_FRAME;
/// A client that does not take one frame for so long is gone.
const STALLED: Duration = Duration::from_secs(10);

/// The route. It is no operation of the REST document.
pub fn route() -> Resource {
    web::resource("/v1/webrtc").route(web::get().to(open))
}

async fn open(request: HttpRequest, body: Payload, state: Data<State>) -> Result<HttpResponse> {
    if state.is_draining() {
        return Err(Error::Unavailable("The exchange is shutting down"));
    }
    let shaken = actix_ws::handle_with_protocols(&request, body, &[PROTOCOL]);
    let (response, socket, messages) =
        shaken.map_err(|_| Error::Malformed("This is a WebSocket".into()))?;
    if !response.headers().contains_key("Sec-WebSocket-Protocol") {
        let why = format!("The WebSocket subprotocol must be {PROTOCOL}");
        return Err(Error::Malformed(why));
    }
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let client = Client::of(&request, &state.proxies);
    let peer = client.map_or(nowhere, |client| client.remote.ip());
    let session = state.exchange.open_webrtc_session(peer);
    let messages = messages
        .max_frame_size(MOST_READ)
        .aggregate_continuations()
        .max_continuation_size(MOST_READ);
    actix_web::rt::spawn(async move {
        let outgoing = session.outgoing();
        tokio::select! {
            () = write(outgoing, socket.clone()) => {}
            () = read(session, messages, socket, state) => {}
        }
    });
    Ok(response)
}

/// Writes what waits, until the last word or until the socket is gone.
async fn write(frames: OutgoingFrames, mut socket: actix_ws::Session) {
    loop {
        let what = frames.next().await;
        let last = matches!(what, Outgoing::Close(_));
        let to = &mut socket;
        let written = tokio::time::timeout(STALLED, async move {
            match what {
                Outgoing::Text(text) => to.text(text).await,
                Outgoing::Ping => to.ping(b"").await,
                Outgoing::Close(code) => {
                    let reason = CloseReason::from(CloseCode::from(code));
                    to.clone().close(Some(reason)).await
                }
            }
        })
        .await;
        if last || !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

/// Reads frames one after the other, until the socket is gone. The session ends with it.
async fn read(
    mut session: WebrtcSession,
    mut messages: Messages,
    mut socket: actix_ws::Session,
    state: Data<State>,
) {
    while let Some(message) = messages.recv().await {
        match message {
            Ok(Message::Text(text)) if text.len() > LONGEST_FRAME => session.is_flooded().await,
            Ok(Message::Text(text)) => {
                if let Some(frame) = session.reads(&text).await {
                    let claims = check(&state, &frame.token).await;
                    session.proves(frame, claims).await;
                }
            }
            Ok(Message::Binary(_)) => session.reads_binary().await,
            Ok(Message::Ping(bytes)) => {
                if session.is_alive().await && socket.pong(&bytes).await.is_err() {
                    return;
                }
            }
            Ok(Message::Pong(_)) => {
                session.is_alive().await;
            }
            Ok(Message::Close(_)) => {
                let _ = socket.close(None).await;
                return;
            }
            Err(actix_ws::ProtocolError::Overflow) => {
                session.is_flooded().await;
                // The writer says so and closes.
                return std::future::pending().await;
            }
            Err(error) => {
                tracing::debug!(%error, "A softphone's socket broke.");
                return;
            }
        }
    }
}

/// What a token is worth.
async fn check(state: &State, token: &str) -> std::result::Result<TokenClaims, BadToken> {
    match verify_user_token(state, token).await {
        Ok(claims) => Ok(TokenClaims {
            user: claims.user,
            account: claims.account,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
        }),
        Err(TokenError::Invalid) => Err(BadToken::Invalid),
        Err(TokenError::Expired) => Err(BadToken::Expired),
        Err(TokenError::Revoked) => Err(BadToken::Revoked),
        Err(TokenError::Unavailable(error)) => {
            tracing::warn!(%error, "A softphone's token cannot be checked.");
            Err(BadToken::Unchecked)
        }
    }
}
