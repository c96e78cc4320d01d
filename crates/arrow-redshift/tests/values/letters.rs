//! What lies where rows that were set aside are put.

use std::{collections::BTreeMap, io::Read};

use redshift_local::RedshiftLocal;
use serde_json::Value;

use crate::support::BUCKET;

/// The prefix that the tests' sinks put rows under.
pub const PLACE: &str = "dead/letters";

/// A line of a file, read and as it is: a JSON library's own numbers have fewer digits than ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter(pub Value, pub String);

impl Letter {
    /// A column of the row, as JSON.
    pub fn cell(&self, column: &str) -> &Value {
        &self.0["row"][column]
    }

    /// The columns that refused it and by which rules.
    pub fn refused(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let refused = self.0["refused"].as_array().expect("a list of reasons").iter();
        refused.map(|why| (text(&why["column"]), text(&why["rule"]))).collect()
    }

    pub fn number(&self, field: &str) -> u64 {
        self.0[field].as_u64().expect("a number")
    }
}

/// Options that put rows under [`PLACE`].
pub fn placing(options: &mut BTreeMap<String, String>) {
    options.insert("sink.dead-letter.s3-uri".into(), format!("s3://{BUCKET}/{PLACE}"));
}

/// The files under a prefix, by name.
pub fn files(server: &RedshiftLocal, bucket: &str, prefix: &str) -> BTreeMap<String, Vec<Letter>> {
    let objects = server.s3().list(bucket, prefix).expect("lists");
    let read = |key: &str| {
        let (mut file, _) = server.s3().open(bucket, key).expect("opens");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("UTF-8");
        assert!(text.ends_with('\n'), "every line ends");
        let letter =
            |line: &str| Letter(serde_json::from_str(line).expect("JSON"), line.to_owned());
        text.lines().map(letter).collect()
    };
    objects.into_iter().map(|object| (object.key.clone(), read(&object.key))).collect()
}

/// All rows that are in their place, with those of one file in order.
pub fn placed(server: &RedshiftLocal) -> Vec<Letter> {
    files(server, BUCKET, PLACE).into_values().flatten().collect()
}

/// What is left in staging.
pub fn left(server: &RedshiftLocal) -> Vec<String> {
    let objects = server.s3().list(BUCKET, "temp/").expect("lists");
    objects.into_iter().map(|object| object.key).collect()
}
