//! The one table of the mapping: which declared types fit which target types, under which checks,
//! and what is staged for each target type.

use arrow::datatypes::{DataType, FieldRef, TimeUnit};

use super::{FlinkType, RedshiftType, UTC};
use crate::{limits, options::CopyFormat};

/// What carries rows to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Carrier {
    /// Parquet files, read by COPY.
    Parquet,
    /// CSV files, read by COPY.
    Csv,
    /// Parameters of INSERT statements.
    Binds,
}

impl From<CopyFormat> for Carrier {
    fn from(format: CopyFormat) -> Carrier {
        match format {
            CopyFormat::Parquet => Carrier::Parquet,
            CopyFormat::Csv => Carrier::Csv,
        }
    }
}

/// The longest JSON text that is staged for a SUPER: the widest VARCHAR.
const SUPER_TEXT_BYTES: u32 = limits::VARCHAR_BYTES as u32;

/// The most bytes that parameters carry into a VARBYTE: two digits each in the widest VARCHAR.
pub(crate) const BOUND_BYTES: u32 = limits::VARCHAR_BYTES as u32 / 2;

/// How the staged value becomes the target's value in `INSERT … SELECT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadExpression {
    /// The staged column as it is; a decimal of more digits is narrowed by the assignment itself.
    Plain,
    /// A staged TIMESTAMP that holds UTC, as TIMESTAMPTZ.
    AtTimeZoneUtc,
    /// A staged TIMESTAMP on 1970-01-01, as TIME.
    CastToTime,
    /// Staged JSON text, as SUPER.
    JsonParse,
    /// Staged hexadecimal digits, as VARBYTE.
    FromHex,
}

/// A check that every value of a column passes before it is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// NULL is refused.
    NotNull,
    /// Text of at most this many UTF-8 bytes.
    MaxBytes(u32),
    /// Single-byte (ASCII) characters only.
    SingleByte,
    /// No NUL characters.
    NoNul,
    /// A decimal whose unscaled value, at the declared scale, has at most this many digits.
    MaxDigits(u8),
    /// A decimal whose unscaled value, at the declared scale, is at most this in magnitude:
    /// DECIMAL(19, s) lives in 64 bits, so not all of its nineteen digits can be nines.
    MaxUnscaled(i64),
    /// A date or timestamp that the target can hold.
    TimeRange,
    /// At most this many bytes of a value that cannot be cut short: VARBYTE, and the text of SUPER.
    MaxOctets(u32),
    /// Bytes, of which there is at least one.
    NotEmpty,
    /// No floating-point number so small that it is held with fewer digits than its type has.
    NotSubnormal,
    /// A time of a day: from midnight to less than 24 hours after it.
    TimeOfDay,
    /// An array, map, multiset or row whose every part SUPER holds as it is.
    Nested,
    /// Text that is one JSON value which SUPER holds.
    JsonText,
}

/// What becomes of one declared column.
#[derive(Debug, Clone)]
pub struct ColumnPlan {
    /// Index of the column in the declared schema and in every batch.
    pub source: usize,
    /// The target column's name as stored.
    pub target: String,
    /// The target column's type.
    pub target_type: RedshiftType,
    /// Whether the column belongs to the primary key.
    pub key: bool,
    /// The Arrow field that is written to the part; values are cast to it after the checks.
    pub staged: FieldRef,
    /// The type of the column in a staging table that COPY can load the part into.
    pub staging_type: RedshiftType,
    /// Staging column to target column.
    pub expression: LoadExpression,
    /// The checks, in order.
    pub rules: Vec<Rule>,
}

impl ColumnPlan {
    /// Whether COPY can load the column into the target itself.
    pub fn direct(&self) -> bool {
        self.expression == LoadExpression::Plain && self.staging_type == self.target_type
    }
}

/// What becomes of each column of a table; only made when everything fits.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// The declared columns, in declared order.
    pub columns: Vec<ColumnPlan>,
    /// Whether COPY can load the parts into the target itself, without a staging table.
    pub direct: bool,
    /// Whether every column of the target is written.
    pub complete: bool,
}

