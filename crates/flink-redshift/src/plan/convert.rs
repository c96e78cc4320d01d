//! Arrays from one type to another with Flink's rules for CAST.

use std::sync::Arc;

use arrow_redshift::types::FlinkType;
use datafusion::{
    arrow::{
        array::{
            Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Date32Array,
            Decimal128Array, PrimitiveArray, StringArray, new_null_array,
        },
        compute::cast,
        datatypes::{
            DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
            Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
        },
    },
    error::{DataFusionError, Result},
};

use super::types::{Class, engine_type, sql_name, unit_precision};
use crate::value::{
    decimal::{self, DecimalError},
    number,
    time::{self, Digits},
};

/// What becomes of a value that cannot be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// An error: CAST.
    Raise,
    /// NULL: TRY_CAST.
    Null,
}

/// Converts an array; the pair of types is one that CAST takes.
pub fn convert(array: &ArrayRef, to: &FlinkType, failure: Failure) -> Result<ArrayRef> {
    let from = Class::of(array.data_type());
    if from == Class::Null {
        return Ok(new_null_array(&engine_type(to), array.len()));
    }
    match *to {
        FlinkType::Boolean => to_boolean(array, from, failure),
        FlinkType::TinyInt => {
            integer::<Int8Type>(array, to, failure, |v| v as i8, |v| v as i32 as i8)
        }
        FlinkType::SmallInt => {
            integer::<Int16Type>(array, to, failure, |v| v as i16, |v| v as i32 as i16)
        }
        FlinkType::Int => integer::<Int32Type>(array, to, failure, |v| v as i32, |v| v as i32),
        FlinkType::BigInt => integer::<Int64Type>(array, to, failure, |v| v, |v| v as i64),
        FlinkType::Float => to_float(array, from, failure),
        FlinkType::Double => to_double(array, from, failure),
        FlinkType::Decimal { precision, scale } => {
            to_decimal(array, from, precision, scale, failure)
        }
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => to_text(array, to),
        FlinkType::Date => to_date(array, from, failure),
        FlinkType::Timestamp(_) | FlinkType::TimestampLtz(_) => to_timestamp(array, to, failure),
        ref other => Err(DataFusionError::Internal(format!("CAST to {other} came past its check"))),
    }
}

/// Whole numbers wrap around and fractions are cut, as Java's conversions do.
fn integer<T>(
    array: &ArrayRef,
    to: &FlinkType,
    failure: Failure,
    narrow: fn(i64) -> T::Native,
    cut: fn(f64) -> T::Native,
) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64>,
{
    let result: PrimitiveArray<T> = match array.data_type() {
        DataType::Utf8 => parse(array, to, failure, |text| {
            whole_part(text.trim()).and_then(|value| T::Native::try_from(value).ok())
        })?,
        DataType::Boolean => array
            .as_boolean()
            .iter()
            .map(|value| value.map(|value| narrow(i64::from(value))))
            .collect(),
        DataType::Float32 | DataType::Float64 => {
            cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().unary(cut)
        }
        DataType::Decimal128(_, scale) => {
            let unit = decimal::power_of_ten(scale.unsigned_abs());
            array.as_primitive::<Decimal128Type>().unary(|value| narrow((value / unit) as i64))
        }
        _ => cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().unary(narrow),
    };
    Ok(Arc::new(result))
}

/// The whole part of a number without an exponent.
fn whole_part(text: &str) -> Option<i64> {
    match text.split_once('.') {
        None => number::parse_integer(text),
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            match whole {
                "" | "+" | "-" => (!fraction.is_empty()).then_some(0),
                _ => number::parse_integer(whole),
            }
        }
        Some(_) => None,
    }
}

fn to_boolean(array: &ArrayRef, from: Class, failure: Failure) -> Result<ArrayRef> {
    Ok(match from {
        Class::Integer(_) => {
            let values = cast(array, &DataType::Int64)?;
            let values = values.as_primitive::<Int64Type>().iter();
            Arc::new(values.map(|value| value.map(|value| value != 0)).collect::<BooleanArray>())
        }
        Class::Text => {
            let read = array.as_string::<i32>().iter().map(|text| {
                let Some(text) = text else { return Ok(None) };
                match text.to_lowercase().as_str() {
                    "t" | "true" | "y" | "yes" | "1" => Ok(Some(true)),
                    "f" | "false" | "n" | "no" | "0" => Ok(Some(false)),
                    _ => unreadable(&FlinkType::Boolean, failure),
                }
            });
            Arc::new(read.collect::<Result<BooleanArray>>()?)
        }
        _ => Arc::clone(array),
    })
}

