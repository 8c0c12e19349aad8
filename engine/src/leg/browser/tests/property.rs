//! Whatever is said and ordered, in whatever order: the browser hears a story that makes sense.

use super::rig::{
    ANSWER, BROWSER_SDP, PROGRESS, Rig, describes, foreign_sdp, hang_up, name, reject,
};
use crate::{
    leg::{EndedBy, LegEvent, Notice, Signal, Word, machine::Order, machine::Output},
    media::MediaEvent,
};
use proptest::prelude::*;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Step {
    Order(Box<Order>),
    Says(Word),
    Media(MediaEvent),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let order = prop_oneof![
        3 => Just(name()),
        2 => Just(Order::Ring),
        2 => Just(PROGRESS),
        3 => Just(ANSWER),
        1 => Just(reject(486, None)),
        1 => Just(hang_up(16)),
        1 => Just(Order::Abandon(EndedBy::Peer)),
        1 => Just(Order::Abandon(EndedBy::Orphaned)),
        2 => Just(Order::AcceptReferral(1)),
        1 => Just(Order::RefuseReferral(1, 403)),
        2 => (100u16..700).prop_map(|status| Order::NotifyReferral(1, status)),
        1 => Just(Order::SendDigits("1".to_owned())),
        2 => Just(Order::Notice(Notice::PeerHeld)),
        2 => Just(Order::Notice(Notice::PeerResumed)),
    ];
    let word = prop_oneof![
        3 => Just(Word::Answer),
        3 => Just(describes()),
        1 => Just(Word::Description(foreign_sdp())),
        1 => Just(Word::Reject { busy: true }),
        1 => Just(Word::HangUp),
        2 => Just(Word::Hold),
        2 => Just(Word::Resume),
        1 => Just(Word::Mute),
        2 => Just(Word::Transfer { destination: "1003".to_owned() }),
    ];
    prop_oneof![
        6 => order.prop_map(|order| Step::Order(Box::new(order))),
        6 => word.prop_map(Step::Says),
        1 => Just(Step::Media(MediaEvent::Silent)),
        1 => (0u64..30).prop_map(Step::Wait),
    ]
}

/// What the browser believes of its call.
#[derive(Debug, Default)]
struct Client {
    named: bool,
    answered: bool,
    held: bool,
    over: bool,
    described: Option<String>,
}

impl Client {
    fn hears(&mut self, signal: &Signal) {
        assert!(!self.over, "after the end: {signal:?}");
        let first = matches!(
            signal,
            Signal::Trying { .. } | Signal::Incoming { .. } | Signal::Refused { .. }
        );
        assert_eq!(first, !self.named, "{signal:?}");
        match signal {
            Signal::Trying { .. } | Signal::Incoming { .. } => self.named = true,
            Signal::Ringing => assert!(!self.answered),
            Signal::EarlyMedia(sdp) => {
                assert!(!self.answered);
                assert_eq!(self.described.replace(sdp.clone()), None);
            }
            Signal::Answer(sdp) => {
                assert!(!self.answered);
                assert!(self.described.as_ref().is_none_or(|early| early == sdp));
            }
            Signal::Answered => assert!(!std::mem::replace(&mut self.answered, true)),
            Signal::Held { .. } => {
                assert!(self.answered && !std::mem::replace(&mut self.held, true));
            }
            Signal::Resumed => assert!(std::mem::replace(&mut self.held, false)),
            Signal::TransferFailed(status) => assert!(self.answered && *status >= 300),
            Signal::Refused { .. } | Signal::Ended(_) => self.over = true,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_story_makes_sense(
        called in any::<bool>(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut client = Client::default();
        let mut rig = match called {
            true => Rig::called(),
            false => Rig::unnamed(BROWSER_SDP),
        };
        let mut all = std::mem::take(&mut rig.out);
        for step in steps {
            rig.out.clear();
            match step {
                Step::Order(order) => { let _ = rig.order(*order); }
                Step::Says(word) => { let _ = rig.says(word); }
                Step::Media(event) => { rig.media(event); }
                Step::Wait(seconds) => { rig.wait(Duration::from_secs(seconds)); }
            }
            all.append(&mut rig.out);
        }
        let (mut gone, mut ended) = (0, 0);
        for output in &all {
            prop_assert_eq!(gone, 0, "after the end: {:?}", output);
            match output {
                Output::Signal(signal) => client.hears(signal),
                Output::Tell(LegEvent::Ended(_) | LegEvent::Refused(_)) => ended += 1,
                Output::Tell(event) => prop_assert_eq!(ended, 0, "after the end: {:?}", event),
                Output::Gone => gone += 1,
                _ => {}
            }
        }
        prop_assert_eq!(gone, ended);
        prop_assert_eq!(client.over, gone == 1);
        if gone == 1 {
            prop_assert!(!rig.has_timers());
            prop_assert_eq!(rig.audio.closed.len() as u64, rig.audio.opened);
        }
    }
}
