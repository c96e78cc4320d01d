//! Redshift's text as tokens: strings with backslash escapes, names with `$`, `#` and `"`.

use super::action::Refusal;

/// One token and where it stands in the text (bytes).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A name or keyword without quotes, as written.
    Word(String),
    /// A name in double quotes, without them.
    Quoted(String),
    /// The value of a string literal.
    Text(String),
    /// A number, as written.
    Number(String),
    /// `$n`.
    Parameter(u32),
    /// An operator or a mark of punctuation.
    Symbol(&'static str),
}

/// Longer ones first, so that the first that fits is the one meant.
const SYMBOLS: &[&str] = &[
    "!~*", "::", "||", "<=", ">=", "<>", "!=", "!~", "~*", "<<", ">>", "(", ")", "[", "]", ",",
    ";", ".", "+", "-", "*", "/", "%", "^", "<", ">", "=", "~", "&", "|", "@", ":", "!", "?",
];

impl Token {
    /// Whether it is this keyword (upper case), unquoted.
    pub fn is_word(&self, keyword: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether it is this symbol.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.kind, Kind::Symbol(s) if s == symbol)
    }
}

/// Cuts a text into tokens; comments and blanks go.
pub(crate) fn tokens(sql: &str) -> Result<Vec<Token>, Refusal> {
    let mut scan = Scan { sql, at: 0, tokens: Vec::new() };
    while scan.skip_blanks()? {
        scan.token()?;
    }
    Ok(scan.tokens)
}

struct Scan<'a> {
    sql: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    /// Passes blanks and comments; false at the end of the text.
    fn skip_blanks(&mut self) -> Result<bool, Refusal> {
        loop {
            let rest = self.rest();
            let blanks =
                rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']).len();
            self.at += blanks;
            if self.rest().starts_with("--") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("/*") {
                self.at += comment(self.rest())?;
            } else {
                return Ok(!self.rest().is_empty());
            }
        }
    }

    fn token(&mut self) -> Result<(), Refusal> {
        let rest = self.rest();
        let mut chars = rest.chars();
        let (first, second) = (chars.next(), chars.next());
        let (kind, length) = match (first, second) {
            (Some('\''), _) => text(rest)?,
            (Some('e' | 'E'), Some('\'')) => {
                let (kind, length) = text(&rest[1..])?;
                (kind, length + 1)
            }
            (Some('b' | 'B' | 'x' | 'X' | 'n' | 'N'), Some('\'')) => {
                return Err(Refusal::not_modelled(format!(
                    "string literals like {}'…'",
                    &rest[..1]
                )));
            }
            (Some('u' | 'U'), Some('&')) if rest[2..].starts_with(['\'', '"']) => {
                return Err(Refusal::not_modelled("U&'…'"));
            }
            (Some('"'), _) => quoted(rest)?,
            (Some('$'), Some('0'..='9')) => parameter(rest)?,
            (Some('$'), _) => return Err(Refusal::not_modelled("dollar quoting")),
            (Some('0'..='9'), _) | (Some('.'), Some('0'..='9')) => number(rest),
            (Some('#'), Some(c)) if is_name_start(c) => word(rest),
            (Some(c), _) if is_name_start(c) => word(rest),
            _ => symbol(rest)?,
        };
        if matches!(kind, Kind::Text(_)) && self.continues_text() {
            let Kind::Text(more) = kind else { unreachable!("just matched") };
            if let Some(Token { kind: Kind::Text(value), end, .. }) = self.tokens.last_mut() {
                value.push_str(&more);
                *end = self.at + length;
            }
        } else {
            self.tokens.push(Token { kind, start: self.at, end: self.at + length });
        }
        self.at += length;
        Ok(())
    }

    /// Whether a string here goes on with the one before it: only a line break lies between them.
    fn continues_text(&self) -> bool {
        match self.tokens.last() {
            Some(Token { kind: Kind::Text(_), end, .. }) => {
                let between = &self.sql[*end..self.at];
                between.contains('\n') && between.trim().is_empty()
            }
            _ => false,
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit() || c == '$'
}

/// The length of a comment, which may hold others.
fn comment(rest: &str) -> Result<usize, Refusal> {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Ok(at);
        }
    }
    Err(Refusal::new("42601", "unterminated /* comment"))
}

fn word(rest: &str) -> (Kind, usize) {
    let length = rest
        .char_indices()
        .skip(1)
        .find(|(_, c)| !is_name_part(*c))
        .map_or(rest.len(), |(at, _)| at);
    (Kind::Word(rest[..length].to_owned()), length)
}

fn quoted(rest: &str) -> Result<(Kind, usize), Refusal> {
    let mut name = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            name.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else if name.is_empty() {
            return Err(Refusal::new("42601", "zero-length delimited identifier"));
        } else {
            return Ok((Kind::Quoted(name), at + 1));
        }
    }
    Err(Refusal::new("42601", "unterminated quoted identifier"))
}

