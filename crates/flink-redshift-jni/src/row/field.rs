//! The eight bytes of a field whose value stands elsewhere.

/// Offset within the row, and the 32 bits beside it: a length, or nanoseconds.
pub(super) fn offset_and_rest(word: [u8; 8]) -> (usize, u32) {
    let word = u64::from_le_bytes(word);
    ((word >> 32) as usize, word as u32)
}