/// The type of a column in a table that is created for a declared type.
///
/// Flink counts characters and Redshift bytes, four of which hold any character: CHAR(n) and
/// VARCHAR(n) become VARCHAR(4n), up to Redshift's widest. CHAR becomes VARCHAR because Redshift's
/// CHAR takes single-byte characters only. STRING becomes VARCHAR(`string_width`). DECIMAL(19, s)
/// becomes DECIMAL(20, s), because Redshift holds nineteen digits in 64 bits, which are too few
/// for all of them. Intervals become numbers: of months, and of milliseconds. BYTES becomes the widest
/// VARBYTE that every release of Redshift knows.
pub fn default_target(declared: &FlinkType, string_width: u32) -> RedshiftType {
    match *declared {
        FlinkType::Boolean => RedshiftType::Boolean,
        FlinkType::TinyInt | FlinkType::SmallInt => RedshiftType::SmallInt,
        FlinkType::Int => RedshiftType::Integer,
        FlinkType::BigInt => RedshiftType::BigInt,
        FlinkType::Float => RedshiftType::Real,
        FlinkType::Double => RedshiftType::Double,
        FlinkType::Decimal { precision: 19, scale } => {
            RedshiftType::Decimal { precision: 20, scale }
        }
        FlinkType::Decimal { precision, scale } => RedshiftType::Decimal { precision, scale },
        FlinkType::Char(length) | FlinkType::VarChar(length) => {
            let widest = limits::VARCHAR_BYTES as u32;
            RedshiftType::VarChar(length.saturating_mul(4).min(widest))
        }
        FlinkType::String => RedshiftType::VarChar(string_width),
        FlinkType::Date => RedshiftType::Date,
        FlinkType::Timestamp(_) => RedshiftType::Timestamp,
        FlinkType::TimestampLtz(_) => RedshiftType::TimestampTz,
        FlinkType::Binary(length) | FlinkType::VarBinary(length) => {
            RedshiftType::VarByte(length.min(limits::VARBYTE_BYTES as u32))
        }
        FlinkType::Bytes => RedshiftType::VarByte(limits::VARBYTE_BYTES_EVERYWHERE as u32),
        FlinkType::Time(_) => RedshiftType::Time,
        FlinkType::IntervalYearMonth => RedshiftType::Integer,
        FlinkType::IntervalDaySecond => RedshiftType::BigInt,
        FlinkType::Array(_) | FlinkType::Map(..) | FlinkType::Multiset(_) | FlinkType::Row(_) => {
            RedshiftType::Super
        }
    }
}

/// The checks under which values of a declared type fit a target column; `None` when they do not
/// fit it at all.
///
/// Whole types must fit: a narrower integer or a shorter scale is refused here, not row by row.
/// Only what the declared type does not bound (bytes of text, decimals' leading digits, ranges of
/// time) is left to a check of each value.
pub(super) fn rules(declared: &FlinkType, target: &RedshiftType) -> Option<Vec<Rule>> {
    use FlinkType as F;
    use RedshiftType as R;
    match (declared, target) {
        (F::Boolean, R::Boolean)
        | (F::TinyInt | F::SmallInt, R::SmallInt | R::Integer | R::BigInt)
        | (F::Int, R::Integer | R::BigInt)
        | (F::BigInt, R::BigInt)
        | (F::Float, R::Real | R::Double)
        | (F::Double, R::Double) => Some(Vec::new()),
        (F::TinyInt | F::SmallInt | F::Int | F::BigInt, R::Decimal { precision, scale }) => {
            integer_rules(declared, *precision, *scale)
        }
        (F::Decimal { precision, scale }, R::Decimal { precision: target, scale: to }) => {
            decimal_rules((*precision, *scale), (*target, *to))
        }
        (F::Char(_) | F::VarChar(_) | F::String, R::VarChar(width)) => {
            Some(vec![Rule::NoNul, Rule::MaxBytes(*width)])
        }
        (F::Char(_) | F::VarChar(_) | F::String, R::Char(width)) => {
            Some(vec![Rule::NoNul, Rule::SingleByte, Rule::MaxBytes(*width)])
        }
        (F::Char(_) | F::VarChar(_) | F::String, R::Super) => {
            Some(vec![Rule::MaxOctets(SUPER_TEXT_BYTES), Rule::JsonText])
        }
        (F::Array(_) | F::Map(..) | F::Multiset(_) | F::Row(_), R::Super) => {
            nests_in_json(declared).then(|| vec![Rule::Nested, Rule::MaxOctets(SUPER_TEXT_BYTES)])
        }
        (F::Binary(_) | F::VarBinary(_) | F::Bytes, R::VarByte(width)) => {
            Some(vec![Rule::MaxOctets(*width)])
        }
        (F::Date, R::Date)
        | (F::Timestamp(_), R::Timestamp)
        | (F::TimestampLtz(_), R::TimestampTz | R::Timestamp) => Some(vec![Rule::TimeRange]),
        (F::Time(_), R::Time | R::Timestamp) => Some(vec![Rule::TimeOfDay]),
        (F::IntervalYearMonth, R::Integer | R::BigInt) | (F::IntervalDaySecond, R::BigInt) => {
            Some(Vec::new())
        }
        _ => None,
    }
}

