//! Functions of dates and timestamps. Fields of a TIMESTAMP_LTZ depend on the session's time zone
//! and are refused.

use std::sync::Arc;

use chrono::{Datelike, NaiveDateTime, Timelike};
use datafusion::{
    arrow::{
        array::{
            Array, ArrayRef, AsArray, Date32Array, Int64Array, StringArray,
            TimestampMillisecondArray,
        },
        compute::cast,
        datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType},
    },
    error::{DataFusionError, Result},
};
use sqlparser::ast::Expr;

use super::Scalar;
use crate::{
    plan::{
        expression::{call, number},
        types::{Class, sql_name},
    },
    value::{
        pattern::Pattern,
        time::{self, Digits},
    },
};

macro_rules! fields {
    ($( $name:ident = $field:expr; )+) => {
        $( pub const $name: Scalar = Scalar {
            check: temporal,
            eval: |args| fields(args, $field),
        }; )+
    };
}

fields! {
    YEAR = |at| i64::from(at.year());
    QUARTER = |at| i64::from(at.month0() / 3 + 1);
    MONTH = |at| i64::from(at.month());
    WEEK = |at| i64::from(at.iso_week().week());
    DAY_OF_YEAR = |at| i64::from(at.ordinal());
    DAY_OF_MONTH = |at| i64::from(at.day());
    DAY_OF_WEEK = |at| i64::from(at.weekday().number_from_sunday());
    HOUR = |at| i64::from(at.hour());
    MINUTE = |at| i64::from(at.minute());
    SECOND = |at| i64::from(at.second());
}

/// NULL where the text is no date.
pub const TO_DATE: Scalar = Scalar {
    check: |args| texts(args).map(|()| DataType::Date32),
    eval: |args| {
        let texts = args[0].as_string::<i32>();
        let patterns = patterns(args.get(1))?;
        let dates = texts.iter().enumerate().map(|(row, text)| match patterns.at(row) {
            Ok(Some(pattern)) => Some(i32::try_from(pattern.parse(text?)?.div_euclid(DAY)).ok()?),
            Ok(None) => time::parse_date(text?.trim(), Digits::Free),
            Err(Missing) => None,
        });
        Ok(Arc::new(dates.collect::<Date32Array>()))
    },
};

/// TIMESTAMP(3), and NULL where the text is no timestamp; a date alone is its midnight.
pub const TO_TIMESTAMP: Scalar = Scalar {
    check: |args| texts(args).map(|()| DataType::Timestamp(TimeUnit::Millisecond, None)),
    eval: |args| {
        let texts = args[0].as_string::<i32>();
        let patterns = patterns(args.get(1))?;
        let instants = texts.iter().enumerate().map(|(row, text)| {
            let text = text?;
            let micros = match patterns.at(row) {
                Ok(Some(pattern)) => pattern.parse(text)?,
                Ok(None) => time::parse_timestamp(text, ' ', Digits::Free).or_else(|| {
                    time::parse_date(text, Digits::Free).map(|days| i64::from(days) * DAY)
                })?,
                Err(Missing) => return None,
            };
            Some(micros.div_euclid(1000))
        });
        Ok(Arc::new(instants.collect::<TimestampMillisecondArray>()))
    },
};

/// `TO_TIMESTAMP_LTZ(number, 0 | 3)`: seconds or milliseconds since 1970.
pub const TO_TIMESTAMP_LTZ: Scalar = Scalar {
    check: |args| match (Class::of(&args[0]), Class::of(&args[1])) {
        (Class::Integer(_), Class::Integer(0..=10)) => {
            Ok(DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())))
        }
        _ => Err("takes a whole number and a precision of 0 or 3".into()),
    },
    eval: |args| {
        let numbers = cast(&args[0], &DataType::Int64)?;
        let precisions = cast(&args[1], &DataType::Int64)?;
        let pairs =
            numbers.as_primitive::<Int64Type>().iter().zip(precisions.as_primitive::<Int64Type>());
        let instants = pairs.map(|(number, precision)| match (number, precision) {
            (Some(number), Some(0)) => Ok(number.checked_mul(1000)),
            (Some(number), Some(3)) => Ok(Some(number)),
            (None, _) | (_, None) => Ok(None),
            (_, Some(other)) => Err(DataFusionError::Execution(format!(
                "TO_TIMESTAMP_LTZ: the precision must be 0 or 3, not {other}"
            ))),
        });
        let instants = instants.collect::<Result<TimestampMillisecondArray>>()?;
        Ok(Arc::new(instants.with_timezone("UTC")))
    },
};

