//! Random tables and rows: what is encoded comes out of the decoder.

use arrow_redshift::{
    stage::RowKind,
    types::{Column, Element, FlinkType},
};
use proptest::prelude::*;

use super::{
    encoder::{Value, buffer, row},
    expected,
    types::decoder,
};

pub fn data_type() -> impl Strategy<Value = FlinkType> {
    flat().prop_recursive(3, 12, 4, |inner| {
        let element = (inner, any::<bool>())
            .prop_map(|(data_type, nullable)| Element { data_type, nullable })
            .boxed();
        let key = flat().prop_map(|data_type| Element { data_type, nullable: false });
        let fields = prop::collection::vec(element.clone(), 0..4);
        prop_oneof![
            element.clone().prop_map(|element| FlinkType::Array(Box::new(element))),
            (key.clone(), element)
                .prop_map(|(key, value)| FlinkType::Map(Box::new(key), Box::new(value))),
            key.prop_map(|element| FlinkType::Multiset(Box::new(element))),
            fields.prop_map(|fields| {
                let column = |(at, Element { data_type, nullable })| Column {
                    name: format!("f{at}"),
                    data_type,
                    nullable,
                };
                FlinkType::Row(fields.into_iter().enumerate().map(column).collect())
            }),
        ]
    })
}

fn flat() -> impl Strategy<Value = FlinkType> + Clone {
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
        (1u32..50).prop_map(FlinkType::Binary),
        (1u32..50).prop_map(FlinkType::VarBinary),
        Just(FlinkType::Bytes),
        (0u8..=9).prop_map(FlinkType::Time),
        Just(FlinkType::IntervalYearMonth),
        Just(FlinkType::IntervalDaySecond),
    ]
}

/// A value, or NULL; NOT NULL is not looked at within what nests.
fn value(data_type: &FlinkType) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 5 => there(data_type)].boxed()
}

/// A value that is there.
fn there(data_type: &FlinkType) -> BoxedStrategy<Value> {
    match *data_type {
        FlinkType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        FlinkType::TinyInt => any::<i8>().prop_map(Value::TinyInt).boxed(),
        FlinkType::SmallInt => any::<i16>().prop_map(Value::SmallInt).boxed(),
        FlinkType::Int | FlinkType::Date | FlinkType::Time(_) | FlinkType::IntervalYearMonth => {
            any::<i32>().prop_map(Value::Int).boxed()
        }
        FlinkType::BigInt | FlinkType::IntervalDaySecond => {
            any::<i64>().prop_map(Value::BigInt).boxed()
        }
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
        FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => {
            prop::collection::vec(any::<u8>(), 0..30).prop_map(Value::Text).boxed()
        }
        FlinkType::Array(ref element) => {
            let most = if element.data_type.nests() { 4 } else { 40 };
            let values = prop::collection::vec(value(&element.data_type), 0..most);
            values.prop_map(Value::Array).boxed()
        }
        FlinkType::Map(ref key, ref held) => entries(there(&key.data_type), value(&held.data_type)),
        FlinkType::Multiset(ref element) => {
            entries(there(&element.data_type), there(&FlinkType::Int))
        }
        FlinkType::Row(ref fields) => {
            let fields: Vec<_> = fields.iter().map(|field| value(&field.data_type)).collect();
            fields.prop_map(Value::Row).boxed()
        }
    }
}

fn entries(key: BoxedStrategy<Value>, value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop::collection::vec((key, value), 0..5).prop_map(Value::Map).boxed()
}

/// A table's types, and rows with their kinds.
pub fn table() -> impl Strategy<Value = (Vec<FlinkType>, Vec<(u8, Vec<Value>)>)> {
    // Few that nest, which hold many values each.
    let column = prop_oneof![12 => flat().boxed(), 1 => data_type().boxed()];
    let types = prop::collection::vec(column, 1..70);
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
