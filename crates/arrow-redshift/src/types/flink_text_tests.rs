use super::*;

#[track_caller]
fn parsed(text: &str) -> String {
    text.parse::<FlinkType>().unwrap().to_string()
}

#[test]
fn every_spelling_becomes_flinks_canonical_one() {
    for (text, canonical) in [
        ("BOOLEAN", "BOOLEAN"),
        ("tinyint", "TINYINT"),
        ("SmallInt", "SMALLINT"),
        ("INT", "INT"),
        ("INTEGER", "INT"),
        ("BIGINT", "BIGINT"),
        ("FLOAT", "FLOAT"),
        ("DOUBLE", "DOUBLE"),
        ("DOUBLE PRECISION", "DOUBLE"),
        ("DECIMAL", "DECIMAL(10, 0)"),
        ("DEC(5)", "DECIMAL(5, 0)"),
        ("NUMERIC( 38 , 38 )", "DECIMAL(38, 38)"),
        ("CHAR", "CHAR(1)"),
        ("CHAR(7)", "CHAR(7)"),
        ("VARCHAR", "VARCHAR(1)"),
        ("VARCHAR(20)", "VARCHAR(20)"),
        ("VARCHAR(2147483647)", "STRING"),
        (" STRING ", "STRING"),
        ("DATE", "DATE"),
        ("TIMESTAMP", "TIMESTAMP(6)"),
        ("TIMESTAMP(0)", "TIMESTAMP(0)"),
        ("TIMESTAMP(9) WITHOUT TIME ZONE", "TIMESTAMP(9)"),
        ("TIMESTAMP_LTZ", "TIMESTAMP_LTZ(6)"),
        ("TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(3)"),
        ("TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP_LTZ(3)"),
        ("timestamp\nwith local time zone", "TIMESTAMP_LTZ(6)"),
        ("BIGINT NULL", "BIGINT"),
        ("BINARY", "BINARY(1)"),
        ("BINARY(7)", "BINARY(7)"),
        ("varbinary(20)", "VARBINARY(20)"),
        ("VARBINARY(2147483647)", "BYTES"),
        ("BYTES", "BYTES"),
        ("TIME", "TIME(0)"),
        ("TIME(3) WITHOUT TIME ZONE", "TIME(3)"),
        ("INTERVAL YEAR", "INTERVAL YEAR TO MONTH"),
        ("INTERVAL YEAR(4) TO MONTH", "INTERVAL YEAR TO MONTH"),
        ("INTERVAL MONTH", "INTERVAL YEAR TO MONTH"),
        ("INTERVAL DAY(2) TO SECOND(6)", "INTERVAL DAY TO SECOND"),
        ("INTERVAL HOUR TO MINUTE", "INTERVAL DAY TO SECOND"),
        ("INTERVAL SECOND(3)", "INTERVAL DAY TO SECOND"),
        ("ARRAY<INT>", "ARRAY<INT>"),
        ("array < int not null >", "ARRAY<INT NOT NULL>"),
        ("INT NOT NULL ARRAY", "ARRAY<INT NOT NULL>"),
        ("INT ARRAY MULTISET", "MULTISET<ARRAY<INT>>"),
        ("MAP<STRING,ARRAY<DECIMAL(5,2)>>", "MAP<STRING, ARRAY<DECIMAL(5, 2)>>"),
        ("MULTISET<CHAR(3) NOT NULL>", "MULTISET<CHAR(3) NOT NULL>"),
        ("ROW<>", "ROW<>"),
        ("ROW<a INT, `B ``x` STRING NOT NULL>", "ROW<`a` INT, `B ``x` STRING NOT NULL>"),
        ("ROW(a INT 'it''s > ,', b ROW<c DATE>)", "ROW<`a` INT, `b` ROW<`c` DATE>>"),
        ("ROW<date DATE, Time TIME>", "ROW<`date` DATE, `Time` TIME(0)>"),
    ] {
        assert_eq!(parsed(text), canonical, "{text}");
        assert_eq!(parsed(canonical), canonical);
    }
}

#[test]
fn not_null_is_a_columns() {
    let not_null = FlinkType::parse_nullable("DECIMAL(4,2) NOT NULL").unwrap();
    assert_eq!(not_null, (FlinkType::Decimal { precision: 4, scale: 2 }, false));
    assert_eq!(FlinkType::parse_nullable("DATE").unwrap(), (FlinkType::Date, true));
    assert!("INT NOT NULL".parse::<FlinkType>().is_err());
}

#[test]
fn types_that_are_not_carried_are_refused_by_name() {
    for text in [
        "RAW('c', 's')",
        "TIMESTAMP(3) WITH TIME ZONE",
        "NULL",
        "ARRAY<RAW('c', 's')>",
        "ROW<a VARIANT>",
        "`c`.`d`.`t` NOT NULL",
    ] {
        let error = text.parse::<FlinkType>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{text}");
        let names = ["RAW", "TIMESTAMP WITH TIME ZONE", "NULL", "VARIANT", "`c`.`d`.`t` NOT NULL"];
        let named = |name: &&str| error.message().starts_with(&format!("type {name} "));
        assert!(names.iter().any(named), "{error}");
    }
}

#[test]
fn malformed_types_are_refused() {
    for text in [
        "",
        "   ",
        "(3)",
        "BIGGINT",
        "DECIMAL(39)",
        "DECIMAL(0)",
        "DECIMAL(5, 6)",
        "DECIMAL(1, 2, 3)",
        "DECIMAL(",
        "DECIMAL(5",
        "DECIMAL()",
        "DECIMAL(x)",
        "CHAR(0)",
        "VARCHAR(99999999999)",
        "VARCHAR(2147483648)",
        "TIMESTAMP(10)",
        "INT INT",
        "INT NOT",
        "DATE(3)",
        "INT é",
        "TIMESTAMP WITH LOCAL",
        "BINARY(0)",
        "TIME(10)",
        "INTERVAL",
        "INTERVAL WEEK",
        "INTERVAL MONTH TO YEAR",
        "INTERVAL YEAR TO SECOND",
        "ARRAY",
        "ARRAY<>",
        "ARRAY<INT",
        "ARRAY<INT, INT>",
        "MAP<INT>",
        "MAP<INT, INT, INT>",
        "ROW",
        "ROW<INT>",
        "ROW<a INT,>",
        "ROW<a INT b INT>",
        "ROW<`a INT>",
        "ROW(a INT>",
    ] {
        let error = text.parse::<FlinkType>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{text}: {error}");
    }
}

#[test]
fn types_nest_only_so_deep() {
    let nested = |depth| format!("{}INT{}", "ARRAY<".repeat(depth), ">".repeat(depth));
    assert!(nested(99).parse::<FlinkType>().is_ok());
    for deep in [nested(100), nested(100_000), format!("INT{}", " ARRAY".repeat(100_000))] {
        let error = deep.parse::<FlinkType>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    }
}
