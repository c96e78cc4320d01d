//! The writer: parts, numbering, rolling, refusals, giving up.

use arrow::{
    array::{AsArray, StringArray},
    datatypes::{Int16Type, Int32Type, Int64Type},
};
use arrow_redshift::{
    ErrorKind,
    options::CopyFormat,
    stage::{RowKind, StageWriter, StagedShape},
};

use crate::support::{LAUNCH, attempt, batch, in_memory, names, noise, plan, read, rows, writer};

#[tokio::test]
async fn parts_are_named_after_writer_checkpoint_and_number() {
    let (staging, store) = in_memory();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 10), None).await.unwrap();
    writer.write(&rows(10, 15), None).await.unwrap();
    let first = writer.close(5).await.unwrap();
    writer.write(&rows(15, 20), None).await.unwrap();
    let second = writer.close(8).await.unwrap();
    writer.write(&rows(20, 21), None).await.unwrap();
    let third = writer.close(9).await.unwrap();
    let urls: Vec<_> = [&first, &second, &third].map(|parts| parts[0].url.as_str()).into();
    assert_eq!(
        urls,
        [
            format!("s3://stage/tmp/{LAUNCH}/{}/part-3-5-0.parquet", attempt(1)),
            format!("s3://stage/tmp/{LAUNCH}/{}/part-3-6-1.parquet", attempt(1)),
            format!("s3://stage/tmp/{LAUNCH}/{}/part-3-9-2.parquet", attempt(1)),
        ]
    );
    let about = |parts: &[arrow_redshift::stage::Part]| {
        (parts.len(), parts[0].rows, parts[0].checkpoint, parts[0].subtask)
    };
    assert_eq!(about(&first), (1, 15, 5, 3));
    assert_eq!(about(&second), (1, 5, 8, 3));
    let all = [first, second, third].concat();
    assert_eq!(read(store.as_ref(), &all).await, rows(0, 21));
    assert_eq!(writer.staged_rows(), 21);
    assert_eq!(writer.staged_bytes(), all.iter().map(|part| part.bytes).sum::<u64>());
}

#[tokio::test]
async fn without_rows_there_are_no_parts() {
    let (staging, store) = in_memory();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    assert!(writer.close(1).await.unwrap().is_empty());
    writer.write(&rows(0, 0), None).await.unwrap();
    assert!(writer.close(2).await.unwrap().is_empty());
    assert!(names(store.as_ref()).await.is_empty());
}

#[tokio::test]
async fn changes_carry_their_place_in_order() {
    use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
    let (staging, store) = in_memory();
    let mut writer = writer(&staging, StagedShape::Keyed, CopyFormat::Parquet);
    let kinds = [Insert, UpdateBefore, UpdateAfter, Delete];
    writer.write(&rows(0, 4), Some(&kinds)).await.unwrap();
    let mut parts = writer.close(5).await.unwrap();
    writer.write(&rows(4, 6), None).await.unwrap();
    parts.extend(writer.close(6).await.unwrap());
    let read = read(store.as_ref(), &parts).await;
    let names: Vec<_> = read.schema().fields().iter().map(|field| field.name().clone()).collect();
    let marks = ["frc_kind", "frc_checkpoint", "frc_sequence", "frc_subtask"];
    assert_eq!(names[2..], marks);
    assert_eq!(read.column(2).as_primitive::<Int16Type>().values(), &[0, 1, 0, 1, 0, 0]);
    assert_eq!(read.column(3).as_primitive::<Int64Type>().values(), &[5, 5, 5, 5, 6, 6]);
    assert_eq!(read.column(4).as_primitive::<Int64Type>().values(), &[0, 1, 2, 3, 4, 5]);
    assert_eq!(read.column(5).as_primitive::<Int32Type>().values(), &[3; 6]);
}

