//! The matrix: every carried type, the values at its edges, and the columns that take them.

use arrow_redshift::types::{FlinkType, RedshiftType};

use crate::values::{self, Value, at, clock, day, text};

/// A declared type, values at its edges, and the types of columns in existing tables that take it.
pub struct Case {
    pub declared: FlinkType,
    pub values: Vec<Value>,
    pub targets: Vec<RedshiftType>,
}

pub fn redshift(ddl: &str) -> RedshiftType {
    match RedshiftType::from_catalog(ddl, None, None, None) {
        RedshiftType::Other(name) => panic!("{name} is not carried"),
        carried => carried,
    }
}

pub fn flink(sql: &str) -> FlinkType {
    sql.parse().unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

fn case(declared: &str, values: Vec<Value>, targets: &[&str]) -> Case {
    let targets = targets.iter().map(|ddl| redshift(ddl)).collect();
    Case { declared: flink(declared), values, targets }
}

fn integers(declared: &str, bits: u32, targets: &[&str]) -> Case {
    let (least, most) = (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits));
    case(declared, [least, least + 1, -1, 0, 1, most].map(Value::Int).to_vec(), targets)
}

/// All nines, the least steps around zero, and one between.
fn decimals(precision: u8, scale: u8, targets: &[&str]) -> Case {
    let nines = 10_i128.pow(u32::from(precision)) - 1;
    let middle = nines / 2;
    let values = [nines, -nines, 0, 1, -1, middle].map(Value::Decimal).to_vec();
    case(&format!("DECIMAL({precision}, {scale})"), values, targets)
}

/// Text that one layer or another could take for something else.
pub const TROUBLE: [&str; 36] = [
    "",
    " ",
    "   ",
    " a",
    "a  ",
    "\t",
    "a\t ",
    "\"",
    "\"\"",
    "\"a\",\"b\"",
    "a\"",
    "'",
    "''; --",
    ",",
    "|",
    "a,b",
    "\n",
    "\r\n",
    "\r",
    "line\nbreak\n",
    "\\",
    "\\N",
    "\\\"",
    "a\\nb",
    "NULL",
    "null",
    "@null@",
    " @NULL@",
    "@NULL@ ",
    "\"@NULL@\"",
    "NaN",
    "é e\u{301} ß",
    "\u{feff}mark",
    "\u{1}\u{7f}\u{85}\u{2028}",
    "\u{fffd}\u{ffff}",
    "😀\u{10ffff}👩‍👩‍👧",
];

const DAYS: [&str; 10] = [
    "0001-01-01",
    "0004-02-29",
    "1582-10-04",
    "1582-10-15",
    "1899-12-31",
    "1969-12-31",
    "1970-01-01",
    "2000-02-29",
    "2038-01-19",
    "9999-12-31",
];

const SECONDS: [&str; 7] = [
    "0001-01-01 00:00:00",
    "1582-10-10 12:00:00",
    "1969-12-31 23:59:59",
    "1970-01-01 00:00:00",
    "2000-02-29 23:59:59",
    "2262-04-11 23:47:17",
    "9999-12-31 23:59:59",
];

const MILLIS: [&str; 4] = [
    "0001-01-01 00:00:00.001",
    "1969-12-31 23:59:59.999",
    "2024-03-31 02:30:00.5",
    "9999-12-31 23:59:59.999",
];

const MICROS: [&str; 5] = [
    "0001-01-01 00:00:00.000001",
    "1677-09-21 00:12:43.145224",
    "1969-12-31 23:59:59.999999",
    "2013-01-01 10:00:00.12345",
    "9999-12-31 23:59:59.999999",
];

fn times(declared: &str, texts: &[&[&str]], targets: &[&str]) -> Case {
    case(declared, texts.concat().into_iter().map(at).collect(), targets)
}

fn floats() -> Vec<Case> {
    let floats = [f32::MIN, f32::MAX, f32::MIN_POSITIVE, -0.0, 0.0, 0.1, -1.5e-30, 16_777_217.0];
    let doubles =
        [f64::MIN, f64::MAX, f64::MIN_POSITIVE, -0.0, 0.0, 0.1, 1e15 + 0.3, -1.0 / 3.0, 5e22];
    vec![
        case("FLOAT", floats.map(Value::Float).to_vec(), &["REAL", "DOUBLE PRECISION"]),
        case("DOUBLE", doubles.map(Value::Double).to_vec(), &["DOUBLE PRECISION"]),
    ]
}

