//! A function of the table as DataFusion wants it.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef},
        datatypes::DataType,
    },
    error::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
    scalar::ScalarValue,
};

use super::Scalar;

/// Wraps a function of the table.
pub fn udf(name: &'static str, function: Scalar) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(TableFunction {
        name: name.to_lowercase(),
        function,
        signature: Signature::user_defined(Volatility::Immutable),
    }))
}

struct TableFunction {
    name: String,
    function: Scalar,
    signature: Signature,
}

impl std::fmt::Debug for TableFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

// A name stands for one function: the table has each name once.
impl PartialEq for TableFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TableFunction {}

impl Hash for TableFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for TableFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, args: &[DataType]) -> Result<Vec<DataType>> {
        // Nothing is converted without being asked: the types are right or refused.
        Ok(args.to_vec())
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        // Wrong types get through here, so that the plan's check refuses them at their line.
        Ok((self.function.check)(args).unwrap_or(DataType::Null))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> =
            args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        (self.function.check)(&types).map_err(|message| {
            DataFusionError::Internal(format!("{} {message}", self.name.to_uppercase()))
        })?;
        evaluate(&args.args, args.number_rows, self.function.eval)
    }
}

/// Computes constants once, and everything else for each row.
pub fn evaluate(
    args: &[ColumnarValue],
    rows: usize,
    eval: impl Fn(&[ArrayRef]) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let constant = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { rows };
    let arrays = args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
    let result = eval(&arrays)?;
    if constant && result.len() == 1 {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
    }
    Ok(ColumnarValue::Array(result))
}
