//! `CREATE TABLE`, with Flink's type names, keys and options.

use arrow_redshift::types::FlinkType;
use sqlparser::tokenizer::Token;

use super::{Problem, cursor::Cursor};

/// `CREATE [TEMPORARY] TABLE [IF NOT EXISTS] name (…) [COMMENT '…'] WITH ('key' = 'value', …)`
#[derive(Debug)]
pub struct CreateTable {
    /// Name.
    pub name: String,
    /// Do nothing where the name is taken.
    pub if_not_exists: bool,
    /// Columns, in order.
    pub columns: Vec<DeclaredColumn>,
    /// Names of the key's columns, in order; empty without a key.
    pub primary_key: Vec<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// The options, in order, as written.
    pub options: Vec<(String, String)>,
}

/// A column as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredColumn {
    /// Line where it is declared.
    pub line: u64,
    /// Name.
    pub name: String,
    /// Type.
    pub data_type: FlinkType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Its comment.
    pub comment: Option<String>,
}

type Options = Vec<(String, String)>;

/// Reads what follows `CREATE TABLE`; goes on after a bad column, to report all of them.
pub fn parse(cursor: &mut Cursor<'_>) -> Result<CreateTable, Vec<Problem>> {
    let if_not_exists = cursor.take_words(&["IF", "NOT", "EXISTS"]);
    let name = cursor.table_name()?;
    let mut body = Body::default();
    if !cursor.take(&Token::LParen) {
        refuse_clauses(cursor)?;
        if cursor.at_words(&["WITH"]) {
            let what = "CREATE TABLE without columns (AS query, or LIKE another)";
            return Err(vec![Problem::unsupported(cursor.line(), what)]);
        }
        return Err(vec![cursor.expected("'(' and the table's columns")]);
    }
    loop {
        if let Err(problem) = body.item(cursor) {
            body.problems.push(problem);
            skip_item(cursor);
        }
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    if let Err(problem) = cursor.expect(&Token::RParen) {
        body.problems.push(problem);
        return Err(body.problems);
    }
    match tail(cursor) {
        Ok((comment, options)) if body.problems.is_empty() => Ok(CreateTable {
            name,
            if_not_exists,
            columns: body.columns,
            primary_key: body.primary_key,
            comment,
            options,
        }),
        Ok(_) => Err(body.problems),
        Err(problem) => {
            body.problems.push(problem);
            Err(body.problems)
        }
    }
}

impl From<Problem> for Vec<Problem> {
    fn from(problem: Problem) -> Self {
        vec![problem]
    }
}

#[derive(Default)]
struct Body {
    columns: Vec<DeclaredColumn>,
    primary_key: Vec<String>,
    problems: Vec<Problem>,
}

impl Body {
    fn item(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        if cursor.at_words(&["WATERMARK", "FOR"]) {
            return Err(Problem::unsupported(cursor.line(), "WATERMARK"));
        }
        if cursor.take_words(&["CONSTRAINT"]) {
            cursor.name()?;
            cursor.expect_words(&["PRIMARY", "KEY"])?;
            return self.key(cursor, None);
        }
        if cursor.take_words(&["PRIMARY", "KEY"]) {
            return self.key(cursor, None);
        }
        self.column(cursor)
    }

    fn column(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        let line = cursor.line();
        let name = cursor.name()?;
        if cursor.at_words(&["AS"]) {
            return Err(Problem::unsupported(line, format!("the computed column {name}")));
        }
        let text = type_text(cursor)?;
        let data_type: FlinkType = text.parse().map_err(|error: arrow_redshift::Error| {
            let hint = flinks_own(&text).map_or_else(String::new, |own| format!("; use {own}"));
            Problem::new(line, format!("column {name}: {}{hint}", error.message()))
        })?;
        if holds_interval(&data_type) {
            let what = "Flink's CREATE TABLE takes no INTERVAL: declare BIGINT for milliseconds, \
                        or INT for months";
            return Err(Problem::new(line, format!("column {name}: {what}")));
        }
        let mut column = DeclaredColumn { line, name, data_type, nullable: true, comment: None };
        loop {
            if cursor.take_words(&["NOT", "NULL"]) {
                column.nullable = false;
            } else if cursor.take_words(&["NULL"]) {
            } else if cursor.take_words(&["COMMENT"]) {
                column.comment = Some(cursor.text()?);
            } else if cursor.take_words(&["CONSTRAINT"]) {
                cursor.name()?;
                cursor.expect_words(&["PRIMARY", "KEY"])?;
                self.key(cursor, Some(&column.name))?;
            } else if cursor.take_words(&["PRIMARY", "KEY"]) {
                self.key(cursor, Some(&column.name))?;
            } else {
                break;
            }
        }
        for word in ["METADATA", "UNIQUE", "DEFAULT"] {
            if cursor.at_words(&[word]) {
                return Err(Problem::unsupported(cursor.line(), word));
            }
        }
        self.columns.push(column);
        Ok(())
    }

    fn key(&mut self, cursor: &mut Cursor<'_>, column: Option<&str>) -> Result<(), Problem> {
        let line = cursor.line();
        let names = match column {
            Some(name) => vec![name.to_owned()],
            None => cursor.names()?,
        };
        if !cursor.take_words(&["NOT", "ENFORCED"]) {
            return Err(Problem::new(
                line,
                "a primary key must say NOT ENFORCED: nobody checks that it is unique",
            ));
        }
        if !self.primary_key.is_empty() {
            return Err(Problem::new(line, "the table has two primary keys"));
        }
        self.primary_key = names;
        Ok(())
    }
}

/// Whether a type is an interval or has one within.
fn holds_interval(data_type: &FlinkType) -> bool {
    match data_type {
        FlinkType::IntervalYearMonth | FlinkType::IntervalDaySecond => true,
        FlinkType::Array(of) | FlinkType::Multiset(of) => holds_interval(&of.data_type),
        FlinkType::Map(key, of) => holds_interval(&key.data_type) || holds_interval(&of.data_type),
        FlinkType::Row(fields) => fields.iter().any(|field| holds_interval(&field.data_type)),
        _ => false,
    }
}

/// Flink's type for a name that databases have and Flink has not.
fn flinks_own(name: &str) -> Option<&'static str> {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    Some(match name.to_uppercase().as_str() {
        "TEXT" | "VARCHAR(MAX)" | "NVARCHAR" | "JSON" | "JSONB" | "SUPER" | "UUID" => "STRING",
        "BOOL" => "BOOLEAN",
        "INT2" => "SMALLINT",
        "INT4" => "INT",
        "INT8" | "LONG" => "BIGINT",
        "FLOAT4" | "REAL" => "FLOAT",
        "FLOAT8" => "DOUBLE",
        "DATETIME" => "TIMESTAMP(3)",
        "TIMESTAMPTZ" => "TIMESTAMP_LTZ(3)",
        "BYTEA" | "BLOB" | "VARBYTE" => "BYTES",
        _ => return None,
    })
}

