//! Values that do not fit: what refuses them, in which rows, and how that is said. No text made
//! here holds a value.

use crate::types::{BOUND_BYTES, ColumnPlan, RedshiftType, Rule};

use super::csv;

/// What refuses a value or a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A rule of the column's plan.
    Rule(Rule),
    /// Text that CSV parts use for NULL.
    CsvNull,
    /// Empty bytes, which CSV may hold for NULL.
    CsvEmpty,
    /// A floating-point number that COPY reads from no text.
    CsvNumber,
    /// Whatever the server has against it, by the code of its load error.
    Server(i32),
    /// A whole row of more bytes than what carries it takes.
    RowBytes {
        /// The most bytes.
        limit: u64,
        /// Who takes no more.
        taker: &'static str,
    },
}

/// A row that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// Its place within the batch.
    pub row: usize,
    /// What was found there, in the cause's own measure (bytes, digits); 0 where it has none.
    pub found: u64,
}

/// Rows of a batch that one cause refuses, in order; there is at least one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub cause: Cause,
    pub rows: Vec<Refused>,
}

impl Misfit {
    /// The misfit of these rows, if there are any.
    pub fn of(cause: Cause, rows: impl Iterator<Item = Refused>) -> Option<Misfit> {
        let rows: Vec<Refused> = rows.collect();
        (!rows.is_empty()).then_some(Misfit { cause, rows })
    }
}

