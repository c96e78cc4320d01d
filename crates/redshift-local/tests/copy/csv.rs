//! What CSV text becomes, and how bad text is told.

use redshift_local::{config::Edition, copy::target::ColumnType};

use crate::{
    row::Row,
    support::{World, gzip, some},
};

fn of(data_type: ColumnType) -> World {
    World::new(&[("a", data_type)])
}

/// The one value that `text` becomes.
async fn value(data_type: ColumnType, text: &str, rest: &str) -> Option<String> {
    let rows = of(data_type).csv(&format!("{text}\n"), rest).await;
    let mut rows = rows.unwrap_or_else(|error| panic!("{text}: {:?}", error.load_errors));
    assert_eq!(rows.len(), 1, "{text}");
    rows.remove(0).remove(0)
}

async fn refused(data_type: ColumnType, text: &str, rest: &str) -> (i32, String) {
    of(data_type).csv_error(&format!("{text}\n"), rest).await
}

#[tokio::test]
async fn quotes_delimiters_and_line_ends() {
    let world = World::new(&[("a", ColumnType::VarChar(20)), ("b", ColumnType::VarChar(20))]);
    let text = "\"a,\"\"b\"\"\",c\r\n  \"x\ny\"  ,\" z \"\n p , q\n\"\",last";
    let rows = world.csv(text, "").await.expect("loads");
    assert_eq!(
        rows,
        [
            some(&["a,\"b\"", "c"]),
            some(&["x\ny", " z "]),
            some(&[" p ", " q"]),
            some(&["", "last"])
        ]
    );
    let rows = world.csv("%a|%%b%|c\n", "QUOTE '%' DELIMITER '|'").await.expect("loads");
    assert_eq!(rows, [some(&["a|%b", "c"])]);
}

#[tokio::test]
async fn quotes_in_the_wrong_place_are_row_errors() {
    let world = World::new(&[("a", ColumnType::VarChar(20)), ("b", ColumnType::VarChar(20))]);
    for text in ["a\"b,c\n", "\"a\"b,c\n", "\"open,c\n"] {
        assert_eq!(world.csv_error(text, "").await.0, 1216, "{text}");
    }
}

#[tokio::test]
async fn records_longer_than_a_read_come_out_whole() {
    let world = World::new(&[("a", ColumnType::VarChar(65_535)), ("b", ColumnType::Integer)]);
    let long: String = ('a'..='z').cycle().take(65_000).collect();
    let text: String = (0..40).map(|i| format!("\"{long}\",{i}\n")).collect();
    let rows = world.csv(&text, "").await.expect("loads");
    assert_eq!(rows.len(), 40);
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(row[0].as_deref(), Some(long.as_str()));
        assert_eq!(row[1], Some(i.to_string()));
    }
}

#[tokio::test]
async fn gzip_is_read_where_it_is_said() {
    let world = of(ColumnType::Integer);
    let mut two = gzip(b"1\n");
    two.extend(gzip(b"2\n"));
    world.put("x.csv.gz", &two);
    let loaded = world.load("x.csv.gz", "CSV GZIP").await.expect("loads");
    assert_eq!(loaded.rows, [some(&["1"]), some(&["2"])]);
    assert_eq!(loaded.loaded.bytes, two.len() as u64);
    assert!(world.load("x.csv.gz", "CSV").await.is_err(), "not by its name");
    world.put("cut.gz", &two[..two.len() - 4]);
    world.put("plain.gz", "1\n");
    for key in ["cut.gz", "plain.gz"] {
        let error = world.load(key, "CSV GZIP").await.expect_err(key);
        assert!(error.message.contains("zlib error code: -3"), "{}", error.message);
    }
}

#[tokio::test]
async fn nulls_and_empty_fields() {
    let text = ColumnType::VarChar(9);
    assert_eq!(value(text, r"\N", "").await, None);
    assert_eq!(value(text, "\"\"", "").await, Some(String::new()));
    assert_eq!(value(text, "\"\"", "EMPTYASNULL").await, None);
    assert_eq!(value(text, "  ", "").await, Some("  ".into()));
    assert_eq!(value(text, "  ", "BLANKSASNULL").await, None);
    assert_eq!(value(text, "x", "NULL AS 'x'").await, None);
    assert_eq!(value(text, "\"x\"", "NULL AS 'x'").await, None);
    assert_eq!(value(text, r"\N", "NULL AS 'x'").await, Some(r"\N".into()));
    assert_eq!(value(text, "x  ", "TRIMBLANKS").await, Some("x".into()));
    assert_eq!(value(ColumnType::Integer, "\"\"", "").await, None);
    assert_eq!(value(ColumnType::Integer, r"\N", "").await, None);
}

