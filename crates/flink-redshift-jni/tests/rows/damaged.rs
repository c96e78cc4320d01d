//! Buffers that no writer of ours makes: an error, or rows that are what their bytes say, but never
//! a panic.

use arrow_redshift::{ErrorKind, types::FlinkType};
use proptest::prelude::*;

use super::{
    encoder::{INSERT, Value, buffer, row},
    random::{data_type, encoded, table},
    types::decoder,
};

#[track_caller]
fn damaged(types: &[FlinkType], bytes: &[u8], rows: usize) {
    let error = decoder(types).decode(bytes, rows, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn lengths_and_counts_must_hold() {
    let types = [FlinkType::Int];
    let one = row(INSERT, &types, &[Value::Int(1)]);
    let good = buffer([&one, &one]);
    for count in [0, 1, 3, usize::MAX] {
        damaged(&types, &good, count);
    }
    for end in 1..good.len() {
        damaged(&types, &good[..end], 2);
    }
    for length in [i32::MIN, -1, 0, 15, 17, i32::MAX] {
        let mut bytes = good.clone();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        damaged(&types, &bytes, 2);
    }
    // A row of a table with fewer columns.
    damaged(&[FlinkType::Int, FlinkType::Int], &good, 2);
}

#[test]
fn parts_outside_of_their_row_are_not_read() {
    let long = FlinkType::Decimal { precision: 38, scale: 0 };
    for data_type in [FlinkType::String, long, FlinkType::Timestamp(9)] {
        let value = match data_type {
            FlinkType::String => Value::Text(vec![b'x'; 8]),
            FlinkType::Timestamp(_) => Value::Time(0, 8),
            _ => Value::Decimal(1 << 60),
        };
        let types = [data_type];
        let whole = row(INSERT, &types, &[value]);
        // Another row follows, so that the buffer does not end where the row does. An offset's last
        // bit stays clear: in a text it marks one that stands in its field.
        let mut bytes = buffer([&whole, &whole]);
        let length = whole.len() as u64;
        for offset in [length - 7, length, length + 4, (1 << 31) - 1] {
            bytes[12..20].copy_from_slice(&(offset << 32 | 8).to_le_bytes());
            let error = decoder(&types).decode(&bytes, 2, 0);
            assert!(error.is_err(), "{} at {offset}", types[0]);
        }
    }
}

#[test]
fn texts_and_decimals_of_impossible_lengths_are_refused() {
    let mut text = row(INSERT, &[FlinkType::String], &[Value::Text(b"abc".to_vec())]);
    text[15] = 0x80 | 8;
    damaged(&[FlinkType::String], &buffer([&text]), 1);
    let long = [FlinkType::Decimal { precision: 38, scale: 0 }];
    for length in [0_u64, 17] {
        let mut decimal = row(INSERT, &long, &[Value::Decimal(5)]);
        decimal.resize(64, 0);
        decimal[8..16].copy_from_slice(&(16 << 32 | length).to_le_bytes());
        damaged(&long, &buffer([&decimal]), 1);
    }
    let mut time = row(INSERT, &[FlinkType::Timestamp(9)], &[Value::Time(0, 0)]);
    time[8..16].copy_from_slice(&(16_u64 << 32 | 1_000_000).to_le_bytes());
    damaged(&[FlinkType::Timestamp(9)], &buffer([&time]), 1);
}

#[test]
fn parts_that_overlap_cannot_grow_into_more_memory() {
    // A hundred fields that all name the same text, which fills the row.
    let types = vec![FlinkType::String; 100];
    let mut bytes = row(INSERT, &types, &vec![Value::Text(Vec::new()); 100]);
    let (fixed, length) = (bytes.len() as u64, 1 << 20);
    bytes.resize(bytes.len() + length, b'x');
    for field in 0..100 {
        let at = 16 + field * 8;
        bytes[at..at + 8].copy_from_slice(&(fixed << 32 | length as u64).to_le_bytes());
    }
    damaged(&types, &buffer([&bytes]), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn random_bytes_are_an_error_or_rows(
        types in prop::collection::vec(data_type(), 1..12),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        rows in 0usize..6,
    ) {
        if let Ok(decoded) = decoder(&types).decode(&bytes, rows, 0) {
            prop_assert_eq!(decoded.batch.num_rows(), rows);
        }
    }

    #[test]
    fn changed_bytes_are_an_error_or_rows(
        (types, rows) in table(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encoded(&types, &rows);
        for (at, value) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        if let Ok(decoded) = decoder(&types).decode(&bytes, rows.len(), 0) {
            prop_assert_eq!(decoded.batch.num_rows(), rows.len());
        }
    }
}
