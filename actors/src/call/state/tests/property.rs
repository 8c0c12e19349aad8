//! Any prefix of inputs, then a restart from the snapshot, goes on as if nothing had happened; and
//! whatever comes, every leg is ended and there is at most one record.

use super::*;
use engine::{LegError, leg::DialogKey};
use proptest::prelude::*;

fn lead(kind: u8) -> Lead {
    match kind % 5 {
        0 => to_user(Id::new(), 2),
        1 => to_network(2),
        2 => Lead::echo("*43"),
        3 => Lead::nowhere("9", Outcome::Unallocated),
        _ => to_user(Id::new(), 0),
    }
}

fn event(kind: u8) -> LegEvent {
    match kind % 14 {
        0 | 1 => LegEvent::Ringing,
        2 => LegEvent::EarlyMedia,
        3..=5 => LegEvent::Answered,
        6 => refusal(486),
        7 => refusal(503),
        8 => redirect("204"),
        9 => LegEvent::Held,
        10 => LegEvent::Resumed,
        11 => LegEvent::MediaLost,
        12 => LegEvent::Referred(Referral {
            id: 7,
            target: SipParty {
                name: None,
                user: "205".into(),
                uri: "sip:205@x".into(),
            },
            replaces: (kind > 127).then(|| DialogKey {
                call_id: "c".into(),
                local_tag: "l".into(),
                remote_tag: "r".into(),
            }),
        }),
        _ => ended(EndedBy::Peer),
    }
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Leg(u8, u8),
    Found(u8),
    Undialled(u8),
    Later(u8),
    Replace(u8),
    Surrender(u8),
    HandedOver(bool),
    Terminate,
    Recorded,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => (1u8..6, any::<u8>()).prop_map(|(party, kind)| Happening::Leg(party, kind)),
        4 => any::<u8>().prop_map(Happening::Found),
        1 => (1u8..6).prop_map(Happening::Undialled),
        2 => (0u8..40).prop_map(Happening::Later),
        1 => (1u8..6).prop_map(Happening::Replace),
        1 => (1u8..6).prop_map(Happening::Surrender),
        1 => any::<bool>().prop_map(Happening::HandedOver),
        1 => Just(Happening::Terminate),
        1 => Just(Happening::Recorded),
    ]
}

fn leg_of(bench: &Bench, party: u8) -> LegId {
    let party = bench.call.party(PartyId(party.into()));
    party.and_then(|party| party.leg).unwrap_or(LegId(9999))
}

fn happen(bench: &mut Bench, what: Happening) {
    match what {
        Happening::Leg(party, kind) => drop(bench.leg(party.into(), event(kind))),
        Happening::Found(kind) => {
            if bench.question().is_some() {
                bench.found(Ok(lead(kind)));
            }
        }
        Happening::Undialled(party) => {
            bench.tell(Input::Undialled(PartyId(party.into()), LegError::Ports));
        }
        Happening::Later(seconds) => drop(bench.later(seconds.into())),
        Happening::Replace(party) => {
            let replaced = leg_of(bench, party);
            bench.tell(Input::Replace {
                replaced,
                leg: LegId(5000 + u64::from(party)),
                user: Id::new(),
                endpoint: endpoint(),
                number: "206".into(),
                early_only: false,
            });
        }
        Happening::Surrender(party) => {
            let leg = leg_of(bench, party);
            bench.tell(Input::Surrender { leg, to: Id::new() });
        }
        Happening::HandedOver(some) => {
            let handover = some.then(|| crate::call::Handover {
                leg: LegId(6000),
                phone: Some((Id::new(), Some(endpoint()))),
                trunk: None,
                holds: false,
                waits: false,
                number: "207".into(),
            });
            bench.tell(Input::HandedOver(handover));
        }
        Happening::Terminate => drop(bench.tell(Input::Terminate(Outcome::Deleted))),
        Happening::Recorded => drop(bench.tell(Input::Recorded)),
    }
}

fn begin(kind: u8) -> Bench {
    match kind % 3 {
        0 => Bench::from_phone(lead(kind / 3)),
        1 => Bench::from_network(lead(kind / 3)),
        _ => Bench::by_api(to_user(Id::new(), 1)),
    }
}

proptest! {
    #[test]
    fn a_restart_from_the_snapshot_changes_nothing(
        kind in any::<u8>(),
        happenings in proptest::collection::vec(happening(), 0..25),
    ) {
        let mut bench = begin(kind);
        for what in happenings {
            let text = serde_json::to_string(&bench.call).unwrap();
            let restored: Call = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&restored, &bench.call);
            prop_assert_eq!(restored.deadline(), bench.call.deadline());
            // Every live leg is heard again.
            let claims = restored.resume().iter().filter(|e| matches!(e, Effect::Claim(..))).count();
            let live = restored.parties.iter().filter(|p| p.is_live() && p.leg.is_some()).count();
            prop_assert_eq!(claims, live);
            happen(&mut bench, what);
        }
    }

    #[test]
    fn whatever_happens_it_ends_cleanly(
        kind in any::<u8>(),
        happenings in proptest::collection::vec(happening(), 0..40),
    ) {
        let mut bench = begin(kind);
        for what in happenings {
            happen(&mut bench, what);
        }
        bench.tell(Input::Terminate(Outcome::Deleted));
        bench.later(10);
        bench.tell(Input::Recorded);
        prop_assert_eq!(&bench.call.phase, &Phase::Over);
        prop_assert!(bench.call.parties.iter().all(|party| !party.is_live()));
        prop_assert!(bench.call.engaged().is_empty());
        let records = bench.log.iter().filter(|e| matches!(e, Effect::Record(_))).count();
        let ends = bench.events().iter().filter(|name| **name == "call.end").count();
        prop_assert!(records <= 1);
        prop_assert_eq!(records, ends);
        prop_assert_eq!(bench.log.iter().filter(|e| **e == Effect::Finish).count(), 1);
        // Every channel is given back once, whoever had it.
        let mut rung = std::collections::HashMap::new();
        for event in bench.published() {
            if let Event::Ringing { user, .. } = event {
                *rung.entry(*user).or_insert(0) += 1;
            }
        }
        prop_assert!(rung.values().all(|times| *times == 1));
        prop_assert_eq!(bench.events().iter().filter(|n| **n == "call.answered").count().min(2), usize::from(bench.call.times.connected.is_some()));
    }
}
