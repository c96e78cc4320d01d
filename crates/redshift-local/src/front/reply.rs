//! Messages from the server to a client.

use bytes::{BufMut, BytesMut};

use super::frame::put;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Label.
    pub(crate) name: String,
    /// OID of its table; 0 where it is computed.
    pub(crate) table: u32,
    /// Number within its table; 0 where it is computed.
    pub(crate) attribute: i16,
    /// Type OID.
    pub(crate) type_oid: u32,
    /// Type size in bytes; negative where it varies.
    pub(crate) size: i16,
    /// Type modifier; -1 is none.
    pub(crate) modifier: i32,
}

/// A text column that no table has.
pub(crate) fn text_column(name: &str) -> Column {
    Column { name: name.to_owned(), table: 0, attribute: 0, type_oid: 1043, size: -1, modifier: -1 }
}

/// RowDescription; `format` tells each column's format.
pub(crate) fn row_description(
    buffer: &mut BytesMut,
    columns: &[Column],
    format: impl Fn(usize) -> i16,
) {
    let mut body = BytesMut::new();
    body.put_u16(u16::try_from(columns.len()).unwrap_or(u16::MAX));
    for (index, column) in columns.iter().enumerate() {
        body.put_slice(column.name.as_bytes());
        body.put_u8(0);
        body.put_u32(column.table);
        body.put_i16(column.attribute);
        body.put_u32(column.type_oid);
        body.put_i16(column.size);
        body.put_i32(column.modifier);
        body.put_i16(format(index));
    }
    put(buffer, b'T', &body);
}

/// ParameterDescription.
pub(crate) fn parameter_description(buffer: &mut BytesMut, types: &[u32]) {
    let mut body = BytesMut::new();
    body.put_u16(u16::try_from(types.len()).unwrap_or(u16::MAX));
    for oid in types {
        body.put_u32(*oid);
    }
    put(buffer, b't', &body);
}

/// DataRow of texts.
pub(crate) fn data_row(buffer: &mut BytesMut, values: &[Option<&str>]) {
    let mut body = BytesMut::new();
    body.put_u16(u16::try_from(values.len()).unwrap_or(u16::MAX));
    for value in values {
        match value {
            None => body.put_i32(-1),
            Some(text) => {
                body.put_i32(i32::try_from(text.len()).unwrap_or(i32::MAX));
                body.put_slice(text.as_bytes());
            }
        }
    }
    put(buffer, b'D', &body);
}

/// CommandComplete.
pub(crate) fn command_complete(buffer: &mut BytesMut, tag: &str) {
    let mut body = BytesMut::from(tag.as_bytes());
    body.put_u8(0);
    put(buffer, b'C', &body);
}

/// ReadyForQuery; `status` is `I`, `T` or `E`.
pub(crate) fn ready(buffer: &mut BytesMut, status: u8) {
    put(buffer, b'Z', &[status]);
}

/// ParameterStatus.
pub(crate) fn parameter_status(buffer: &mut BytesMut, name: &str, value: &str) {
    let mut body = BytesMut::new();
    for text in [name, value] {
        body.put_slice(text.as_bytes());
        body.put_u8(0);
    }
    put(buffer, b'S', &body);
}

/// BackendKeyData.
pub(crate) fn key_data(buffer: &mut BytesMut, pid: i32, secret: i32) {
    let mut body = BytesMut::new();
    body.put_i32(pid);
    body.put_i32(secret);
    put(buffer, b'K', &body);
}

/// AuthenticationOk.
pub(crate) fn authentication_ok(buffer: &mut BytesMut) {
    put(buffer, b'R', &[0, 0, 0, 0]);
}

/// The command tag as Redshift sends it: a SELECT carries no count.
pub(crate) fn redshift_tag(postgres: &str) -> &str {
    if postgres.starts_with("SELECT") { "SELECT" } else { postgres }
}
