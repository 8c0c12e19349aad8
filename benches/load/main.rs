//! What the release binary uses for a REGISTER, a call and a relayed packet, on loopback, beside the bars.
//!
//! The server runs pinned to the first core, the load on the last one; CPU is read from the threads'
//! schedstat. `cargo build --release && cargo bench --bench load`; `-- register|calls|relay` runs one of
//! the three, `--seconds n` how long each lasts. A quiet machine with two cores or more is wanted.

mod calls;
mod cpu;
mod register;
mod relay;
mod server;
mod wire;

use server::{NUMBERS, Server};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Users of the REGISTER run, ten contacts each.
const USERS: usize = 500;
/// Contacts a user.
const CONTACTS: usize = 10;
/// REGISTERs a second.
const REGISTERS: f64 = 2_000.0;
/// Calls a second.
const CALLS: f64 = 1_000.0;
/// Calls that audio is relayed for.
const TALKING: usize = 400;

/// The load shares nothing with the server.
fn to_the_last_core() {
    if let Some(last) = core_affinity::get_core_ids().unwrap_or_default().last() {
        core_affinity::set_for_current(*last);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut seconds = 10;
    let mut wanted = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => seconds = words.next().unwrap_or_default().parse()?,
            "--bench" => {}
            _ => wanted.push(word),
        }
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    to_the_last_core();
    let wants = |what: &str| wanted.is_empty() || wanted.iter().any(|word| word == what);
    let length = Duration::from_secs(seconds);
    if wants("register") {
        registers(length).await?;
    }
    if wants("calls") {
        set_up_and_down(length).await?;
    }
    if wants("relay") {
        relayed(length).await?;
    }
    Ok(())
}

fn show(what: &str, reached: f64, unit: &str, bar: f64) {
    let ratio = reached / bar;
    println!("{what:<34} {reached:>9.2} {unit:<8} bar {bar:>7.2}  ratio {ratio:.2}");
}

fn micros(used: Duration, by: usize) -> f64 {
    used.as_secs_f64() * 1e6 / by.max(1) as f64
}

async fn registers(length: Duration) -> Outcome<()> {
    let server = Server::start().await?;
    let logins = server.logins(USERS).await;
    let (sip, pid) = (server.sip, server.pid());
    let small = cpu::resident(pid);
    let count = (REGISTERS * length.as_secs_f64()) as usize;
    let load = tokio::task::spawn_blocking(move || -> Result<_, String> {
        let phones = register::Phones::register(sip, &logins, CONTACTS);
        let mut phones = phones.map_err(|error| error.to_string())?;
        let grown = cpu::resident(pid).saturating_sub(small) / phones.len() as u64;
        let (before, begun) = (cpu::of_process(pid), Instant::now());
        let report = phones
            .refresh(count, REGISTERS)
            .map_err(|error| error.to_string())?;
        let took = begun.elapsed();
        Ok((
            report,
            cpu::of_process(pid).saturating_sub(before),
            took,
            grown,
        ))
    });
    let (report, used, took, grown) = load.await??;
    show(
        "REGISTER with digest, durable",
        micros(used, report.good),
        "us CPU",
        50.0,
    );
    show("a binding in memory", grown as f64 / 1024.0, "KB", 1.2);
    println!(
        "  {} accepted in {took:.1?}, load {:.0} %",
        report.good,
        share(report.used, took)
    );
    Ok(())
}

async fn set_up_and_down(length: Duration) -> Outcome<()> {
    let server = Server::start().await?;
    show(
        "at rest",
        cpu::resident(server.pid()) as f64 / 1_048_576.0,
        "MB",
        40.0,
    );
    let callee = calls::Callee::start()?;
    server.carriers(callee.address).await;
    let plan = calls::Plan {
        exchange: server.sip,
        number: NUMBERS[0].to_owned(),
        calls: (CALLS * length.as_secs_f64()) as usize,
        rate: CALLS,
        hold: Duration::ZERO,
        media: calls::Ports::default(),
    };
    let wanted = plan.calls;
    let (before, begun) = (cpu::of_process(server.pid()), Instant::now());
    let load =
        tokio::task::spawn_blocking(move || calls::run(&plan).map_err(|error| error.to_string()));
    let mut report = load.await??;
    let took = begun.elapsed();
    let recorded = "strowger_actors_calls_ended_total";
    while server.metric(recorded).await < wanted as f64
        && begun.elapsed() < took + Duration::from_secs(10)
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let used = cpu::of_process(server.pid()).saturating_sub(before);
    show(
        "call set up and taken down",
        micros(used, report.good),
        "us CPU",
        300.0,
    );
    let p99 = cpu::percentile(&mut report.set_up, 0.99).as_secs_f64() * 1e3;
    show("call set-up, 99th percentile", p99, "ms", 5.0);
    let again = server
        .metric("strowger_engine_sip_retransmissions_total")
        .await;
    let load = share(report.used + callee.stop(), took);
    println!(
        "  {} of {wanted} calls good in {took:.1?}, {again} messages sent again, {} seen twice, load {load:.0} %",
        report.good, report.repeated
    );
    Ok(())
}

async fn relayed(length: Duration) -> Outcome<()> {
    let server = Server::start().await?;
    let callee = calls::Callee::start()?;
    server.carriers(callee.address).await;
    let media = calls::Ports::default();
    let plan = calls::Plan {
        exchange: server.sip,
        number: NUMBERS[0].to_owned(),
        calls: TALKING,
        rate: 200.0,
        hold: length + Duration::from_secs(6),
        media: media.clone(),
    };
    let small = cpu::resident(server.pid());
    let talks = std::thread::spawn(move || calls::run(&plan).map_err(|error| error.to_string()));
    let begun = Instant::now();
    let ports = |of: &calls::Ports| of.lock().map(|ports| ports.clone()).unwrap_or_default();
    while ports(&media).len() < TALKING && begun.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (pid, ip) = (server.pid(), server.sip.ip().to_string());
    let (callers, callees) = (ports(&media), ports(&callee.media));
    let load = tokio::task::spawn_blocking(move || {
        relay::run(pid, &ip, &callers, &callees, length).map_err(|error| error.to_string())
    });
    let mut report = load.await??;
    let grown = cpu::resident(pid).saturating_sub(small) as f64 / 1024.0 / TALKING as f64;
    let received = usize::try_from(report.received)?;
    show(
        "relayed packet, with all else",
        micros(report.cpu, received),
        "us CPU",
        4.6,
    );
    let p99 = cpu::percentile(&mut report.delays, 0.99).as_secs_f64() * 1e3;
    show("through the exchange, 99th perc.", p99, "ms", 0.25);
    show("a call in memory", grown, "KB", 32.0);
    let lost = report.sent.saturating_sub(report.received);
    println!(
        "  {TALKING} calls, {} packets, {lost} lost, load {:.0} %",
        report.sent,
        share(report.used, length)
    );
    let talks = talks.join().map_err(|_| "the calls broke off")??;
    println!("  {} calls ended well", talks.good);
    Ok(())
}

fn share(used: Duration, of: Duration) -> f64 {
    used.as_secs_f64() / of.as_secs_f64() * 100.0
}
