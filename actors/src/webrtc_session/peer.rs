//! The socket's side of a session: what `web` holds for each connection.

use super::{
    actor::raise,
    bucket::Bucket,
    frames::{self, ClientFrame, Code, Received, Trouble},
    messages::{BadToken, Input, Proof, TokenClaims},
    table::Entry,
    wire::Outgoing,
};
use crate::{rooms::Rooms, supervision::Full};
use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// The largest frame that is read, in bytes; it may come in parts.
pub const LONGEST_FRAME: usize = 64 * 1024;

/// Between two attempts to hand in what there was no room for, and after a frame that was one too many.
const WAIT: Duration = Duration::from_millis(5);

/// One connection. Dropping it means that the socket is gone: every call of it ends.
pub struct WebrtcSession {
    entry: Arc<Entry>,
    bucket: Bucket,
}

/// A frame with a token that is to be checked before anything else is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFrame {
    /// The token.
    pub token: String,
    req_id: Option<String>,
    refreshes: bool,
    address: Option<String>,
}

impl WebrtcSession {
    /// A session for a socket that has just been opened.
    pub(crate) fn open(rooms: &Arc<Rooms>, peer: IpAddr) -> Self {
        let rules = rooms.config.webrtc_sessions;
        let entry = rooms.sessions.open(peer.to_canonical(), rules);
        raise(rooms, &entry, false);
        Self {
            entry,
            bucket: Bucket::new(rules.frames_a_second, rules.frames_at_once, Instant::now()),
        }
    }

    /// Takes a text frame. One with a token is given back: it is to be checked and handed to
    /// [`proves`](Self::proves) before the next frame is read.
    pub async fn reads(&mut self, text: &str) -> Option<TokenFrame> {
        let free = self.bucket.take(Instant::now());
        let received = frames::read(text);
        let trouble = match received {
            Ok(Received { req_id, .. }) if !free => {
                Trouble::new(Code::RateLimited, "too many frames").answers(req_id)
            }
            Ok(Received { req_id, frame }) => return self.takes(req_id, frame).await,
            Err(unreadable) => {
                let code = match free {
                    true => Code::InvalidMessage,
                    false => Code::RateLimited,
                };
                Trouble::new(code, unreadable.why).answers(unreadable.req_id)
            }
        };
        self.refused(trouble, free).await;
        None
    }

    async fn takes(&self, req_id: Option<String>, frame: ClientFrame) -> Option<TokenFrame> {
        let (token, refreshes, address) = match frame {
            ClientFrame::Authenticate {
                token,
                emergency_address_id,
            } => (token, false, emergency_address_id),
            ClientFrame::Refresh { token } => (token, true, None),
            frame => {
                self.hands_in(Input::Frame(Received { req_id, frame }))
                    .await;
                return None;
            }
        };
        Some(TokenFrame {
            token,
            req_id,
            refreshes,
            address,
        })
    }

    /// What a token was found to be worth.
    pub async fn proves(&self, frame: TokenFrame, claims: Result<TokenClaims, BadToken>) {
        self.hands_in(Input::Proven(Proof {
            req_id: frame.req_id,
            refreshes: frame.refreshes,
            address: frame.address,
            claims,
        }))
        .await;
    }

    /// A binary frame: there are none in the protocol.
    pub async fn reads_binary(&mut self) {
        let free = self.bucket.take(Instant::now());
        let code = match free {
            true => Code::InvalidMessage,
            false => Code::RateLimited,
        };
        let trouble = Trouble::new(code, "frames are text");
        self.refused(trouble, free).await;
    }

    /// Says what is wrong; to who sends too much at leisure, so that it costs less than it asks for.
    async fn refused(&self, trouble: Trouble, free: bool) {
        self.hands_in(Input::Faulty(trouble)).await;
        if !free {
            tokio::time::sleep(WAIT).await;
        }
    }

    /// A native ping or pong came. Whether a ping is to be answered: there may be too many.
    pub async fn is_alive(&mut self) -> bool {
        let free = self.bucket.take(Instant::now());
        if free {
            self.hands_in(Input::Alive).await;
        }
        free
    }

    /// A frame came that is larger than [`LONGEST_FRAME`].
    pub async fn is_flooded(&self) {
        self.hands_in(Input::Oversize).await;
    }

    /// A client that says more than can be listened to waits in its socket.
    async fn hands_in(&self, input: Input) {
        while self.entry.tell(input.clone()) == Err(Full::Full) {
            tokio::time::sleep(WAIT).await;
        }
    }

    /// The queue alone, for whoever writes while another reads.
    pub fn outgoing(&self) -> OutgoingFrames {
        OutgoingFrames(self.entry.clone())
    }
}

/// What is to be written to a socket.
pub struct OutgoingFrames(Arc<Entry>);

impl OutgoingFrames {
    /// The next thing. Cancel safe; one at a time.
    pub async fn next(&self) -> Outgoing {
        self.0.wire.next().await
    }
}

impl Drop for WebrtcSession {
    fn drop(&mut self) {
        self.entry.answer(Input::Gone);
    }
}
