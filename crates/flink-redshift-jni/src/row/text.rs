//! Texts: up to seven bytes stand in the field itself, longer ones in the variable part.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray},
    buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer},
};
use arrow_redshift::{Error, ErrorKind, Result};

use super::{RowField, field::offset_and_rest, frame::Frame};

/// Set in a field's last byte when the text stands in the field; the other bits are its length.
const INLINE: u8 = 0x80;
/// The longest text that a field holds.
const INLINE_BYTES: usize = 7;

pub(super) fn decode(frame: &Frame<'_>, place: usize, field: &RowField) -> Result<ArrayRef> {
    let validity = frame.validity(place);
    let rows = frame.rows.len();
    let mut offsets: Vec<i32> = Vec::with_capacity(rows + 1);
    let mut text: Vec<u8> = Vec::with_capacity(rows * 8);
    offsets.push(0);
    for (at, word) in frame.fixed(place).enumerate() {
        if validity.as_ref().is_none_or(|validity| validity.is_valid(at)) {
            append(frame, at, word, &mut text)
                .map_err(|error| error.with("column", &field.name))?;
        }
        // A column's texts lie in the buffer side by side, whose length has 31 bits.
        offsets.push(text.len() as i32);
    }
    array(offsets, text, validity).map_err(|at| {
        let why = "refused a text that is not valid UTF-8";
        Error::new(ErrorKind::ValueRefused, why)
            .with("column", &field.name)
            .with("row", frame.number(at))
            .hint("mend the text in the query, or where the source decodes it")
    })
}

fn append(frame: &Frame<'_>, at: usize, word: [u8; 8], text: &mut Vec<u8>) -> Result<()> {
    if word[7] & INLINE == 0 {
        let (offset, length) = offset_and_rest(word);
        text.extend_from_slice(frame.variable(at, offset, length as usize)?);
        return Ok(());
    }
    let length = usize::from(word[7] & !INLINE);
    if length > INLINE_BYTES {
        let why = format!("a row buffer is damaged: a text of {length} bytes in seven");
        return Err(Error::new(ErrorKind::Internal, why).with("row", frame.number(at)));
    }
    // All eight and then back: a copy of a fixed length is quicker than one of any length.
    let end = text.len() + length;
    text.extend_from_slice(&word);
    text.truncate(end);
    Ok(())
}

/// The column, or the first row whose text is not UTF-8.
fn array(
    offsets: Vec<i32>,
    text: Vec<u8>,
    validity: Option<NullBuffer>,
) -> Result<ArrayRef, usize> {
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let text = Buffer::from_vec(text);
    match StringArray::try_new(offsets.clone(), text.clone(), validity) {
        Ok(array) => Ok(Arc::new(array)),
        Err(_) => {
            let valid = |pair: &[i32]| {
                std::str::from_utf8(&text[pair[0] as usize..pair[1] as usize]).is_ok()
            };
            Err(offsets.windows(2).position(|pair| !valid(pair)).unwrap_or_default())
        }
    }
}
