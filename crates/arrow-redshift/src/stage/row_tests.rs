//! Rows at and beyond what COPY takes.

use std::sync::Arc;

use arrow::{array::RecordBatch, datatypes::Field};

use super::{
    super::{RowKind, StagedShape, intake::Intake},
    *,
};
use crate::{
    error::ErrorKind,
    types::{LoadExpression, RedshiftType},
};

/// A plan of one number and of texts of these widths.
fn plan(widths: &[u32]) -> TablePlan {
    let column = |index: usize, data_type, target: RedshiftType, rules| ColumnPlan {
        source: index,
        target: format!("c{index}"),
        target_type: target.clone(),
        key: false,
        staged: Arc::new(Field::new(format!("c{index}"), data_type, true)),
        staging_type: target,
        expression: LoadExpression::Plain,
        rules,
    };
    let mut columns = vec![column(0, DataType::Int64, RedshiftType::BigInt, Vec::new())];
    columns.extend(widths.iter().enumerate().map(|(index, &width)| {
        let rules = vec![Rule::NoNul, Rule::MaxBytes(width)];
        column(index + 1, DataType::Utf8, RedshiftType::VarChar(width), rules)
    }));
    TablePlan { columns, direct: true, complete: true }
}

/// Columns of a number and of texts, each text made of `unit`s up to so many bytes; `None` is NULL.
fn columns(unit: &str, rows: &[[Option<u64>; 2]]) -> Vec<ArrayRef> {
    let number: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![1; rows.len()]));
    let text = |index: usize| -> ArrayRef {
        let texts = rows.iter().map(|row| row[index].map(|bytes| unit.repeat(bytes as usize)));
        Arc::new(texts.collect::<StringArray>())
    };
    vec![number, text(0), text(1)]
}

#[test]
fn only_plans_of_wide_rows_are_checked() {
    let needed = |plan: &TablePlan, more, format| RowLimit::new(plan, more, format).is_some();
    let (parquet, csv) = (Carrier::Parquet, Carrier::Csv);
    assert!(!needed(&plan(&[65_535; 63]), 4, parquet));
    assert!(needed(&plan(&[65_535; 65]), 0, parquet));
    // Quotes may double a text.
    assert!(!needed(&plan(&[65_535; 31]), 4, csv));
    assert!(needed(&plan(&[65_535; 32]), 0, csv));
    assert!(needed(&plan(&[65_535; 63]), 0, csv));
    // The most columns of a table, none of them text.
    let mut numbers = plan(&[]);
    numbers.columns = vec![numbers.columns[0].clone(); 1600];
    assert!(!needed(&numbers, 4, parquet) && !needed(&numbers, 4, csv));
    // A text without a limit.
    let mut boundless = plan(&[10]);
    boundless.columns[1].rules.clear();
    assert!(needed(&boundless, 0, parquet) && needed(&boundless, 0, csv));
}

#[test]
fn the_rows_that_are_too_wide_are_found() {
    let limit = limits::COPY_ROW_BYTES;
    let half = limit / 2;
    let boundary = limit - PARQUET_VALUE_BYTES - half;
    let check = RowLimit::new(&plan(&[u32::MAX; 2]), 0, Carrier::Parquet).unwrap();
    let fits =
        [[Some(half), Some(boundary)], [Some(boundary), Some(half)], [None, Some(half + 100)]];
    assert_eq!(check.check(&columns("x", &fits), 3), None);
    let rows = [fits[0], [Some(half + 1), Some(boundary)], fits[1], [Some(limit), None]];
    let misfit = check.check(&columns("x", &rows), 4).expect("rows that are too wide");
    assert_eq!(misfit.cause, Cause::RowBytes { limit, taker: "COPY" });
    let wide = |row, found| Refused { row, found };
    assert_eq!(misfit.rows, [wide(1, limit + 1), wide(3, limit + PARQUET_VALUE_BYTES)]);
}

#[test]
fn quotes_count_twice_in_csv_only() {
    let (third, none) = (limits::COPY_ROW_BYTES / 3, Some(0));
    let both = [[Some(third), Some(third)]];
    let plan = plan(&[u32::MAX; 2]);
    let check = |format, unit, rows: &[_]| {
        let limit = RowLimit::new(&plan, 0, format).unwrap();
        limit.check(&columns(unit, rows), rows.len())
    };
    assert!(check(Carrier::Parquet, "\"", &both).is_none());
    assert!(check(Carrier::Csv, "x", &both).is_none());
    assert!(check(Carrier::Csv, "\"", &[[Some(third), none]]).is_none());
    assert!(check(Carrier::Csv, "\"", &both).is_some());
}

/// Of a row that goes only the key is read; one that comes fails, and so does a key by itself.
#[test]
fn a_row_that_goes_may_be_too_wide_and_its_key_may_not() {
    let half = limits::COPY_ROW_BYTES / 2;
    let wide = [Some(half), Some(half)];
    let rows = [[Some(1), None], wide, wide];
    let texts = columns("x", &rows);
    let names = ["c0", "c1", "c2"];
    let batch = RecordBatch::try_from_iter(names.into_iter().zip(texts)).unwrap();
    let take = |keys: &[usize], kinds: [RowKind; 3]| {
        let mut plan = plan(&[u32::MAX; 2]);
        keys.iter().for_each(|key| plan.columns[*key].key = true);
        let carrier = Carrier::Parquet;
        let mut intake = Intake::new(Arc::new(plan), StagedShape::Keyed, 0, 1, carrier).unwrap();
        intake.take(&batch, Some(&kinds))
    };
    let (comes, goes) = (RowKind::Insert, RowKind::Delete);
    let taken = take(&[0], [comes, goes, RowKind::UpdateBefore]).unwrap();
    let staged = &taken[0];
    assert_eq!(staged.num_rows(), 2, "the last row is held for the one behind it");
    assert!(staged.column(0).is_valid(1));
    assert!(staged.column(1).is_valid(0) && staged.column(1).is_null(1));
    assert!(staged.column(2).is_null(1));
    for (keys, kinds) in [(&[0][..], [comes, goes, comes]), (&[1, 2], [comes, goes, comes])] {
        let error = take(keys, kinds).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueRefused, "{error}");
    }
    let error = take(&[1, 2], [comes, goes, goes]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueRefused, "{error}");
}
