//! Every limit of the table is kept: for each a check that goes up to it, and one step beyond.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::HashSet;

use arrow_redshift::{
    limits::{self, Limit},
    options::{self, CopyAuthorization, CreateTable, Distribution},
    sink::{CommitPoint, CommittableId, Identity, LaunchId},
    sql::{
        self, Conversion, CopyInto, FileFormat, InsertRows, Layout, Ledger, LoadColumn, NewColumn,
        Qualified, Statement,
    },
    types::{
        Carrier, Column, Element, FlinkType, NameCase, RedshiftType, Rule, TableSchema,
        TargetColumn, TargetTable, default_target, plan,
    },
};

/// What a check says of a size: whether it is taken.
type Taken = Box<dyn Fn(u64) -> bool>;

fn option(key: &'static str, value: impl Fn(u64) -> String + 'static) -> Taken {
    Box::new(move |size| {
        let mut pairs: Vec<(String, String)> = [
            ("hostname", "h"),
            ("username", "u"),
            ("password", "p"),
            ("table-name", "t"),
            ("sink.write.mode", "copy"),
            ("sink.write.temp.s3-uri", "s3://bucket/temp"),
            ("aws.iam-role", "default"),
            ("sink.create-table", "if-not-exists"),
        ]
        .into_iter()
        .filter(|(given, _)| *given != key)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        pairs.push((key.to_owned(), value(size)));
        options::sink(&pairs).is_ok()
    })
}

fn column(name: &str, data_type: FlinkType) -> Column {
    Column { name: name.to_owned(), data_type, nullable: true }
}

fn declared(column: impl Fn(u64) -> Option<Column> + 'static) -> Taken {
    Box::new(move |size| column(size).is_some_and(|it| TableSchema::new(vec![it], vec![]).is_ok()))
}

fn decimal(text: impl Fn(u64) -> String + 'static) -> Taken {
    declared(move |size| Some(column("c", text(size).parse().ok()?)))
}

/// Whether a column of bytes is created as wide as that.
fn created(declared: impl Fn(u64) -> FlinkType + 'static) -> Taken {
    Box::new(move |size| {
        let text = limits::VARCHAR_BYTES as u32;
        default_target(&declared(size), text) == RedshiftType::VarByte(size as u32)
    })
}

/// How a limit is checked.
enum Kept {
    /// Up to it, and not one more.
    UpTo(Taken),
    /// Down to it, and not one less.
    DownTo(Taken),
    /// By something that the connector never has more of than this.
    Below(u64),
    /// By code that computes with the constant itself and is out of reach here: its own test, or the
    /// compiler, goes up to it and one step beyond.
    Derived,
}

fn check(limit: &Limit) -> Kept {
    use Kept::{Below, Derived, DownTo, UpTo};
    let long = |size: u64| "x".repeat(size as usize);
    let part = || option("sink.copy.part-size", |size| format!("{size} bytes"));
    match limit.name {
        "identifier" => UpTo(declared(move |size| Some(column(&long(size), FlinkType::Int)))),
        "VARCHAR(n)" => UpTo(option("sink.create-table.varchar-width", |size| size.to_string())),
        "CHAR(n)" => Below(most_octets("STRING", RedshiftType::Char(limit.value as u32))),
        "VARBYTE(n)" => UpTo(created(|size| FlinkType::VarBinary(size as u32))),
        "VARBYTE(n) of older releases" => UpTo(created(|_| FlinkType::Bytes)),
        // With its quotation marks a string is at most as long as all of the JSON.
        "string in a SUPER" => Below(longest_json()),
        "DECIMAL precision" => UpTo(decimal(|size| format!("DECIMAL({size}, 2)"))),
        "DECIMAL scale" => UpTo(decimal(|size| format!("DECIMAL(38, {size})"))),
        "columns per table" => UpTo(Box::new(|size| {
            let columns = (0..size).map(|n| column(&format!("c{n}"), FlinkType::Int));
            TableSchema::new(columns.collect(), vec![]).is_ok()
        })),
        "compound SORTKEY" => UpTo(option("sink.create-table.sort-key", |size| {
            let names: Vec<_> = (0..size).map(|n| format!("c{n}")).collect();
            names.join(";")
        })),
        "database name" => UpTo(option("database-name", long)),
        "connections" => UpTo(option("connection.max", |size| size.to_string())),
        "file of a COPY, most" => UpTo(part()),
        "file of a COPY, least" => DownTo(part()),
        // What the connector's own names take is left free.
        "S3 object key" => UpTo(option("sink.write.temp.s3-uri", move |size| {
            format!("s3://bucket/{}", long(size - 324))
        })),
        "SQL statement" => Below(longest_statement()),
        "row of a COPY" | "pieces of an upload" | "piece of an upload, least" => Derived,
        "application_name" => Derived,
        "query_group" => Below(longest_label()),
        "bind parameters" => Below(most_parameters()),
        "value of a SUPER" => Below(longest_json()),
        "levels of a SUPER" => Below(deepest_type()),
        "row of fixed widths" => Below(widest_row()),
        other => panic!("who keeps the limit of {other}?"),
    }
}

