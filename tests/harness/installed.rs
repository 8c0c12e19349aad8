//! Which programs that nobody here wrote are on this machine.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Whether a program is there. Its absence fails the test when peers are required.
pub fn is_here(program: &str) -> bool {
    let mut probe = Command::new("sh");
    probe
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null());
    let here = probe.status().is_ok_and(|status| status.success());
    assert!(here || !is_required(), "{program} is not installed");
    if !here {
        eprintln!("left out: {program} is not installed");
    }
    here
}

/// Whether something that has to be made first is there; `how` says what makes it. Its absence fails the
/// test when peers are required.
pub fn is_built(path: &Path, how: &str) -> bool {
    let (here, required) = (path.exists(), is_required());
    assert!(here || !required, "{} is missing: {how}", path.display());
    if !here {
        eprintln!("left out: {} is missing: {how}", path.display());
    }
    here
}

fn is_required() -> bool {
    std::env::var("STROWGER_TEST_PEERS").is_ok_and(|value| value == "required")
}
