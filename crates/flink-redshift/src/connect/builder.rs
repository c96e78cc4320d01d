//! Columns, built from the text of each value.

use std::sync::Arc;

use arrow_redshift::types::FlinkType;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use datafusion::arrow::{
    array::{
        ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
        Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
        Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
    },
    compute::cast,
    datatypes::DataType,
    error::ArrowError,
};
use serde_json::Value;

use super::{
    json,
    nested::{CsvRules, JsonRules, Nested},
};

use crate::{
    plan::engine_type,
    value::{
        decimal, number,
        time::{self, Digits},
    },
};

/// How a format writes dates and timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeText {
    /// Between date and time.
    pub separator: char,
    /// How strictly digits are counted.
    pub digits: Digits,
}

/// One column while its values come in.
pub struct ColumnBuilder {
    /// The type that the column gets in the end.
    target: DataType,
    time: TimeText,
    values: Values,
    length: usize,
}

enum Values {
    Boolean(BooleanBuilder),
    TinyInt(Int8Builder),
    SmallInt(Int16Builder),
    Int(Int32Builder),
    BigInt(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Text(StringBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder, u8),
    TimestampLtz(TimestampMicrosecondBuilder, u8),
    Bytes(BinaryBuilder),
    Time(Time64MicrosecondBuilder),
    Nested(Nested),
}

impl ColumnBuilder {
    /// An empty column.
    pub fn new(data_type: &FlinkType, time: TimeText) -> Self {
        ColumnBuilder::of(data_type, engine_type(data_type), time)
    }

    /// What a column holds of its own values, with the types that the sink takes.
    pub fn within(data_type: &FlinkType, time: TimeText) -> Self {
        ColumnBuilder::of(data_type, data_type.arrow(), time)
    }

