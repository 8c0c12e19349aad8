//! The machine as a table: what comes in, what goes out.

mod calls;
mod property;
mod signed_in;
mod watching;

use super::State;
use crate::{
    config::WebrtcSessions,
    webrtc_session::{
        frames::{self, Trouble},
        messages::{BadToken, Effect, Input, Place, Proof, TokenClaims},
    },
};
use engine::leg::{LegId, Signal, Word};
use schema::{Id, Time};
use std::time::Duration;

/// A session and a clock.
struct Desk {
    state: State,
    now: Time,
    claims: TokenClaims,
}

impl Desk {
    /// Nobody has said anything.
    fn new() -> Self {
        let now = Time::now();
        Self {
            state: State::new(WebrtcSessions::default(), now),
            now,
            claims: TokenClaims {
                user: Id::new(),
                account: Id::new(),
                issued_at: now.before(Duration::from_secs(1)),
                expires_at: now.after(Duration::from_secs(3600)),
            },
        }
    }

    /// Signed in, at a known place.
    fn open() -> Self {
        Self::open_at(Place::Bound)
    }

    fn open_at(place: Place) -> Self {
        let mut desk = Self::new();
        desk.authenticate(Ok(desk.claims));
        desk.tell(Input::Admitted(Ok(place)));
        desk
    }

    fn authenticate(&mut self, claims: Result<TokenClaims, BadToken>) -> Vec<Effect> {
        self.prove(false, claims)
    }

    fn prove(&mut self, refreshes: bool, claims: Result<TokenClaims, BadToken>) -> Vec<Effect> {
        self.tell(Input::Proven(Proof {
            req_id: Some("r0".to_owned()),
            refreshes,
            address: None,
            claims,
        }))
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        self.state.apply(input, self.now)
    }

    /// A frame as it is written.
    fn frame(&mut self, text: &str) -> Vec<Effect> {
        let received = frames::read(text).expect("a frame that can be read");
        self.tell(Input::Frame(received))
    }

    fn signal(&mut self, leg: u64, signal: Signal) -> Vec<Effect> {
        self.tell(Input::Signal(LegId(leg), signal))
    }

    /// Time passes; what is due is done.
    fn wait(&mut self, seconds: f64) -> Vec<Effect> {
        let end = self.now.after(Duration::from_secs_f64(seconds));
        let mut out = Vec::new();
        while let Some(due) = self.state.deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            out.extend(self.tell(Input::Tick));
        }
        self.now = end;
        out
    }

    /// A call that the client made, with this name and this leg, answered.
    fn talks(&mut self, leg: u64, call: &str) {
        self.creates(leg, call);
        self.signal(leg, Signal::Answer("answer".to_owned()));
        self.signal(leg, Signal::Answered);
    }

    /// A call that the client made.
    fn creates(&mut self, leg: u64, call: &str) -> Vec<String> {
        let frame = r#"{"type":"call.create","req_id":"c","destination":"1002","sdp":"offer"}"#;
        let out = self.frame(frame);
        self.takes(&out, leg);
        let call = call.to_owned();
        said(&self.signal(leg, Signal::Trying { call }))
    }

    /// The engine takes the call that is ordered there.
    fn takes(&mut self, out: &[Effect], leg: u64) {
        let dialled = out.iter().find_map(|effect| match effect {
            Effect::Dial(number, _, _) => Some(*number),
            _ => None,
        });
        let number = dialled.unwrap_or_else(|| panic!("no call in {out:?}"));
        self.tell(Input::Dialled(number, Ok(LegId(leg))));
    }
}

/// What the client is told, as it is written; ends of sessions as `close 1008 {…}`.
fn said(out: &[Effect]) -> Vec<String> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Send(frame) => Some(frame.text()),
            Effect::Close(trouble, code) => Some(format!("close {code} {}", in_short(trouble))),
            _ => None,
        })
        .collect()
}

/// An error in short: `code req_id call_id fatal`.
fn in_short(trouble: &Trouble) -> String {
    let code = serde_json::to_value(trouble.code).unwrap_or_default();
    let or = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
    let fatal = if trouble.fatal { " fatal" } else { "" };
    format!(
        "{} {} {}{fatal}",
        code.as_str().unwrap_or_default(),
        or(&trouble.req_id),
        or(&trouble.call_id)
    )
}

/// Errors and the end, in short; other frames by their type.
fn heard(out: &[Effect]) -> Vec<String> {
    out.iter()
        .filter_map(|effect| match effect {
            Effect::Send(frames::ServerFrame::Error(trouble)) => Some(in_short(trouble)),
            Effect::Send(frame) => {
                let value = serde_json::to_value(frame).unwrap_or_default();
                Some(value["type"].as_str().unwrap_or_default().to_owned())
            }
            Effect::Close(trouble, code) => Some(format!("close {code} {}", in_short(trouble))),
            Effect::Ping => Some("ping".to_owned()),
            _ => None,
        })
        .collect()
}

/// What is said about legs.
fn words(out: &[Effect]) -> Vec<(u64, Word)> {
    let mut words = Vec::new();
    for effect in out {
        if let Effect::Say(leg, word, _) = effect {
            words.push((leg.0, word.clone()));
        }
    }
    words
}
