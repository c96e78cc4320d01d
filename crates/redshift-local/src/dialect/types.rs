//! Redshift's data types: how they are written, what they allow, and what stores them.

use super::{
    action::{Refusal, Settings},
    token::{Kind, Token},
    words::Words,
};
use crate::copy::target::ColumnType;

/// `VARCHAR(MAX)` in CREATE TABLE and casts.
const WIDEST_VARCHAR: i64 = 65535;
/// The widest CHAR.
const WIDEST_CHAR: i64 = 4096;
/// The width of TEXT, BPCHAR and VARCHAR without a number.
const USUAL_WIDTH: u32 = 256;

/// The widest VARBYTE.
const WIDEST_VARBYTE: i64 = 16_777_216;
/// The widest VARBYTE that the stand-in can store.
const WIDEST_VARBYTE_HERE: i64 = 5_000_000;
/// The width of VARBYTE without a number.
const USUAL_VARBYTE: u32 = 64_000;

/// Types that Redshift has and the stand-in does not.
const NOT_MODELLED: &[&str] = &["timetz", "interval", "geometry", "geography", "hllsketch"];

/// Reads a type.
pub(crate) fn parse(words: &mut Words<'_>) -> Result<ColumnType, Refusal> {
    let Some(Token { kind: Kind::Word(name), .. }) = words.peek() else {
        return Err(words.unexpected());
    };
    let name = name.to_ascii_lowercase();
    words.at += 1;
    let parsed = match name.as_str() {
        "boolean" | "bool" => ColumnType::Boolean,
        "smallint" | "int2" => ColumnType::SmallInt,
        "integer" | "int" | "int4" => ColumnType::Integer,
        "bigint" | "int8" => ColumnType::BigInt,
        "real" | "float4" => ColumnType::Real,
        "float8" => ColumnType::Double,
        "float" => float(words)?,
        "double" if words.take(&["precision"]) => ColumnType::Double,
        "decimal" | "numeric" => decimal(words)?,
        "char" | "nchar" => ColumnType::Char(width(words, 1, WIDEST_CHAR)?),
        "character" if words.take(&["varying"]) => varchar(words)?,
        "character" => ColumnType::Char(width(words, 1, WIDEST_CHAR)?),
        "bpchar" => ColumnType::Char(without_width(words, USUAL_WIDTH)?),
        "varchar" | "nvarchar" => varchar(words)?,
        "text" => ColumnType::VarChar(without_width(words, USUAL_WIDTH)?),
        "date" => ColumnType::Date,
        "timestamp" => timestamp(words)?,
        "timestamptz" => ColumnType::TimestampTz,
        "time" => time(words)?,
        "varbyte" | "varbinary" => varbyte(words)?,
        "binary" if words.take(&["varying"]) => varbyte(words)?,
        "super" => ColumnType::Super,
        other if NOT_MODELLED.contains(&other) => {
            return Err(Refusal::not_modelled(format!("type {other}")));
        }
        "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" => {
            return Err(Refusal::unsupported(format!(
                "type \"{name}\" is not supported; use IDENTITY"
            )));
        }
        other => {
            return Err(Refusal::new("0A000", format!("Column type \"{other}\" is not supported")));
        }
    };
    if words.peek().is_some_and(|token| token.is_symbol("[")) || words.take(&["array"]) {
        return Err(Refusal::unsupported("arrays are not supported as column types"));
    }
    Ok(parsed)
}

/// Reads a type that is all there is.
pub(crate) fn parse_whole(text: &str, settings: &Settings) -> Result<ColumnType, Refusal> {
    let tokens = super::token::tokens(text)?;
    let mut words = Words::new(text, &tokens, settings);
    let parsed = parse(&mut words)?;
    words.end()?;
    Ok(parsed)
}

fn varchar(words: &mut Words<'_>) -> Result<ColumnType, Refusal> {
    if words.rest().get(1).is_some_and(|token| token.is_word("max")) && words.take_symbol("(") {
        words.expect("max")?;
        words.expect_symbol(")")?;
        return Ok(ColumnType::VarChar(WIDEST_VARCHAR as u32));
    }
    Ok(ColumnType::VarChar(width(words, USUAL_WIDTH, WIDEST_VARCHAR)?))
}

