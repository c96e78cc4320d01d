//! Folding of changes by key: of each key only the last change has to travel.
//!
//! In one pass, on columns. What SQL does with what is left decides in the end, so folding may keep
//! too much and must never drop what counts.

use std::{hash::BuildHasher, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, BooleanArray, Int16Array, RecordBatch, StringArray},
    buffer::BooleanBuffer,
    compute::filter_record_batch,
    datatypes::Int16Type,
    error::ArrowError,
    row::{RowConverter, Rows, SortField},
    util::bit_util,
};
use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};

use super::RowKind;
use crate::{
    error::{Error, ErrorKind, Result},
    types::{RedshiftType, TablePlan},
};

/// How the staged changes of one table are folded.
#[derive(Debug, Clone)]
pub(crate) struct Fold {
    /// The columns of the key, and which of them are text.
    keys: Vec<(usize, bool)>,
    /// The column of the changes' kinds, behind the table's own.
    kind: usize,
    /// Whether every column of the target is written.
    complete: bool,
}

/// What is left of batches, each batch by itself.
pub(crate) struct Folded {
    pub batches: Vec<RecordBatch>,
    /// Rows that there were, and that are left.
    pub before: usize,
    pub after: usize,
}

/// What a key has come to: numbers of rows over all batches.
struct Last {
    change: u32,
    delete: Option<u32>,
}

impl Fold {
    /// Folds staged rows of the plan's columns; `None` where the table has no key.
    pub fn new(plan: &TablePlan) -> Option<Fold> {
        let keys = key_columns(plan);
        let (kind, complete) = (plan.columns.len(), plan.complete);
        (!keys.is_empty()).then_some(Fold { keys, kind, complete })
    }

    /// What is left of batches of staged changes, in their order: the last change of every key and,
    /// where the table has columns that are not written, the key's last delete before it, since a
    /// row that comes back must not keep what the deleted one held there.
    ///
    /// **Memory** beside the batches: the keys' bytes with 9 more a row (texts in blocks of 8 to 32
    /// bytes), about 25 bytes a row for the table of keys, and what is left, a copy.
    pub fn fold(&self, batches: Vec<RecordBatch>) -> Result<Folded> {
        let before = batches.iter().map(RecordBatch::num_rows).sum();
        if before < 2 {
            return Ok(Folded { batches, before, after: before });
        }
        self.filtered(batches, before).map_err(|error| {
            Error::new(ErrorKind::Internal, "changes could not be folded by key").source(error)
        })
    }

    /// Whether any of these staged changes takes a row away.
    pub fn retracts(&self, batch: &RecordBatch) -> Result<bool> {
        let kinds = self.kinds(batch).map_err(|error| {
            Error::new(ErrorKind::Internal, "changes without their kinds").source(error)
        })?;
        Ok(kinds.values().iter().any(|kind| *kind != RowKind::Insert.staged()))
    }

    fn filtered(&self, batches: Vec<RecordBatch>, before: usize) -> Result<Folded, ArrowError> {
        let kept = self.kept(&batches, before)?;
        let after = kept.count_set_bits();
        if after == before {
            return Ok(Folded { batches, before, after });
        }
        let mut start = 0;
        let mut left = Vec::with_capacity(batches.len());
        for batch in batches {
            let mask = kept.slice(start, batch.num_rows());
            start += batch.num_rows();
            if mask.count_set_bits() > 0 {
                left.push(filter_record_batch(&batch, &BooleanArray::new(mask, None))?);
            }
        }
        Ok(Folded { batches: left, before, after })
    }

    /// Which rows of all batches stay.
    fn kept(&self, batches: &[RecordBatch], count: usize) -> Result<BooleanBuffer, ArrowError> {
        let keys = self.key_rows(batches, count)?;
        let hasher = DefaultHashBuilder::default();
        let hash = |row: u32| hasher.hash_one(keys.row(row as usize).as_ref());
        let mut last: HashTable<Last> = HashTable::with_capacity(count);
        let mut at = 0_u32;
        for batch in batches {
            for kind in self.kinds(batch)?.values() {
                let key = keys.row(at as usize);
                let same = |known: &Last| keys.row(known.change as usize) == key;
                let entry = last.entry(hash(at), same, |known| hash(known.change));
                let delete = (*kind == RowKind::Delete.staged()).then_some(at);
                match entry {
                    Entry::Occupied(mut known) => {
                        let known = known.get_mut();
                        known.change = at;
                        known.delete = delete.or(known.delete);
                    }
                    Entry::Vacant(new) => drop(new.insert(Last { change: at, delete })),
                }
                at += 1;
            }
        }
        let mut bits = vec![0_u8; bit_util::ceil(count, 8)];
        for Last { change, delete } in last {
            bit_util::set_bit(&mut bits, change as usize);
            if let Some(delete) = delete.filter(|_| !self.complete) {
                bit_util::set_bit(&mut bits, delete as usize);
            }
        }
        Ok(BooleanBuffer::new(bits.into(), 0, count))
    }

    /// The keys of all batches' rows, as bytes that are equal where the target takes the keys for
    /// one.
    fn key_rows(&self, batches: &[RecordBatch], count: usize) -> Result<Rows, ArrowError> {
        if u32::try_from(count).is_err() {
            return Err(ArrowError::ComputeError(format!("{count} rows at once")));
        }
        let schema = batches[0].schema_ref();
        let fields = self.keys.iter().map(|(at, _)| schema.field(*at).data_type().clone());
        let converter = RowConverter::new(fields.map(SortField::new).collect())?;
        let mut rows = converter.empty_rows(count, 0);
        for batch in batches {
            let key = |(at, text): &(usize, bool)| match text {
                true => compared(batch.column(*at)),
                false => Arc::clone(batch.column(*at)),
            };
            let keys: Vec<ArrayRef> = self.keys.iter().map(key).collect();
            converter.append(&mut rows, &keys)?;
        }
        Ok(rows)
    }

    fn kinds<'a>(&self, batch: &'a RecordBatch) -> Result<&'a Int16Array, ArrowError> {
        let kinds = batch.columns().get(self.kind);
        kinds.and_then(|kinds| kinds.as_primitive_opt::<Int16Type>()).ok_or_else(|| {
            ArrowError::SchemaError("staged changes have no column of their kinds".to_owned())
        })
    }
}

/// The columns of the plan's key, by their place among the staged ones, and which of them are text.
pub(super) fn key_columns(plan: &TablePlan) -> Vec<(usize, bool)> {
    let is_text =
        |of: &RedshiftType| matches!(of, RedshiftType::Char(_) | RedshiftType::VarChar(_));
    let columns = plan.columns.iter().enumerate().filter(|(_, column)| column.key);
    columns.map(|(at, column)| (at, is_text(&column.target_type))).collect()
}

/// Text as the target compares it: trailing blanks do not count.
fn compared(array: &ArrayRef) -> ArrayRef {
    match array.as_string_opt::<i32>() {
        Some(text) if text.iter().flatten().any(|text| text.ends_with(' ')) => {
            let trimmed = text.iter().map(|value| value.map(|text| text.trim_end_matches(' ')));
            Arc::new(trimmed.collect::<StringArray>())
        }
        _ => Arc::clone(array),
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
