//! What a JVM under `-Xcheck:jni` complains about.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

/// What switches the check on.
pub const OPTION: &str = "-Xcheck:jni";

/// Beginnings of the JVM's complaints.
const COMPLAINTS: [&str; 3] =
    ["WARNING in native method", "FATAL ERROR in native method", "WARNING: JNI local refs"];

/// Where the connector's own methods are.
const OURS: &str = "io.github.flinkredshift";

/// Whether the TaskManager lists the option among its JVM's, which it does indented.
pub fn was_on(files: &[PathBuf]) -> Result<bool> {
    let outputs = files.iter().filter(|file| file.ends_with("taskmanager-0.out"));
    let mut texts = Vec::new();
    for file in outputs {
        texts.push(
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
        );
    }
    let listed = format!("    {OPTION}");
    Ok(texts.iter().any(|text| text.lines().any(|line| line.ends_with(&listed))))
}

/// Complaints, by whose native method they are about.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Complaints {
    /// About the connector's: each with the method.
    pub ours: Vec<String>,
    /// About the JDK's own, which complain too.
    pub others: usize,
}

impl Complaints {
    /// Reads the complaints out of files.
    pub fn of(files: &[PathBuf]) -> Result<Complaints> {
        let mut complaints = Complaints::default();
        for file in files {
            let bytes =
                fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            complaints.read(&String::from_utf8_lossy(&bytes));
        }
        Ok(complaints)
    }

    /// Reads the complaints out of a JVM's output. The first line of the trace after a complaint names
    /// the native method that it is about; a complaint without a trace counts as the connector's.
    pub fn read(&mut self, output: &str) {
        let lines: Vec<&str> = output.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if !COMPLAINTS.iter().any(|complaint| line.contains(complaint)) {
                continue;
            }
            let method = lines.get(index + 1).map(|next| next.trim()).unwrap_or_default();
            if method.starts_with("at ") && !method.contains(OURS) {
                self.others += 1;
            } else {
                self.ours.push(format!("{} {method}", line.trim()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_told_apart_by_their_method() {
        let mut complaints = Complaints::default();
        complaints.read(
            "WARNING in native method: JNI call made without checking exceptions\n\
             \tat java.lang.Some.thing(Native Method)\n\
             \tat io.github.flinkredshift.jni.NativeLibrary.load(NativeLibrary.java:1)\n\
             2026 INFO nothing\n\
             WARNING: JNI local refs: 33, exceeds capacity: 32\n\
             \tat io.github.flinkredshift.jni.Native.push(Native Method)\n\
             FATAL ERROR in native method: Bad global or local ref passed to JNI\n",
        );
        assert_eq!((complaints.ours.len(), complaints.others), (2, 1), "{complaints:?}");
        assert!(complaints.ours[0].contains("Native.push"));
    }
}
