//! Arrays, maps, multisets and rows, built from what they hold.

use std::sync::Arc;

use arrow_redshift::types::FlinkType;
use datafusion::arrow::{
    array::{ArrayRef, ListArray, MapArray, StructArray},
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, FieldRef, Fields},
    error::ArrowError,
};
use serde_json::Value;

use super::builder::{ColumnBuilder, TimeText};

/// How JSON is read into values that nest.
#[derive(Debug, Clone, Copy)]
pub struct JsonRules {
    /// Whether a row without one of its fields cannot be read.
    pub fail_on_missing: bool,
    /// Whether what cannot be read is NULL, however deep it stands.
    pub ignore_errors: bool,
}

/// How a field of a `csv` file holds several values.
#[derive(Debug, Clone, Copy)]
pub struct CsvRules<'a> {
    /// What stands between them.
    pub delimiter: &'a str,
    /// What is NULL.
    pub null: Option<&'a str>,
    /// Whether what cannot be read is NULL.
    pub ignore_errors: bool,
}

/// Values that nest, while they come in.
pub struct Nested {
    parts: Parts,
    /// Where each value's elements or entries end.
    ends: Vec<i32>,
    present: Vec<bool>,
}

enum Parts {
    List(FieldRef, Box<ColumnBuilder>),
    /// The field of the entries, then their keys and values.
    Map(FieldRef, Box<[ColumnBuilder; 2]>),
    Row(Fields, Vec<ColumnBuilder>),
}

impl Nested {
    /// No values yet of a type; `None` for types that do not nest.
    pub fn new(data_type: &FlinkType, time: TimeText) -> Option<Nested> {
        let inner = |data_type: &FlinkType| ColumnBuilder::within(data_type, time);
        let parts = match (data_type, data_type.arrow()) {
            (FlinkType::Array(element), DataType::List(field)) => {
                Parts::List(field, Box::new(inner(&element.data_type)))
            }
            (FlinkType::Map(key, value), DataType::Map(field, _)) => {
                Parts::Map(field, Box::new([inner(&key.data_type), inner(&value.data_type)]))
            }
            (FlinkType::Multiset(element), DataType::Map(field, _)) => {
                Parts::Map(field, Box::new([inner(&element.data_type), inner(&FlinkType::Int)]))
            }
            (FlinkType::Row(columns), DataType::Struct(fields)) => {
                Parts::Row(fields, columns.iter().map(|column| inner(&column.data_type)).collect())
            }
            _ => return None,
        };
        Some(Nested { parts, ends: vec![0], present: Vec::new() })
    }

    /// Adds NULL.
    pub fn push_null(&mut self) {
        if let Parts::Row(_, columns) = &mut self.parts {
            columns.iter_mut().for_each(ColumnBuilder::push_null);
        }
        self.end(false);
    }

    fn end(&mut self, present: bool) {
        let length = match &self.parts {
            Parts::List(_, elements) => elements.len(),
            Parts::Map(_, entries) => entries[0].len(),
            Parts::Row(..) => 0,
        };
        // A batch's rows have no more elements than bytes, which are fewer than 2³¹.
        self.ends.push(i32::try_from(length).unwrap_or(i32::MAX));
        self.present.push(present);
    }

    /// Adds what a JSON value spells; `None` where it spells no such value. Unless errors are
    /// ignored, nothing more may be added then.
    #[must_use]
    pub fn push_json(&mut self, value: &Value, rules: JsonRules) -> Option<()> {
        match (&mut self.parts, value) {
            (Parts::List(field, elements), Value::Array(values)) => {
                for value in values {
                    json_into(elements, Some(value), field.is_nullable(), rules)?;
                }
            }
            (Parts::Map(field, entries), Value::Object(object)) => {
                let nullable = match field.data_type() {
                    DataType::Struct(fields) => fields
                        .iter()
                        .all(|field| field.is_nullable() || Some(field) == fields.first()),
                    _ => true,
                };
                let [keys, values] = entries.as_mut();
                for (key, value) in object {
                    keys.push(Some(key))?;
                    json_into(values, Some(value), nullable, rules)?;
                }
            }
            (Parts::Row(fields, columns), Value::Object(object)) => {
                for (field, column) in fields.iter().zip(columns) {
                    let value = object.get(field.name());
                    if value.is_none() && rules.fail_on_missing {
                        return None;
                    }
                    json_into(column, value, field.is_nullable(), rules)?;
                }
            }
            _ => return None,
        }
        self.end(true);
        Some(())
    }