/// PostgreSQL bounds widths of text at 10,485,760, and bytes are two digits each.
fn varbyte(words: &mut Words<'_>) -> Result<ColumnType, Refusal> {
    if !words.take_symbol("(") {
        return Ok(ColumnType::VarByte(USUAL_VARBYTE));
    }
    let width = words.integer()?;
    words.expect_symbol(")")?;
    match width {
        1..=WIDEST_VARBYTE_HERE => Ok(ColumnType::VarByte(width as u32)),
        width if (1..=WIDEST_VARBYTE).contains(&width) => {
            Err(Refusal::not_modelled(format!("VARBYTE of more than {WIDEST_VARBYTE_HERE} bytes")))
        }
        _ => Err(Refusal::new(
            "22023",
            format!("length for type varbyte must be from 1 to {WIDEST_VARBYTE}"),
        )),
    }
}

fn time(words: &mut Words<'_>) -> Result<ColumnType, Refusal> {
    if words.peek().is_some_and(|token| token.is_symbol("(")) {
        return Err(Refusal::not_modelled("TIME with a precision"));
    }
    if words.take(&["with", "time", "zone"]) {
        return Err(Refusal::not_modelled("type timetz"));
    }
    words.take(&["without", "time", "zone"]);
    Ok(ColumnType::Time)
}

fn width(words: &mut Words<'_>, usual: u32, widest: i64) -> Result<u32, Refusal> {
    if !words.take_symbol("(") {
        return Ok(usual);
    }
    let width = words.integer()?;
    words.expect_symbol(")")?;
    if width < 1 {
        return Err(Refusal::new("22023", "length for type char or varchar must be at least 1"));
    }
    if width > widest {
        return Err(Refusal::new(
            "22023",
            format!("length for type varchar or char cannot exceed {widest}"),
        ));
    }
    Ok(width as u32)
}

fn without_width(words: &mut Words<'_>, usual: u32) -> Result<u32, Refusal> {
    if words.peek().is_some_and(|token| token.is_symbol("(")) {
        return Err(Refusal::not_modelled("TEXT and BPCHAR with a width"));
    }
    Ok(usual)
}

fn float(words: &mut Words<'_>) -> Result<ColumnType, Refusal> {
    if !words.take_symbol("(") {
        return Ok(ColumnType::Double);
    }
    let bits = words.integer()?;
    words.expect_symbol(")")?;
    match bits {
        1..=24 => Ok(ColumnType::Real),
        25..=53 => Ok(ColumnType::Double),
        _ => Err(Refusal::new("22023", "precision for type float must be from 1 to 53 bits")),
    }
}

fn decimal(words: &mut Words<'_>) -> Result<ColumnType, Refusal> {
    if !words.take_symbol("(") {
        return Ok(ColumnType::Decimal(18, 0));
    }
    let precision = words.integer()?;
    let scale = if words.take_symbol(",") { words.integer()? } else { 0 };
    words.expect_symbol(")")?;
    if !(1..=38).contains(&precision) {
        return Err(Refusal::new(
            "22023",
            format!("DECIMAL precision {precision} must be between 1 and 38"),
        ));
    }
    if !(0..=precision.min(37)).contains(&scale) {
        return Err(Refusal::new(
            "22023",
            format!("DECIMAL scale {scale} must be between 0 and {}", precision.min(37)),
        ));
    }
    Ok(ColumnType::Decimal(precision as u8, scale as u8))
}

fn timestamp(words: &mut Words<'_>) -> Result<ColumnType, Refusal> {
    if words.peek().is_some_and(|token| token.is_symbol("(")) {
        return Err(Refusal::not_modelled("TIMESTAMP with a precision"));
    }
    if words.take(&["with", "time", "zone"]) {
        return Ok(ColumnType::TimestampTz);
    }
    words.take(&["without", "time", "zone"]);
    Ok(ColumnType::Timestamp)
}

