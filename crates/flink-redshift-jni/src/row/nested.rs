//! Arrays, maps, multisets and rows: a slot says where the value stands.

use std::{cmp::Ordering, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, ListArray, MapArray, StructArray, UInt32Array, make_comparator},
    buffer::{NullBuffer, OffsetBuffer},
    compute::{SortOptions, take},
    datatypes::{DataType, Field, FieldRef, Fields},
    error::ArrowError,
};
use arrow_redshift::{
    Error, ErrorKind, Result,
    types::{Column, FlinkType},
};

use super::{
    cells::{Cells, Part, offset_and_rest},
    column::decode,
    elements::Elements,
    frame::{Frame, RowCells},
};

/// The most NULLs that rows which are NULL may make of their fields, in all values of a column:
/// Arrow keeps room for each of them. A quarter of a GiB for the widest values.
const MOST_NULLS: usize = 1 << 24;

/// The type whose arrays are decoded for a type of the core's: NULL is allowed at every place but
/// among a map's keys, since Flink does not look for it where NOT NULL is declared.
pub(super) fn open(data_type: DataType) -> DataType {
    let fields = |fields: &Fields| fields.iter().map(open_field).collect::<Fields>();
    match data_type {
        DataType::List(element) => DataType::List(open_field(&element)),
        DataType::Struct(columns) => DataType::Struct(fields(&columns)),
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(columns) => {
                let mut columns = fields(columns).to_vec();
                if let Some(key) = columns.first_mut() {
                    *key = Arc::new(key.as_ref().clone().with_nullable(false));
                }
                let columns = DataType::Struct(columns.into());
                let entries = entries.as_ref().clone().with_data_type(columns);
                DataType::Map(Arc::new(entries), sorted)
            }
            _ => DataType::Map(entries, sorted),
        },
        flat => flat,
    }
}

fn open_field(field: &FieldRef) -> FieldRef {
    let data_type = open(field.data_type().clone());
    Arc::new(field.as_ref().clone().with_data_type(data_type).with_nullable(true))
}

pub(super) fn arrays<'a>(cells: &impl Cells<'a>, element: &FlinkType) -> Result<ArrayRef> {
    let validity = cells.validity();
    let elements = Elements::within(cells, parts(cells, validity.as_ref())?, element)?;
    let offsets = offsets(cells.count(), validity.as_ref(), elements.counts());
    let values = decode(&elements, element)?;
    let field = Field::new_list_field(values.data_type().clone(), true);
    let array = ListArray::try_new(Arc::new(field), offsets, values, validity);
    Ok(Arc::new(array.map_err(unlike)?))
}

/// A map is the length of its keys' array in four bytes, that array, and the values' array.
pub(super) fn maps<'a>(
    cells: &impl Cells<'a>,
    key: &FlinkType,
    value: &FlinkType,
) -> Result<ArrayRef> {
    let validity = cells.validity();
    let maps = parts(cells, validity.as_ref())?;
    let halves = maps.iter().map(|map| halves(map).ok_or(map)).collect::<Result<Vec<_>, _>>();
    let halves = halves.map_err(|map| {
        let why = format!("a map of {} bytes lacks its keys", map.bytes.len());
        cells.damaged(map.row, &why)
    })?;
    let (keys, values) = halves.into_iter().unzip();
    let keys = Elements::within(cells, keys, key)?;
    let values = Elements::within(cells, values, value)?;
    let counts = keys.counts();
    if let Some(at) = counts.iter().zip(values.counts()).position(|(keys, values)| keys != values) {
        return Err(cells.damaged(maps[at].row, "a map with keys that have no values"));
    }
    let key_array = decode(&keys, key)?;
    if let Some(null) = (0..key_array.len()).find(|at| key_array.is_null(*at)) {
        return Err(cells
            .refused(keys.part(null).row, "a map with a NULL among its keys")
            .hint("leave such entries out in the query"));
    }
    let value_array = decode(&values, value)?;
    let (columns, counts) = match are_told_apart(key) {
        true => last_of_each_key(key_array, &value_array, counts)?,
        false => (vec![key_array, value_array], counts.to_vec()),
    };
    let offsets = offsets(cells.count(), validity.as_ref(), &counts);
    let fields = Fields::from(vec![
        Field::new("keys", columns[0].data_type().clone(), false),
        Field::new("values", columns[1].data_type().clone(), true),
    ]);
    let entries = StructArray::try_new(fields, columns, None).map_err(unlike)?;
    let field = Field::new("entries", entries.data_type().clone(), false);
    let array = MapArray::try_new(Arc::new(field), offsets, entries, validity, false);
    Ok(Arc::new(array.map_err(unlike)?))
}

fn halves<'a>(map: &Part<'a>) -> Option<(Part<'a>, Part<'a>)> {
    let (length, rest) = map.bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
    let (keys, values) = rest.split_at_checked(length)?;
    let half = |bytes| Part { bytes, row: map.row };
    Some((half(keys), half(values)))
}

