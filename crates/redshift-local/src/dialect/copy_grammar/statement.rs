//! The statement as a whole.

use super::{
    Refusal,
    authorization::authorization,
    format::{Options, format_name},
    invalid,
    lexer::{Token, tokens},
    parameters::parameter,
};
use crate::dialect::{action::Relation, copy::CopyStatement, names};

/// Parses one `COPY … FROM 's3://…'` statement, and checks that its parameters go together.
/// `case_sensitive` keeps the letter case of quoted names.
pub fn parse_copy(sql: &str, case_sensitive: bool) -> Result<CopyStatement, Refusal> {
    let mut cursor = Cursor { tokens: tokens(sql)?, at: 0, case_sensitive };
    if !cursor.skip("COPY") {
        return Err(cursor.unexpected());
    }
    if cursor.peek().is_some_and(|t| t.is("JOB")) {
        return Err(Refusal::not_modelled("COPY JOB"));
    }
    let (database, target) = table(&mut cursor)?;
    let columns = columns(&mut cursor)?;
    if !cursor.skip("FROM") {
        return Err(cursor.unexpected());
    }
    let from = source(&mut cursor)?;
    let (mut presented, mut format, mut given) = (None, None, Vec::new());
    while !cursor.at_end() {
        if let Some(found) = authorization(&mut cursor)? {
            once(&mut presented, found, "authorization")?;
        } else if let Some(found) = parameter(&mut cursor)? {
            given.push(found);
        } else if let Some(found) = format_name(&mut cursor)? {
            once(&mut format, found, "format")?;
        } else if cursor.peek().is_some_and(|t| t.is("JOB")) {
            return Err(Refusal::not_modelled("COPY … JOB CREATE"));
        } else {
            return Err(cursor.unexpected());
        }
    }
    let (options, format) = Options::new(given, format)?;
    let authorization = presented.ok_or_else(|| {
        invalid("COPY needs an authorization: IAM_ROLE, CREDENTIALS or ACCESS_KEY_ID")
    })?;
    Ok(CopyStatement {
        database,
        target,
        columns,
        from,
        manifest: options.has("MANIFEST"),
        authorization,
        format,
        region: options.text("REGION"),
        max_error: options.number("MAXERROR", 0, 100_000)?.unwrap_or(0) as u32,
        fill_record: options.has("FILLRECORD"),
        explicit_ids: options.has("EXPLICIT_IDS"),
        accept_inv_chars: accept_inv_chars(&options)?,
        no_load: options.has("NOLOAD"),
    })
}

fn once<T>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid(format!("conflicting or redundant options: {what}"))),
    }
}

fn accept_inv_chars(options: &Options) -> Result<Option<char>, Refusal> {
    if !options.has("ACCEPTINVCHARS") {
        return Ok(None);
    }
    let text = options.text("ACCEPTINVCHARS").unwrap_or_else(|| "?".into());
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) if one.is_ascii() && one != '\0' => Ok(Some(one)),
        _ => Err(invalid("ACCEPTINVCHARS takes one ASCII character that is not NUL")),
    }
}

/// `[db.][schema.]table`, or `#table` of the session.
fn table(cursor: &mut Cursor) -> Result<(Option<String>, Relation), Refusal> {
    if matches!(cursor.peek(), Some(Token::Word(word)) if word.starts_with('#')) {
        return Ok((None, Relation { schema: None, name: cursor.any_name()? }));
    }
    let mut parts = vec![cursor.name()?];
    while cursor.peek() == Some(&Token::Symbol('.')) && parts.len() < 3 {
        cursor.advance();
        parts.push(cursor.name()?);
    }
    let name = parts.pop().unwrap_or_default();
    let schema = parts.pop();
    Ok((parts.pop(), Relation { schema, name }))
}

/// `( col [, …] )`, if there.
fn columns(cursor: &mut Cursor) -> Result<Option<Vec<String>>, Refusal> {
    if cursor.peek() != Some(&Token::Symbol('(')) {
        return Ok(None);
    }
    cursor.advance();
    let mut names = vec![cursor.name()?];
    loop {
        match cursor.peek() {
            Some(Token::Symbol(',')) => cursor.advance(),
            Some(Token::Symbol(')')) => break,
            _ => return Err(cursor.unexpected()),
        }
        names.push(cursor.name()?);
    }
    cursor.advance();
    Ok(Some(names))
}

/// The address after FROM. Redshift loads from nothing but other AWS services.
fn source(cursor: &mut Cursor) -> Result<String, Refusal> {
    let wrong = || {
        Refusal::unsupported(
            "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)",
        )
    };
    match cursor.peek() {
        Some(Token::Text(address)) if address.starts_with("s3://") => {}
        Some(Token::Text(address)) => {
            let others = ["emr://", "dynamodb://"];
            return Err(match others.iter().find(|scheme| address.starts_with(**scheme)) {
                Some(scheme) => Refusal::not_modelled(format!("COPY from {scheme}")),
                None => wrong(),
            });
        }
        Some(token) if token.is("STDIN") => return Err(wrong()),
        _ => return Err(cursor.unexpected()),
    }
    cursor.text()
}

/// The tokens that are left.
pub struct Cursor {
    tokens: Vec<Token>,
    at: usize,
    case_sensitive: bool,
}

impl Cursor {
    /// The next token.
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Steps over the next token.
    pub fn advance(&mut self) {
        self.at += 1;
    }

    /// Whether the token after the next one is the keyword `word`.
    pub fn follows(&self, word: &str) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|token| token.is(word))
    }

    /// Steps over the keyword `word`, if it is next.
    pub fn skip(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(word));
        self.at += usize::from(found);
        found
    }

    /// The value of the literal that must be next.
    pub fn text(&mut self) -> Result<String, Refusal> {
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn at_end(&self) -> bool {
        match &self.tokens[self.at..] {
            [] => true,
            rest => rest.iter().all(|token| *token == Token::Symbol(';')),
        }
    }

    /// The name that must be next, other than of a `#table`.
    fn name(&mut self) -> Result<String, Refusal> {
        match self.peek() {
            Some(Token::Word(word)) if word.starts_with('#') => Err(self.unexpected()),
            _ => self.any_name(),
        }
    }

    /// The name that must be next, folded and cut to 127 bytes as Redshift does.
    fn any_name(&mut self) -> Result<String, Refusal> {
        let name = match self.peek() {
            Some(Token::Word(word)) => names::fold(word, false, self.case_sensitive),
            Some(Token::Quoted(name)) => names::fold(name, true, self.case_sensitive),
            _ => Err(self.unexpected()),
        }?;
        self.at += 1;
        Ok(name)
    }

    fn unexpected(&self) -> Refusal {
        match self.peek() {
            Some(token) => Refusal::syntax(token.shown()),
            None => Refusal::end_of_input(),
        }
    }
}
