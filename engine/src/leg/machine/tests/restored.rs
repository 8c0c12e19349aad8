//! A leg goes on after a restart as if there had been none.

use super::rig::{FOREIGN_SDP, PEER_SDP, PLAIN_SDP, Rig, credentials, dial, sdp_with};
use crate::{
    leg::{
        Dial, HangUp, LegEvent, Rejection,
        machine::{Input, Leg, Order, Output, ServerTx, TxFailure},
    },
    media::MediaEvent,
    sip::{Message, Method, Name},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, time::Duration};

const ASKS: &str = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\"\r\n";

/// Something that happens to a leg, independent of its state.
#[derive(Debug, Clone)]
enum Step {
    Order(Box<Order>),
    Responds(Method, u16, &'static str, String),
    Forked(u16),
    Requests(&'static str, String, String),
    Acks(String),
    Cancel,
    Fails,
    Media(MediaEvent),
    Wait(u64),
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(PEER_SDP.to_owned()),
        Just(PLAIN_SDP.to_owned()),
        Just(FOREIGN_SDP.to_owned()),
        Just(sdp_with("sendonly")),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        3 => Just(Order::Ring),
        3 => Just(Order::Progress { like: None }),
        4 => Just(Order::Answer { like: None }),
        1 => Just(Order::HangUp(HangUp::default())),
        1 => Just(Order::Reject(Rejection {
            status: 486,
            phrase: None,
            q850: None,
            headers: Vec::new(),
        })),
        2 => Just(Order::AcceptReferral(1)),
        1 => Just(Order::NotifyReferral(1, 200)),
        1 => Just(Order::SendDigits("12".to_owned())),
    ]
}

fn answers() -> impl Strategy<Value = Step> {
    let method = prop_oneof![
        6 => Just(Method::Invite),
        1 => Just(Method::Update),
        1 => Just(Method::Bye),
        1 => Just(Method::Info),
        1 => Just(Method::Notify),
        1 => Just(Method::Prack),
    ];
    let kind = prop_oneof![
        Just((180, "")),
        Just((183, "Require: 100rel\r\nRSeq: 1\r\n")),
        Just((183, "Require: 100rel\r\nRSeq: 2\r\n")),
        Just((
            200,
            "Allow: INVITE, UPDATE\r\nSession-Expires: 100;refresher=uac\r\n"
        )),
        Just((200, "")),
        Just((200, "")),
        Just((401, ASKS)),
        Just((422, "Min-SE: 2000\r\n")),
        Just((491, "")),
        Just((486, "")),
    ];
    (method, kind, body())
        .prop_map(|(method, (status, extra), body)| Step::Responds(method, status, extra, body))
}

fn asks() -> impl Strategy<Value = Step> {
    let method = prop_oneof![
        4 => Just(("INVITE", "")),
        3 => Just(("UPDATE", "Supported: timer\r\nSession-Expires: 90\r\n")),
        2 => Just(("PRACK", "RAck: 1 10 INVITE\r\n")),
        1 => Just(("INFO", "")),
        2 => Just(("REFER", "Refer-To: <sip:1003@pbx.example>\r\n")),
        1 => Just(("OPTIONS", "")),
        1 => Just(("BYE", "")),
    ];
    (method, body())
        .prop_map(|((method, extra), body)| Step::Requests(method, extra.to_owned(), body))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => order().prop_map(|order| Step::Order(Box::new(order))),
        6 => answers(),
        1 => Just(Step::Forked(200)),
        5 => asks(),
        4 => body().prop_map(Step::Acks),
        1 => Just(Step::Cancel),
        1 => Just(Step::Fails),
        1 => Just(Step::Media(MediaEvent::Silent)),
        4 => (0u64..70_000).prop_map(Step::Wait),
    ]
}

/// Takes a step and says everything that came out of it, to the byte.
fn take(rig: &mut Rig, step: &Step) -> Vec<String> {
    rig.out.clear();
    match step.clone() {
        Step::Order(order) => {
            if let Err(error) = rig.try_order(*order) {
                return vec![error.to_string()];
            }
        }
        Step::Responds(method, status, extra, sdp) => {
            if rig.sent.values().any(|sent| sent.method() == Some(&method)) {
                rig.responds(method, status, extra, &sdp);
            }
        }
        Step::Forked(status) => {
            if rig
                .sent
                .values()
                .any(|sent| sent.method() == Some(&Method::Invite))
            {
                rig.responds_as("other", Method::Invite, status, "", PEER_SDP);
            }
        }
        Step::Requests(method, mut extra, sdp) => {
            if rig.invite.is_none() && rig.sent.is_empty() {
                return Vec::new();
            }
            if method == "PRACK"
                && let Some(rseq) = rig.responses.iter().rev().find_map(Message::rseq)
            {
                extra = format!("RAck: {rseq} 10 INVITE\r\n");
            }
            rig.requests(method, &extra, &sdp);
        }
        Step::Acks(sdp) => {
            if rig.invite.is_some() || !rig.sent.is_empty() {
                rig.acks(&sdp);
            }
        }
        Step::Cancel => {
            let message = super::rig::invite("", "").cancel().unwrap();
            let tx = rig.server_tx();
            rig.input(Input::Cancel {
                tx,
                invite: ServerTx(0),
                message,
            });
        }
        Step::Fails => {
            if let Some(tx) = rig.sent.keys().last().copied() {
                let why = TxFailure::Timeout;
                rig.input(Input::Failed { tx, why });
            }
        }
        Step::Media(event) => {
            rig.input(Input::Media(event));
        }
        Step::Wait(millis) => return rig.wait(Duration::from_millis(millis)),
    }
    rig.out.iter().map(full).collect()
}

