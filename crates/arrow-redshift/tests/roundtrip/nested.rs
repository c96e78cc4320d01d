//! Arrays, maps, multisets and rows: their Arrow arrays, and the JSON that a SUPER shows.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, ListArray, MapArray, StructArray},
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Fields},
};
use arrow_redshift::types::{Element, FlinkType, RedshiftType};
use serde_json::{Map, Value as Json};

use crate::values::{self, Value, pointed, shown};

/// A column of a type that nests.
pub fn array(declared: &FlinkType, values: Vec<Option<&Value>>) -> ArrayRef {
    let present = NullBuffer::from_iter(values.iter().map(Option::is_some));
    match declared {
        FlinkType::Array(element) => {
            let lists = values.iter().map(|value| match value {
                Some(Value::List(list)) => list.as_slice(),
                _ => &[],
            });
            let offsets = OffsetBuffer::from_lengths(lists.clone().map(<[_]>::len));
            let all = values::array(&element.data_type, lists.flatten().map(Option::as_ref));
            let DataType::List(field) = declared.arrow() else { panic!("a list") };
            Arc::new(ListArray::new(field, offsets, all, Some(present)))
        }
        FlinkType::Map(key, value) => map(declared, key, &value.data_type, &values, present),
        FlinkType::Multiset(element) => map(declared, element, &FlinkType::Int, &values, present),
        FlinkType::Row(fields) => {
            let column = |(at, field): (usize, &arrow_redshift::types::Column)| {
                let of = |row: &Option<&'_ Value>| match row {
                    Some(Value::Fields(fields)) => fields[at].clone(),
                    _ => None,
                };
                let column: Vec<Option<Value>> = values.iter().map(of).collect();
                values::array(&field.data_type, column.iter().map(Option::as_ref))
            };
            let columns = fields.iter().enumerate().map(column).collect();
            let DataType::Struct(fields) = declared.arrow() else { panic!("a row") };
            Arc::new(StructArray::new(fields, columns, Some(present)))
        }
        other => panic!("{other} does not nest"),
    }
}

fn map(
    declared: &FlinkType,
    key: &Element,
    value: &FlinkType,
    values: &[Option<&Value>],
    present: NullBuffer,
) -> ArrayRef {
    let entries = values.iter().map(|value| match value {
        Some(Value::Entries(entries)) => entries.as_slice(),
        _ => &[],
    });
    let offsets = OffsetBuffer::from_lengths(entries.clone().map(<[_]>::len));
    let keys = values::array(&key.data_type, entries.clone().flatten().map(|(key, _)| Some(key)));
    let values = values::array(value, entries.flatten().map(|(_, value)| value.as_ref()));
    let DataType::Map(field, sorted) = declared.arrow() else { panic!("a map") };
    let DataType::Struct(columns) = field.data_type() else { panic!("its entries") };
    let columns: Fields = columns.clone();
    let entries = StructArray::new(columns, vec![keys, values], None);
    Arc::new(MapArray::new(field, offsets, entries, Some(present), sorted))
}

/// The JSON of a value, as Flink's JSON format would write it, but for ISO times.
pub fn json(value: &Value, declared: &FlinkType) -> Json {
    let inner = |value: &Option<Value>, declared: &FlinkType| {
        value.as_ref().map_or(Json::Null, |value| json(value, declared))
    };
    match (value, declared) {
        (Value::List(list), FlinkType::Array(element)) => {
            list.iter().map(|value| inner(value, &element.data_type)).collect()
        }
        (Value::Entries(entries), FlinkType::Map(key, of)) => {
            object(entries, key, |value| inner(value, &of.data_type))
        }
        (Value::Entries(entries), FlinkType::Multiset(element)) => {
            object(entries, element, |value| inner(value, &FlinkType::Int))
        }
        (Value::Fields(values), FlinkType::Row(fields)) => {
            let fields = fields.iter().zip(values);
            fields
                .map(|(field, value)| (field.name.clone(), inner(value, &field.data_type)))
                .collect()
        }
        (value, declared) => scalar(value, declared),
    }
}

fn object(
    entries: &[(Value, Option<Value>)],
    key: &Element,
    value: impl Fn(&Option<Value>) -> Json,
) -> Json {
    let name = |key_value: &Value| match json(key_value, &key.data_type) {
        Json::String(text) => text,
        other => other.to_string(),
    };
    Json::Object(entries.iter().map(|(key, of)| (name(key), value(of))).collect::<Map<_, _>>())
}

fn scalar(value: &Value, declared: &FlinkType) -> Json {
    let number = |text: String| serde_json::from_str(&text).expect("a number");
    let float = |value: f64| match value {
        _ if value.is_nan() => Json::from("NaN"),
        f64::INFINITY => Json::from("Infinity"),
        f64::NEG_INFINITY => Json::from("-Infinity"),
        _ => Json::from(value),
    };
    match (value, declared) {
        (Value::Bool(value), _) => Json::from(*value),
        (Value::Int(value), _) => Json::from(*value),
        // The digits that tell it from other FLOATs.
        (Value::Float(value), _) if value.is_finite() => number(format!("{value:e}")),
        (Value::Float(value), _) => float(f64::from(*value)),
        (Value::Double(value), _) => float(*value),
        (Value::Decimal(value), FlinkType::Decimal { scale, .. }) => {
            number(pointed(*value, *scale))
        }
        (Value::Text(text), _) => Json::from(text.as_str()),
        (Value::Bytes(bytes), _) => Json::from(base64(bytes)),
        (Value::At(_), FlinkType::TimestampLtz(_)) => {
            Json::from(shown(value, declared, &RedshiftType::Timestamp).replace(' ', "T") + "Z")
        }
        (Value::At(_), _) => {
            Json::from(shown(value, declared, &RedshiftType::Timestamp).replace(' ', "T"))
        }
        (Value::Clock(_), _) => Json::from(shown(value, declared, &RedshiftType::Time)),
        (Value::Day(_), _) => Json::from(shown(value, declared, &RedshiftType::Date)),
        (Value::Months(months), _) => Json::from(*months),
        (Value::Millis(millis), _) => Json::from(*millis),
        (value, declared) => panic!("{value:?} is no {declared}"),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]);
            text.push(if at <= three.len() { digit } else { '=' });
        }
    }
    text
}
