//! The machine of a session: an input and the time in, effects out. No engine, no database, no socket.

mod calls;
mod presence;
mod signals;

#[cfg(test)]
mod tests;

use super::{
    frames::{ClientFrame, Code, Received, ServerFrame, Trouble},
    messages::{BadToken, Effect, Input, NotAdmitted, Place, Proof, TokenClaims, Why},
};
use crate::config::WebrtcSessions;
use calls::{Call, Setup};
use presence::Watching;
use schema::{Account, Id, Time, User};
use std::collections::VecDeque;

/// Close codes (RFC 6455 §7.4.1).
mod close {
    /// The exchange goes away.
    pub(super) const AWAY: u16 = 1001;
    /// Not allowed, whatever the reason.
    pub(super) const POLICY: u16 = 1008;
    /// A message that is too large.
    pub(super) const TOO_BIG: u16 = 1009;
    /// Not now.
    pub(super) const LATER: u16 = 1013;
}

/// Frames that may wait while the first token is looked at.
const WAITING: usize = 16;
/// Calls that have ended and are still known by name.
const ENDED: usize = 64;

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    rules: WebrtcSessions,
    phase: Phase,
    /// When the client is asked for a sign of life.
    ping_at: Time,
    /// Until when it must have given one.
    pong_by: Option<Time>,
    /// Ends with its last call.
    draining: bool,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// Nobody has said anything.
    Fresh {
        /// Until when somebody must have said who they are.
        until: Time,
    },
    /// The token is good; a seat is being taken.
    Admitting(Box<Admitting>),
    /// Signed in.
    Open(Box<Open>),
    /// Over.
    Over,
}

#[derive(Debug, Clone, PartialEq)]
struct Admitting {
    req_id: Option<String>,
    claims: TokenClaims,
    address: Option<String>,
    /// What the client said in the meantime.
    waiting: Vec<Received>,
}

#[derive(Debug, Clone, PartialEq)]
struct Open {
    user: Id<User>,
    account: Id<Account>,
    issued_at: Time,
    expires_at: Time,
    /// An emergency address of this network is known.
    placed: bool,
    /// Calls that were asked for and have no leg yet.
    setups: Vec<Setup>,
    /// Number of the last of them.
    last_setup: u32,
    calls: Vec<Call>,
    /// Names of calls that have ended, latest last.
    ended: VecDeque<String>,
    watching: Watching,
}

impl State {
    /// A session that has just been opened.
    pub(crate) fn new(rules: WebrtcSessions, now: Time) -> Self {
        Self {
            rules,
            phase: Phase::Fresh {
                until: now.after(rules.prove),
            },
            ping_at: now.after(rules.ping),
            pong_by: None,
            draining: false,
        }
    }

