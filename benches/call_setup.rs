//! What a call through the exchange costs from INVITE to its record, as a multiple of what the same
//! datagrams cost a loop that only sends them back, in the same run.
//!
//! A carrier calls a number that leads to another carrier, which answers; the caller hangs up. The exchange
//! runs in this process with SQLite; what the load's own threads use is taken off.

#[path = "load/calls.rs"]
#[allow(dead_code, reason = "shared with other loads")]
mod calls;
#[path = "load/cpu.rs"]
#[allow(dead_code, reason = "shared with other loads")]
mod cpu;
#[path = "load/register.rs"]
#[allow(dead_code, reason = "only the login's type is wanted here")]
mod register;
#[path = "load/tenants.rs"]
#[allow(dead_code, reason = "no phones are wanted here")]
mod tenants;
#[path = "load/wire.rs"]
#[allow(dead_code, reason = "shared with other loads")]
mod wire;

use harness::{Database, Exchange};
use std::{net::UdpSocket, time::Duration};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Calls of the run.
const CALLS: usize = 3_000;
/// Calls a second.
const RATE: f64 = 500.0;
/// Messages of such a call that the exchange receives.
const RECEIVED: usize = 7;

fn to_the_last_core() {
    if let Some(last) = core_affinity::get_core_ids().unwrap_or_default().last() {
        core_affinity::set_for_current(*last);
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let exchange = Exchange::start_with(Database::Sqlite, |config| {
        config.sip.udp = "127.0.0.1:0".parse().ok();
    })
    .await;
    let callee = calls::Callee::start()?;
    tenants::carriers(&exchange.api(), callee.address).await;
    let plan = calls::Plan {
        exchange: exchange.sip(),
        number: tenants::NUMBERS[0].to_owned(),
        calls: CALLS,
        rate: RATE,
        hold: Duration::ZERO,
        media: calls::Ports::default(),
    };
    let me = std::process::id();
    let before = cpu::of_process(me);
    let load = tokio::task::spawn_blocking(move || calls::run(&plan).map_err(|e| e.to_string()));
    let mut report = load.await??;
    exchange
        .metric_becomes("strowger_actors_calls_active", 0.0)
        .await;
    let answering = cpu::of_process(me).saturating_sub(before + report.used);
    let used = answering.saturating_sub(callee.stop());
    exchange.stop().await;

    let each = used.as_secs_f64() * 1e6 / report.good.max(1) as f64;
    let bare = bare(CALLS * RECEIVED)? * RECEIVED as f64;
    let median = cpu::percentile(&mut report.set_up, 0.5).as_secs_f64() * 1e3;
    println!(
        "calls {}  us/call {each:.0}  set-up median {median:.2} ms",
        report.good
    );
    println!(
        "bare loop, {RECEIVED} datagrams back and forth  us {bare:.1}  ratio {:.1}",
        each / bare
    );
    Ok(())
}

/// CPU microseconds to receive a datagram and send it back.
fn bare(count: usize) -> Outcome<f64> {
    let (here, there) = (
        UdpSocket::bind("127.0.0.1:0")?,
        UdpSocket::bind("127.0.0.1:0")?,
    );
    let to = there.local_addr()?;
    let echo = std::thread::spawn(move || -> std::io::Result<Duration> {
        let mut buffer = [0; 2048];
        for _ in 0..count {
            let (length, from) = there.recv_from(&mut buffer)?;
            there.send_to(&buffer[..length], from)?;
        }
        Ok(cpu::of_this_thread())
    });
    let mut buffer = [0; 2048];
    for _ in 0..count {
        here.send_to(&[0; 600], to)?;
        here.recv(&mut buffer)?;
    }
    let used = echo.join().map_err(|_| "the loop broke off")??;
    Ok(used.as_secs_f64() * 1e6 / count as f64)
}