fn to_double(array: &ArrayRef, from: Class, failure: Failure) -> Result<ArrayRef> {
    Ok(match from {
        Class::Text => Arc::new(parse::<Float64Type>(
            array,
            &FlinkType::Double,
            failure,
            number::parse_double,
        )?),
        // Through text, since the quotient of two rounded numbers is not the nearest one.
        Class::Decimal(_, scale) => Arc::new(
            array
                .as_primitive::<Decimal128Type>()
                .unary::<_, Float64Type>(|value| parsed(value, scale)),
        ),
        _ => cast(array, &DataType::Float64)?,
    })
}

fn to_float(array: &ArrayRef, from: Class, failure: Failure) -> Result<ArrayRef> {
    Ok(match from {
        Class::Text => Arc::new(parse::<Float32Type>(array, &FlinkType::Float, failure, |text| {
            // Twice rounded would be wrong: the digits are read as FLOAT where they are plain.
            let double = number::parse_double(text)?;
            Some(
                text.trim()
                    .parse::<f32>()
                    .ok()
                    .filter(|_| double.is_finite())
                    .unwrap_or(double as f32),
            )
        })?),
        Class::Decimal(_, scale) => {
            Arc::new(array.as_primitive::<Decimal128Type>().unary::<_, Float32Type>(|value| {
                decimal::format(value, scale).parse().unwrap_or(f32::NAN)
            }))
        }
        _ => cast(array, &DataType::Float32)?,
    })
}

fn parsed(value: i128, scale: u8) -> f64 {
    decimal::format(value, scale).parse().unwrap_or(f64::NAN)
}

fn to_decimal(
    array: &ArrayRef,
    from: Class,
    precision: u8,
    scale: u8,
    failure: Failure,
) -> Result<ArrayRef> {
    let to = &FlinkType::Decimal { precision, scale };
    let values: Decimal128Array = match from {
        Class::Text => {
            parse(array, to, failure, |text| decimal::parse(text.trim(), precision, scale).ok())?
        }
        Class::Integer(_) => {
            let numbers = cast(array, &DataType::Int64)?;
            numbers
                .as_primitive::<Int64Type>()
                .unary_opt(|value| decimal::rescale(i128::from(value), 0, precision, scale))
        }
        Class::Decimal(_, old) => array
            .as_primitive::<Decimal128Type>()
            .unary_opt(|value| decimal::rescale(value, old, precision, scale)),
        _ => {
            let numbers = cast(array, &DataType::Float64)?;
            let read = numbers.as_primitive::<Float64Type>().iter().map(|value| match value {
                None => Ok(None),
                Some(value) => match decimal::parse(&format!("{value:e}"), precision, scale) {
                    Ok(value) => Ok(Some(value)),
                    Err(DecimalError::Overflow) => Ok(None),
                    Err(DecimalError::Malformed) => unreadable(to, failure),
                },
            });
            read.collect::<Result<Decimal128Array>>()?
        }
    };
    Ok(Arc::new(values.with_data_type(engine_type(to))))
}

fn to_date(array: &ArrayRef, from: Class, failure: Failure) -> Result<ArrayRef> {
    Ok(match from {
        Class::Text => Arc::new(parse::<Date32Type>(array, &FlinkType::Date, failure, |text| {
            let text = text.trim();
            let date = text.split_once(' ').map_or(text, |(date, _)| date);
            time::parse_date(date, Digits::Free)
        })?),
        Class::Timestamp | Class::TimestampLtz => {
            let instants = micros(array)?;
            let days = instants.as_primitive::<TimestampMicrosecondType>().iter();
            Arc::new(
                days.map(|micros| {
                    micros.and_then(|micros| i32::try_from(micros.div_euclid(DAY)).ok())
                })
                .collect::<Date32Array>(),
            )
        }
        _ => Arc::clone(array),
    })
}

const DAY: i64 = 86_400 * time::SECOND;

fn to_timestamp(array: &ArrayRef, to: &FlinkType, failure: Failure) -> Result<ArrayRef> {
    let &(FlinkType::Timestamp(precision) | FlinkType::TimestampLtz(precision)) = to else {
        return Err(DataFusionError::Internal(format!("{to} is no timestamp")));
    };
    let instants: PrimitiveArray<TimestampMicrosecondType> = match array.data_type() {
        DataType::Utf8 => parse(array, to, failure, |text| {
            time::parse_timestamp(text, ' ', Digits::Free)
                .or_else(|| time::parse_date(text, Digits::Free).map(|days| i64::from(days) * DAY))
        })?,
        _ => micros(array)?.as_primitive::<TimestampMicrosecondType>().clone(),
    };
    let cut: PrimitiveArray<TimestampMicrosecondType> =
        instants.unary(|micros| time::truncate(micros, precision));
    let target = engine_type(to);
    let zone = match &target {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let cut: ArrayRef = Arc::new(cut.with_timezone_opt(zone));
    Ok(cast(&cut, &target)?)
}

/// Any date or timestamp as microseconds without a zone; the zone is UTC where there is one.
fn micros(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?)
}

