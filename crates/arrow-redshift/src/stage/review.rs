//! A batch on its way through the checks: each misfit meets the policy of its column.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray},
    compute::nullif,
};

use super::{
    RowKind, json,
    misfit::{Cause, Misfit, Refused},
    policy::Policies,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::ValuePolicy,
    types::{ColumnPlan, Rule, TablePlan},
};

/// How many columns' rules an error lists.
const LISTED: usize = 10;

/// The longest key that an error shows, in characters.
const SHOWN_KEY: usize = 200;

/// Where a batch stands in the writer's input, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    /// Rows that came before the batch.
    pub before: u64,
    /// The rows' kinds; `None` is all inserts.
    pub kinds: Option<&'a [RowKind]>,
}

/// How many values and rows policies have touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// Texts that were cut.
    pub truncated: u64,
    /// Values that became NULL.
    pub nulled: u64,
    /// Rows that were set aside.
    pub dead_letters: u64,
}

impl Touched {
    pub(super) fn add(&mut self, more: Touched) {
        self.truncated += more.truncated;
        self.nulled += more.nulled;
        self.dead_letters += more.dead_letters;
    }
}

/// One reason why a row is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason {
    /// The planned column; `None` for the row as a whole.
    pub column: Option<usize>,
    pub cause: Cause,
    pub found: u64,
}

/// Rows that fail, of one column and by one cause.
#[derive(Debug)]
struct Failing {
    /// The planned column; `None` for rows as a whole.
    column: Option<usize>,
    cause: Cause,
    /// At least one, in order.
    rows: Vec<Refused>,
}

/// Rows of a batch that are set aside, and why: per column the first cause.
pub(super) type Aside = BTreeMap<usize, Vec<Reason>>;

/// A batch under review.
#[derive(Debug)]
pub(super) struct Review<'a> {
    plan: &'a TablePlan,
    policies: &'a Policies,
    batch: &'a RecordBatch,
    input: Input<'a>,
    failing: Vec<Failing>,
    aside: Aside,
    truncated: Vec<usize>,
    nulled: Vec<usize>,
}

