//! What is wrong with a `csv` file, guessed from what newcomers meet: header lines, empty fields,
//! other delimiters, other encodings.

use arrow_redshift::types::FlinkType;

use super::{
    CsvFormat,
    record::{Malformed, Record},
};

/// What is wrong, and what to do.
pub struct Advice {
    /// What is wrong; it does not show the data.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl Advice {
    fn new(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Advice { message: message.into(), advice: advice.into() }
    }
}

/// What to do about text that is no record.
pub fn about(malformed: &Malformed) -> &'static str {
    match malformed {
        Malformed::Unclosed(_) => {
            "close it; or set 'csv.disable-quote-character' = 'true' where quotes belong to the \
             values"
        }
        Malformed::AfterQuote(_) => {
            "write a quote inside quotes twice; or set 'csv.disable-quote-character' = 'true' \
             where quotes belong to the values"
        }
        Malformed::TooLong(_) => "is a quote that opens here not closed?",
        Malformed::EndsInEscape(_) | Malformed::Unreadable(..) => "is the file complete?",
    }
}

/// A record whose fields are not as many as the table's columns.
pub fn about_number(record: &Record, declared: usize, format: &CsvFormat) -> Advice {
    let found = record.len();
    let fields = if found == 1 { "field" } else { "fields" };
    let columns = if declared == 1 { "column" } else { "columns" };
    let message = format!("the record has {found} {fields} and the table {declared} {columns}");
    let other = [b';', b'\t', b'|', b','].into_iter().find(|byte| {
        *byte != format.dialect.delimiter
            && found == 1
            && record.get(0).is_some_and(|text| text.contains(byte))
    });
    if let Some(byte) = other {
        let name = if byte == b'\t' { "\\t".to_owned() } else { char::from(byte).to_string() };
        let advice = format!(
            "it holds '{name}': where that is what separates fields, set 'csv.field-delimiter' = \
             '{name}'"
        );
        return Advice::new(message, advice);
    }
    let advice = "declare the columns that the file has, in its order; \
                  'csv.ignore-parse-errors' = 'true' fills short records up with NULL and leaves \
                  long ones out";
    Advice::new(message, advice)
}

/// A value that cannot be read; `None` where it is no text.
pub fn about_value(
    text: Option<&str>,
    line: u64,
    data_type: &FlinkType,
    format: &CsvFormat,
) -> Advice {
    let Some(text) = text else {
        return Advice::new(
            "the value is not UTF-8",
            "convert the file to UTF-8, with iconv for example; where it is compressed, its name \
             has to end in .gz or .gzip",
        );
    };
    if text.trim().is_empty() {
        let message = format!("the field is empty, which is no {data_type}");
        return Advice::new(
            message,
            match &format.null {
                None if text.is_empty() => {
                    "'csv.null-literal' = '' reads empty fields as NULL".to_owned()
                }
                None => "correct the file".to_owned(),
                Some(null) => {
                    format!("only '{null}' is read as NULL, which 'csv.null-literal' says")
                }
            },
        );
    }
    let message = format!("the value is no {data_type}");
    let header = line == 1 && !text.contains(|character: char| character.is_ascii_digit());
    if header {
        let advice = "take the line out of the file where it names the columns: Flink's csv format \
                      cannot skip one";
        return Advice::new(message, advice);
    }
    let advice = "correct the file, or declare the column as STRING and CAST it in the query; \
                  'csv.null-literal' names what is to be NULL, and 'csv.ignore-parse-errors' = \
                  'true' reads NULL for what cannot be read";
    Advice::new(message, advice)
}
