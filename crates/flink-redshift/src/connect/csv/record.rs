//! Records of a `csv` file, cut as Jackson cuts them for Flink: quotes, escapes, comments and line
//! ends. What Jackson refuses is refused here, since to read on would put one row's text into
//! another row's value.

use std::{
    fmt,
    io::{self, BufRead, ErrorKind},
};

/// The longest record, in bytes: memory stays bounded where a quote is never closed.
const LONGEST: usize = 64 * 1024 * 1024;

/// UTF-8's byte order mark, which some programs write before the first record.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The characters that mean something.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// Between fields.
    pub delimiter: u8,
    /// Around a field that holds delimiters or line ends; inside one it is written twice.
    pub quote: Option<u8>,
    /// Before a character that is meant as it is, or as `n`, `r`, `t` and `0` are in Java.
    pub escape: Option<u8>,
    /// Whether lines that begin with `#` are left out.
    pub comments: bool,
}

/// One record, with its fields' quotes and escapes taken away.
#[derive(Debug, Default)]
pub struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    quoted: bool,
    /// Line where it begins, counted from 1.
    pub line: u64,
}

impl Record {
    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field's bytes.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.get(start..end)
    }

    /// Whether it is a line with nothing on it.
    fn is_blank(&self) -> bool {
        self.bytes.is_empty() && self.ends.len() == 1 && !self.quoted
    }

    fn start(&mut self, line: u64) {
        self.bytes.clear();
        self.ends.clear();
        self.quoted = false;
        self.line = line;
    }
}

/// Why no record could be cut.
#[derive(Debug)]
pub enum Malformed {
    /// The bytes could not be read.
    Unreadable(u64, io::Error),
    /// The quote that opens at this line is closed nowhere.
    Unclosed(u64),
    /// Something follows the closing quote of the field that opens at this line.
    AfterQuote(u64),
    /// The file ends behind an escape character.
    EndsInEscape(u64),
    /// The record that begins at this line is too long.
    TooLong(u64),
}

impl Malformed {
    /// The line to look at.
    pub fn line(&self) -> u64 {
        match self {
            Malformed::Unreadable(line, _)
            | Malformed::Unclosed(line)
            | Malformed::AfterQuote(line)
            | Malformed::EndsInEscape(line)
            | Malformed::TooLong(line) => *line,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Unreadable(_, error) => write!(f, "cannot read the file: {error}"),
            Malformed::Unclosed(_) => {
                f.write_str("the quote that opens here is closed nowhere in the file")
            }
            Malformed::AfterQuote(_) => {
                f.write_str("the field in quotes that opens here goes on behind its closing quote")
            }
            Malformed::EndsInEscape(_) => f.write_str("the file ends behind the escape character"),
            Malformed::TooLong(_) => {
                write!(f, "the record that begins here has more than {LONGEST} bytes")
            }
        }
    }
}

/// What ended a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Field,
    Record,
}

/// A walk over a file's records.
pub struct Records<R> {
    input: R,
    dialect: Dialect,
    /// Bytes that end the plain text of a field without quotes.
    stops: [bool; 256],
    line: u64,
    begun: bool,
}

impl<R: BufRead> Records<R> {
    /// Starts at a file's first byte.
    pub fn new(input: R, dialect: Dialect) -> Self {
        let mut stops = [false; 256];
        for byte in [dialect.delimiter, b'\n', b'\r'].into_iter().chain(dialect.escape) {
            stops[usize::from(byte)] = true;
        }
        Records { input, dialect, stops, line: 1, begun: false }
    }

