//! Which Parquet column may fill which column of the table: the allow-list.
//!
//! COPY widens nothing: a file's type must be the exact counterpart of the column's. What nobody
//! has confirmed on Redshift is refused as not modelled rather than guessed.

use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical},
    schema::types::ColumnDescriptor,
};

use crate::copy::target::ColumnType;

/// How the values of a file's column become values of the table's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decode {
    /// BOOLEAN.
    Boolean,
    /// INT32 that holds 16-bit integers.
    SmallInt,
    /// INT32.
    Integer,
    /// INT64.
    BigInt,
    /// FLOAT.
    Real,
    /// DOUBLE.
    Double,
    /// Decimal on INT32, INT64 or FIXED_LEN_BYTE_ARRAY.
    Decimal {
        /// Digits.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// UTF-8 text of at most so many bytes.
    VarChar(u32),
    /// Single-byte text, padded to so many bytes.
    Char(u32),
    /// INT32, days since 1970-01-01.
    Date,
    /// INT64, microseconds since 1970-01-01.
    Micros,
    /// Plain bytes, at most so many.
    VarByte(u32),
    /// INT96, Julian day and nanoseconds of the day.
    Int96,
}

/// What becomes of a file's column in a column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It loads.
    Loads(Decode),
    /// Its type is not the column's (15007).
    Incompatible,
    /// Its FIXED_LEN_BYTE_ARRAY is not the shortest one for the precision (15001).
    Length {
        /// The shortest.
        expecting: i32,
        /// The file's.
        found: i32,
    },
    /// Nobody has said what Redshift does.
    Unverified(&'static str),
}

/// What a file's column is, as far as Redshift's rules tell kinds apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Int16,
    Int32,
    Int64,
    Float,
    Double,
    Decimal {
        precision: i32,
        scale: i32,
        storage: Storage,
    },
    String,
    Bytes,
    Date,
    Micros,
    Int96,
    /// A type without a documented counterpart.
    Other(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    Integer,
    Fixed(i32),
}

/// Judges a leaf column of a file against a column of the table.
pub fn judge(column: &ColumnDescriptor, target: ColumnType) -> Verdict {
    let kind = match kind_of(column) {
        Kind::Other(what) => return Verdict::Unverified(what),
        kind => kind,
    };
    let decode = match (kind, target) {
        (Kind::Boolean, ColumnType::Boolean) => Decode::Boolean,
        (Kind::Int16, ColumnType::SmallInt) => Decode::SmallInt,
        (Kind::Int32, ColumnType::Integer) => Decode::Integer,
        (Kind::Int64, ColumnType::BigInt) => Decode::BigInt,
        (Kind::Float, ColumnType::Real) => Decode::Real,
        (Kind::Double, ColumnType::Double) => Decode::Double,
        (Kind::String, ColumnType::VarChar(width)) => Decode::VarChar(width),
        (Kind::String, ColumnType::Char(width)) => Decode::Char(width),
        (Kind::Bytes, ColumnType::VarByte(width)) => Decode::VarByte(width),
        (Kind::Bytes, ColumnType::VarChar(_) | ColumnType::Char(_)) => {
            return Verdict::Unverified("BYTE_ARRAY without annotation into text");
        }
        (_, ColumnType::Time) => return Verdict::Unverified("anything into TIME"),
        (_, ColumnType::Super) => return Verdict::Unverified("a flat column into SUPER"),
        (Kind::Date, ColumnType::Date) => Decode::Date,
        (Kind::Micros, ColumnType::Timestamp) => Decode::Micros,
        (Kind::Int96, ColumnType::Timestamp) => Decode::Int96,
        (Kind::Micros | Kind::Int96, ColumnType::TimestampTz) => {
            return Verdict::Unverified("a timestamp without time zone into TIMESTAMPTZ");
        }
        (Kind::Decimal { precision, scale, storage }, ColumnType::Decimal(p, s)) => {
            return decimal(precision, scale, storage, p, s);
        }
        _ => return Verdict::Incompatible,
    };
    Verdict::Loads(decode)
}

/// A decimal must have the column's precision and scale, in the shortest fixed length.
fn decimal(precision: i32, scale: i32, storage: Storage, p: u8, s: u8) -> Verdict {
    if let Storage::Fixed(found) = storage {
        let expecting = shortest(p);
        if found != expecting {
            return Verdict::Length { expecting, found };
        }
    }
    if (precision, scale) != (i32::from(p), i32::from(s)) {
        return Verdict::Incompatible;
    }
    Verdict::Loads(Decode::Decimal { precision: p, scale: s })
}