#[tokio::test]
async fn parts_roll_at_their_size_and_lose_nothing() {
    for format in [CopyFormat::Parquet, CopyFormat::Csv] {
        let (staging, store) = in_memory();
        let shape = StagedShape::Append;
        let size = 500_000;
        let mut writer =
            StageWriter::new(staging.clone(), plan(2000), shape, 0, 1, format, size).unwrap();
        for start in (0..3000).step_by(100) {
            writer.write(&noise(start, start + 100), None).await.unwrap();
        }
        let parts = writer.close(1).await.unwrap();
        assert!(parts.len() >= 4, "{format:?}: {}", parts.len());
        let (last, full) = parts.split_last().unwrap();
        assert!(full.iter().all(|part| (300_000..1_000_000).contains(&part.bytes)), "{full:?}");
        assert!(last.bytes < 1_000_000);
        assert_eq!(parts.iter().map(|part| part.rows).sum::<u64>(), 3000);
        if format == CopyFormat::Parquet {
            let read = read(store.as_ref(), &parts).await;
            let ids: Vec<i64> = read.column(0).as_primitive::<Int64Type>().values().to_vec();
            assert_eq!(ids, (0..3000).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_large_batch_is_written_in_pieces() {
    let (staging, store) = in_memory();
    let shape = StagedShape::Keyed;
    let format = CopyFormat::Parquet;
    let mut writer = StageWriter::new(staging, plan(2000), shape, 0, 1, format, 3_000_000).unwrap();
    let large = noise(0, 20_000);
    writer.write(&large, None).await.unwrap();
    let parts = writer.close(1).await.unwrap();
    assert!(parts.len() > 1);
    let read = read(store.as_ref(), &parts).await;
    assert_eq!(read.project(&[0, 1]).unwrap(), large);
    let sequence: Vec<i64> = read.column(4).as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(sequence, (0..20_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refused_value_leaves_the_writer_as_it_was() {
    let (staging, store) = in_memory();
    let mut writer = writer(&staging, StagedShape::Keyed, CopyFormat::Parquet);
    writer.write(&rows(0, 2), None).await.unwrap();
    let long = "x".repeat(2001);
    let refused = batch([(2, Some("ok".into())), (3, Some(long.clone())), (4, Some(long))]);
    let error = writer.write(&refused, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueRefused);
    let text = error.to_string();
    for part in ["'text'", "2001 bytes", "at most 2000", "row: 4", "batch: 1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("xx"));
    writer.write(&rows(2, 4), None).await.unwrap();
    let parts = writer.close(5).await.unwrap();
    let read = read(store.as_ref(), &parts).await;
    assert_eq!(read.project(&[0, 1]).unwrap(), rows(0, 4));
    assert_eq!(read.column(4).as_primitive::<Int64Type>().values(), &[0, 1, 2, 3]);
}

#[tokio::test]
async fn only_keyed_tables_take_changes() {
    let (staging, _) = in_memory();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 1), Some(&[RowKind::Insert])).await.unwrap();
    for kind in [RowKind::Delete, RowKind::UpdateAfter, RowKind::UpdateBefore] {
        let error = writer.write(&rows(0, 1), Some(&[kind])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    let error = writer.write(&rows(0, 2), Some(&[RowKind::Insert])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[tokio::test]
async fn a_batch_of_another_shape_is_refused() {
    let (staging, _) = in_memory();
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    let narrow = rows(0, 1).project(&[0]).unwrap();
    let swapped = rows(0, 1).project(&[1, 0]).unwrap();
    for batch in [narrow, swapped] {
        let error = writer.write(&batch, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    }
}

#[tokio::test]
async fn giving_up_leaves_nothing() {
    let (staging, store) = in_memory();
    let shape = StagedShape::Append;
    let format = CopyFormat::Parquet;
    let mut writer = StageWriter::new(staging, plan(2000), shape, 0, 1, format, 100_000).unwrap();
    writer.write(&noise(0, 500), None).await.unwrap();
    let given = writer.close(1).await.unwrap();
    writer.write(&noise(0, 500), None).await.unwrap();
    writer.write(&rows(0, 5), None).await.unwrap();
    assert!(names(store.as_ref()).await.len() > given.len());
    writer.abort().await.unwrap();
    // What was given to the caller is the caller's.
    assert_eq!(names(store.as_ref()).await.len(), given.len());
}

#[tokio::test]
async fn a_column_named_like_a_mark_is_refused() {
    let (staging, _) = in_memory();
    let mut plan = (*plan(10)).clone();
    plan.columns[1].staged =
        std::sync::Arc::new(plan.columns[1].staged.as_ref().clone().with_name("frc_kind"));
    let plan = std::sync::Arc::new(plan);
    let new = |shape| {
        let format = CopyFormat::Parquet;
        StageWriter::new(staging.clone(), plan.clone(), shape, 0, 1, format, 1)
    };
    assert!(new(StagedShape::Append).is_ok());
    assert_eq!(new(StagedShape::Keyed).unwrap_err().kind(), ErrorKind::SchemaMismatch);
}

#[tokio::test]
async fn csv_refuses_what_it_would_load_as_null() {
    let (staging, _) = in_memory();
    let marker = batch([(1, Some("@NULL@".into()))]);
    let mut csv = writer(&staging, StagedShape::Append, CopyFormat::Csv);
    assert_eq!(csv.write(&marker, None).await.unwrap_err().kind(), ErrorKind::ValueRefused);
    let mut parquet = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    parquet.write(&marker, None).await.unwrap();
}

#[tokio::test]
async fn columns_go_by_the_plans_order() {
    let (staging, store) = in_memory();
    let mut plan = (*plan(10)).clone();
    plan.columns.reverse();
    let plan = std::sync::Arc::new(plan);
    let (shape, format) = (StagedShape::Append, CopyFormat::Parquet);
    let mut writer = StageWriter::new(staging, plan, shape, 0, 1, format, 1 << 30).unwrap();
    writer.write(&rows(7, 8), None).await.unwrap();
    let parts = writer.close(1).await.unwrap();
    let read = read(store.as_ref(), &parts).await;
    assert_eq!(read.column(0).as_string::<i32>(), &StringArray::from(vec!["7"]));
}
