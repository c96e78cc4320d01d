//! SUM and AVG with Flink's result types: a sum has its argument's type and wraps around in it, and
//! the average of whole numbers is a whole number.

use std::{mem::size_of, sync::Arc};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        compute::cast,
        datatypes::{DataType, Field, FieldRef, Int64Type},
    },
    error::{DataFusionError, Result},
    functions_aggregate::{average::avg_udaf, sum::sum_udaf},
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
    scalar::ScalarValue,
};

use crate::plan::types::{Class, decimal, sql_name};

/// SUM
pub fn sum() -> Arc<AggregateUDF> {
    new("sum", Function::Sum)
}

/// AVG
pub fn avg() -> Arc<AggregateUDF> {
    new("avg", Function::Avg)
}

fn new(name: &'static str, function: Function) -> Arc<AggregateUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(FlinkAggregate { name, function, signature }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Function {
    Sum,
    Avg,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FlinkAggregate {
    name: &'static str,
    function: Function,
    signature: Signature,
}

impl FlinkAggregate {
    /// DataFusion's own function, for the types whose result is Flink's.
    fn engine(&self) -> Arc<AggregateUDF> {
        match self.function {
            Function::Sum => sum_udaf(),
            Function::Avg => avg_udaf(),
        }
    }

    fn whole(data_type: &DataType) -> bool {
        matches!(Class::of(data_type), Class::Integer(_))
    }
}

/// The result type of SUM or AVG for an argument's type, or what it takes instead.
pub fn check(name: &str, data_type: &DataType) -> Result<DataType, String> {
    match (name, Class::of(data_type)) {
        ("sum", Class::Decimal(_, scale)) => Ok(decimal(38, scale)),
        (_, Class::Integer(_) | Class::Double) => Ok(data_type.clone()),
        _ => Err(format!("{} does not take {} here", name.to_uppercase(), sql_name(data_type))),
    }
}

impl AggregateUDFImpl for FlinkAggregate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, args: &[DataType]) -> Result<Vec<DataType>> {
        // DataFusion's sum keeps a DECIMAL's width where it is the widest already.
        Ok(vec![self.return_type(args)?])
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        match args {
            // Wrong types get through here, so that the plan's check refuses them at their line.
            [arg] => Ok(check(self.name, arg).unwrap_or_else(|_| arg.clone())),
            _ => Err(DataFusionError::Plan(format!("{} takes one argument", self.name))),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if Self::whole(args.return_field.data_type()) {
            let result = args.return_field.data_type().clone();
            return Ok(Box::new(WholeNumbers {
                function: self.function,
                result,
                sum: 0,
                count: 0,
            }));
        }
        self.engine().accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        if Self::whole(args.return_field.data_type()) {
            return Ok(["sum", "count"]
                .map(|part| {
                    let name = format!("{}[{part}]", args.name);
                    Arc::new(Field::new(name, DataType::Int64, true)) as FieldRef
                })
                .to_vec());
        }
        self.engine().state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !Self::whole(args.return_field.data_type())
            && self.engine().groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        self.engine().create_groups_accumulator(args)
    }
}

/// The sum of whole numbers, which wraps around in 64 bits as Java's `long` does.
#[derive(Debug)]
struct WholeNumbers {
    function: Function,
    result: DataType,
    sum: i64,
    count: i64,
}

impl WholeNumbers {
    fn add(&mut self, values: &ArrayRef) -> Result<()> {
        let values = cast(values, &DataType::Int64)?;
        for value in values.as_primitive::<Int64Type>().iter().flatten() {
            self.sum = self.sum.wrapping_add(value);
        }
        Ok(())
    }
}

impl Accumulator for WholeNumbers {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count += (values[0].len() - values[0].null_count()) as i64;
        self.add(&values[0])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.count += states[1].as_primitive::<Int64Type>().iter().flatten().sum::<i64>();
        self.add(&states[0])
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Int64(Some(self.sum)), ScalarValue::Int64(Some(self.count))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.count == 0 {
            return ScalarValue::try_from(&self.result);
        }
        let value = match self.function {
            Function::Sum => self.sum,
            Function::Avg => self.sum / self.count,
        };
        Ok(match self.result {
            DataType::Int8 => ScalarValue::Int8(Some(value as i8)),
            DataType::Int16 => ScalarValue::Int16(Some(value as i16)),
            DataType::Int32 => ScalarValue::Int32(Some(value as i32)),
            _ => ScalarValue::Int64(Some(value)),
        })
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
