//! One peer of the gateway: its ICE, its handshake, and which of them lets it go on. Pure.

use super::{
    dtls::{Crypto, Failure, Handshake},
    ice::{Agent, Path, Refusal, Valid},
    stun::Message,
};
use crate::{media::MediaId, rtp::srtp::SrtpKeys, sdp::Dtls};
use std::time::{Duration, Instant};

/// Time from the agreement to the end of the handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// DTLS datagrams that wait for the agreement: a peer may be quicker than its answer.
const MOST_EARLY: usize = 8;

/// Time after which the peer repeats no flight of the handshake any more.
const AFTERGLOW: Duration = Duration::from_secs(60);

/// What a peer leads to.
#[derive(Debug)]
pub(super) enum Output {
    /// A datagram to send.
    Send(Path, Vec<u8>),
    /// Media flows over this path from now on, with these keys.
    Join {
        /// Where.
        path: Path,
        /// What protects it.
        keys: SrtpKeys,
        /// It flowed over another path before.
        again: bool,
    },
    /// There will be no media.
    Lost(Loss),
}

/// Why there will be no media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The handshake failed.
    Handshake(Failure),
    /// The peer does not want to hear us any more, or is gone.
    Consent,
}

/// State of a peer.
pub(super) struct Peer {
    /// The stream it belongs to.
    pub id: MediaId,
    pub agent: Agent,
    stage: Stage,
}

enum Stage {
    /// Its description has not come.
    Unknown { early: Vec<(Path, Box<[u8]>)> },
    /// The handshake goes on.
    Shaking {
        handshake: Box<Handshake>,
        until: Instant,
        /// Where the last datagram of it came from.
        via: Option<Path>,
    },
    /// Media flows.
    Joined {
        keys: Box<SrtpKeys>,
        path: Path,
        handshake: Option<Box<Handshake>>,
        since: Instant,
    },
    /// Nothing more will come of it.
    Lost,
}

impl Peer {
    /// A peer whose description is awaited.
    pub fn new(id: MediaId, pwd: &str) -> Self {
        Self {
            id,
            agent: Agent::new(pwd),
            stage: Stage::Unknown { early: Vec::new() },
        }
    }

    /// Whether its handshake is through and it is still here.
    pub fn is_joined(&self) -> bool {
        matches!(self.stage, Stage::Joined { .. })
    }

    /// Whether its handshake goes on.
    pub fn is_shaking(&self) -> bool {
        matches!(self.stage, Stage::Shaking { .. })
    }

    /// Learns who the peer is. Once its handshake is through, another is not taken up: it would need
    /// another stream.
    pub fn configure(&mut self, crypto: &Crypto, dtls: &Dtls, now: Instant, out: &mut Vec<Output>) {
        let early = match &mut self.stage {
            Stage::Unknown { early } => std::mem::take(early),
            Stage::Shaking { handshake, .. } if handshake.peer() != dtls => Vec::new(),
            _ => return,
        };
        let handshake = match Handshake::new(crypto, dtls, now) {
            Ok(handshake) => Box::new(handshake),
            Err(why) => return self.lose(Loss::Handshake(why), out),
        };
        self.stage = Stage::Shaking {
            handshake,
            until: now + HANDSHAKE_LIMIT,
            via: None,
        };
        self.begin(now, out);
        for (path, bytes) in early {
            self.datagram(path, &bytes, now, out);
        }
    }

    /// Takes an ICE check.
    pub fn check(
        &mut self,
        request: &Message<'_>,
        path: Path,
        now: Instant,
        out: &mut Vec<Output>,
    ) -> Result<Valid, Refusal> {
        let checked = self.agent.check(request, path, now);
        out.push(Output::Send(path, checked.answer));
        let valid = checked.outcome?;
        if valid.nominated {
            self.begin(now, out);
            if let Stage::Joined { keys, path: at, .. } = &mut self.stage
                && *at != path
            {
                *at = path;
                out.push(Output::Join {
                    path,
                    keys: **keys,
                    again: true,
                });
            }
        }
        Ok(valid)
    }

    /// Takes a DTLS datagram that came over a path that was checked.
    pub fn datagram(&mut self, path: Path, bytes: &[u8], now: Instant, out: &mut Vec<Output>) {
        let mut sent = Vec::new();
        let done = match &mut self.stage {
            Stage::Unknown { early } if early.len() < MOST_EARLY => {
                early.push((path, bytes.into()));
                return;
            }
            Stage::Shaking { handshake, via, .. } => {
                *via = Some(path);
                handshake.receive(bytes, now, &mut sent)
            }
            Stage::Joined {
                handshake: Some(handshake),
                ..
            } => handshake.receive(bytes, now, &mut sent),
            Stage::Unknown { .. } | Stage::Joined { .. } | Stage::Lost => return,
        };
        let back = |datagram: bytes::BytesMut| Output::Send(path, datagram.to_vec());
        out.extend(sent.into_iter().map(back));
        match done {
            Ok(None) => {}
            Ok(Some(keys)) => self.join(keys, path, now, out),
            Err(why) => self.lose(Loss::Handshake(why), out),
        }
    }

    /// Looks what is due.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        let nominated = self.agent.nominated();
        match &mut self.stage {
            Stage::Shaking { until, .. } if now >= *until => {
                self.lose(Loss::Handshake(Failure::Timeout), out);
            }
            Stage::Shaking { handshake, via, .. } => {
                let Some(path) = nominated.or(*via) else {
                    return;
                };
                let mut sent = Vec::new();
                handshake.tick(now, &mut sent);
                let send = |datagram: bytes::BytesMut| Output::Send(path, datagram.to_vec());
                out.extend(sent.into_iter().map(send));
            }
            Stage::Joined { .. } if self.agent.is_revoked(now) => self.lose(Loss::Consent, out),
            Stage::Joined {
                handshake, since, ..
            } if now.saturating_duration_since(*since) > AFTERGLOW => *handshake = None,
            Stage::Unknown { .. } | Stage::Joined { .. } | Stage::Lost => {}
        }
    }

    /// Gives the peer up.
    pub fn give_up(&mut self) {
        self.stage = Stage::Lost;
    }

    fn lose(&mut self, why: Loss, out: &mut Vec<Output>) {
        self.give_up();
        out.push(Output::Lost(why));
    }

    /// Says hello, when that is ours to do and it is known where to.
    fn begin(&mut self, now: Instant, out: &mut Vec<Output>) {
        let Some(path) = self.agent.nominated() else {
            return;
        };
        let Stage::Shaking { handshake, .. } = &mut self.stage else {
            return;
        };
        let mut sent = Vec::new();
        let begun = handshake.begin(now, &mut sent);
        let send = |datagram: bytes::BytesMut| Output::Send(path, datagram.to_vec());
        out.extend(sent.into_iter().map(send));
        if let Err(why) = begun {
            self.lose(Loss::Handshake(why), out);
        }
    }

    fn join(&mut self, keys: SrtpKeys, via: Path, now: Instant, out: &mut Vec<Output>) {
        let path = self.agent.nominated().unwrap_or(via);
        let was = std::mem::replace(&mut self.stage, Stage::Lost);
        let Stage::Shaking { handshake, .. } = was else {
            return;
        };
        self.stage = Stage::Joined {
            keys: Box::new(keys),
            path,
            handshake: Some(handshake),
            since: now,
        };
        out.push(Output::Join {
            path,
            keys,
            again: false,
        });
    }
}
