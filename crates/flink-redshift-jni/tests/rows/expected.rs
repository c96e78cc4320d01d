//! The Arrow column that values must become.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow_redshift::types::FlinkType;

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
    match *data_type {
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
            Arc::new(array.with_precision_and_scale(precision, scale as i8).unwrap())
        }
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => {
            let texts =
                only!(values, Text).map(|text| text.map(|text| String::from_utf8(text).unwrap()));
            Arc::new(texts.collect::<StringArray>())
        }
        FlinkType::Timestamp(_) => Arc::new(micros(values)),
        FlinkType::TimestampLtz(_) => Arc::new(micros(values).with_timezone("UTC")),
        ref other => panic!("{other} is not carried"),
    }
}

fn micros(values: &[Value]) -> TimestampMicrosecondArray {
    let micros = values.iter().map(|value| match value {
        Value::Time(millis, nanos) => Some(millis * 1000 + i64::from(nanos / 1000)),
        Value::Null => None,
        other => panic!("{other:?} in a column of times"),
    });
    micros.collect()
}
