//! An append-only file of JSON records, one a line, that survives a killed process.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

/// A journal that is open for appending.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    length: u64,
}

impl Journal {
    /// Reads the records of a journal, none where there is no such file. A last line without its
    /// end is what a killed process leaves: it never took effect and is left out.
    pub(super) fn read<R: DeserializeOwned>(path: &Path) -> io::Result<Vec<R>> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        text[..whole]
            .split(|&byte| byte == b'\n')
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| {
                serde_json::from_slice(line).map_err(|error| {
                    let place = format!("{} line {}: {error}", path.display(), number + 1);
                    io::Error::new(io::ErrorKind::InvalidData, place)
                })
            })
            .collect()
    }

    /// Replaces a journal with these records and opens it for more.
    pub(super) fn rewrite<R: Serialize>(
        path: &Path,
        records: impl IntoIterator<Item = R>,
    ) -> io::Result<Journal> {
        let fresh = path.with_extension("new");
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, &record)?;
            lines.push(b'\n');
        }
        std::fs::write(&fresh, &lines)?;
        std::fs::rename(&fresh, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Journal { file, length: lines.len() as u64 })
    }

    /// Appends one record. Either all of it is there afterwards or nothing.
    pub(super) fn append<R: Serialize>(&mut self, record: &R) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // Half a line would swallow the next record.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }
}
