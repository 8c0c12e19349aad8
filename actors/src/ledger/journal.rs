//! A local file of the calls that are going on, so that a process that is killed leaves their records
//! behind: each line is the record as it would read if the call ended there.
//!
//! What the next start finds is written with the time at which the process was last alive.

use crate::{call::Record, error::StartError};
use schema::{Call, Id, Time};
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    time::SystemTime,
};

/// Name of the file within the data directory.
const NAME: &str = "calls.open";
/// Lines after which the file is written anew, when most of them are of calls that ended.
const COMPACT_AT: usize = 4_096;

/// The open file, and what it says.
pub(crate) struct Journal {
    file: File,
    open: HashMap<Id<Call>, Record>,
    lines: usize,
}

impl Journal {
    /// Opens the journal of a data directory, emptied, with the records of the calls that an earlier
    /// process was killed in.
    pub(crate) fn open(dir: &Path) -> Result<(Self, Vec<Record>), StartError> {
        let path = dir.join(NAME);
        let fault = |source| StartError::Spool {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(fault)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fault)?;
        let text = String::from_utf8_lossy(&bytes);
        let last = file.metadata().and_then(|data| data.modified());
        let alive = last.ok().map(|at| Time::from(chrono::DateTime::from(at)));
        let mut left: HashMap<Id<Call>, Record> = HashMap::new();
        for line in text.lines() {
            // A last line that was cut off only takes the newest state of one call away.
            if let Ok(record) = serde_json::from_str::<Record>(line) {
                left.insert(record.id, record);
            }
        }
        let left = left.into_values().map(|record| ended_at(record, alive));
        let left = left.collect();
        let journal = Self {
            file,
            open: HashMap::new(),
            lines: 0,
        };
        Ok((journal, left))
    }

    /// The records that [`Journal::open`] gave are safe elsewhere.
    pub(crate) fn clear(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.lines = 0;
        Ok(())
    }

    /// Notes how calls stand that go on, and which have ended. Only the newest state of a call that has
    /// not ended is worth a line.
    pub(super) fn note(&mut self, open: Vec<Record>, ended: &[Id<Call>]) -> std::io::Result<()> {
        let mut latest: HashMap<Id<Call>, Record> =
            open.into_iter().map(|record| (record.id, record)).collect();
        for call in ended {
            latest.remove(call);
            self.open.remove(call);
        }
        let mut lines = Vec::new();
        for (id, record) in latest {
            serde_json::to_writer(&mut lines, &record)?;
            lines.push(b'\n');
            self.lines += 1;
            self.open.insert(id, record);
        }
        if self.open.is_empty() {
            return match self.lines {
                0 => Ok(()),
                _ => self.clear(),
            };
        }
        if self.lines >= COMPACT_AT && self.lines / 4 > self.open.len() {
            self.clear()?;
            lines.clear();
            for record in self.open.values() {
                serde_json::to_writer(&mut lines, record)?;
                lines.push(b'\n');
            }
            self.lines = self.open.len();
        }
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(&lines)
    }

    /// The process is alive: calls that are lost later ended no earlier than now.
    pub(super) fn beat(&self) {
        if !self.open.is_empty()
            && let Err(error) = self.file.set_modified(SystemTime::now())
        {
            tracing::debug!(%error, "the journal of calls cannot be touched");
        }
    }
}

/// The record of a call whose process died when it was last seen alive.
fn ended_at(mut record: Record, alive: Option<Time>) -> Record {
    let end = alive.map_or(record.ended_at, |alive| alive.max(record.ended_at));
    record.ended_at = end;
    record.seconds = record.answered_at.map(|answered| {
        let talked = end.since(answered).as_secs();
        u32::try_from(talked).unwrap_or(u32::MAX)
    });
    record.end_reason = "crashed".to_owned();
    record
}

#[cfg(test)]
mod tests {
    use super::super::tests::{dir, record};
    use super::*;

    #[test]
    fn gives_back_the_calls_that_had_not_ended() {
        let dir = dir();
        std::fs::create_dir_all(&dir).unwrap();
        let (mut journal, left) = Journal::open(&dir).unwrap();
        assert!(left.is_empty());
        let (first, second) = (record(Id::new()), record(Id::new()));
        let mut answered = second.clone();
        answered.to_number = "103".into();
        journal.note(vec![first.clone(), second], &[]).unwrap();
        journal.note(vec![answered.clone()], &[first.id]).unwrap();
        journal.beat();
        drop(journal);
        let (mut journal, mut left) = Journal::open(&dir).unwrap();
        // The first had ended, its line is still there: writing it again changes nothing.
        left.retain(|record| record.id != first.id);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].to_number, "103");
        assert_eq!(left[0].end_reason, "crashed");
        assert!(left[0].ended_at >= answered.ended_at);
        journal.clear().unwrap();
        drop(journal);
        assert!(Journal::open(&dir).unwrap().1.is_empty());
        let _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn a_cut_through_a_letter_keeps_nobody_from_starting() {
        let dir = dir();
        std::fs::create_dir_all(&dir).unwrap();
        for name in [NAME, "calls.spool"] {
            std::fs::write(dir.join(name), b"{\"from_label\":\"Zo\xc3").unwrap();
        }
        assert!(Journal::open(&dir).unwrap().1.is_empty());
        assert!(super::super::Spool::open(&dir).unwrap().1.is_empty());
        let _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn writes_one_line_for_a_call_and_none_when_it_has_ended() {
        let dir = dir();
        std::fs::create_dir_all(&dir).unwrap();
        let (mut journal, _) = Journal::open(&dir).unwrap();
        let (goes_on, ended) = (record(Id::new()), record(Id::new()));
        let mut newest = goes_on.clone();
        newest.to_number = "103".into();
        let open = vec![goes_on, ended.clone(), newest];
        journal.note(open, &[ended.id]).unwrap();
        let text = std::fs::read_to_string(dir.join(NAME)).unwrap();
        assert_eq!(text.lines().count(), 1);
        let (_, left) = Journal::open(&dir).unwrap();
        assert_eq!(left[0].to_number, "103");
        let _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn does_not_grow_for_ever() {
        let dir = dir();
        std::fs::create_dir_all(&dir).unwrap();
        let (mut journal, _) = Journal::open(&dir).unwrap();
        let stays = record(Id::new());
        journal.note(vec![stays.clone()], &[]).unwrap();
        for _ in 0..COMPACT_AT {
            let call = record(Id::new());
            let id = call.id;
            journal.note(vec![call], &[]).unwrap();
            journal.note(Vec::new(), &[id]).unwrap();
        }
        assert!(journal.lines < COMPACT_AT);
        journal.note(Vec::new(), &[stays.id]).unwrap();
        let length = std::fs::metadata(dir.join(NAME)).unwrap().len();
        assert_eq!(length, 0);
        let _ = std::fs::remove_dir_all(dir);
    }
}