fn longest_label() -> u64 {
    let identity = Identity {
        launch: LaunchId::named(&"r".repeat(64)),
        sink: "s".repeat(1000),
        job: String::new(),
    };
    let id = CommittableId::new(&identity, &CommitPoint::Checkpoint(u64::MAX));
    id.label().len() as u64
}

/// The most parameters of an INSERT, over tables of every number of columns.
fn most_parameters() -> u64 {
    let column = |n: usize| LoadColumn {
        name: format!("c{n}"),
        stage_type: "BIGINT".into(),
        conversion: Conversion::None,
        key: n == 0,
        text: false,
    };
    let layouts = (1..=limits::TABLE_COLUMNS as usize).map(|columns| Layout {
        columns: (0..columns).map(column).collect(),
        direct: true,
        complete: true,
    });
    // Beside the columns of a staging table, four that mark the change.
    let parameters = |layout: Layout| {
        let insert = InsertRows::new(CopyInto::Stage("s"), &layout);
        assert_eq!(insert.columns(), layout.columns.len() + 4);
        assert!(insert.most_rows() > 0);
        insert.most_rows() * insert.columns()
    };
    layouts.map(parameters).max().unwrap() as u64
}

/// The longest text that is staged for a SUPER, by the rules of its column.
fn longest_json() -> u64 {
    let most = |declared: &str| most_octets(declared, RedshiftType::Super);
    most("ARRAY<STRING>").max(most("STRING"))
}

/// The longest value that goes into a column of an existing table, by its rules.
fn most_octets(declared: &str, data_type: RedshiftType) -> u64 {
    let schema = TableSchema::new(vec![column("c", declared.parse().unwrap())], vec![]);
    let stored = TargetColumn { name: "c".into(), data_type, nullable: true, default: None };
    let target = TargetTable {
        schema: "s".into(),
        table: "t".into(),
        columns: vec![stored],
        case: NameCase::Folded,
    };
    let plan = plan(&schema.unwrap(), &target, Carrier::Parquet).unwrap();
    let octets = plan.columns[0].rules.iter().find_map(|rule| match rule {
        Rule::MaxOctets(most) | Rule::MaxBytes(most) => Some(*most),
        _ => None,
    });
    octets.expect("a limit") as u64
}

/// The most levels that a declared type may have, whether it is read or built by hand.
fn deepest_type() -> u64 {
    let nested = |levels: usize| {
        (0..levels).fold(FlinkType::Int, |held, _| {
            FlinkType::Array(Box::new(Element { data_type: held, nullable: true }))
        })
    };
    let taken = |levels: &usize| {
        let read = nested(*levels).to_string().parse::<FlinkType>().is_ok();
        let built = TableSchema::new(vec![column("c", nested(*levels))], vec![]).is_ok();
        assert_eq!(read, built, "{levels} levels");
        built
    };
    (1..2000).take_while(taken).last().unwrap() as u64
}

/// The longest statement of a load of the widest table, with the longest names that there are.
fn longest_statement() -> u64 {
    let lengths = [true, false].into_iter().flat_map(|complete| {
        let statements = statements(&widest(Conversion::Hex, complete));
        statements.into_iter().map(|statement| statement.text().len() as u64)
    });
    lengths.max().unwrap()
}