pub const DATE_FORMAT: Scalar = Scalar {
    check: |args| match (Class::of(&args[0]), Class::of(&args[1])) {
        (Class::Timestamp, Class::Text) => Ok(DataType::Utf8),
        _ => Err(format!("takes a TIMESTAMP and a pattern, not {}", sql_name(&args[0]))),
    },
    eval: |args| {
        let instants = micros(&args[0])?;
        let patterns = patterns(args.get(1))?;
        let texts = instants.as_primitive::<TimestampMicrosecondType>().iter().enumerate();
        let texts = texts.map(|(row, micros)| match patterns.at(row) {
            Ok(Some(pattern)) => pattern.format(micros?),
            _ => None,
        });
        Ok(Arc::new(texts.collect::<StringArray>()))
    },
};

/// `CURRENT_TIMESTAMP`, `NOW()`: the moment at which the statement was planned, as in Flink's batch
/// mode it is one moment for the whole query.
pub fn now(_: Vec<Expr>) -> Expr {
    let millis = chrono::Utc::now().timestamp_millis().to_string();
    call("to_timestamp_ltz", vec![number(&millis), number("3")])
}

const DAY: i64 = 86_400 * time::SECOND;

fn temporal(args: &[DataType]) -> Result<DataType, String> {
    match Class::of(&args[0]) {
        Class::Date | Class::Timestamp => Ok(DataType::Int64),
        _ => Err(format!("takes a DATE or TIMESTAMP, not {}", sql_name(&args[0]))),
    }
}

fn texts(args: &[DataType]) -> Result<(), String> {
    match args.iter().find(|arg| Class::of(arg) != Class::Text) {
        None => Ok(()),
        Some(other) => Err(format!("takes text, not {}", sql_name(other))),
    }
}

fn fields(args: &[ArrayRef], field: fn(NaiveDateTime) -> i64) -> Result<ArrayRef> {
    let instants = micros(&args[0])?;
    let values = instants.as_primitive::<TimestampMicrosecondType>().iter();
    Ok(Arc::new(values.map(|micros| Some(field(time::fields(micros?)?))).collect::<Int64Array>()))
}

fn micros(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?)
}

/// The patterns of each row: usually one constant for all, read once.
struct Patterns<'a> {
    texts: Option<&'a StringArray>,
    read: Vec<(&'a str, Pattern)>,
}

/// The pattern is NULL.
struct Missing;

fn patterns(array: Option<&ArrayRef>) -> Result<Patterns<'_>> {
    let Some(array) = array else { return Ok(Patterns { texts: None, read: Vec::new() }) };
    let texts = array.as_string::<i32>();
    let mut read: Vec<(&str, Pattern)> = Vec::new();
    for text in texts.iter().flatten() {
        if read.last().is_none_or(|(seen, _)| *seen != text)
            && !read.iter().any(|(seen, _)| *seen == text)
        {
            let pattern = Pattern::new(text).map_err(DataFusionError::Execution)?;
            read.push((text, pattern));
        }
    }
    Ok(Patterns { texts: Some(texts), read })
}

impl Patterns<'_> {
    fn at(&self, row: usize) -> Result<Option<&Pattern>, Missing> {
        let Some(texts) = self.texts else { return Ok(None) };
        if texts.is_null(row) {
            return Err(Missing);
        }
        let text = texts.value(row);
        Ok(self.read.iter().find(|(seen, _)| *seen == text).map(|(_, pattern)| pattern))
    }
}
