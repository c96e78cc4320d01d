//! Each policy against each rule, every way.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float64Array, Int32Builder,
        Int64Array, ListArray, MapBuilder, RecordBatch, StringArray, StringBuilder, StructArray,
        Time64MicrosecondArray, TimestampMicrosecondArray, new_null_array,
    },
    buffer::OffsetBuffer,
    datatypes::{DataType, Field},
};
use arrow_redshift::{
    ErrorKind,
    sink::{CommitPoint, Prepared, Writer},
    types::{Column, FlinkType, TableSchema},
};
use redshift_local::config::Isolation;
use tokio_util::sync::CancellationToken;

use crate::{
    letters::{left, placed, placing},
    support::{client, options, rows, sink, stand_in},
};

const DDL: &str = "CREATE TABLE {} (id BIGINT NOT NULL, narrow VARCHAR(10), single CHAR(10), cut \
                   DECIMAL(18,2), nineteen DECIMAL(19,4), day DATE, clock TIMESTAMP, number \
                   DOUBLE PRECISION, needed VARCHAR(10) NOT NULL, bytes VARBYTE(3), time TIME, \
                   list SUPER, map SUPER, json SUPER)";

fn schema() -> TableSchema {
    let column = |(name, data_type): (&str, &str)| Column {
        name: name.into(),
        data_type: data_type.parse::<FlinkType>().unwrap(),
        nullable: true,
    };
    let columns = [
        ("id", "BIGINT"),
        ("narrow", "STRING"),
        ("single", "STRING"),
        ("cut", "DECIMAL(20, 2)"),
        ("nineteen", "DECIMAL(19, 4)"),
        ("day", "DATE"),
        ("clock", "TIMESTAMP(6)"),
        ("number", "DOUBLE"),
        ("needed", "STRING"),
        ("bytes", "BYTES"),
        ("time", "TIME(6)"),
        ("list", "ARRAY<ROW<a STRING, b BYTES>>"),
        ("map", "MAP<STRING, INT>"),
        ("json", "STRING"),
    ];
    TableSchema::new(columns.map(column).to_vec(), Vec::new()).unwrap()
}

/// A value that does not fit.
struct Misfit {
    column: &'static str,
    /// A column of one row.
    value: ArrayRef,
    rule: &'static str,
    /// What is left of it where it can be cut.
    cut: Option<&'static str>,
    /// Whether it fits into Parquet.
    csv_only: bool,
    /// The rule that keeps it out of statements.
    bound: Option<&'static str>,
    /// How it is told in JSON.
    json: &'static str,
}

fn misfits() -> Vec<Misfit> {
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let decimal = |value: i128, precision, scale| -> ArrayRef {
        let array = Decimal128Array::from(vec![value]);
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    };
    let of = |column, value, rule, cut, json| Misfit {
        column,
        value,
        rule,
        cut,
        csv_only: rule.starts_with("csv-"),
        bound: match (rule, json) {
            ("csv-empty", _) => Some("not-empty"),
            ("csv-number", "5e-324") => Some("not-subnormal"),
            _ => (!rule.starts_with("csv-")).then_some(rule),
        },
        json,
    };
    let mut all = vec![
        of("narrow", text("éééééé"), "max-bytes", Some("ééééé"), "\"éééééé\""),
        // Four characters of two bytes fit behind one of one; half a fifth does not.
        of("narrow", text("aéééééx"), "max-bytes", Some("aéééé"), "\"aéééééx\""),
        of("narrow", text("a\0b"), "no-nul", None, "\"a\\u0000b\""),
        of("narrow", text("@NULL@"), "csv-null", None, "\"@NULL@\""),
        of("single", text("12345678901"), "max-bytes", Some("1234567890"), "\"12345678901\""),
        of("single", text("café"), "single-byte", None, "\"café\""),
        of("cut", decimal(10_i128.pow(18), 20, 2), "max-digits", None, "10000000000000000.00"),
        of(
            "nineteen",
            decimal(i128::from(i64::MAX) + 1, 19, 4),
            "max-digits",
            None,
            "922337203685477.5808",
        ),
        of(
            "day",
            Arc::new(Date32Array::from(vec![2_932_897])),
            "time-range",
            None,
            "\"+10000-01-01\"",
        ),
        of(
            "clock",
            Arc::new(TimestampMicrosecondArray::from(vec![-62_135_596_800_000_001])),
            "time-range",
            None,
            "\"0000-12-31 23:59:59.999999\"",
        ),
        of("number", Arc::new(Float64Array::from(vec![f64::NAN])), "csv-number", None, "\"NaN\""),
        of("number", Arc::new(Float64Array::from(vec![5e-324])), "csv-number", None, "5e-324"),
        of("needed", Arc::new(StringArray::from(vec![None::<&str>])), "not-null", None, "null"),
        of("needed", text("twelve bytes"), "max-bytes", Some("twelve byt"), "\"twelve bytes\""),
        of("json", text("{"), "json-text", None, "\"{\""),
    ];
    all.extend(carried().map(|(column, value, rule, json)| of(column, value, rule, None, json)));
    all
}

