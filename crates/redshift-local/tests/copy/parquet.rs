//! Which Parquet files load, and how the others are refused.

use std::sync::Arc;

use parquet::{
    basic::{Compression, Encoding, ZstdLevel},
    column::writer::ColumnWriter,
    data_type::{ByteArray, FixedLenByteArray, Int96},
    file::{
        properties::{WriterProperties, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};
use redshift_local::copy::target::ColumnType::{self, *};

use crate::{
    row::Row,
    support::{World, some, told},
};

/// Values of a column of one row group.
enum Data {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    I96(Vec<[u32; 3]>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bytes(Vec<Vec<u8>>),
}

fn text(values: &[&str]) -> Data {
    Data::Bytes(values.iter().map(|value| value.as_bytes().to_vec()).collect())
}

/// A file of one row group whose columns hold `columns` without NULLs.
fn file_with(schema: &str, columns: &[Data], properties: WriterProperties) -> Vec<u8> {
    let schema = parse_message_type(&format!("message m {{ {schema} }}")).expect("a schema");
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))
        .expect("file");
    let mut group = writer.next_row_group().expect("row group");
    for data in columns {
        let mut column = group.next_column().expect("column").expect("as many as in the schema");
        write(column.untyped(), data);
        column.close().expect("column");
    }
    group.close().expect("row group");
    writer.close().expect("file");
    bytes
}

fn write(column: &mut ColumnWriter<'_>, data: &Data) {
    let levels = |count: usize| vec![1; count];
    let written = match (column, data) {
        (ColumnWriter::BoolColumnWriter(w), Data::Bool(v)) => {
            w.write_batch(v, Some(&levels(v.len())), None)
        }
        (ColumnWriter::Int32ColumnWriter(w), Data::I32(v)) => {
            w.write_batch(v, Some(&levels(v.len())), None)
        }
        (ColumnWriter::Int64ColumnWriter(w), Data::I64(v)) => {
            w.write_batch(v, Some(&levels(v.len())), None)
        }
        (ColumnWriter::Int96ColumnWriter(w), Data::I96(v)) => {
            let v: Vec<Int96> = v.iter().map(|v| Int96::from(v.to_vec())).collect();
            w.write_batch(&v, Some(&levels(v.len())), None)
        }
        (ColumnWriter::FloatColumnWriter(w), Data::F32(v)) => {
            w.write_batch(v, Some(&levels(v.len())), None)
        }
        (ColumnWriter::DoubleColumnWriter(w), Data::F64(v)) => {
            w.write_batch(v, Some(&levels(v.len())), None)
        }
        (ColumnWriter::ByteArrayColumnWriter(w), Data::Bytes(v)) => {
            let v: Vec<ByteArray> = v.iter().map(|v| v.clone().into()).collect();
            w.write_batch(&v, Some(&levels(v.len())), None)
        }
        (ColumnWriter::FixedLenByteArrayColumnWriter(w), Data::Bytes(v)) => {
            let v: Vec<FixedLenByteArray> = v.iter().map(|v| v.clone().into()).collect();
            w.write_batch(&v, Some(&levels(v.len())), None)
        }
        _ => panic!("data of another type"),
    };
    written.expect("values");
}

fn file(schema: &str, columns: &[Data]) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    file_with(schema, columns, properties)
}

async fn load(columns: &[ColumnType], file: Vec<u8>, rest: &str) -> Result<Vec<Row>, String> {
    let names = ["a", "b", "c", "d", "e", "f"];
    let columns: Vec<_> = names.into_iter().zip(columns.iter().copied()).collect();
    let world = World::new(&columns);
    world.put("x.parquet", file);
    let loaded = world.load("x.parquet", &format!("PARQUET {rest}")).await;
    loaded.map(|outcome| outcome.rows).map_err(|error| {
        assert!(error.load_errors.is_empty(), "Parquet errors are in DETAIL alone");
        told(&error)
    })
}

async fn one(target: ColumnType, schema: &str, data: Data) -> Result<String, String> {
    let rows = load(&[target], file(&format!("optional {schema};"), &[data]), "").await?;
    assert_eq!(rows.len(), 1);
    Ok(rows[0][0].clone().expect("a value"))
}

fn int(value: i32) -> Data {
    Data::I32(vec![value])
}

fn long(value: i64) -> Data {
    Data::I64(vec![value])
}

