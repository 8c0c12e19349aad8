//! Whatever is said, in whatever order: nothing panics, every call ends at most once, and after the end
//! there is silence.

use super::{Desk, heard};
use crate::webrtc_session::{
    frames::{self, ServerFrame},
    messages::{Effect, Input, Place, Unsaid, Why},
};
use engine::{
    LegError,
    leg::{ClientEnding, LegId, Party, Signal},
};
use proptest::prelude::*;
use std::collections::HashSet;

/// Something that happens.
#[derive(Debug, Clone)]
enum Happening {
    Frame(u8, u8),
    Text(String),
    Signal(u8, u8),
    Dialled(bool),
    Gated(bool),
    Unsaid(u8),
    Stale,
    Raised,
    Later(u8),
    Drain,
    End,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (any::<u8>(), 0_u8..4).prop_map(|(kind, call)| Happening::Frame(kind, call)),
        1 => "\\PC{0,40}".prop_map(Happening::Text),
        8 => (any::<u8>(), 0_u8..6).prop_map(|(kind, leg)| Happening::Signal(kind, leg)),
        3 => any::<bool>().prop_map(Happening::Dialled),
        2 => any::<bool>().prop_map(Happening::Gated),
        1 => (0_u8..6).prop_map(Happening::Unsaid),
        1 => Just(Happening::Stale),
        1 => Just(Happening::Raised),
        2 => any::<u8>().prop_map(Happening::Later),
        1 => prop::bool::weighted(0.1).prop_map(|now| match now {
            true => Happening::End,
            false => Happening::Drain,
        }),
    ]
}

fn frame(kind: u8, call: u8) -> String {
    let call = format!(r#""call_id":"call_{call}","req_id":"r""#);
    match kind % 14 {
        0..=2 => r#"{"type":"call.create","req_id":"c","destination":"1002","sdp":"o"}"#.to_owned(),
        3 => format!(r#"{{"type":"call.answer",{call}}}"#),
        4 => format!(r#"{{"type":"sdp.answer",{call},"sdp":"a"}}"#),
        5 => format!(r#"{{"type":"call.hangup",{call}}}"#),
        6 => format!(r#"{{"type":"call.hold",{call}}}"#),
        7 => format!(r#"{{"type":"call.reject",{call}}}"#),
        8 => format!(r#"{{"type":"call.transfer",{call},"destination":"1003"}}"#),
        9 => format!(
            r#"{{"type":"call.transfer.attended",{call},"step":"consult","destination":"1","sdp":"o"}}"#
        ),
        10 => format!(r#"{{"type":"call.transfer.attended",{call},"step":"complete"}}"#),
        11 => format!(r#"{{"type":"ice.done",{call}}}"#),
        12 => r#"{"type":"presence.subscribe","users":["x"]}"#.to_owned(),
        _ => r#"{"type":"ping"}"#.to_owned(),
    }
}

fn signal(kind: u8, leg: u8) -> Signal {
    let call = format!("call_{leg}");
    match kind % 12 {
        0 | 1 => Signal::Trying { call },
        2 => Signal::Ringing,
        3 => Signal::EarlyMedia("e".to_owned()),
        4 => Signal::Answer("a".to_owned()),
        5 => Signal::Answered,
        6 => Signal::Held {
            by_peer: kind > 127,
        },
        7 => Signal::Resumed,
        8 => Signal::TransferFailed(486),
        9 => Signal::Refused {
            status: 404,
            phrase: None,
        },
        10 => Signal::Incoming {
            call,
            from: Party::default(),
            to: Party::default(),
            sdp: "o".to_owned(),
        },
        _ => Signal::Ended(ClientEnding::HangUp),
    }
}

proptest! {
    #[test]
    fn every_call_ends_at_most_once(all in prop::collection::vec(happening(), 0..80), placed: bool) {
        let mut desk = Desk::open_at(if placed { Place::Bound } else { Place::Unknown });
        let (mut live, mut legs, mut over) = (HashSet::new(), HashSet::new(), false);
        let mut setups = 0;
        for one in all {
            let out = match one {
                Happening::Frame(kind, call) => desk.frame(&frame(kind, call)),
                Happening::Text(text) => match frames::read(&text) {
                    Ok(received) => desk.tell(Input::Frame(received)),
                    Err(_) => Vec::new(),
                },
                // The engine says `Incoming` once for each leg, first of all.
                Happening::Signal(kind, leg) if kind % 12 == 10 && !legs.insert(leg) => Vec::new(),
                Happening::Signal(kind, leg) => desk.signal(u64::from(leg), signal(kind, leg)),
                Happening::Dialled(good) => {
                    setups += 1;
                    let leg = 100 + u64::from(setups);
                    let result = if good { Ok(LegId(leg)) } else { Err(LegError::Codec) };
                    desk.tell(Input::Dialled(setups, result))
                }
                Happening::Gated(may) => desk.tell(Input::Gated(setups + 1, may)),
                Happening::Unsaid(leg) => desk.tell(Input::Unsaid(Unsaid {
                    leg: LegId(u64::from(leg)),
                    req_id: None,
                    unfit: "no",
                    why: LegError::State,
                })),
                Happening::Stale => desk.tell(Input::Stale),
                Happening::Raised if over => Vec::new(),
                Happening::Raised => desk.tell(Input::Raised),
                Happening::Later(seconds) => desk.wait(f64::from(seconds)),
                Happening::Drain => desk.tell(Input::Drain),
                Happening::End => desk.tell(Input::End(Why::Deleted)),
            };
            prop_assert!(!over || out.is_empty(), "after the end: {out:?}");
            for effect in &out {
                match effect {
                    Effect::Send(
                        ServerFrame::Trying { call_id, .. } | ServerFrame::Incoming { call_id, .. },
                    ) => {
                        live.insert(call_id.clone());
                    }
                    Effect::Send(ServerFrame::Ended { call_id, .. }) => {
                        prop_assert!(live.remove(call_id), "{call_id} ends twice");
                    }
                    _ => {}
                }
            }
            over |= out.last() == Some(&Effect::Finish);
            let closes = heard(&out).iter().filter(|text| text.starts_with("close")).count();
            prop_assert!(closes <= 1);
            prop_assert_eq!(desk.state.deadline().is_none(), over);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", json in r#"[\{\[]("[a-z._]{0,12}"[:,]?(\{|\}|\[|\]|1|null|"x")?){0,12}[\}\]]"#) {
        let _ = frames::read(&text);
        let _ = frames::read(&json);
    }
}
