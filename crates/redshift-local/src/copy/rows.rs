//! Rows as PostgreSQL's binary COPY format, in chunks.

use bytes::Bytes;
use tokio::sync::mpsc;

/// A chunk is sent on when it has grown to this many bytes.
const CHUNK: usize = 128 * 1024;

/// What a binary COPY stream begins with: signature, flags, and an empty header extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Days from PostgreSQL's epoch, 2000-01-01, back to 1970-01-01.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// The receiver of the rows has gone away.
#[derive(Debug)]
pub struct Closed;

/// Rows in PostgreSQL's binary COPY format, on their way to a channel. Holds one chunk at most.
pub struct Rows {
    chunk: Vec<u8>,
    /// Where the row that is being written begins.
    row: usize,
    sender: mpsc::Sender<Bytes>,
}

impl Rows {
    /// An empty stream towards `sender`.
    pub fn new(sender: mpsc::Sender<Bytes>) -> Rows {
        let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
        chunk.extend_from_slice(HEADER);
        Rows { row: chunk.len(), chunk, sender }
    }

    /// Begins a row of `fields` fields; a row that was begun and not ended is dropped.
    pub fn begin(&mut self, fields: usize) {
        self.chunk.truncate(self.row);
        // Tables have at most 1,600 columns.
        self.chunk.extend_from_slice(&(fields as i16).to_be_bytes());
    }

    /// Ends a row, and sends the chunk when it is large enough. Blocks while the channel is full.
    pub fn end(&mut self) -> Result<(), Closed> {
        self.row = self.chunk.len();
        if self.row < CHUNK {
            return Ok(());
        }
        self.send()
    }

    /// Takes back the row that was begun last.
    pub fn discard(&mut self) {
        self.chunk.truncate(self.row);
    }

    /// Ends the stream.
    pub fn finish(mut self) -> Result<(), Closed> {
        self.discard();
        self.chunk.extend_from_slice(&(-1i16).to_be_bytes());
        self.send()
    }

    fn send(&mut self) -> Result<(), Closed> {
        let fresh = Vec::with_capacity(CHUNK + CHUNK / 4);
        let full = std::mem::replace(&mut self.chunk, fresh);
        self.row = 0;
        self.sender.blocking_send(full.into()).map_err(|_| Closed)
    }

    fn fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        self.chunk.extend_from_slice(&(N as i32).to_be_bytes());
        self.chunk.extend_from_slice(&bytes);
    }

    /// NULL.
    pub fn null(&mut self) {
        self.chunk.extend_from_slice(&(-1i32).to_be_bytes());
    }

    /// `bool`.
    pub fn boolean(&mut self, value: bool) {
        self.fixed([u8::from(value)]);
    }

    /// `int2`.
    pub fn int2(&mut self, value: i16) {
        self.fixed(value.to_be_bytes());
    }

    /// `int4`.
    pub fn int4(&mut self, value: i32) {
        self.fixed(value.to_be_bytes());
    }

    /// `int8`.
    pub fn int8(&mut self, value: i64) {
        self.fixed(value.to_be_bytes());
    }

    /// `float4`.
    pub fn float4(&mut self, value: f32) {
        self.fixed(value.to_be_bytes());
    }

    /// `float8`.
    pub fn float8(&mut self, value: f64) {
        self.fixed(value.to_be_bytes());
    }

    /// `date`, from days since 1970-01-01.
    pub fn date(&mut self, days: i32) {
        self.fixed(days.saturating_sub(EPOCH_DAYS).to_be_bytes());
    }

    /// `timestamp` or `timestamptz`, from microseconds since 1970-01-01 00:00 (UTC).
    pub fn timestamp(&mut self, micros: i64) {
        self.fixed(micros.saturating_sub(EPOCH_MICROS).to_be_bytes());
    }

    /// `bpchar`. Fields of more than 2 GiB cannot occur: a column has at most 65,535 bytes.
    pub fn text(&mut self, value: &[u8]) {
        self.chunk.extend_from_slice(&(value.len() as i32).to_be_bytes());
        self.chunk.extend_from_slice(value);
    }

    /// `bpchar`, padded with blanks to `width` bytes.
    pub fn padded(&mut self, value: &[u8], width: usize) {
        let blanks = width.saturating_sub(value.len());
        self.chunk.extend_from_slice(&((value.len() + blanks) as i32).to_be_bytes());
        self.chunk.extend_from_slice(value);
        self.chunk.resize(self.chunk.len() + blanks, b' ');
    }

    /// `numeric`: `unscaled` × 10^-`scale`, with `scale` at most 38.
    pub fn numeric(&mut self, unscaled: i128, scale: u8) {
        let digits = Digits::of(unscaled.unsigned_abs(), scale);
        let count = digits.used.len() as i16;
        let sign: u16 = if unscaled < 0 { 0x4000 } else { 0 };
        self.chunk.extend_from_slice(&(8 + 2 * i32::from(count)).to_be_bytes());
        self.chunk.extend_from_slice(&count.to_be_bytes());
        self.chunk.extend_from_slice(&digits.weight.to_be_bytes());
        self.chunk.extend_from_slice(&sign.to_be_bytes());
        self.chunk.extend_from_slice(&u16::from(scale).to_be_bytes());
        for digit in &digits.base[digits.used] {
            self.chunk.extend_from_slice(&digit.to_be_bytes());
        }
    }
}

/// A magnitude in base 10,000, most significant digit first.
struct Digits {
    base: [i16; Digits::MOST],
    /// Those without the leading and trailing zeros.
    used: std::ops::Range<usize>,
    /// Weight of the first used digit: its value is digit × 10,000^weight.
    weight: i16,
}

impl Digits {
    /// Ten digits before the point hold 38 decimal digits, and ten after it.
    const MOST: usize = 20;
    /// Digits before the point.
    const WHOLE: usize = 10;

    fn of(magnitude: u128, scale: u8) -> Digits {
        let scale = u32::from(scale);
        let unit = 10u128.pow(scale);
        let (mut whole, mut fraction) = (magnitude / unit, magnitude % unit);
        let mut base = [0; Digits::MOST];
        for digit in base[..Digits::WHOLE].iter_mut().rev() {
            *digit = (whole % 10_000) as i16;
            whole /= 10_000;
            if whole == 0 {
                break;
            }
        }
        let mut left = scale;
        for digit in &mut base[Digits::WHOLE..] {
            if fraction == 0 {
                break;
            }
            if left >= 4 {
                left -= 4;
                let unit = 10u128.pow(left);
                *digit = (fraction / unit) as i16;
                fraction %= unit;
            } else {
                *digit = (fraction * 10u128.pow(4 - left)) as i16;
                fraction = 0;
            }
        }
        let first = base.iter().position(|d| *d != 0);
        let last = base.iter().rposition(|d| *d != 0);
        match (first, last) {
            (Some(first), Some(last)) => Digits {
                base,
                used: first..last + 1,
                weight: (Digits::WHOLE - 1) as i16 - first as i16,
            },
            _ => Digits { base, used: 0..0, weight: 0 },
        }
    }
}
