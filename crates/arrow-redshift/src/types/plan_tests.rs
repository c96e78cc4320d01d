use arrow::datatypes::{DataType, TimeUnit};

use super::*;
use crate::{options::CopyFormat, types::LoadExpression};

fn table(columns: &[(&str, &str)]) -> TargetTable {
    let columns = columns.iter().map(|(name, text)| target(name, text)).collect();
    TargetTable {
        schema: "public".to_owned(),
        table: "users".to_owned(),
        columns,
        case: NameCase::Folded,
    }
}

/// `numeric(18,2) not null default 7` and the like.
fn target(name: &str, text: &str) -> TargetColumn {
    let (text, default) = match text.split_once(" default ") {
        Some((text, default)) => (text, Some(default.to_owned())),
        None => (text, None),
    };
    let (data_type, nullable) = match text.strip_suffix(" not null") {
        Some(data_type) => (data_type, false),
        None => (text, true),
    };
    let data_type = RedshiftType::from_catalog(data_type, None, None, None);
    TargetColumn { name: name.to_owned(), data_type, nullable, default }
}

fn schema(columns: &[(&str, &str)], key: &[&str]) -> TableSchema {
    let column = |(name, text): &(&str, &str)| {
        let (data_type, nullable) = FlinkType::parse_nullable(text).unwrap();
        Column { name: (*name).to_owned(), data_type, nullable }
    };
    let key = key.iter().map(ToString::to_string).collect();
    TableSchema::new(columns.iter().map(column).collect(), key).unwrap()
}

#[track_caller]
fn problem(declared: (&str, &str), target: (&str, &str)) -> String {
    let error =
        plan(&schema(&[declared], &[]), &table(&[target]), CopyFormat::Parquet).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    assert!(error.to_string().contains("table: public.users"), "{error}");
    error.to_string()
}

#[test]
fn a_table_that_fits_is_planned_column_by_column() {
    let declared = schema(
        &[("User_Id", "BIGINT"), ("kind", "INT"), ("note", "VARCHAR(20)"), ("score", "FLOAT")],
        &["User_Id"],
    );
    let target = table(&[
        ("note", "character varying(40)"),
        ("user_id", "bigint"),
        ("kind", "bigint not null"),
        ("score", "double precision"),
    ]);
    let plan = plan(&declared, &target, CopyFormat::Parquet).unwrap();
    assert!(plan.direct && plan.complete);
    let [id, kind, note, score] = plan.columns.as_slice() else { panic!("four columns") };
    assert_eq!((id.source, id.target.as_str(), id.key), (0, "user_id", true));
    assert_eq!(id.rules, [Rule::NotNull]);
    // COPY widens nothing: the part has the target's type.
    assert_eq!((kind.staged.data_type(), kind.staged.name().as_str()), (&DataType::Int64, "kind"));
    assert_eq!(kind.rules, [Rule::NotNull]);
    assert_eq!((kind.source, kind.key), (1, false));
    assert_eq!(note.rules, [Rule::NoNul, Rule::MaxBytes(40)]);
    assert_eq!(note.staging_type, RedshiftType::VarChar(40));
    assert_eq!((score.staged.data_type(), score.rules.as_slice()), (&DataType::Float64, &[][..]));
}

#[test]
fn declared_not_null_is_checked_although_the_target_takes_nulls() {
    let plan =
        plan(&schema(&[("a", "DATE NOT NULL")], &[]), &table(&[("a", "date")]), CopyFormat::Csv);
    assert_eq!(plan.unwrap().columns[0].rules, [Rule::NotNull, Rule::TimeRange]);
}

#[test]
fn char_takes_single_bytes_only() {
    let plan = plan(
        &schema(&[("a", "CHAR(4)")], &[]),
        &table(&[("a", "character(4)")]),
        CopyFormat::Parquet,
    );
    let rules = &plan.unwrap().columns[0].rules;
    assert_eq!(rules, &[Rule::NoNul, Rule::SingleByte, Rule::MaxBytes(4)]);
}

#[test]
fn instants_go_through_staging_in_parquet_and_directly_in_csv() {
    let declared = schema(&[("at", "TIMESTAMP_LTZ(9)")], &[]);
    let target = table(&[("at", "timestamp with time zone")]);
    let parquet = plan(&declared, &target, CopyFormat::Parquet).unwrap();
    assert!(!parquet.direct);
    assert_eq!(parquet.columns[0].staging_type, RedshiftType::Timestamp);
    assert_eq!(parquet.columns[0].target_type, RedshiftType::TimestampTz);
    assert_eq!(parquet.columns[0].expression, LoadExpression::AtTimeZoneUtc);
    assert_eq!(
        parquet.columns[0].staged.data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, None)
    );
    assert!(plan(&declared, &target, CopyFormat::Csv).unwrap().direct);
    // FLIP-307 maps TIMESTAMP_LTZ to TIMESTAMP: that works where the table was made so.
    let flip = table(&[("at", "timestamp without time zone")]);
    assert!(plan(&declared, &flip, CopyFormat::Parquet).unwrap().direct);
}