#[tokio::test]
async fn booleans() {
    for (text, expected) in
        [("t", "true"), ("YES", "true"), ("1", "true"), ("y", "true"), ("False", "false")]
    {
        assert_eq!(value(ColumnType::Boolean, text, "").await.as_deref(), Some(expected));
    }
    assert_eq!(refused(ColumnType::Boolean, "maybe", "").await.0, 1210);
}

#[tokio::test]
async fn integers() {
    for (data_type, least, most, beyond) in [
        (ColumnType::SmallInt, "-32768", "32767", "32768"),
        (ColumnType::Integer, "-2147483648", "2147483647", "-2147483649"),
        (ColumnType::BigInt, "-9223372036854775808", "9223372036854775807", "9223372036854775808"),
    ] {
        assert_eq!(value(data_type, least, "").await.as_deref(), Some(least));
        assert_eq!(value(data_type, most, "").await.as_deref(), Some(most));
        assert_eq!(refused(data_type, beyond, "").await.0, 1222);
    }
    let (code, text) = refused(ColumnType::Integer, "1a", "").await;
    assert_eq!((code, text.as_str()), (1207, "Invalid digit, Value 'a', Pos 1, Type: Integer"));
    for text in ["1.0", " 1", "+1", "-", "1e3"] {
        assert_eq!(refused(ColumnType::BigInt, text, "").await.0, 1207, "{text}");
    }
}

#[tokio::test]
async fn floats() {
    assert_eq!(value(ColumnType::Double, "-1.5e-3", "").await.as_deref(), Some("-0.0015"));
    assert_eq!(value(ColumnType::Real, ".25", "").await.as_deref(), Some("0.25"));
    for text in ["x", "NaN", "inf", "1e", "0x1"] {
        assert_eq!(refused(ColumnType::Double, text, "").await.0, 1208, "{text}");
    }
    assert_eq!(refused(ColumnType::Double, "1e400", "").await.0, 1204);
    assert_eq!(refused(ColumnType::Real, "1e39", "").await.0, 1204);
}

#[tokio::test]
async fn decimals_are_cut_unless_told_to_round() {
    let money = ColumnType::Decimal(5, 2);
    for (text, cut, rounded) in [
        ("1.239", "1.23", "1.24"),
        ("-1.235", "-1.23", "-1.24"),
        ("1.2349", "1.23", "1.23"),
        ("12", "12.00", "12.00"),
        (".5", "0.50", "0.50"),
        ("5.", "5.00", "5.00"),
        ("-0.004", "0.00", "0.00"),
        ("000123.4", "123.40", "123.40"),
    ] {
        assert_eq!(value(money, text, "").await.as_deref(), Some(cut), "{text}");
        assert_eq!(value(money, text, "ROUNDEC").await.as_deref(), Some(rounded), "{text}");
    }
    assert_eq!(value(money, "999.999", "").await.as_deref(), Some("999.99"));
    assert_eq!(refused(money, "999.999", "ROUNDEC").await.0, 1204);
    assert_eq!(refused(money, "1000", "").await.0, 1204);
    assert_eq!(refused(money, "1e2", "").await.0, 1207);
    assert_eq!(refused(money, "1.2.3", "").await.0, 1207);
    assert_eq!(refused(money, ".", "").await.0, 1209);
    let wide = ColumnType::Decimal(38, 37);
    let most = format!("-9.{}", "9".repeat(37));
    assert_eq!(value(wide, &most, "").await.as_deref(), Some(most.as_str()));
    let odd = ColumnType::Decimal(19, 0);
    assert_eq!(value(odd, "9223372036854775807", "").await.as_deref(), Some("9223372036854775807"));
    assert_eq!(refused(odd, "9223372036854775808", "").await.0, 1204);
}

