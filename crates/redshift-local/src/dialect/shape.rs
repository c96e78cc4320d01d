//! A statement's shape: what stays when its literals go.

use super::token::{Kind, Token};

/// The statement with every literal as `?`, words in lower case and blanks made uniform.
pub(crate) fn shape(tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut last: Option<&Token> = None;
    for token in tokens {
        if last.is_some_and(|last| is_apart(last, token)) {
            out.push(' ');
        }
        match &token.kind {
            Kind::Word(word) => out.push_str(&word.to_lowercase()),
            Kind::Quoted(name) => out.push_str(&super::names::quote(name)),
            Kind::Text(_) | Kind::Number(_) => out.push('?'),
            Kind::Parameter(number) => out.push_str(&format!("${number}")),
            Kind::Symbol(symbol) => out.push_str(symbol),
        }
        last = Some(token);
    }
    out
}

/// Whether a blank stands between two tokens.
fn is_apart(left: &Token, right: &Token) -> bool {
    let closes = [",", ")", ".", "::", ";", "]"].iter().any(|s| right.is_symbol(s));
    let opens = ["(", ".", "::", "["].iter().any(|s| left.is_symbol(s));
    let calls = right.is_symbol("(") && matches!(left.kind, Kind::Word(_) | Kind::Quoted(_));
    !(closes || opens || calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_go_and_names_stay() {
        let tokens = super::super::token::tokens(
            "INSERT  INTO \"s\".T_1 (a,b)\nVALUES ( -1.5, 'x''y' ), ($1, f(2)::int) -- c",
        );
        assert_eq!(
            shape(&tokens.unwrap()),
            "insert into \"s\".t_1(a, b) values(- ?, ?), ($1, f(?)::int)"
        );
    }
}