/// The type that stores it in PostgreSQL.
pub(crate) fn storage(column_type: ColumnType) -> String {
    match column_type {
        ColumnType::Boolean => "boolean".into(),
        ColumnType::SmallInt => "smallint".into(),
        ColumnType::Integer => "integer".into(),
        ColumnType::BigInt => "bigint".into(),
        ColumnType::Real => "real".into(),
        ColumnType::Double => "double precision".into(),
        ColumnType::Decimal(precision, scale) => format!("numeric({precision},{scale})"),
        ColumnType::Char(width) => format!("character({width})"),
        ColumnType::VarChar(width) => format!("redshift_sys.\"varchar\"({width})"),
        ColumnType::Date => "date".into(),
        ColumnType::Timestamp => "timestamp without time zone".into(),
        ColumnType::TimestampTz => "timestamp with time zone".into(),
        ColumnType::Time => "time without time zone".into(),
        ColumnType::VarByte(width) => format!("redshift_sys.varbyte({})", width * 2),
        ColumnType::Super => "redshift_sys.super".into(),
    }
}

/// The name that a result column has when a cast gives it none of its own.
pub(crate) fn label(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Boolean => "bool",
        ColumnType::SmallInt => "int2",
        ColumnType::Integer => "int4",
        ColumnType::BigInt => "int8",
        ColumnType::Real => "float4",
        ColumnType::Double => "float8",
        ColumnType::Decimal(..) => "numeric",
        ColumnType::Char(_) => "bpchar",
        ColumnType::VarChar(_) => "varchar",
        ColumnType::Date => "date",
        ColumnType::Timestamp => "timestamp",
        ColumnType::TimestampTz => "timestamptz",
        ColumnType::Time => "time",
        ColumnType::VarByte(_) => "varbyte",
        ColumnType::Super => "super",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        case_sensitive: false,
        superuser: false,
        serverless: true,
        trailing_blanks_group: false,
        case_insensitive: false,
    };

    #[test]
    fn every_spelling() {
        use ColumnType::*;
        for (text, expected) in [
            ("BOOL", Boolean),
            ("int2", SmallInt),
            ("INT", Integer),
            ("INT8", BigInt),
            ("FLOAT4", Real),
            ("FLOAT", Double),
            ("FLOAT(24)", Real),
            ("DOUBLE PRECISION", Double),
            ("NUMERIC", Decimal(18, 0)),
            ("DECIMAL(38, 37)", Decimal(38, 37)),
            ("DECIMAL(5)", Decimal(5, 0)),
            ("CHAR", Char(1)),
            ("NCHAR(4096)", Char(4096)),
            ("BPCHAR", Char(256)),
            ("CHARACTER VARYING(7)", VarChar(7)),
            ("NVARCHAR", VarChar(256)),
            ("VARCHAR(MAX)", VarChar(65535)),
            ("TEXT", VarChar(256)),
            ("DATE", Date),
            ("TIMESTAMP WITHOUT TIME ZONE", Timestamp),
            ("TIMESTAMP WITH TIME ZONE", TimestampTz),
            ("TIMESTAMPTZ", TimestampTz),
            ("TIME", Time),
            ("TIME WITHOUT TIME ZONE", Time),
            ("VARBYTE", VarByte(64_000)),
            ("VARBINARY(7)", VarByte(7)),
            ("BINARY VARYING(1024000)", VarByte(1_024_000)),
            ("SUPER", Super),
        ] {
            assert_eq!(parse_whole(text, &SETTINGS).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_redshift_lacks_and_limits() {
        for text in [
            "VARCHAR(65536)",
            "VARCHAR(0)",
            "CHAR(4097)",
            "DECIMAL(39,0)",
            "DECIMAL(5,6)",
            "DECIMAL(38,38)",
            "INT[]",
            "INT ARRAY",
            "SERIAL",
            "BYTEA",
            "UUID",
            "JSONB",
            "MONEY",
            "VARBYTE(0)",
            "VARBYTE(16777217)",
            "BINARY(3)",
            "TIME(3)",
            "TIME WITH TIME ZONE",
            "TIMETZ",
            "INTERVAL YEAR TO MONTH",
            "TIMESTAMP(3)",
            "INT 4",
        ] {
            assert!(parse_whole(text, &SETTINGS).is_err(), "{text}");
        }
    }
}
