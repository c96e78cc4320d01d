//! What one writer staged up to a point: what travels from the writers to the one that gathers.

use serde::{Deserialize, Serialize};

use super::{Shape, stored::Format};
use crate::{
    error::{Error, ErrorKind, Result},
    stage::Part,
};

const FORMAT: Format = Format { name: "staged part list", magic: b"FRS", version: 2 };

/// What one writer staged since its last one. It may hold no parts: an overwrite is told by it that
/// the writer came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// What the parts hold and where they go; the same for all writers of a sink.
    pub shape: Shape,
    /// The parts, those of rows that were set aside among them.
    pub parts: Vec<Part>,
    /// When the first of the rows came, in milliseconds since 1970; `None` where it is not known.
    #[serde(default)]
    pub first_row_at: Option<u64>,
}

impl Staged {
    /// Rows that are to be loaded.
    pub fn rows(&self) -> u64 {
        self.loads().map(|part| part.rows).sum()
    }

    /// Bytes of the parts that are to be loaded.
    pub fn bytes(&self) -> u64 {
        self.loads().map(|part| part.bytes).sum()
    }

    /// How many parts are to be loaded.
    pub fn parts(&self) -> usize {
        self.loads().count()
    }

    /// Rows that were set aside.
    pub fn dead_letters(&self) -> u64 {
        let letters = self.parts.iter().filter(|part| part.is_dead_letters());
        letters.map(|part| part.rows).sum()
    }

    fn loads(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.is_dead_letters())
    }

    /// The bytes that go from a writer to the one that gathers.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        FORMAT.write(self, self.parts.iter())
    }

    /// Reads what [`to_bytes`](Self::to_bytes) of this or an earlier version wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        FORMAT.read(bytes, |staged: &mut Staged| staged.parts.iter_mut().collect())
    }

    /// What all writers staged, as one; `None` where no writer said anything.
    ///
    /// Writers read the target one by one while they start, so a table that was changed at that
    /// moment shows here as two shapes.
    pub(super) fn merge(all: Vec<Staged>) -> Result<Option<Staged>> {
        let mut all = all.into_iter();
        let Some(mut merged) = all.next() else { return Ok(None) };
        for staged in all {
            if staged.shape != merged.shape {
                let why = "cannot commit what the writers staged: they saw different columns, so \
                           the target was changed while the job started";
                return Err(Error::new(ErrorKind::SchemaMismatch, why)
                    .with("table", &merged.shape.target)
                    .hint("start the job again, with the table as it is to stay"));
            }
            merged.parts.extend(staged.parts);
            merged.first_row_at = earliest(merged.first_row_at, staged.first_row_at);
        }
        Ok(Some(merged))
    }
}

/// The earlier of two times, either of which may be unknown.
pub(super) fn earliest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sql::{Layout, Qualified},
        stage::{Carried, PartKind},
        types::Carrier,
    };

    fn staged(table: &str, subtask: u32, first_row_at: Option<u64>) -> Staged {
        let url = format!("s3://b/{subtask}");
        Staged {
            shape: Shape {
                target: Qualified { schema: "public".into(), table: table.into() },
                layout: Layout { columns: Vec::new(), direct: true, complete: true },
                carrier: Carrier::Parquet,
            },
            parts: vec![Part {
                url,
                bytes: 10,
                rows: 2,
                checkpoint: 7,
                subtask,
                carried: Carried::default(),
                kind: PartKind::Rows,
                upserts: false,
                folded: 0,
            }],
            first_row_at,
        }
    }

    #[test]
    fn writers_of_one_table_become_one() {
        let all = vec![staged("t", 0, None), staged("t", 1, Some(9)), staged("t", 2, Some(5))];
        let merged = Staged::merge(all).unwrap().unwrap();
        assert_eq!((merged.parts(), merged.rows(), merged.bytes()), (3, 6, 30));
        assert_eq!(merged.first_row_at, Some(5));
        assert_eq!(Staged::merge(Vec::new()).unwrap(), None);
    }

    #[test]
    fn writers_of_different_tables_are_refused() {
        let error = Staged::merge(vec![staged("t", 0, None), staged("u", 1, None)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        assert!(error.to_string().contains("start the job again"), "{error}");
    }

    #[test]
    fn bytes_read_back_and_foreign_or_later_ones_are_refused() {
        let staged = staged("t", 3, Some(1_700_000_000_123));
        let mut bytes = staged.to_bytes().unwrap();
        assert!(bytes.starts_with(b"FRS\x01"));
        assert_eq!(Staged::from_bytes(&bytes).unwrap(), staged);
        for end in 0..bytes.len() {
            assert!(Staged::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
        }
        bytes[3] = FORMAT.version + 1;
        assert_eq!(Staged::from_bytes(&bytes).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn rows_that_are_carried_stand_behind_the_text() {
        let mut carrying = staged("t", 3, None);
        let rows = Carried::new(vec![0, 255, 7]);
        carrying.parts[0] =
            Part { url: String::new(), bytes: 3, carried: rows, ..carrying.parts[0].clone() };
        carrying.parts.push(staged("t", 4, None).parts[0].clone());
        let bytes = carrying.to_bytes().unwrap();
        assert!(bytes.starts_with(b"FRS\x02") && bytes.ends_with(&[0, 255, 7]));
        assert_eq!(Staged::from_bytes(&bytes).unwrap(), carrying);
        for end in 0..bytes.len() {
            assert!(Staged::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
        }
        assert!(Staged::from_bytes(&[bytes, vec![1]].concat()).is_err());
    }

    /// What version 1 wrote once has to be read forever.
    #[test]
    fn the_first_versions_bytes_are_still_read() {
        let json = r#"{"shape":{"target":{"schema":"public","table":"t"},"layout":{"columns":[],
            "direct":true,"complete":true},"format":"Parquet"},"parts":[{"url":"s3://b/3",
            "bytes":10,"rows":2,"checkpoint":7,"subtask":3}],"first_row_at":1700000000123}"#;
        let bytes = [b"FRS\x01".as_slice(), json.as_bytes()].concat();
        let read = Staged::from_bytes(&bytes).unwrap();
        assert_eq!(read, staged("t", 3, Some(1_700_000_000_123)));
    }
}
