//! Records and fields of CSV text, as a stream.

use std::{io, io::Read, ops::Range};

/// The scanner's buffer: no record may be longer.
pub const LONGEST: usize = 64 * 1024 * 1024;
/// Bytes that are read at a time.
const READ: usize = 256 * 1024;

/// One field of the record that was read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its bytes within the record, without the quotes around it.
    pub range: Range<usize>,
    /// Whether quotes in it are doubled.
    pub doubled: bool,
}

/// What came next in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A record, with its fields.
    Record,
    /// A line with nothing on it.
    Blank,
    /// A line whose quotes make no record.
    BadQuotes,
    /// A record beyond [`LONGEST`]; nothing can be read after it.
    TooLong,
    /// The text is over.
    End,
}

/// Splits text into records. Holds one record and one read ahead.
pub struct Records<R> {
    input: R,
    delimiter: u8,
    quote: u8,
    buffer: Vec<u8>,
    /// Where the next record begins in the buffer.
    start: usize,
    /// The record that was read last, without its line end.
    record: Range<usize>,
    fields: Vec<Field>,
    /// Line on which the next record begins, from 1.
    next_line: u64,
    line: u64,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
    AfterQuoted,
    Bad,
}

impl<R: Read> Records<R> {
    /// The records of `input`.
    pub fn new(input: R, delimiter: u8, quote: u8) -> Records<R> {
        Records {
            input,
            delimiter,
            quote,
            buffer: Vec::new(),
            start: 0,
            record: 0..0,
            fields: Vec::new(),
            next_line: 1,
            line: 1,
            ended: false,
        }
    }

    /// The line on which the last record begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The bytes of the last record, without its line end.
    pub fn record(&self) -> &[u8] {
        &self.buffer[self.record.clone()]
    }

    /// The fields of the last record.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Skips `lines` lines, whatever is on them.
    pub fn skip_lines(&mut self, lines: u64) -> io::Result<()> {
        for _ in 0..lines {
            loop {
                if self.start == self.buffer.len() {
                    self.make_room();
                    if !self.fill()? {
                        return Ok(());
                    }
                }
                let rest = &self.buffer[self.start..];
                if let Some(newline) = rest.iter().position(|byte| *byte == b'\n') {
                    self.start += newline + 1;
                    self.next_line += 1;
                    break;
                }
                self.start = self.buffer.len();
            }
        }
        Ok(())
    }

    /// Reads the next record.
    pub fn next(&mut self) -> io::Result<Next> {
        self.make_room();
        self.fields.clear();
        self.line = self.next_line;
        let mut scan = Scan::new(self.start);
        loop {
            let known = self.buffer.len();
            if let Some(end) = self.scan(&mut scan, known) {
                return Ok(self.finish(&scan, end, true));
            }
            if scan.at - self.start > LONGEST {
                self.record = self.start..self.start;
                return Ok(Next::TooLong);
            }
            if !self.fill()? {
                break;
            }
        }
        if scan.at == self.start {
            self.record = self.start..self.start;
            return Ok(Next::End);
        }
        Ok(self.finish(&scan, scan.at, false))
    }

    /// Goes through the bytes up to `known`; answers where the record's newline is.
    fn scan(&mut self, scan: &mut Scan, known: usize) -> Option<usize> {
        let (delimiter, quote) = (self.delimiter, self.quote);
        while scan.at < known {
            let byte = self.buffer[scan.at];
            if byte == b'\n' && scan.state != State::Quoted {
                return Some(scan.at);
            }
            match scan.state {
                State::Plain if byte == delimiter => self.end_plain(scan),
                State::Plain if byte == quote => scan.state = State::Bad,
                State::Plain | State::Bad => {}
                State::FieldStart if byte == delimiter => self.end_plain(scan),
                State::FieldStart if byte == quote => {
                    scan.state = State::Quoted;
                    scan.content = scan.at + 1;
                    scan.doubled = false;
                }
                // Blanks before a quote do not count; before anything else they are data.
                State::FieldStart if byte == b' ' || byte == b'\t' => {}
                State::FieldStart => scan.state = State::Plain,
                State::Quoted if byte == quote => {
                    scan.state = State::QuoteInQuoted;
                    scan.content_end = scan.at;
                }
                State::Quoted => scan.lines += u64::from(byte == b'\n'),
                State::QuoteInQuoted if byte == quote => {
                    scan.state = State::Quoted;
                    scan.doubled = true;
                }
                State::QuoteInQuoted | State::AfterQuoted if byte == delimiter => {
                    self.end_quoted(scan);
                }
                State::QuoteInQuoted | State::AfterQuoted
                    if matches!(byte, b' ' | b'\t' | b'\r') =>
                {
                    scan.state = State::AfterQuoted;
                }
                State::QuoteInQuoted | State::AfterQuoted => scan.state = State::Bad,
            }
            scan.at += 1;
        }
        None
    }

    fn end_plain(&mut self, scan: &mut Scan) {
        let range = scan.field - self.start..scan.at - self.start;
        self.fields.push(Field { range, doubled: false });
        scan.field = scan.at + 1;
        scan.state = State::FieldStart;
    }

    fn end_quoted(&mut self, scan: &mut Scan) {
        let range = scan.content - self.start..scan.content_end - self.start;
        self.fields.push(Field { range, doubled: scan.doubled });
        scan.field = scan.at + 1;
        scan.state = State::FieldStart;
    }

    fn finish(&mut self, scan: &Scan, end: usize, newline: bool) -> Next {
        let start = self.start;
        self.start = end + usize::from(newline);
        self.next_line += scan.lines + u64::from(newline);
        let carriage = end > start && self.buffer[end - 1] == b'\r';
        self.record = start..end - usize::from(carriage);
        if self.record.is_empty() {
            return Next::Blank;
        }
        match scan.state {
            State::Bad | State::Quoted => return Next::BadQuotes,
            State::QuoteInQuoted | State::AfterQuoted => {
                let range = scan.content - start..scan.content_end - start;
                self.fields.push(Field { range, doubled: scan.doubled });
            }
            State::FieldStart | State::Plain => {
                let range = scan.field - start..self.record.end - start;
                self.fields.push(Field { range, doubled: false });
            }
        }
        Next::Record
    }

    /// Drops what has been taken, when that is worth the copy.
    fn make_room(&mut self) {
        if self.start >= READ || self.start == self.buffer.len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
    }

    /// Reads on; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let known = self.buffer.len();
        self.buffer.resize(known + READ, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[known..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let read = read.inspect_err(|_| self.buffer.truncate(known))?;
        self.buffer.truncate(known + read);
        self.ended = read == 0;
        Ok(!self.ended)
    }
}

/// How far the scan of one record has come. Positions are in the buffer, which only grows
/// meanwhile.
struct Scan {
    at: usize,
    state: State,
    /// Where the present field begins.
    field: usize,
    /// What is between its quotes.
    content: usize,
    content_end: usize,
    doubled: bool,
    /// Newlines within quotes.
    lines: u64,
}

impl Scan {
    fn new(start: usize) -> Scan {
        Scan {
            at: start,
            state: State::FieldStart,
            field: start,
            content: start,
            content_end: start,
            doubled: false,
            lines: 0,
        }
    }
}
