//! A walk over the tokens of one statement.

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};

use super::Problem;

/// A position among the tokens of one statement; white space and comments are not among them.
pub struct Cursor<'a> {
    tokens: &'a [TokenWithSpan],
    at: usize,
    line: u64,
}

impl<'a> Cursor<'a> {
    /// Starts at the first token; there is at least one.
    pub fn new(tokens: &'a [TokenWithSpan]) -> Self {
        let line = tokens.first().map_or(1, |token| token.span.start.line);
        Cursor { tokens, at: 0, line }
    }

    /// Line of the next token, or of the last one at the end.
    pub fn line(&self) -> u64 {
        self.tokens.get(self.at).map_or(self.line, |token| token.span.start.line)
    }

    /// The next token, not taken.
    pub fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at).map(|token| &token.token)
    }

    /// Takes the next token.
    pub fn next(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        self.line = token.span.start.line;
        Some(&token.token)
    }

    /// What is left.
    pub fn rest(&self) -> &'a [TokenWithSpan] {
        &self.tokens[self.at..]
    }

    /// Whether the next tokens are these unquoted words, in any letter case.
    pub fn at_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| {
            self.tokens.get(self.at + offset).is_some_and(|token| is_word(&token.token, word))
        })
    }

    /// Takes these words if they are next.
    pub fn take_words(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        for _ in words.iter().filter(|_| found) {
            self.next();
        }
        found
    }

    /// Takes this token if it is next.
    pub fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.next();
        }
        found
    }

    /// Takes these words or says that they are missing.
    pub fn expect_words(&mut self, words: &[&str]) -> Result<(), Problem> {
        if self.take_words(words) { Ok(()) } else { Err(self.expected(&words.join(" "))) }
    }

    /// Takes this token or says that it is missing.
    pub fn expect(&mut self, token: &Token) -> Result<(), Problem> {
        if self.take(token) { Ok(()) } else { Err(self.expected(&format!("'{token}'"))) }
    }

    /// Takes a name: a word, quoted with backticks or not.
    pub fn name(&mut self) -> Result<String, Problem> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.next();
                Ok(word.value.clone())
            }
            _ => Err(self.expected("a name")),
        }
    }

    /// Takes the name of a table or view, which has one part only: there are no catalogs.
    pub fn table_name(&mut self) -> Result<String, Problem> {
        let name = self.name()?;
        if self.peek() == Some(&Token::Period) {
            return Err(Problem::unsupported(
                self.line(),
                "a table name with a catalog or database before it",
            ));
        }
        Ok(name)
    }

    /// Takes names in parentheses.
    pub fn names(&mut self) -> Result<Vec<String>, Problem> {
        self.expect(&Token::LParen)?;
        let mut names = vec![self.name()?];
        while self.take(&Token::Comma) {
            names.push(self.name()?);
        }
        self.expect(&Token::RParen)?;
        Ok(names)
    }

    /// Takes a text in single quotes.
    pub fn text(&mut self) -> Result<String, Problem> {
        match self.peek() {
            Some(Token::SingleQuotedString(text)) => {
                self.next();
                Ok(text.clone())
            }
            _ => Err(self.expected("a text in single quotes")),
        }
    }

    /// Says what should stand here.
    pub fn expected(&self, what: &str) -> Problem {
        let found = match self.peek() {
            // A text has its own quotes.
            Some(token @ Token::SingleQuotedString(_)) => token.to_string(),
            Some(token) => format!("'{token}'"),
            None => "the end of the statement".into(),
        };
        Problem::new(self.line(), format!("expected {what}, found {found}"))
    }

    /// Says that nothing may follow, if something does.
    pub fn end(&self) -> Result<(), Problem> {
        if self.at == self.tokens.len() { Ok(()) } else { Err(self.expected("';'")) }
    }
}

/// Whether a token is this unquoted word.
pub fn is_word(token: &Token, wanted: &str) -> bool {
    matches!(token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
}

/// The keyword of an unquoted word, for messages that name it.
pub fn keyword(token: &Token) -> Option<Keyword> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}