#[tokio::test]
async fn text_is_measured_in_bytes() {
    let text = ColumnType::VarChar(4);
    assert_eq!(value(text, "éé", "").await.as_deref(), Some("éé"));
    let (code, reason) = refused(text, "ééx", "").await;
    assert_eq!((code, reason.as_str()), (1204, "String length exceeds DDL length"));
    assert_eq!(refused(text, "abc  ", "").await.0, 1204);
    assert_eq!(value(text, "aéé", "TRUNCATECOLUMNS").await.as_deref(), Some("aé"));
    let fixed = ColumnType::Char(4);
    assert_eq!(value(fixed, "ab", "").await.as_deref(), Some("ab  "));
    assert_eq!(refused(fixed, "abcde", "").await.0, 1204);
    assert_eq!(value(fixed, "abcde", "TRUNCATECOLUMNS").await.as_deref(), Some("abcd"));
    let (code, reason) = refused(fixed, "aé", "").await;
    assert_eq!(code, 1220);
    assert_eq!(
        reason,
        "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 a9"
    );
}

#[tokio::test]
async fn bytes_that_are_no_utf8() {
    let world = of(ColumnType::VarChar(20));
    for (bytes, hex, error) in [
        (&b"a\xa4"[..], "a4", 3),
        (b"\xc3", "c3", 2),
        (b"\xed\xa0\x80", "ed", 5),
        (b"\xf8\x88\x80\x80\x80", "f8", 1),
        (b"\xf4\x90\x80\x80", "f4", 6),
        (b"\xe2\x28\xa1", "e2", 4),
    ] {
        world.put("x.csv", bytes);
        let errors = world.load("x.csv", "CSV").await.expect_err("no UTF-8").load_errors;
        assert_eq!(errors[0].error_code, 1220);
        assert_eq!(
            errors[0].error_message,
            format!(
                "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: \
                 {hex} (error {error})"
            )
        );
    }
    world.put("x.csv", b"a\xed\xa0\x80\xffb\n");
    let rows = world.load("x.csv", "CSV ACCEPTINVCHARS AS '^'").await.expect("loads").rows;
    assert_eq!(rows, [some(&["a^^^^b"])]);
    // CHAR has no part in ACCEPTINVCHARS.
    let fixed = of(ColumnType::Char(4));
    fixed.put("x.csv", b"\xa4\n");
    assert!(fixed.load("x.csv", "CSV ACCEPTINVCHARS").await.is_err());
}

#[tokio::test]
async fn dates() {
    let date = ColumnType::Date;
    assert_eq!(value(date, "2024-02-29", "").await.as_deref(), Some("2024-02-29"));
    assert_eq!(value(date, "0001-01-01", "").await.as_deref(), Some("0001-01-01"));
    for text in ["2023-02-29", "2024-2-9", "20240229", "0000-01-01", "2024-02-29 10:00:00", "x"] {
        assert_eq!(refused(date, text, "").await.0, 1205, "{text}");
    }
    for text in ["20240229", "2024/02/29", "2024-02-29 23:59:59", "2024-02-29T01:02Z"] {
        let found = value(date, text, "DATEFORMAT 'auto'").await;
        assert_eq!(found.as_deref(), Some("2024-02-29"), "{text}");
    }
    assert_eq!(value(date, "x", "ACCEPTANYDATE").await, None);
}

#[tokio::test]
async fn timestamps() {
    let time = ColumnType::Timestamp;
    for (text, expected) in [
        ("2024-02-29 23:59:59", "2024-02-29 23:59:59.000000"),
        ("1969-12-31 23:59:59.000001", "1969-12-31 23:59:59.000001"),
        ("9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999"),
        ("2024-01-01 00:00:00.5", "2024-01-01 00:00:00.500000"),
    ] {
        assert_eq!(value(time, text, "").await.as_deref(), Some(expected));
    }
    for text in [
        "2024-02-29",
        "2024-02-29T23:59:59",
        "2024-02-29 23:59",
        "2024-02-29 24:00:00",
        "2024-02-29 23:59:60",
        "2024-02-29 23:59:59.1234567",
        "2024-02-29 23:59:59+00",
    ] {
        let (code, reason) = refused(time, text, "").await;
        assert_eq!(code, 1206, "{text}");
        assert_eq!(reason, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]");
    }
    let auto = "TIMEFORMAT 'auto'";
    for text in ["2024-02-29T12:00:00Z", "20240229 12:00", "2024-02-29 12:00:00+05:30"] {
        let found = value(time, text, auto).await;
        assert_eq!(found.as_deref(), Some("2024-02-29 12:00:00.000000"), "{text}");
    }
    let seconds = value(time, "-1", "TIMEFORMAT 'epochsecs'").await;
    assert_eq!(seconds.as_deref(), Some("1969-12-31 23:59:59.000000"));
    let millis = value(time, "1500", "TIMEFORMAT 'epochmillisecs'").await;
    assert_eq!(millis.as_deref(), Some("1970-01-01 00:00:01.500000"));
    assert_eq!(refused(time, "1500", auto).await.0, 1206);
}

