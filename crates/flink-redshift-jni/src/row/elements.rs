//! The elements of arrays: BinaryArrayData.
//!
//! An array is the number of its elements in four bytes, a bit for each that is NULL in whole groups
//! of four bytes, a slot for each that is as wide as its type, and what does not fit into these.

use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow_redshift::{Result, types::FlinkType};

use super::cells::{Budget, Cells, Part};

/// The elements of some arrays, one array after the other.
#[derive(Debug)]
pub(super) struct Elements<'a, 'c> {
    arrays: Vec<Part<'a>>,
    /// How many elements each array has. So many slots lie inside of it.
    counts: Vec<usize>,
    /// Which array each element is in.
    owners: Vec<u32>,
    /// Bytes of a slot.
    width: usize,
    budget: Budget,
    column: &'c str,
}

impl<'a, 'c> Elements<'a, 'c> {
    /// The elements of arrays that are values of `cells`.
    pub fn within(
        cells: &'c impl Cells<'a>,
        arrays: Vec<Part<'a>>,
        element: &FlinkType,
    ) -> Result<Elements<'a, 'c>> {
        let width = width(element);
        let mut counts = Vec::with_capacity(arrays.len());
        let mut owners = Vec::new();
        for (at, array) in arrays.iter().enumerate() {
            let count = array.bytes.first_chunk::<4>().map(|count| i32::from_le_bytes(*count));
            let count = count.and_then(|count| usize::try_from(count).ok());
            let inside = |count: &usize| header(*count) + count * width <= array.bytes.len();
            let Some(count) = count.filter(inside) else {
                let why = format!("an array of {} bytes lacks elements", array.bytes.len());
                return Err(cells.damaged(array.row, &why));
            };
            counts.push(count);
            // No buffer has as many arrays as 32 bits count.
            owners.resize(owners.len() + count, at as u32);
        }
        let (budget, column) = (Budget::of(&arrays), cells.column());
        Ok(Elements { arrays, counts, owners, width, budget, column })
    }

    /// How many elements each array has.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    fn arrays(&self) -> impl Iterator<Item = (&'a [u8], usize)> {
        self.arrays.iter().map(|array| array.bytes).zip(self.counts.iter().copied())
    }
}

/// The bytes before the first slot.
const fn header(count: usize) -> usize {
    4 + count.div_ceil(32) * 4
}

/// The bytes of an element's slot.
fn width(data_type: &FlinkType) -> usize {
    match data_type {
        FlinkType::Boolean | FlinkType::TinyInt => 1,
        FlinkType::SmallInt => 2,
        FlinkType::Int
        | FlinkType::Float
        | FlinkType::Date
        | FlinkType::Time(_)
        | FlinkType::IntervalYearMonth => 4,
        _ => 8,
    }
}

impl<'a> Cells<'a> for Elements<'a, '_> {
    fn count(&self) -> usize {
        self.owners.len()
    }

    fn validity(&self) -> Option<NullBuffer> {
        let present = self.arrays().flat_map(|(bytes, count)| {
            (0..count).map(move |at| bytes[4 + at / 8] & (1 << (at % 8)) == 0)
        });
        let validity = NullBuffer::new(present.collect::<BooleanBuffer>());
        (validity.null_count() > 0).then_some(validity)
    }

    fn slots<const N: usize>(&self) -> impl Iterator<Item = [u8; N]> {
        self.arrays().flat_map(|(bytes, count)| {
            let slots = &bytes[header(count)..][..count * self.width];
            slots.chunks_exact(self.width).map(|slot| {
                let mut value = [0; N];
                value.copy_from_slice(&slot[..N]);
                value
            })
        })
    }

    fn part(&self, at: usize) -> Part<'a> {
        self.arrays[self.owners[at] as usize]
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn column(&self) -> &str {
        self.column
    }
}