    /// Adds the values that a field of a `csv` file holds, as an array or a row of values that do
    /// not nest; `None` where they are no such value, as in [`push_json`](Nested::push_json).
    #[must_use]
    pub fn push_csv(&mut self, text: &str, rules: CsvRules<'_>) -> Option<()> {
        // A blank field holds no value, not an empty one.
        let texts = (!text.trim().is_empty()).then(|| text.split(rules.delimiter));
        let mut texts =
            texts.into_iter().flatten().map(|text| (Some(text) != rules.null).then_some(text));
        match &mut self.parts {
            Parts::List(field, elements) => {
                for text in texts {
                    csv_into(elements, text, field.is_nullable(), rules)?;
                }
            }
            Parts::Row(fields, columns) => {
                let values: Vec<Option<&str>> = texts.by_ref().collect();
                if values.is_empty() {
                    self.push_null();
                    return Some(());
                }
                if values.len() != columns.len() && !rules.ignore_errors {
                    return None;
                }
                for (at, (field, column)) in fields.iter().zip(columns).enumerate() {
                    let text = values.get(at).copied().flatten();
                    csv_into(column, text, field.is_nullable(), rules)?;
                }
            }
            Parts::Map(..) => return None,
        }
        self.end(true);
        Some(())
    }

    /// The values so far; there are none afterwards.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let present = NullBuffer::from(std::mem::take(&mut self.present));
        let ends = std::mem::replace(&mut self.ends, vec![0]);
        let length = present.len();
        let nulls = Some(present).filter(|nulls| nulls.null_count() > 0);
        Ok(match &mut self.parts {
            Parts::List(field, elements) => {
                let offsets = OffsetBuffer::new(ends.into());
                Arc::new(ListArray::try_new(field.clone(), offsets, elements.finish()?, nulls)?)
            }
            Parts::Map(field, entries) => {
                let [keys, values] = entries.as_mut();
                let columns = vec![keys.finish()?, values.finish()?];
                let DataType::Struct(fields) = field.data_type() else {
                    return Err(ArrowError::SchemaError("a map's entries are no rows".into()));
                };
                let entries = StructArray::try_new(fields.clone(), columns, None)?;
                let offsets = OffsetBuffer::new(ends.into());
                Arc::new(MapArray::try_new(field.clone(), offsets, entries, nulls, false)?)
            }
            Parts::Row(fields, columns) => {
                let columns =
                    columns.iter_mut().map(ColumnBuilder::finish).collect::<Result<Vec<_>, _>>()?;
                let fields = fields.clone();
                Arc::new(StructArray::try_new_with_length(fields, columns, nulls, length)?)
            }
        })
    }
}

fn json_into(
    values: &mut ColumnBuilder,
    value: Option<&Value>,
    nullable: bool,
    rules: JsonRules,
) -> Option<()> {
    let value = value.filter(|value| !value.is_null());
    let read = match value {
        None if !nullable => None,
        None => {
            values.push_null();
            Some(())
        }
        Some(value) => values.push_json(value, rules),
    };
    or_null(values, read, rules.ignore_errors)
}

fn csv_into(
    values: &mut ColumnBuilder,
    text: Option<&str>,
    nullable: bool,
    rules: CsvRules<'_>,
) -> Option<()> {
    let read = if text.is_none() && !nullable { None } else { values.push(text) };
    or_null(values, read, rules.ignore_errors)
}

/// NULL in place of what could not be read, where that is asked for.
fn or_null(values: &mut ColumnBuilder, read: Option<()>, ignore: bool) -> Option<()> {
    if read.is_none() && ignore {
        values.push_null();
        return Some(());
    }
    read
}