#[tokio::test]
async fn timestamps_with_zone_are_instants() {
    let zoned = ColumnType::TimestampTz;
    for (text, rest, expected) in [
        ("2024-02-29 12:00:00.25+00", "", "2024-02-29 12:00:00.250000"),
        ("2024-02-29 12:00:00-08", "", "2024-02-29 20:00:00.000000"),
        ("2024-02-29 00:00:00+05:30", "", "2024-02-28 18:30:00.000000"),
        ("2024-02-29T12:00:00Z", "TIMEFORMAT 'auto'", "2024-02-29 12:00:00.000000"),
        ("2024-02-29", "TIMEFORMAT 'auto'", "2024-02-29 00:00:00.000000"),
    ] {
        assert_eq!(value(zoned, text, rest).await.as_deref(), Some(expected), "{text}");
    }
    assert_eq!(refused(zoned, "2024-02-29 12:00:00", "").await.0, 1206);
}

#[tokio::test]
async fn layouts_of_ones_own_are_not_modelled() {
    let world = of(ColumnType::Date);
    for rest in ["DATEFORMAT 'DD.MM.YYYY'", "TIMEFORMAT 'AUTO'"] {
        let error = world.csv("x\n", rest).await.expect_err(rest);
        assert_eq!(error.sqlstate, "0A000");
        assert!(error.message.starts_with("not modelled: "), "{}", error.message);
    }
}

fn pair() -> World {
    World::new(&[("a", ColumnType::Integer), ("b", ColumnType::VarChar(3))])
}

#[tokio::test]
async fn too_few_and_too_many_columns() {
    let world = pair();
    assert_eq!(world.csv_error("1,x,y\n", "").await, (1202, "Extra column(s) found".into()));
    assert_eq!(world.csv_error("1\n", "").await.0, 1203);
    let filled = world.csv("1\n", "FILLRECORD").await.expect("fills");
    assert_eq!(filled, [some(&["1", ""])]);
    let filled = world.csv("1\n", "FILLRECORD EMPTYASNULL").await.expect("fills");
    assert_eq!(filled, [vec![Some("1".into()), None] as Row]);
    assert_eq!(world.csv_error("1,x,y\n", "FILLRECORD").await.0, 1202);
    assert_eq!(world.csv_error("1,x\n\n2,y\n", "").await.0, 1211);
    let rows = world.csv("1,x\n\n2,y\n", "IGNOREBLANKLINES").await.expect("loads");
    assert_eq!(rows.len(), 2);
    assert_eq!(world.csv_error("1,x\0\n", "").await.0, 1200);
}

#[tokio::test]
async fn null_into_not_null_is_told() {
    let mut world = pair();
    world.target[0].not_null = true;
    let (code, reason) = world.csv_error(",x\n", "").await;
    assert_eq!((code, reason.as_str()), (1213, "Missing data for not-null field"));
    world.target[1].not_null = true;
    assert_eq!(world.csv_error("1\n", "FILLRECORD EMPTYASNULL").await.0, 1213);
}

#[tokio::test]
async fn headers_are_skipped_in_each_file() {
    let world = pair();
    world.put("in/1.csv", "a,b\nunit,\"text\n1,x\n");
    world.put("in/2.csv", "a,b\n");
    world.put("in/3.csv", "a,b\nunit\n2,y");
    let rows = world.load("in/", "CSV IGNOREHEADER 2").await.expect("loads").rows;
    assert_eq!(rows, [some(&["1", "x"]), some(&["2", "y"])]);
}

