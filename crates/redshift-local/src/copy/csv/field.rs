//! One field of a record into one column.

use super::{
    datetime::{self, TimeLayout},
    number,
};
use crate::{
    copy::{
        CopyError,
        reason::Reason,
        rows::Rows,
        target::{ColumnType, TargetColumn},
        text,
    },
    dialect::copy::CsvFormat,
};

/// How fields become values.
pub struct Rules {
    null_as: Vec<u8>,
    empty_as_null: bool,
    blanks_as_null: bool,
    trim_blanks: bool,
    truncate: bool,
    accept_any_date: bool,
    round: bool,
    accept_inv_chars: Option<u8>,
    date_auto: bool,
    layout: TimeLayout,
}

impl Rules {
    /// The rules of a statement; layouts of one's own are not modelled.
    pub fn new(format: &CsvFormat, accept_inv_chars: Option<u8>) -> Result<Rules, CopyError> {
        let unknown = |name: &str, layout: &str| {
            CopyError::not_modelled(format!("{name} '{layout}' (modelled are 'auto' and defaults)"))
        };
        let date_auto = match format.date_format.as_deref() {
            None | Some("YYYY-MM-DD") => false,
            Some("auto") => true,
            Some(other) => return Err(unknown("DATEFORMAT", other)),
        };
        let layout = match format.time_format.as_deref() {
            None => TimeLayout::Default,
            Some("auto") => TimeLayout::Auto,
            Some("epochsecs") => TimeLayout::EpochSeconds,
            Some("epochmillisecs") => TimeLayout::EpochMillis,
            Some(other) => return Err(unknown("TIMEFORMAT", other)),
        };
        Ok(Rules {
            null_as: format.null_as.clone().into_bytes(),
            empty_as_null: format.empty_as_null,
            blanks_as_null: format.blanks_as_null,
            trim_blanks: format.trim_blanks,
            truncate: format.truncate_columns,
            accept_any_date: format.accept_any_date,
            round: format.round_decimals,
            accept_inv_chars,
            date_auto,
            layout,
        })
    }

    /// Writes the value of `field` for `column`. `scratch` is room for replaced characters.
    pub fn write(
        &self,
        column: &TargetColumn,
        field: &[u8],
        scratch: &mut Vec<u8>,
        rows: &mut Rows,
    ) -> Result<(), Reason> {
        if self.is_null(column.data_type, field) {
            return null(column, rows);
        }
        match column.data_type {
            ColumnType::Boolean => rows.boolean(number::boolean(field)?),
            // The ranges make these conversions exact.
            ColumnType::SmallInt => rows.int2(number::integer(field, number::SMALLINT)? as i16),
            ColumnType::Integer => rows.int4(number::integer(field, number::INTEGER)? as i32),
            ColumnType::BigInt => rows.int8(number::integer(field, number::BIGINT)?),
            ColumnType::Real => rows.float4(number::real(field, "Real")?),
            ColumnType::Double => rows.float8(number::float(field, "Double")?),
            ColumnType::Decimal(precision, scale) => {
                rows.numeric(number::decimal(field, precision, scale, self.round)?, scale);
            }
            ColumnType::VarChar(width) => self.varchar(field, width as usize, scratch, rows)?,
            ColumnType::Char(width) => self.char(field, width as usize, rows)?,
            ColumnType::Date => match datetime::date(field, self.date_auto) {
                Some(days) => rows.date(days),
                None => return self.no_time(column, Reason::date(self.date_name()), rows),
            },
            ColumnType::VarByte(width) => {
                let digits = hex::decode(field).map_err(|_| Reason::hex())?;
                if digits.len() > width as usize {
                    return Err(Reason::too_long());
                }
                rows.text(hex::encode(digits).as_bytes());
            }
            ColumnType::Super => {
                let text = std::str::from_utf8(field).map_err(|_| Reason::json())?;
                // A `Value` and not only its syntax, so that halves of surrogate pairs are found.
                let parsed = serde_json::from_str::<serde_json::Value>(text);
                if parsed.is_err() || text.contains("\\u0000") {
                    return Err(Reason::json());
                }
                rows.text(field);
            }
            ColumnType::Time => return Err(Reason::unknown("not modelled: TIME in CSV")),
            ColumnType::Timestamp => return self.timestamp(column, field, false, rows),
            ColumnType::TimestampTz => return self.timestamp(column, field, true, rows),
        }
        Ok(())
    }

