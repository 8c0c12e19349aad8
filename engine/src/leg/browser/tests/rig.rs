//! A leg with a browser made of words, and time moved by hand.

use crate::{
    LegError,
    leg::{
        Dial, HangUp, LegEvent, Party, Rejection, Signal, Word,
        browser::{Asked, Leg, destination},
        machine::{
            Order, Output, Settings, TimerName,
            tests::{
                notes::Notes,
                rig::{dial, settings},
            },
        },
    },
    media::MediaEvent,
    sdp::Session,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What a browser offers or answers, in short; with everything that a stream of WebRTC needs.
pub const BROWSER_SDP: &str = "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    a=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 8 110 126\r\nc=IN IP4 0.0.0.0\r\n\
    a=candidate:1 1 udp 2122260223 192.0.2.9 40000 typ host\r\na=ice-ufrag:theirs\r\n\
    a=ice-pwd:the-password-of-theirs\r\na=fingerprint:sha-256 \
    AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\r\n\
    a=setup:active\r\na=mid:0\r\na=rtcp-mux\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
    a=rtpmap:8 PCMA/8000\r\na=rtpmap:110 telephone-event/48000\r\n\
    a=rtpmap:126 telephone-event/8000\r\n";

/// A description of the same kind with no codec of ours.
pub fn foreign_sdp() -> String {
    BROWSER_SDP
        .replace(" 111 8 110 126", " 96")
        .replace("111 opus/48000/2", "96 iLBC/8000")
}

pub const CALL: &str = "call_1";

/// A leg under test.
pub struct Rig {
    pub leg: Leg,
    pub audio: Notes,
    pub now: Instant,
    pub settings: Arc<Settings>,
    /// Everything that came out of the last step.
    pub out: Vec<Output>,
    timers: Vec<(TimerName, Instant)>,
}

impl Rig {
    /// A browser that calls 1002; the call has no name yet.
    pub fn unnamed(sdp: &str) -> Rig {
        let settings = settings();
        let asked = Asked {
            offer: Session::parse(sdp.as_bytes()).unwrap(),
            destination: destination("1002", &settings.domain).unwrap(),
        };
        let mut out = Vec::new();
        let leg = Leg::incoming(settings.clone(), asked, 1, 1, &mut out);
        Rig::with(leg, settings, out)
    }

    /// A browser that calls 1002 and knows its call.
    pub fn calling() -> Rig {
        let mut rig = Rig::unnamed(BROWSER_SDP);
        rig.order(name()).unwrap();
        rig
    }

    /// A browser that is called.
    pub fn called() -> Rig {
        let mut rig = Rig::called_while(false);
        rig.begin();
        rig
    }

    /// A browser that is about to be called, while ports are out or not.
    pub fn called_while(full: bool) -> Rig {
        let mut rig = Rig::called_by(dial());
        rig.audio.full = full;
        rig
    }

    /// A browser that is about to be called by this order.
    pub fn called_by(mut dial: Dial) -> Rig {
        let settings = settings();
        let mut out = Vec::new();
        dial.call = CALL.to_owned();
        let leg = Leg::outgoing(settings.clone(), dial, 1, &mut out);
        Rig::with(leg, settings, out)
    }

    /// Offers the call to the browser.
    pub fn begin(&mut self) -> Vec<String> {
        self.out.clear();
        let to = Party {
            user: "alice".to_owned(),
            ..Party::default()
        };
        let (now, audio) = (self.now, &mut self.audio);
        self.leg.begin(to, None, now, audio, &mut self.out);
        self.lines()
    }

    /// A call of the browser's that was answered.
    pub fn talking() -> Rig {
        let mut rig = Rig::calling();
        rig.order(ANSWER).unwrap();
        rig
    }

    /// A call to the browser that was answered.
    pub fn talking_in() -> Rig {
        let mut rig = Rig::called();
        rig.says(Word::Answer).unwrap();
        rig.says(describes()).unwrap();
        rig
    }

    pub fn with(leg: Leg, settings: Arc<Settings>, out: Vec<Output>) -> Rig {
        let mut rig = Rig {
            leg,
            audio: Notes::default(),
            now: Instant::now(),
            settings,
            out,
            timers: Vec::new(),
        };
        rig.note_timers();
        rig
    }

    pub fn order(&mut self, order: Order) -> Result<Vec<String>, LegError> {
        self.out.clear();
        let (now, audio) = (self.now, &mut self.audio);
        self.leg.order(order, now, audio, &mut self.out)?;
        Ok(self.lines())
    }

    pub fn says(&mut self, word: Word) -> Result<Vec<String>, LegError> {
        self.out.clear();
        let (now, audio) = (self.now, &mut self.audio);
        self.leg.said(word, None, now, audio, &mut self.out)?;
        Ok(self.lines())
    }

    /// The browser completes an attended transfer; `other` is the leg it consulted by.
    pub fn completes(&mut self, other: &Rig) -> Result<Vec<String>, LegError> {
        self.out.clear();
        let (now, audio) = (self.now, &mut self.audio);
        let consult = crate::leg::LegId(7);
        let word = Word::Complete { consult };
        let consult = other.leg.consulted();
        self.leg.said(word, consult, now, audio, &mut self.out)?;
        Ok(self.lines())
    }

    pub fn media(&mut self, event: MediaEvent) -> Vec<String> {
        self.out.clear();
        let (now, audio) = (self.now, &mut self.audio);
        self.leg.heard(event, now, audio, &mut self.out);
        self.lines()
    }

    /// Lets time pass; every timer fires at its time.
    pub fn wait(&mut self, time: Duration) -> Vec<String> {
        let end = self.now + time;
        let mut lines = Vec::new();
        self.timers.sort_by_key(|(_, due)| *due);
        while let Some((name, due)) = self.timers.first().copied()
            && due <= end
        {
            self.timers.remove(0);
            self.now = due;
            self.out.clear();
            let (now, audio) = (self.now, &mut self.audio);
            self.leg.timer(name, now, audio, &mut self.out);
            lines.extend(self.lines());
        }
        self.now = end;
        lines
    }

    pub fn has_timers(&self) -> bool {
        !self.timers.is_empty()
    }

    /// The last description that the browser was sent.
    pub fn description(&self) -> String {
        let described = self.out.iter().rev().find_map(|output| match output {
            Output::Signal(
                Signal::EarlyMedia(sdp) | Signal::Answer(sdp) | Signal::Incoming { sdp, .. },
            ) => Some(sdp.clone()),
            _ => None,
        });
        described.expect("no description was sent")
    }

    fn note_timers(&mut self) {
        for output in &self.out {
            match output {
                Output::SetTimer(name, after) => self.timers.push((*name, self.now + *after)),
                Output::CancelTimer(name) => self.timers.retain(|(other, _)| other != name),
                _ => {}
            }
        }
    }

    fn lines(&mut self) -> Vec<String> {
        self.note_timers();
        self.out.iter().filter_map(line).collect()
    }
}

pub const ANSWER: Order = Order::Answer { like: None };
pub const PROGRESS: Order = Order::Progress { like: None };

pub fn name() -> Order {
    Order::Name(CALL.to_owned())
}

pub fn describes() -> Word {
    Word::Description(BROWSER_SDP.to_owned())
}

pub fn reject(status: u16, q850: Option<u8>) -> Order {
    Order::Reject(Rejection {
        status,
        phrase: None,
        q850,
        headers: Vec::new(),
    })
}

pub fn hang_up(q850: u8) -> Order {
    Order::HangUp(HangUp {
        q850: Some(q850),
        ..HangUp::default()
    })
}

/// One output: what the browser hears begins with `>`.
fn line(output: &Output) -> Option<String> {
    Some(match output {
        Output::Signal(signal) => format!("> {}", heard(signal)),
        Output::Tell(LegEvent::Refused(refusal)) => format!("Refused {}", refusal.status),
        Output::Tell(LegEvent::Ended(ending)) => format!("Ended by {:?}", ending.by),
        Output::Tell(LegEvent::Digit(digit)) => format!("Digit {}", digit.key),
        Output::Tell(LegEvent::Referred(referral)) => {
            let kind = match referral.replaces {
                Some(_) => "attended",
                None => "blind",
            };
            format!(
                "Referred {} to {}, {kind}",
                referral.id, referral.target.user
            )
        }
        Output::Tell(event) => format!("{event:?}"),
        Output::MediaOpened(_) => "opened".to_owned(),
        Output::MediaClosed(_) => "closed".to_owned(),
        Output::Gone => "gone".to_owned(),
        Output::Index(_) => "found".to_owned(),
        Output::Unindex(_) => "lost".to_owned(),
        Output::SetTimer(..) | Output::CancelTimer(_) => return None,
        sip => panic!("a browser's leg wants {sip:?}"),
    })
}

fn heard(signal: &Signal) -> String {
    match signal {
        Signal::Trying { call } => format!("trying {call}"),
        Signal::Ringing => "ringing".to_owned(),
        Signal::EarlyMedia(_) => "early sdp".to_owned(),
        Signal::Answer(_) => "sdp".to_owned(),
        Signal::Answered => "answered".to_owned(),
        Signal::Incoming { call, from, to, .. } => {
            format!("incoming {call} {} {}", from.user, to.user)
        }
        Signal::Held { by_peer: true } => "held by peer".to_owned(),
        Signal::Held { by_peer: false } => "held".to_owned(),
        Signal::Resumed => "resumed".to_owned(),
        Signal::TransferFailed(status) => format!("transfer failed {status}"),
        Signal::Refused { status, .. } => format!("refused {status}"),
        Signal::Ended(why) => format!("ended {why:?}"),
    }
}