fn parameter(rest: &str) -> Result<(Kind, usize), Refusal> {
    let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
    let number = rest[1..=digits].parse().map_err(|_| Refusal::syntax(&rest[..=digits]))?;
    Ok((Kind::Parameter(number), digits + 1))
}

fn number(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') {
        at += 1 + digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(at + 1 + sign..).map_or(0, |_| digits(at + 1 + sign));
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    (Kind::Number(rest[..at].to_owned()), at)
}

fn symbol(rest: &str) -> Result<(Kind, usize), Refusal> {
    match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        Some(symbol) => Ok((Kind::Symbol(symbol), symbol.len())),
        None => Err(Refusal::syntax(rest.chars().next().unwrap_or(' '))),
    }
}

/// The value of a string literal: `''` is a quote and a backslash escapes, as in PostgreSQL 8.0.
fn text(rest: &str) -> Result<(Kind, usize), Refusal> {
    let bytes = rest.as_bytes();
    let mut value = Vec::new();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => {
                value.push(b'\'');
                at += 2;
            }
            b'\'' => return Ok((Kind::Text(valid(value)?), at + 1)),
            b'\\' if at + 1 < bytes.len() => {
                let (byte, length) = escape(&bytes[at + 1..]);
                value.push(byte);
                at += 1 + length;
            }
            byte => {
                value.push(byte);
                at += 1;
            }
        }
    }
    Err(Refusal::new("42601", "unterminated quoted string"))
}

/// The byte that an escape stands for, and how much of the text after the backslash it takes.
fn escape(rest: &[u8]) -> (u8, usize) {
    let run = |from: usize, most: usize, is: fn(&u8) -> bool| {
        rest[from..].iter().take(most).take_while(|b| is(b)).count()
    };
    let value = |digits: &[u8], radix: u32| {
        digits
            .iter()
            .fold(0u32, |sum, b| sum * radix + (*b as char).to_digit(radix).unwrap_or_default())
            as u8
    };
    match rest[0] {
        b'b' => (0x08, 1),
        b'f' => (0x0c, 1),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b't' => (b'\t', 1),
        b'0'..=b'7' => {
            let length = run(0, 3, |b| matches!(b, b'0'..=b'7'));
            (value(&rest[..length], 8), length)
        }
        b'x' if rest.get(1).is_some_and(u8::is_ascii_hexdigit) => {
            let length = run(1, 2, u8::is_ascii_hexdigit);
            (value(&rest[1..=length], 16), length + 1)
        }
        other => (other, 1),
    }
}

fn valid(value: Vec<u8>) -> Result<String, Refusal> {
    let refused = || Refusal::new("22021", "invalid byte sequence for encoding \"UNICODE\"");
    if value.contains(&0) {
        return Err(refused());
    }
    String::from_utf8(value).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<Kind> {
        tokens(sql).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn strings_have_backslash_escapes() {
        assert_eq!(kinds(r"'it''s\\\'\n\x41\101\q'"), [Kind::Text("it's\\'\nAAq".into())]);
        assert_eq!(kinds(r"E'\t'"), [Kind::Text("\t".into())]);
        assert_eq!(kinds("'a'\n 'b'"), [Kind::Text("ab".into())]);
        assert_eq!(kinds("'a' 'b'").len(), 2);
        assert_eq!(kinds(r"'\xc3\xa4'"), [Kind::Text("ä".into())]);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (sql, sqlstate) in [
            ("'abc", "42601"),
            (r"'abc\'", "42601"),
            (r"'\0'", "22021"),
            (r"'\xff'", "22021"),
            ("\"abc", "42601"),
            ("\"\"", "42601"),
            ("/* /* */", "42601"),
            ("$$x$$", "0A000"),
            ("B'1'", "0A000"),
            ("`a`", "42601"),
        ] {
            assert_eq!(tokens(sql).unwrap_err().sqlstate, sqlstate, "{sql}");
        }
    }

    #[test]
    fn comments_names_and_numbers() {
        assert_eq!(
            kinds("a--x\n/* /* */ b */\"C\"\"d\" #t 1.5e-3 .5 1e $12 x$y a::b"),
            [
                Kind::Word("a".into()),
                Kind::Quoted("C\"d".into()),
                Kind::Word("#t".into()),
                Kind::Number("1.5e-3".into()),
                Kind::Number(".5".into()),
                Kind::Number("1".into()),
                Kind::Word("e".into()),
                Kind::Parameter(12),
                Kind::Word("x$y".into()),
                Kind::Word("a".into()),
                Kind::Symbol("::"),
                Kind::Word("b".into()),
            ]
        );
    }
}
