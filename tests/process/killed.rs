//! `kill -9`.

use crate::town::{Town, connected};
use harness::Call;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_one_record_of_each_call_and_every_binding() {
    let town = Town::found(&[]).await;
    let alice = town.citizen("Alice", "1001").await;
    let bob = town.citizen("Bob", "1002").await;
    let carol = town.citizen("Carol", "1003").await;
    let (over, its_answer) = connected(&alice, &bob).await;
    over.hangs_up().await;
    its_answer.is_hung_up().await;
    town.records(1).await;
    let mut lost: Vec<(Call, Call)> = Vec::new();
    for _ in 0..3 {
        lost.push(connected(&alice, &bob).await);
    }
    let ringing = bob.phone.calls(&carol.number).await;
    let rung = carol.phone.rings().await;
    ringing.is_ringing().await;
    noted(&town, 4).await;

    let town = town.dies_and_rises().await;
    let records = town.records(5).await;
    let rows = town.rows(5).await;
    let reason = |row: &schema::Call| row.trace.end_reason.clone().unwrap_or_default();
    assert_eq!(
        rows.iter().filter(|row| reason(row) == "crashed").count(),
        4
    );
    assert_eq!(
        rows.iter().filter(|row| reason(row) == "hang_up").count(),
        1
    );
    let status = |status: &str| records.iter().filter(|r| r["status"] == status).count();
    assert_eq!(status("completed"), 4, "{records:#?}");
    for record in &records {
        let answered = record["answered_at"].is_string();
        assert_eq!(answered, record["duration_seconds"].is_number(), "{record}");
        assert!(record["ended_at"].is_string(), "{record}");
    }
    // Nobody has registered again.
    let (call, answer) = connected(&carol, &alice).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    drop((lost, ringing, rung));

    // A second death changes nothing about the first ones.
    let town = town.dies_and_rises().await;
    let after = town.records(6).await;
    assert_eq!(after[1..], records[..]);
}

/// Waits until the process has noted down that many calls that go on.
async fn noted(town: &Town, calls: usize) {
    let file = town.home.0.join("data").join("calls.open");
    let end = std::time::Instant::now() + crate::program::LIMIT;
    loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let lines = text.lines();
        let parsed = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let ids: std::collections::BTreeSet<String> =
            parsed.map(|record| record["id"].to_string()).collect();
        if ids.len() >= calls {
            return;
        }
        assert!(std::time::Instant::now() < end, "only {ids:?} are noted");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