    /// Cuts the next record, or says that there is none. Blank lines are left out.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, Malformed> {
        loop {
            record.start(self.line);
            let text = !self.begun && self.mark(record)?;
            self.begun = true;
            if !text {
                if self.dialect.comments && self.comment()? {
                    continue;
                }
                record.line = self.line;
                if self.peek()?.is_none() {
                    return Ok(false);
                }
            }
            self.fields(record, text)?;
            if !record.is_blank() {
                return Ok(true);
            }
        }
    }

    /// Goes to the end of a record that was refused behind a closing quote, as Jackson does: what
    /// is left of it is cut into fields that nobody reads.
    pub fn skip(&mut self, record: &mut Record) -> Result<(), Malformed> {
        self.take()?;
        self.fields(record, false)
    }

    /// Takes a byte order mark away. Where the file begins with a part of one, that part is text.
    fn mark(&mut self, record: &mut Record) -> Result<bool, Malformed> {
        let mut taken = 0;
        while taken < MARK.len() && self.peek()? == Some(MARK[taken]) {
            self.take()?;
            taken += 1;
        }
        let text = taken > 0 && taken < MARK.len();
        record.bytes.extend_from_slice(if text { &MARK[..taken] } else { &[] });
        Ok(text)
    }

    /// Takes white space before a record away, which Jackson does where comments are allowed, and
    /// says whether a comment or nothing followed.
    fn comment(&mut self) -> Result<bool, Malformed> {
        while let Some(byte) = self.peek()? {
            match byte {
                b'#' => {
                    while let Some(byte) = self.take()? {
                        if byte == b'\n' || byte == b'\r' {
                            self.line_end(byte)?;
                            break;
                        }
                    }
                    return Ok(true);
                }
                b'\n' | b'\r' => {
                    self.take()?;
                    self.line_end(byte)?;
                }
                byte if byte <= b' ' && byte != self.dialect.delimiter => {
                    self.take()?;
                }
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Cuts fields up to the end of the record; `text` says that the first one has begun already.
    fn fields(&mut self, record: &mut Record, mut text: bool) -> Result<(), Malformed> {
        loop {
            let quote = self.dialect.quote.filter(|_| !text);
            let end = match quote {
                Some(quote) if self.peek()? == Some(quote) => self.quoted(record, quote)?,
                _ => self.plain(record)?,
            };
            record.ends.push(record.bytes.len());
            text = false;
            if end == End::Record {
                return Ok(());
            }
        }
    }

    /// A field without quotes; a quote inside it is a character like others.
    fn plain(&mut self, record: &mut Record) -> Result<End, Malformed> {
        loop {
            let stops = |byte| self.stops[usize::from(byte)];
            let Some(stop) = up_to(&mut self.input, self.line, record, stops)? else {
                return Ok(End::Record);
            };
            // The delimiter comes first: it may be any character.
            if stop == self.dialect.delimiter {
                return Ok(End::Field);
            }
            if stop == b'\n' || stop == b'\r' {
                self.line_end(stop)?;
                return Ok(End::Record);
            }
            self.escaped(record)?;
        }
    }

    /// A field in quotes, from its opening quote to what ends the field.
    fn quoted(&mut self, record: &mut Record, quote: u8) -> Result<End, Malformed> {
        let opened = self.line;
        self.take()?;
        record.quoted = true;
        let escape = self.dialect.escape.filter(|escape| *escape != quote);
        loop {
            let stops =
                |byte| byte == quote || byte == b'\n' || byte == b'\r' || Some(byte) == escape;
            match up_to(&mut self.input, self.line, record, stops)? {
                None => return Err(Malformed::Unclosed(opened)),
                Some(stop) if stop == quote => {
                    if self.peek()? != Some(quote) {
                        return self.closed(opened);
                    }
                    self.take()?;
                    record.bytes.push(quote);
                }
                Some(stop) if Some(stop) == escape => self.escaped(record)?,
                Some(stop) => {
                    record.bytes.push(stop);
                    if stop == b'\r' && self.peek()? == Some(b'\n') {
                        self.take()?;
                        record.bytes.push(b'\n');
                    }
                    self.line += 1;
                }
            }
        }
    }

    /// What follows a closing quote: white space, which means nothing, and the field's end.
    fn closed(&mut self, opened: u64) -> Result<End, Malformed> {
        loop {
            let Some(byte) = self.peek()? else { return Ok(End::Record) };
            if byte == self.dialect.delimiter {
                self.take()?;
                return Ok(End::Field);
            }
            if byte == b'\n' || byte == b'\r' {
                self.take()?;
                self.line_end(byte)?;
                return Ok(End::Record);
            }
            if byte > b' ' {
                return Err(Malformed::AfterQuote(opened));
            }
            self.take()?;
        }
    }

    /// The character behind an escape character.
    fn escaped(&mut self, record: &mut Record) -> Result<(), Malformed> {
        let Some(byte) = self.take()? else { return Err(Malformed::EndsInEscape(self.line)) };
        record.bytes.push(match byte {
            b'0' => 0,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            other => other,
        });
        self.line += u64::from(byte == b'\n');
        Ok(())
    }

    /// Counts a line whose first end character is taken; `\r\n` is one end.
    fn line_end(&mut self, taken: u8) -> Result<(), Malformed> {
        if taken == b'\r' && self.peek()? == Some(b'\n') {
            self.take()?;
        }
        self.line += 1;
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, Malformed> {
        Ok(fill(&mut self.input, self.line)?.first().copied())
    }

    fn take(&mut self) -> Result<Option<u8>, Malformed> {
        let byte = self.peek()?;
        self.input.consume(usize::from(byte.is_some()));
        Ok(byte)
    }
}

/// Takes bytes into the record up to one that stops, which is taken and given; `None` at the end of
/// the file.
fn up_to(
    input: &mut impl BufRead,
    line: u64,
    record: &mut Record,
    stops: impl Fn(u8) -> bool,
) -> Result<Option<u8>, Malformed> {
    loop {
        let chunk = fill(input, line)?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let found = chunk.iter().position(|byte| stops(*byte));
        let text = &chunk[..found.unwrap_or(chunk.len())];
        // Fields without text take room too.
        if record.bytes.len() + record.ends.len() + text.len() > LONGEST {
            return Err(Malformed::TooLong(record.line));
        }
        record.bytes.extend_from_slice(text);
        let (taken, stop) = (text.len(), found.map(|at| chunk[at]));
        input.consume(taken + usize::from(stop.is_some()));
        if stop.is_some() {
            return Ok(stop);
        }
    }
}

/// The bytes that are there, at least one before the end of the file.
fn fill(input: &mut impl BufRead, line: u64) -> Result<&[u8], Malformed> {
    loop {
        // The borrow checker wants the second look: a slice cannot be returned out of the match.
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Malformed::Unreadable(line, error)),
        }
    }
    input.fill_buf().map_err(|error| Malformed::Unreadable(line, error))
}
