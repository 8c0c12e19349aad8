//! A whole exchange without listeners: actors are killed, and what is left is looked at.

use super::*;
use crate::{
    call::{self, Opening, Origin, Outcome},
    target::{Lead, Proposal, Route},
};
use engine::leg::LegId;
use schema::{Account, Call, Id, Time};
use std::time::Duration;

struct Bench {
    exchange: Exchange,
    db: Db,
    account: Id<Account>,
    dir: std::path::PathBuf,
    file: std::path::PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Bench {
    async fn start() -> Self {
        let (db, file) = crate::test_db().await;
        let account = crate::test_account(&db).await;
        let dir = std::env::temp_dir().join(Id::<Call>::new().to_string());
        let config = Config {
            data_dir: dir.clone(),
            media_ports: 41_000..=41_099,
            media_threads: 1,
            arbiters: 2,
            ..Config::default()
        };
        let registry = prometheus::Registry::new();
        let exchange = Exchange::start(config, db.clone(), &registry)
            .await
            .unwrap();
        Self {
            exchange,
            db,
            account,
            dir,
            file,
        }
    }

    /// A call whose question to the directory stays open: it waits.
    fn waiting_call(&self) -> Id<Call> {
        let user = Id::new();
        let mut lead = Lead::nowhere("204", Outcome::Unavailable);
        lead.route = Route::Ring(Proposal {
            candidates: Vec::new(),
            seconds: 30,
            then: None,
            otherwise: Outcome::Unavailable,
            ignore_forwarding: false,
        });
        let id = Id::new();
        call::begin(
            &self.exchange.rooms,
            Opening {
                id,
                account: self.account,
                at: Time::now(),
                sip_call_id: "abc".into(),
                origin: Origin::Phone {
                    leg: LegId(u64::MAX),
                    user,
                    endpoint: Some(Id::new()),
                },
                lead,
                private: false,
                reach: engine::leg::Reach::default(),
                history: Vec::new(),
            },
        );
        id
    }

    async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..2_000 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never: {what}");
    }

    async fn recorded(&self, call: Id<Call>) -> schema::Call {
        for _ in 0..2_000 {
            if let Ok(row) = self.db.find_call(self.account, call).await {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no record");
    }
}

#[tokio::test]
async fn a_call_ends_with_its_record_before_its_last_event() {
    let bench = Bench::start().await;
    let mut facts = bench.exchange.subscribe(bench.account, None);
    let call = bench.waiting_call();
    let mut names = Vec::new();
    while names.last() != Some(&"call.end") {
        let fact = tokio::time::timeout(Duration::from_secs(20), facts.recv()).await;
        names.push(fact.unwrap().unwrap().name);
    }
    assert_eq!(names, ["call.incoming", "call.end"]);
    // Durable before it was told.
    let row = bench.db.find_call(bench.account, call).await.unwrap();
    assert_eq!(row.hangup_cause, Some(20));
    assert!(bench.exchange.live_call(bench.account, call).is_none());
    bench
        .until("the call is gone", || {
            bench.exchange.live_call_ids().is_empty()
        })
        .await;
}

#[tokio::test]
async fn every_kind_may_die_and_calls_are_taken_again() {
    let bench = Bench::start().await;
    let loops = [
        Kind::Ledger,
        Kind::Presence,
        Kind::Switchboard,
        Kind::Sweeper,
        Kind::Trunk,
    ];
    for kind in loops {
        assert!(bench.exchange.inject_panic(kind, None), "{kind:?}");
        let call = bench.waiting_call();
        bench.recorded(call).await;
        let user = Id::new();
        let mut presence = bench.exchange.presence(bench.account, user).await;
        for _ in 0..200 {
            if presence.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            presence = bench.exchange.presence(bench.account, user).await;
        }
        assert_eq!(presence.unwrap().state, crate::PresenceState::Offline);
    }
}

#[tokio::test]
async fn a_call_whose_control_dies_again_and_again_leaves_one_record() {
    let bench = Bench::start().await;
    let mut facts = bench.exchange.subscribe(bench.account, None);
    for _ in 0..20 {
        let call = bench.waiting_call();
        for _ in 0..8 {
            // It may have ended already: then there is nobody to kill.
            let _ = bench.exchange.inject_panic(Kind::Call, Some(call));
        }
        bench.recorded(call).await;
    }
    bench
        .until("all calls are gone", || {
            bench.exchange.live_call_ids().is_empty()
        })
        .await;
    let mut ends = 0;
    while let Ok(Ok(fact)) = tokio::time::timeout(Duration::from_millis(500), facts.recv()).await {
        ends += usize::from(fact.name == "call.end");
    }
    assert_eq!(ends, 20);
}

#[tokio::test]
async fn draining_refuses_and_ends() {
    let bench = Bench::start().await;
    let call = bench.waiting_call();
    let never = std::future::pending::<()>();
    bench
        .exchange
        .drain(Duration::from_millis(100), never)
        .await;
    bench.recorded(call).await;
    let refused = bench.exchange.click_to_call(ClickToCall {
        account: bench.account,
        user: Id::new(),
        dial_string: "204".into(),
        did: None,
        find_me_key: None,
    });
    assert_eq!(refused.await, Err(ClickToCallError::Unavailable));
}
