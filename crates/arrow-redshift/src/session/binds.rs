//! Arrow values as parameters of a statement, each in the format that Redshift surely takes:
//! integers, floats and timestamps in binary, everything else as text. Never NUMERIC in binary.
//!
//! Types are declared with the statement, so that nothing has to be looked up in a catalog.

use std::{error::Error as StdError, fmt};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
        Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, StringArray,
        Time64MicrosecondArray, TimestampMicrosecondArray,
    },
    datatypes::{
        DataType, Date32Type, Decimal128Type, DecimalType, Float32Type, Float64Type, Int16Type,
        Int32Type, Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
    },
};
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, NaiveTime};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::error::{Error, ErrorKind, Result};

/// Microseconds from 1970 to 2000, where the wire's timestamps begin.
const EPOCH: i64 = 946_684_800_000_000;
const DAY_SECONDS: i64 = 86_400;

/// The type under which values of an Arrow type are declared.
fn parameter(data_type: &DataType) -> Option<Type> {
    Some(match data_type {
        DataType::Boolean => Type::BOOL,
        DataType::Int16 => Type::INT2,
        DataType::Int32 => Type::INT4,
        DataType::Int64 => Type::INT8,
        DataType::Float32 => Type::FLOAT4,
        DataType::Float64 => Type::FLOAT8,
        DataType::Decimal128(..) => Type::NUMERIC,
        // Never TEXT, at which functions on compute nodes stumble.
        DataType::Utf8 => Type::VARCHAR,
        // Hexadecimal digits: see the mapping of types.
        DataType::Binary => Type::VARCHAR,
        DataType::Time64(TimeUnit::Microsecond) => Type::TIME,
        DataType::Date32 => Type::DATE,
        DataType::Timestamp(TimeUnit::Microsecond, None) => Type::TIMESTAMP,
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Type::TIMESTAMPTZ,
        _ => return None,
    })
}

/// A column whose values become parameters.
pub(super) struct Column<'a> {
    values: Values<'a>,
    pub parameter: Type,
}

enum Values<'a> {
    Boolean(&'a BooleanArray),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Decimal(&'a Decimal128Array),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Time(&'a Time64MicrosecondArray),
    Date(&'a Date32Array),
    Micros(&'a TimestampMicrosecondArray),
}

impl<'a> Column<'a> {
    /// The values of an array.
    pub fn of(array: &'a ArrayRef) -> Result<Column<'a>> {
        let unlike = || {
            let why = format!("values of type {} are no parameters", array.data_type());
            Error::new(ErrorKind::Internal, why)
        };
        let values = match array.data_type() {
            DataType::Boolean => Values::Boolean(array.as_boolean()),
            DataType::Int16 => Values::Int16(array.as_primitive::<Int16Type>()),
            DataType::Int32 => Values::Int32(array.as_primitive::<Int32Type>()),
            DataType::Int64 => Values::Int64(array.as_primitive::<Int64Type>()),
            DataType::Float32 => Values::Float32(array.as_primitive::<Float32Type>()),
            DataType::Float64 => Values::Float64(array.as_primitive::<Float64Type>()),
            DataType::Decimal128(..) => Values::Decimal(array.as_primitive::<Decimal128Type>()),
            DataType::Utf8 => Values::Text(array.as_string()),
            DataType::Binary => Values::Bytes(array.as_binary()),
            DataType::Time64(TimeUnit::Microsecond) => {
                Values::Time(array.as_primitive::<Time64MicrosecondType>())
            }
            DataType::Date32 => Values::Date(array.as_primitive::<Date32Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Values::Micros(array.as_primitive::<TimestampMicrosecondType>())
            }
            _ => return Err(unlike()),
        };
        let parameter = parameter(array.data_type()).ok_or_else(unlike)?;
        Ok(Column { values, parameter })
    }

    /// The value of one row.
    pub fn cell(&'a self, row: usize) -> Cell<'a> {
        Cell { values: &self.values, row }
    }
}

/// Two hexadecimal digits for each byte.
fn put_digits(bytes: &[u8], out: &mut BytesMut) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.put_u8(DIGITS[usize::from(byte >> 4)]);
        out.put_u8(DIGITS[usize::from(byte & 15)]);
    }
}

/// The time of day so many microseconds after midnight.
fn time(micros: i64) -> Option<NaiveTime> {
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let seconds = u32::try_from(seconds).ok()?;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, micros as u32 * 1000)
}

/// One value.
pub(super) struct Cell<'a> {
    values: &'a Values<'a>,
    row: usize,
}

impl fmt::Debug for Cell<'_> {
    /// Not the value, which is the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
}

