//! Where settings come from, and how a fault in one is told: file and line, or the variable's name.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::keys::{self, KEYS};

/// What stands in front of every variable.
const PREFIX: &str = "STROWGER_";
/// The variable that names the file.
const FILE: &str = "STROWGER_CONFIG";
/// Variables that begin so belong to the project's own tests.
const TESTS: &str = "STROWGER_TEST_";
/// Shorter names of some variables.
const SHORT: &[(&str, &str)] = &[("STROWGER_LOG", "log.level")];

/// Where a setting was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file, at a line counted from 1.
    File(PathBuf, usize),
    /// In a variable of the environment.
    Variable(String),
    /// Between several keys.
    Whole,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Which key, as `http.listen`; empty when it is not about one.
    pub key: String,
    /// What.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path, line) => write!(f, "{}:{line}: ", path.display())?,
            Place::Variable(name) => return write!(f, "{name}: {}", self.reason),
            Place::Whole => {}
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

/// The configuration cannot be used; all that is wrong with it, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.faults.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// A key, its text, and where that stands.
pub(super) type Given = (String, String, Place);

/// Picks our variables out of the environment, and the path of the file.
pub(super) fn environment(
    variables: impl Iterator<Item = (String, String)>,
    faults: &mut Vec<Fault>,
) -> (Option<PathBuf>, Vec<Given>) {
    let mut path = None;
    let mut given = Vec::new();
    for (name, value) in variables {
        if !name.starts_with(PREFIX) || name.starts_with(TESTS) {
            continue;
        }
        if name == FILE {
            path = Some(value)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from);
            continue;
        }
        match key_of(&name) {
            Some(key) => given.push((key.to_owned(), value, Place::Variable(name))),
            None => {
                let near = name.trim_start_matches(PREFIX).to_ascii_lowercase();
                faults.push(Fault {
                    key: String::new(),
                    reason: keys::unknown(&near.replacen('_', ".", 1)),
                    place: Place::Variable(name),
                });
            }
        }
    }
    given.sort_by(|a, b| a.0.cmp(&b.0));
    (path, given)
}

/// The key a variable stands for.
fn key_of(variable: &str) -> Option<&'static str> {
    let short = SHORT.iter().find(|(name, _)| *name == variable);
    short.map(|(_, key)| *key).or_else(|| {
        let name = variable.strip_prefix(PREFIX)?;
        let same = |key: &str| key.replace('.', "_").eq_ignore_ascii_case(name);
        KEYS.iter().map(|key| key.name).find(|key| same(key))
    })
}

/// Reads the keys of a TOML file.
pub(super) fn file(path: &Path, faults: &mut Vec<Fault>) -> Vec<Given> {
    let mut blame = |line: usize, key: &str, reason: String| {
        faults.push(Fault {
            place: Place::File(path.to_owned(), line),
            key: key.to_owned(),
            reason,
        });
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            blame(1, "", format!("cannot be read: {error}"));
            return Vec::new();
        }
    };
    let line_of = |at: usize| text.get(..at).unwrap_or(&text).matches('\n').count() + 1;
    let document = match toml::de::DeTable::parse(&text) {
        Ok(document) => document,
        Err(error) => {
            let line = line_of(error.span().map_or(0, |span| span.start));
            blame(line, "", error.message().to_owned());
            return Vec::new();
        }
    };
    let mut given = Vec::new();
    for (section, value) in document.get_ref() {
        let Some(table) = value.get_ref().as_table() else {
            let reason = "must be a section with keys, as [http]".to_owned();
            blame(line_of(section.span().start), section.get_ref(), reason);
            continue;
        };
        for (name, value) in table {
            let key = format!("{}.{}", section.get_ref(), name.get_ref());
            let line = line_of(name.span().start);
            match scalar(value.get_ref()) {
                Some(text) => given.push((key, text, Place::File(path.to_owned(), line))),
                None => blame(
                    line,
                    &key,
                    "must be a text, a number or true or false".to_owned(),
                ),
            }
        }
    }
    given
}

/// The text of a value that is not a table or list.
fn scalar(value: &toml::de::DeValue<'_>) -> Option<String> {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}
