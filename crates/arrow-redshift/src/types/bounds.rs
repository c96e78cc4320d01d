//! What Flink's types may be: the bounds of lengths, precisions and nesting, for types that are read
//! from text and for those that a program builds by hand.

use std::ops::RangeInclusive;

use super::{Element, FlinkType};
use crate::limits;

/// How deep types may nest: far beyond what is declared, far below what a stack and SUPER hold.
pub(super) const MAX_DEPTH: usize = 100;
/// The lengths of CHAR, VARCHAR, BINARY and VARBINARY.
pub(super) const LENGTHS: RangeInclusive<u32> = 1..=i32::MAX as u32;
/// The most digits of a second.
pub(super) const MAX_PRECISION: u8 = 9;

pub(super) const DECIMAL: &str = "DECIMAL's precision is 1 to 38, its scale 0 to its precision";
pub(super) const LENGTH: &str = "its length is one number, 1 to 2147483647";
pub(super) const PRECISION: &str = "a time's precision is one number, 0 to 9";

/// Whether there is a DECIMAL of these digits.
pub(super) fn decimal(precision: u8, scale: u8) -> bool {
    (1..=limits::DECIMAL_PRECISION).contains(&u64::from(precision)) && scale <= precision
}

/// What is wrong with a type or with one that it holds: the first thing that is.
pub(super) fn problem(data_type: &FlinkType) -> Option<String> {
    within(data_type, 1)
}

/// The same of a type at this depth. Nothing below [`MAX_DEPTH`] is looked at, so that no type is too
/// deep to be refused.
fn within(data_type: &FlinkType, depth: usize) -> Option<String> {
    use FlinkType as F;
    if depth > MAX_DEPTH {
        return Some(format!("it nests deeper than {MAX_DEPTH} times"));
    }
    let held = |held: &Element| within(&held.data_type, depth + 1);
    let fits = match data_type {
        F::Array(element) | F::Multiset(element) => return held(element),
        F::Map(key, value) => return held(key).or_else(|| held(value)),
        F::Row(fields) => {
            return fields.iter().find_map(|field| within(&field.data_type, depth + 1));
        }
        F::Decimal { precision, scale } => decimal(*precision, *scale).then_some(()).ok_or(DECIMAL),
        F::Char(length) | F::VarChar(length) | F::Binary(length) | F::VarBinary(length) => {
            LENGTHS.contains(length).then_some(()).ok_or(LENGTH)
        }
        F::Time(precision) | F::Timestamp(precision) | F::TimestampLtz(precision) => {
            (*precision <= MAX_PRECISION).then_some(()).ok_or(PRECISION)
        }
        _ => Ok(()),
    };
    fits.err().map(|why| format!("{data_type}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Column;

    fn element(data_type: FlinkType) -> Box<Element> {
        Box::new(Element { data_type, nullable: true })
    }

    /// A type within so many others of each kind in turn.
    fn nested(levels: usize) -> FlinkType {
        (0..levels).fold(FlinkType::Int, |held, level| match level % 3 {
            0 => FlinkType::Array(element(held)),
            1 => FlinkType::Map(element(FlinkType::String), element(held)),
            _ => FlinkType::Row(vec![Column { name: "f".into(), data_type: held, nullable: true }]),
        })
    }

    #[test]
    fn types_nest_as_deep_as_those_that_are_read() {
        let most = nested(MAX_DEPTH - 1);
        assert_eq!(problem(&most), None);
        assert_eq!(most.to_string().parse::<FlinkType>().unwrap(), most);
        let deep = nested(MAX_DEPTH);
        assert!(problem(&deep).unwrap().contains("deeper than 100"));
        assert!(deep.to_string().parse::<FlinkType>().is_err());
        assert!(problem(&nested(5_000)).is_some());
    }

    #[test]
    fn what_no_text_can_say_is_refused_at_any_depth() {
        let most = u32::try_from(i32::MAX).unwrap();
        let decimal = |precision, scale| FlinkType::Decimal { precision, scale };
        let pairs = [
            (decimal(38, 38), decimal(39, 2)),
            (decimal(1, 0), decimal(0, 0)),
            (decimal(5, 5), decimal(5, 6)),
            (FlinkType::Char(1), FlinkType::Char(0)),
            (FlinkType::VarChar(most), FlinkType::VarChar(most + 1)),
            (FlinkType::Binary(1), FlinkType::Binary(0)),
            (FlinkType::VarBinary(most), FlinkType::VarBinary(most + 1)),
            (FlinkType::Time(9), FlinkType::Time(10)),
            (FlinkType::Timestamp(9), FlinkType::Timestamp(10)),
            (FlinkType::TimestampLtz(9), FlinkType::TimestampLtz(10)),
        ];
        for (fits, beyond) in pairs {
            assert_eq!(problem(&fits), None, "{fits}");
            assert!(problem(&beyond).unwrap().starts_with(&beyond.to_string()));
            for held in [
                FlinkType::Array(element(beyond.clone())),
                FlinkType::Multiset(element(beyond.clone())),
                FlinkType::Map(element(beyond.clone()), element(FlinkType::Int)),
                FlinkType::Map(element(FlinkType::Int), element(beyond.clone())),
            ] {
                assert!(problem(&held).is_some(), "{held}");
            }
        }
    }
}
