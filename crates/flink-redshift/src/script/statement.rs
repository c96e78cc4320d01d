//! One statement: which one it is, and its parts.

use sqlparser::{
    ast::Query,
    parser::Parser,
    tokenizer::{Token, TokenWithSpan},
};

use super::{
    CreateTable, FlinkDialect, Problem, create_table,
    cursor::{Cursor, keyword},
};

/// A statement and where it starts.
#[derive(Debug)]
pub struct Statement {
    /// Line of its first word.
    pub line: u64,
    /// What it says.
    pub kind: StatementKind,
}

/// The statements that are run here.
#[derive(Debug)]
pub enum StatementKind {
    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `CREATE VIEW`
    CreateView(CreateView),
    /// `DROP TABLE`, `DROP VIEW`
    Drop(DropTable),
    /// `INSERT INTO`, `INSERT OVERWRITE`
    Insert(Insert),
    /// `SET`
    Set(Setting),
    /// `CREATE TABLE` or `CREATE VIEW` of this name, in a form that could not be read.
    Malformed(String),
}

/// `CREATE [TEMPORARY] VIEW [IF NOT EXISTS] name [(columns)] [COMMENT '…'] AS query`
#[derive(Debug)]
pub struct CreateView {
    /// Name.
    pub name: String,
    /// Do nothing where the name is taken.
    pub if_not_exists: bool,
    /// New names for the query's columns, or none.
    pub columns: Vec<String>,
    /// The query.
    pub query: Box<Query>,
}

/// `DROP [TEMPORARY] TABLE | VIEW [IF EXISTS] name`
#[derive(Debug)]
pub struct DropTable {
    /// Name.
    pub name: String,
    /// Whether it must be a view.
    pub view: bool,
    /// Do nothing where there is no such name.
    pub if_exists: bool,
}

/// `INSERT INTO | OVERWRITE table [(columns)] query`
#[derive(Debug)]
pub struct Insert {
    /// Whether the rows take the place of those that are there.
    pub overwrite: bool,
    /// The table that is written.
    pub table: String,
    /// The columns that are written, or all in order.
    pub columns: Option<Vec<String>>,
    /// The query.
    pub query: Box<Query>,
}