/// Bytes, times of a day, and what nests.
fn carried() -> [(&'static str, ArrayRef, &'static str, &'static str); 6] {
    let bytes = |value: &[u8]| -> ArrayRef { Arc::new(BinaryArray::from_vec(vec![value])) };
    let list = |text: &str| -> ArrayRef {
        let FlinkType::Array(row) = "ARRAY<ROW<a STRING, b BYTES>>".parse().unwrap() else {
            panic!("an array")
        };
        let (DataType::Struct(fields), field) =
            (row.data_type.arrow(), Arc::new(Field::new_list_field(row.data_type.arrow(), true)))
        else {
            panic!("a row")
        };
        let columns: Vec<ArrayRef> =
            vec![Arc::new(StringArray::from(vec![text])), bytes(&[0, 255])];
        let rows = StructArray::new(fields, columns, None);
        Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([1]), Arc::new(rows), None))
    };
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for (key, value) in [("a", 1), ("b", 2), ("a", 3)] {
        map.keys().append_value(key);
        map.values().append_value(value);
    }
    map.append(true).unwrap();
    [
        ("bytes", bytes(&[0, 255, 1, 2]), "max-octets", "\"AP8BAg==\""),
        ("bytes", bytes(&[]), "csv-empty", "\"\""),
        (
            "time",
            Arc::new(Time64MicrosecondArray::from(vec![86_400_000_000])),
            "time-of-day",
            "\"24:00:00\"",
        ),
        ("list", list("a\0"), "nested", "[{\"a\":\"a\\u0000\",\"b\":\"AP8=\"}]"),
        // Longer than the text of a SUPER may be.
        ("list", list(&"x".repeat(65_535)), "max-octets", "xxxx\",\"b\":\"AP8=\"}]"),
        ("map", Arc::new(map.finish()), "nested", "{\"a\":1,\"b\":2,\"a\":3}"),
    ]
}

