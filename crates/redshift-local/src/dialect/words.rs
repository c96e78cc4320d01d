//! A statement's tokens read one by one, for what is parsed by hand.

use super::{
    action::{Refusal, Relation, Settings},
    names,
    token::{Kind, Token},
};

/// A place in a statement.
pub(crate) struct Words<'a> {
    /// The text that the tokens' places are in.
    pub source: &'a str,
    pub tokens: &'a [Token],
    pub at: usize,
    pub settings: &'a Settings,
}

impl<'a> Words<'a> {
    pub fn new(source: &'a str, tokens: &'a [Token], settings: &'a Settings) -> Self {
        Words { source, tokens, at: 0, settings }
    }

    pub fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// What is left.
    pub fn rest(&self) -> &'a [Token] {
        &self.tokens[self.at.min(self.tokens.len())..]
    }

    pub fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Whether these keywords come next.
    pub fn sees(&self, keywords: &[&str]) -> bool {
        let rest = self.rest();
        rest.len() >= keywords.len() && rest.iter().zip(keywords).all(|(token, k)| token.is_word(k))
    }

    /// Passes these keywords if all of them come next.
    pub fn take(&mut self, keywords: &[&str]) -> bool {
        let seen = self.sees(keywords);
        if seen {
            self.at += keywords.len();
        }
        seen
    }

    /// Passes a keyword that must come.
    pub fn expect(&mut self, keyword: &str) -> Result<(), Refusal> {
        if self.take(&[keyword]) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Passes a symbol if it comes next.
    pub fn take_symbol(&mut self, symbol: &str) -> bool {
        let seen = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(seen);
        seen
    }

    /// Passes a symbol that must come.
    pub fn expect_symbol(&mut self, symbol: &str) -> Result<(), Refusal> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The end of the statement, which must come.
    pub fn end(&self) -> Result<(), Refusal> {
        if self.is_at_end() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A syntax error here.
    pub fn unexpected(&self) -> Refusal {
        match self.peek().map(|token| &token.kind) {
            None => Refusal::end_of_input(),
            Some(Kind::Word(text) | Kind::Number(text)) => Refusal::syntax(text),
            Some(Kind::Quoted(name)) => Refusal::syntax(names::quote(name)),
            // A literal may hold a secret: an error names its place only.
            Some(Kind::Text(_)) => Refusal::syntax("'…'"),
            Some(Kind::Parameter(number)) => Refusal::syntax(format!("${number}")),
            Some(Kind::Symbol(symbol)) => Refusal::syntax(symbol),
        }
    }

    /// A name, folded.
    pub fn name(&mut self) -> Result<String, Refusal> {
        let name = match self.peek().map(|token| &token.kind) {
            Some(Kind::Word(word)) => names::fold(word, false, self.settings.case_sensitive)?,
            Some(Kind::Quoted(name)) => names::fold(name, true, self.settings.case_sensitive)?,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(name)
    }

    /// Names in parentheses.
    pub fn names(&mut self) -> Result<Vec<String>, Refusal> {
        self.expect_symbol("(")?;
        let mut names = vec![self.name()?];
        while self.take_symbol(",") {
            names.push(self.name()?);
        }
        self.expect_symbol(")")?;
        Ok(names)
    }

    /// A table's name with its schema if one is given.
    pub fn relation(&mut self) -> Result<Relation, Refusal> {
        let first = self.name()?;
        if !self.take_symbol(".") {
            return Ok(Relation { schema: None, name: first });
        }
        let second = self.name()?;
        if self.take_symbol(".") {
            return Err(Refusal::not_modelled("names with a database"));
        }
        Ok(Relation { schema: Some(first), name: second })
    }

    /// Relations separated by commas.
    pub fn relations(&mut self) -> Result<Vec<Relation>, Refusal> {
        let mut relations = vec![self.relation()?];
        while self.take_symbol(",") {
            relations.push(self.relation()?);
        }
        Ok(relations)
    }

    /// An integer, with a sign.
    pub fn integer(&mut self) -> Result<i64, Refusal> {
        let negative = self.take_symbol("-");
        let Some(Kind::Number(digits)) = self.peek().map(|token| &token.kind) else {
            return Err(self.unexpected());
        };
        let value: i64 = digits.parse().map_err(|_| self.unexpected())?;
        self.at += 1;
        Ok(if negative { -value } else { value })
    }

    /// A string literal's value.
    pub fn text(&mut self) -> Result<&'a str, Refusal> {
        let Some(Kind::Text(value)) = self.peek().map(|token| &token.kind) else {
            return Err(self.unexpected());
        };
        self.at += 1;
        Ok(value)
    }

    /// The tokens up to a comma or a closing parenthesis of this level, or one of these keywords.
    pub fn until(&mut self, keywords: &[&str]) -> &'a [Token] {
        let from = self.at;
        let mut depth = 0;
        while let Some(token) = self.peek() {
            let ends = token.is_symbol(",")
                || token.is_symbol(")")
                || (self.at > from && keywords.iter().any(|keyword| token.is_word(keyword)));
            if depth == 0 && ends {
                break;
            }
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
            }
            self.at += 1;
        }
        &self.tokens[from..self.at]
    }
}
