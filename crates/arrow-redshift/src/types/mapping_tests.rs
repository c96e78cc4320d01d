use super::*;

const fn flink(precision: u8, scale: u8) -> FlinkType {
    FlinkType::Decimal { precision, scale }
}

const fn redshift(precision: u8, scale: u8) -> RedshiftType {
    RedshiftType::Decimal { precision, scale }
}

#[test]
fn created_columns_hold_all_that_was_declared() {
    let created = |declared| default_target(&declared, 1000);
    assert_eq!(created(FlinkType::TinyInt), RedshiftType::SmallInt);
    assert_eq!(created(FlinkType::Char(3)), RedshiftType::VarChar(12));
    assert_eq!(created(FlinkType::VarChar(16_383)), RedshiftType::VarChar(65_532));
    assert_eq!(created(FlinkType::VarChar(16_384)), RedshiftType::VarChar(65_535));
    assert_eq!(created(FlinkType::VarChar(u32::MAX)), RedshiftType::VarChar(65_535));
    assert_eq!(created(FlinkType::String), RedshiftType::VarChar(1000));
    assert_eq!(created(flink(18, 2)), redshift(18, 2));
    assert_eq!(created(flink(19, 2)), redshift(20, 2));
    assert_eq!(created(FlinkType::Timestamp(9)), RedshiftType::Timestamp);
    assert_eq!(created(FlinkType::TimestampLtz(3)), RedshiftType::TimestampTz);
}

#[test]
fn decimals_lose_no_digit() {
    assert_eq!(rules(&flink(10, 2), &redshift(10, 2)), Some(vec![]));
    assert_eq!(rules(&flink(10, 2), &redshift(12, 4)), Some(vec![]));
    assert_eq!(rules(&flink(10, 2), &redshift(38, 2)), Some(vec![]));
    // A scale that is cut is refused outright.
    assert_eq!(rules(&flink(10, 3), &redshift(38, 2)), None);
    // Digits in front of the point are checked value by value.
    assert_eq!(rules(&flink(20, 2), &redshift(18, 2)), Some(vec![Rule::MaxDigits(18)]));
    assert_eq!(rules(&flink(10, 0), &redshift(10, 4)), Some(vec![Rule::MaxDigits(6)]));
    // No room in front of the point at all: only 0.0000 would fit.
    assert_eq!(rules(&flink(10, 0), &redshift(4, 4)), Some(vec![Rule::MaxDigits(0)]));
}

#[test]
fn nineteen_digits_end_with_sixty_four_bits() {
    assert_eq!(rules(&flink(19, 2), &redshift(19, 2)), Some(vec![Rule::MaxUnscaled(i64::MAX)]));
    assert_eq!(rules(&flink(18, 2), &redshift(19, 2)), Some(vec![]));
    let limit = Rule::MaxUnscaled(i64::MAX / 100);
    assert_eq!(rules(&flink(17, 0), &redshift(19, 2)), Some(vec![limit]));
    assert_eq!(rules(&flink(16, 0), &redshift(19, 2)), Some(vec![]));
    assert_eq!(rules(&FlinkType::Int, &redshift(19, 0)), None);
}

#[test]
fn integers_widen_and_never_narrow() {
    let integers = [FlinkType::TinyInt, FlinkType::SmallInt, FlinkType::Int, FlinkType::BigInt];
    let targets = [RedshiftType::SmallInt, RedshiftType::Integer, RedshiftType::BigInt];
    fn fits(declared: &FlinkType, target: &RedshiftType) -> bool {
        rules(declared, target).is_some()
    }
    for (from, declared) in integers.iter().enumerate() {
        for (to, target) in targets.iter().enumerate() {
            assert_eq!(fits(declared, target), from <= to + 1, "{declared} {target}");
        }
    }
    assert!(fits(&FlinkType::Int, &redshift(12, 2)) && !fits(&FlinkType::Int, &redshift(11, 2)));
    assert!(fits(&FlinkType::BigInt, &redshift(20, 0)));
    assert!(!fits(&FlinkType::BigInt, &redshift(18, 0)));
    assert!(!fits(&FlinkType::Double, &RedshiftType::Real));
    assert!(!fits(&FlinkType::Int, &RedshiftType::Double));
    assert!(!fits(&FlinkType::Timestamp(3), &RedshiftType::TimestampTz));
}

