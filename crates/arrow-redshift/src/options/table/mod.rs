//! The table of options: each key once, with its other spellings, its kind, its default and what
//! it means. Parsing, the documentation and the command's help all walk this table.

mod aws;
mod connection;
mod copy;
mod create;
mod jar;
mod lookup;
mod sink;
mod source;
mod values;

use std::time::Duration;

/// A part of the product that options belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Reaching the database and logging in with a password.
    Connection,
    /// Logging in with temporary credentials or a stored secret.
    IamLogin,
    /// Sinks, whatever their write mode.
    Sink,
    /// Sinks in copy mode.
    CopySink,
    /// Values and rows that do not fit.
    Values,
    /// Creating a target table.
    CreateTable,
    /// S3 and the credentials for it.
    Aws,
    /// The jar for Flink.
    Jar,
    /// AWS credential providers that are chosen by name.
    AwsProviders,
    /// Sources.
    Source,
    /// Sources in unload mode.
    UnloadSource,
    /// Lookup joins.
    Lookup,
}

impl Part {
    /// Every part, in the order of the documentation.
    pub const ALL: &'static [Part] = &[
        Part::Connection,
        Part::Sink,
        Part::CopySink,
        Part::Values,
        Part::CreateTable,
        Part::Aws,
        Part::Jar,
        Part::IamLogin,
        Part::AwsProviders,
        Part::Source,
        Part::UnloadSource,
        Part::Lookup,
    ];

    /// What the part is called in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Connection => "the connection",
            Part::IamLogin => "IAM login",
            Part::Sink => "the sink",
            Part::CopySink => "the copy write mode",
            Part::Values => "rows that do not fit",
            Part::CreateTable => "table creation",
            Part::Aws => "S3 access",
            Part::Jar => "the jar for Flink",
            Part::AwsProviders => "the choice of AWS credential providers",
            Part::Source => "the source",
            Part::UnloadSource => "the unload read mode",
            Part::Lookup => "lookup joins",
        }
    }

    /// The part's heading in the documentation.
    pub const fn heading(self) -> &'static str {
        match self {
            Part::Connection => "Connection",
            Part::IamLogin => "IAM login",
            Part::Sink => "Sink",
            Part::CopySink => "Sink: copy mode",
            Part::Values => "Sink: rows that do not fit",
            Part::CreateTable => "Sink: creating the table",
            Part::Aws => "S3 and AWS credentials",
            Part::Jar => "The jar for Flink",
            Part::AwsProviders => "AWS credential providers",
            Part::Source => "Source",
            Part::UnloadSource => "Source: unload mode",
            Part::Lookup => "Lookup joins",
        }
    }

    /// Whether this version has the part; the options of the others are refused by name.
    pub const fn is_built(self) -> bool {
        matches!(
            self,
            Part::Connection
                | Part::Sink
                | Part::CopySink
                | Part::Values
                | Part::CreateTable
                | Part::Aws
                | Part::Jar
        )
    }
}

/// What an option's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, which may have a grammar of its own.
    Text,
    /// `true` or `false`, in any letter case.
    Flag,
    /// One of these words, in any letter case.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds.
    Integer {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// A duration within these bounds, as Flink writes it; a bare number is milliseconds.
    Time {
        /// The least.
        least: Duration,
        /// The most.
        most: Duration,
    },
    /// A size in bytes within these bounds, as Flink writes memory sizes; a bare number is bytes.
    Size {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
}

/// Another spelling of an option.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// The other key.
    pub name: &'static str,
    /// Whether the documentation names it.
    pub documented: bool,
    /// What the values of this spelling are called in the option's own; empty where they are the
    /// same.
    pub values: &'static [(&'static str, &'static str)],
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub struct OptionRow {
    /// The canonical key.
    pub key: &'static str,
    /// Its other spellings.
    pub aliases: &'static [Alias],
    /// What its value is.
    pub kind: Kind,
    /// The value when it is left out, as one would write it.
    pub default: Option<&'static str>,
    /// What leaving it out means, where there is no `default`.
    pub without: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// Whether its value must never be printed.
    pub secret: bool,
    /// What it means, in Markdown.
    pub doc: &'static str,
}

impl OptionRow {
    /// Every spelling, the canonical one first.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.key).chain(self.aliases.iter().map(|alias| alias.name))
    }
}

/// Every option, in the order of the documentation.
pub fn rows() -> impl Iterator<Item = &'static OptionRow> {
    [
        connection::ROWS,
        sink::ROWS,
        copy::ROWS,
        values::ROWS,
        create::ROWS,
        aws::ROWS,
        jar::ROWS,
        source::ROWS,
        lookup::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// Settings of Flink's own S3 file systems: those that say nothing to this connector are warned
/// about, whatever their name.
pub(super) const FILE_SYSTEM_PREFIXES: &[&str] = &["fs.s3a.", "s3."];

const fn row(part: Part, key: &'static str, kind: Kind, doc: &'static str) -> OptionRow {
    OptionRow { key, aliases: &[], kind, default: None, without: "", part, secret: false, doc }
}

impl OptionRow {
    const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    const fn without(mut self, meaning: &'static str) -> Self {
        self.without = meaning;
        self
    }

    const fn aliases(mut self, aliases: &'static [Alias]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

const fn alias(name: &'static str) -> Alias {
    Alias { name, documented: true, values: &[] }
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