fn full(output: &Output) -> String {
    let text = |message: &Message| {
        let mut message = message.clone();
        // The client's nonce is drawn anew each time.
        for name in [Name::Authorization, Name::ProxyAuthorization] {
            if message.header(name).is_some() {
                message.set(name, "hidden");
            }
        }
        String::from_utf8_lossy(&message.to_vec()).into_owned()
    };
    match output {
        Output::Send {
            tx,
            request,
            target,
        } => format!("{tx:?} {target:?} {}", text(request)),
        Output::Ack { message, target } => format!("{target:?} {}", text(message)),
        Output::Respond { tx, response } => format!("{tx:?} {}", text(response)),
        other => format!("{other:?}"),
    }
}

/// Writes the leg down and raises it again.
fn restart(rig: &mut Rig) {
    let snapshot = rig.leg.snapshot(rig.now).unwrap();
    let text = snapshot.to_string();
    assert!(!text.contains("secret"), "a password is in the snapshot");
    let snapshot = serde_json::from_str(&text).unwrap();
    let mut out = Vec::new();
    let settings = rig.settings.clone();
    let credentials = rig.invite.is_none().then(credentials);
    let leg = Leg::restore(settings, snapshot, credentials, rig.now, &mut out).unwrap();
    rig.timers.clear();
    for output in out {
        if let Output::SetTimer(name, after) = output {
            rig.timers.insert(name, rig.now + after);
        }
    }
    rig.leg = leg;
}

fn rig(kind: u8) -> Rig {
    let dial = || Dial {
        credentials: Some(credentials()),
        ..dial()
    };
    match kind {
        0 => Rig::incoming("", PEER_SDP),
        1 => Rig::incoming(
            "Supported: 100rel, timer\r\nSession-Expires: 100\r\n",
            PEER_SDP,
        ),
        2 => Rig::incoming("Require: 100rel\r\n", ""),
        3 => Rig::incoming("", ""),
        4 => Rig::locating(dial()),
        _ => Rig::outgoing(dial()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_prefix_restarted_goes_on_alike(
        kind in 0u8..8,
        steps in proptest::collection::vec(step(), 1..24),
        cut in 0usize..24,
    ) {
        let (mut through, mut broken) = (rig(kind), rig(kind));
        // Timers are whole milliseconds in a snapshot; so is time here.
        broken.now = through.now;
        for (at, step) in steps.iter().enumerate() {
            if at == cut.min(steps.len() - 1) {
                restart(&mut broken);
            }
            let (one, two) = (take(&mut through, step), take(&mut broken, step));
            prop_assert_eq!(one, two, "step {} of {:?}", at, steps);
        }
    }

    #[test]
    fn every_request_is_answered_and_the_end_told_once(
        kind in 0u8..8,
        steps in proptest::collection::vec(step(), 1..32),
    ) {
        let mut rig = rig(kind);
        let (mut finals, mut ends) = (BTreeMap::<ServerTx, u32>::new(), 0);
        let mut asked = Vec::new();
        let rest = [Step::Order(Box::new(Order::HangUp(HangUp::default()))), Step::Wait(600_000)];
        for step in steps.iter().chain(&rest) {
            rig.all.clear();
            let before = rig.server_txs;
            take(&mut rig, step);
            asked.extend((before + 1..=rig.server_txs).map(ServerTx));
            for output in &rig.all {
                match output {
                    Output::Respond { tx, response } => {
                        let status = response.status().unwrap_or_default();
                        let repeated = status / 100 == 2
                            && response.cseq().is_ok_and(|c| c.method == Method::Invite);
                        if status >= 200 && !(repeated && finals.contains_key(tx)) {
                            *finals.entry(*tx).or_default() += 1;
                        }
                    }
                    Output::Tell(LegEvent::Ended(_) | LegEvent::Refused(_)) => ends += 1,
                    _ => {}
                }
            }
        }
        prop_assert_eq!(ends, 1);
        for tx in asked {
            prop_assert_eq!(finals.get(&tx), Some(&1), "{:?} of {:?}", tx, steps);
        }
        prop_assert_eq!(rig.audio.opened as usize, rig.audio.closed.len());
    }

    #[test]
    fn nothing_is_told_after_the_end(
        kind in 0u8..8,
        steps in proptest::collection::vec(step(), 1..32),
    ) {
        let mut rig = rig(kind);
        let mut over = false;
        for step in &steps {
            take(&mut rig, step);
            for output in &rig.out {
                let told = matches!(output, Output::Tell(_) | Output::Send { .. });
                prop_assert!(!over || !told, "{:?} after the end of {:?}", output, steps);
                over |= matches!(output, Output::Gone);
            }
            if over {
                prop_assert!(rig.timers.is_empty());
                prop_assert!(rig.leg.media().is_none());
            }
        }
    }
}