#[test]
fn what_is_staged_is_the_targets_exact_counterpart() {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
    let plain = DataType::Timestamp(TimeUnit::Microsecond, None);
    let parquet = staged(&RedshiftType::TimestampTz, CopyFormat::Parquet).unwrap();
    assert_eq!((parquet.arrow, parquet.staging_type), (plain, RedshiftType::Timestamp));
    assert_eq!(parquet.expression, LoadExpression::AtTimeZoneUtc);
    let csv = staged(&RedshiftType::TimestampTz, CopyFormat::Csv).unwrap();
    assert_eq!((csv.arrow, csv.staging_type), (utc, RedshiftType::TimestampTz));
    assert_eq!(csv.expression, LoadExpression::Plain);
    assert!(staged(&RedshiftType::Other("geometry".into()), CopyFormat::Parquet).is_none());
}

#[test]
fn bytes_are_bound_as_digits_of_which_a_varchar_holds_so_many() {
    let bound = |width| staged(&RedshiftType::VarByte(width), Carrier::Binds).unwrap();
    for (width, staging) in [(1, 2), (32_767, 65_534), (32_768, 65_534), (1_024_000, 65_534)] {
        let staged = bound(width);
        assert_eq!((staged.arrow, staged.expression), (DataType::Binary, LoadExpression::FromHex));
        assert_eq!(staged.staging_type, RedshiftType::VarChar(staging));
    }
    let rules = |width, carrier| {
        let target = RedshiftType::VarByte(width);
        carried_rules(rules(&FlinkType::Bytes, &target).unwrap(), &target, carrier)
    };
    assert_eq!(rules(9, Carrier::Binds), [Rule::MaxOctets(9), Rule::NotEmpty]);
    assert_eq!(rules(64_000, Carrier::Binds), [Rule::MaxOctets(32_767), Rule::NotEmpty]);
    assert_eq!(rules(64_000, Carrier::Parquet), [Rule::MaxOctets(64_000)]);
}

#[test]
fn statements_carry_no_subnormal_numbers() {
    let rules = |target: &RedshiftType, carrier| {
        carried_rules(rules(&FlinkType::Float, target).unwrap(), target, carrier)
    };
    for target in [RedshiftType::Real, RedshiftType::Double] {
        assert_eq!(rules(&target, Carrier::Binds), [Rule::NotSubnormal]);
        assert_eq!(rules(&target, Carrier::Parquet), []);
    }
}

#[test]
fn a_time_is_bound_as_itself_and_staged_as_a_timestamp() {
    let bound = staged(&RedshiftType::Time, Carrier::Binds).unwrap();
    assert_eq!(bound.arrow, DataType::Time64(TimeUnit::Microsecond));
    assert_eq!((bound.staging_type, bound.expression), (RedshiftType::Time, LoadExpression::Plain));
    let staged = staged(&RedshiftType::Time, Carrier::Csv).unwrap();
    assert_eq!(staged.arrow, DataType::Timestamp(TimeUnit::Microsecond, None));
    assert_eq!(staged.expression, LoadExpression::CastToTime);
}

#[test]
fn decimals_of_parquet_have_the_forms_that_copy_was_seen_to_load() {
    for (precision, staged_as) in [(1, 18), (9, 18), (10, 10), (18, 18), (19, 38), (38, 38)] {
        let parquet = staged(&redshift(precision, 1), Carrier::Parquet).unwrap();
        assert_eq!(parquet.arrow, DataType::Decimal128(staged_as, 1));
        assert_eq!(parquet.staging_type, redshift(staged_as, 1));
        for carrier in [Carrier::Csv, Carrier::Binds] {
            let text = staged(&redshift(precision, 1), carrier).unwrap();
            assert_eq!(text.arrow, DataType::Decimal128(precision, 1));
            assert_eq!(text.staging_type, redshift(precision, 1));
        }
    }
}
