//! BinaryRowData, written from Flink's layout and not from the decoder's code: what
//! `BinaryRowWriter` leaves in memory on a little-endian machine.

use arrow_redshift::types::FlinkType;

/// A field's value as Flink holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    TinyInt(i8),
    SmallInt(i16),
    Int(i32),
    BigInt(i64),
    Float(f32),
    Double(f64),
    /// The unscaled number.
    Decimal(i128),
    /// Of a text or of a binary value.
    Text(Vec<u8>),
    /// Milliseconds since 1970 and nanoseconds of the millisecond.
    Time(i64, i32),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Row(Vec<Value>),
}

pub const INSERT: u8 = 0;
pub const UPDATE_BEFORE: u8 = 1;
pub const UPDATE_AFTER: u8 = 2;
pub const DELETE: u8 = 3;

/// A buffer of rows, each behind its length.
pub fn buffer<'a>(rows: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend_from_slice(&i32::try_from(row.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(row);
    }
    bytes
}

/// One row.
pub fn row(kind: u8, types: &[FlinkType], values: &[Value]) -> Vec<u8> {
    assert_eq!(types.len(), values.len());
    let fields = (types.len() + 8).div_ceil(64) * 8;
    let mut row = vec![0; fields + types.len() * 8];
    row[0] = kind;
    for (at, (data_type, value)) in types.iter().zip(values).enumerate() {
        let field = fields + at * 8;
        if *value == Value::Null {
            let bit = at + 8;
            row[bit / 8] |= 1 << (bit % 8);
            // Only long decimals and timestamps keep their room.
            reserve(&mut row, field, data_type);
            continue;
        }
        let word = word(&mut row, data_type, value);
        row[field..field + 8].copy_from_slice(&word);
    }
    row
}

fn reserve(row: &mut Vec<u8>, field: usize, data_type: &FlinkType) {
    let room = match data_type {
        FlinkType::Decimal { precision: 19.., .. } => 16,
        FlinkType::Timestamp(4..) | FlinkType::TimestampLtz(4..) => 8,
        _ => return,
    };
    let word = ((row.len() as u64) << 32).to_le_bytes();
    row[field..field + 8].copy_from_slice(&word);
    row.resize(row.len() + room, 0);
}

/// The eight bytes of a field; what does not fit is appended to the row.
fn word(row: &mut Vec<u8>, data_type: &FlinkType, value: &Value) -> [u8; 8] {
    match value {
        Value::Null => unreachable!("its bit is set"),
        Value::Boolean(value) => padded(&[u8::from(*value)]),
        Value::TinyInt(value) => padded(&value.to_le_bytes()),
        Value::SmallInt(value) => padded(&value.to_le_bytes()),
        Value::Int(value) => padded(&value.to_le_bytes()),
        Value::BigInt(value) => value.to_le_bytes(),
        Value::Float(value) => padded(&value.to_le_bytes()),
        Value::Double(value) => value.to_le_bytes(),
        Value::Text(text) => self::text(row, text),
        Value::Array(_) | Value::Map(_) | Value::Row(_) => {
            let nested = nested(data_type, value);
            elsewhere(row, &nested)
        }
        Value::Decimal(value) => match data_type {
            FlinkType::Decimal { precision: ..=18, .. } => {
                i64::try_from(*value).unwrap().to_le_bytes()
            }
            _ => decimal(row, *value),
        },
        Value::Time(millis, nanos) => match data_type {
            FlinkType::Timestamp(..=3) | FlinkType::TimestampLtz(..=3) => millis.to_le_bytes(),
            _ => {
                let offset = row.len() as u64;
                row.extend_from_slice(&millis.to_le_bytes());
                (offset << 32 | *nanos as u64).to_le_bytes()
            }
        },
    }
}

fn padded(bytes: &[u8]) -> [u8; 8] {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    word
}

/// Up to seven bytes in the field, with their number and a mark in the last byte.
fn text(row: &mut Vec<u8>, text: &[u8]) -> [u8; 8] {
    if text.len() <= 7 {
        let mut word = padded(text);
        word[7] = 0x80 | text.len() as u8;
        return word;
    }
    elsewhere(row, text)
}

fn elsewhere(row: &mut Vec<u8>, bytes: &[u8]) -> [u8; 8] {
    let offset = row.len() as u64;
    row.extend_from_slice(bytes);
    // Variable parts are whole words.
    row.resize(row.len().next_multiple_of(8), 0);
    (offset << 32 | bytes.len() as u64).to_le_bytes()
}

/// The bytes of a value that nests.
fn nested(data_type: &FlinkType, value: &Value) -> Vec<u8> {
    match (data_type, value) {
        (FlinkType::Array(element), Value::Array(values)) => array(&element.data_type, values),
        (FlinkType::Map(key, value), Value::Map(entries)) => {
            map(&key.data_type, &value.data_type, entries)
        }
        (FlinkType::Multiset(element), Value::Map(entries)) => {
            map(&element.data_type, &FlinkType::Int, entries)
        }
        (FlinkType::Row(fields), Value::Row(values)) => {
            let types: Vec<_> = fields.iter().map(|field| field.data_type.clone()).collect();
            row(INSERT, &types, values)
        }
        (data_type, value) => panic!("{value:?} is no {data_type}"),
    }
}

/// As `BinaryArrayWriter` writes it.
pub fn array(element: &FlinkType, values: &[Value]) -> Vec<u8> {
    let width = match element {
        FlinkType::Boolean | FlinkType::TinyInt => 1,
        FlinkType::SmallInt => 2,
        FlinkType::Int | FlinkType::Float | FlinkType::Date => 4,
        FlinkType::Time(_) | FlinkType::IntervalYearMonth => 4,
        _ => 8,
    };
    let header = 4 + values.len().div_ceil(32) * 4;
    let mut array = vec![0; (header + values.len() * width).next_multiple_of(8)];
    array[..4].copy_from_slice(&(values.len() as i32).to_le_bytes());
    for (at, value) in values.iter().enumerate() {
        if *value == Value::Null {
            array[4 + at / 8] |= 1 << (at % 8);
            continue;
        }
        let word = word(&mut array, element, value);
        array[header + at * width..][..width].copy_from_slice(&word[..width]);
    }
    array
}

/// The length of the keys, the keys, and the values.
fn map(key: &FlinkType, value: &FlinkType, entries: &[(Value, Value)]) -> Vec<u8> {
    let (keys, values): (Vec<_>, Vec<_>) = entries.iter().cloned().unzip();
    let keys = array(key, &keys);
    let mut map = (keys.len() as i32).to_le_bytes().to_vec();
    map.extend_from_slice(&keys);
    map.extend_from_slice(&array(value, &values));
    map
}

/// As `BigInteger.toByteArray` gives it, in sixteen bytes of room.
fn decimal(row: &mut Vec<u8>, value: i128) -> [u8; 8] {
    let bytes = value.to_be_bytes();
    let sign = if value < 0 { 0xFF } else { 0x00 };
    let same_sign = |at: &usize| bytes[at + 1] & 0x80 == sign & 0x80;
    let spare = (0..15).take_while(|at| bytes[*at] == sign && same_sign(at)).count();
    let (offset, short) = (row.len() as u64, &bytes[spare..]);
    row.extend_from_slice(short);
    row.resize(row.len() + spare, 0);
    (offset << 32 | short.len() as u64).to_le_bytes()
}
