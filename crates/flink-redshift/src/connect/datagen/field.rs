//! One column of made-up rows.

use std::{fmt::Write as _, ops::RangeInclusive, str::FromStr};

use arrow_redshift::types::FlinkType;
use chrono::{Local, Utc};
use rand::{Rng, rngs::ThreadRng};

use crate::{
    connect::options::TableOptions,
    script::{DeclaredColumn, Problem},
    value::{number, time},
};

/// Characters of a text whose type and options name no length.
const TEXT_LENGTH: u64 = 100;

/// How a column's values are made.
#[derive(Debug, Clone)]
pub enum Field {
    /// A running number.
    Sequence {
        /// The first one.
        start: i64,
        /// How many there are.
        values: u64,
    },
    /// A random value, or NULL at this rate.
    Random {
        /// The value.
        value: RandomValue,
        /// From 0 to 1.
        null_rate: f64,
    },
}

/// A random value of a type.
#[derive(Debug, Clone)]
pub enum RandomValue {
    /// `TRUE` or `FALSE`.
    Boolean,
    /// A whole number.
    Integer(RangeInclusive<i64>),
    /// A number with a fraction that FLOAT holds.
    Float(RangeInclusive<f64>),
    /// The same for DOUBLE.
    Double(RangeInclusive<f64>),
    /// A decimal of that scale.
    Decimal(RangeInclusive<f64>, u8),
    /// Hexadecimal digits, so many or up to so many.
    Text {
        /// How many.
        length: u64,
        /// Whether it may be fewer.
        varies: bool,
    },
    /// Today.
    Date,
    /// A time up to so many microseconds ago; an instant ends in `Z`.
    Time {
        /// The longest time ago.
        past: u64,
        /// What stands behind it.
        suffix: &'static str,
    },
}

/// The options of one column.
pub struct FieldOptions<'o, 'a> {
    options: &'o mut TableOptions<'a>,
    name: String,
}

impl<'o, 'a> FieldOptions<'o, 'a> {
    /// Those of this column.
    pub fn new(options: &'o mut TableOptions<'a>, column: &DeclaredColumn) -> Self {
        FieldOptions { options, name: column.name.clone() }
    }

    fn key(&self, option: &str) -> String {
        format!("fields.{}.{option}", self.name)
    }

    fn get(&mut self, option: &str) -> Option<&'a str> {
        let key = self.key(option);
        self.options.get_named(&key)
    }

    fn refuse(&mut self, option: &str, why: &str) {
        let key = self.key(option);
        self.options.problem(format!("'{key}': {why}"));
    }

    /// A value of a type, within bounds; `None` where it is not given, or beside a problem.
    fn parse<T: FromStr + PartialOrd>(
        &mut self,
        option: &str,
        bounds: RangeInclusive<T>,
        wanted: &str,
    ) -> Option<T> {
        let text = self.get(option)?;
        let value = text.trim().parse().ok().filter(|value| bounds.contains(value));
        if value.is_none() {
            self.refuse(option, &format!("'{text}' is not {wanted}"));
        }
        value
    }
}

impl Field {
    /// Reads a column's options.
    pub fn open(options: &mut FieldOptions<'_, '_>, column: &DeclaredColumn) -> Option<Self> {
        match options.get("kind").unwrap_or("random") {
            "sequence" => sequence(options, column),
            "random" => {
                let value = random(options, column)?;
                let rate = options.parse("null-rate", 0.0..=1.0, "a number from 0 to 1");
                Some(Field::Random { value, null_rate: rate.unwrap_or_default() })
            }
            other => {
                options.refuse("kind", &format!("'{other}' is neither 'random' nor 'sequence'"));
                None
            }
        }
    }

    /// How many values there are, where they end.
    pub fn values(&self) -> Option<u64> {
        match self {
            Field::Sequence { values, .. } => Some(*values),
            Field::Random { .. } => None,
        }
    }