/// The checks of a column whose values travel in this way.
///
/// As parameters bytes are hexadecimal digits in a VARCHAR, so fewer of them fit than in a VARBYTE;
/// and no page says what FROM_HEX makes of no digits at all. An INSERT of a subnormal number was seen
/// to fail, and to store an infinity.
pub(super) fn carried_rules(
    rules: Vec<Rule>,
    target: &RedshiftType,
    carrier: Carrier,
) -> Vec<Rule> {
    let more = match (carrier, target) {
        (Carrier::Binds, RedshiftType::VarByte(_)) => Rule::NotEmpty,
        (Carrier::Binds, RedshiftType::Real | RedshiftType::Double) => Rule::NotSubnormal,
        _ => return rules,
    };
    let narrowed = rules.into_iter().map(|rule| match rule {
        Rule::MaxOctets(width) => Rule::MaxOctets(width.min(BOUND_BYTES)),
        other => other,
    });
    narrowed.chain([more]).collect()
}

/// Whether a type that nests has a form in JSON: the keys of objects are texts, so what nests itself
/// cannot be the key of a map, nor the element of a multiset.
pub(super) fn nests_in_json(data_type: &FlinkType) -> bool {
    use FlinkType as F;
    match data_type {
        F::Array(element) => nests_in_json(&element.data_type),
        F::Map(key, value) => !key.data_type.nests() && nests_in_json(&value.data_type),
        F::Multiset(element) => !element.data_type.nests(),
        F::Row(fields) => {
            let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            names.sort_unstable();
            names.windows(2).all(|pair| pair[0] != pair[1])
                && fields.iter().all(|field| nests_in_json(&field.data_type))
        }
        _ => true,
    }
}

/// Integers fit a decimal that holds every one of them. A DECIMAL(19) does not: it stops one short
/// of BIGINT's least value.
fn integer_rules(declared: &FlinkType, precision: u8, scale: u8) -> Option<Vec<Rule>> {
    let digits = match declared {
        FlinkType::TinyInt => 3,
        FlinkType::SmallInt => 5,
        FlinkType::Int => 10,
        _ => 19,
    };
    let room = precision.saturating_sub(scale);
    (room >= digits && precision != 19).then(Vec::new)
}

/// Decimals fit where no digit behind the point is lost; too many in front of it are found value
/// by value, unless the declared type rules them out.
fn decimal_rules((precision, scale): (u8, u8), (target, to): (u8, u8)) -> Option<Vec<Rule>> {
    let added = to.checked_sub(scale)?;
    let fitting = target.checked_sub(added)?;
    if target == 19 && precision >= fitting {
        let limit = i64::MAX.checked_div(10_i64.checked_pow(u32::from(added))?)?;
        return Some(vec![Rule::MaxUnscaled(limit)]);
    }
    Some(if precision > fitting { vec![Rule::MaxDigits(fitting)] } else { Vec::new() })
}

/// How values for a target type are staged.
pub(super) struct StagedAs {
    pub arrow: DataType,
    pub staging_type: RedshiftType,
    pub expression: LoadExpression,
}

