//! File formats, and their parameters put together.

use super::{
    Refusal, invalid,
    lexer::Token,
    parameters::{Given, PARAMETERS, check},
    statement::Cursor,
};
use crate::dialect::copy::{CsvFormat, Format};

/// The name of a format that is modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatName {
    /// `CSV`
    Csv,
    /// `PARQUET`
    Parquet,
}

/// Formats that Redshift has and this stand-in has not.
const OTHERS: [&str; 7] =
    ["JSON", "AVRO", "ORC", "FIXEDWIDTH", "SHAPEFILE", "RCFILE", "SEQUENCEFILE"];

/// Parses `[FORMAT] [AS] name` at the cursor; `None` where there is no format.
pub fn format_name(cursor: &mut Cursor) -> Result<Option<FormatName>, Refusal> {
    let mut announced = cursor.skip("FORMAT");
    announced |= cursor.skip("AS");
    if cursor.skip("CSV") {
        return Ok(Some(FormatName::Csv));
    }
    if cursor.skip("PARQUET") {
        return Ok(Some(FormatName::Parquet));
    }
    if let Some(other) = OTHERS.iter().find(|name| cursor.peek().is_some_and(|t| t.is(name))) {
        return Err(Refusal::not_modelled(format!("COPY of {other}")));
    }
    if announced {
        // `FORMAT DELIMITER ','` is plain delimited text.
        if cursor.peek().is_some_and(|t| t.is("DELIMITER")) {
            return Err(Refusal::not_modelled(DELIMITED));
        }
        return Err(Refusal::syntax(cursor.peek().map(Token::shown).unwrap_or_default()));
    }
    Ok(None)
}

const DELIMITED: &str = "COPY of delimited text (give FORMAT CSV or PARQUET)";

/// The parameters of all formats.
pub struct Options(Vec<Given>);

impl Options {
    /// Checks what was given against the parameter matrix.
    pub fn new(
        given: Vec<Given>,
        format: Option<FormatName>,
    ) -> Result<(Options, Format), Refusal> {
        debug_assert!(PARAMETERS.is_sorted_by_key(|p| p.name));
        match format {
            Some(FormatName::Parquet) => check(&given, "PARQUET", |p| p.parquet)?,
            Some(FormatName::Csv) => check(&given, "CSV", |p| p.csv)?,
            None => return Err(Refusal::not_modelled(DELIMITED)),
        }
        let options = Options(given);
        let format = match format {
            Some(FormatName::Csv) => Format::Csv(options.csv()?),
            _ => Format::Parquet { serialize_to_json: options.has("SERIALIZETOJSON") },
        };
        Ok((options, format))
    }

    fn given(&self, name: &str) -> Option<&Given> {
        debug_assert!(PARAMETERS.iter().any(|p| p.name == name), "{name} is in the table");
        self.0.iter().find(|given| given.parameter.name == name)
    }

    /// Whether a parameter was given.
    pub fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// A parameter's text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.given(name).and_then(|given| given.value.clone())
    }

    /// A parameter's number, within `least` and `most`.
    pub fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
        let Some(digits) = self.text(name) else { return Ok(None) };
        match digits.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(invalid(format!("{name} must be between {least} and {most}"))),
        }
    }

    fn csv(&self) -> Result<CsvFormat, Refusal> {
        self.number("COMPROWS", 1000, 2_147_483_647)?;
        match self.text("ENCODING") {
            Some(encoding) if !encoding.eq_ignore_ascii_case("UTF8") => {
                return Err(Refusal::not_modelled(format!("ENCODING {encoding}")));
            }
            _ => {}
        }
        let format = CsvFormat {
            delimiter: self.character("DELIMITER", b',')?,
            quote: self.character("QUOTE", b'"')?,
            null_as: self.null_as()?,
            gzip: self.has("GZIP"),
            ignore_header: self.number("IGNOREHEADER", 0, i64::MAX as u64)?.unwrap_or(0),
            empty_as_null: self.has("EMPTYASNULL"),
            blanks_as_null: self.has("BLANKSASNULL"),
            trim_blanks: self.has("TRIMBLANKS"),
            truncate_columns: self.has("TRUNCATECOLUMNS"),
            accept_any_date: self.has("ACCEPTANYDATE"),
            round_decimals: self.has("ROUNDEC"),
            ignore_blank_lines: self.has("IGNOREBLANKLINES"),
            date_format: self.text("DATEFORMAT"),
            time_format: self.text("TIMEFORMAT"),
        };
        if format.delimiter == format.quote {
            return Err(invalid("DELIMITER and QUOTE must differ"));
        }
        Ok(format)
    }

    /// A single ASCII character that ends no line.
    fn character(&self, name: &str, default: u8) -> Result<u8, Refusal> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(*byte),
            _ => Err(invalid(format!("COPY {name} must be a single ASCII character"))),
        }
    }

    fn null_as(&self) -> Result<String, Refusal> {
        match self.text("NULL") {
            None => Ok("\\N".into()),
            Some(text) if text.contains('\n') => Err(invalid("NULL AS must not be a newline")),
            Some(text) if text.contains('\0') => Err(Refusal::not_modelled("NULL AS '\\0'")),
            Some(text) => Ok(text),
        }
    }
}
