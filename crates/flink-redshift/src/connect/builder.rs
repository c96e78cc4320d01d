//! Columns, built from the text of each value.

use std::sync::Arc;

use arrow_redshift::types::FlinkType;
use datafusion::arrow::{
    array::{
        ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
        Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
        TimestampMicrosecondBuilder,
    },
    compute::cast,
    error::ArrowError,
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
    data_type: FlinkType,
    time: TimeText,
    values: Values,
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
}

impl ColumnBuilder {
    /// An empty column.
    pub fn new(data_type: &FlinkType, time: TimeText) -> Self {
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
            // Scripts that name others are refused.
            _ => Values::Text(StringBuilder::new()),
        };
        ColumnBuilder { data_type: data_type.clone(), time, values }
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
        }
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
        }
    }

    /// The values so far, in the engine's type; the column is empty afterwards.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let array: ArrayRef = match &mut self.values {
            Values::Boolean(values) => Arc::new(values.finish()),
            Values::TinyInt(values) => Arc::new(values.finish()),
            Values::SmallInt(values) => Arc::new(values.finish()),
            Values::Int(values) => Arc::new(values.finish()),
            Values::BigInt(values) => Arc::new(values.finish()),
            Values::Float(values) => Arc::new(values.finish()),
            Values::Double(values) => Arc::new(values.finish()),
            Values::Decimal(values, ..) => {
                Arc::new(values.finish().with_data_type(engine_type(&self.data_type)))
            }
            Values::Text(values) => Arc::new(values.finish()),
            Values::Date(values) => Arc::new(values.finish()),
            Values::Timestamp(values, _) => Arc::new(values.finish()),
            Values::TimestampLtz(values, _) => Arc::new(values.finish().with_timezone("UTC")),
        };
        cast(&array, &engine_type(&self.data_type))
    }
}

fn integer(text: &str) -> Option<i64> {
    number::parse_integer(text.trim())
}
