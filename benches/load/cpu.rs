//! Processor time, as the scheduler counts it.

use std::{fs, time::Duration};

/// What all threads of a process have used (`/proc/<pid>/task/*/schedstat`, first field, nanoseconds).
pub fn of_process(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let used = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(used.sum())
}

/// What the current thread has used.
pub fn of_this_thread() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let used = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(used.unwrap_or(0))
}

/// Resident memory of a process, in bytes.
pub fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The value below which this share of the samples lies.
pub fn percentile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    let at = (samples.len() as f64 * share) as usize;
    let last = samples.len().saturating_sub(1);
    samples.get(at.min(last)).copied().unwrap_or_default()
}
