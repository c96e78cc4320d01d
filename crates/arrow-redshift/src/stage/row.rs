//! The width of whole rows: COPY refuses a row that is too wide although each of its values fits.
//!
//! Whether rows can be too wide is known from the plan, so that tables of ordinary widths are not
//! looked at at all. Where they can, a batch's widest texts are added up first, and its rows looked
//! at one by one only when that sum is too great.

use arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, StringArray},
    datatypes::DataType,
};

use super::misfit::{Cause, Misfit, Refused};
use crate::{
    limits,
    types::{Carrier, ColumnPlan, Rule, TablePlan},
};

/// The most bytes of a value in CSV that is no text, with the comma behind it: a decimal of 38
/// digits, its sign and its point, or the digits of a FLOAT's exact value with an exponent.
const CSV_VALUE_BYTES: u64 = 48;

/// The bytes around a text in CSV: its quotes, and the comma behind it.
const CSV_TEXT_BYTES: u64 = 3;

/// The most bytes of a value in Parquet that is no text: a decimal's.
const PARQUET_VALUE_BYTES: u64 = 16;

/// The most bytes of a parameter that is no text, a decimal's digits, with what stands around it;
/// and of what stands around one that is.
const BOUND_VALUE_BYTES: u64 = 64;

/// The check of one table's rows, where any is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowLimit {
    carrier: Carrier,
    /// What a row takes beside the bytes of its texts, at most.
    around: u64,
    limit: u64,
}

impl RowLimit {
    /// The check for rows of a plan's columns and `more` others, which are no text; `None` where no
    /// row can be too wide.
    pub fn new(plan: &TablePlan, more: usize, carrier: impl Into<Carrier>) -> Option<RowLimit> {
        let carrier = carrier.into();
        let texts: Vec<&ColumnPlan> =
            plan.columns.iter().filter(|column| is_wide(column)).collect();
        let others = (plan.columns.len() - texts.len() + more) as u64;
        let around = match carrier {
            Carrier::Parquet => others * PARQUET_VALUE_BYTES,
            // A parameter's value, its length and format, and its place in the statement's text.
            Carrier::Binds => (others + texts.len() as u64) * BOUND_VALUE_BYTES,
            Carrier::Csv => others * CSV_VALUE_BYTES + texts.len() as u64 * CSV_TEXT_BYTES,
        };
        let limit = RowLimit { carrier, around, limit: row_bytes(carrier) };
        let widest = texts.iter().fold(0_u64, |sum, column| sum.saturating_add(widest(column)));
        (!limit.surely_fits(widest)).then_some(limit)
    }

    /// Finds rows of the staged columns that are too wide for COPY.
    pub fn check(&self, columns: &[ArrayRef], rows: usize) -> Option<Misfit> {
        let texts: Vec<Wide<'_>> = columns.iter().filter_map(Wide::of).collect();
        if self.surely_fits(texts.iter().map(Wide::longest).sum()) {
            return None;
        }
        let bytes = (0..rows).map(|row| Refused { row, found: self.row(&texts, row) });
        let wide = bytes.filter(|refused| refused.found > self.limit);
        let taker = self.taker();
        Misfit::of(Cause::RowBytes { limit: self.limit, taker }, wide)
    }

    fn taker(&self) -> &'static str {
        match self.carrier {
            Carrier::Parquet | Carrier::Csv => "COPY",
            Carrier::Binds => "a statement",
        }
    }

    /// Whether a row with so many bytes of text fits whatever these are.
    fn surely_fits(&self, text: u64) -> bool {
        let text = match self.carrier {
            Carrier::Parquet => text,
            // Each of them may be a quote, which is doubled; and bytes are two digits each.
            Carrier::Csv | Carrier::Binds => text.saturating_mul(2),
        };
        self.around.saturating_add(text) <= self.limit
    }

    /// Bytes of one row.
    fn row(&self, texts: &[Wide<'_>], row: usize) -> u64 {
        let bytes = |text: &Wide<'_>| match (self.carrier, text) {
            (_, Wide::Text(text)) if text.is_null(row) => 0,
            (_, Wide::Bytes(bytes)) if bytes.is_null(row) => 0,
            (Carrier::Parquet | Carrier::Binds, Wide::Text(text)) => text.value(row).len(),
            (Carrier::Parquet, Wide::Bytes(bytes)) => bytes.value(row).len(),
            (Carrier::Csv, Wide::Text(text)) => {
                let text = text.value(row);
                text.len() + text.bytes().filter(|byte| *byte == b'"').count()
            }
            (Carrier::Csv | Carrier::Binds, Wide::Bytes(bytes)) => bytes.value(row).len() * 2,
        };
        self.around + texts.iter().map(|text| bytes(text) as u64).sum::<u64>()
    }
}

/// The most bytes of a row.
fn row_bytes(carrier: Carrier) -> u64 {
    match carrier {
        Carrier::Parquet | Carrier::Csv => limits::COPY_ROW_BYTES,
        Carrier::Binds => limits::STATEMENT_BYTES,
    }
}

/// A column whose values can be wide.
enum Wide<'a> {
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
}

impl<'a> Wide<'a> {
    fn of(column: &'a ArrayRef) -> Option<Wide<'a>> {
        let text = column.as_string_opt().map(Wide::Text);
        text.or_else(|| column.as_binary_opt().map(Wide::Bytes))
    }

    /// The most bytes of one of a batch's values; what lies under a NULL counts too.
    fn longest(&self) -> u64 {
        let offsets = match self {
            Wide::Text(text) => text.value_offsets(),
            Wide::Bytes(bytes) => bytes.value_offsets(),
        };
        offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default() as u64
    }
}

fn is_wide(column: &ColumnPlan) -> bool {
    matches!(column.staged.data_type(), DataType::Utf8 | DataType::Binary)
}

/// The most bytes of a text in a column that let it pass its checks.
fn widest(column: &ColumnPlan) -> u64 {
    let limits = column.rules.iter().filter_map(|rule| match rule {
        Rule::MaxBytes(limit) | Rule::MaxOctets(limit) => Some(u64::from(*limit)),
        _ => None,
    });
    limits.min().unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