/// `SET 'key' = 'value'`
#[derive(Debug)]
pub struct Setting {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

impl Statement {
    /// Reads one statement from its tokens, of which there is at least one.
    pub fn parse(tokens: &[TokenWithSpan]) -> Result<Self, Vec<Problem>> {
        let mut cursor = Cursor::new(tokens);
        let line = cursor.line();
        let kind = parse_kind(&mut cursor)?;
        Ok(Statement { line, kind })
    }
}

/// The name of the table or view that a statement creates, if it does.
pub fn created(tokens: &[TokenWithSpan]) -> Option<String> {
    let mut cursor = Cursor::new(tokens);
    let create = cursor.take_words(&["CREATE"]);
    cursor.take_words(&["TEMPORARY"]);
    if !create || !(cursor.take_words(&["TABLE"]) || cursor.take_words(&["VIEW"])) {
        return None;
    }
    cursor.take_words(&["IF", "NOT", "EXISTS"]);
    cursor.name().ok()
}

fn parse_kind(cursor: &mut Cursor<'_>) -> Result<StatementKind, Vec<Problem>> {
    if cursor.take_words(&["CREATE"]) {
        return create(cursor);
    }
    let kind = if cursor.take_words(&["INSERT"]) {
        StatementKind::Insert(insert(cursor)?)
    } else if cursor.take_words(&["DROP"]) {
        StatementKind::Drop(drop_table(cursor)?)
    } else if cursor.take_words(&["SET"]) {
        StatementKind::Set(setting(cursor)?)
    } else {
        return Err(vec![unknown(cursor)]);
    };
    Ok(kind)
}

fn create(cursor: &mut Cursor<'_>) -> Result<StatementKind, Vec<Problem>> {
    if cursor.at_words(&["OR", "REPLACE"]) {
        return Err(vec![Problem::unsupported(cursor.line(), "CREATE OR REPLACE")]);
    }
    cursor.take_words(&["TEMPORARY"]);
    if cursor.take_words(&["TABLE"]) {
        return create_table::parse(cursor).map(StatementKind::CreateTable);
    }
    if cursor.take_words(&["VIEW"]) {
        return Ok(StatementKind::CreateView(create_view(cursor)?));
    }
    let what = cursor.peek().map_or_else(String::new, Token::to_string);
    Err(vec![Problem::unsupported(cursor.line(), format!("CREATE {what}"))])
}

fn create_view(cursor: &mut Cursor<'_>) -> Result<CreateView, Problem> {
    let if_not_exists = cursor.take_words(&["IF", "NOT", "EXISTS"]);
    let name = cursor.table_name()?;
    let columns = if cursor.peek() == Some(&Token::LParen) { cursor.names()? } else { Vec::new() };
    if cursor.take_words(&["COMMENT"]) {
        cursor.text()?;
    }
    cursor.expect_words(&["AS"])?;
    Ok(CreateView { name, if_not_exists, columns, query: query(cursor)? })
}

fn drop_table(cursor: &mut Cursor<'_>) -> Result<DropTable, Problem> {
    cursor.take_words(&["TEMPORARY"]);
    let view = cursor.take_words(&["VIEW"]);
    if !view && !cursor.take_words(&["TABLE"]) {
        let what = cursor.peek().map_or_else(String::new, Token::to_string);
        return Err(Problem::unsupported(cursor.line(), format!("DROP {what}")));
    }
    let if_exists = cursor.take_words(&["IF", "EXISTS"]);
    let name = cursor.table_name()?;
    cursor.end()?;
    Ok(DropTable { name, view, if_exists })
}

fn insert(cursor: &mut Cursor<'_>) -> Result<Insert, Problem> {
    let overwrite = cursor.take_words(&["OVERWRITE"]);
    if !overwrite {
        cursor.expect_words(&["INTO"])?;
    }
    let table = cursor.table_name()?;
    if cursor.at_words(&["PARTITION"]) {
        return Err(Problem::unsupported(cursor.line(), "INSERT … PARTITION"));
    }
    // A parenthesis may also open the query: columns are names, a query starts with a keyword.
    let columns = match cursor.rest() {
        [open, first, ..] if open.token == Token::LParen && !starts_query(&first.token) => {
            Some(cursor.names()?)
        }
        _ => None,
    };
    Ok(Insert { overwrite, table, columns, query: query(cursor)? })
}

fn starts_query(token: &Token) -> bool {
    use sqlparser::keywords::Keyword::{SELECT, VALUES, WITH};
    *token == Token::LParen || matches!(keyword(token), Some(SELECT | VALUES | WITH))
}

fn setting(cursor: &mut Cursor<'_>) -> Result<Setting, Problem> {
    let key = cursor.text()?;
    cursor.expect(&Token::Eq)?;
    let value = cursor.text()?;
    cursor.end()?;
    Ok(Setting { key, value })
}

fn query(cursor: &Cursor<'_>) -> Result<Box<Query>, Problem> {
    let line = cursor.line();
    let mut parser = Parser::new(&FlinkDialect).with_tokens_with_locations(cursor.rest().to_vec());
    let query = parser.parse_query().map_err(|error| parse_problem(line, &error.to_string()))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(Problem::new(
            next.span.start.line,
            format!("expected ';', found '{}'", next.token),
        ));
    }
    Ok(query)
}

/// The parser's message, with its own line number taken out of the text.
fn parse_problem(line: u64, message: &str) -> Problem {
    let message = message.strip_prefix("sql parser error: ").unwrap_or(message);
    if let Some((text, place)) = message.rsplit_once(" at Line: ") {
        let found = place.split(',').next().and_then(|number| number.trim().parse().ok());
        return Problem::new(found.unwrap_or(line), text);
    }
    Problem::new(line, message)
}

/// Statements that Flink has and this command does not run.
fn unknown(cursor: &Cursor<'_>) -> Problem {
    let line = cursor.line();
    if cursor.at_words(&["BEGIN", "STATEMENT", "SET"]) {
        let why = "BEGIN STATEMENT SET is the SQL client's; EXECUTE STATEMENT SET BEGIN … END is \
                   known everywhere, here too";
        return Problem::new(line, why);
    }
    if cursor.at_words(&["SELECT"]) || cursor.at_words(&["VALUES"]) {
        return Problem::new(
            line,
            "a query alone shows nothing here: INSERT INTO a table with 'connector' = 'print'",
        );
    }
    match cursor.peek() {
        Some(Token::Word(word)) => Problem::unsupported(line, word.value.to_uppercase()),
        _ => cursor.expected("a statement"),
    }
}
