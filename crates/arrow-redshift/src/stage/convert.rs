//! From the declared column's array to the staged one: exact widening only, and nothing at all
//! where the types already match.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::{CastOptions, cast_with_options},
    datatypes::{
        DataType, Decimal128Type, DurationMillisecondType, Int32Type, Int64Type, IntervalUnit,
        IntervalYearMonthType, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
    },
};

use super::{
    check::{self, check},
    misfit::{Cause, Misfit, Refused},
    review::Review,
    semi_structured,
};
use crate::{
    error::{Error, ErrorKind, Result},
    types::{ColumnPlan, Rule},
};

/// Casts that could lose something fail instead of giving NULL.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: arrow::util::display::FormatOptions::new() };

/// Checks a declared column's values, turns them into the staged array, and does about those that
/// do not fit what the column's policy says.
pub(super) fn stage(index: usize, array: &ArrayRef, review: &mut Review<'_>) -> Result<ArrayRef> {
    let plan = review.column(index);
    let missing = check::nulls(plan, array.as_ref(), |row| review.retracts(row));
    let array = review.settle(index, Arc::clone(array), missing)?;
    let unfit = unconvertible(plan, &array)?;
    let array = review.settle(index, array, unfit)?;
    let (staged, unfit) = match array.data_type() {
        DataType::List(_) | DataType::Map(..) | DataType::Struct(_) => nested(plan, &array)?,
        _ => (convert(plan, &array)?, None),
    };
    let staged = review.settle(index, staged, unfit)?;
    let unfit = check(plan, staged.as_ref())?;
    review.settle(index, staged, unfit)
}

/// The values that have to be settled before the conversion, which could not take them.
fn unconvertible(plan: &ColumnPlan, array: &ArrayRef) -> Result<Vec<Misfit>> {
    match (array.data_type(), plan.staged.data_type()) {
        (DataType::Decimal128(p, _), DataType::Decimal128(precision, _)) => {
            let growth = growth(plan, array)?;
            let decimals = array.as_primitive::<Decimal128Type>();
            // Whatever the plan says, nothing wraps around in a cast or outgrows the staged
            // precision; and an array's type says nothing of its values: arithmetic leaves ones
            // beyond the precision.
            let room = u32::from(*precision).saturating_sub(growth).min(u32::from(*p));
            let rules = plan.rules.iter().copied().chain([Rule::MaxDigits(room as u8)]);
            Ok(rules.filter_map(|rule| check::decimals(decimals, rule)).collect())
        }
        // Beyond the range the multiplication could overflow.
        (DataType::Date32, DataType::Timestamp(..)) => check(plan, array.as_ref()),
        _ => Ok(Vec::new()),
    }
}

fn convert(plan: &ColumnPlan, array: &ArrayRef) -> Result<ArrayRef> {
    use DataType::{
        Binary, BinaryView, Date32, Decimal128, Dictionary, Duration, FixedSizeBinary, Int32,
        Int64, Interval, LargeBinary, LargeUtf8, Time64, Timestamp, Utf8, Utf8View,
    };
    let from = array.data_type();
    let to = plan.staged.data_type();
    match (from, to) {
        (Decimal128(..), Decimal128(..)) => decimal(plan, array),
        (from, to) if from == to => Ok(Arc::clone(array)),
        (Timestamp(TimeUnit::Microsecond, Some(_)), Timestamp(TimeUnit::Microsecond, zone)) => {
            // Arrow's zone is a label on values that count in UTC: the same values stay.
            let micros = array.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(micros.with_timezone_opt(zone.clone())))
        }
        (Time64(TimeUnit::Microsecond), Timestamp(TimeUnit::Microsecond, None)) => {
            let micros = array.as_primitive::<Time64MicrosecondType>();
            Ok(Arc::new(micros.reinterpret_cast::<TimestampMicrosecondType>()))
        }
        (Interval(IntervalUnit::YearMonth), Int32 | Int64) => {
            let months = array.as_primitive::<IntervalYearMonthType>();
            let months: ArrayRef = Arc::new(months.reinterpret_cast::<Int32Type>());
            if *to == Int32 { Ok(months) } else { cast(plan, &months) }
        }
        (Duration(TimeUnit::Millisecond), Int64) => {
            let millis = array.as_primitive::<DurationMillisecondType>();
            Ok(Arc::new(millis.reinterpret_cast::<Int64Type>()))
        }
        (LargeBinary | BinaryView | FixedSizeBinary(_), Binary) => cast(plan, array),
        (LargeUtf8 | Utf8View, Utf8) => cast(plan, array),
        (Dictionary(_, values), Utf8) if matches!(**values, Utf8 | LargeUtf8 | Utf8View) => {
            cast(plan, array)
        }
        (from, to) if widens(from, to) => cast(plan, array),
        (Date32, Timestamp(TimeUnit::Microsecond, None)) => cast(plan, array),
        _ => Err(unlike(plan, from)),
    }
}