#[tokio::test]
async fn exact_counterparts_load() {
    for (target, schema, data, expected) in [
        (Boolean, "boolean a", Data::Bool(vec![true]), "true"),
        (SmallInt, "int32 a (INT_16)", int(-7), "-7"),
        (SmallInt, "int32 a (INTEGER(16,true))", int(-7), "-7"),
        (Integer, "int32 a", int(i32::MIN), "-2147483648"),
        (Integer, "int32 a (INTEGER(32,true))", int(1), "1"),
        (BigInt, "int64 a", long(i64::MAX), "9223372036854775807"),
        (Real, "float a", Data::F32(vec![0.1]), "0.1"),
        (Double, "double a", Data::F64(vec![0.1]), "0.1"),
        (VarChar(9), "binary a (STRING)", text(&["é "]), "é "),
        (VarChar(9), "binary a (UTF8)", text(&[""]), ""),
        (Char(4), "binary a (UTF8)", text(&["ab"]), "ab  "),
        (Date, "int32 a (DATE)", int(-1), "1969-12-31"),
        (Timestamp, "int64 a (TIMESTAMP(MICROS,false))", long(-1), "1969-12-31 23:59:59.999999"),
        (Decimal(9, 2), "int32 a (DECIMAL(9,2))", int(-12_345), "-123.45"),
        (Decimal(18, 4), "int64 a (DECIMAL(18,4))", long(5), "0.0005"),
        (
            Timestamp,
            "int96 a",
            // 1,500 ns into 2000-01-01.
            Data::I96(vec![[1500, 0, 2_451_545]]),
            "2000-01-01 00:00:00.000001",
        ),
    ] {
        let loaded = one(target, schema, data).await;
        assert_eq!(loaded.as_deref(), Ok(expected), "{schema} into {target:?}");
    }
}

#[tokio::test]
async fn fixed_length_decimals_are_of_the_shortest_length() {
    let schema =
        |length: usize, p: u8| format!("fixed_len_byte_array({length}) num (DECIMAL({p},2))");
    let data = |length: usize| Data::Bytes(vec![vec![0xff; length]]);
    for (p, length) in [(5, 3), (9, 4), (10, 5), (18, 8), (19, 9), (38, 16)] {
        let loaded = one(Decimal(p, 2), &schema(length, p), data(length)).await;
        assert_eq!(loaded.as_deref(), Ok("-0.01"), "{p}");
        let error = one(Decimal(p, 2), &schema(length + 1, p), data(length + 1)).await;
        let error = error.expect_err("too long");
        let expected = format!(
            "column 'num' has an invalid type length. Expecting: {length} len in file: {}",
            length + 1
        );
        assert!(error.contains(&expected) && error.contains("code:      15001"), "{error}");
    }
}

#[tokio::test]
async fn other_types_are_incompatible() {
    for (target, schema, data) in [
        (Integer, "int64 a", long(1)),
        (BigInt, "int32 a", int(1)),
        (SmallInt, "int32 a", int(1)),
        (Integer, "int32 a (INT_16)", int(1)),
        (Real, "double a", Data::F64(vec![1.0])),
        (Double, "float a", Data::F32(vec![1.0])),
        (Decimal(9, 2), "double a", Data::F64(vec![1.0])),
        (Decimal(9, 2), "int32 a (DECIMAL(9,3))", int(1)),
        (Decimal(10, 2), "int32 a (DECIMAL(9,2))", int(1)),
        (Boolean, "int32 a", int(1)),
        (Integer, "boolean a", Data::Bool(vec![true])),
        (VarChar(9), "int32 a", int(1)),
        (Integer, "binary a (UTF8)", text(&["1"])),
        (Date, "int64 a (TIMESTAMP(MICROS,false))", long(1)),
        (Timestamp, "int32 a (DATE)", int(1)),
        (Date, "binary a (UTF8)", text(&["2024-01-01"])),
    ] {
        let error = one(target, schema, data).await.expect_err(schema);
        assert!(error.starts_with("XX000 Spectrum Scan Error \n"), "{error}");
        assert!(error.contains("\n  code:      15007\n"), "{error}");
        assert!(error.contains("has an incompatible Parquet schema for column"), "{error}");
    }
}