/// The fewest bytes that hold every number of `precision` digits in two's complement.
fn shortest(precision: u8) -> i32 {
    let largest = 10u128.pow(u32::from(precision)) - 1;
    let bits = 128 - largest.leading_zeros() + 1;
    bits.div_ceil(8) as i32
}

fn kind_of(column: &ColumnDescriptor) -> Kind {
    match column.physical_type() {
        Physical::BOOLEAN => Kind::Boolean,
        Physical::INT32 => int32(column),
        Physical::INT64 => int64(column),
        Physical::INT96 => Kind::Int96,
        Physical::FLOAT => Kind::Float,
        Physical::DOUBLE => Kind::Double,
        Physical::BYTE_ARRAY => byte_array(column),
        Physical::FIXED_LEN_BYTE_ARRAY => {
            decimal_kind(column, Storage::Fixed(column.type_length()))
                .unwrap_or(Kind::Other("FIXED_LEN_BYTE_ARRAY that is no decimal"))
        }
    }
}

fn int32(column: &ColumnDescriptor) -> Kind {
    if let Some(kind) = decimal_kind(column, Storage::Integer) {
        return kind;
    }
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Integer(int)), _) => match (int.bit_width, int.is_signed) {
            (16, true) => Kind::Int16,
            (32, true) => Kind::Int32,
            (_, true) => Kind::Other("INT_8"),
            (_, false) => Kind::Other("an unsigned integer"),
        },
        (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Kind::Date,
        (None, ConvertedType::NONE | ConvertedType::INT_32) => Kind::Int32,
        (None, ConvertedType::INT_16) => Kind::Int16,
        (None, ConvertedType::INT_8) => Kind::Other("INT_8"),
        (Some(LogicalType::Time(_)), _) | (None, ConvertedType::TIME_MILLIS) => Kind::Other("TIME"),
        (None, ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32) => {
            Kind::Other("an unsigned integer")
        }
        _ => Kind::Other("this annotation of INT32"),
    }
}

fn int64(column: &ColumnDescriptor) -> Kind {
    if let Some(kind) = decimal_kind(column, Storage::Integer) {
        return kind;
    }
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(timestamp)), _) => match timestamp.unit {
            _ if timestamp.is_adjusted_to_u_t_c => Kind::Other("a timestamp adjusted to UTC"),
            TimeUnit::MICROS => Kind::Micros,
            TimeUnit::MILLIS => Kind::Other("a timestamp of milliseconds"),
            TimeUnit::NANOS => Kind::Other("a timestamp of nanoseconds"),
        },
        // The old annotations mean adjusted to UTC.
        (None, ConvertedType::TIMESTAMP_MICROS | ConvertedType::TIMESTAMP_MILLIS) => {
            Kind::Other("a timestamp adjusted to UTC")
        }
        (Some(LogicalType::Integer(int)), _) if int.bit_width == 64 && int.is_signed => Kind::Int64,
        (None, ConvertedType::NONE | ConvertedType::INT_64) => Kind::Int64,
        (Some(LogicalType::Integer(_)), _) | (None, ConvertedType::UINT_64) => {
            Kind::Other("an unsigned integer")
        }
        (Some(LogicalType::Time(_)), _) | (None, ConvertedType::TIME_MICROS) => Kind::Other("TIME"),
        _ => Kind::Other("this annotation of INT64"),
    }
}

fn byte_array(column: &ColumnDescriptor) -> Kind {
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::String), _) | (None, ConvertedType::UTF8) => Kind::String,
        (None, ConvertedType::NONE) => Kind::Bytes,
        (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
            Kind::Other("a decimal on BYTE_ARRAY")
        }
        _ => Kind::Other("this annotation of BYTE_ARRAY"),
    }
}

fn decimal_kind(column: &ColumnDescriptor, storage: Storage) -> Option<Kind> {
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Decimal(decimal)), _) => {
            Some(Kind::Decimal { precision: decimal.precision, scale: decimal.scale, storage })
        }
        (None, ConvertedType::DECIMAL) => Some(Kind::Decimal {
            precision: column.type_precision(),
            scale: column.type_scale(),
            storage,
        }),
        _ => None,
    }
}