impl Cause {
    /// The name that dead letters and tests know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Rule(Rule::NotNull) => "not-null",
            Cause::Rule(Rule::MaxBytes(_)) => "max-bytes",
            Cause::Rule(Rule::SingleByte) => "single-byte",
            Cause::Rule(Rule::NoNul) => "no-nul",
            Cause::Rule(Rule::MaxDigits(_) | Rule::MaxUnscaled(_)) => "max-digits",
            Cause::Rule(Rule::TimeRange) => "time-range",
            Cause::Rule(Rule::MaxOctets(_)) => "max-octets",
            Cause::Rule(Rule::NotEmpty) => "not-empty",
            Cause::Rule(Rule::NotSubnormal) => "not-subnormal",
            Cause::Rule(Rule::TimeOfDay) => "time-of-day",
            Cause::Rule(Rule::Nested) => "nested",
            Cause::Rule(Rule::JsonText) => "json-text",
            Cause::CsvEmpty => "csv-empty",
            Cause::CsvNull => "csv-null",
            Cause::CsvNumber => "csv-number",
            Cause::Server(_) => "server",
            Cause::RowBytes { .. } => "row-bytes",
        }
    }

    /// What is wrong, in words; `plan` is that of the column, where the cause has one.
    pub fn reason(self, plan: Option<&ColumnPlan>, found: u64) -> String {
        let column = plan.map_or("", |plan| plan.target.as_str());
        match self {
            Cause::Rule(Rule::NotNull) => {
                format!("NULL in column '{column}', which is NOT NULL")
            }
            Cause::Rule(Rule::MaxBytes(limit)) => {
                format!("{found} bytes of UTF-8 in column '{column}', which takes at most {limit}")
            }
            Cause::Rule(Rule::SingleByte) => {
                format!("a multi-byte character in column '{column}', whose type CHAR takes none")
            }
            Cause::Rule(Rule::NoNul) => {
                format!("a NUL character in column '{column}', which no Redshift text can hold")
            }
            Cause::Rule(Rule::MaxDigits(_) | Rule::MaxUnscaled(_)) => {
                let of = plan.map(|plan| plan.target_type.to_string()).unwrap_or_default();
                format!("a decimal of {found} digits, too great for column '{column}' of type {of}")
            }
            Cause::Rule(Rule::MaxOctets(limit)) if is_super(plan) => format!(
                "a value of {found} bytes of JSON in column '{column}': the text of a SUPER is \
                 staged in at most {limit}"
            ),
            Cause::Rule(Rule::MaxOctets(limit)) if is_bound(plan, limit) => format!(
                "{found} bytes in column '{column}': statements carry at most {limit} of a VARBYTE"
            ),
            Cause::Rule(Rule::NotEmpty) => format!(
                "an empty value in column '{column}': what statements would make of no bytes is \
                 not known"
            ),
            Cause::Rule(Rule::NotSubnormal) => format!(
                "a subnormal number in column '{column}': statements do not carry them for sure"
            ),
            Cause::Rule(Rule::MaxOctets(limit)) => {
                format!("{found} bytes in column '{column}', which takes at most {limit}")
            }
            Cause::Rule(Rule::TimeOfDay) => {
                format!("a time in column '{column}' that is no time of a day")
            }
            Cause::Rule(Rule::Nested) => format!(
                "a value in column '{column}' that SUPER cannot hold as it is: in it is a NUL \
                 character, a date or time outside of the years 1 to 9999, or a map with a NULL \
                 among its keys or two keys of one text"
            ),
            Cause::Rule(Rule::JsonText) => format!(
                "a text in column '{column}' that is no JSON of SUPER's: one value, no name twice \
                 in an object, no NUL character, at most 127 levels"
            ),
            Cause::CsvEmpty => format!(
                "an empty value in column '{column}': whether COPY takes empty bytes in CSV for \
                 NULL is not known"
            ),
            Cause::Rule(Rule::TimeRange) => {
                format!("a date in column '{column}' outside of the years 1 to 9999")
            }
            Cause::CsvNull => {
                format!("the text {} in column '{column}': CSV parts use it for NULL", csv::NULL)
            }
            Cause::CsvNumber => format!(
                "NaN, an infinity or a subnormal number in column '{column}': COPY does not read \
                 them from CSV"
            ),
            Cause::Server(code) => match plan {
                Some(_) => format!(
                    "a value in column '{column}' that the server does not take (load error {code})"
                ),
                None => format!("a row that the server does not take (load error {code})"),
            },
            Cause::RowBytes { limit, taker } => {
                format!("a row of {found} bytes: {taker} takes at most {limit}")
            }
        }
    }

    /// What may be done about it.
    pub fn hint(self, plan: Option<&ColumnPlan>) -> String {
        let column = plan.map_or("", |plan| plan.target.as_str());
        match self {
            Cause::Rule(Rule::NotNull) => {
                "filter such rows out or give them a value, as COALESCE does".to_owned()
            }
            Cause::Rule(Rule::MaxBytes(_)) => format!(
                "make the column wider (ALTER TABLE … ALTER COLUMN {column} TYPE VARCHAR(n)), \
                 shorten the text in the query, or say what becomes of it with \
                 'sink.value-policy'"
            ),
            Cause::Rule(Rule::MaxOctets(_)) if is_super(plan) => {
                "make the value smaller in the query, or spread it over several rows".to_owned()
            }
            Cause::Rule(Rule::MaxOctets(limit)) if is_bound(plan, limit) => {
                "set 'sink.write.mode' = 'copy', which carries longer ones, or shorten the value \
                 in the query"
                    .to_owned()
            }
            Cause::Rule(Rule::NotEmpty) => "set 'sink.write.mode' = 'copy', whose Parquet files \
                carry it, or make it NULL in the query"
                .to_owned(),
            Cause::Rule(Rule::NotSubnormal) => {
                "set 'sink.write.mode' = 'copy', whose Parquet files carry it, or make it 0 in the \
                 query"
                    .to_owned()
            }
            Cause::Rule(Rule::MaxOctets(_)) => {
                "make the column wider or shorten the value in the query".to_owned()
            }
            Cause::Rule(Rule::TimeOfDay) => "times are from 00:00:00 to 23:59:59.999999".to_owned(),
            Cause::Rule(Rule::Nested) => "mend such values in the query".to_owned(),
            Cause::Rule(Rule::JsonText) => {
                "mend the text in the query; JSON_STRING there makes any text a JSON string"
                    .to_owned()
            }
            Cause::Rule(Rule::SingleByte) => "make the column VARCHAR".to_owned(),
            Cause::Rule(Rule::NoNul) => "remove it in the query".to_owned(),
            Cause::Rule(Rule::MaxDigits(_) | Rule::MaxUnscaled(_)) => {
                "give the column a greater precision or round the value in the query".to_owned()
            }
            Cause::Rule(Rule::TimeRange) => {
                "COPY loads no others for sure: filter such rows out or make them NULL".to_owned()
            }
            Cause::CsvNull | Cause::CsvEmpty | Cause::CsvNumber => {
                "set 'sink.copy.format' = 'parquet', or change the value in the query".to_owned()
            }
            Cause::Server(_) => {
                "look the code up in Redshift's load error reference, and mend such values in the \
                 query"
                    .to_owned()
            }
            Cause::RowBytes { .. } => {
                "shorten its texts in the query, or spread them over several rows or tables"
                    .to_owned()
            }
        }
    }
}

fn is_super(plan: Option<&ColumnPlan>) -> bool {
    plan.is_some_and(|plan| plan.target_type == RedshiftType::Super)
}

/// Whether a limit of bytes is that of parameters, and the column itself takes more.
fn is_bound(plan: Option<&ColumnPlan>, limit: u32) -> bool {
    let takes_more = |plan: &ColumnPlan| match plan.target_type {
        RedshiftType::VarByte(width) => width > limit,
        _ => false,
    };
    limit == BOUND_BYTES && plan.is_some_and(takes_more)
}
