//! What Jackson's CsvParser, set up as Flink 1.20 and 2.3 set it up, made of the same texts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::BufReader;

use proptest::prelude::*;

use super::record::{Dialect, Malformed, Record, Records};

const PLAIN: Dialect =
    Dialect { delimiter: b',', quote: Some(b'"'), escape: None, comments: false };
const COMMENTS: Dialect = Dialect { comments: true, ..PLAIN };
const ESCAPES: Dialect = Dialect { escape: Some(b'\\'), ..PLAIN };

/// The records as `line:field|field`, up to the first that is refused. A buffer of one byte cuts
/// at every place there is.
fn cut(text: &str, dialect: Dialect) -> Vec<String> {
    let small = walk(Records::new(BufReader::with_capacity(1, text.as_bytes()), dialect));
    assert_eq!(walk(Records::new(text.as_bytes(), dialect)), small, "{text:?}");
    small
}

fn walk(mut records: Records<impl std::io::BufRead>) -> Vec<String> {
    let (mut record, mut found) = (Record::default(), Vec::new());
    loop {
        match records.read(&mut record) {
            Ok(false) => return found,
            Ok(true) => {
                let fields =
                    (0..record.len()).map(|i| String::from_utf8_lossy(record.get(i).unwrap()));
                let fields: Vec<_> = fields.collect();
                found.push(format!("{}:{}", record.line, fields.join("|")));
            }
            Err(error) => {
                let name = match error {
                    Malformed::Unclosed(_) => "unclosed",
                    Malformed::AfterQuote(_) => "after quote",
                    Malformed::EndsInEscape(_) => "ends in escape",
                    Malformed::TooLong(_) | Malformed::Unreadable(..) => "other",
                };
                found.push(format!("{}!{name}", error.line()));
                return found;
            }
        }
    }
}

#[test]
fn quotes() {
    for (text, found) in [
        ("1,a\n2,\"b\n3,c\n4,d\n", &["1:1|a", "2!unclosed"][..]),
        ("1,\"", &["1!unclosed"]),
        ("1,\"a\nb\",\"\nc", &["2!unclosed"]),
        ("1,\"a\"b\n2,c\n", &["1!after quote"]),
        ("1,\"a\"   b\n2,c\n", &["1!after quote"]),
        ("\"a\nb\"x,1\n", &["1!after quote"]),
        ("1,\"a\\\"b\"\n", &["1!after quote"]),
        ("1,\"a\" \n2,\"c\"\t,\n", &["1:1|a", "2:2|c|"]),
        ("1, \"a\"\n2,a\"b\"\n", &["1:1| \"a\"", "2:2|a\"b\""]),
        ("1,\"a\"\"b\"\n\"\",\"\"\"\"", &["1:1|a\"b", "2:|\""]),
        ("1,\"a\r\nb\rc\nd\"\r\n2,e\r3,f", &["1:1|a\r\nb\rc\nd", "5:2|e", "6:3|f"]),
        ("\n1,a\n\n2,b,\n\"\"\n", &["2:1|a", "4:2|b|", "5:"]),
        ("  1 ,a \n  \n", &["1:  1 |a ", "2:  "]),
        ("", &[]),
    ] {
        assert_eq!(cut(text, PLAIN), found, "{text:?}");
    }
    let unquoted = Dialect { quote: None, ..PLAIN };
    assert_eq!(cut("1,\"a\n2,b\"c\n", unquoted), ["1:1|\"a", "2:2|b\"c"]);
    let tabs = Dialect { delimiter: b'\t', ..PLAIN };
    assert_eq!(cut("\"a\"\t\"b\"\n\"a\" \t b \n", tabs), ["1:a|b", "2:a| b "]);
}

#[test]
fn a_byte_order_mark_is_no_text_and_a_part_of_one_is() {
    assert_eq!(cut("\u{feff}\"1\",a\n", PLAIN), ["1:1|a"]);
    assert_eq!(cut("\u{feff}#c\n1,a\n", COMMENTS), ["2:1|a"]);
    assert_eq!(cut("\u{ff01}\"1\",a\n", PLAIN), ["1:\u{ff01}\"1\"|a"]);
}

#[test]
fn comments() {
    for (text, found) in [
        ("#c\n1,#a\n #x,b\n", &["2:1|#a"][..]),
        ("1,a\n#\"\n2,b\n", &["1:1|a", "3:2|b"]),
        ("#c\r2,b\n", &["2:2|b"]),
        ("\n  1,a\n\n  2,b\n   \n3,c\n  ", &["2:1|a", "4:2|b", "6:3|c"]),
        (" \"1\",\"a\n#b\"\n", &["1:1|a\n#b"]),
    ] {
        assert_eq!(cut(text, COMMENTS), found, "{text:?}");
    }
    let tabs = Dialect { delimiter: b'\t', ..COMMENTS };
    assert_eq!(cut("x\ty\n\t#b\n \tc\n", tabs), ["1:x|y", "2:|#b", "3:|c"]);
}

#[test]
fn escapes() {
    for (text, found) in [
        ("1,\"a\\\"b\"\n", &["1:1|a\"b"][..]),
        ("1,a\\,b\n2,\\N\n", &["1:1|a,b", "2:2|N"]),
        ("1,a\\nb\n2,\"a\\nb\\t\\0\"\n", &["1:1|a\nb", "2:2|a\nb\t\0"]),
        ("1,\\\"a\"\n\\#2,b\n", &["1:1|\"a\"", "2:#2|b"]),
        ("1,a\\\nb\n2,c", &["1:1|a\nb", "3:2|c"]),
        ("1,\"a\\xb\"\n1,\"a\"\"b\"\n", &["1:1|axb", "2:1|a\"b"]),
        ("1,a\\", &["1!ends in escape"]),
    ] {
        assert_eq!(cut(text, ESCAPES), found, "{text:?}");
    }
    let same = Dialect { escape: Some(b'"'), ..PLAIN };
    assert_eq!(cut("1,\"a\"\"b\"\n2,\"a\"\n", same), ["1:1|a\"b", "2:2|a"]);
}

#[test]
fn a_record_without_end_does_not_fill_the_memory() {
    let text = format!("1,a\n2,\"{}", "x".repeat(65 * 1024 * 1024));
    let mut records = Records::new(text.as_bytes(), PLAIN);
    let mut record = Record::default();
    assert!(records.read(&mut record).unwrap());
    let error = records.read(&mut record).unwrap_err();
    assert!(matches!(error, Malformed::TooLong(2)), "{error:?}");
}

proptest! {
    /// What is written by the rules is read as it was, whatever the values hold.
    #[test]
    fn what_is_quoted_comes_back(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r\\\\# ü]{0,6}", 2..4), 0..6),
    ) {
        let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let text: String = rows
            .iter()
            .map(|row| row.iter().map(quote).collect::<Vec<_>>().join(",") + "\n")
            .collect();
        let found: Vec<String> = cut(&text, PLAIN)
            .iter()
            .map(|record| record.split_once(':').unwrap().1.to_owned())
            .collect();
        let expected: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        prop_assert_eq!(found, expected);
    }
}