    /// What FILLRECORD puts into a trailing column that a record lacks.
    pub fn fill(&self, column: &TargetColumn, rows: &mut Rows) -> Result<(), Reason> {
        match column.data_type {
            ColumnType::VarChar(_) if !self.empty_as_null => {
                rows.text(b"");
                Ok(())
            }
            _ => null(column, rows),
        }
    }

    fn is_null(&self, data_type: ColumnType, field: &[u8]) -> bool {
        // Whether quotes protect a field from NULL AS is not known: it is read as if they did not.
        if field == self.null_as {
            return true;
        }
        let is_text = matches!(data_type, ColumnType::Char(_) | ColumnType::VarChar(_));
        if field.is_empty() {
            return !is_text || self.empty_as_null;
        }
        is_text && self.blanks_as_null && field.iter().all(u8::is_ascii_whitespace)
    }

    fn date_name(&self) -> &'static str {
        if self.date_auto { "auto" } else { "YYYY-MM-DD" }
    }

    fn timestamp(
        &self,
        column: &TargetColumn,
        field: &[u8],
        zoned: bool,
        rows: &mut Rows,
    ) -> Result<(), Reason> {
        match datetime::timestamp(field, self.layout, zoned) {
            Some(micros) if crate::copy::limits::TIMESTAMP_RANGE.contains(&micros) => {
                rows.timestamp(micros);
                Ok(())
            }
            _ => self.no_time(column, Reason::timestamp(self.layout.name()), rows),
        }
    }

    /// ACCEPTANYDATE takes what is no date or time as NULL.
    fn no_time(
        &self,
        column: &TargetColumn,
        reason: Reason,
        rows: &mut Rows,
    ) -> Result<(), Reason> {
        if self.accept_any_date { null(column, rows) } else { Err(reason) }
    }

    fn varchar(
        &self,
        field: &[u8],
        width: usize,
        scratch: &mut Vec<u8>,
        rows: &mut Rows,
    ) -> Result<(), Reason> {
        let mut value = field;
        if let Some(invalid) = text::first_invalid(value) {
            let Some(with) = self.accept_inv_chars else {
                let sequence = &value[invalid.start..invalid.start + invalid.length];
                return Err(Reason::utf8(sequence, invalid.error, invalid.start));
            };
            text::replace_invalid(value, with, scratch);
            value = scratch;
        }
        if self.trim_blanks {
            let blanks = value.iter().rev().take_while(|byte| **byte == b' ').count();
            value = &value[..value.len() - blanks];
        }
        rows.text(self.fitted(value, width)?);
        Ok(())
    }

    fn char(&self, field: &[u8], width: usize, rows: &mut Rows) -> Result<(), Reason> {
        if let Some((at, sequence)) = text::first_multibyte(field) {
            return Err(Reason::multibyte(sequence, at));
        }
        rows.padded(self.fitted(field, width)?, width);
        Ok(())
    }

    fn fitted<'a>(&self, value: &'a [u8], width: usize) -> Result<&'a [u8], Reason> {
        match value.len() > width {
            false => Ok(value),
            true if self.truncate => Ok(text::truncated(value, width)),
            true => Err(Reason::too_long()),
        }
    }
}

fn null(column: &TargetColumn, rows: &mut Rows) -> Result<(), Reason> {
    if column.not_null {
        return Err(Reason::not_null());
    }
    rows.null();
    Ok(())
}