/// What is written to a part for a target type, or bound for it; `None` for types that are not
/// carried.
///
/// COPY of Parquet has no mapping for TIME, and none for JSON text to SUPER that would not make it
/// a string: a timestamp and a VARCHAR are loaded and converted in SQL, in both formats alike.
/// COPY widens nothing, so this is the exact counterpart of the target's type and not of the
/// declared one. Whether Parquet's UTC timestamps load into TIMESTAMPTZ is unverified: they are
/// staged as TIMESTAMP and converted in SQL, whereas CSV's text with its `+00` loads directly, and a
/// parameter says its type. Decimals of Parquet are staged in the forms that COPY was seen to load
/// ([`surely_loaded`]).
///
/// As parameters, a TIME says its type too. A VARBYTE would not do: whether its text is digits or the
/// bytes themselves depends on who casts it, so digits go into a VARCHAR, and FROM_HEX reads them.
pub(super) fn staged(target: &RedshiftType, carrier: impl Into<Carrier>) -> Option<StagedAs> {
    let carrier = carrier.into();
    let arrow = match target {
        RedshiftType::Boolean => DataType::Boolean,
        RedshiftType::SmallInt => DataType::Int16,
        RedshiftType::Integer => DataType::Int32,
        RedshiftType::BigInt => DataType::Int64,
        RedshiftType::Real => DataType::Float32,
        RedshiftType::Double => DataType::Float64,
        RedshiftType::Decimal { precision, scale } if carrier == Carrier::Parquet => {
            let precision = surely_loaded(*precision);
            return Some(StagedAs {
                arrow: decimal(precision, *scale),
                staging_type: RedshiftType::Decimal { precision, scale: *scale },
                expression: LoadExpression::Plain,
            });
        }
        RedshiftType::Decimal { precision, scale } => decimal(*precision, *scale),
        RedshiftType::Char(_) | RedshiftType::VarChar(_) => DataType::Utf8,
        RedshiftType::Date => DataType::Date32,
        RedshiftType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        RedshiftType::TimestampTz if carrier == Carrier::Parquet => {
            return Some(StagedAs {
                arrow: DataType::Timestamp(TimeUnit::Microsecond, None),
                staging_type: RedshiftType::Timestamp,
                expression: LoadExpression::AtTimeZoneUtc,
            });
        }
        RedshiftType::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        RedshiftType::VarByte(width) if carrier == Carrier::Binds => {
            return Some(StagedAs {
                arrow: DataType::Binary,
                staging_type: RedshiftType::VarChar(2 * (*width).min(BOUND_BYTES)),
                expression: LoadExpression::FromHex,
            });
        }
        RedshiftType::VarByte(_) => DataType::Binary,
        RedshiftType::Time if carrier == Carrier::Binds => DataType::Time64(TimeUnit::Microsecond),
        RedshiftType::Time => {
            return Some(StagedAs {
                arrow: DataType::Timestamp(TimeUnit::Microsecond, None),
                staging_type: RedshiftType::Timestamp,
                expression: LoadExpression::CastToTime,
            });
        }
        RedshiftType::Super => {
            return Some(StagedAs {
                arrow: DataType::Utf8,
                staging_type: RedshiftType::VarChar(SUPER_TEXT_BYTES),
                expression: LoadExpression::JsonParse,
            });
        }
        RedshiftType::Other(_) => return None,
    };
    Some(StagedAs { arrow, staging_type: target.clone(), expression: LoadExpression::Plain })
}

/// Redshift's scale is at most 37, so it fits Arrow's signed byte.
fn decimal(precision: u8, scale: u8) -> DataType {
    DataType::Decimal128(precision, scale as i8)
}

/// The digits that a decimal has in a Parquet file. COPY was seen to load INT64, which holds 10 to 18
/// digits, and 16 bytes, which 38 digits have; nobody has said so of INT32 and of the lengths between.
fn surely_loaded(precision: u8) -> u8 {
    match precision {
        ..10 => 18,
        10..=18 => precision,
        _ => limits::DECIMAL_PRECISION as u8,
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