#[tokio::test]
async fn what_nobody_confirmed_is_not_modelled() {
    for (target, schema, data) in [
        (SmallInt, "int32 a (INT_8)", int(1)),
        (Integer, "int32 a (UINT_32)", int(1)),
        (BigInt, "int64 a (UINT_64)", long(1)),
        (Timestamp, "int64 a (TIMESTAMP(MILLIS,false))", long(1)),
        (Timestamp, "int64 a (TIMESTAMP(NANOS,false))", long(1)),
        (Timestamp, "int64 a (TIMESTAMP(MICROS,true))", long(1)),
        (Timestamp, "int64 a (TIMESTAMP_MICROS)", long(1)),
        (TimestampTz, "int64 a (TIMESTAMP(MICROS,true))", long(1)),
        (TimestampTz, "int64 a (TIMESTAMP(MICROS,false))", long(1)),
        (TimestampTz, "int96 a", Data::I96(vec![[0, 0, 2_451_545]])),
        (VarChar(9), "binary a", text(&["x"])),
        (VarChar(9), "binary a (JSON)", text(&["1"])),
        (VarChar(9), "binary a (ENUM)", text(&["x"])),
        (BigInt, "int64 a (TIME(MICROS,false))", long(1)),
        (Decimal(9, 2), "binary a (DECIMAL(9,2))", text(&["x"])),
        (VarChar(9), "fixed_len_byte_array(1) a", text(&["x"])),
    ] {
        let error = one(target, schema, data).await.expect_err(schema);
        assert!(error.starts_with("0A000 not modelled: unverified: Parquet COPY of "), "{error}");
    }
}

#[tokio::test]
async fn columns_go_by_position_and_must_be_as_many() {
    let pair = || file("optional int32 z; optional int32 y;", &[int(1), int(2)]);
    let rows = load(&[Integer, Integer], pair(), "").await;
    assert_eq!(rows.expect("by position"), [some(&["1", "2"])]);
    let error = load(&[Integer, Integer, Integer], pair(), "").await.expect_err("too few");
    let expected = "Unmatched number of columns between table and file. Table columns: 3, Data \
                    columns: 2";
    assert!(error.contains(expected) && error.contains("code:      15007"), "{error}");
    let filled = load(&[Integer, Integer, Integer], pair(), "FILLRECORD").await;
    assert_eq!(filled.expect("fills"), [vec![Some("1".into()), Some("2".into()), None]]);
    let error = load(&[Integer], pair(), "FILLRECORD").await.expect_err("too many");
    assert!(error.contains("Table columns: 1, Data columns: 2"), "{error}");
}

