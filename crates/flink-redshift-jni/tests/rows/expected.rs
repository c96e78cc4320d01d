//! The Arrow column that values must become.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
        DurationMillisecondArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
        Int64Array, IntervalYearMonthArray, ListArray, MapArray, StringArray, StructArray,
        Time64MicrosecondArray, TimestampMicrosecondArray,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{Field, Fields},
};
use arrow_redshift::types::{Column, FlinkType};

use super::encoder::Value;

/// Takes one kind of value out of a column.
macro_rules! only {
    ($values:expr, $variant:ident) => {
        $values.iter().map(|value| match value {
            Value::Null => None,
            Value::$variant(value) => Some(value.clone()),
            other => panic!("{other:?} in a column of {}", stringify!($variant)),
        })
    };
}

pub fn column(data_type: &FlinkType, values: &[Value]) -> ArrayRef {
    match data_type {
        FlinkType::Boolean => Arc::new(only!(values, Boolean).collect::<BooleanArray>()),
        FlinkType::TinyInt => Arc::new(only!(values, TinyInt).collect::<Int8Array>()),
        FlinkType::SmallInt => Arc::new(only!(values, SmallInt).collect::<Int16Array>()),
        FlinkType::Int => Arc::new(only!(values, Int).collect::<Int32Array>()),
        FlinkType::Date => Arc::new(only!(values, Int).collect::<Date32Array>()),
        FlinkType::BigInt => Arc::new(only!(values, BigInt).collect::<Int64Array>()),
        FlinkType::Float => Arc::new(only!(values, Float).collect::<Float32Array>()),
        FlinkType::Double => Arc::new(only!(values, Double).collect::<Float64Array>()),
        FlinkType::Decimal { precision, scale } => {
            let array = only!(values, Decimal).collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(*precision, *scale as i8).unwrap())
        }
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => {
            let texts =
                only!(values, Text).map(|text| text.map(|text| String::from_utf8(text).unwrap()));
            Arc::new(texts.collect::<StringArray>())
        }
        FlinkType::Timestamp(_) => Arc::new(micros(values)),
        FlinkType::TimestampLtz(_) => Arc::new(micros(values).with_timezone("UTC")),
        FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => {
            Arc::new(only!(values, Text).collect::<BinaryArray>())
        }
        FlinkType::Time(_) => {
            let micros = only!(values, Int).map(|millis| millis.map(|m: i32| i64::from(m) * 1000));
            Arc::new(micros.collect::<Time64MicrosecondArray>())
        }
        FlinkType::IntervalYearMonth => {
            Arc::new(only!(values, Int).collect::<IntervalYearMonthArray>())
        }
        FlinkType::IntervalDaySecond => {
            Arc::new(only!(values, BigInt).collect::<DurationMillisecondArray>())
        }
        FlinkType::Array(element) => arrays(&element.data_type, values),
        FlinkType::Map(key, value) => maps(&key.data_type, &value.data_type, values),
        FlinkType::Multiset(element) => maps(&element.data_type, &FlinkType::Int, values),
        FlinkType::Row(fields) => rows(fields, values),
    }
}

fn there(values: &[Value]) -> NullBuffer {
    values.iter().map(|value| *value != Value::Null).collect()
}

fn arrays(element: &FlinkType, values: &[Value]) -> ArrayRef {
    let lists: Vec<Vec<Value>> =
        only!(values, Array).map(|list: Option<Vec<Value>>| list.unwrap_or_default()).collect();
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(Vec::len));
    let elements = column(element, &lists.concat());
    let field = Field::new("item", elements.data_type().clone(), true);
    Arc::new(ListArray::new(Arc::new(field), offsets, elements, Some(there(values))))
}

/// Of two entries with one key the last one is there.
fn maps(key: &FlinkType, value: &FlinkType, values: &[Value]) -> ArrayRef {
    let maps: Vec<Vec<(Value, Value)>> = only!(values, Map)
        .map(|map: Option<Vec<(Value, Value)>>| {
            let map = map.unwrap_or_default();
            let last = |at: usize| !map[at + 1..].iter().any(|(key, _)| *key == map[at].0);
            (0..map.len()).filter(|at| last(*at)).map(|at| map[at].clone()).collect()
        })
        .collect();
    let offsets = OffsetBuffer::from_lengths(maps.iter().map(Vec::len));
    let (keys, held): (Vec<_>, Vec<_>) = maps.concat().into_iter().unzip();
    let (keys, held) = (column(key, &keys), column(value, &held));
    let fields = Fields::from(vec![
        Field::new("keys", keys.data_type().clone(), false),
        Field::new("values", held.data_type().clone(), true),
    ]);
    let entries = StructArray::new(fields, vec![keys, held], None);
    let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
    Arc::new(MapArray::new(field, offsets, entries, Some(there(values)), false))
}

fn rows(fields: &[Column], values: &[Value]) -> ArrayRef {
    if fields.is_empty() {
        return Arc::new(StructArray::new_empty_fields(values.len(), Some(there(values))));
    }
    let columns = fields.iter().enumerate().map(|(at, field)| {
        let values: Vec<Value> = only!(values, Row)
            .map(|row: Option<Vec<Value>>| row.map_or(Value::Null, |row| row[at].clone()))
            .collect();
        let column = column(&field.data_type, &values);
        (Arc::new(Field::new(&field.name, column.data_type().clone(), true)), column)
    });
    let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
    Arc::new(StructArray::new(fields.into(), columns, Some(there(values))))
}

fn micros(values: &[Value]) -> TimestampMicrosecondArray {
    let micros = values.iter().map(|value| match value {
        Value::Time(millis, nanos) => Some(millis * 1000 + i64::from(nanos / 1000)),
        Value::Null => None,
        other => panic!("{other:?} in a column of times"),
    });
    micros.collect()
}
