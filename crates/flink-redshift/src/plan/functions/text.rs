//! Functions of text. Positions count characters (code points) from 1.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, Int32Array, StringArray, StringBuilder},
        compute::cast,
        datatypes::{DataType, Int32Type},
    },
    error::Result,
};

use super::Scalar;
use crate::plan::types::{Class, sql_name};

pub const CHAR_LENGTH: Scalar = Scalar {
    check: |args| texts(args, args.len()).map(|()| DataType::Int32),
    eval: |args| {
        let lengths = strings(&args[0]).iter().map(|text| text.map(count));
        Ok(Arc::new(lengths.collect::<Int32Array>()))
    },
};

pub const UPPER: Scalar =
    Scalar { check: text, eval: |args| map(args, |text| text.to_uppercase()) };

pub const LOWER: Scalar =
    Scalar { check: text, eval: |args| map(args, |text| text.to_lowercase()) };

pub const REVERSE: Scalar =
    Scalar { check: text, eval: |args| map(args, |text| text.chars().rev().collect()) };

pub const TRIM: Scalar = Scalar {
    check: text,
    eval: |args| trim(args, |text, set| text.trim_matches(|c| set.contains(c))),
};

pub const LTRIM: Scalar = Scalar {
    check: text,
    eval: |args| trim(args, |text, set| text.trim_start_matches(|c| set.contains(c))),
};

pub const RTRIM: Scalar = Scalar {
    check: text,
    eval: |args| trim(args, |text, set| text.trim_end_matches(|c| set.contains(c))),
};

pub const SUBSTRING: Scalar = Scalar { check: text_and_integers, eval: substring };

pub const LEFT: Scalar = Scalar {
    check: text_and_integers,
    eval: |args| with_integer(args, |text, count| text.chars().take(size(count)).collect()),
};

pub const RIGHT: Scalar = Scalar {
    check: text_and_integers,
    eval: |args| {
        with_integer(args, |text, count| {
            let skip = text.chars().count().saturating_sub(size(count));
            text.chars().skip(skip).collect()
        })
    },
};

/// `POSITION(what IN text)`: 0 where it is not there.
pub const POSITION: Scalar = Scalar {
    check: |args| texts(args, args.len()).map(|()| DataType::Int32),
    eval: |args| {
        let pairs = strings(&args[0]).iter().zip(strings(&args[1]).iter());
        let found = pairs.map(|(what, text)| {
            let (what, text) = (what?, text?);
            Some(text.find(what).map_or(0, |at| count(&text[..at]) + 1))
        });
        Ok(Arc::new(found.collect::<Int32Array>()))
    },
};

pub const REPLACE: Scalar = Scalar {
    check: text,
    eval: |args| {
        let (texts, from, to) = (strings(&args[0]), strings(&args[1]), strings(&args[2]));
        let replaced = texts.iter().zip(from).zip(to);
        Ok(Arc::new(
            replaced
                .map(|((text, from), to)| Some(text?.replace(from?, to?)))
                .collect::<StringArray>(),
        ))
    },
};

/// NULL where an argument is NULL.
pub const CONCAT: Scalar = Scalar {
    check: text,
    eval: |args| {
        let columns: Vec<_> = args.iter().map(strings).collect();
        let mut result = StringBuilder::new();
        for row in 0..args[0].len() {
            if columns.iter().any(|column| column.is_null(row)) {
                result.append_null();
            } else {
                let text: String = columns.iter().map(|column| column.value(row)).collect();
                result.append_value(text);
            }
        }
        Ok(Arc::new(result.finish()))
    },
};

/// NULLs are left out, save the separator's.
pub const CONCAT_WS: Scalar = Scalar {
    check: text,
    eval: |args| {
        let separators = strings(&args[0]);
        let columns: Vec<_> = args[1..].iter().map(strings).collect();
        let rows = separators.iter().enumerate().map(|(row, separator)| {
            let present = columns.iter().filter(|column| column.is_valid(row));
            Some(present.map(|column| column.value(row)).collect::<Vec<_>>().join(separator?))
        });
        Ok(Arc::new(rows.collect::<StringArray>()))
    },
};

