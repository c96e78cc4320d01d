//! Statements and expressions as syntax trees, by `sqlparser` over our own tokens.

use sqlparser::{
    ast::{Expr, Statement},
    dialect::RedshiftSqlDialect,
    parser::{Parser, ParserError},
    tokenizer,
};

use super::{
    action::Refusal,
    names,
    token::{Kind, Token},
};

/// How deeply parentheses, subqueries and the like may nest.
const DEPTH: usize = 100;

/// The syntax tree of a whole statement.
pub(crate) fn statement(tokens: &[Token]) -> Result<Statement, Refusal> {
    whole(tokens, Parser::parse_statement)
}

/// The syntax tree of an expression that is all there is.
pub(crate) fn expression(tokens: &[Token]) -> Result<Expr, Refusal> {
    whole(tokens, Parser::parse_expr)
}

fn whole<T>(
    tokens: &[Token],
    parse: fn(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, Refusal> {
    static DIALECT: RedshiftSqlDialect = RedshiftSqlDialect {};
    let converted = tokens.iter().map(convert).collect::<Result<Vec<_>, _>>()?;
    let mut parser = Parser::new(&DIALECT).with_recursion_limit(DEPTH).with_tokens(converted);
    let parsed = match parse(&mut parser) {
        Ok(parsed) => parsed,
        Err(ParserError::RecursionLimitExceeded) => {
            return Err(Refusal::new("54001", "stack depth limit exceeded"));
        }
        Err(_) => return Err(near(&parser)),
    };
    match parser.peek_token().token {
        tokenizer::Token::EOF => Ok(parsed),
        _ => Err(near(&parser)),
    }
}

/// A syntax error where the parser stopped. A literal's value is never shown.
fn near(parser: &Parser<'_>) -> Refusal {
    match parser.peek_token().token {
        tokenizer::Token::EOF => Refusal::end_of_input(),
        tokenizer::Token::SingleQuotedString(_) => Refusal::syntax("'…'"),
        token => Refusal::syntax(token),
    }
}

fn convert(token: &Token) -> Result<tokenizer::Token, Refusal> {
    Ok(match &token.kind {
        Kind::Word(word) => tokenizer::Token::make_word(word, None),
        Kind::Quoted(name) => tokenizer::Token::make_word(name, Some('"')),
        Kind::Text(value) => tokenizer::Token::SingleQuotedString(value.clone()),
        Kind::Number(digits) => tokenizer::Token::Number(digits.clone(), false),
        Kind::Parameter(number) => tokenizer::Token::Placeholder(format!("${number}")),
        Kind::Symbol(symbol) => convert_symbol(symbol)?,
    })
}

fn convert_symbol(symbol: &str) -> Result<tokenizer::Token, Refusal> {
    use tokenizer::Token::*;
    Ok(match symbol {
        "::" => DoubleColon,
        "||" => StringConcat,
        "<=" => LtEq,
        ">=" => GtEq,
        "<>" | "!=" => Neq,
        "!~" => ExclamationMarkTilde,
        "~" => Tilde,
        "<<" => ShiftLeft,
        ">>" => ShiftRight,
        "(" => LParen,
        ")" => RParen,
        "[" => LBracket,
        "]" => RBracket,
        "," => Comma,
        "." => Period,
        "+" => Plus,
        "-" => Minus,
        "*" => Mul,
        "/" => Div,
        "%" => Mod,
        "<" => Lt,
        ">" => Gt,
        "=" => Eq,
        "&" => Ampersand,
        "|" => Pipe,
        other => return Err(Refusal::not_modelled(format!("operator {other}"))),
    })
}

/// An identifier of a syntax tree, folded. The parser takes strings for aliases; Redshift does not.
pub(crate) fn fold(ident: &sqlparser::ast::Ident, case_sensitive: bool) -> Result<String, Refusal> {
    match ident.quote_style {
        None => names::fold(&ident.value, false, case_sensitive),
        Some('"') => names::fold(&ident.value, true, case_sensitive),
        Some(_) => Err(Refusal::syntax("'…'")),
    }
}