fn exact_numbers() -> Vec<Case> {
    let edge = [i64::MAX, -i64::MAX, 0].map(|value| Value::Decimal(value.into())).to_vec();
    let small = [99_999, -1, 0].map(Value::Decimal).to_vec();
    vec![
        integers("TINYINT", 8, &["SMALLINT", "INTEGER", "BIGINT", "DECIMAL(3,0)"]),
        integers("SMALLINT", 16, &["SMALLINT", "INTEGER", "BIGINT", "DECIMAL(9,4)"]),
        integers("INT", 32, &["INTEGER", "BIGINT", "DECIMAL(12,2)", "DECIMAL(38,28)"]),
        integers("BIGINT", 64, &["BIGINT", "DECIMAL(20,0)", "DECIMAL(38,19)"]),
        decimals(1, 0, &["DECIMAL(1,0)", "DECIMAL(9,4)", "DECIMAL(38,37)"]),
        decimals(1, 1, &["DECIMAL(2,1)"]),
        decimals(5, 2, &["DECIMAL(5,2)", "DECIMAL(9,2)", "DECIMAL(12,4)"]),
        decimals(9, 0, &["DECIMAL(19,9)"]),
        decimals(9, 9, &["DECIMAL(9,9)", "DECIMAL(10,10)"]),
        decimals(10, 0, &["DECIMAL(18,8)", "DECIMAL(38,0)"]),
        decimals(10, 4, &["DECIMAL(10,4)", "DECIMAL(20,10)"]),
        decimals(18, 6, &["DECIMAL(18,6)", "DECIMAL(19,6)", "DECIMAL(20,8)"]),
        decimals(19, 0, &["DECIMAL(20,0)"]),
        decimals(19, 7, &["DECIMAL(38,26)"]),
        decimals(20, 2, &["DECIMAL(20,2)", "DECIMAL(38,20)"]),
        decimals(20, 20, &["DECIMAL(21,21)"]),
        decimals(38, 0, &["DECIMAL(38,0)"]),
        decimals(38, 10, &["DECIMAL(38,10)"]),
        decimals(38, 37, &["DECIMAL(38,37)"]),
        // Values that fit a column whose type promises less than the declared one.
        case("DECIMAL(19, 3)", edge, &["DECIMAL(19,3)"]),
        case("DECIMAL(30, 2)", small, &["DECIMAL(5,2)", "DECIMAL(19,14)"]),
    ]
}

fn texts() -> Vec<Case> {
    let short = ["", " ", "a", "a  ", "😀", "é"].map(text).to_vec();
    let ascii = ["", " ", "a", " a", "a  ", "12345678", "\"\\,\n|'"].map(text).to_vec();
    let long = vec![
        Value::Text("x".repeat(65_535)),
        Value::Text("\"".repeat(65_535)),
        Value::Text("é".repeat(32_767) + " "),
        Value::Text("😀".repeat(16_383) + "\r\n,"),
        Value::Text(" ".repeat(65_535)),
    ];
    vec![
        case("CHAR(3)", short, &["VARCHAR(4)", "VARCHAR(65535)"]),
        case("VARCHAR(8)", ascii, &["CHAR(8)", "CHAR(4096)", "VARCHAR(8)"]),
        case("STRING", TROUBLE.map(text).to_vec(), &["VARCHAR(26)", "VARCHAR(65535)"]),
        case("VARCHAR(65535)", long, &["VARCHAR(65535)"]),
    ]
}

const CLOCKS: [&str; 6] =
    ["00:00:00", "00:00:00.001", "02:30:00", "12:00:00.5", "23:59:59", "23:59:59.999"];

fn bytes(declared: &str, values: &[&[u8]], targets: &[&str]) -> Case {
    case(declared, values.iter().map(|bytes| Value::Bytes(bytes.to_vec())).collect(), targets)
}

fn binaries() -> Vec<Case> {
    let every: Vec<u8> = (0..=255).collect();
    // As many as parameters carry.
    let wide = vec![0xA5; 32_767];
    vec![
        bytes("BINARY(3)", &[b"abc", &[0; 3], &[255; 3]], &["VARBYTE(3)", "VARBYTE"]),
        bytes("VARBINARY(256)", &[&[0], b"@NULL@", &every], &["VARBYTE(256)"]),
        bytes("BYTES", &[&every, &wide], &["VARBYTE(1024000)"]),
    ]
}

fn clocks_and_intervals() -> Vec<Case> {
    let times = |declared, micros: &[&str]| {
        let values = CLOCKS.iter().chain(micros).map(|text| clock(text)).collect();
        case(declared, values, &["TIME", "TIMESTAMP"])
    };
    let months = [i32::MIN, -13, 0, 1, i32::MAX].map(Value::Months).to_vec();
    let millis = [i64::MIN, -1, 0, 86_400_000, i64::MAX].map(Value::Millis).to_vec();
    vec![
        times("TIME(3)", &[]),
        times("TIME(6)", &["00:00:00.000001", "23:59:59.999999"]),
        case("INTERVAL YEAR TO MONTH", months, &["INTEGER", "BIGINT"]),
        case("INTERVAL DAY TO SECOND", millis, &["BIGINT"]),
    ]
}

fn list(values: &[Option<Value>]) -> Value {
    Value::List(values.to_vec())
}