    fn of(data_type: &FlinkType, target: DataType, time: TimeText) -> Self {
        let values = match *data_type {
            FlinkType::Boolean => Values::Boolean(BooleanBuilder::new()),
            FlinkType::TinyInt => Values::TinyInt(Int8Builder::new()),
            FlinkType::SmallInt => Values::SmallInt(Int16Builder::new()),
            FlinkType::Int => Values::Int(Int32Builder::new()),
            FlinkType::BigInt => Values::BigInt(Int64Builder::new()),
            FlinkType::Float => Values::Float(Float32Builder::new()),
            FlinkType::Double => Values::Double(Float64Builder::new()),
            FlinkType::Decimal { precision, scale } => {
                Values::Decimal(Decimal128Builder::new(), precision, scale)
            }
            FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => {
                Values::Text(StringBuilder::new())
            }
            FlinkType::Date => Values::Date(Date32Builder::new()),
            FlinkType::Timestamp(p) => Values::Timestamp(TimestampMicrosecondBuilder::new(), p),
            FlinkType::TimestampLtz(p) => {
                Values::TimestampLtz(TimestampMicrosecondBuilder::new(), p)
            }
            FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => {
                Values::Bytes(BinaryBuilder::new())
            }
            FlinkType::Time(_) => Values::Time(Time64MicrosecondBuilder::new()),
            // Scripts cannot declare them.
            FlinkType::IntervalYearMonth | FlinkType::IntervalDaySecond => {
                Values::Text(StringBuilder::new())
            }
            FlinkType::Array(_)
            | FlinkType::Map(..)
            | FlinkType::Multiset(_)
            | FlinkType::Row(_) => match Nested::new(data_type, time) {
                Some(nested) => Values::Nested(nested),
                // There is one for each of these.
                None => Values::Text(StringBuilder::new()),
            },
        };
        ColumnBuilder { target, time, values, length: 0 }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Adds what a JSON value spells, which is not NULL; `None` where it spells no value of the
    /// type.
    #[must_use]
    pub fn push_json(&mut self, value: &Value, rules: JsonRules) -> Option<()> {
        match (&mut self.values, value) {
            (Values::Nested(nested), value) => {
                nested.push_json(value, rules)?;
                self.length += 1;
                Some(())
            }
            // Only a text can be Base64.
            (Values::Bytes(_), Value::String(text)) => self.push(Some(text)),
            (Values::Bytes(_), _) => None,
            (_, value) => self.push(json::text(value).as_deref()),
        }
    }

    /// Adds what a field of a `csv` file holds; `None` where that is no value of the type.
    #[must_use]
    pub fn push_csv(&mut self, text: Option<&str>, rules: CsvRules<'_>) -> Option<()> {
        match (&mut self.values, text) {
            (Values::Nested(nested), Some(text)) => {
                nested.push_csv(text, rules)?;
                self.length += 1;
                Some(())
            }
            _ => self.push(text.filter(|text| Some(*text) != rules.null)),
        }
    }

    /// Adds a value, or NULL; `None` where the text is no value of the type, and then nothing is
    /// added.
    #[must_use]
    pub fn push(&mut self, text: Option<&str>) -> Option<()> {
        let Some(text) = text else {
            self.push_null();
            return Some(());
        };
        let time = self.time;
        match &mut self.values {
            Values::Boolean(values) => {
                values.append_value(text.trim().eq_ignore_ascii_case("true"))
            }
            Values::TinyInt(values) => values.append_value(integer(text)?.try_into().ok()?),
            Values::SmallInt(values) => values.append_value(integer(text)?.try_into().ok()?),
            Values::Int(values) => values.append_value(integer(text)?.try_into().ok()?),
            Values::BigInt(values) => values.append_value(integer(text)?),
            Values::Float(values) => {
                let double = number::parse_double(text)?;
                let single = text.trim().parse().ok().filter(|_| double.is_finite());
                values.append_value(single.unwrap_or(double as f32));
            }
            Values::Double(values) => values.append_value(number::parse_double(text)?),
            Values::Decimal(values, precision, scale) => {
                values.append_value(decimal::parse(text, *precision, *scale).ok()?);
            }
            Values::Text(values) => values.append_value(text),
            Values::Date(values) => values.append_value(time::parse_date(text, time.digits)?),
            Values::Timestamp(values, precision) => {
                let micros = time::parse_timestamp(text, time.separator, time.digits)?;
                values.append_value(time::truncate(micros, *precision));
            }
            Values::TimestampLtz(values, precision) => {
                let text = text.strip_suffix('Z')?;
                let micros = time::parse_timestamp(text, time.separator, Digits::Fixed)?;
                values.append_value(time::truncate(micros, *precision));
            }
            Values::Bytes(values) => values.append_value(BASE64.decode(text).ok()?),
            // Whole seconds, as Flink reads them whatever the precision.
            Values::Time(values) => {
                let micros = time::parse_time(text, time.digits == Digits::Free)?;
                values.append_value(time::truncate(micros, 0));
            }
            Values::Nested(_) => return None,
        }
        self.length += 1;
        Some(())
    }

    /// Adds NULL.
    pub fn push_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.append_null(),
            Values::TinyInt(values) => values.append_null(),
            Values::SmallInt(values) => values.append_null(),
            Values::Int(values) => values.append_null(),
            Values::BigInt(values) => values.append_null(),
            Values::Float(values) => values.append_null(),
            Values::Double(values) => values.append_null(),
            Values::Decimal(values, ..) => values.append_null(),
            Values::Text(values) => values.append_null(),
            Values::Date(values) => values.append_null(),
            Values::Timestamp(values, _) | Values::TimestampLtz(values, _) => values.append_null(),
            Values::Bytes(values) => values.append_null(),
            Values::Time(values) => values.append_null(),
            Values::Nested(values) => values.push_null(),
        }
        self.length += 1;
    }

    /// The values so far, in the engine's type; the column is empty afterwards.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.length = 0;
        let array: ArrayRef = match &mut self.values {
            Values::Boolean(values) => Arc::new(values.finish()),
            Values::TinyInt(values) => Arc::new(values.finish()),
            Values::SmallInt(values) => Arc::new(values.finish()),
            Values::Int(values) => Arc::new(values.finish()),
            Values::BigInt(values) => Arc::new(values.finish()),
            Values::Float(values) => Arc::new(values.finish()),
            Values::Double(values) => Arc::new(values.finish()),
            Values::Decimal(values, ..) => {
                Arc::new(values.finish().with_data_type(self.target.clone()))
            }
            Values::Text(values) => Arc::new(values.finish()),
            Values::Date(values) => Arc::new(values.finish()),
            Values::Timestamp(values, _) => Arc::new(values.finish()),
            Values::TimestampLtz(values, _) => Arc::new(values.finish().with_timezone("UTC")),
            Values::Bytes(values) => Arc::new(values.finish()),
            Values::Time(values) => Arc::new(values.finish()),
            Values::Nested(values) => return values.finish(),
        };
        cast(&array, &self.target)
    }
}

fn integer(text: &str) -> Option<i64> {
    number::parse_integer(text.trim())
}
