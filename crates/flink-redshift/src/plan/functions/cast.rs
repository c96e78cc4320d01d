//! `CAST` and `TRY_CAST` with Flink's rules (`table.exec.legacy-cast-behaviour` is off): text that
//! cannot be read raises, whole numbers wrap around as in Java, and a number too large for a
//! DECIMAL becomes NULL.

use std::{hash::Hash, sync::Arc};

use arrow_redshift::types::FlinkType;
use datafusion::{
    arrow::datatypes::{DataType, Field, FieldRef},
    error::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
        Volatility,
    },
    scalar::ScalarValue,
};

use super::scalar::evaluate;
use crate::plan::{
    convert::{self, Failure},
    types::{Class, carries, engine_type, flink_metadata, sql_name},
};

/// The function behind CAST or TRY_CAST: its second argument is the type's name.
pub fn udf(name: &str, failure: Failure, utc: bool) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(Cast {
        name: name.to_owned(),
        failure,
        utc,
        signature: Signature::user_defined(Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Cast {
    name: String,
    failure: Failure,
    /// Whether the session's time zone is known to be UTC.
    utc: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Cast {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, args: &[DataType]) -> Result<Vec<DataType>> {
        Ok(args.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal("a cast's type is in its arguments".into()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let to = target(args.scalar_arguments.get(1).copied().flatten())?;
        // Whether there is such a cast is asked by the plan's check, which knows its line.
        let field = Field::new(&self.name, engine_type(&to), true);
        Ok(Arc::new(field.with_metadata(flink_metadata(&to))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let to = match &args.args[1] {
            ColumnarValue::Scalar(name) => target(Some(name))?,
            ColumnarValue::Array(_) => target(None)?,
        };
        let from = args.arg_fields[0].data_type();
        allowed(from, &to, self.utc).map_err(DataFusionError::Internal)?;
        evaluate(&args.args[..1], args.number_rows, |values| {
            convert::convert(&values[0], &to, self.failure)
        })
    }
}

fn target(name: Option<&ScalarValue>) -> Result<FlinkType> {
    match name {
        Some(ScalarValue::Utf8(Some(name))) => name
            .parse()
            .map_err(|error: arrow_redshift::Error| DataFusionError::External(error.into())),
        _ => Err(DataFusionError::Internal("a cast's type is a constant".into())),
    }
}

/// Whether CAST takes this type to that one here.
pub fn allowed(from: &DataType, to: &FlinkType, utc: bool) -> Result<(), String> {
    use Class as C;
    let to_type = engine_type(to);
    let ok = match (Class::of(from), Class::of(&to_type)) {
        (C::Null, _) => true,
        (C::Other | C::Carried, _) | (_, C::Other | C::Carried | C::Null) => false,
        (from, to) if from == to => true,
        (C::Text, C::TimestampLtz) => false,
        (C::Text, _) | (_, C::Text) if Class::of(from) != C::TimestampLtz || utc => true,
        (from, to) if from.is_number() && to.is_number() => true,
        (C::Boolean, C::Integer(_)) | (C::Integer(_), C::Boolean) => true,
        (C::Date, C::Timestamp) | (C::Timestamp, C::Date) => true,
        (C::TimestampLtz, C::Timestamp | C::Date) | (C::Timestamp, C::TimestampLtz) if utc => true,
        (C::TimestampLtz, C::TimestampLtz) => true,
        _ => false,
    };
    if ok {
        return Ok(());
    }
    let zone = [Class::of(from), Class::of(&to_type)].contains(&Class::TimestampLtz) && !utc;
    let hint =
        if zone { ": SET 'table.local-time-zone' = 'UTC' if that is what is meant" } else { "" };
    Err(format!("CAST of {} to {to} is not supported here{hint}", sql_name(from)))
}

/// Whether a sink takes this type for a column of that one without being asked, as Flink's do.
pub fn implicit(from: &Field, to: &FlinkType, utc: bool) -> bool {
    use Class as C;
    let from_class = Class::of(from.data_type());
    match (from_class, Class::of(&engine_type(to))) {
        (C::Carried, _) | (_, C::Carried) => carries(from, to),
        // Only another CHAR becomes a CHAR.
        (C::Text, C::Text) => match to {
            FlinkType::Char(_) => {
                matches!(crate::plan::types::declared(from), Some(FlinkType::Char(_)))
            }
            _ => true,
        },
        (C::Integer(from), C::Integer(to)) => from <= to,
        (from, C::Decimal(..) | C::Double) => from.is_number(),
        (C::Integer(_) | C::Decimal(..) | C::Float, C::Float) => true,
        (C::Timestamp, C::Date) => true,
        (C::TimestampLtz, C::Date | C::Timestamp) | (C::Timestamp, C::TimestampLtz) => utc,
        (from, to) => from == to,
    }
}
