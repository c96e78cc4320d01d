//! One value of a Parquet column into a field of a row.

use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};

use super::{Scan, column::Values, judge::Decode};
use crate::copy::{
    CopyError,
    files::DataFile,
    limits::{DATE_RANGE, TIMESTAMP_RANGE, decimal_fits},
    rows::Rows,
    target::TargetColumn,
    text,
};

/// 15007: also what a value is refused with.
const BAD_VALUE: u32 = 15007;

/// Writes values of one file's columns as fields.
pub struct Writer<'a> {
    scan: &'a Scan<'a>,
    file: &'a DataFile,
    scratch: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// A writer for the values of `file`.
    pub fn new(scan: &'a Scan<'a>, file: &'a DataFile) -> Writer<'a> {
        Writer { scan, file, scratch: Vec::new() }
    }

    /// NULL, where the column takes it.
    pub fn null(&self, target: &TargetColumn, rows: &mut Rows) -> Result<(), CopyError> {
        if target.not_null {
            return Err(self.refused(target, "has a NULL value, and the table's is NOT NULL"));
        }
        rows.null();
        Ok(())
    }

    /// The value at `at`.
    #[inline]
    pub fn value(
        &mut self,
        target: &TargetColumn,
        decode: Decode,
        values: &Values,
        at: usize,
        rows: &mut Rows,
    ) -> Result<(), CopyError> {
        match (decode, values) {
            (Decode::Boolean, Values::Bool(v)) => rows.boolean(v[at]),
            (Decode::SmallInt, Values::Int32(v)) => {
                let value = i16::try_from(v[at]);
                rows.int2(value.map_err(|_| self.refused(target, "exceeds its 16 bits"))?);
            }
            (Decode::Integer, Values::Int32(v)) => rows.int4(v[at]),
            (Decode::BigInt, Values::Int64(v)) => rows.int8(v[at]),
            (Decode::Real, Values::Float(v)) => rows.float4(v[at]),
            (Decode::Double, Values::Double(v)) => rows.float8(v[at]),
            (Decode::Date, Values::Int32(v)) => {
                self.check(DATE_RANGE.contains(&v[at]), target, "is out of the range of DATE")?;
                rows.date(v[at]);
            }
            (Decode::Micros, Values::Int64(v)) => self.timestamp(target, Some(v[at]), rows)?,
            (Decode::Int96, Values::Int96(v)) => {
                self.timestamp(target, int96_micros(&v[at]), rows)?;
            }
            (Decode::Decimal { precision, scale }, values) => {
                let unscaled = unscaled(values, at);
                let fits = decimal_fits(unscaled, precision);
                self.check(fits, target, "exceeds its precision")?;
                rows.numeric(unscaled, scale);
            }
            (Decode::VarChar(width), Values::Bytes(v)) => {
                self.varchar(target, width, &v[at], rows)?;
            }
            (Decode::VarByte(width), Values::Bytes(v)) => {
                self.width(target, width, v[at].data())?;
                rows.text(hex::encode(v[at].data()).as_bytes());
            }
            (Decode::Char(width), Values::Bytes(v)) => self.char(target, width, &v[at], rows)?,
            _ => unreachable!("a decode is chosen by the column's physical type"),
        }
        Ok(())
    }

    fn timestamp(
        &self,
        target: &TargetColumn,
        micros: Option<i64>,
        rows: &mut Rows,
    ) -> Result<(), CopyError> {
        match micros.filter(|m| TIMESTAMP_RANGE.contains(m)) {
            Some(micros) => {
                rows.timestamp(micros);
                Ok(())
            }
            None => Err(self.refused(target, "is out of the range of TIMESTAMP")),
        }
    }

    fn varchar(
        &mut self,
        target: &TargetColumn,
        width: u32,
        value: &ByteArray,
        rows: &mut Rows,
    ) -> Result<(), CopyError> {
        let bytes = value.data();
        self.fits(target, width, bytes)?;
        match (text::first_invalid(bytes), self.scan.accept_inv_chars) {
            (None, _) => rows.text(bytes),
            (Some(_), Some(with)) => {
                text::replace_invalid(bytes, with, &mut self.scratch);
                rows.text(&self.scratch);
            }
            (Some(_), None) => return Err(self.refused(target, "is not valid UTF-8")),
        }
        Ok(())
    }

    fn char(
        &self,
        target: &TargetColumn,
        width: u32,
        value: &ByteArray,
        rows: &mut Rows,
    ) -> Result<(), CopyError> {
        let bytes = value.data();
        self.fits(target, width, bytes)?;
        self.check(bytes.is_ascii(), target, "has a multibyte character, and CHAR takes none")?;
        rows.padded(bytes, width as usize);
        Ok(())
    }

    fn fits(&self, target: &TargetColumn, width: u32, bytes: &[u8]) -> Result<(), CopyError> {
        self.width(target, width, bytes)?;
        if bytes.contains(&0) {
            let text = format!("unverified: NUL in a string (column \"{}\")", target.name);
            return Err(CopyError::not_modelled(text));
        }
        Ok(())
    }

    fn width(&self, target: &TargetColumn, width: u32, bytes: &[u8]) -> Result<(), CopyError> {
        if bytes.len() > width as usize {
            let text = format!(
                "The length of the data column {} is longer than the length defined in the table. \
                 Table: {width}, Data: {}",
                target.name,
                bytes.len()
            );
            return Err(CopyError::spectrum(&self.scan.context.session, BAD_VALUE, &text));
        }
        Ok(())
    }

    fn check(&self, holds: bool, target: &TargetColumn, what: &str) -> Result<(), CopyError> {
        if holds { Ok(()) } else { Err(self.refused(target, what)) }
    }

    fn refused(&self, target: &TargetColumn, what: &str) -> CopyError {
        let text = format!("File '{}': data column {} {what}", self.file.address, target.name);
        CopyError::spectrum(&self.scan.context.session, BAD_VALUE, &text)
    }
}

fn unscaled(values: &Values, at: usize) -> i128 {
    match values {
        Values::Int32(v) => i128::from(v[at]),
        Values::Int64(v) => i128::from(v[at]),
        Values::Fixed(v) => big_endian(&v[at]),
        _ => unreachable!("decimals are integers or of fixed length"),
    }
}

/// At most 16 bytes, because the length is the shortest for 38 digits at most.
fn big_endian(value: &FixedLenByteArray) -> i128 {
    let bytes = value.data();
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = if negative { [0xff; 16] } else { [0; 16] };
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    i128::from_be_bytes(wide)
}

/// Microseconds since 1970-01-01; digits below are cut. `None` beyond 64 bits.
fn int96_micros(value: &Int96) -> Option<i64> {
    let data = value.data();
    let nanos = (u64::from(data[1]) << 32) | u64::from(data[0]);
    // Julian day 2,440,588 is 1970-01-01; the day is a signed 32-bit number.
    let days = i64::from(data[2] as i32) - 2_440_588;
    let micros = i64::try_from(nanos / 1000).ok()?;
    days.checked_mul(86_400_000_000)?.checked_add(micros)
}