fn entries(entries: &[(Value, Option<Value>)]) -> Value {
    Value::Entries(entries.to_vec())
}

/// What becomes SUPER.
fn nested() -> Vec<Case> {
    let number = |value: i64| Some(Value::Int(value));
    let doubles = [f64::MIN, f64::MAX, -0.0, 0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let doubles: Vec<_> = doubles.map(|value| Some(Value::Double(value))).to_vec();
    let troubles: Vec<_> = TROUBLE.iter().map(|trouble| Some(text(trouble))).collect();
    let named: Vec<_> =
        TROUBLE.iter().enumerate().map(|(at, key)| (text(key), number(at as i64))).collect();
    let nines = Some(Value::Decimal(10_i128.pow(38) - 1));
    let times = |at: &str| {
        let (day, time) = at.split_once(' ').expect("a day and a time");
        Value::Fields(vec![
            Some(values::day(day)),
            Some(clock(time)),
            Some(values::at(at)),
            Some(values::at(at)),
        ])
    };
    let tree = |name: &str, leaves: &[Option<Value>]| {
        Value::Fields(vec![Some(text(name)), Some(list(leaves))])
    };
    let leaf = |key: &str, bytes: &[u8]| {
        Some(entries(&[(text(key), Some(Value::Bytes(bytes.to_vec()))), (text("none"), None)]))
    };
    let targets = &["SUPER"];
    vec![
        case(
            "ARRAY<BIGINT>",
            vec![
                list(&[]),
                list(&[number(i64::MIN), None, number(i64::MAX)]),
                list(&vec![number(7); 20_000]),
            ],
            targets,
        ),
        case("ARRAY<DOUBLE>", vec![list(&doubles)], targets),
        case("ARRAY<STRING NOT NULL>", vec![list(&troubles)], targets),
        case(
            "ARRAY<DECIMAL(38, 10)>",
            vec![list(&[nines, Some(Value::Decimal(-1)), None])],
            targets,
        ),
        case("MAP<STRING, BIGINT>", vec![entries(&[]), entries(&named)], targets),
        case(
            "MAP<INT, BOOLEAN>",
            vec![entries(&[(Value::Int(-1), Some(Value::Bool(true))), (Value::Int(2), None)])],
            targets,
        ),
        case(
            "MULTISET<STRING>",
            vec![entries(&[(text("a"), number(3)), (text(""), number(1))])],
            targets,
        ),
        case(
            "ROW<d DATE, c TIME(3), t TIMESTAMP(6), z TIMESTAMP_LTZ(6)>",
            vec![
                times("0001-01-01 00:00:00"),
                times("1969-12-31 23:59:59.999"),
                times("9999-12-31 12:00:00"),
            ],
            targets,
        ),
        case(
            "ROW<`Na me` STRING, leaves ARRAY<MAP<STRING, BYTES>>>",
            vec![
                tree("é😀", &[leaf("a\"b", b"\0\xff"), None, leaf("", b"")]),
                Value::Fields(vec![None, None]),
            ],
            targets,
        ),
        case(
            "ROW<m INTERVAL YEAR TO MONTH, s INTERVAL DAY TO SECOND, f FLOAT>",
            vec![Value::Fields(vec![
                Some(Value::Months(-14)),
                Some(Value::Millis(i64::MAX)),
                Some(Value::Float(0.1)),
            ])],
            targets,
        ),
        case(
            "STRING",
            [
                "null",
                " [1, 2.50, \"a\"] ",
                "\"text\"",
                "-0.0",
                r#"{"A": {"b": [null, true]}, "a": "\u00e9 \\ \" @NULL@"}"#,
            ]
            .map(text)
            .to_vec(),
            targets,
        ),
    ]
}

/// Every carried type, with values that every way carries into every kind of table.
pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("BOOLEAN", vec![Value::Bool(true), Value::Bool(false)], &["BOOLEAN"]),
        case("DATE", DAYS.map(day).to_vec(), &["DATE"]),
        times("TIMESTAMP(0)", &[&SECONDS], &["TIMESTAMP"]),
        times("TIMESTAMP(3)", &[&SECONDS, &MILLIS], &["TIMESTAMP"]),
        times("TIMESTAMP(6)", &[&SECONDS, &MICROS], &["TIMESTAMP"]),
        times("TIMESTAMP(9)", &[&MILLIS, &MICROS], &["TIMESTAMP"]),
        times("TIMESTAMP_LTZ(3)", &[&SECONDS, &MILLIS], &["TIMESTAMPTZ", "TIMESTAMP"]),
        times("TIMESTAMP_LTZ(6)", &[&SECONDS, &MICROS], &["TIMESTAMPTZ", "TIMESTAMP"]),
    ];
    cases.extend(floats());
    cases.extend(exact_numbers());
    cases.extend(texts());
    cases.extend(binaries());
    cases.extend(clocks_and_intervals());
    cases.extend(nested());
    cases
}
