//! The command line.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context as _, Result, bail};

/// What the program is told on its command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Buckets that exist from the start; the first is the one that the connection names.
    pub buckets: Vec<String>,
    /// Region of the cluster and of the buckets.
    pub region: String,
    /// SERIALIZABLE databases in place of SNAPSHOT ones.
    pub serializable: bool,
    /// Statements to run before anything else.
    pub sql: Option<PathBuf>,
    /// Where to write how the stand-in is reached.
    pub connection_file: Option<PathBuf>,
}

impl Arguments {
    /// Reads the arguments after the program's name.
    pub fn parse(given: impl IntoIterator<Item = OsString>) -> Result<Arguments> {
        let mut arguments = Arguments {
            buckets: Vec::new(),
            region: "us-east-1".into(),
            serializable: false,
            sql: None,
            connection_file: None,
        };
        let mut given = given.into_iter();
        while let Some(name) = given.next() {
            let name = name.to_string_lossy().into_owned();
            let mut value = || given.next().with_context(|| format!("{name} needs a value"));
            match name.as_str() {
                "--bucket" => arguments.buckets.push(text(value()?)?),
                "--region" => arguments.region = text(value()?)?,
                "--serializable" => arguments.serializable = true,
                "--sql" => arguments.sql = Some(value()?.into()),
                "--connection-file" => arguments.connection_file = Some(value()?.into()),
                _ => bail!(
                    "there is no argument {name}; there are --bucket NAME, --region NAME, \
                     --serializable, --sql FILE and --connection-file FILE"
                ),
            }
        }
        if arguments.buckets.is_empty() {
            arguments.buckets.push("staging".into());
        }
        Ok(arguments)
    }
}

fn text(value: OsString) -> Result<String> {
    value.into_string().map_err(|value| anyhow::anyhow!("{value:?} is not UTF-8"))
}