/// The bytes of a row of as many columns as a table has, each of the widest created type whose width is
/// fixed, and what marks changes.
fn widest_row() -> u64 {
    let element = Box::new(Element { data_type: FlinkType::Int, nullable: true });
    let types = [
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INT",
        "BIGINT",
        "FLOAT",
        "DOUBLE",
        "DECIMAL(38, 10)",
        "CHAR(4096)",
        "VARCHAR(65535)",
        "STRING",
        "BINARY(16)",
        "VARBINARY(16)",
        "BYTES",
        "DATE",
        "TIME(6)",
        "TIMESTAMP(9)",
        "TIMESTAMP_LTZ(9)",
        "INTERVAL YEAR TO MONTH",
        "INTERVAL DAY TO SECOND",
    ];
    let declared = types.iter().map(|text| text.parse::<FlinkType>().unwrap());
    let declared = declared.chain([FlinkType::Array(element)]);
    let bytes = |declared: FlinkType| match default_target(&declared, 65_535) {
        RedshiftType::Boolean => 1,
        RedshiftType::SmallInt => 2,
        RedshiftType::Integer | RedshiftType::Real | RedshiftType::Date => 4,
        RedshiftType::BigInt
        | RedshiftType::Double
        | RedshiftType::Time
        | RedshiftType::Timestamp
        | RedshiftType::TimestampTz => 8,
        RedshiftType::Decimal { .. } => 16,
        // As the page says of VARCHAR, not in full: by the length that stands before the bytes.
        RedshiftType::VarChar(_) | RedshiftType::VarByte(_) | RedshiftType::Super => 4,
        other => panic!("{other} is created, and its width is not known here"),
    };
    declared.map(bytes).max().unwrap() * limits::TABLE_COLUMNS + 2 + 8 + 8 + 4
}

#[test]
fn every_limit_is_kept_and_reached() {
    for limit in limits::ALL {
        let Limit { name, value, .. } = limit;
        let (taken, beyond) = match check(limit) {
            Kept::UpTo(taken) => (taken, value + 1),
            Kept::DownTo(taken) => (taken, value - 1),
            Kept::Below(most) => {
                assert!(most > 0 && most <= *value, "{name}: {most} of {value}");
                continue;
            }
            Kept::Derived => continue,
        };
        assert!(taken(*value), "{name}: {value} is refused");
        assert!(!taken(beyond), "{name}: {beyond} is taken");
    }
}

#[test]
fn created_text_is_never_wider_than_redshifts() {
    for length in [1, 16_383, 16_384, u32::MAX] {
        for declared in [FlinkType::Char(length), FlinkType::VarChar(length), FlinkType::String] {
            let text = default_target(&declared, limits::VARCHAR_BYTES as u32).to_string();
            let width = text.trim_start_matches("VARCHAR(").trim_end_matches(')');
            assert!(width.parse::<u64>().unwrap() <= limits::VARCHAR_BYTES, "{text}");
        }
    }
}

/// A name of as many bytes as names have, which quoting doubles.
fn name(n: usize) -> String {
    format!("{}{n:04}", "\"".repeat(limits::IDENTIFIER_BYTES as usize - 4))
}

/// A layout of as many columns as tables have, with names as long as they get.
fn widest(conversion: Conversion, complete: bool) -> Layout {
    let columns = (0..limits::TABLE_COLUMNS as usize).map(|n| LoadColumn {
        name: name(n),
        stage_type: "DECIMAL(38, 37)".into(),
        conversion: if n < 800 { Conversion::None } else { conversion },
        key: n < 800,
        text: true,
    });
    Layout { columns: columns.collect(), direct: false, complete }
}

fn target() -> Qualified {
    Qualified { schema: name(9001), table: name(9002) }
}

