//! Records are written once, also after a crash of the loop and of the process.

use super::*;
use schema::{
    Time,
    types::{CallDirection, CallStatus},
};
use std::time::Duration;

pub(super) fn record(account: Id<Account>) -> Record {
    let now = Time::now();
    Record {
        id: Id::new(),
        account,
        direction: CallDirection::Internal,
        status: CallStatus::Completed,
        user: None,
        endpoint: None,
        did: None,
        from_number: "101".into(),
        from_label: None,
        to_number: "102".into(),
        to_label: None,
        dialled: "102".into(),
        started_at: now,
        answered_at: Some(now),
        connected_at: Some(now),
        ended_at: now,
        seconds: Some(0),
        hangup_cause: None,
        quality: Vec::new(),
        sip_call_id: Some("abc".into()),
        inbound_trunk: None,
        outbound_trunk: None,
        end_reason: "hang_up".into(),
    }
}

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new(&prometheus::Registry::new()).unwrap())
}

pub(super) fn dir() -> std::path::PathBuf {
    std::env::temp_dir().join(Id::<Call>::new().to_string())
}

#[tokio::test]
async fn a_record_is_there_before_it_is_told_of_and_survives_the_loop() {
    let (db, file) = crate::test_db().await;
    let account = crate::test_account(&db).await;
    let dir = dir();
    let ledger = Ledger::start(db.clone(), Recovered::from(&dir).unwrap(), metrics());
    for _ in 0..3 {
        ledger.kill();
        let record = record(account);
        let id = record.id;
        let (told, heard) = tokio::sync::oneshot::channel();
        ledger.submit(
            record,
            Some(Box::new(move || {
                let _ = told.send(());
            })),
        );
        tokio::time::timeout(Duration::from_secs(20), heard)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(db.find_call(account, id).await.unwrap().id, id);
        assert!(ledger.find(account, id).is_none());
    }
    ledger.flushed().await;
    let _ = std::fs::remove_dir_all(dir);
    let _ = std::fs::remove_file(file);
}

#[tokio::test]
async fn what_a_dead_process_left_in_the_spool_is_written_once() {
    let (db, file) = crate::test_db().await;
    let account = crate::test_account(&db).await;
    let dir = dir();
    let (first, second) = (record(account), record(account));
    {
        let (mut spool, left) = Spool::open(&dir).unwrap();
        assert!(left.is_empty());
        spool.append([&first, &second].into_iter()).unwrap();
    }
    // One of them had reached the database, and a third was cut off.
    db.insert_call(row::row(&first)).await.unwrap();
    let mut file_end = std::fs::OpenOptions::new()
        .append(true)
        .open(dir.join("calls.spool"))
        .unwrap();
    std::io::Write::write_all(&mut file_end, b"{\"id\":\"call_").unwrap();
    let recovered = Recovered::from(&dir).unwrap();
    assert_eq!(recovered.left, [first.clone(), second.clone()]);
    let ledger = Ledger::start(db.clone(), recovered, metrics());
    tokio::time::timeout(Duration::from_secs(20), ledger.flushed())
        .await
        .unwrap();
    for record in [first, second] {
        assert!(db.find_call(account, record.id).await.is_ok());
    }
    let length = std::fs::metadata(dir.join("calls.spool")).unwrap().len();
    assert_eq!(length, 0);
    let _ = std::fs::remove_dir_all(dir);
    let _ = std::fs::remove_file(file);
}

#[tokio::test]
async fn calls_that_a_process_was_killed_in_are_recorded_at_the_next_start() {
    let (db, file) = crate::test_db().await;
    let account = crate::test_account(&db).await;
    let dir = dir();
    let going_on = record(account);
    {
        let (mut journal, _) = {
            std::fs::create_dir_all(&dir).unwrap();
            Journal::open(&dir).unwrap()
        };
        journal.note(vec![going_on.clone()], &[]).unwrap();
    }
    for _ in 0..2 {
        let ledger = Ledger::start(db.clone(), Recovered::from(&dir).unwrap(), metrics());
        tokio::time::timeout(Duration::from_secs(20), ledger.flushed())
            .await
            .unwrap();
        let row = db.find_call(account, going_on.id).await.unwrap();
        assert_eq!(row.trace.end_reason.as_deref(), Some("crashed"));
    }
    let _ = std::fs::remove_dir_all(dir);
    let _ = std::fs::remove_file(file);
}
