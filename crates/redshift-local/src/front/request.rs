//! What clients ask: the frontend's messages after login.

use std::io;

use bytes::{Buf, Bytes};

use super::frame::{Frame, invalid, take_i16, take_i32, take_text};

/// A client's message.
#[derive(Debug)]
pub(crate) enum Request {
    /// Simple query: any number of statements.
    Query(String),
    /// Prepare a statement; an empty name is the unnamed one.
    Parse { name: String, sql: String, types: Vec<u32> },
    /// Give a prepared statement its parameters.
    Bind(Bind),
    /// Describe a prepared statement.
    DescribeStatement(String),
    /// Describe a portal.
    DescribePortal(String),
    /// Run a portal; 0 rows means all.
    Execute { portal: String, max_rows: i32 },
    /// Close a prepared statement.
    CloseStatement(String),
    /// Close a portal.
    ClosePortal(String),
    /// End of an extended exchange.
    Sync,
    /// Send what there is.
    Flush,
    /// Goodbye.
    Terminate,
    /// COPY data, which Redshift has no use for outside COPY.
    CopyMessage,
}

/// A Bind message; parameter values stay as they came.
#[derive(Debug)]
pub(crate) struct Bind {
    /// Portal; empty is the unnamed one.
    pub(crate) portal: String,
    /// Prepared statement.
    pub(crate) statement: String,
    /// Formats of parameters: none, one for all, or one each.
    pub(crate) formats: Vec<i16>,
    /// How many values there are.
    pub(crate) count: u16,
    /// The values, each with its length.
    pub(crate) values: Bytes,
    /// Formats of results: none, one for all, or one each.
    pub(crate) results: Vec<i16>,
}

impl Bind {
    /// Whether each value is NULL, which has no format.
    pub(crate) fn nulls(&self) -> impl Iterator<Item = bool> {
        let mut rest = self.values.clone();
        (0..self.count).map_while(move |_| {
            let length = take_i32(&mut rest).ok()?;
            // Lengths were checked when the message was read.
            rest.advance(usize::try_from(length).unwrap_or(0).min(rest.len()));
            Some(length < 0)
        })
    }
}

impl Request {
    /// Reads a message.
    pub(crate) fn parse(frame: Frame) -> io::Result<Request> {
        let mut body = frame.body;
        Ok(match frame.tag {
            b'Q' => Request::Query(take_text(&mut body)?),
            b'P' => parse(&mut body)?,
            b'B' => Request::Bind(bind(&mut body)?),
            b'D' => match kind(&mut body)? {
                b'S' => Request::DescribeStatement(take_text(&mut body)?),
                _ => Request::DescribePortal(take_text(&mut body)?),
            },
            b'E' => {
                let portal = take_text(&mut body)?;
                Request::Execute { portal, max_rows: take_i32(&mut body)? }
            }
            b'C' => match kind(&mut body)? {
                b'S' => Request::CloseStatement(take_text(&mut body)?),
                _ => Request::ClosePortal(take_text(&mut body)?),
            },
            b'S' => Request::Sync,
            b'H' => Request::Flush,
            b'X' => Request::Terminate,
            b'd' | b'c' | b'f' => Request::CopyMessage,
            _ => return Err(invalid("an unknown message")),
        })
    }
}

fn kind(body: &mut Bytes) -> io::Result<u8> {
    match body.first() {
        Some(kind @ (b'S' | b'P')) => {
            let kind = *kind;
            body.advance(1);
            Ok(kind)
        }
        _ => Err(invalid("neither a statement nor a portal")),
    }
}

fn parse(body: &mut Bytes) -> io::Result<Request> {
    let name = take_text(body)?;
    let sql = take_text(body)?;
    let count = take_i16(body)?;
    let types = (0..count.cast_unsigned())
        .map(|_| take_i32(body).map(i32::cast_unsigned))
        .collect::<io::Result<_>>()?;
    Ok(Request::Parse { name, sql, types })
}

fn bind(body: &mut Bytes) -> io::Result<Bind> {
    let portal = take_text(body)?;
    let statement = take_text(body)?;
    let formats = numbers(body)?;
    let count = take_i16(body)?.cast_unsigned();
    let mut rest = body.clone();
    for _ in 0..count {
        let length = usize::try_from(take_i32(&mut rest)?).unwrap_or(0);
        if rest.len() < length {
            return Err(invalid("a parameter is cut short"));
        }
        rest.advance(length);
    }
    let values = body.split_to(body.len() - rest.len());
    let results = numbers(&mut rest)?;
    Ok(Bind { portal, statement, formats, count, values, results })
}

fn numbers(body: &mut Bytes) -> io::Result<Vec<i16>> {
    let count = take_i16(body)?;
    (0..count.cast_unsigned()).map(|_| take_i16(body)).collect()
}

/// The format of item `index` under the rule "none, one for all, or one each": 0 text, 1 binary.
pub(crate) fn format_of(formats: &[i16], index: usize) -> i16 {
    match formats {
        [] => 0,
        [all] => *all,
        each => each.get(index).copied().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};

    use super::*;

    #[test]
    fn bind_keeps_values_as_they_came() {
        let mut body = BytesMut::new();
        body.put_slice(b"p\0s\0");
        body.put_i16(1);
        body.put_i16(0);
        body.put_i16(2);
        body.put_i32(2);
        body.put_slice(b"ab");
        body.put_i32(-1);
        body.put_i16(0);
        let frame = Frame { tag: b'B', body: body.freeze() };
        let Ok(Request::Bind(bind)) = Request::parse(frame) else { panic!("not a Bind") };
        assert_eq!((bind.portal.as_str(), bind.statement.as_str(), bind.count), ("p", "s", 2));
        assert_eq!(bind.nulls().collect::<Vec<_>>(), [false, true]);
        assert_eq!(&bind.values[..], b"\0\0\0\x02ab\xff\xff\xff\xff");
    }

    #[test]
    fn broken_messages_are_errors() {
        for (tag, body) in [(b'P', &b"no end"[..]), (b'B', b"\0\0\0"), (b'D', b"x\0"), (b'?', b"")]
        {
            let frame = Frame { tag, body: Bytes::copy_from_slice(body) };
            assert!(Request::parse(frame).is_err(), "{}", tag as char);
        }
    }
}
