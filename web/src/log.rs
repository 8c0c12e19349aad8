//! The log: sentences for people, or one JSON object a line for machines. Always on standard error.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// What says more than its news is worth, unless the filter is spelled out.
const QUIET: &str = "actix_server=warn";

/// Starts logging for the whole process. Only the program itself calls this, once.
///
/// # Errors
/// When the filter cannot be read.
pub fn init(log: &Log) -> Result<(), ParseError> {
    let directives = match log.level.chars().all(|c| c.is_ascii_alphanumeric()) {
        true => format!("{},{QUIET}", log.level),
        false => log.level.clone(),
    };
    let filter = EnvFilter::builder().parse(directives)?;
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Text => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    if let Err(error) = started {
        tracing::warn!(%error, "Logging was started before.");
    }
    Ok(())
}