/// The text of a type: everything up to what may follow a type.
fn type_text(cursor: &mut Cursor<'_>) -> Result<String, Problem> {
    let mut text = String::new();
    let mut depth = 0_usize;
    while let Some(token) = cursor.peek() {
        let ends = matches!(token, Token::Comma | Token::RParen)
            || ["NOT", "NULL", "COMMENT", "CONSTRAINT", "PRIMARY", "METADATA", "UNIQUE", "DEFAULT"]
                .iter()
                .any(|word| cursor.at_words(&[word]));
        if depth == 0 && ends {
            break;
        }
        depth = nested(depth, token);
        if !text.is_empty()
            && matches!(token, Token::Word(_) | Token::SingleQuotedString(_))
            && !text.ends_with(['(', '<'])
        {
            text.push(' ');
        }
        text.push_str(&token.to_string());
        cursor.next();
    }
    if text.is_empty() { Err(cursor.expected("a type")) } else { Ok(text) }
}

/// How deep in parentheses and angle brackets one is behind a token.
fn nested(depth: usize, token: &Token) -> usize {
    match token {
        Token::LParen | Token::Lt => depth + 1,
        Token::RParen | Token::Gt => depth.saturating_sub(1),
        // Two brackets in a row are read as an operator.
        Token::ShiftRight => depth.saturating_sub(2),
        _ => depth,
    }
}

/// Goes to the comma or parenthesis that ends a column that could not be read.
fn skip_item(cursor: &mut Cursor<'_>) {
    let mut depth = 0_usize;
    while let Some(token) = cursor.peek() {
        if depth == 0 && matches!(token, Token::Comma | Token::RParen) {
            return;
        }
        depth = nested(depth, token);
        cursor.next();
    }
}

/// What follows the columns: comment and options.
fn tail(cursor: &mut Cursor<'_>) -> Result<(Option<String>, Options), Problem> {
    let comment = if cursor.take_words(&["COMMENT"]) { Some(cursor.text()?) } else { None };
    refuse_clauses(cursor)?;
    cursor.expect_words(&["WITH"])?;
    cursor.expect(&Token::LParen)?;
    let mut options = Vec::new();
    loop {
        let line = cursor.line();
        let key = cursor.text()?;
        cursor.expect(&Token::Eq)?;
        if options.iter().any(|(seen, _)| *seen == key) {
            return Err(Problem::new(line, format!("option '{key}' is given twice")));
        }
        options.push((key, cursor.text()?));
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    if !cursor.take(&Token::RParen) {
        return Err(cursor.expected("',' or ')'"));
    }
    refuse_clauses(cursor)?;
    cursor.end()?;
    Ok((comment, options))
}

fn refuse_clauses(cursor: &Cursor<'_>) -> Result<(), Problem> {
    for words in [&["PARTITIONED", "BY"][..], &["DISTRIBUTED"], &["LIKE"], &["AS"]] {
        if cursor.at_words(words) {
            let what = format!("CREATE TABLE … {}", words.join(" "));
            return Err(Problem::unsupported(cursor.line(), what));
        }
    }
    Ok(())
}