/// Every statement of a load that names the target's columns, and those that name the target alone.
fn statements(layout: &Layout) -> Vec<Statement> {
    const STAGE: &str = "frc_stage";
    let (target, into) = (target(), CopyInto::Stage(STAGE));
    let names: Vec<&str> = layout.columns.iter().map(|column| column.name.as_str()).collect();
    let new = |name: &&str| NewColumn {
        name: (*name).to_owned(),
        data_type: "VARCHAR(65535)".into(),
        nullable: false,
        encoding: Some("ZSTD".into()),
        comment: None,
    };
    let columns: Vec<NewColumn> = names.iter().map(new).collect();
    let key: Vec<String> = names.iter().take(800).map(|name| (*name).to_owned()).collect();
    let role = CopyAuthorization::Role(vec!["arn:aws:iam::123456789012:role/loader".into()]);
    let manifest = format!("s3://bucket/{}", "m".repeat(1024));
    let wanted = CreateTable {
        sort_key: key[..400].to_vec(),
        distribution: Distribution::Key(key[0].clone()),
        ..attributes()
    };
    let staging = InsertRows::new(into, layout);
    let mut all = vec![
        sql::create_table(&target, &columns, &key, &wanted),
        sql::add_column(&target, &columns[0]),
        sql::resize_column(&target, names[0], 65_535),
        sql::comment_on_table(&target, "a table"),
        sql::comment_on_column(&target, names[0], "a column"),
        sql::create_stage(STAGE, layout),
        staging.statement(staging.most_rows()),
        InsertRows::new(CopyInto::Target(&target), layout).statement(1),
        sql::insert_nothing(&target, layout),
        sql::insert_staged(&target, STAGE, layout),
        sql::copy(into, layout, &manifest, &role, FileFormat::Parquet, None),
        sql::copy(CopyInto::Target(&target), layout, &manifest, &role, FileFormat::Parquet, None),
        sql::lock(&[&target]),
        sql::overwrite(&target),
        sql::count_duplicates(&target, STAGE, layout),
        sql::show_columns(&target),
    ];
    all.extend(sql::apply_changes(&target, STAGE, layout));
    all.extend(sql::apply_folded(&target, STAGE, layout));
    all.extend(sql::clean_duplicates(&target, &names, STAGE, layout));
    all.extend(sql::merge(&target, STAGE, layout));
    all
}

/// What is asked of a created table where nothing is.
fn attributes() -> CreateTable {
    let pairs: Vec<(String, String)> = [
        ("hostname", "h"),
        ("username", "u"),
        ("password", "p"),
        ("table-name", "t"),
        ("sink.create-table", "if-not-exists"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec();
    options::sink(&pairs).unwrap().config.create
}

/// The longest names, ids and lists make statements far below the limit.
#[test]
fn the_longest_statements_are_short_enough() {
    let ledger = Ledger::beside(&target());
    assert!(ledger.table.table.len() as u64 <= limits::IDENTIFIER_BYTES);
    let launch = LaunchId::named(&"r".repeat(64));
    let sink = "'".repeat(1000);
    let identity = Identity { launch, sink, job: "\\".repeat(1000) };
    let id = CommittableId::new(&identity, &CommitPoint::Checkpoint(u64::MAX));
    assert!(id.label().len() as u64 <= limits::QUERY_LABEL_BYTES);
    let ids = vec![id.as_str(); 1000];
    let fits = |statement: &Statement| statement.text().len() as u64 * 4 < limits::STATEMENT_BYTES;
    assert!(fits(&ledger.find(&ids)));
    for conversion in [Conversion::None, Conversion::Utc, Conversion::Json, Conversion::Hex] {
        for complete in [true, false] {
            for statement in statements(&widest(conversion, complete)) {
                let length = statement.text().len();
                assert!(fits(&statement), "{length} bytes: {}", &statement.text()[..200]);
            }
        }
    }
}

/// Whatever is named in quotes in a statement, in full.
fn quoted(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let mut name = String::new();
        rest = &rest[start + 1..];
        loop {
            let end = rest.find('"').expect("a name that ends");
            name.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            let Some(after) = rest.strip_prefix('"') else { break };
            name.push('"');
            rest = after;
        }
        names.push(name);
    }
    names
}

/// Redshift cuts longer names silently, so no builder may shorten one or add to it: each of the longest
/// comes out as it went in. The stand-in cannot show that, since PostgreSQL's names end earlier.
#[test]
fn the_longest_names_come_out_of_every_statement_as_they_went_in() {
    let (target, layout) = (target(), widest(Conversion::Utc, false));
    let mut known: HashSet<String> =
        layout.columns.iter().map(|column| column.name.clone()).collect();
    known.extend([target.schema.clone(), target.table.clone()]);
    for complete in [true, false] {
        for statement in statements(&widest(Conversion::Utc, complete)) {
            let found = quoted(statement.text());
            let ours = |name: &String| name.starts_with("frc_") || known.contains(name);
            assert_eq!(found.iter().find(|name| !ours(name)), None, "{}", statement.verb());
            let named = found.iter().any(|name| known.contains(name));
            assert!(named || statement.verb() == "DROP TABLE", "{}", statement.text());
        }
    }
    for name in &known {
        assert_eq!(name.len() as u64, limits::IDENTIFIER_BYTES);
    }
}