/// What nests becomes JSON text, and where SUPER cannot hold a value as it is, NULL and a misfit.
fn nested(plan: &ColumnPlan, array: &ArrayRef) -> Result<(ArrayRef, Option<Misfit>)> {
    if !plan.rules.contains(&Rule::Nested) {
        return Err(unlike(plan, array.data_type()));
    }
    let (texts, unfit) =
        semi_structured::texts(array).map_err(|error| error.with("column", &plan.target))?;
    let rows = unfit.into_iter().map(|row| Refused { row, found: 0 });
    Ok((Arc::new(texts), Misfit::of(Cause::Rule(Rule::Nested), rows)))
}

/// Whether every value of the one numeric type is a value of the other.
fn widens(from: &DataType, to: &DataType) -> bool {
    use DataType::{Decimal128, Float32, Float64, Int8, Int16, Int32, Int64};
    match (from, to) {
        (Int8, Int16 | Int32 | Int64) | (Int16, Int32 | Int64) | (Int32, Int64) => true,
        (Float32, Float64) => true,
        (Int8 | Int16 | Int32 | Int64, Decimal128(precision, scale)) => {
            let digits = match from {
                Int8 => 3,
                Int16 => 5,
                Int32 => 10,
                _ => 19,
            };
            i16::from(*precision) - i16::from(*scale) >= digits
        }
        _ => false,
    }
}

/// Decimals keep their value: the scale may grow, the precision may shrink, since each value was
/// checked to fit.
fn decimal(plan: &ColumnPlan, array: &ArrayRef) -> Result<ArrayRef> {
    let (DataType::Decimal128(p, _), DataType::Decimal128(precision, scale)) =
        (array.data_type(), plan.staged.data_type())
    else {
        return Err(unlike(plan, array.data_type()));
    };
    let growth = growth(plan, array)?;
    let decimals = array.as_primitive::<Decimal128Type>();
    if growth > 0 {
        return cast(plan, array);
    }
    if p == precision {
        return Ok(Arc::clone(array));
    }
    let relabelled =
        decimals.clone().with_precision_and_scale(*precision, *scale).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot stage a decimal column")
                .with("column", &plan.target)
                .source(error)
        })?;
    Ok(Arc::new(relabelled))
}

/// By how many digits a decimal's scale grows.
fn growth(plan: &ColumnPlan, array: &ArrayRef) -> Result<u32> {
    let (DataType::Decimal128(_, from), DataType::Decimal128(_, to)) =
        (array.data_type(), plan.staged.data_type())
    else {
        return Err(unlike(plan, array.data_type()));
    };
    let growth = to.checked_sub(*from).and_then(|growth| u32::try_from(growth).ok());
    growth.ok_or_else(|| unlike(plan, array.data_type()))
}

fn cast(plan: &ColumnPlan, array: &ArrayRef) -> Result<ArrayRef> {
    // Arrow's own message would show the value, so it is left out.
    cast_with_options(array, plan.staged.data_type(), &STRICT).map_err(|_| {
        Error::new(
            ErrorKind::Internal,
            format!("a value of type {} did not widen", array.data_type()),
        )
        .with("column", &plan.target)
        .with("staged type", plan.staged.data_type())
    })
}

