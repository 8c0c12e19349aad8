//! Which programs that nobody here wrote are on this machine.

use std::process::{Command, Stdio};

/// Whether a program is there. Its absence fails the test when peers are required.
pub fn is_here(program: &str) -> bool {
    let mut probe = Command::new("sh");
    probe
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null());
    let here = probe.status().is_ok_and(|status| status.success());
    let required = std::env::var("STROWGER_TEST_PEERS").is_ok_and(|value| value == "required");
    assert!(here || !required, "{program} is not installed");
    if !here {
        eprintln!("left out: {program} is not installed");
    }
    here
}