impl<'a> Review<'a> {
    pub fn new(
        plan: &'a TablePlan,
        policies: &'a Policies,
        batch: &'a RecordBatch,
        input: Input<'a>,
    ) -> Review<'a> {
        Review {
            plan,
            policies,
            batch,
            input,
            failing: Vec::new(),
            aside: BTreeMap::new(),
            truncated: Vec::new(),
            nulled: Vec::new(),
        }
    }

    /// The plan of a column.
    pub fn column(&self, index: usize) -> &'a ColumnPlan {
        &self.plan.columns[index]
    }

    /// Whether a row takes content away: then only its key has to be right.
    pub fn retracts(&self, row: usize) -> bool {
        self.input.kinds.is_some_and(|kinds| kinds[row].retracts())
    }

    /// Does about a column's misfits what its policy says, and gives the column as it is then. What
    /// is to be set aside, or fails, is NULL from here on, so that no later check or cast meets it.
    /// That something fails is told at the [end](Self::end), when all that does is known.
    pub fn settle(
        &mut self,
        index: usize,
        array: ArrayRef,
        misfits: impl IntoIterator<Item = Misfit>,
    ) -> Result<ArrayRef> {
        let plan = self.column(index);
        let mut nulls: Option<Vec<bool>> = None;
        let mut cut: Option<u32> = None;
        for Misfit { cause, rows } in misfits {
            let (going, rows): (Vec<Refused>, Vec<Refused>) =
                rows.into_iter().partition(|refused| !plan.key && self.retracts(refused.row));
            let policy = self.policies.of(index, cause);
            let mut gone: Vec<usize> = going.into_iter().map(|refused| refused.row).collect();
            match policy {
                ValuePolicy::Fail => {
                    gone.extend(rows.iter().map(|refused| refused.row));
                    self.fail(Some(index), cause, rows);
                }
                ValuePolicy::Truncate => {
                    self.truncated.extend(rows.iter().map(|refused| refused.row));
                    cut = match cause {
                        Cause::Rule(Rule::MaxBytes(limit)) => Some(limit),
                        _ => cut,
                    };
                }
                ValuePolicy::Null => {
                    let rows = rows.iter().map(|refused| refused.row);
                    let new = rows.filter(|row| nulls.as_ref().is_none_or(|nulls| !nulls[*row]));
                    let new: Vec<usize> = new.collect();
                    self.nulled.extend(&new);
                    gone.extend(new);
                }
                ValuePolicy::DeadLetter => {
                    gone.extend(rows.iter().map(|refused| refused.row));
                    self.put_aside(Some(index), cause, &rows);
                }
            }
            if !gone.is_empty() {
                let nulls = nulls.get_or_insert_with(|| vec![false; array.len()]);
                gone.into_iter().for_each(|row| nulls[row] = true);
            }
        }
        let array = match cut {
            Some(limit) => truncated(plan, &array, limit)?,
            None => array,
        };
        match nulls {
            Some(nulls) => with_null(plan, &array, nulls),
            None => Ok(array),
        }
    }

    /// Leaves nothing but the key of the rows among these that take content away: no more of them is
    /// read. Gives whether there were any.
    pub fn leave_keys(&self, misfit: Option<&Misfit>, columns: &mut [ArrayRef]) -> Result<bool> {
        let rows = misfit.map_or(&[][..], |misfit| misfit.rows.as_slice());
        let going = rows.iter().map(|refused| refused.row).filter(|row| self.retracts(*row));
        let mut nulls = vec![false; self.batch.num_rows()];
        going.for_each(|row| nulls[row] = true);
        if !nulls.contains(&true) {
            return Ok(false);
        }
        for (plan, column) in self.plan.columns.iter().zip(columns) {
            if !plan.key {
                *column = with_null(plan, column, nulls.clone())?;
            }
        }
        Ok(true)
    }

    /// Does about rows that are refused as a whole what is said of rows. One that takes content
    /// away is never set aside: what it takes away would stay.
    pub fn settle_rows(&mut self, misfit: Option<Misfit>) {
        let Some(Misfit { cause, rows }) = misfit else { return };
        let rows: Vec<Refused> =
            rows.into_iter().filter(|refused| !self.aside.contains_key(&refused.row)).collect();
        let to_aside = self.policies.of_rows() == ValuePolicy::DeadLetter;
        let (failing, aside): (Vec<Refused>, Vec<Refused>) =
            rows.into_iter().partition(|refused| !to_aside || self.retracts(refused.row));
        self.fail(None, cause, failing);
        self.put_aside(None, cause, &aside);
    }

    /// What became of the batch; one [`ErrorKind::ValueRefused`] about all that fails.
    pub fn end(self) -> Result<(Aside, Touched)> {
        if let Some(error) = self.refusal()? {
            return Err(error);
        }
        let kept = |rows: Vec<usize>| {
            rows.iter().filter(|row| !self.aside.contains_key(row)).count() as u64
        };
        let touched = Touched {
            truncated: kept(self.truncated),
            nulled: kept(self.nulled),
            dead_letters: self.aside.len() as u64,
        };
        Ok((self.aside, touched))
    }

    fn put_aside(&mut self, column: Option<usize>, cause: Cause, rows: &[Refused]) {
        for refused in rows {
            let reasons = self.aside.entry(refused.row).or_default();
            if reasons.last().is_none_or(|last| last.column != column) {
                reasons.push(Reason { column, cause, found: refused.found });
            }
        }
    }

    fn fail(&mut self, column: Option<usize>, cause: Cause, rows: Vec<Refused>) {
        if !rows.is_empty() {
            self.failing.push(Failing { column, cause, rows });
        }
    }

    /// The error about rows that fail, if there are any: of the first of them, and how many more
    /// there are by which rules.
    fn refusal(&self) -> Result<Option<Error>> {
        let first = |failing: &&Failing| failing.rows.first().map(|refused| refused.row);
        let Some(failing) = self.failing.iter().min_by_key(first) else { return Ok(None) };
        let Some(refused) = failing.rows.first() else { return Ok(None) };
        let (cause, plan) = (failing.cause, failing.column.map(|index| self.column(index)));
        let reason = cause.reason(plan, refused.found);
        let mut error = Error::new(ErrorKind::ValueRefused, format!("refused {reason}"))
            .with("rule", cause.name())
            .with("row", self.input.before + refused.row as u64 + 1);
        if let Some(key) = self.key(refused.row)? {
            error = error.with("key", key);
        }
        let rows = self.failing.iter().flat_map(|failing| &failing.rows);
        let rows: BTreeSet<usize> = rows.map(|refused| refused.row).collect();
        error = error.with("more refused rows in its batch", rows.len() - 1);
        if self.failing.len() > 1 {
            error = error.with("by rule", self.by_rule());
        }
        Ok(Some(error.hint(cause.hint(plan))))
    }

    /// `max-bytes in name 3, not-null in id 1`
    fn by_rule(&self) -> String {
        let listed = self.failing.iter().take(LISTED).map(|failing| {
            let of = failing.column.map(|index| format!(" in {}", self.column(index).target));
            format!("{}{} {}", failing.cause.name(), of.unwrap_or_default(), failing.rows.len())
        });
        let mut text = listed.collect::<Vec<_>>().join(", ");
        if let Some(more) = self.failing.len().checked_sub(LISTED).filter(|more| *more > 0) {
            text.push_str(&format!(", and {more} more rules"));
        }
        text
    }

    /// How an error names the key of a row; `None` for a table without one.
    fn key(&self, row: usize) -> Result<Option<String>> {
        let keys = self.plan.columns.iter().enumerate().filter(|(_, column)| column.key);
        let keys = keys.filter_map(|(index, plan)| {
            Some((self.policies.name(index), self.batch.columns().get(plan.source)?.as_ref()))
        });
        let mut keys = keys.peekable();
        if keys.peek().is_none() {
            return Ok(None);
        }
        if !self.policies.show_key() {
            return Ok(Some("hidden, unless 'sink.value-policy.show-key' is true".to_owned()));
        }
        let mut text = Vec::new();
        json::object(keys, row, &mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Some(match text.char_indices().nth(SHOWN_KEY) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }))
    }
}

/// Text cut to at most so many bytes, at the end of a character.
fn truncated(plan: &ColumnPlan, array: &ArrayRef, limit: u32) -> Result<ArrayRef> {
    let Some(text) = array.as_string_opt::<i32>() else {
        return Err(Error::new(ErrorKind::Internal, "a column that is no text was to be cut")
            .with("column", &plan.target));
    };
    let cut = |text: &str| text.floor_char_boundary(limit as usize);
    let cut: StringArray = text.iter().map(|value| value.map(|text| &text[..cut(text)])).collect();
    Ok(Arc::new(cut))
}

fn with_null(plan: &ColumnPlan, array: &ArrayRef, nulls: Vec<bool>) -> Result<ArrayRef> {
    nullif(array.as_ref(), &BooleanArray::from(nulls)).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot make values of a column NULL")
            .with("column", &plan.target)
            .source(error)
    })
}