    /// Takes one input and answers what is to be done.
    pub(crate) fn apply(&mut self, input: Input, now: Time) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.phase == Phase::Over {
            if input == Input::Raised {
                out.extend([Effect::Leave, Effect::Finish]);
            }
            return out;
        }
        match input {
            Input::Proven(proof) => {
                self.is_alive();
                self.proven(proof, now, &mut out);
            }
            Input::Frame(received) => {
                self.is_alive();
                self.frame(received, now, &mut out);
            }
            Input::Faulty(trouble) => {
                self.is_alive();
                match self.phase {
                    Phase::Open(_) => out.push(Effect::Send(ServerFrame::Error(trouble))),
                    _ => self.stranger(trouble.req_id, &mut out),
                }
            }
            Input::Alive => self.is_alive(),
            Input::Oversize => {
                let trouble = Trouble::new(Code::InvalidMessage, "the frame is too large");
                self.end(trouble, close::TOO_BIG, &mut out);
            }
            Input::Admitted(result) => self.admitted(result, now, &mut out),
            Input::Revoked(at) => self.revoked(at, &mut out),
            Input::End(why) => self.end_because(why, &mut out),
            Input::Drain => {
                self.draining = true;
                self.settle(&mut out);
            }
            Input::Gone => self.leave(&mut out),
            Input::Raised => self.raised(&mut out),
            Input::Tick => self.tick(now, &mut out),
            Input::Gated(..)
            | Input::Dialled(..)
            | Input::Unsaid(_)
            | Input::Signal(..)
            | Input::Stale
            | Input::Looked(..) => self.hear(input, now, &mut out),
        }
        out
    }

    /// What only means something to who is signed in.
    fn hear(&mut self, input: Input, now: Time, out: &mut Vec<Effect>) {
        let Phase::Open(open) = &mut self.phase else {
            return;
        };
        match input {
            Input::Gated(setup, may) => open.gated(setup, may, out),
            Input::Dialled(setup, result) => open.dialled(setup, result, out),
            Input::Unsaid(unsaid) => open.unsaid(unsaid, out),
            Input::Signal(leg, signal) => open.signalled(leg, signal, now, out),
            Input::Stale => open.watching.stale(out),
            Input::Looked(number, found) => open.watching.looked(number, found, now, out),
            _ => {}
        }
        self.settle(out);
    }

    fn is_alive(&mut self) {
        self.pong_by = None;
    }

    fn frame(&mut self, received: Received, now: Time, out: &mut Vec<Effect>) {
        match &mut self.phase {
            Phase::Open(open) => {
                let draining = self.draining;
                let Received { req_id, frame } = received;
                match frame {
                    ClientFrame::Ping => out.push(Effect::Send(ServerFrame::Pong { req_id })),
                    ClientFrame::Watch { users } => open.watching.subscribe(req_id, users, out),
                    frame => open.told(req_id, frame, draining, out),
                }
                let _ = now;
            }
            Phase::Admitting(admitting) if admitting.waiting.len() < WAITING => {
                admitting.waiting.push(received);
            }
            _ => self.stranger(received.req_id, out),
        }
    }

    /// Somebody speaks before saying who they are.
    fn stranger(&mut self, req_id: Option<String>, out: &mut Vec<Effect>) {
        let trouble = Trouble::new(Code::AuthFailed, "authenticate first").answers(req_id);
        self.end(trouble, close::POLICY, out);
    }

    // Who it is

    fn proven(&mut self, proof: Proof, now: Time, out: &mut Vec<Effect>) {
        match (&mut self.phase, proof.refreshes) {
            (Phase::Fresh { .. }, false) => self.authenticates(proof, now, out),
            (Phase::Open(open), true) => open.refreshes(proof, now, out),
            (Phase::Open(_) | Phase::Admitting(_), false) => {
                let trouble = Trouble::new(Code::InvalidMessage, "authenticated already");
                let trouble = trouble.answers(proof.req_id);
                out.push(Effect::Send(ServerFrame::Error(trouble)));
            }
            _ => self.stranger(proof.req_id, out),
        }
    }

    fn authenticates(&mut self, proof: Proof, now: Time, out: &mut Vec<Effect>) {
        let good = proof
            .claims
            .and_then(|claims| match claims.expires_at > now {
                true => Ok(claims),
                false => Err(BadToken::Expired),
            });
        match good {
            Ok(claims) => {
                out.push(Effect::Admit(claims, proof.address.clone()));
                self.phase = Phase::Admitting(Box::new(Admitting {
                    req_id: proof.req_id,
                    claims,
                    address: proof.address,
                    waiting: Vec::new(),
                }));
            }
            Err(bad) => {
                let code = match bad {
                    BadToken::Invalid | BadToken::Expired => Code::AuthFailed,
                    BadToken::Revoked => Code::SessionRevoked,
                    BadToken::Unchecked => Code::InternalError,
                };
                let trouble = Trouble::new(code, bad.to_string()).answers(proof.req_id);
                let code = match bad {
                    BadToken::Unchecked => close::LATER,
                    _ => close::POLICY,
                };
                self.end(trouble, code, out);
            }
        }
    }

    fn admitted(&mut self, result: Result<Place, NotAdmitted>, now: Time, out: &mut Vec<Effect>) {
        let Phase::Admitting(admitting) = &mut self.phase else {
            return;
        };
        let waiting = std::mem::take(&mut admitting.waiting);
        let (req_id, claims) = (admitting.req_id.take(), admitting.claims);
        let place = match result {
            Ok(place) => place,
            Err(no) => {
                let (trouble, code) = match no {
                    NotAdmitted::TooMany => (
                        Trouble::new(Code::SessionLimit, "this user has too many sessions"),
                        close::LATER,
                    ),
                    NotAdmitted::Draining => (going_away(), close::AWAY),
                    NotAdmitted::Revoked => (revoked(), close::POLICY),
                };
                return self.end(trouble.answers(req_id), code, out);
            }
        };
        out.push(Effect::Send(ServerFrame::Authenticated {
            req_id,
            user_id: claims.user,
            account_id: claims.account,
            reconnected: false,
        }));
        if place == Place::Elsewhere {
            out.push(Effect::Send(ServerFrame::NetworkChanged {}));
        }
        out.push(Effect::Enlist);
        self.phase = Phase::Open(Box::new(Open {
            user: claims.user,
            account: claims.account,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            placed: place == Place::Bound,
            setups: Vec::new(),
            last_setup: 0,
            calls: Vec::new(),
            ended: VecDeque::new(),
            watching: Watching::default(),
        }));
        for received in waiting {
            self.frame(received, now, out);
        }
        self.settle(out);
    }

    // The end

    /// A token that was made later is good.
    fn revoked(&mut self, at: Time, out: &mut Vec<Effect>) {
        let issued_at = match &self.phase {
            Phase::Admitting(admitting) => admitting.claims.issued_at,
            Phase::Open(open) => open.issued_at,
            Phase::Fresh { .. } | Phase::Over => return,
        };
        if issued_at <= at {
            self.end(revoked(), close::POLICY, out);
        }
    }

    fn end_because(&mut self, why: Why, out: &mut Vec<Effect>) {
        let (trouble, code) = match why {
            Why::Deleted => (revoked(), close::POLICY),
            Why::GoingAway => (going_away(), close::AWAY),
            Why::Slow => (
                Trouble::new(Code::SlowConsumer, "frames are not read in time"),
                close::POLICY,
            ),
        };
        self.end(trouble, code, out);
    }

    /// A session that is draining ends when nothing is left to wait for.
    fn settle(&mut self, out: &mut Vec<Effect>) {
        let busy = match &self.phase {
            Phase::Open(open) => !open.calls.is_empty() || !open.setups.is_empty(),
            _ => false,
        };
        if self.draining && !busy && self.phase != Phase::Over {
            self.end(going_away(), close::AWAY, out);
        }
    }

    fn end(&mut self, mut trouble: Trouble, code: u16, out: &mut Vec<Effect>) {
        trouble.fatal = true;
        out.push(Effect::Close(trouble, code));
        self.leave(out);
    }

    fn leave(&mut self, out: &mut Vec<Effect>) {
        self.phase = Phase::Over;
        out.extend([Effect::Leave, Effect::Finish]);
    }

    // Time

    fn tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        match &mut self.phase {
            Phase::Fresh { until } if *until <= now => {
                let trouble = Trouble::new(Code::AuthFailed, "nobody authenticated in time");
                return self.end(trouble, close::POLICY, out);
            }
            Phase::Open(open) if open.expires_at <= now => {
                let trouble = Trouble::new(Code::AuthExpired, "the token has expired");
                return self.end(trouble, close::POLICY, out);
            }
            Phase::Open(open) => open.tick(now, out),
            _ => {}
        }
        if self.pong_by.is_some_and(|by| by <= now) {
            let trouble = Trouble::new(Code::IdleTimeout, "no sign of life");
            return self.end(trouble, close::POLICY, out);
        }
        if self.ping_at <= now {
            self.ping_at = now.after(self.rules.ping);
            self.pong_by.get_or_insert(now.after(self.rules.pong));
            out.push(Effect::Ping);
        }
    }

    /// When the next `Tick` is due.
    pub(crate) fn deadline(&self) -> Option<Time> {
        let own = match &self.phase {
            Phase::Over => return None,
            Phase::Fresh { until } => Some(*until),
            Phase::Admitting(_) => None,
            Phase::Open(open) => Some(open.deadline()),
        };
        own.into_iter()
            .chain(self.pong_by)
            .chain([self.ping_at])
            .min()
    }

    /// What an actor that was raised on this state does first: repeats what may have been lost.
    fn raised(&mut self, out: &mut Vec<Effect>) {
        match &mut self.phase {
            Phase::Fresh { .. } | Phase::Over => {}
            Phase::Admitting(admitting) => {
                out.push(Effect::Admit(admitting.claims, admitting.address.clone()));
            }
            Phase::Open(open) => {
                out.push(Effect::Enlist);
                open.raised(out);
            }
        }
    }
}

impl Open {
    /// A newer token of the same user moves the end; anything else changes nothing.
    fn refreshes(&mut self, proof: Proof, now: Time, out: &mut Vec<Effect>) {
        let good = match proof.claims {
            Ok(claims) if (claims.user, claims.account) != (self.user, self.account) => {
                Err("the token is somebody else's".to_owned())
            }
            Ok(claims) if claims.expires_at <= now => Err(BadToken::Expired.to_string()),
            Ok(claims) => Ok(claims),
            Err(bad) => Err(bad.to_string()),
        };
        let req_id = proof.req_id;
        out.push(Effect::Send(match good {
            Ok(claims) => {
                self.issued_at = claims.issued_at;
                self.expires_at = claims.expires_at;
                ServerFrame::Refreshed { req_id }
            }
            Err(why) => ServerFrame::Error(Trouble::new(Code::AuthFailed, why).answers(req_id)),
        }));
    }
}

fn revoked() -> Trouble {
    Trouble::new(Code::SessionRevoked, "the sessions of this user were ended")
}

fn going_away() -> Trouble {
    Trouble::new(Code::GoingAway, "the exchange is shutting down")
}
