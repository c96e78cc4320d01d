//! Pointing a script's tables at a stand-in without changing the script.
//!
//! The SQL runner takes a file of options that replace those of every table with
//! `'connector' = 'redshift'`. An option without a value is taken away: the other spellings of what
//! is replaced, and the address that would say it all again.

use std::{fmt::Write as _, fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context, Result};

use crate::controlled::Controlled;

/// What is replaced: the option, where the stand-in says its value, and the option's other spellings.
const REPLACED: &[(&str, From, &[&str])] = &[
    ("hostname", From::Connection("host"), &[]),
    ("port", From::Connection("port"), &[]),
    ("url", From::Nothing, &[]),
    ("username", From::Connection("user"), &[]),
    ("password", From::Connection("password"), &[]),
    (
        "database-name",
        From::Connection("database"),
        &["database.name", "database", "sink.database-name"],
    ),
    ("ssl.root-cert", From::Connection("ca_file"), &[]),
    (
        "sink.write.temp.s3-uri",
        From::Bucket,
        &["copy-temp-s3-uri", "copy.temp.s3.uri", "sink.copy-mode.aws.s3-uri"],
    ),
    ("sink.create-table", From::Text("if-not-exists"), &[]),
    (
        "aws.iam-role",
        From::Connection("role"),
        &["aws.iam-role-arn", "iam-role-arn", "sink.aws.iam-role-arn"],
    ),
    (
        "aws.region",
        From::Connection("region"),
        &["s3.endpoint.region", "s3.region", "fs.s3a.endpoint.region"],
    ),
    ("aws.endpoint", From::Nothing, &[]),
    ("s3.endpoint", From::Connection("s3_endpoint"), &["fs.s3a.endpoint"]),
    (
        "s3.path-style-access",
        From::Text("true"),
        &["s3.path.style.access", "fs.s3a.path.style.access"],
    ),
    ("aws.credentials.provider", From::Nothing, &[]),
    (
        "aws.credentials.basic.accesskeyid",
        From::Connection("access_key_id"),
        &[
            "aws.credentials.provider.basic.accesskeyid",
            "s3.access-key",
            "s3.access.key",
            "fs.s3a.access.key",
        ],
    ),
    (
        "aws.credentials.basic.secretkey",
        From::Connection("secret_access_key"),
        &[
            "aws.credentials.provider.basic.secretkey",
            "s3.secret-key",
            "s3.secret.key",
            "fs.s3a.secret.key",
        ],
    ),
    (
        "aws.credentials.basic.sessiontoken",
        From::Nothing,
        &[
            "aws.credentials.provider.basic.sessiontoken",
            "s3.session.token",
            "fs.s3a.session.token",
        ],
    ),
];

/// Where a value comes from.
enum From {
    /// A field of the stand-in's connection.
    Connection(&'static str),
    /// Its bucket.
    Bucket,
    /// It is always this.
    Text(&'static str),
    /// The option is taken away.
    Nothing,
}

/// The options that lead to a stand-in.
pub fn options(stand_in: &Controlled) -> Result<Vec<(&'static str, String)>> {
    let mut options = Vec::new();
    for (key, from, spellings) in REPLACED {
        let value = match from {
            From::Connection(field) => stand_in.text(field)?,
            From::Bucket => format!("s3://{}/staging", stand_in.text("bucket")?),
            From::Text(text) => (*text).to_owned(),
            From::Nothing => String::new(),
        };
        options.push((*key, value));
        options.extend(spellings.iter().map(|spelling| (*spelling, String::new())));
    }
    Ok(options)
}

/// Writes them as the SQL runner reads them.
pub fn write(stand_in: &Controlled, file: &Path) -> Result<()> {
    write_properties(&options(stand_in)?, file)
}

/// Writes those that have a value, for a program that has no others.
pub fn write_options(stand_in: &Controlled, file: &Path) -> Result<()> {
    let mut options = options(stand_in)?;
    options.retain(|(_, value)| !value.is_empty());
    write_properties(&options, file)
}

/// Writes Java's properties, for their owner's eyes only.
fn write_properties(options: &[(&str, String)], file: &Path) -> Result<()> {
    let mut text = String::new();
    for (key, value) in options {
        // Java takes a backslash for the beginning of something else.
        let _ = writeln!(text, "{key}={}", value.replace('\\', r"\\"));
    }
    let mut open = fs::OpenOptions::new();
    let opened = open.write(true).create(true).truncate(true).mode(0o600).open(file);
    opened
        .and_then(|mut out| out.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo;

    /// The page is generated from the connector's own table, which this crate cannot use.
    #[test]
    fn every_spelling_of_the_options_is_taken_away() {
        let page = fs::read_to_string(repo::root().join("docs/options.md")).unwrap();
        for (key, _, spellings) in REPLACED {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
            let row = row.unwrap_or_else(|| panic!("docs/options.md has no row for {key}"));
            for spelling in also(row) {
                assert!(spellings.contains(&spelling), "{key} is also {spelling}");
            }
        }
        assert_eq!(also("| `a` | What it is. Also `b.c`, `d`. Never printed. |"), ["b.c", "d"]);
    }

    /// The names after `Also`, up to the end of that sentence.
    fn also(row: &str) -> Vec<&str> {
        let list = row.split_once("Also `").map_or("", |(_, rest)| rest);
        let list = list.split_once("`.").map_or("", |(list, _)| list);
        list.split("`, `").filter(|name| !name.is_empty()).collect()
    }
}
