use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int16Array, Int64Array},
    datatypes::{DataType, Field, Int64Type},
};

use super::*;
use crate::types::{ColumnPlan, LoadExpression, RedshiftType, TablePlan};

/// Bytes of a row: two numbers and a kind.
const ROW: usize = 18;

fn window(rows: usize) -> Window {
    let column = |at: usize, key| ColumnPlan {
        source: at,
        target: format!("c{at}"),
        target_type: RedshiftType::BigInt,
        key,
        staged: Arc::new(Field::new(format!("c{at}"), DataType::Int64, true)),
        staging_type: RedshiftType::BigInt,
        expression: LoadExpression::Plain,
        rules: Vec::new(),
    };
    let columns = vec![column(0, true), column(1, false)];
    let fold = Fold::new(&TablePlan { columns, direct: true, complete: true }).unwrap();
    Window::of(fold, rows * ROW)
}

/// A thousand upserts with numbers from `first`, of these keys over and over.
fn batch(first: i64, keys: std::ops::Range<i64>) -> RecordBatch {
    let many = keys.end - keys.start;
    let numbers = first..first + 1000;
    let ids: Int64Array = numbers.clone().map(|n| Some(keys.start + n % many)).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(ids)),
        ("n", Arc::new(Int64Array::from_iter_values(numbers))),
        ("frc_kind", Arc::new(Int16Array::from_value(0, 1000))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let of = |batch: &RecordBatch| batch.column(1).as_primitive::<Int64Type>().values().to_vec();
    batches.iter().flat_map(of).collect()
}

#[test]
fn a_few_keys_stay_in_the_window_until_it_is_taken() {
    let mut window = window(10_000);
    for first in (0..200_000).step_by(1000) {
        assert_eq!(window.push(batch(first, 0..500)).unwrap(), []);
        assert!(window.held_bytes <= window.limit, "{} bytes", window.held_bytes);
    }
    assert_eq!(numbers(&window.take().unwrap()), (199_500..200_000).collect::<Vec<_>>());
    assert_eq!(window.take().unwrap(), []);
}

#[test]
fn keys_that_hardly_repeat_pass_unseen_for_longer_and_longer() {
    let mut window = window(10_000);
    let (mut given, mut seen) = (Vec::new(), 0);
    for first in (0..1_000_000).step_by(1000) {
        let now = window.push(batch(first, first..first + 1000)).unwrap();
        seen += usize::from(now.is_empty());
        given.extend(numbers(&now));
    }
    given.extend(numbers(&window.take().unwrap()));
    assert_eq!(given, (0..1_000_000).collect::<Vec<_>>(), "every row, in order");
    assert!((60..200).contains(&seen), "{seen} of 1000 batches were held");

    // What was let through is no reason to miss keys that begin to repeat.
    let mut left = 0;
    for first in (0..1_000_000).step_by(1000) {
        left += numbers(&window.push(batch(first, 0..500)).unwrap()).len();
    }
    assert!(left <= MOST_UNSEEN * 11_000, "{left} of 1000000 rows");
}

#[test]
fn a_row_that_is_held_keeps_no_larger_batch_alive() {
    let many = (0..100).map(|first| batch(first * 1000, 0..1000)).collect::<Vec<_>>();
    let large = concat_batches(many[0].schema_ref(), &many).unwrap();
    let held = owned(large.slice(500, 3)).unwrap();
    assert_eq!(held, large.slice(500, 3));
    assert!(held.get_array_memory_size() < 2000, "{}", held.get_array_memory_size());
    let shared = owned(large.slice(0, 90_000)).unwrap();
    assert_eq!(shared.get_array_memory_size(), large.get_array_memory_size());
}