/// Text, cut and padded to the type's length.
fn to_text(array: &ArrayRef, to: &FlinkType) -> Result<ArrayRef> {
    let text = text_of(array)?;
    let (length, pad) = match to {
        FlinkType::Char(length) => (*length as usize, true),
        FlinkType::VarChar(length) => (*length as usize, false),
        _ => return Ok(text),
    };
    let fitted = text.as_string::<i32>().iter().map(|text| text.map(|text| fit(text, length, pad)));
    Ok(Arc::new(fitted.collect::<StringArray>()))
}

fn fit(text: &str, length: usize, pad: bool) -> String {
    let mut fitted: String = text.chars().take(length).collect();
    let missing = length.saturating_sub(fitted.chars().count());
    if pad {
        fitted.extend(std::iter::repeat_n(' ', missing));
    }
    fitted
}

fn text_of(array: &ArrayRef) -> Result<ArrayRef> {
    let texts: StringArray = match array.data_type() {
        DataType::Utf8 => return Ok(Arc::clone(array)),
        DataType::Boolean => {
            let text = |value| if value { "TRUE" } else { "FALSE" };
            array.as_boolean().iter().map(|value| value.map(text)).collect()
        }
        DataType::Float32 => array
            .as_primitive::<Float32Type>()
            .iter()
            .map(|v| v.map(number::format_float))
            .collect(),
        DataType::Float64 => array
            .as_primitive::<Float64Type>()
            .iter()
            .map(|v| v.map(number::format_double))
            .collect(),
        DataType::Decimal128(_, scale) => {
            let scale = scale.unsigned_abs();
            let values = array.as_primitive::<Decimal128Type>().iter();
            values.map(|value| value.map(|value| decimal::format(value, scale))).collect()
        }
        DataType::Date32 => {
            array.as_primitive::<Date32Type>().iter().map(|v| v.map(time::format_date)).collect()
        }
        DataType::Timestamp(unit, _) => {
            let precision = unit_precision(*unit);
            let instants = micros(array)?;
            let values = instants.as_primitive::<TimestampMicrosecondType>().iter();
            values.map(|v| v.map(|micros| time::format_timestamp(micros, precision))).collect()
        }
        _ => {
            let numbers = cast(array, &DataType::Int64)?;
            numbers.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v.to_string())).collect()
        }
    };
    Ok(Arc::new(texts))
}

/// Reads each text of an array.
fn parse<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    to: &FlinkType,
    failure: Failure,
    read: impl Fn(&str) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>> {
    let texts = array.as_string_opt::<i32>().ok_or_else(|| {
        DataFusionError::Internal(format!("{} is no text", sql_name(array.data_type())))
    })?;
    texts
        .iter()
        .map(|text| match text {
            None => Ok(None),
            Some(text) => {
                read(text).map_or_else(|| unreadable(to, failure), |value| Ok(Some(value)))
            }
        })
        .collect()
}

/// The value itself is not named: it is the user's data.
fn unreadable<T>(to: &FlinkType, failure: Failure) -> Result<Option<T>> {
    match failure {
        Failure::Null => Ok(None),
        Failure::Raise => Err(DataFusionError::Execution(format!(
            "CAST AS {to} met a value that is no {to} (TRY_CAST gives NULL for such values)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, to: &FlinkType) -> Result<ArrayRef> {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        convert(&array, to, Failure::Raise)
    }

    #[test]
    fn text_that_is_no_value_raises_without_naming_it() {
        for to in [
            FlinkType::Boolean,
            FlinkType::TinyInt,
            FlinkType::BigInt,
            FlinkType::Float,
            FlinkType::Double,
            FlinkType::Decimal { precision: 5, scale: 2 },
            FlinkType::Date,
            FlinkType::Timestamp(3),
        ] {
            let message = one("hunter2", &to).unwrap_err().to_string();
            assert!(message.contains(&to.to_string()) && !message.contains("hunter2"), "{message}");
            let array: ArrayRef = Arc::new(StringArray::from(vec!["hunter2"]));
            assert!(convert(&array, &to, Failure::Null).unwrap().is_null(0));
        }
    }

    #[test]
    fn text_overflows() {
        assert!(one("128", &FlinkType::TinyInt).is_err());
        assert!(one("127.9", &FlinkType::TinyInt).is_ok());
        assert!(one("1000", &FlinkType::Decimal { precision: 5, scale: 2 }).is_err());
    }
}
