//! What GROUP BY and PARTITION BY go by. VARCHAR compares without its trailing blanks, and groups so
//! too, unless the stand-in was told that every byte makes a group.

use sqlparser::ast::{Expr, SelectItem, Value, ValueWithSpan};

use super::{
    action::Refusal,
    check::{Check, Written},
};

impl Check<'_> {
    /// What stands after PARTITION BY.
    pub fn partition(&mut self, list: &[Expr]) -> Written {
        if !self.settings.trailing_blanks_group {
            return self.expressions(list);
        }
        let by_bytes = |expr| Ok(grouped(&self.expression(expr)?));
        Ok(list.iter().map(by_bytes).collect::<Result<Vec<_>, Refusal>>()?.join(", "))
    }

    /// What stands after GROUP BY. The plain expression stays beside its bytes, because the select
    /// list may name it.
    pub fn groups(&mut self, list: &[Expr], projection: &[SelectItem]) -> Written {
        if !self.settings.trailing_blanks_group {
            return self.expressions(list);
        }
        let mut written = Vec::new();
        for expr in list {
            let meant = meant(expr, projection)?;
            written.push(self.expression(expr)?);
            written.push(grouped(&self.expression(meant)?));
        }
        Ok(written.join(", "))
    }

    /// Refuses what finds equal values where trailing blanks make groups.
    pub fn blanks_are_nothing(&self, what: &str) -> Result<(), Refusal> {
        match self.settings.trailing_blanks_group {
            true => Err(Refusal::not_modelled(format!("{what} where trailing blanks make groups"))),
            false => Ok(()),
        }
    }
}

fn grouped(written: &str) -> String {
    format!("redshift_sys.grouped({written})")
}

/// The expression that a number in GROUP BY stands for. Names of results are not modelled here:
/// which of a column and a result is meant by a name is not known for certain.
fn meant<'e>(expr: &'e Expr, projection: &'e [SelectItem]) -> Result<&'e Expr, Refusal> {
    let unclear =
        || Refusal::not_modelled("this form of GROUP BY where trailing blanks make groups");
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) => {
            let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match place.and_then(|place| projection.get(place)) {
                Some(SelectItem::UnnamedExpr(item)) => Ok(item),
                Some(SelectItem::ExprWithAlias { expr: item, .. }) => Ok(item),
                _ => Err(unclear()),
            }
        }
        Expr::Identifier(name) => {
            let result = |item: &SelectItem| match item {
                SelectItem::ExprWithAlias { expr: item, alias } => {
                    alias.value.eq_ignore_ascii_case(&name.value) && item != expr
                }
                _ => false,
            };
            if projection.iter().any(result) { Err(unclear()) } else { Ok(expr) }
        }
        _ => Ok(expr),
    }
}
