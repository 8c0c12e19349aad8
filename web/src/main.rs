//! The program: reads the command line, and does what it says.

use std::process::ExitCode;

use clap::Parser;
use web::cli::{Cli, run};

/// Calls are made of many short-lived texts that one thread makes and another drops.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => {
            eprintln!("strowger cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