/// Whether keys that differ in Flink differ in Arrow. Those that nest are not compared: no target
/// takes such a map, and whoever compares the table with it says so.
fn are_told_apart(key: &FlinkType) -> bool {
    !key.nests() && !matches!(key, FlinkType::Timestamp(7..) | FlinkType::TimestampLtz(7..))
}

/// Keys and values without the entries whose key comes again, as when Flink makes a Java map of
/// them: the last one stays. Beside them, how many entries each map has left.
fn last_of_each_key(
    keys: ArrayRef,
    values: &ArrayRef,
    counts: &[usize],
) -> Result<(Vec<ArrayRef>, Vec<usize>)> {
    let order = make_comparator(&keys, &keys, SortOptions::default()).map_err(unlike)?;
    let mut kept: Vec<u32> = Vec::with_capacity(keys.len());
    let mut left = Vec::with_capacity(counts.len());
    let mut start = 0;
    for count in counts {
        // Equal keys side by side, the later one first: it is the one that stays.
        let mut entries: Vec<usize> = (start..start + count).collect();
        entries.sort_unstable_by(|a, b| order(*a, *b).then(b.cmp(a)));
        entries.dedup_by(|later, first| order(*later, *first) == Ordering::Equal);
        entries.sort_unstable();
        left.push(entries.len());
        // No buffer has as many entries as 32 bits count.
        kept.extend(entries.into_iter().map(|at| at as u32));
        start += count;
    }
    if kept.len() == keys.len() {
        return Ok((vec![keys, Arc::clone(values)], left));
    }
    let kept = UInt32Array::from(kept);
    let keys = take(&keys, &kept, None).map_err(unlike)?;
    let values = take(values, &kept, None).map_err(unlike)?;
    Ok((vec![keys, values], left))
}

pub(super) fn rows<'a>(cells: &impl Cells<'a>, fields: &[Column]) -> Result<ArrayRef> {
    let validity = cells.validity();
    let frame = Frame::within(cells, parts(cells, validity.as_ref())?, fields.len())?;
    let nulls = cells.count() - frame.rows.len();
    let room: usize = fields.iter().map(|field| values(&field.data_type)).sum();
    if nulls.saturating_mul(room) > MOST_NULLS {
        let why = format!("{nulls} NULLs of a ROW of {room} fields in one batch");
        let row = cells.part(0).row;
        return Err(cells.refused(row, &why).hint("declare fewer fields in that ROW"));
    }
    let mut columns = Vec::with_capacity(fields.len());
    for (place, field) in fields.iter().enumerate() {
        let within = RowCells { frame: &frame, place, column: cells.column() };
        let column = decode(&within, &field.data_type)?;
        columns.push(match &validity {
            Some(validity) => spread(&column, validity)?,
            None => column,
        });
    }
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(cells.count(), validity)));
    }
    let field = |(field, column): (&Column, &ArrayRef)| {
        Field::new(&field.name, column.data_type().clone(), true)
    };
    let fields: Fields = fields.iter().zip(&columns).map(field).collect();
    Ok(Arc::new(StructArray::try_new(fields, columns, validity).map_err(unlike)?))
}

/// How many values one value of a type has room for, those within rows counted.
fn values(data_type: &FlinkType) -> usize {
    match data_type {
        FlinkType::Row(fields) => fields.iter().map(|field| values(&field.data_type)).sum(),
        _ => 1,
    }
}

/// A column of the rows that are there as one of all rows: NULL where there is none.
fn spread(column: &ArrayRef, validity: &NullBuffer) -> Result<ArrayRef> {
    let mut next = 0;
    let places = validity.iter().map(|there| {
        there.then(|| {
            next += 1;
            next - 1
        })
    });
    take(column, &places.collect::<UInt32Array>(), None).map_err(unlike)
}

/// Where the values that are there stand.
fn parts<'a>(cells: &impl Cells<'a>, validity: Option<&NullBuffer>) -> Result<Vec<Part<'a>>> {
    let there = |at| validity.is_none_or(|validity| validity.is_valid(at));
    let words = cells.slots().enumerate().filter(|(at, _)| there(*at));
    let part = |(at, word)| {
        let (offset, length) = offset_and_rest(word);
        cells.variable(at, offset, length as usize)
    };
    words.map(part).collect()
}

/// Offsets of all values, of which those that are there have so many elements.
fn offsets(count: usize, validity: Option<&NullBuffer>, counts: &[usize]) -> OffsetBuffer<i32> {
    let mut counts = counts.iter();
    let lengths = (0..count).map(|at| match validity.is_none_or(|valid| valid.is_valid(at)) {
        true => counts.next().copied().unwrap_or_default(),
        false => 0,
    });
    // Each element has a byte in the buffer, whose length has 31 bits.
    OffsetBuffer::from_lengths(lengths)
}

fn unlike(error: ArrowError) -> Error {
    Error::new(ErrorKind::Internal, "decoded values are not what their type says").source(error)
}