#[tokio::test]
async fn values_that_do_not_fit_abort_the_load() {
    let wide = one(VarChar(3), "binary a (UTF8)", text(&["éé"])).await.expect_err("four bytes");
    let expected = "The length of the data column a is longer than the length defined in the \
                    table. Table: 3, Data: 4";
    assert!(wide.contains(expected) && wide.contains("code:      15007"), "{wide}");
    for (target, schema, data, expected) in [
        (Char(3), "binary a (UTF8)", text(&["ab  "]), "Table: 3, Data: 4"),
        (Char(9), "binary a (UTF8)", text(&["é"]), "multibyte"),
        (VarChar(9), "binary a (UTF8)", Data::Bytes(vec![vec![0xa4]]), "not valid UTF-8"),
        (SmallInt, "int32 a (INT_16)", int(40_000), "exceeds its 16 bits"),
        (Decimal(4, 2), "int32 a (DECIMAL(4,2))", int(10_000), "exceeds its precision"),
        (Date, "int32 a (DATE)", int(i32::MAX), "out of the range"),
        (Timestamp, "int64 a (TIMESTAMP(MICROS,false))", long(i64::MIN), "out of the range"),
    ] {
        let error = one(target, schema, data).await.expect_err(schema);
        assert!(error.starts_with("XX000 Spectrum Scan Error"), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    let nul = one(VarChar(9), "binary a (UTF8)", text(&["a\0"])).await.expect_err("NUL");
    assert!(nul.starts_with("0A000 not modelled"), "{nul}");
}

#[tokio::test]
async fn acceptinvchars_replaces() {
    let bytes = Data::Bytes(vec![b"a\xa4\xa4b".to_vec()]);
    let file = file("optional binary a (UTF8);", &[bytes]);
    let rows = load(&[VarChar(9)], file, "ACCEPTINVCHARS").await.expect("loads");
    assert_eq!(rows, [some(&["a??b"])]);
}

#[tokio::test]
async fn nulls_load_unless_the_column_takes_none() {
    use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
    let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let b: ArrayRef = Arc::new(StringArray::from(vec![None, None, Some("x")]));
    let batch = RecordBatch::try_from_iter_with_nullable([("a", a, true), ("b", b, true)]);
    let batch = batch.expect("a batch");
    let mut bytes = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("w");
    writer.write(&batch).expect("rows");
    writer.close().expect("file");
    let mut world = World::new(&[("a", Integer), ("b", VarChar(9))]);
    world.put("x.parquet", &bytes);
    let rows = world.load("x.parquet", "PARQUET").await.expect("loads").rows;
    let one = |value: &str| Some(value.to_owned());
    assert_eq!(rows, [vec![one("1"), None], vec![None, None], vec![one("3"), one("x")]]);
    world.target[0].not_null = true;
    let error = told(&world.load("x.parquet", "PARQUET").await.expect_err("NULL"));
    assert!(error.starts_with("XX000 Spectrum Scan Error") && error.contains("NULL"), "{error}");
}

#[tokio::test]
async fn nested_columns_are_refused() {
    let schema = "optional group a (LIST) { repeated group list { optional int32 element; } }";
    let list = || {
        let properties = WriterProperties::builder().build();
        let message = format!("message m {{ {schema} }}");
        let schema = Arc::new(parse_message_type(&message).expect("a schema"));
        let mut bytes = Vec::new();
        let writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties));
        writer.expect("file").close().expect("file");
        bytes
    };
    let error = load(&[VarChar(9)], list(), "").await.expect_err("nested");
    assert_eq!(error, "XX000 SUPER column in COPY query requires SERIALIZETOJSON option ");
    let error = load(&[VarChar(9)], list(), "SERIALIZETOJSON").await.expect_err("nested");
    assert!(error.starts_with("0A000 not modelled: nested Parquet columns"), "{error}");
}

#[tokio::test]
async fn bytes_load_into_varbyte_alone() {
    let data = || Data::Bytes(vec![vec![0, 255, 10]]);
    assert_eq!(one(VarByte(3), "binary a", data()).await.as_deref(), Ok("00ff0a"));
    let error = one(VarByte(2), "binary a", data()).await.expect_err("too long");
    assert!(error.contains("Table: 2, Data: 3"), "{error}");
    let error = one(VarByte(3), "binary a (STRING)", text(&["abc"])).await.expect_err("text");
    assert!(error.contains("incompatible Parquet schema"), "{error}");
    let error = one(VarChar(9), "binary a", data()).await.expect_err("nobody knows");
    assert!(error.starts_with("0A000 not modelled"), "{error}");
}

#[tokio::test]
async fn nothing_known_loads_into_time_or_super() {
    for schema in ["int64 a (TIME_MICROS)", "int64 a (TIMESTAMP_MICROS)", "int64 a"] {
        let error = one(Time, schema, long(1)).await.expect_err(schema);
        assert!(error.starts_with("0A000 not modelled"), "{error}");
    }
    let json = || file("optional binary a (STRING);", &[text(&["{}"])]);
    let error = load(&[Super], json(), "").await.expect_err("SUPER");
    assert_eq!(error, "XX000 SUPER column in COPY query requires SERIALIZETOJSON option ");
    let error = load(&[Super], json(), "SERIALIZETOJSON").await.expect_err("SUPER");
    assert!(error.starts_with("0A000 not modelled"), "{error}");
}

fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder()
}

#[tokio::test]
async fn codecs_encodings_and_pages_that_are_known_load() {
    for built in [
        properties().set_compression(Compression::UNCOMPRESSED),
        properties().set_compression(Compression::GZIP(Default::default())),
        properties().set_dictionary_enabled(false),
    ] {
        let bytes = file_with("optional int32 a;", &[int(1)], built.build());
        assert_eq!(load(&[Integer], bytes, "").await.expect("loads"), [some(&["1"])]);
    }
}

