//! SIGTERM, once and twice.

use crate::{
    program::Program,
    town::{Citizen, Town, connected, talk},
};
use harness::KEY;
use std::time::{Duration, Instant};

/// How long calls may go on after the first signal.
const LIMIT: Duration = Duration::from_secs(12);

/// Waits until `/readyz` says that nothing new is taken.
async fn drains(program: &Program) {
    let end = Instant::now() + crate::program::LIMIT;
    loop {
        let ready = program.api(KEY).get("/readyz").await;
        if ready.status == 503 {
            assert_eq!(ready.body["status"], "draining", "{}", ready.text);
            return;
        }
        assert!(Instant::now() < end, "{}", ready.text);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn is_turned_away(who: &Citizen, number: &str) {
    let call = who.phone.calls(number).await;
    let no = call.gets("a refusal", 300..700).await;
    assert_eq!(no.status(), Some(503), "{no}");
    assert!(no.get("Retry-After").parse::<u32>().is_ok(), "{no}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_told_to_stop_lets_its_calls_run_for_a_while() {
    let limit = LIMIT.as_secs().to_string();
    let mut town = Town::found(&[("STROWGER_DRAIN_SECONDS", &limit)]).await;
    let alice = town.citizen("Alice", "1001").await;
    let bob = town.citizen("Bob", "1002").await;
    let carol = town.citizen("Carol", "1003").await;
    let (short, short_answer) = connected(&alice, &carol).await;
    let (long, long_answer) = connected(&alice, &bob).await;
    let told = Instant::now();
    town.program.terminate();
    drains(&town.program).await;
    is_turned_away(&carol, "1001").await;
    talk(&short, &short_answer).await;
    short.hangs_up().await;
    short_answer.is_hung_up().await;
    while told.elapsed() < LIMIT - Duration::from_secs(4) {
        talk(&long, &long_answer).await;
    }
    // The other one is ended by a goodbye to both when the limit is reached.
    long.is_hung_up().await;
    long_answer.is_hung_up().await;
    assert!(told.elapsed() >= LIMIT, "it was cut short");
    let status = town.program.ended().await;
    assert_eq!(status.code(), Some(0), "{}", town.program.log.text());

    let town = town.dies_and_rises().await;
    let mut reasons: Vec<_> = town.rows(2).await;
    reasons.sort_by_key(|row| row.times.ended_at);
    let reasons: Vec<_> = reasons
        .iter()
        .map(|row| row.trace.end_reason.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(reasons, ["hang_up", "shutting_down"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_means_now() {
    let mut town = Town::found(&[("STROWGER_DRAIN_SECONDS", "3600")]).await;
    let alice = town.citizen("Alice", "1001").await;
    let bob = town.citizen("Bob", "1002").await;
    let (call, answer) = connected(&alice, &bob).await;
    town.program.terminate();
    drains(&town.program).await;
    talk(&call, &answer).await;
    town.program.terminate();
    call.is_hung_up().await;
    answer.is_hung_up().await;
    let status = town.program.ended().await;
    assert_eq!(status.code(), Some(0), "{}", town.program.log.text());
    let town = town.dies_and_rises().await;
    let rows = town.rows(1).await;
    assert_eq!(rows[0].trace.end_reason.as_deref(), Some("shutting_down"));
}