impl Cell<'_> {
    fn is_null(&self) -> bool {
        match self.values {
            Values::Boolean(array) => array.is_null(self.row),
            Values::Int16(array) => array.is_null(self.row),
            Values::Int32(array) => array.is_null(self.row),
            Values::Int64(array) => array.is_null(self.row),
            Values::Float32(array) => array.is_null(self.row),
            Values::Float64(array) => array.is_null(self.row),
            Values::Decimal(array) => array.is_null(self.row),
            Values::Text(array) => array.is_null(self.row),
            Values::Bytes(array) => array.is_null(self.row),
            Values::Time(array) => array.is_null(self.row),
            Values::Date(array) => array.is_null(self.row),
            Values::Micros(array) => array.is_null(self.row),
        }
    }

    fn put(&self, out: &mut BytesMut) -> Result<(), &'static str> {
        let row = self.row;
        match self.values {
            Values::Boolean(array) => out.put_u8(if array.value(row) { b't' } else { b'f' }),
            Values::Int16(array) => out.put_i16(array.value(row)),
            Values::Int32(array) => out.put_i32(array.value(row)),
            Values::Int64(array) => out.put_i64(array.value(row)),
            Values::Float32(array) => out.put_f32(array.value(row)),
            Values::Float64(array) => out.put_f64(array.value(row)),
            Values::Decimal(array) => {
                let (precision, scale) = (array.precision(), array.scale());
                let text = Decimal128Type::format_decimal(array.value(row), precision, scale);
                out.put_slice(text.as_bytes());
            }
            Values::Text(array) => out.put_slice(array.value(row).as_bytes()),
            Values::Bytes(array) => put_digits(array.value(row), out),
            Values::Time(array) => {
                let time = time(array.value(row)).ok_or("a time is out of range")?;
                out.put_slice(time.format("%H:%M:%S%.6f").to_string().as_bytes());
            }
            Values::Date(array) => {
                let seconds = i64::from(array.value(row)) * DAY_SECONDS;
                let day = DateTime::from_timestamp(seconds, 0).ok_or("a date is out of range")?;
                out.put_slice(day.format("%Y-%m-%d").to_string().as_bytes());
            }
            Values::Micros(array) => {
                let micros = array.value(row).checked_sub(EPOCH);
                out.put_i64(micros.ok_or("a timestamp is out of range")?);
            }
        }
        Ok(())
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        if self.is_null() {
            return Ok(IsNull::Yes);
        }
        self.put(out)?;
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self.values {
            Values::Int16(_)
            | Values::Int32(_)
            | Values::Int64(_)
            | Values::Float32(_)
            | Values::Float64(_)
            | Values::Micros(_) => Format::Binary,
            Values::Boolean(_)
            | Values::Decimal(_)
            | Values::Text(_)
            | Values::Bytes(_)
            | Values::Time(_)
            | Values::Date(_) => Format::Text,
        }
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn bound(array: impl Array + 'static) -> Vec<Option<Vec<u8>>> {
        let array: ArrayRef = Arc::new(array);
        let column = Column::of(&array).unwrap();
        let value = |row| {
            let mut out = BytesMut::new();
            match column.cell(row).to_sql(&column.parameter, &mut out).unwrap() {
                IsNull::No => Some(out.to_vec()),
                IsNull::Yes => None,
            }
        };
        (0..array.len()).map(value).collect()
    }

    fn texts(values: &[&str]) -> Vec<Option<Vec<u8>>> {
        values.iter().map(|text| Some(text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_goes_as_text_is_what_redshift_reads() {
        let decimals = Decimal128Array::from(vec![5, -5, 12_345, i128::pow(10, 37)]);
        let decimals = decimals.with_precision_and_scale(38, 3).unwrap();
        assert_eq!(
            bound(decimals),
            texts(&["0.005", "-0.005", "12.345", "10000000000000000000000000000000000.000"])
        );
        let days = Date32Array::from(vec![0, -719_162, 2_932_896, 11_016]);
        assert_eq!(bound(days), texts(&["1970-01-01", "0001-01-01", "9999-12-31", "2000-02-29"]));
        assert_eq!(bound(BooleanArray::from(vec![true, false])), texts(&["t", "f"]));
        let words = StringArray::from(vec![Some("a\\'b"), Some(""), None]);
        assert_eq!(bound(words)[..2], texts(&["a\\'b", ""]));
        let bytes = BinaryArray::from_vec(vec![&[0, 255, 0x1a], b"@"]);
        assert_eq!(bound(bytes), texts(&["00ff1a", "40"]));
        let times = Time64MicrosecondArray::from(vec![0, 1, 86_399_999_999]);
        assert_eq!(bound(times), texts(&["00:00:00.000000", "00:00:00.000001", "23:59:59.999999"]));
    }

    #[test]
    fn timestamps_count_from_2000_and_null_stays_null() {
        let micros = TimestampMicrosecondArray::from(vec![Some(EPOCH + 1), None, Some(EPOCH - 1)]);
        let expected =
            [Some(1_i64.to_be_bytes().to_vec()), None, Some((-1_i64).to_be_bytes().to_vec())];
        assert_eq!(bound(micros), expected);
        assert_eq!(bound(Int16Array::from(vec![Some(-2), None])), [Some(vec![255, 254]), None]);
    }

    #[test]
    fn a_time_that_is_none_is_no_parameter() {
        for micros in [-1, 86_400_000_000, i64::MIN, i64::MAX] {
            let array: ArrayRef = Arc::new(Time64MicrosecondArray::from(vec![micros]));
            let column = Column::of(&array).unwrap();
            assert!(column.cell(0).to_sql(&column.parameter, &mut BytesMut::new()).is_err());
        }
    }

    #[test]
    fn no_value_shows() {
        let array: ArrayRef = Arc::new(StringArray::from(vec!["secret"]));
        let column = Column::of(&array).unwrap();
        assert_eq!(format!("{:?}", column.cell(0)), "a value");
    }
}
