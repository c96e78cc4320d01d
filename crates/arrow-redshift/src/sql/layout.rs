//! What lies in the staged files and how it goes into the target. It travels with a committable,
//! so that one that is restored is applied the way it was written.

use serde::{Deserialize, Serialize};

/// The columns that order and mark changes in a keyed load's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageColumns;

impl StageColumns {
    /// Kind of change: 0 upsert, 1 delete. Committables of earlier releases also have 2, the old row
    /// of an update, which deletes where it is the last change of its key.
    pub const KIND: &'static str = "frc_kind";
    /// Checkpoint that the change belongs to.
    pub const CHECKPOINT: &'static str = "frc_checkpoint";
    /// Running number of the change within its writer.
    pub const SEQUENCE: &'static str = "frc_sequence";
    /// The writer.
    pub const SUBTASK: &'static str = "frc_subtask";

    /// Names and Redshift types, in the files' order, behind the table's own columns.
    pub const ALL: &'static [(&'static str, &'static str)] = &[
        (Self::KIND, "SMALLINT"),
        (Self::CHECKPOINT, "BIGINT"),
        (Self::SEQUENCE, "BIGINT"),
        (Self::SUBTASK, "INTEGER"),
    ];

    /// Those that changes need of which there is one for each key: nothing is to be put in order.
    pub const FOLDED: &'static [(&'static str, &'static str)] = Self::ALL.split_at(1).0;
}

/// How a staged value becomes the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conversion {
    /// It is the target's.
    None,
    /// A TIMESTAMP in UTC becomes a TIMESTAMPTZ.
    Utc,
    /// A TIMESTAMP becomes the TIME of its day.
    Time,
    /// JSON text becomes a SUPER.
    Json,
    /// Hexadecimal digits become a VARBYTE.
    Hex,
}

/// How committables hold a [`Conversion`]: `false` and `true` as ever, and the name of what came
/// later, so that an older release refuses to read it instead of leaving it out.
mod stored {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Conversion;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Utc(bool),
        Named(Conversion),
    }

    pub fn serialize<S: Serializer>(value: &Conversion, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Conversion::None => Stored::Utc(false),
            Conversion::Utc => Stored::Utc(true),
            named => Stored::Named(*named),
        }
        .serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Conversion, D::Error> {
        Ok(match Stored::deserialize(from)? {
            Stored::Utc(false) => Conversion::None,
            Stored::Utc(true) => Conversion::Utc,
            Stored::Named(conversion) => conversion,
        })
    }
}

/// One column of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadColumn {
    /// The target column's name as stored.
    pub name: String,
    /// DDL text of its type in a staging table.
    pub stage_type: String,
    /// How the staged value becomes the target's. (Committables called it so when it was only a
    /// question of UTC or not.)
    #[serde(rename = "utc", with = "stored")]
    pub conversion: Conversion,
    /// Whether the column belongs to the key.
    pub key: bool,
    /// Whether it is text, whose trailing blanks a comparison ignores.
    pub text: bool,
}

/// What lies in the staged files and how it goes into the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The columns, in the files' order.
    pub columns: Vec<LoadColumn>,
    /// Whether COPY can load the files into the target itself.
    pub direct: bool,
    /// Whether every column of the target is written.
    pub complete: bool,
}

impl Layout {
    /// Whether changes are applied by key; such files carry the [`StageColumns`] too.
    pub fn keyed(&self) -> bool {
        self.columns.iter().any(|column| column.key)
    }

    /// Whether a staging table stands between the files and the target.
    pub fn staged(&self) -> bool {
        self.keyed() || !self.direct
    }

    /// Whether folding by key leaves exactly one change of each key, so that SQL has nothing to rank:
    /// every column of the target is written, and no value of a key equals another one in the target
    /// only (trailing blanks, a collation, a conversion).
    pub fn folds(&self) -> bool {
        let exact = |column: &LoadColumn| !column.text && column.conversion == Conversion::None;
        self.keyed() && self.complete && self.columns.iter().filter(|c| c.key).all(exact)
    }

    /// The same columns where their values are the target's already, digits of bytes aside: these
    /// stay digits in every table on the way.
    pub(super) fn converted(&self) -> Layout {
        let mut layout = self.clone();
        let columns = layout.columns.iter_mut();
        let converted = columns.filter(|column| column.conversion != Conversion::Hex);
        converted.for_each(|column| column.conversion = Conversion::None);
        layout
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_are_kept_as_they_ever_were() {
        for (conversion, stored) in [
            (Conversion::None, "false"),
            (Conversion::Utc, "true"),
            (Conversion::Time, "\"time\""),
            (Conversion::Json, "\"json\""),
            (Conversion::Hex, "\"hex\""),
        ] {
            let column = LoadColumn {
                name: "c".into(),
                stage_type: "TIMESTAMP".into(),
                conversion,
                key: false,
                text: false,
            };
            let json = format!(
                r#"{{"name":"c","stage_type":"TIMESTAMP","utc":{stored},"key":false,"text":false}}"#
            );
            assert_eq!(serde_json::to_string(&column).unwrap(), json);
            assert_eq!(serde_json::from_str::<LoadColumn>(&json).unwrap(), column);
        }
    }
}
