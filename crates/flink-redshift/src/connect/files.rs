//! The files of a path, and their bytes.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

const BUFFER: usize = 256 * 1024;

/// Endings of compressed files that Flink reads and this command does not.
const UNREADABLE: &[&str] = &["bz2", "deflate", "xz", "zst", "zstd", "lz4", "snappy"];

/// The path of a `'path'` option: a file or directory of this machine.
pub fn local_path(text: &str) -> Result<PathBuf, String> {
    let path = match text.split_once(':') {
        Some(("file", rest)) => match rest.strip_prefix("//") {
            Some(rest) if rest.starts_with('/') => rest,
            Some(_) => return Err(format!("'path' = '{text}' names a host")),
            None => rest,
        },
        Some((scheme, _))
            if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            return Err(format!("'path' = '{text}': only files of this machine are read here"));
        }
        _ => text,
    };
    if path.is_empty() {
        return Err("'path' is empty".into());
    }
    Ok(PathBuf::from(path))
}

/// The path of a `'path'` option from the root of this machine's files, or the text as it is where
/// that is no such path.
pub fn absolute(text: &str) -> String {
    let path = local_path(text).ok().and_then(|path| std::path::absolute(path).ok());
    path.map_or_else(|| text.to_owned(), |path| path.display().to_string())
}

/// The files under a path in the order of their names; names that begin with `.` or `_` are hidden.
pub fn list(path: &Path) -> Result<Vec<PathBuf>, String> {
    let refuse = |error: io::Error| format!("cannot read {}: {error}", path.display());
    let mut files = Vec::new();
    if fs::metadata(path).map_err(refuse)?.is_file() {
        files.push(path.to_owned());
    } else {
        walk(path, &mut files).map_err(refuse)?;
    }
    files.sort();
    match files.iter().find(|file| has_ending(file, UNREADABLE)) {
        None => Ok(files),
        Some(file) => Err(format!(
            "{} is compressed in a way that is not read here: use gzip",
            file.display()
        )),
    }
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".")
            || entry.file_name().as_encoded_bytes().starts_with(b"_")
        {
            continue;
        }
        // Follows links, as reading them does.
        if fs::metadata(entry.path())?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Opens a file; a name that ends in `.gz` or `.gzip` is decompressed.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let file = BufReader::with_capacity(BUFFER, File::open(path)?);
    if is_gzip(path) {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file))));
    }
    Ok(Box::new(file))
}

/// Whether a file is decompressed: its name says so.
pub fn is_gzip(path: &Path) -> bool {
    has_ending(path, &["gz", "gzip"])
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|found| endings.iter().any(|ending| found == *ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(local_path("a/b.csv"), Ok("a/b.csv".into()));
        assert_eq!(local_path("file:///a/b.csv"), Ok("/a/b.csv".into()));
        assert_eq!(local_path("file:/a/b.csv"), Ok("/a/b.csv".into()));
        assert!(local_path("s3://bucket/a.csv").is_err());
        assert!(local_path("file://host/a.csv").is_err());
        assert!(local_path("").is_err());
    }

    #[test]
    fn directories_hide_what_flink_hides() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", ".hidden", "_SUCCESS"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        fs::create_dir(directory.path().join("sub")).unwrap();
        fs::write(directory.path().join("sub/c.csv"), "").unwrap();
        let files = list(directory.path()).unwrap();
        let names: Vec<_> =
            files.iter().map(|f| f.strip_prefix(directory.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a.csv"), Path::new("b.csv"), Path::new("sub/c.csv")]);
        fs::write(directory.path().join("d.csv.bz2"), "").unwrap();
        assert!(list(directory.path()).unwrap_err().contains("d.csv.bz2"));
    }
}
