//! Folding of changes by key: of each key only the last change has to travel.
//!
//! In one pass, on columns. What SQL does with what is left decides in the end, so folding may keep
//! too much and must never drop what counts.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int16Array, RecordBatch, StringArray, UInt32Array},
    compute::take_record_batch,
    datatypes::Int16Type,
    error::ArrowError,
    row::{RowConverter, SortField},
};

use crate::{
    error::{Error, ErrorKind, Result},
    sql::Layout,
    stage::RowKind,
};

/// What is left of a batch of staged changes, in their order: the last change of every key and,
/// where the table has columns that are not written, the key's last delete before it, since a row
/// that comes back must not keep what the deleted one held there.
pub(super) fn fold(batch: RecordBatch, layout: &Layout) -> Result<RecordBatch> {
    if !layout.keyed() || batch.num_rows() < 2 {
        return Ok(batch);
    }
    let kept = kept(&batch, layout).map_err(failed)?;
    if kept.len() == batch.num_rows() {
        return Ok(batch);
    }
    take_record_batch(&batch, &UInt32Array::from(kept)).map_err(failed)
}

#[derive(Clone, Copy)]
struct Last {
    change: u32,
    delete: Option<u32>,
}

fn kept(batch: &RecordBatch, layout: &Layout) -> Result<Vec<u32>, ArrowError> {
    let keys: Vec<ArrayRef> = layout
        .columns
        .iter()
        .zip(batch.columns())
        .filter(|(column, _)| column.key)
        .map(|(column, array)| if column.text { compared(array) } else { Arc::clone(array) })
        .collect();
    let fields = keys.iter().map(|key| SortField::new(key.data_type().clone()));
    let rows = RowConverter::new(fields.collect())?.convert_columns(&keys)?;
    let kinds = kinds(batch, layout)?;
    let mut last: HashMap<&[u8], Last> = HashMap::with_capacity(batch.num_rows());
    let rows: Vec<_> = rows.iter().collect();
    for (at, row) in (0_u32..).zip(&rows) {
        let deletes = kinds.value(at as usize) == RowKind::Delete.staged();
        let entry = last.entry(row.as_ref()).or_insert(Last { change: at, delete: None });
        entry.change = at;
        if deletes {
            entry.delete = Some(at);
        }
    }
    let delete = |last: Last| last.delete.filter(|at| !layout.complete && *at != last.change);
    let mut kept: Vec<u32> =
        last.into_values().flat_map(|last| delete(last).into_iter().chain([last.change])).collect();
    kept.sort_unstable();
    Ok(kept)
}

/// Text as the target compares it: trailing blanks do not count.
fn compared(array: &ArrayRef) -> ArrayRef {
    match array.as_string_opt::<i32>() {
        Some(text) => {
            let trimmed = text.iter().map(|value| value.map(|text| text.trim_end_matches(' ')));
            Arc::new(trimmed.collect::<StringArray>())
        }
        None => Arc::clone(array),
    }
}

/// The changes' kinds, which stand behind the table's own columns.
fn kinds<'a>(batch: &'a RecordBatch, layout: &Layout) -> Result<&'a Int16Array, ArrowError> {
    let kinds = batch.columns().get(layout.columns.len());
    kinds.and_then(|kinds| kinds.as_primitive_opt::<Int16Type>()).ok_or_else(|| {
        ArrowError::SchemaError("staged changes have no column of their kinds".to_owned())
    })
}

fn failed(error: ArrowError) -> Error {
    Error::new(ErrorKind::Internal, "changes could not be folded by key").source(error)
}

#[cfg(test)]
mod tests {
    use arrow::{array::Int64Array, datatypes::Int64Type};

    use super::*;
    use crate::sql::LoadColumn;

    fn layout(complete: bool) -> Layout {
        let column = |name: &str, key, text| LoadColumn {
            name: name.into(),
            stage_type: String::new(),
            conversion: crate::sql::Conversion::None,
            key,
            text,
        };
        let columns =
            vec![column("id", true, false), column("code", true, true), column("n", false, false)];
        Layout { columns, direct: true, complete }
    }

    fn changes(changes: &[(i64, &str, RowKind)]) -> RecordBatch {
        let ids: Int64Array = changes.iter().map(|change| Some(change.0)).collect();
        let codes: StringArray = changes.iter().map(|change| Some(change.1)).collect();
        let numbers: Int64Array = (0..changes.len() as i64).map(Some).collect();
        let kinds: Int16Array = changes.iter().map(|change| Some(change.2.staged())).collect();
        let columns: [(&str, ArrayRef); 4] = [
            ("id", Arc::new(ids)),
            ("code", Arc::new(codes)),
            ("n", Arc::new(numbers)),
            ("frc_kind", Arc::new(kinds)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn folded(list: &[(i64, &str, RowKind)], complete: bool) -> Vec<i64> {
        let batch = fold(changes(list), &layout(complete)).unwrap();
        batch.column(2).as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn the_last_change_of_a_key_is_left_and_trailing_blanks_do_not_count() {
        use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
        let list = [
            (1, "a", Insert),
            (1, "b", Insert),
            (2, "a", Insert),
            (1, "a  ", UpdateAfter),
            (1, " a", Insert),
            (2, "a ", Delete),
            (1, "b", UpdateBefore),
        ];
        assert_eq!(folded(&list, true), [3, 4, 5, 6]);
        assert_eq!(folded(&[(1, "a", Insert)], true), [0]);
    }

    #[test]
    fn a_delete_on_the_way_is_kept_where_columns_are_not_written() {
        use RowKind::{Delete, Insert, UpdateAfter};
        let list = [(1, "a", Insert), (1, "a", Delete), (1, "a", Insert), (2, "a", UpdateAfter)];
        assert_eq!(folded(&list, true), [2, 3]);
        assert_eq!(folded(&list, false), [1, 2, 3]);
        assert_eq!(folded(&[(1, "a", Insert), (1, "a", Delete)], false), [1]);
    }

    #[test]
    fn the_parts_of_a_key_are_told_apart() {
        use RowKind::Insert;
        let list = [(1, "1", Insert), (11, "", Insert), (1, "11", Insert), (1, "1", Insert)];
        assert_eq!(folded(&list, true), [1, 2, 3]);
    }
}