fn unlike(plan: &ColumnPlan, found: &DataType) -> Error {
    Error::new(
        ErrorKind::SchemaMismatch,
        format!(
            "cannot stage column '{}': the batch holds {found}, which does not become {} without \
             loss",
            plan.target,
            plan.staged.data_type()
        ),
    )
    .hint("give batches the types of the declared schema")
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{
            Date32Array, Decimal128Array, DictionaryArray, Float32Array, Int8Array, Int32Array,
            Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
            TimestampMillisecondArray,
        },
        datatypes::{Field, Float64Type, Int16Type},
    };

    use super::{
        super::{policy::Policies, review::Input},
        *,
    };
    use crate::types::{LoadExpression, RedshiftType, TablePlan};

    fn plan(staged: DataType, rules: &[Rule]) -> ColumnPlan {
        ColumnPlan {
            source: 0,
            target: "c".into(),
            target_type: RedshiftType::Boolean,
            key: false,
            staged: Arc::new(Field::new("c", staged, true)),
            staging_type: RedshiftType::Boolean,
            expression: LoadExpression::Plain,
            rules: rules.to_vec(),
        }
    }

    fn staged(to: DataType, rules: &[Rule], from: impl Array + 'static) -> Result<ArrayRef> {
        let from: ArrayRef = Arc::new(from);
        let columns = vec![plan(to.clone(), rules)];
        let plan = TablePlan { columns, direct: true, complete: true };
        let batch = RecordBatch::try_from_iter([("c", from.clone())]).unwrap();
        let (policies, input) = (Policies::fail(&plan), Input { before: 0, kinds: None });
        let mut review = Review::new(&plan, &policies, &batch, input);
        let array = stage(0, &from, &mut review)?;
        review.end()?;
        assert_eq!(array.data_type(), &to);
        Ok(array)
    }

    fn decimals(values: &[Option<i128>], precision: u8, scale: i8) -> Decimal128Array {
        Decimal128Array::from(values.to_vec()).with_precision_and_scale(precision, scale).unwrap()
    }

    #[test]
    fn numbers_widen_exactly() {
        let array = staged(DataType::Int16, &[], Int8Array::from(vec![-128, 127])).unwrap();
        assert_eq!(array.as_primitive::<Int16Type>().values(), &[-128, 127]);
        let array = staged(DataType::Float64, &[], Float32Array::from(vec![0.1])).unwrap();
        assert_eq!(array.as_primitive::<Float64Type>().value(0), f64::from(0.1_f32));
        let to = DataType::Decimal128(12, 2);
        let array = staged(to, &[], Int32Array::from(vec![i32::MIN])).unwrap();
        assert_eq!(array.as_primitive::<Decimal128Type>().value(0), i128::from(i32::MIN) * 100);
    }

    #[test]
    fn what_could_lose_something_is_refused() {
        let refused = [
            staged(DataType::Int32, &[], Int64Array::from(vec![1])),
            staged(DataType::Decimal128(11, 2), &[], Int32Array::from(vec![1])),
            staged(DataType::Decimal128(10, 1), &[], decimals(&[Some(1)], 10, 2)),
            staged(DataType::Utf8, &[], Int32Array::from(vec![1])),
            staged(
                DataType::Timestamp(TimeUnit::Microsecond, None),
                &[],
                TimestampMillisecondArray::from(vec![1]),
            ),
            staged(
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                &[],
                TimestampMicrosecondArray::from(vec![1]),
            ),
        ];
        for result in refused {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::SchemaMismatch);
        }
    }

    #[test]
    fn decimals_change_precision_and_scale_only_where_they_fit() {
        let to = DataType::Decimal128(6, 3);
        let array = staged(to.clone(), &[], decimals(&[Some(-999), None], 4, 1)).unwrap();
        assert_eq!(array.as_primitive::<Decimal128Type>().value(0), -99_900);
        assert!(array.is_null(1));
        // 1000.0 is five digits, and six of scale 3 leave room for four of scale 1.
        let error = staged(to, &[], decimals(&[Some(1), Some(10_000)], 5, 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueRefused);
        let text = error.to_string();
        assert!(text.contains("5 digits") && text.contains("row: 2"), "{text}");
        assert!(!text.contains("10000"), "{text}");
        // Nor does a value that its own type does not allow get by.
        let to = DataType::Decimal128(5, 0);
        assert!(staged(to, &[], decimals(&[Some(100_000)], 5, 0)).is_err());
        // A rule narrower than the staged type counts too.
        let to = DataType::Decimal128(18, 0);
        let rules = [Rule::MaxDigits(3)];
        assert!(staged(to.clone(), &rules, decimals(&[Some(999)], 18, 0)).is_ok());
        assert!(staged(to, &rules, decimals(&[Some(-1000)], 18, 0)).is_err());
        // Nineteen digits end with sixty-four bits.
        let to = DataType::Decimal128(19, 0);
        let rules = [Rule::MaxUnscaled(i64::MAX)];
        let edge = i128::from(i64::MAX);
        assert!(staged(to.clone(), &rules, decimals(&[Some(edge), Some(-edge)], 19, 0)).is_ok());
        assert!(staged(to, &rules, decimals(&[Some(edge + 1)], 19, 0)).is_err());
    }

    #[test]
    fn text_of_any_layout_becomes_plain_text() {
        let view = StringViewArray::from(vec![Some("a longer text than twelve"), None]);
        let array = staged(DataType::Utf8, &[Rule::MaxBytes(30)], view).unwrap();
        assert_eq!(array.as_string::<i32>().value(0), "a longer text than twelve");
        let dictionary: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
        let array = staged(DataType::Utf8, &[], dictionary).unwrap();
        assert_eq!(array.as_ref(), &StringArray::from(vec!["x", "y", "x"]) as &dyn Array);
    }

    #[test]
    fn instants_keep_their_microseconds() {
        let utc = TimestampMicrosecondArray::from(vec![-1, 5]).with_timezone("UTC");
        let array = staged(DataType::Timestamp(TimeUnit::Microsecond, None), &[], utc).unwrap();
        assert_eq!(array.as_primitive::<TimestampMicrosecondType>().values(), &[-1, 5]);
    }

    #[test]
    fn dates_become_midnights() {
        let to = DataType::Timestamp(TimeUnit::Microsecond, None);
        let array = staged(to.clone(), &[Rule::TimeRange], Date32Array::from(vec![Some(-1), None]))
            .unwrap();
        assert_eq!(array.as_primitive::<TimestampMicrosecondType>().value(0), -86_400_000_000);
        let far = Date32Array::from(vec![i32::MAX]);
        assert_eq!(
            staged(to, &[Rule::TimeRange], far).unwrap_err().kind(),
            ErrorKind::ValueRefused
        );
    }
}
