//! The mapping against what it rests on: Parquet's own writer, and itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::Path;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow_redshift::{
    options::CopyFormat,
    types::{
        Column, Element, FlinkType, LoadExpression, NameCase, RedshiftType, TableSchema,
        TargetColumn, TargetTable, default_target, markdown, parquet_layout, plan,
    },
};
use parquet::{
    arrow::ArrowSchemaConverter,
    basic::{ConvertedType, LogicalType, Type},
};
use proptest::prelude::*;

#[test]
fn docs_types_md_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/types.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, markdown()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == markdown(),
        "docs/types.md is stale: run `cargo xtask codegen` and commit what it writes"
    );
}

/// What Parquet's writer makes of an Arrow type, in the words of [`parquet_layout`].
fn written(data_type: &DataType) -> String {
    let schema = Schema::new(vec![Field::new("c", data_type.clone(), true)]);
    let converted = ArrowSchemaConverter::new().convert(&schema).unwrap();
    let column = converted.column(0);
    let physical = match column.physical_type() {
        Type::FIXED_LEN_BYTE_ARRAY => format!("FIXED_LEN_BYTE_ARRAY({})", column.type_length()),
        other => other.to_string(),
    };
    match (column.converted_type(), column.logical_type_ref()) {
        (ConvertedType::DECIMAL, _) => {
            format!("{physical} (DECIMAL({}, {}))", column.type_precision(), column.type_scale())
        }
        (ConvertedType::UTF8, _) => format!("{physical} (STRING)"),
        (_, Some(LogicalType::Timestamp(timestamp))) => {
            assert!(!timestamp.is_adjusted_to_u_t_c);
            format!("{physical} (TIMESTAMP, micros)")
        }
        (ConvertedType::NONE, _) => physical,
        (annotation, _) => format!("{physical} ({annotation})"),
    }
}

#[test]
fn the_page_says_what_the_writer_writes() {
    let mut types = vec![
        DataType::Boolean,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Utf8,
        DataType::Binary,
        DataType::Date32,
        DataType::Timestamp(TimeUnit::Microsecond, None),
    ];
    types.extend((1..=38).map(|precision| DataType::Decimal128(precision, 1)));
    for data_type in types {
        assert_eq!(parquet_layout(&data_type), Some(written(&data_type)), "{data_type}");
    }
    assert_eq!(parquet_layout(&DataType::LargeUtf8), None);
}

fn scalar() -> impl Strategy<Value = FlinkType> {
    let decimal = (1_u8..=38)
        .prop_flat_map(|precision| (Just(precision), 0..=precision.min(37)))
        .prop_map(|(precision, scale)| FlinkType::Decimal { precision, scale });
    prop_oneof![
        Just(FlinkType::Boolean),
        Just(FlinkType::TinyInt),
        Just(FlinkType::SmallInt),
        Just(FlinkType::Int),
        Just(FlinkType::BigInt),
        Just(FlinkType::Float),
        Just(FlinkType::Double),
        decimal,
        (1..=i32::MAX as u32).prop_map(FlinkType::Char),
        (1..i32::MAX as u32).prop_map(FlinkType::VarChar),
        Just(FlinkType::String),
        Just(FlinkType::Date),
        (0_u8..=9).prop_map(FlinkType::Timestamp),
        (0_u8..=9).prop_map(FlinkType::TimestampLtz),
        (1..=16_777_216_u32).prop_map(FlinkType::Binary),
        (1..=16_777_216_u32).prop_map(FlinkType::VarBinary),
        Just(FlinkType::Bytes),
        (0_u8..=9).prop_map(FlinkType::Time),
        Just(FlinkType::IntervalYearMonth),
        Just(FlinkType::IntervalDaySecond),
    ]
}

fn flink_type() -> impl Strategy<Value = FlinkType> {
    let element = |of: BoxedStrategy<FlinkType>| {
        (of, any::<bool>())
            .prop_map(|(data_type, nullable)| Box::new(Element { data_type, nullable }))
    };
    scalar().prop_recursive(4, 16, 4, move |inner| {
        let fields = prop::collection::vec((inner.clone(), any::<bool>()), 0..4);
        let row = fields.prop_map(|fields| {
            let named = |(at, (data_type, nullable))| Column {
                name: format!("F `{at}`"),
                data_type,
                nullable,
            };
            FlinkType::Row(fields.into_iter().enumerate().map(named).collect())
        });
        prop_oneof![
            element(inner.clone().boxed()).prop_map(FlinkType::Array),
            (element(scalar().boxed()), element(inner.boxed()))
                .prop_map(|(key, value)| FlinkType::Map(key, value)),
            element(scalar().boxed()).prop_map(FlinkType::Multiset),
            row,
        ]
    })
}

fn one_column(declared: FlinkType, target: RedshiftType) -> (TableSchema, TargetTable) {
    let column = Column { name: "C".to_owned(), data_type: declared, nullable: true };
    let stored =
        TargetColumn { name: "c".to_owned(), data_type: target, nullable: true, default: None };
    let table = TargetTable {
        schema: "public".to_owned(),
        table: "t".to_owned(),
        columns: vec![stored],
        case: NameCase::Folded,
    };
    (TableSchema::new(vec![column], Vec::new()).unwrap(), table)
}

proptest! {
    #[test]
    fn every_type_is_read_back_from_its_own_text(declared in flink_type()) {
        prop_assert_eq!(declared.to_string().parse::<FlinkType>().unwrap(), declared);
    }

    #[test]
    fn no_text_panics(text in "[A-Za-z0-9_(), <>]{0,40}", any in any::<String>()) {
        let _ = (FlinkType::parse_nullable(&text).is_ok(), FlinkType::parse_nullable(&any).is_ok());
        let _ = RedshiftType::from_catalog(&any, Some(1), None, None);
        let _ = RedshiftType::from_catalog(&text, None, Some(40), Some(50));
    }

    #[test]
    fn a_created_column_takes_what_it_was_created_for(
        declared in flink_type(), width in 1_u32..=65_535, parquet in any::<bool>(),
    ) {
        let target = default_target(&declared, width);
        // The catalog gives the type back as it was created.
        prop_assert_eq!(RedshiftType::from_catalog(&target.to_string(), None, None, None), target.clone());
        let expression = match declared {
            FlinkType::TimestampLtz(_) if parquet => LoadExpression::AtTimeZoneUtc,
            FlinkType::Time(_) => LoadExpression::CastToTime,
            ref nested if nested.nests() => LoadExpression::JsonParse,
            _ => LoadExpression::Plain,
        };
        let sure = !matches!(target, RedshiftType::Decimal { precision: ..10 | 19..38, .. });
        let (schema, table) = one_column(declared, target);
        let format = if parquet { CopyFormat::Parquet } else { CopyFormat::Csv };
        let plan = plan(&schema, &table, format).unwrap();
        prop_assert_eq!(plan.direct, expression == LoadExpression::Plain && (sure || !parquet));
        prop_assert_eq!(plan.columns[0].expression, expression);
        if parquet {
            prop_assert!(parquet_layout(plan.columns[0].staged.data_type()).is_some());
        }
    }
}
