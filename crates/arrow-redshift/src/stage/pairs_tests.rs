use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray},
    datatypes::{DataType, Field, Int64Type, TimeUnit},
};

use super::*;
use crate::types::{ColumnPlan, LoadExpression, RedshiftType};

use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};

fn column(at: usize, target_type: RedshiftType, data_type: DataType) -> ColumnPlan {
    ColumnPlan {
        source: at,
        target: format!("c{at}"),
        target_type: target_type.clone(),
        key: at < 2,
        staged: Arc::new(Field::new(format!("c{at}"), data_type, true)),
        staging_type: target_type,
        expression: LoadExpression::Plain,
        rules: Vec::new(),
    }
}

/// A key of a time and a text, and a number of each row.
fn pairs() -> Pairs {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = vec![
        column(0, RedshiftType::Timestamp, time),
        column(1, RedshiftType::VarChar(9), DataType::Utf8),
        column(2, RedshiftType::BigInt, DataType::Int64),
    ];
    Pairs::new(&TablePlan { columns, direct: true, complete: false }).unwrap()
}

type Change = (i64, &'static str, RowKind);

fn batch(changes: &[Change], first: i64) -> RecordBatch {
    let times = changes.iter().map(|change| change.0);
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(times));
    let codes: ArrayRef =
        Arc::new(StringArray::from_iter_values(changes.iter().map(|change| change.1)));
    let numbers: ArrayRef =
        Arc::new(Int64Array::from_iter_values(first..first + changes.len() as i64));
    RecordBatch::try_from_iter([("at", times), ("code", codes), ("n", numbers)]).unwrap()
}

fn numbers(batch: &RecordBatch) -> Vec<i64> {
    batch.column(2).as_primitive::<Int64Type>().values().to_vec()
}

/// The numbers of the changes that go on, in batches of `size`, and of the one that is held at the
/// end.
fn cut(list: &[Change], size: usize) -> (Vec<i64>, Option<i64>) {
    let (mut pairs, mut left, mut first) = (pairs(), Vec::new(), 0);
    for part in list.chunks(size) {
        let rows = batch(part, first);
        let kinds: Vec<RowKind> = part.iter().map(|change| change.2).collect();
        // Where all are inserts the kinds are left out.
        let kinds = kinds.iter().any(|kind| *kind != Insert).then_some(kinds);
        let mut paired = pairs.find(&rows, kinds.as_deref()).unwrap();
        left.extend(paired.gone.take().iter().flat_map(numbers));
        let stays = (0..part.len()).filter(|row| !paired.out(*row));
        left.extend(stays.map(|row| first + row as i64));
        pairs.pass(paired);
        first += part.len() as i64;
    }
    let held = pairs.let_go().map(|row| numbers(&row)[0]);
    assert!(pairs.held().is_none());
    (left, held)
}

fn left(list: &[Change]) -> (Vec<i64>, Option<i64>) {
    let whole = cut(list, list.len());
    for size in 1..list.len() {
        assert_eq!(cut(list, size), whole, "in batches of {size}");
    }
    whole
}

#[test]
fn an_old_row_stays_out_where_the_new_one_of_its_key_is_right_behind_it_and_nowhere_else() {
    let update = [(1, "a", UpdateBefore), (1, "a", UpdateAfter)];
    assert_eq!(left(&update), (vec![1], None));
    let twice = [update, update].concat();
    assert_eq!(left(&twice), (vec![1, 3], None));
    // Blanks at the end of a text do not tell keys apart; microseconds and other blanks do.
    assert_eq!(left(&[(1, "a ", UpdateBefore), (1, "a   ", UpdateAfter)]), (vec![1], None));
    for (at, code, kind) in [
        (2, "a", UpdateAfter),
        (1, " a", UpdateAfter),
        (1, "", UpdateAfter),
        (1, "a", Insert),
        (1, "a", Delete),
    ] {
        let list = [(1, "a", UpdateBefore), (at, code, kind), (1, "a", UpdateAfter)];
        assert_eq!(left(&list), (vec![0, 1, 2], None), "{at} {code:?} {kind:?}");
    }
    assert_eq!(left(&[(1, "a", UpdateBefore), update[0], update[1]]), (vec![0, 2], None));
}

#[test]
fn the_last_row_is_held_where_it_is_an_old_one() {
    assert_eq!(left(&[(1, "a", UpdateBefore)]), (vec![], Some(0)));
    let list = [(1, "a", Insert), (1, "a", Delete), (2, "a", UpdateBefore)];
    assert_eq!(left(&list), (vec![0, 1], Some(2)));
    assert_eq!(left(&[(1, "a", UpdateBefore), (1, "a", UpdateBefore)]), (vec![0], Some(1)));
    assert_eq!(left(&[(1, "a", UpdateBefore), (3, "a", Insert), (4, "a", Insert)]).1, None);
}

#[test]
fn an_empty_batch_decides_nothing_and_what_is_held_is_small() {
    let mut pairs = pairs();
    let list: Vec<Change> = (0..10_000).map(|at| (at, "a", UpdateBefore)).collect();
    let kinds = vec![UpdateBefore; list.len()];
    let paired = pairs.find(&batch(&list, 0), Some(&kinds)).unwrap();
    assert!(paired.any_out() && paired.out(9_999) && !paired.out(9_998));
    pairs.pass(paired);
    let paired = pairs.find(&batch(&[], 0), Some(&[])).unwrap();
    assert!(paired.gone.is_none() && !paired.any_out());
    pairs.pass(paired);
    let held = pairs.held().unwrap();
    assert_eq!(numbers(held), [9_999]);
    assert!(held.get_array_memory_size() < 4096, "{}", held.get_array_memory_size());
}
