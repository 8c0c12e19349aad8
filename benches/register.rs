//! What it costs to refresh a registration, as a multiple of checking its digest alone, in the same run.
//!
//! Phones register with MD5 digest and refresh at a steady rate; each refresh is in the database before its
//! 200. The exchange runs in this process with SQLite; what the load's own thread uses is taken off.

#[path = "load/calls.rs"]
#[allow(dead_code, reason = "only the carriers' addresses are named")]
mod calls;
#[path = "load/cpu.rs"]
#[allow(dead_code, reason = "shared with other loads")]
mod cpu;
#[path = "load/register.rs"]
mod register;
#[path = "load/tenants.rs"]
#[allow(dead_code, reason = "no carriers are wanted here")]
mod tenants;
#[path = "load/wire.rs"]
#[allow(dead_code, reason = "shared with other loads")]
mod wire;

use harness::{Database, Exchange};
use md5::{Digest as _, Md5};
use std::{hint::black_box, time::Duration};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Users, ten contacts each.
const USERS: usize = 100;
/// Contacts a user.
const CONTACTS: usize = 10;
/// Refreshes of the run.
const REFRESHES: usize = 10_000;
/// Refreshes a second.
const RATE: f64 = 2_000.0;

fn to_the_last_core() {
    if let Some(last) = core_affinity::get_core_ids().unwrap_or_default().last() {
        core_affinity::set_for_current(*last);
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let exchange = Exchange::start(Database::Sqlite).await;
    let logins = tenants::logins(&exchange.api(), USERS).await;
    let sip = exchange.sip();
    let me = std::process::id();
    let load = tokio::task::spawn_blocking(move || -> Result<_, String> {
        let phones = register::Phones::register(sip, &logins, CONTACTS);
        let mut phones = phones.map_err(|error| error.to_string())?;
        let before = cpu::of_process(me);
        let report = phones.refresh(REFRESHES, RATE).map_err(|e| e.to_string())?;
        let used = cpu::of_process(me).saturating_sub(before + report.used);
        Ok((report.good, used))
    });
    let (good, used) = load.await??;
    exchange.stop().await;
    let each = used.as_secs_f64() * 1e6 / good.max(1) as f64;
    let digest = digest();
    println!("refreshes {good}  us/refresh {each:.1}");
    println!(
        "the two MD5 sums of a digest  us {digest:.2}  ratio {:.0}",
        each / digest
    );
    Ok(())
}

/// CPU microseconds of the sums that check one answer.
fn digest() -> f64 {
    let before = cpu::of_this_thread();
    for round in 0..REFRESHES {
        let what = Md5::digest(format!("REGISTER:sip:127.0.0.1:{round}"));
        let text = format!("{:032x}:{:064x}:00000001:c1:auth:{what:x?}", round, round);
        black_box(Md5::digest(text));
    }
    let used: Duration = cpu::of_this_thread().saturating_sub(before);
    used.as_secs_f64() * 1e6 / REFRESHES as f64
}
