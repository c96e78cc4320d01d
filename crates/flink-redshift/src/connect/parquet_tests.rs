use datafusion::{
    arrow::{
        array::{
            Array, AsArray, BinaryArray, Int32Array, Int32Builder, ListArray, MapBuilder,
            StringBuilder, StructArray, Time32MillisecondArray,
        },
        buffer::OffsetBuffer,
        datatypes::{Field, Int32Type, Time64MicrosecondType},
    },
    parquet::arrow::ArrowWriter,
};

use super::*;
use crate::plan::engine_schema;

fn column(name: &str, data_type: &str) -> DeclaredColumn {
    DeclaredColumn {
        line: 1,
        name: name.into(),
        data_type: data_type.parse().unwrap(),
        nullable: true,
        comment: None,
    }
}

/// A file with bytes, a time, a map, and an array of rows.
fn file(path: &Path) {
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let field = Field::new("x", DataType::Int32, true);
    let rows = StructArray::new(vec![field].into(), vec![numbers], None);
    let field = Arc::new(Field::new("element", rows.data_type().clone(), true));
    let list = ListArray::new(field, OffsetBuffer::from_lengths([2, 1]), Arc::new(rows), None);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(7);
    map.append(true).unwrap();
    map.append(false).unwrap();
    let columns: [(&str, ArrayRef); 4] = [
        ("b", Arc::new(BinaryArray::from_vec(vec![b"\0\xff", b""]))),
        ("t", Arc::new(Time32MillisecondArray::from(vec![1500, 0]))),
        ("m", Arc::new(map.finish())),
        ("a", Arc::new(list)),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, a)| (name, a, true))).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn read_as(path: &Path, columns: &[DeclaredColumn]) -> Result<RecordBatch> {
    let projection: Vec<usize> = (0..columns.len()).collect();
    let schema = engine_schema(columns);
    let wanted = Wanted { columns, projection: &projection, schema: &schema };
    let mut batches = Vec::new();
    read(path, &wanted, 100, &mut |batch| {
        batches.push(batch);
        true
    })?;
    Ok(batches.remove(0))
}

#[test]
fn what_nests_is_read_as_it_was_declared() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nested.parquet");
    file(&path);
    let declared = [
        column("a", "ARRAY<ROW<x INT>>"),
        column("m", "MAP<STRING, INT>"),
        column("b", "BYTES"),
        column("t", "TIME(3)"),
    ];
    let batch = read_as(&path, &declared).unwrap();
    let rows = batch.column(0).as_list::<i32>().value(0);
    let numbers = rows.as_struct().column(0).as_primitive::<Int32Type>().clone();
    assert_eq!(numbers, Int32Array::from(vec![Some(1), None]));
    assert_eq!(batch.column(1).as_map().value(0).column(0).as_string::<i32>().value(0), "k");
    assert!(batch.column(1).is_null(1));
    assert_eq!(batch.column(2).as_binary::<i32>().value(0), b"\0\xff");
    let times = batch.column(3).as_primitive::<Time64MicrosecondType>();
    assert_eq!(times.values(), &[1_500_000, 0]);
    // The same map is a multiset, and what is no such value is refused with its column.
    assert!(read_as(&path, &[column("m", "MULTISET<STRING>")]).is_ok());
    for (name, other) in [
        ("a", "ARRAY<ROW<y INT>>"),
        ("a", "ARRAY<INT>"),
        ("m", "MAP<STRING, BIGINT>"),
        ("b", "ARRAY<INT>"),
        ("t", "TIMESTAMP(3)"),
    ] {
        let error = read_as(&path, &[column(name, other)]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("the table declares"), "{error}");
    }
}
