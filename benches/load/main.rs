//! What the release binary uses for a REGISTER, a call, a relayed packet, a GET and an event stream, on
//! loopback, beside the bars.
//!
//! The server runs pinned to the first core, the load on the last one; CPU is read from the threads'
//! schedstat. `cargo build --release && cargo bench --bench load`; `-- register|bindings|calls|relay|get|events`
//! runs one of them, `--seconds n` how long each lasts. A quiet machine with two cores or more is wanted.

mod calls;
mod cpu;
mod http;
mod register;
mod relay;
mod server;
mod tenants;
mod wire;

use server::Server;
use std::time::{Duration, Instant};
use tenants::NUMBERS;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Users of the REGISTER run.
const USERS: usize = 1_000;
/// Contacts a user.
const CONTACTS: usize = 10;
/// REGISTERs a second.
const REGISTERS: f64 = 2_000.0;
/// After this no transaction is remembered any more (RFC 3261, Timer J).
const SETTLED: Duration = Duration::from_secs(34);
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
    if wants("bindings") {
        bindings().await?;
    }
    if wants("calls") {
        set_up_and_down(length).await?;
    }
    if wants("relay") {
        relayed(length).await?;
    }
    if wants("get") {
        got(length).await?;
    }
    if wants("events") {
        streamed().await?;
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

fn share(used: Duration, of: Duration) -> f64 {
    used.as_secs_f64() / of.as_secs_f64() * 100.0
}

async fn registers(length: Duration) -> Outcome<()> {
    let server = Server::start().await?;
    let logins = tenants::logins(&server.api, USERS).await;
    let mut phones = register::Phones::register(server.sip, &logins, CONTACTS)?;
    let count = (REGISTERS * length.as_secs_f64()) as usize;
    let (before, begun) = (cpu::of_process(server.pid()), Instant::now());
    let report = phones.refresh(count, REGISTERS)?;
    let took = begun.elapsed();
    let used = cpu::of_process(server.pid()).saturating_sub(before);
    let each = micros(used, report.good);
    show("REGISTER with digest, durable", each, "us CPU", 50.0);
    let (good, load) = (report.good, share(report.used, took));
    println!("  {good} accepted in {took:.1?}, load {load:.0} %");
    Ok(())
}

/// What one more costs: caches are full after the first half.
async fn bindings() -> Outcome<()> {
    let server = Server::start().await?;
    let logins = tenants::logins(&server.api, USERS).await;
    let (first, second) = logins.split_at(USERS / 2);
    let mut sizes = [0; 2];
    for (half, size) in [first, second].into_iter().zip(&mut sizes) {
        register::Phones::register(server.sip, half, CONTACTS)?;
        tokio::time::sleep(SETTLED).await;
        *size = cpu::resident(server.pid());
    }
    let grown = sizes[1].saturating_sub(sizes[0]) as f64;
    let each = grown / (second.len() * CONTACTS) as f64 / 1024.0;
    show("a binding in memory", each, "KB", 1.2);
    Ok(())
}

async fn got(length: Duration) -> Outcome<()> {
    let server = Server::start().await?;
    let report = http::gets(&server, length).await?;
    show(
        "GET of one user",
        micros(report.server, report.answered),
        "us CPU",
        50.0,
    );
    println!(
        "  {} answers in {:.1?}, load {:.0} %",
        report.answered,
        report.took,
        share(report.load, report.took)
    );
    Ok(())
}

async fn streamed() -> Outcome<()> {
    let server = Server::start().await?;
    let mut report = http::streams(&server).await?;
    show(
        "an idle event stream in memory",
        report.bytes as f64 / 1024.0,
        "KB",
        4.0,
    );
    let p99 = cpu::percentile(&mut report.delays, 0.99).as_secs_f64() * 1e3;
    show("event to subscriber, 99th perc.", p99, "ms", 50.0);
    println!(
        "  {} streams, {} events heard",
        http::IDLE,
        report.delays.len()
    );
    Ok(())
}

async fn set_up_and_down(length: Duration) -> Outcome<()> {
    let server = Server::start().await?;
    let resting = cpu::resident(server.pid()) as f64 / 1_048_576.0;
    show("at rest", resting, "MB", 40.0);
    let callee = calls::Callee::start()?;
    tenants::carriers(&server.api, callee.address).await;
    let wanted = (CALLS * length.as_secs_f64()) as usize;
    let plan = calls::Plan {
        exchange: server.sip,
        number: NUMBERS[0].to_owned(),
        calls: wanted,
        rate: CALLS,
        hold: Duration::ZERO,
        media: calls::Ports::default(),
    };
    let (before, begun) = (cpu::of_process(server.pid()), Instant::now());
    let mut report = calls::run(&plan)?;
    let took = begun.elapsed();
    server.until_ended(wanted).await;
    let used = cpu::of_process(server.pid()).saturating_sub(before);
    let each = micros(used, report.good);
    show("call set up and taken down", each, "us CPU", 300.0);
    let p99 = cpu::percentile(&mut report.set_up, 0.99).as_secs_f64() * 1e3;
    show("call set-up, 99th percentile", p99, "ms", 5.0);
    let again = server
        .metric("strowger_engine_sip_retransmissions_total")
        .await;
    let load = share(report.used + callee.stop(), took);
    let calls::Report { good, repeated, .. } = report;
    println!(
        "  {good} of {wanted} calls good in {took:.1?}, {again} messages sent again, {repeated} seen twice, \
         load {load:.0} %"
    );
    Ok(())
}

async fn relayed(length: Duration) -> Outcome<()> {
    let server = Server::start().await?;
    let callee = calls::Callee::start()?;
    tenants::carriers(&server.api, callee.address).await;
    let media = calls::Ports::default();
    let plan = calls::Plan {
        exchange: server.sip,
        number: NUMBERS[0].to_owned(),
        calls: TALKING,
        rate: 200.0,
        hold: length + Duration::from_secs(6),
        media: media.clone(),
    };
    let (pid, ip) = (server.pid(), server.sip.ip().to_string());
    let small = cpu::resident(pid);
    let talks = std::thread::spawn(move || calls::run(&plan).map_err(|error| error.to_string()));
    let callers = calls::ports(&media, TALKING);
    let callees = calls::ports(&callee.media, TALKING);
    let mut report = relay::run(pid, &ip, &callers, &callees, length)?;
    let grown = cpu::resident(pid).saturating_sub(small) as f64;
    let each = micros(report.cpu, usize::try_from(report.received)?);
    show("relayed packet, with all else", each, "us CPU", 4.6);
    let p99 = cpu::percentile(&mut report.delays, 0.99).as_secs_f64() * 1e3;
    show("through the exchange, 99th perc.", p99, "ms", 0.25);
    let each = grown / 1024.0 / TALKING as f64;
    show("a call in memory", each, "KB", 32.0);
    let (sent, load) = (report.sent, share(report.used, length));
    let lost = sent.saturating_sub(report.received);
    println!("  {TALKING} calls, {sent} packets, {lost} lost, load {load:.0} %");
    let talks = talks.join().map_err(|_| "the calls broke off")??;
    println!("  {} calls ended well", talks.good);
    Ok(())
}
