//! A local append-only file of records that are on their way into the database, one JSON line each.

use crate::{call::Record, error::StartError};
use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// Name of the file within the data directory.
const NAME: &str = "calls.spool";

/// The open file.
pub(crate) struct Spool {
    file: File,
    length: u64,
    synced: u64,
}

impl Spool {
    /// Opens the spool of a data directory, made when absent, with the records that it still holds.
    /// A last line that was cut off by a crash was never promised to anybody and is dropped.
    pub(crate) fn open(dir: &Path) -> Result<(Self, Vec<Record>), StartError> {
        let path = dir.join(NAME);
        let fault = |path: PathBuf| move |source| StartError::Spool { path, source };
        std::fs::create_dir_all(dir).map_err(fault(dir.to_owned()))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(fault(path.clone()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fault(path.clone()))?;
        // The cut may go through a letter.
        let text = String::from_utf8_lossy(&bytes);
        let mut left = Vec::new();
        for line in text.lines() {
            match serde_json::from_str::<Record>(line) {
                Ok(record) => left.push(record),
                Err(error) => tracing::warn!(%error, "a line of the spool cannot be read"),
            }
        }
        let mut length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if !text.is_empty() && !text.ends_with('\n') {
            file.seek(SeekFrom::End(0)).map_err(fault(path.clone()))?;
            file.write_all(b"\n").map_err(fault(path))?;
            length += 1;
        }
        let spool = Self {
            file,
            length,
            synced: 0,
        };
        Ok((spool, left))
    }

    /// Appends records; they survive a crash of the process from now on.
    pub(super) fn append<'a>(
        &mut self,
        records: impl Iterator<Item = &'a Record>,
    ) -> std::io::Result<()> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record)?;
            lines.push(b'\n');
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&lines)?;
        self.length += u64::try_from(lines.len()).unwrap_or(0);
        Ok(())
    }

    /// Makes everything that was appended survive a power failure, too. Blocks.
    pub(super) fn sync(&mut self) -> std::io::Result<()> {
        if self.synced < self.length {
            self.file.sync_data()?;
            self.synced = self.length;
        }
        Ok(())
    }

    /// Everything is in the database.
    pub(super) fn clear(&mut self) -> std::io::Result<()> {
        if self.length > 0 {
            self.file.set_len(0)?;
            self.length = 0;
            self.synced = 0;
        }
        Ok(())
    }
}
