//! Texts and bytes: up to seven bytes stand in the slot itself, longer ones elsewhere.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BinaryArray, StringArray},
    buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer},
};
use arrow_redshift::{Error, ErrorKind, Result};

use super::cells::{Cells, offset_and_rest};

/// Set in a slot's last byte when the value stands in the slot; the other bits are its length.
const INLINE: u8 = 0x80;
/// The longest value that a slot holds.
const INLINE_BYTES: usize = 7;

/// All values of a column, side by side.
struct Gathered {
    offsets: OffsetBuffer<i32>,
    bytes: Buffer,
    validity: Option<NullBuffer>,
}

pub(super) fn texts<'a>(cells: &impl Cells<'a>) -> Result<ArrayRef> {
    let Gathered { offsets, bytes, validity } = gather(cells)?;
    if let Ok(array) = StringArray::try_new(offsets.clone(), bytes.clone(), validity) {
        return Ok(Arc::new(array));
    }
    let valid =
        |pair: &[i32]| std::str::from_utf8(&bytes[pair[0] as usize..pair[1] as usize]).is_ok();
    let at = offsets.windows(2).position(|pair| !valid(pair)).unwrap_or_default();
    Err(cells
        .refused(cells.part(at).row, "a text that is not valid UTF-8")
        .hint("mend the text in the query, or where the source decodes it"))
}

pub(super) fn binaries<'a>(cells: &impl Cells<'a>) -> Result<ArrayRef> {
    let Gathered { offsets, bytes, validity } = gather(cells)?;
    let array = BinaryArray::try_new(offsets, bytes, validity).map_err(|error| {
        Error::new(ErrorKind::Internal, "bytes side by side are no array").source(error)
    })?;
    Ok(Arc::new(array))
}

fn gather<'a>(cells: &impl Cells<'a>) -> Result<Gathered> {
    let validity = cells.validity();
    let count = cells.count();
    let mut offsets: Vec<i32> = Vec::with_capacity(count + 1);
    let mut bytes: Vec<u8> = Vec::with_capacity(count * 8);
    offsets.push(0);
    for (at, word) in cells.slots().enumerate() {
        if validity.as_ref().is_none_or(|validity| validity.is_valid(at)) {
            append(cells, at, word, &mut bytes)?;
        }
        // What stands in slots and what stands elsewhere are each as long as the buffer at most,
        // which is half of what 31 bits count.
        offsets.push(bytes.len() as i32);
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Gathered { offsets, bytes: Buffer::from_vec(bytes), validity })
}

fn append<'a>(cells: &impl Cells<'a>, at: usize, word: [u8; 8], bytes: &mut Vec<u8>) -> Result<()> {
    if word[7] & INLINE == 0 {
        let (offset, length) = offset_and_rest(word);
        bytes.extend_from_slice(cells.variable(at, offset, length as usize)?.bytes);
        return Ok(());
    }
    let length = usize::from(word[7] & !INLINE);
    if length > INLINE_BYTES {
        let why = format!("a value of {length} bytes in seven");
        return Err(cells.damaged(cells.part(at).row, &why));
    }
    // All eight and then back: a copy of a fixed length is quicker than one of any length.
    let end = bytes.len() + length;
    bytes.extend_from_slice(&word);
    bytes.truncate(end);
    Ok(())
}