    /// The text of a row's value.
    pub fn value(&self, row: u64, random: &mut ThreadRng) -> Option<String> {
        match self {
            // Fewer rows than values are asked for, which end within 64 bits.
            Field::Sequence { start, .. } => {
                Some((i128::from(*start) + i128::from(row)).to_string())
            }
            Field::Random { null_rate, .. } if random.random_bool(*null_rate) => None,
            Field::Random { value, .. } => Some(value.text(random)),
        }
    }
}

fn sequence(options: &mut FieldOptions<'_, '_>, column: &DeclaredColumn) -> Option<Field> {
    let bounds = match column.data_type {
        FlinkType::TinyInt => i64::from(i8::MIN)..=i64::from(i8::MAX),
        FlinkType::SmallInt => i64::from(i16::MIN)..=i64::from(i16::MAX),
        FlinkType::Int => i64::from(i32::MIN)..=i64::from(i32::MAX),
        FlinkType::BigInt
        | FlinkType::Float
        | FlinkType::Double
        | FlinkType::Char(_)
        | FlinkType::VarChar(_)
        | FlinkType::String => i64::MIN..=i64::MAX,
        // Flink takes it and fails at the first row: its numbers are not those of its tables.
        FlinkType::Decimal { .. } => {
            let why = "a sequence cannot be DECIMAL, in Flink either: CAST one of BIGINT";
            options.refuse("kind", why);
            return None;
        }
        _ => {
            options.refuse("kind", &format!("a sequence cannot be {}", column.data_type));
            return None;
        }
    };
    let wanted = format!("a whole number that {} holds", column.data_type);
    let start = options.parse("start", bounds.clone(), &wanted);
    let end = options.parse("end", bounds, &wanted);
    for (name, value) in [("start", start), ("end", end)] {
        if value.is_none() && options.get(name).is_none() {
            options.refuse(name, "it is missing: a sequence begins and ends somewhere");
        }
    }
    let (start, end) = (start?, end?);
    if start > end {
        options.refuse("start", "it is greater than the end");
        return None;
    }
    let values = end.abs_diff(start).saturating_add(1);
    Some(Field::Sequence { start, values })
}

fn random(options: &mut FieldOptions<'_, '_>, column: &DeclaredColumn) -> Option<RandomValue> {
    Some(match column.data_type {
        FlinkType::Boolean => RandomValue::Boolean,
        FlinkType::TinyInt => whole(options, i64::from(i8::MIN), i64::from(i8::MAX))?,
        FlinkType::SmallInt => whole(options, i64::from(i16::MIN), i64::from(i16::MAX))?,
        FlinkType::Int => whole(options, i64::from(i32::MIN), i64::from(i32::MAX))?,
        FlinkType::BigInt => whole(options, i64::MIN, i64::MAX)?,
        // Java's MIN_VALUE of them is the least that is more than nothing.
        FlinkType::Float => {
            let least = f64::from(f32::from_bits(1));
            RandomValue::Float(range(options, least, -f64::from(f32::MAX), f64::from(f32::MAX))?)
        }
        FlinkType::Double => {
            RandomValue::Double(range(options, f64::from_bits(1), -f64::MAX, f64::MAX)?)
        }
        FlinkType::Decimal { precision, scale } => {
            let (whole, fraction) = (i32::from(precision) - i32::from(scale), i32::from(scale));
            // Below the power of ten even where a DOUBLE cannot tell them apart.
            let largest = (10_f64.powi(whole) - 10_f64.powi(-fraction)).next_down();
            let bounds = range(options, f64::from_bits(1), -f64::MAX, f64::MAX)?;
            let (least, most) = (bounds.start().max(-largest), bounds.end().min(largest));
            if least > most {
                options.refuse("min", &format!("nothing of its range is {}", column.data_type));
                return None;
            }
            RandomValue::Decimal(least..=most, scale)
        }
        // The length of CHAR is its type's, and no option.
        FlinkType::Char(length) => RandomValue::Text { length: u64::from(length), varies: false },
        FlinkType::VarChar(length) => text(options, u64::from(length), u64::from(length))?,
        FlinkType::String => text(options, TEXT_LENGTH, i32::MAX as u64)?,
        FlinkType::Date => RandomValue::Date,
        FlinkType::Timestamp(_) => RandomValue::Time { past: past(options)?, suffix: "" },
        FlinkType::TimestampLtz(_) => RandomValue::Time { past: past(options)?, suffix: "Z" },
        // Scripts that name others are refused.
        ref other => {
            options.refuse("kind", &format!("{other} is not made up here"));
            return None;
        }
    })
}