#[tokio::test]
async fn an_error_tells_where() {
    let world = pair();
    world.put("in/bad.csv", "1,\"a\nb\"\n2,c\nx7,d\n");
    let error = world.load("in/", "CSV").await.expect_err("a bad row");
    let [found] = &error.load_errors[..] else { panic!("one error") };
    assert_eq!((found.line_number, found.position, found.error_code), (4, 0, 1207));
    assert_eq!(found.file_name, "s3://data/in/bad.csv");
    assert_eq!((found.column_name.as_str(), found.column_type.as_str()), ("a", "int4"));
    assert_eq!((found.raw_line.as_str(), found.raw_field_value.as_str()), ("x7,d", "x7"));
    assert_eq!((found.user_id, found.session_id, found.query_id), (100, 4711, 12));
    assert_eq!((found.table_id, found.transaction_id), (16_384, 77));
    assert_eq!(found.database_name, "dev");
    let long = world.csv("1,abcd\n", "").await.expect_err("too long").load_errors.remove(0);
    assert_eq!((long.column_type.as_str(), long.column_length.as_str()), ("varchar", "3"));
}

#[tokio::test]
async fn maxerror_skips_rows_until_there_are_as_many() {
    let world = pair();
    let text = "1,a\nx,b\n2,toolong\n3,c\n";
    world.put("x.csv", text);
    for rest in ["CSV", "CSV MAXERROR 0", "CSV MAXERROR 1"] {
        assert_eq!(world.load("x.csv", rest).await.expect_err(rest).load_errors.len(), 1);
    }
    assert_eq!(world.load("x.csv", "CSV MAXERROR 2").await.expect_err("two").load_errors.len(), 2);
    let outcome = world.load("x.csv", "CSV MAXERROR 3").await.expect("loads");
    assert_eq!(outcome.rows, [some(&["1", "a"]), some(&["3", "c"])]);
    assert_eq!((outcome.loaded.rows, outcome.loaded.skipped), (2, 2));
    let codes: Vec<i32> = outcome.loaded.errors.iter().map(|e| e.error_code).collect();
    assert_eq!(codes, [1207, 1204]);
    let lines: Vec<i64> = outcome.loaded.errors.iter().map(|e| e.line_number).collect();
    assert_eq!(lines, [2, 3]);
}

#[tokio::test]
async fn noload_checks_and_sends_nothing() {
    let world = pair();
    world.put("x.csv", "1,a\n");
    let outcome = world.load("x.csv", "CSV NOLOAD").await.expect("checks");
    assert_eq!((outcome.rows.len(), outcome.loaded.rows), (0, 0));
    world.put("x.csv", "x,a\n");
    assert!(world.load("x.csv", "CSV NOLOAD").await.is_err());
}

#[tokio::test]
async fn a_provisioned_cluster_names_its_own_view() {
    let mut world = pair();
    world.context.edition = Edition::Provisioned;
    let error = world.csv("x,a\n", "").await.expect_err("a bad row");
    assert_eq!(
        error.message,
        "Load into table 't' failed.  Check 'stl_load_errors' system table for details."
    );
}

#[tokio::test]
async fn bytes_are_hexadecimal_and_super_is_json() {
    let bytes = ColumnType::VarByte(3);
    assert_eq!(value(bytes, "00FFa1", "").await.as_deref(), Some("00ffa1"));
    assert_eq!(value(bytes, "\"\"", "").await, None);
    for text in ["0", "0x00", "zz", "00 ff"] {
        assert_eq!(refused(bytes, text, "").await.0, 1223, "{text}");
    }
    assert_eq!(refused(bytes, "00112233", "").await.0, 1204);

    let json = "\"{\"\"a\"\": [1, null]}\"";
    let stored = value(ColumnType::Super, json, "").await;
    assert_eq!(stored.as_deref(), Some("{\"a\": [1, null]}"));
    assert_eq!(value(ColumnType::Super, "\"\"", "").await, None);
    for text in ["nul", "\"{\"", "\"\"\"\\u0000\"\"\"", "\"\"\"\\ud800\"\"\""] {
        assert_eq!(refused(ColumnType::Super, text, "").await.0, 1224, "{text}");
    }
}
