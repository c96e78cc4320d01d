//! Functions of numbers.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array},
        compute::cast,
        datatypes::{
            DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
            Int64Type,
        },
    },
    error::{DataFusionError, Result},
};

use super::Scalar;
use crate::{
    plan::types::{Class, decimal, sql_name},
    value::decimal::power_of_ten,
};

/// The least number has no opposite and stays what it is, as in Java.
pub const ABS: Scalar = Scalar {
    check: |args| number(&args[0]).map(|_| args[0].clone()),
    eval: |args| {
        let array = &args[0];
        Ok(match array.data_type() {
            DataType::Int8 => {
                Arc::new(array.as_primitive::<Int8Type>().unary::<_, Int8Type>(i8::wrapping_abs))
            }
            DataType::Int16 => {
                Arc::new(array.as_primitive::<Int16Type>().unary::<_, Int16Type>(i16::wrapping_abs))
            }
            DataType::Int32 => {
                Arc::new(array.as_primitive::<Int32Type>().unary::<_, Int32Type>(i32::wrapping_abs))
            }
            DataType::Int64 => {
                Arc::new(array.as_primitive::<Int64Type>().unary::<_, Int64Type>(i64::wrapping_abs))
            }
            DataType::Float32 => {
                Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::abs))
            }
            DataType::Float64 => {
                Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs))
            }
            _ => {
                let values: Decimal128Array =
                    array.as_primitive::<Decimal128Type>().unary(i128::abs);
                Arc::new(values.with_data_type(array.data_type().clone()))
            }
        })
    },
};

pub const CEIL: Scalar = Scalar {
    check: whole,
    eval: |args| {
        to_whole(&args[0], f32::ceil, f64::ceil, |value, unit| {
            value.div_euclid(unit) + i128::from(value.rem_euclid(unit) != 0)
        })
    },
};

pub const FLOOR: Scalar = Scalar {
    check: whole,
    eval: |args| to_whole(&args[0], f32::floor, f64::floor, i128::div_euclid),
};

/// Of DOUBLE only: half away from zero, on the number's decimal text as `BigDecimal` does.
pub const ROUND: Scalar = Scalar {
    check: |args| match (Class::of(&args[0]), args.get(1).map(Class::of)) {
        (Class::Double, None | Some(Class::Integer(0..=10))) => Ok(DataType::Float64),
        _ => Err(format!("takes DOUBLE and INT, not {}", names(args))),
    },
    eval: |args| {
        let values = args[0].as_primitive::<Float64Type>();
        let digits = args.get(1).map(|digits| cast(digits, &DataType::Int32)).transpose()?;
        let digits = digits.as_ref().map(|digits| digits.as_primitive::<Int32Type>());
        let rounded = values.iter().enumerate().map(|(row, value)| {
            let digits = match digits {
                Some(digits) => digits.is_valid(row).then(|| digits.value(row)),
                None => Some(0),
            };
            match (value, digits) {
                (Some(value), Some(digits)) => round(value, digits).map(Some),
                _ => Ok(None),
            }
        });
        Ok(Arc::new(rounded.collect::<Result<Float64Array>>()?))
    },
};

fn round(value: f64, digits: i32) -> Result<f64> {
    if !value.is_finite() {
        return Err(DataFusionError::Execution(format!("ROUND of {value} is not a number")));
    }
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let all: Vec<u8> =
        mantissa.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
    let keep = exponent + 1 + i64::from(digits);
    let Ok(keep) = usize::try_from(keep) else { return Ok(0.0) };
    if keep >= all.len() {
        return Ok(if value == 0.0 { 0.0 } else { value });
    }
    let whole = all[..keep].iter().fold(0_i128, |sum, digit| sum * 10 + i128::from(*digit));
    let whole = whole + i128::from(all[keep] >= 5);
    let rounded: f64 = format!("{whole}e{}", -i64::from(digits)).parse().unwrap_or(value);
    // A `BigDecimal` has no negative zero.
    Ok(if rounded == 0.0 { 0.0 } else { rounded.copysign(value) })
}

/// CEIL and FLOOR keep the type, save a DECIMAL's scale.
fn whole(args: &[DataType]) -> Result<DataType, String> {
    Ok(match number(&args[0])? {
        Class::Decimal(precision, _) => decimal(precision, 0),
        _ => args[0].clone(),
    })
}

fn to_whole(
    array: &ArrayRef,
    single: fn(f32) -> f32,
    double: fn(f64) -> f64,
    exact: fn(i128, i128) -> i128,
) -> Result<ArrayRef> {
    Ok(match *array.data_type() {
        DataType::Float32 => {
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(single))
        }
        DataType::Float64 => {
            Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(double))
        }
        DataType::Decimal128(precision, scale) => {
            let unit = power_of_ten(scale.unsigned_abs());
            let values: Decimal128Array =
                array.as_primitive::<Decimal128Type>().unary(|value| exact(value, unit));
            Arc::new(values.with_precision_and_scale(precision, 0)?)
        }
        _ => Arc::clone(array),
    })
}

fn number(data_type: &DataType) -> Result<Class, String> {
    let class = Class::of(data_type);
    if class.is_number() {
        Ok(class)
    } else {
        Err(format!("takes a number, not {}", sql_name(data_type)))
    }
}

fn names(args: &[DataType]) -> String {
    args.iter().map(sql_name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::round;

    #[test]
    fn rounds_the_decimal_text() {
        for (value, digits, wanted) in [
            (1.005, 2, 1.01),
            (1.25, 1, 1.3),
            (-2.5, 0, -3.0),
            (0.4, 0, 0.0),
            (0.5, 0, 1.0),
            (99.95, 1, 100.0),
            (1234.5, -2, 1200.0),
            (55.0, -2, 100.0),
            (4.0, -2, 0.0),
            (1e300, 2, 1e300),
        ] {
            assert_eq!(round(value, digits).unwrap(), wanted, "{value} {digits}");
        }
        for value in [-0.0, -0.4, -4.0] {
            assert!(round(value, -1).unwrap().is_sign_positive());
        }
        assert!(round(f64::NAN, 0).is_err());
    }
}
