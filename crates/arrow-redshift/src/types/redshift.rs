//! Redshift's column types, as its catalog names them and as DDL spells them.

use std::fmt;

use super::NameCase;

/// A Redshift column type; its `Display` is the type as DDL spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedshiftType {
    /// `BOOLEAN`
    Boolean,
    /// `SMALLINT`
    SmallInt,
    /// `INTEGER`
    Integer,
    /// `BIGINT`
    BigInt,
    /// `REAL`
    Real,
    /// `DOUBLE PRECISION`
    Double,
    /// `DECIMAL(p, s)`
    Decimal {
        /// Digits, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `CHAR(n)`, n bytes, single-byte characters only.
    Char(u32),
    /// `VARCHAR(n)`, n bytes.
    VarChar(u32),
    /// `DATE`
    Date,
    /// `TIMESTAMP`
    Timestamp,
    /// `TIMESTAMPTZ`
    TimestampTz,
    /// `TIME`
    Time,
    /// `VARBYTE(n)`, n bytes.
    VarByte(u32),
    /// `SUPER`
    Super,
    /// A type that is not carried, by its catalog name.
    Other(String),
}

/// A column of the target as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetColumn {
    /// Name as stored.
    pub name: String,
    /// Type.
    pub data_type: RedshiftType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// The default expression's text, if there is one (identity columns show theirs here).
    pub default: Option<String>,
}

/// The target table as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTable {
    /// Schema as stored.
    pub schema: String,
    /// Table as stored.
    pub table: String,
    /// Columns in order.
    pub columns: Vec<TargetColumn>,
    /// What the sessions that read and write it do with names.
    pub case: NameCase,
}

impl RedshiftType {
    /// Reads a type as a catalog view gives it: its name, which may carry its own modifiers
    /// (`numeric(18,2)`), and the view's columns for length in bytes, precision and scale.
    ///
    /// What is nowhere said is Redshift's default: VARCHAR(256), CHAR(1), DECIMAL(18, 0),
    /// VARBYTE(64000).
    pub fn from_catalog(
        data_type: &str,
        length: Option<u32>,
        precision: Option<u32>,
        scale: Option<u32>,
    ) -> RedshiftType {
        let Some((name, modifiers)) = split_modifiers(data_type) else {
            return RedshiftType::Other(data_type.trim().to_owned());
        };
        let first = modifiers.first().copied();
        match name.as_str() {
            "boolean" | "bool" => RedshiftType::Boolean,
            "smallint" | "int2" => RedshiftType::SmallInt,
            "integer" | "int" | "int4" => RedshiftType::Integer,
            "bigint" | "int8" => RedshiftType::BigInt,
            "real" | "float4" => RedshiftType::Real,
            "double precision" | "float8" | "float" => RedshiftType::Double,
            "numeric" | "decimal" => decimal(
                data_type,
                first.or(precision).unwrap_or(18),
                if first.is_some() { modifiers.get(1).copied() } else { scale }.unwrap_or(0),
            ),
            "character" | "char" | "bpchar" | "nchar" => {
                RedshiftType::Char(first.or(length).unwrap_or(1))
            }
            "character varying" | "varchar" | "nvarchar" | "text" => {
                RedshiftType::VarChar(first.or(length).unwrap_or(256))
            }
            "date" => RedshiftType::Date,
            "timestamp without time zone" | "timestamp" => RedshiftType::Timestamp,
            "timestamp with time zone" | "timestamptz" => RedshiftType::TimestampTz,
            "time without time zone" | "time" => RedshiftType::Time,
            "binary varying" | "varbyte" | "varbinary" => {
                RedshiftType::VarByte(first.or(length).unwrap_or(64_000))
            }
            "super" => RedshiftType::Super,
            _ => RedshiftType::Other(data_type.trim().to_owned()),
        }
    }
}

fn decimal(data_type: &str, precision: u32, scale: u32) -> RedshiftType {
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
            RedshiftType::Decimal { precision, scale }
        }
        _ => RedshiftType::Other(data_type.trim().to_owned()),
    }
}

/// `numeric(18,2)` becomes its name in lower case and its numbers; `None` where they are no
/// numbers or the text is not of this form.
fn split_modifiers(text: &str) -> Option<(String, Vec<u32>)> {
    let text = text.trim().to_ascii_lowercase();
    let Some((name, rest)) = text.split_once('(') else {
        return Some((text, Vec::new()));
    };
    let (numbers, behind) = rest.split_once(')')?;
    let numbers = numbers.split(',').map(|number| number.trim().parse().ok());
    let name = [name.trim(), behind.trim()].join(" ");
    Some((name.trim().to_owned(), numbers.collect::<Option<_>>()?))
}

