//! Why a field or a record of text cannot be loaded: the load error codes and their texts. Codes are
//! Redshift's throughout; texts are where they are documented or have been seen, else a sentence of
//! the code's meaning. Tell errors apart by code.

/// One cause, as the load-error views tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Load error code.
    pub code: i32,
    /// Its text.
    pub text: String,
    /// Byte in the field, from 0.
    pub position: i32,
}

impl Reason {
    fn new(code: i32, text: impl Into<String>) -> Reason {
        Reason { code, text: text.into(), position: 0 }
    }

    fn at(mut self, position: usize) -> Reason {
        self.position = i32::try_from(position).unwrap_or(i32::MAX);
        self
    }

    /// A file that cannot be read as text at all.
    pub fn unknown(what: &str) -> Reason {
        Reason::new(1200, format!("Unknown parse error: {what}"))
    }

    /// More fields than columns.
    pub fn extra_columns() -> Reason {
        Reason::new(1202, "Extra column(s) found")
    }

    /// Fewer fields than columns.
    pub fn missing_columns() -> Reason {
        Reason::new(1203, "Input data had fewer columns than were defined in the DDL")
    }

    /// A number beyond the column's range.
    pub fn out_of_range(type_name: &str) -> Reason {
        Reason::new(1204, format!("Input data exceeded the acceptable range, Type: {type_name}"))
    }

    /// Text longer than the column, in bytes.
    pub fn too_long() -> Reason {
        Reason::new(1204, "String length exceeds DDL length")
    }

    /// No date of the expected format.
    pub fn date(format: &str) -> Reason {
        Reason::new(1205, format!("Invalid Date Format or value [{format}]"))
    }

    /// No timestamp of the expected format.
    pub fn timestamp(format: &str) -> Reason {
        Reason::new(1206, format!("Invalid timestamp format or value [{format}]"))
    }

    /// Something other than a digit in a number.
    pub fn digit(found: char, position: usize, type_name: &str) -> Reason {
        let text = format!("Invalid digit, Value '{found}', Pos {position}, Type: {type_name}");
        Reason::new(1207, text).at(position)
    }

    /// No floating-point number.
    pub fn float(type_name: &str) -> Reason {
        Reason::new(1208, format!("Invalid FLOAT format or value, Type: {type_name}"))
    }

    /// No decimal number.
    pub fn decimal() -> Reason {
        Reason::new(1209, "Invalid DECIMAL format or value")
    }

    /// No boolean.
    pub fn boolean() -> Reason {
        Reason::new(1210, "Unknown boolean format")
    }

    /// A line without anything.
    pub fn empty_line() -> Reason {
        Reason::new(1211, "Line is empty")
    }

    /// NULL for a NOT NULL column.
    pub fn not_null() -> Reason {
        Reason::new(1213, "Missing data for not-null field")
    }

    /// Quotes where CSV has none.
    pub fn quoting() -> Reason {
        Reason::new(1216, "Invalid quote formatting for CSV")
    }

    /// A record longer than the scanner's buffer.
    pub fn line_too_long(limit: usize) -> Reason {
        Reason::new(1216, format!("Input line is not valid: longer than {limit} bytes"))
    }

    /// A character of several bytes for a CHAR column.
    pub fn multibyte(sequence: &[u8], position: usize) -> Reason {
        let text = format!(
            "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: {}",
            spaced_hex(sequence)
        );
        Reason::new(1220, text).at(position)
    }

    /// Bytes that are no UTF-8.
    pub fn utf8(sequence: &[u8], error: u8, position: usize) -> Reason {
        let text = format!(
            "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {} \
             (error {error})",
            spaced_hex(sequence)
        );
        Reason::new(1220, text).at(position)
    }

    /// No hexadecimal digits in pairs.
    pub fn hex() -> Reason {
        Reason::new(1223, "Invalid hexadecimal value for VARBYTE")
    }

    /// No JSON for a SUPER.
    pub fn json() -> Reason {
        Reason::new(1224, "Invalid JSON for SUPER")
    }

    /// An integer beyond the column's range.
    pub fn overflow(type_name: &str) -> Reason {
        Reason::new(1222, format!("Overflow error for an integer value, Type: {type_name}"))
    }
}

fn spaced_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&hex::encode([*byte]));
    }
    text
}
