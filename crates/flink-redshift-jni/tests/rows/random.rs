//! Random tables and rows: what is encoded comes out of the decoder.

use arrow_redshift::{stage::RowKind, types::FlinkType};
use proptest::prelude::*;

use super::{
    encoder::{Value, buffer, row},
    expected,
    types::decoder,
};

pub fn data_type() -> impl Strategy<Value = FlinkType> {
    prop_oneof![
        Just(FlinkType::Boolean),
        Just(FlinkType::TinyInt),
        Just(FlinkType::SmallInt),
        Just(FlinkType::Int),
        Just(FlinkType::BigInt),
        Just(FlinkType::Float),
        Just(FlinkType::Double),
        Just(FlinkType::Date),
        Just(FlinkType::String),
        (1u32..50).prop_map(FlinkType::Char),
        (1u32..50).prop_map(FlinkType::VarChar),
        (1u8..=38, 0u8..=37).prop_map(|(precision, scale)| FlinkType::Decimal {
            precision,
            scale: scale.min(precision)
        }),
        (0u8..=9).prop_map(FlinkType::Timestamp),
        (0u8..=9).prop_map(FlinkType::TimestampLtz),
    ]
}

fn value(data_type: &FlinkType) -> BoxedStrategy<Value> {
    let there = match *data_type {
        FlinkType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        FlinkType::TinyInt => any::<i8>().prop_map(Value::TinyInt).boxed(),
        FlinkType::SmallInt => any::<i16>().prop_map(Value::SmallInt).boxed(),
        FlinkType::Int | FlinkType::Date => any::<i32>().prop_map(Value::Int).boxed(),
        FlinkType::BigInt => any::<i64>().prop_map(Value::BigInt).boxed(),
        // NaN differs from itself; its bits are carried as any other's.
        FlinkType::Float => (-1e30f32..1e30).prop_map(Value::Float).boxed(),
        FlinkType::Double => (-1e300f64..1e300).prop_map(Value::Double).boxed(),
        FlinkType::Decimal { precision, .. } => {
            let limit = 10_i128.pow(u32::from(precision));
            (-limit + 1..limit).prop_map(Value::Decimal).boxed()
        }
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => {
            "\\PC{0,4}|[a-z]{5,9}|\\PC{0,60}"
                .prop_map(|text| Value::Text(text.into_bytes()))
                .boxed()
        }
        FlinkType::Timestamp(precision) | FlinkType::TimestampLtz(precision) => {
            let nanos = if precision <= 3 { 0..1 } else { 0..1_000_000 };
            let millis = -62_135_596_800_000i64..253_402_300_800_000;
            (millis, nanos).prop_map(|(millis, nanos)| Value::Time(millis, nanos)).boxed()
        }
        ref other => panic!("{other} is not carried"),
    };
    prop_oneof![1 => Just(Value::Null), 5 => there].boxed()
}

/// A table's types, and rows with their kinds.
pub fn table() -> impl Strategy<Value = (Vec<FlinkType>, Vec<(u8, Vec<Value>)>)> {
    let types = prop::collection::vec(data_type(), 1..70);
    types.prop_flat_map(|types| {
        let fields: Vec<_> = types.iter().map(value).collect();
        let rows = prop::collection::vec((0u8..4, fields), 0..12);
        (Just(types), rows)
    })
}

pub fn encoded(types: &[FlinkType], rows: &[(u8, Vec<Value>)]) -> Vec<u8> {
    let rows: Vec<_> = rows.iter().map(|(kind, values)| row(*kind, types, values)).collect();
    buffer(&rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_encoded_is_decoded((types, rows) in table()) {
        let decoded = decoder(&types).decode(&encoded(&types, &rows), rows.len(), 0).unwrap();
        prop_assert_eq!(decoded.batch.num_rows(), rows.len());
        for (at, data_type) in types.iter().enumerate() {
            let values: Vec<Value> = rows.iter().map(|(_, values)| values[at].clone()).collect();
            prop_assert_eq!(decoded.batch.column(at), &expected::column(data_type, &values));
        }
        let kinds = [RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete];
        let expected: Vec<RowKind> = rows.iter().map(|(kind, _)| kinds[usize::from(*kind)]).collect();
        match decoded.kinds {
            Some(kinds) => prop_assert_eq!(kinds, expected),
            None => prop_assert!(expected.iter().all(|kind| *kind == RowKind::Insert)),
        }
    }
}
