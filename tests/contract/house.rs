//! The plan of the house: who may know whom, how large a file may be, what lies at the top.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Most lines of a file; `tables.rs` is printed by a tool.
const LINES: usize = 500;

/// What each room must not depend on.
const WALLS: [(&str, &[&str]); 4] = [
    (
        "engine",
        &[
            "schema",
            "actors",
            "web",
            "diesel",
            "diesel-async",
            "actix",
            "actix-web",
            "dashmap",
        ],
    ),
    (
        "schema",
        &[
            "engine",
            "actors",
            "web",
            "actix",
            "actix-web",
            "dashmap",
            "rsip",
            "mio",
        ],
    ),
    (
        "actors",
        &["web", "diesel", "diesel-async", "actix-web", "rsip", "mio"],
    ),
    (
        "web",
        &[
            "engine",
            "diesel",
            "diesel-async",
            "actix",
            "dashmap",
            "rsip",
            "mio",
        ],
    ),
];

/// The only names at the top, hidden ones and what is built or run there aside.
const TOP: [&str; 13] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "actors",
    "benches",
    "engine",
    "migrations",
    "schema",
    "target",
    "tests",
    "web",
    "data",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the rooms, the tests and the benches.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["engine", "schema", "actors", "web", "tests", "benches"]
        .map(|name| root().join(name))
        .into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 100, "the files were not found");
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is wrong, one a line.
#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn rooms_know_only_what_they_may() {
    let mut faults = Vec::new();
    for (room, walls) in WALLS {
        let manifest = read(&root().join(room).join("Cargo.toml"));
        let section = manifest
            .split("\n[dependencies]\n")
            .nth(1)
            .expect("dependencies");
        let section = section.split("\n[").next().unwrap_or_default();
        for line in section.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if walls.contains(&name) {
                faults.push(format!("{room} depends on {name}"));
            }
        }
    }
    none(faults);
}

#[test]
fn rsip_stays_where_messages_are_read() {
    let homes = ["engine/src/sip/message", "engine/src/sip/uri"];
    let mut faults = Vec::new();
    for file in files() {
        let path = file
            .strip_prefix(root())
            .expect("a file of the house")
            .display()
            .to_string();
        let home =
            homes.iter().any(|home| path.starts_with(home)) || path.starts_with("tests/contract");
        if !home && read(&file).contains("rsip::") {
            faults.push(format!("{path} names rsip"));
        }
    }
    none(faults);
}

/// Sockets are the engine's. REST and its listener are none of its business, so these files may open theirs:
/// the HTTP listener, and the demonstration, which looks for free ports and asks the exchange it started.
const SOCKETS: [&str; 4] = [
    "web/src/server/http.rs",
    "web/src/demo/ports.rs",
    "web/src/demo/stage.rs",
    "web/src/demo/client.rs",
];

#[test]
fn sockets_stay_in_the_engine() {
    let words = [
        "socket2::",
        "UdpSocket",
        "TcpListener",
        "TcpStream",
        "UnixStream",
    ];
    let mut faults = Vec::new();
    for file in files() {
        let path = file
            .strip_prefix(root())
            .expect("a file of the house")
            .display()
            .to_string();
        let rooms = ["schema/", "actors/", "web/"];
        if !rooms.iter().any(|room| path.starts_with(room)) || SOCKETS.contains(&&*path) {
            continue;
        }
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in words.iter().filter(|word| code.contains(**word)) {
            faults.push(format!("{path} names {word}"));
        }
    }
    none(faults);
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let mut faults = Vec::new();
    for file in files() {
        let path = file
            .strip_prefix(root())
            .expect("a file of the house")
            .display()
            .to_string();
        let outside =
            path.starts_with("tests/") || path.starts_with("benches/") || path.contains("tests");
        if outside || path.starts_with("web/src/config") {
            continue;
        }
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if code.contains("env::var") {
            faults.push(format!("{path} reads the environment"));
        }
    }
    none(faults);
}

#[test]
fn files_fit_in_the_head_and_say_what_they_are() {
    let mut faults = Vec::new();
    for file in files() {
        let path = file
            .strip_prefix(root())
            .expect("a file of the house")
            .display()
            .to_string();
        let text = read(&file);
        let lines = text.lines().count();
        if lines > LINES && !path.ends_with("schema/src/tables.rs") {
            faults.push(format!("{path} has {lines} lines"));
        }
        let said = text.starts_with("//!") || text.starts_with("#![doc");
        if !said && !path.ends_with("schema/src/tables.rs") {
            faults.push(format!("{path} does not say what it is"));
        }
    }
    none(faults);
}

#[test]
fn a_folder_keeps_all_of_itself() {
    let mut faults = Vec::new();
    for file in files() {
        let beside = file.with_extension("");
        if beside.is_dir() {
            faults.push(format!("{} lies beside its folder", file.display()));
        }
    }
    none(faults);
}

#[test]
fn nothing_else_lies_at_the_top() {
    let mut faults = Vec::new();
    for entry in fs::read_dir(root()).expect("the top") {
        let name = entry
            .expect("a name")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !name.starts_with('.') && !TOP.contains(&name.as_str()) {
            faults.push(format!("{name} does not belong at the top"));
        }
    }
    none(faults);
}

#[test]
fn every_room_says_its_invariants() {
    for room in ["engine", "schema", "actors", "web"] {
        let readme = read(&root().join(room).join("README.md"));
        assert!(
            readme.to_lowercase().contains("invariant"),
            "{room}/README.md has no invariants"
        );
    }
}