impl fmt::Display for RedshiftType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RedshiftType::Boolean => f.write_str("BOOLEAN"),
            RedshiftType::SmallInt => f.write_str("SMALLINT"),
            RedshiftType::Integer => f.write_str("INTEGER"),
            RedshiftType::BigInt => f.write_str("BIGINT"),
            RedshiftType::Real => f.write_str("REAL"),
            RedshiftType::Double => f.write_str("DOUBLE PRECISION"),
            RedshiftType::Decimal { precision, scale } => {
                write!(f, "DECIMAL({precision}, {scale})")
            }
            RedshiftType::Char(length) => write!(f, "CHAR({length})"),
            RedshiftType::VarChar(length) => write!(f, "VARCHAR({length})"),
            RedshiftType::Date => f.write_str("DATE"),
            RedshiftType::Timestamp => f.write_str("TIMESTAMP"),
            RedshiftType::TimestampTz => f.write_str("TIMESTAMPTZ"),
            RedshiftType::Time => f.write_str("TIME"),
            RedshiftType::VarByte(length) => write!(f, "VARBYTE({length})"),
            RedshiftType::Super => f.write_str("SUPER"),
            RedshiftType::Other(name) => f.write_str(name),
        }
    }
}

impl TargetColumn {
    /// Whether Redshift alone fills this column (`IDENTITY`): COPY refuses values for it.
    ///
    /// `GENERATED BY DEFAULT AS IDENTITY` is not meant: it takes values.
    pub fn is_identity(&self) -> bool {
        self.default.as_deref().is_some_and(|default| {
            let text = default.to_ascii_lowercase().replace(['"', ' '], "");
            let text = text.strip_prefix("pg_catalog.").unwrap_or(&text);
            text.starts_with("identity(")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_goes_both_ways() {
        for (catalog, ddl) in [
            ("boolean", "BOOLEAN"),
            ("smallint", "SMALLINT"),
            ("integer", "INTEGER"),
            ("bigint", "BIGINT"),
            ("real", "REAL"),
            ("double precision", "DOUBLE PRECISION"),
            ("numeric(18,2)", "DECIMAL(18, 2)"),
            ("numeric(38)", "DECIMAL(38, 0)"),
            ("numeric", "DECIMAL(18, 0)"),
            ("character(12)", "CHAR(12)"),
            ("character", "CHAR(1)"),
            ("character varying(256)", "VARCHAR(256)"),
            ("CHARACTER VARYING(65535)", "VARCHAR(65535)"),
            ("date", "DATE"),
            ("timestamp without time zone", "TIMESTAMP"),
            ("timestamp(6) without time zone", "TIMESTAMP"),
            ("timestamp with time zone", "TIMESTAMPTZ"),
            ("time without time zone", "TIME"),
            ("binary varying(7)", "VARBYTE(7)"),
            ("binary varying", "VARBYTE(64000)"),
            ("super", "SUPER"),
        ] {
            let data_type = RedshiftType::from_catalog(catalog, None, None, None);
            assert_eq!(data_type.to_string(), ddl, "{catalog}");
            assert_eq!(RedshiftType::from_catalog(ddl, None, None, None), data_type, "{ddl}");
        }
    }

    #[test]
    fn lengths_and_digits_come_from_the_views_columns_too() {
        let read = RedshiftType::from_catalog;
        assert_eq!(read("character varying", Some(20), None, None), RedshiftType::VarChar(20));
        assert_eq!(read("character", Some(3), None, None), RedshiftType::Char(3));
        assert_eq!(
            read("numeric", None, Some(18), Some(4)),
            RedshiftType::Decimal { precision: 18, scale: 4 }
        );
        assert_eq!(
            read("numeric(5)", None, Some(18), Some(4)),
            RedshiftType::Decimal { precision: 5, scale: 0 }
        );
        // The views give a precision for integers as well, which says nothing more.
        assert_eq!(read("integer", None, Some(32), Some(0)), RedshiftType::Integer);
    }

    #[test]
    fn other_types_keep_their_names() {
        for name in ["time with time zone", "interval year to month", "geometry", "("] {
            assert_eq!(
                RedshiftType::from_catalog(name, None, None, None),
                RedshiftType::Other(name.to_owned())
            );
        }
        assert_eq!(
            RedshiftType::from_catalog("numeric(99,1)", None, None, None),
            RedshiftType::Other("numeric(99,1)".to_owned())
        );
    }

    #[test]
    fn identity_is_told_from_defaults() {
        let column = |default: Option<&str>| TargetColumn {
            name: "id".to_owned(),
            data_type: RedshiftType::BigInt,
            nullable: false,
            default: default.map(str::to_owned),
        };
        for default in [
            "\"identity\"(108546, 0, '1,1'::text)",
            "IDENTITY(1,1)",
            "pg_catalog.\"identity\"(1, 0, '1,1')",
        ] {
            assert!(column(Some(default)).is_identity(), "{default}");
        }
        for default in
            ["default_identity(1,1)", "\"default_identity\"(1, 0, '1,1')", "7", "'identity('"]
        {
            assert!(!column(Some(default)).is_identity(), "{default}");
        }
        assert!(!column(None).is_identity());
    }
}