fn substring(args: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = strings(&args[0]);
    let starts = integers(&args[1])?;
    let lengths = args.get(2).map(integers).transpose()?;
    let result = (0..texts.len()).map(|row| {
        let length = match &lengths {
            Some(lengths) if lengths.is_null(row) => return None,
            Some(lengths) => Some(lengths.value(row)),
            None => None,
        };
        if texts.is_null(row) || starts.is_null(row) {
            return None;
        }
        part(texts.value(row), starts.value(row), length)
    });
    Ok(Arc::new(result.collect::<StringArray>()))
}

/// Flink's SUBSTRING: a start of 0 is 1, a negative one counts from the end (and finds nothing
/// beyond it); a negative length gives NULL.
fn part(text: &str, start: i32, length: Option<i32>) -> Option<String> {
    let skip = match start {
        1.. => size(start) - 1,
        0 => 0,
        _ => match text.chars().count().checked_sub(start.unsigned_abs() as usize) {
            Some(skip) => skip,
            None if length.is_some_and(|length| length < 0) => return None,
            None => return Some(String::new()),
        },
    };
    let rest = text.chars().skip(skip);
    match length {
        None => Some(rest.collect()),
        Some(length) if length < 0 => None,
        Some(length) => Some(rest.take(size(length)).collect()),
    }
}

fn map(args: &[ArrayRef], f: impl Fn(&str) -> String) -> Result<ArrayRef> {
    let values = strings(&args[0]).iter().map(|text| text.map(&f));
    Ok(Arc::new(values.collect::<StringArray>()))
}

fn trim(args: &[ArrayRef], f: impl for<'a> Fn(&'a str, &str) -> &'a str) -> Result<ArrayRef> {
    let texts = strings(&args[0]);
    let sets = args.get(1).map(strings);
    let values = texts.iter().enumerate().map(|(row, text)| {
        let set = match sets {
            Some(sets) if sets.is_null(row) => return None,
            Some(sets) => sets.value(row),
            None => " ",
        };
        Some(f(text?, set))
    });
    Ok(Arc::new(values.collect::<StringArray>()))
}

fn with_integer(args: &[ArrayRef], f: impl Fn(&str, i32) -> String) -> Result<ArrayRef> {
    let counts = integers(&args[1])?;
    let values = strings(&args[0]).iter().zip(counts.iter());
    Ok(Arc::new(values.map(|(text, count)| Some(f(text?, count?))).collect::<StringArray>()))
}

/// A count of characters; a negative one is none.
fn size(count: i32) -> usize {
    usize::try_from(count).unwrap_or(0)
}

fn count(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX)
}

fn strings(array: &ArrayRef) -> &StringArray {
    array.as_string::<i32>()
}

fn integers(array: &ArrayRef) -> Result<Int32Array> {
    Ok(cast(array, &DataType::Int32)?.as_primitive::<Int32Type>().clone())
}

fn texts(args: &[DataType], first: usize) -> Result<(), String> {
    match args[..first].iter().find(|arg| Class::of(arg) != Class::Text) {
        None => Ok(()),
        Some(other) => Err(format!("takes text, not {}: CAST it AS STRING", sql_name(other))),
    }
}

fn text(args: &[DataType]) -> Result<DataType, String> {
    texts(args, args.len()).map(|()| DataType::Utf8)
}

fn text_and_integers(args: &[DataType]) -> Result<DataType, String> {
    texts(args, 1)?;
    match args[1..].iter().find(|arg| !matches!(Class::of(arg), Class::Integer(0..=10))) {
        None => Ok(DataType::Utf8),
        Some(other) => Err(format!("takes INT for positions, not {}", sql_name(other))),
    }
}
