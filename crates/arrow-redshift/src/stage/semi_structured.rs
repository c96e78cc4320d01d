//! Arrays, maps, multisets and rows as JSON text, which becomes SUPER.
//!
//! As Flink's JSON format writes them, with ISO 8601 for times: numbers as numbers with all their
//! digits, what is no number as the texts `"NaN"`, `"Infinity"` and `"-Infinity"`, dates and times
//! as ISO texts (instants in UTC, with a `Z`; no more digits of a second than there are), bytes as
//! Base64, intervals as numbers of months or milliseconds, rows and maps as objects. A map's key is
//! the text of its JSON form; a multiset is a map from its elements to how often they occur.

use arrow::{
    array::{Array, ArrayRef, AsArray, MapArray, StringArray, StringBuilder, StructArray},
    datatypes::{DataType, Date32Type, Time64MicrosecondType, TimestampMicrosecondType},
};

use super::{
    check::{DAY, DAYS, MICROS},
    json,
};
use crate::error::{Error, ErrorKind, Result};

/// The texts of a column's values, and the rows whose values SUPER cannot hold as they are: a NUL
/// character in a text, a date or time outside of the years 1 to 9999 or of a day, a map with a NULL
/// among its keys or two keys of one text. Those rows are NULL.
pub(super) fn texts(array: &ArrayRef) -> Result<(StringArray, Vec<usize>)> {
    let values = Values::of(array.as_ref())?;
    let mut texts = StringBuilder::with_capacity(array.len(), array.len() * 32);
    let mut unfit = Vec::new();
    let mut text = Vec::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        match values.write(row, &mut text) {
            Ok(()) => texts.append_value(utf8(&text)?),
            Err(Unfit) => {
                unfit.push(row);
                texts.append_null();
            }
        }
    }
    Ok((texts.finish(), unfit))
}

fn utf8(text: &[u8]) -> Result<&str> {
    std::str::from_utf8(text).map_err(|error| {
        Error::new(ErrorKind::Internal, "JSON was written that is no UTF-8").source(error)
    })
}

/// A value that SUPER cannot hold as it is.
#[derive(Debug)]
struct Unfit;

/// An array with its type known, and those within it.
enum Values<'a> {
    Scalar(&'a dyn Array),
    List(&'a dyn Array, &'a [i32], Box<Values<'a>>),
    Map(&'a MapArray, Box<Values<'a>>, Box<Values<'a>>),
    Row(&'a StructArray, Vec<(String, Values<'a>)>),
}

impl<'a> Values<'a> {
    fn of(array: &'a dyn Array) -> Result<Values<'a>> {
        Ok(match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let elements = Values::of(list.values().as_ref())?;
                Values::List(array, list.value_offsets(), Box::new(elements))
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let keys = Values::of(map.keys().as_ref())?;
                let values = Values::of(map.values().as_ref())?;
                if !matches!(keys, Values::Scalar(_)) {
                    return Err(no_json(array.data_type()));
                }
                Values::Map(map, Box::new(keys), Box::new(values))
            }
            DataType::Struct(fields) => {
                let row = array.as_struct();
                let columns = fields.iter().zip(row.columns()).map(|(field, column)| {
                    let mut name = Vec::new();
                    json::quoted(field.name(), &mut name);
                    name.push(b':');
                    Ok((utf8(&name)?.to_owned(), Values::of(column.as_ref())?))
                });
                Values::Row(row, columns.collect::<Result<_>>()?)
            }
            data_type if json::is_scalar(data_type) => Values::Scalar(array),
            other => return Err(no_json(other)),
        })
    }

    fn array(&self) -> &'a dyn Array {
        match self {
            Values::Scalar(array) | Values::List(array, ..) => *array,
            Values::Map(array, ..) => *array,
            Values::Row(array, _) => *array,
        }
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Unfit> {
        if self.array().is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match self {
            Values::Scalar(array) if fits(*array, row) => {
                json::scalar(*array, row, 'T', out);
                Ok(())
            }
            Values::Scalar(_) => Err(Unfit),
            Values::List(_, offsets, elements) => {
                out.push(b'[');
                for at in offsets[row]..offsets[row + 1] {
                    if at > offsets[row] {
                        out.push(b',');
                    }
                    elements.write(at as usize, out)?;
                }
                out.push(b']');
                Ok(())
            }
            Values::Map(map, keys, values) => entries(map, keys, values, row, out),
            Values::Row(_, columns) => {
                out.push(b'{');
                for (at, (name, values)) in columns.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(name.as_bytes());
                    values.write(row, out)?;
                }
                out.push(b'}');
                Ok(())
            }
        }
    }
}

/// One map as an object. Two keys of one text would be one name with two values.
fn entries(
    map: &MapArray,
    keys: &Values<'_>,
    values: &Values<'_>,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    let offsets = map.value_offsets();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    out.push(b'{');
    for at in offsets[row] as usize..offsets[row + 1] as usize {
        if keys.array().is_null(at) {
            return Err(Unfit);
        }
        let mut name = Vec::new();
        keys.write(at, &mut name)?;
        if name.first() != Some(&b'"') {
            name.insert(0, b'"');
            name.push(b'"');
        }
        if !seen.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(&name);
        out.push(b':');
        values.write(at, out)?;
        seen.push(name);
    }
    out.push(b'}');
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) { Err(Unfit) } else { Ok(()) }
}

/// Whether SUPER surely holds a value that is there and does not nest.
fn fits(array: &dyn Array, row: usize) -> bool {
    match array.data_type() {
        DataType::Utf8 => !array.as_string::<i32>().value(row).contains('\0'),
        DataType::Date32 => DAYS.contains(&array.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(_) => {
            DAY.contains(&array.as_primitive::<Time64MicrosecondType>().value(row))
        }
        DataType::Timestamp(..) => {
            MICROS.contains(&array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        _ => true,
    }
}

fn no_json(data_type: &DataType) -> Error {
    Error::new(ErrorKind::SchemaMismatch, format!("a value of {data_type} has no JSON form"))
        .hint("give batches the types of the declared schema")
}

#[cfg(test)]
#[path = "semi_structured_tests.rs"]
mod tests;