/// A row of NULL but where a value is needed, with one value in its place.
fn row(id: i64, misfit: Option<&Misfit>) -> RecordBatch {
    let schema = schema().arrow();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match (field.name().as_str(), misfit) {
            (name, Some(misfit)) if name == misfit.column => misfit.value.clone(),
            ("id", _) => Arc::new(Int64Array::from(vec![id])),
            ("needed", _) => Arc::new(StringArray::from(vec!["here"])),
            _ => new_null_array(field.data_type(), 1),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

/// What a policy makes of a misfit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Refused,
    Loaded,
    Becomes(&'static str),
    Aside,
}

fn fate(policy: &str, misfit: &Misfit, way: &str) -> Fate {
    let fits = match way {
        "csv" => false,
        "parquet" => misfit.csv_only,
        _ => misfit.bound.is_none(),
    };
    if fits {
        return Fate::Loaded;
    }
    match (policy, misfit.cut) {
        ("truncate", Some(cut)) => Fate::Becomes(cut),
        ("null", _) if misfit.column != "needed" => Fate::Becomes("NULL"),
        ("dead-letter", _) => Fate::Aside,
        _ => Fate::Refused,
    }
}

/// The options of a sink whose rows go one of the ways.
fn going(mut options: BTreeMap<String, String>, way: &str) -> BTreeMap<String, String> {
    if !way.starts_with("jdbc") {
        options.insert("sink.copy.format".into(), way.into());
        return options;
    }
    options.retain(|key, _| !key.starts_with("aws.") && !key.contains("s3"));
    options.insert("sink.write.mode".into(), "jdbc".into());
    if way == "jdbc-exactly-once" {
        options.insert("sink.delivery-guarantee".into(), "exactly-once".into());
    }
    options
}

/// Loads what a policy lets through, after it refused the rest; gives the fates by the rows' ids.
async fn offer(sink: &Prepared, policy: &str, way: &str) -> BTreeMap<i64, (Misfit, Fate)> {
    let mut writer: Writer = sink.writer(0, 7).unwrap();
    let mut fates = BTreeMap::new();
    for (id, misfit) in (1..).zip(misfits()) {
        let fate = fate(policy, &misfit, way);
        let written = writer.write(&row(id, Some(&misfit)), None).await;
        match fate {
            Fate::Refused => {
                let error = written.expect_err(misfit.rule);
                assert_eq!(error.kind(), ErrorKind::ValueRefused, "{error}");
                assert!(error.to_string().contains(misfit.column), "{error}");
                let bound = misfit.bound.filter(|_| way.starts_with("jdbc"));
                let rule = bound.unwrap_or(misfit.rule);
                assert!(error.to_string().contains(&format!("rule: {rule}")), "{error}");
            }
            _ => written.unwrap_or_else(|error| panic!("{policy} {}: {error}", misfit.rule)),
        }
        fates.insert(id, (misfit, fate));
    }
    writer.write(&row(100, None), None).await.unwrap();
    let count = |wanted: fn(&Fate) -> bool| fates.values().filter(|(_, f)| wanted(f)).count();
    let touched = writer.touched();
    assert_eq!(touched.dead_letters, count(|fate| *fate == Fate::Aside) as u64);
    let changed = count(|fate| matches!(fate, Fate::Becomes(_))) as u64;
    assert_eq!(touched.truncated + touched.nulled, changed);
    let parts = writer.close(7).await.unwrap();
    // In jdbc mode, at least once, the writer has committed everything by itself.
    let Some(commit) = sink.gather(&CommitPoint::Checkpoint(7), parts).unwrap() else {
        assert_eq!(way, "jdbc");
        return fates;
    };
    let applied = sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
    assert_eq!(applied.dead_letters, touched.dead_letters);
    fates
}

#[tokio::test(flavor = "multi_thread")]
async fn each_policy_meets_each_rule_every_way() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut aside = 0;
    for way in ["parquet", "csv", "jdbc", "jdbc-exactly-once"] {
        let policies: &[&str] = match way.starts_with("jdbc") {
            true => &["fail", "truncate", "null"],
            false => &["fail", "truncate", "null", "dead-letter"],
        };
        for policy in policies {
            let table = format!("{way}_{policy}").replace('-', "_");
            watcher.batch_execute(&DDL.replace("{}", &table)).await.unwrap();
            let mut options = going(options(&server, &table), way);
            options.insert("sink.value-policy".into(), (*policy).into());
            if *policy == "dead-letter" {
                placing(&mut options);
            }
            let sink = sink(&options, schema()).prepare(&[]).await.unwrap();
            let fates = offer(&sink, policy, way).await;

            let mut expected = vec!["100".to_owned()];
            for (id, (misfit, fate)) in &fates {
                let column = misfit.column;
                let found =
                    rows(&watcher, &format!("SELECT {column} FROM {table} WHERE id = {id}")).await;
                let what = format!("{way} {policy} {column} {}", misfit.rule);
                match fate {
                    Fate::Refused => assert!(found.is_empty(), "{what}: {found:?}"),
                    Fate::Aside => {
                        assert!(found.is_empty(), "{what}: {found:?}");
                        let letters = placed(&server);
                        let name = format!("\"public\".\"{table}\"");
                        let mut mine = letters
                            .iter()
                            .filter(|letter| letter.0["table"] == name && letter.cell("id") == *id);
                        let letter = mine.next().unwrap_or_else(|| panic!("{what}: {letters:?}"));
                        assert!(mine.next().is_none(), "{what}: twice");
                        let reason = (column.to_owned(), misfit.rule.to_owned());
                        assert_eq!(letter.refused(), [reason], "{what}");
                        let told = match misfit.json.starts_with('x') {
                            true => misfit.json.to_owned(),
                            false => format!("\"{column}\":{}", misfit.json),
                        };
                        assert!(letter.1.contains(&told), "{what}: {}", letter.1);
                        assert_eq!(letter.0["kind"], "+I");
                        assert_eq!((letter.number("checkpoint"), letter.number("subtask")), (7, 0));
                        aside += 1;
                        continue;
                    }
                    Fate::Loaded => assert_eq!(found.len(), 1, "{what}"),
                    Fate::Becomes(value) => {
                        assert_eq!(found[0][0].trim_end(), *value, "{what}");
                    }
                }
                if *fate != Fate::Refused {
                    expected.push(id.to_string());
                }
            }
            let mut ids: Vec<String> =
                rows(&watcher, &format!("SELECT id FROM {table}")).await.concat();
            ids.sort();
            expected.sort();
            assert_eq!(ids, expected, "{way} {policy}");
        }
    }
    assert_eq!(placed(&server).len(), aside, "nothing else was set aside");
    assert_eq!(left(&server), Vec::<String>::new());
    server.stop().await.unwrap();
}