#[tokio::test]
async fn codecs_encodings_and_pages_that_are_not_are_refused() {
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let plain = || properties().set_dictionary_enabled(false);
    for (built, expected) in [
        (properties().set_compression(zstd), "codec ZSTD"),
        (plain().set_encoding(Encoding::DELTA_BINARY_PACKED), "encoding DELTA_BINARY_PACKED"),
        (plain().set_encoding(Encoding::BYTE_STREAM_SPLIT), "encoding BYTE_STREAM_SPLIT"),
        (
            plain().set_encoding(Encoding::PLAIN).set_writer_version(WriterVersion::PARQUET_2_0),
            "data pages of version 2",
        ),
    ] {
        let bytes = file_with("optional int32 a;", &[int(1)], built.build());
        let error = load(&[Integer], bytes, "").await.expect_err(expected);
        assert!(error.starts_with("0A000 not modelled: unverified"), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_bad_file_stops_the_load_before_any_row() {
    let world = World::new(&[("a", Integer)]);
    world.put("in/1.parquet", file("optional int32 a;", &[int(1)]));
    world.put("in/2.parquet", file("optional int64 a;", &[long(1)]));
    let error = told(&world.load("in/", "PARQUET").await.expect_err("the second"));
    assert!(error.contains("s3://data/in/2.parquet"), "{error}");
    for stray in ["", "PAR1PAR1", "no parquet at all"] {
        world.put("in/2.parquet", stray);
        let error = told(&world.load("in/", "PARQUET").await.expect_err("a stray file"));
        assert!(error.contains("has an invalid version number"), "{error}");
        assert!(error.contains("code:      15001"), "{error}");
    }
    world.put("in/2.parquet", file("optional int32 a;", &[int(2)]));
    assert_eq!(world.load("in/", "PARQUET").await.expect("loads").rows.len(), 2);
    world.put("in/3.parquet.gz", "x");
    let error = told(&world.load("in/", "PARQUET").await.expect_err("its extension"));
    assert!(error.starts_with("0A000 not modelled"), "{error}");
}

#[tokio::test]
async fn a_damaged_page_fails_the_load() {
    let values = Data::Bytes((0..5000u32).map(|i| format!("value {i}").into_bytes()).collect());
    let mut bytes = file("optional binary a (UTF8);", &[values]);
    let world = World::new(&[("a", VarChar(20))]);
    for byte in &mut bytes[2000..2400] {
        *byte ^= 0x5a;
    }
    world.put("x.parquet", &bytes);
    let error = told(&world.load("x.parquet", "PARQUET").await.expect_err("a damaged page"));
    assert!(error.starts_with("XX000 Spectrum Scan Error"), "{error}");
}

#[tokio::test]
async fn manifests_need_the_real_length() {
    let world = World::new(&[("a", Integer)]);
    let bytes = file("optional int32 a;", &[int(1)]);
    world.put("x.parquet", &bytes);
    let manifest = |meta: &str| {
        format!(r#"{{"entries":[{{"url":"s3://data/x.parquet","mandatory":true{meta}}}]}}"#)
    };
    let length = |length: usize| manifest(&format!(r#","meta":{{"content_length":{length}}}"#));
    world.put("m", length(bytes.len()));
    assert_eq!(world.load("m", "PARQUET MANIFEST").await.expect("loads").rows, [some(&["1"])]);
    world.put("m", length(bytes.len() + 1));
    let error = told(&world.load("m", "PARQUET MANIFEST").await.expect_err("another length"));
    assert!(error.starts_with("XX000 Spectrum Scan Error"), "{error}");
    world.put("m", manifest(""));
    let error = told(&world.load("m", "PARQUET MANIFEST").await.expect_err("no length"));
    assert!(error.contains("need meta.content_length"), "{error}");
}

#[tokio::test]
async fn the_detail_block_has_its_lines() {
    let error = one(Integer, "int64 a", long(1)).await.expect_err("another type");
    let lines: Vec<&str> = error.lines().collect();
    let rule = "  -----------------------------------------------";
    assert_eq!(lines[0], "XX000 Spectrum Scan Error ");
    assert_eq!((lines[1], lines[2]), (rule, "  error:  Spectrum Scan Error"));
    assert_eq!(lines[3], "  code:      15007");
    assert!(lines[4].starts_with("  context:   File 's3://data/x.parquet' has an incompatible"));
    assert_eq!(lines[5], "optional int64 a [d:1 r:0]");
    assert_eq!(lines[6], "  query:     12");
    assert!(lines[7].starts_with("  location:  dory_util.cpp:"));
    assert_eq!(lines[8], "  process:   worker_thread [pid=4711]");
    assert_eq!(lines[9], rule);
}