fn whole(options: &mut FieldOptions<'_, '_>, least: i64, most: i64) -> Option<RandomValue> {
    let wanted = format!("a whole number from {least} to {most}");
    let given = |options: &mut FieldOptions<'_, '_>, name, default| match options.get(name) {
        None => Some(default),
        Some(_) => options.parse(name, least..=most, &wanted),
    };
    let (min, max) = (given(options, "min", least), given(options, "max", most));
    let (min, max) = (min?, max?);
    ordered(options, min, max).map(RandomValue::Integer)
}

fn range(
    options: &mut FieldOptions<'_, '_>,
    default: f64,
    least: f64,
    most: f64,
) -> Option<RangeInclusive<f64>> {
    let given = |options: &mut FieldOptions<'_, '_>, name, default| match options.get(name) {
        None => Some(default),
        Some(_) => options.parse(name, least..=most, "a number that the type holds"),
    };
    let (min, max) = (given(options, "min", default), given(options, "max", most));
    let (min, max) = (min?, max?);
    ordered(options, min, max)
}

/// Flink wants the least to be less than the most.
fn ordered<T: PartialOrd>(
    options: &mut FieldOptions<'_, '_>,
    min: T,
    max: T,
) -> Option<RangeInclusive<T>> {
    if min < max {
        return Some(min..=max);
    }
    options.refuse("min", "it must be less than the max");
    None
}

fn text(options: &mut FieldOptions<'_, '_>, default: u64, most: u64) -> Option<RandomValue> {
    let wanted = format!("a length from 1 to {most}, the type's own");
    let length = match options.get("length") {
        None => default.min(most),
        Some(_) => options.parse("length", 1..=most, &wanted)?,
    };
    let varies = match options.get("var-len").map(str::to_lowercase).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            options.refuse("var-len", "it must be true or false");
            return None;
        }
    };
    Some(RandomValue::Text { length, varies })
}

fn past(options: &mut FieldOptions<'_, '_>) -> Option<u64> {
    let Some(text) = options.get("max-past") else { return Some(0) };
    let past = arrow_redshift::options::duration(text)
        .and_then(|past| u64::try_from(past.as_micros()).ok())
        .filter(|past| i64::try_from(*past).is_ok());
    if past.is_none() {
        let wanted = Problem::new(0, "it is no duration such as '7 d'").message;
        options.refuse("max-past", &wanted);
    }
    past
}

impl RandomValue {
    fn text(&self, random: &mut ThreadRng) -> String {
        match self {
            RandomValue::Boolean => random.random_bool(0.5).to_string(),
            RandomValue::Integer(range) => random.random_range(range.clone()).to_string(),
            RandomValue::Float(range) => number::format_float(between(range, random) as f32),
            RandomValue::Double(range) => number::format_double(between(range, random)),
            RandomValue::Decimal(range, scale) => {
                format!("{:.*}", usize::from(*scale), between(range, random))
            }
            RandomValue::Text { length, varies } => {
                let length = if *varies { random.random_range(1..=*length) } else { *length };
                (0..length).fold(String::new(), |mut text, _| {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{:x}", random.random_range(0..16_u8));
                    text
                })
            }
            RandomValue::Date => time::format_date(time::days(Local::now().date_naive())),
            RandomValue::Time { past, suffix } => {
                let ago = random.random_range(0..=*past);
                let micros = Utc::now().timestamp_micros() - i64::try_from(ago).unwrap_or_default();
                format!("{}{suffix}", time::format_timestamp(micros, 3))
            }
        }
    }
}

/// A number of a range that may be as wide as numbers are, so that its width is no number.
fn between(range: &RangeInclusive<f64>, random: &mut ThreadRng) -> f64 {
    let share: f64 = random.random();
    range.start() * (1.0 - share) + range.end() * share
}
