use arrow::{
    array::{Int64Array, TimestampMicrosecondArray},
    datatypes::{DataType, Field, Int64Type},
};

use super::*;
use crate::types::{ColumnPlan, LoadExpression};

/// A key of a number and a text, and a number of each row.
fn plan(complete: bool) -> TablePlan {
    let column = |at: usize, key, target_type: RedshiftType, data_type| ColumnPlan {
        source: at,
        target: format!("c{at}"),
        target_type: target_type.clone(),
        key,
        staged: Arc::new(Field::new(format!("c{at}"), data_type, true)),
        staging_type: target_type,
        expression: LoadExpression::Plain,
        rules: Vec::new(),
    };
    let columns = vec![
        column(0, true, RedshiftType::BigInt, DataType::Int64),
        column(1, true, RedshiftType::VarChar(9), DataType::Utf8),
        column(2, false, RedshiftType::BigInt, DataType::Int64),
    ];
    TablePlan { columns, direct: true, complete }
}

type Change<'a> = (i64, &'a str, RowKind);

fn changes(changes: &[Change<'_>], first: i64) -> RecordBatch {
    let ids: Int64Array = changes.iter().map(|change| Some(change.0)).collect();
    let codes: StringArray = changes.iter().map(|change| Some(change.1)).collect();
    let numbers: Int64Array = (first..first + changes.len() as i64).map(Some).collect();
    let kinds: Int16Array = changes.iter().map(|change| Some(change.2.staged())).collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(ids)),
        ("code", Arc::new(codes)),
        ("n", Arc::new(numbers)),
        ("frc_kind", Arc::new(kinds)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The numbers of the changes that are left, however the changes are cut into batches.
fn folded(list: &[Change<'_>], complete: bool) -> Vec<i64> {
    let fold = Fold::new(&plan(complete)).unwrap();
    let cut = |size: usize| {
        let starts = (0..).step_by(size);
        let batches = list.chunks(size).zip(starts).map(|(part, first)| changes(part, first));
        let folded = fold.fold(batches.collect()).unwrap();
        let numbers = folded.batches.iter().flat_map(|batch| {
            assert!(batch.num_rows() > 0);
            batch.column(2).as_primitive::<Int64Type>().values().to_vec()
        });
        let numbers: Vec<i64> = numbers.collect();
        assert_eq!((folded.before, folded.after), (list.len(), numbers.len()));
        numbers
    };
    let whole = cut(list.len());
    for size in 1..list.len() {
        assert_eq!(cut(size), whole, "in batches of {size}");
    }
    whole
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
    let list = [
        (1, "a", Delete),
        (1, "a", Insert),
        (1, "a", Delete),
        (1, "a", Insert),
        (2, "a", UpdateAfter),
    ];
    assert_eq!(folded(&list, true), [3, 4]);
    assert_eq!(folded(&list, false), [2, 3, 4]);
    assert_eq!(folded(&[(1, "a", Insert), (1, "a", Delete)], false), [1]);
}

#[test]
fn the_parts_of_a_key_are_told_apart() {
    use RowKind::Insert;
    let list = [(1, "1", Insert), (11, "", Insert), (1, "11", Insert), (1, "1", Insert)];
    assert_eq!(folded(&list, true), [1, 2, 3]);
}

#[test]
fn instants_of_one_microsecond_are_one_key() {
    let mut plan = plan(true);
    plan.columns.truncate(1);
    plan.columns[0].staged = Arc::new(Field::new(
        "at",
        DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
        true,
    ));
    let times = TimestampMicrosecondArray::from(vec![1, 2, 1, -1]);
    let kinds = Int16Array::from(vec![0; 4]);
    let columns: [(&str, ArrayRef); 2] = [("at", Arc::new(times)), ("k", Arc::new(kinds))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let folded = Fold::new(&plan).unwrap().fold(vec![batch.clone()]).unwrap();
    assert_eq!(folded.batches, [batch.slice(1, 3)]);
}

#[test]
fn a_table_without_a_key_is_not_folded_and_retractions_are_seen() {
    let mut keyless = plan(true);
    keyless.columns.iter_mut().for_each(|column| column.key = false);
    assert!(Fold::new(&keyless).is_none());
    let fold = Fold::new(&plan(true)).unwrap();
    for (kind, retracts) in [
        (RowKind::Insert, false),
        (RowKind::UpdateAfter, false),
        (RowKind::UpdateBefore, true),
        (RowKind::Delete, true),
    ] {
        let batch = changes(&[(1, "a", RowKind::Insert), (2, "a", kind)], 0);
        assert_eq!(fold.retracts(&batch).unwrap(), retracts, "{kind:?}");
    }
}