#[test]
fn columns_left_to_redshift_are_fine_when_it_can_fill_them() {
    let target = table(&[
        ("a", "integer"),
        ("b", "integer"),
        ("c", "integer not null default 7"),
        ("d", "bigint not null default \"identity\"(1, 0, '1,1'::text)"),
    ]);
    let plan = plan(&schema(&[("a", "INT")], &[]), &target, CopyFormat::Parquet).unwrap();
    assert!(plan.direct && !plan.complete);
}

#[test]
fn every_mismatch_comes_in_one_error() {
    let declared = schema(
        &[("id", "BIGINT"), ("nmae", "STRING"), ("price", "DECIMAL(10, 4)"), ("x", "INT")],
        &[],
    );
    let target = table(&[
        ("id", "bigint not null default \"identity\"(1, 0, '1,1'::text)"),
        ("name", "character varying(10)"),
        ("price", "numeric(10,2)"),
        ("must", "date not null"),
    ]);
    let error = plan(&declared, &target, CopyFormat::Parquet).unwrap_err();
    let lines: Vec<_> = error.message().lines().collect();
    assert_eq!(
        lines,
        [
            "the declared columns do not fit the target table: 5 mismatches",
            "  column id: declared BIGINT, target BIGINT IDENTITY, which Redshift fills itself; \
             leave it out of the declaration",
            "  column nmae: declared STRING, and the target has no such column; declare name if \
             that was meant",
            "  column price: declared DECIMAL(10, 4), target DECIMAL(10, 2); digits behind the \
             point would be lost; declare DECIMAL(10, 2) and CAST in the query, or widen the target",
            "  column x: declared INT, and the target has no such column; add it to the target, or \
             leave it out of the declaration",
            "  column must: not declared, target DATE NOT NULL without a default; declare it, give \
             it a default, or let it be NULL",
        ]
    );
}

#[test]
fn each_kind_of_mismatch_says_what_to_do() {
    for (declared, target, expected) in [
        ("BIGINT", "integer", "declare INT and CAST"),
        ("INT", "smallint", "declare SMALLINT and CAST"),
        ("DOUBLE", "real", "declare FLOAT and CAST"),
        ("DOUBLE", "numeric(18,2)", "declare DECIMAL(18, 2) and CAST"),
        ("INT", "character varying(9)", "declare STRING and CAST"),
        ("STRING", "date", "declare DATE and CAST"),
        ("BOOLEAN", "integer", "declare INT and CAST"),
        ("DATE", "timestamp without time zone", "declare TIMESTAMP(6) and CAST"),
        ("TIMESTAMP(3)", "timestamp with time zone", "declare TIMESTAMP_LTZ(3)"),
        ("STRING", "timestamp with time zone", "declare TIMESTAMP_LTZ(6)"),
        ("DOUBLE", "character(3)", "declare STRING and CAST"),
        ("INT", "double precision", "declare DOUBLE and CAST"),
        ("STRING", "geometry", "columns of type geometry are not carried"),
        ("INT", "super", "declare STRING with a JSON text"),
        ("INTERVAL YEAR TO MONTH", "smallint", "declare SMALLINT and CAST"),
        ("INTERVAL DAY TO SECOND", "integer", "declare INT and CAST"),
        ("INTERVAL YEAR TO MONTH", "interval year to month", "are not carried"),
        ("TIME(3)", "date", "declare DATE and CAST"),
        ("BYTES", "character varying(9)", "declare STRING and CAST"),
        ("ARRAY<INT>", "character varying(9)", "declare STRING and CAST"),
        ("MAP<ROW<a INT>, INT>", "super", "keys of a map"),
        ("MULTISET<ARRAY<INT>>", "super", "elements of a multiset"),
        ("ROW<a INT, a INT>", "super", "names of their own"),
    ] {
        let text = problem(("c", declared), ("c", target));
        assert!(text.contains(expected), "{expected} is not in {text}");
        assert!(text.contains("a mismatch"), "{text}");
    }
}

#[test]
fn a_column_that_only_a_case_sensitive_session_can_name_is_refused() {
    let text = problem(("UserId", "INT"), ("UserId", "integer"));
    assert!(text.contains("rename the target's column to userid"), "{text}");
}

#[test]
fn names_that_keep_their_case_mean_their_own_column_before_any_other() {
    let kept = |columns: &[(&str, &str)]| TargetTable { case: NameCase::Kept, ..table(columns) };
    let found = |declared: &str, target: &TargetTable| {
        let plan = plan(&schema(&[(declared, "INT")], &[]), target, CopyFormat::Parquet);
        plan.map(|plan| (plan.columns[0].target.clone(), plan.complete))
    };
    let both = kept(&[("userid", "integer"), ("UserId", "integer")]);
    assert_eq!(found("UserId", &both).unwrap(), ("UserId".to_owned(), false));
    assert_eq!(found("userid", &both).unwrap(), ("userid".to_owned(), false));
    // What other sessions made is in lower case.
    assert_eq!(found("USERID", &both).unwrap(), ("userid".to_owned(), false));
    let one = kept(&[("UserId", "integer")]);
    assert_eq!(found("UserId", &one).unwrap(), ("UserId".to_owned(), true));
    let error = found("userid", &one).unwrap_err().to_string();
    assert!(error.contains("so declare UserId"), "{error}");
    assert!(!error.contains("rename"), "{error}");
}
