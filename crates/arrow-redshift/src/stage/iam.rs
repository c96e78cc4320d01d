//! What AWS has to allow, as IAM policies: to whoever stages files, and to the role that COPY reads
//! them with. For exactly the temporary paths of a job, and where it puts rows that are set aside.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Action;
use crate::options::{CopyAuthorization, CopyConfig, Encryption, S3Uri, SinkConfig};

/// A policy, and who needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeededPolicy {
    /// Who: `writer`, or the role's ARN, or `default`.
    pub who: String,
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// The policy document.
    pub policy: Value,
}

/// The policies that sinks with these configurations need: first that of this side, then those of
/// the roles that COPY uses, then those with which roles of a chain assume the next one.
/// Sinks that stage nothing on S3 need none.
pub fn policies<'a>(configs: impl IntoIterator<Item = &'a SinkConfig>) -> Vec<NeededPolicy> {
    let mut writer = Places::default();
    let mut readers: BTreeMap<String, Places> = BTreeMap::new();
    let mut assumes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for sink in configs {
        let Some(config) = &sink.copy else { continue };
        writer.add(config);
        if let Some(place) = &sink.values.dead_letters {
            writer.set_aside(config, place);
        }
        match &config.authorization {
            CopyAuthorization::DefaultRole => {
                readers.entry("default".into()).or_default().add(config)
            }
            CopyAuthorization::Role(chain) => {
                for pair in chain.windows(2) {
                    assumes.entry(pair[0].clone()).or_default().insert(pair[1].clone());
                }
                let last = chain.last().cloned().unwrap_or_default();
                readers.entry(last).or_default().add(config);
            }
            // COPY then reads with the keys of this side.
            CopyAuthorization::Keys(_) => writer.read_by_copy = true,
        }
    }
    let mut needed = Vec::new();
    if !writer.prefixes.is_empty() {
        needed.push(NeededPolicy {
            who: "writer".into(),
            purpose: "attach it to the user or role that this side's AWS credentials belong to: it \
                      stages files and removes them",
            policy: writer.policy(true),
        });
    }
    needed.extend(readers.into_iter().map(|(who, places)| NeededPolicy {
        who,
        purpose: "attach it to this role, with which COPY reads the staged files; Redshift has to \
                  have the role attached, and the role to trust redshift.amazonaws.com (and \
                  redshift-serverless.amazonaws.com for Serverless)",
        policy: places.policy(false),
    }));
    needed.extend(assumes.into_iter().map(|(who, next)| NeededPolicy {
        who,
        purpose: "attach it to this role, which assumes the next one of the chain; that one has to \
                  trust it",
        policy: document(vec![json!({
            "Sid": "AssumeNextRole",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": next,
        })]),
    }));
    needed
}

/// The temporary paths of one party.
#[derive(Default)]
struct Places {
    /// Prefixes by bucket's ARN.
    prefixes: BTreeMap<String, BTreeSet<String>>,
    /// The same of where rows that are set aside are put.
    dead_letters: BTreeMap<String, BTreeSet<String>>,
    /// ARNs of KMS keys.
    keys: BTreeSet<String>,
    /// KMS keys that are named by an alias: the ARNs that they may have, by their aliases.
    aliases: BTreeMap<String, BTreeSet<String>>,
    read_by_copy: bool,
}

impl Places {
    fn add(&mut self, config: &CopyConfig) {
        insert(&mut self.prefixes, config, &config.temp_uri);
        if let Encryption::SseKms(Some(key)) = &config.encryption {
            let any = |id: &str| format!("arn:{}:kms:*:*:key/{id}", partition(config));
            match (key.split_once("alias/"), key.starts_with("arn:")) {
                (Some((_, alias)), _) => {
                    let keys = self.aliases.entry(format!("alias/{alias}")).or_default();
                    keys.insert(any("*"));
                }
                (None, true) => drop(self.keys.insert(key.clone())),
                (None, false) => drop(self.keys.insert(any(key))),
            }
        }
    }

    fn set_aside(&mut self, config: &CopyConfig, place: &S3Uri) {
        insert(&mut self.dead_letters, config, place);
    }

    fn policy(&self, writes: bool) -> Value {
        let buckets: Vec<&String> = self.prefixes.keys().collect();
        let mut actions = vec!["s3:GetObject"];
        if writes {
            actions.extend(["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]);
        }
        let mut statements = vec![json!({
            "Sid": "StagedObjects",
            "Effect": "Allow",
            "Action": actions,
            "Resource": objects(&self.prefixes),
        })];
        statements.extend(self.prefixes.iter().enumerate().map(|(index, (bucket, prefixes))| {
            let mut statement = json!({
                "Sid": format!("ListStaged{index}"),
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": bucket,
            });
            if !prefixes.contains("") {
                let below: Vec<String> =
                    prefixes.iter().flat_map(|p| [p.clone(), format!("{p}/*")]).collect();
                statement["Condition"] = json!({"StringLike": {"s3:prefix": below}});
            }
            statement
        }));
        let mut of_bucket = Vec::new();
        if writes {
            // No condition on a prefix exists for it.
            of_bucket.push(Action::ListUploads.permission());
        }
        if !writes || self.read_by_copy {
            of_bucket.push("s3:GetBucketLocation");
        }
        statements.push(json!({
            "Sid": "Bucket",
            "Effect": "Allow",
            "Action": of_bucket,
            "Resource": buckets,
        }));
        if !self.dead_letters.is_empty() {
            statements.push(json!({
                "Sid": "DeadLetters",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                "Resource": objects(&self.dead_letters),
            }));
        }
        let actions: &[&str] =
            if writes { &["kms:GenerateDataKey", "kms:Decrypt"] } else { &["kms:Decrypt"] };
        if !self.keys.is_empty() {
            statements.push(json!({
                "Sid": "StagingKey",
                "Effect": "Allow",
                "Action": actions,
                "Resource": self.keys,
            }));
        }
        // A policy names keys and not their aliases, which a condition may.
        statements.extend(self.aliases.iter().enumerate().map(|(index, (alias, keys))| {
            json!({
                "Sid": format!("StagingKeyByAlias{index}"),
                "Effect": "Allow",
                "Action": actions,
                "Resource": keys,
                "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}},
            })
        }));
        document(statements)
    }
}

fn insert(places: &mut BTreeMap<String, BTreeSet<String>>, config: &CopyConfig, uri: &S3Uri) {
    let bucket = format!("arn:{}:s3:::{}", partition(config), uri.bucket);
    places.entry(bucket).or_default().insert(uri.prefix.clone());
}

/// The objects below these prefixes of buckets.
fn objects(places: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let below = |bucket: &str, prefix: &str| match prefix {
        "" => format!("{bucket}/*"),
        prefix => format!("{bucket}/{prefix}/*"),
    };
    places
        .iter()
        .flat_map(|(bucket, prefixes)| prefixes.iter().map(move |prefix| below(bucket, prefix)))
        .collect()
}

/// The partition of AWS: what a role's or key's ARN says, or else the region.
fn partition(config: &CopyConfig) -> String {
    let role = match &config.authorization {
        CopyAuthorization::Role(chain) => chain.first().map(String::as_str),
        _ => None,
    };
    let named = role.and_then(|arn| arn.split(':').nth(1)).filter(|name| !name.is_empty());
    let region = config.s3.region.as_deref().unwrap_or_default();
    named.map_or_else(
        || match region {
            region if region.starts_with("cn-") => "aws-cn".to_owned(),
            region if region.starts_with("us-gov-") => "aws-us-gov".to_owned(),
            _ => "aws".to_owned(),
        },
        str::to_owned,
    )
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options;

    fn config(more: &[(&str, &str)]) -> SinkConfig {
        let given = [
            ("hostname", "h"),
            ("username", "u"),
            ("password", "p"),
            ("table-name", "t"),
            ("sink.write.mode", "copy"),
        ];
        let options: Vec<_> =
            given.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        options::sink(&options).unwrap().config
    }

    fn actions(policy: &Value) -> BTreeSet<String> {
        let statements = policy["Statement"].as_array().unwrap().iter();
        let of = |action: &Value| match action {
            Value::Array(many) => many.iter().map(|a| a.as_str().unwrap().to_owned()).collect(),
            one => vec![one.as_str().unwrap().to_owned()],
        };
        statements.flat_map(|statement| of(&statement["Action"])).collect()
    }

    #[test]
    fn each_party_gets_what_it_uses_on_the_temporary_path_alone() {
        let role = "arn:aws:iam::123456789012:role/Copy";
        let config = config(&[("sink.write.temp.s3-uri", "s3://bkt/p/q"), ("aws.iam-role", role)]);
        let needed = policies([&config, &config]);
        assert_eq!(needed.iter().map(|it| it.who.as_str()).collect::<Vec<_>>(), ["writer", role]);
        let text = needed[0].policy.to_string();
        assert!(text.contains(r#""Resource":["arn:aws:s3:::bkt/p/q/*"]"#), "{text}");
        assert!(text.contains(r#"{"s3:prefix":["p/q","p/q/*"]}"#), "{text}");
        let writer = actions(&needed[0].policy);
        for action in [
            "s3:PutObject",
            "s3:GetObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
        ] {
            assert!(writer.contains(action), "{action}");
        }
        let reader = actions(&needed[1].policy);
        let wanted = ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"];
        assert_eq!(reader.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn rows_that_are_set_aside_are_put_where_the_writer_may_put_them() {
        let role = "arn:aws:iam::123456789012:role/Copy";
        let paths = [("sink.write.temp.s3-uri", "s3://bkt/p"), ("aws.iam-role", role)];
        let letters =
            [("sink.value-policy", "dead-letter"), ("sink.dead-letter.s3-uri", "s3://kept/late")];
        let needed = policies([&config(&[paths, letters].concat()), &config(&paths)]);
        let statements = needed[0].policy["Statement"].as_array().unwrap().clone();
        let kept = statements.iter().find(|it| it["Sid"] == "DeadLetters").unwrap();
        assert_eq!(kept["Resource"], json!(["arn:aws:s3:::kept/late/*"]));
        let allowed = json!(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]);
        assert_eq!(kept["Action"], allowed, "what is kept is never deleted");
        assert!(!needed[1].policy.to_string().contains("kept"), "COPY never reads it");
    }

    #[test]
    fn sinks_without_s3_need_no_policy() {
        let given = [("hostname", "h"), ("username", "u"), ("password", "p"), ("table-name", "t")];
        let options = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(policies([&options::sink(&options).unwrap().config]), []);
    }

    #[test]
    fn chains_keys_partitions_and_whole_buckets() {
        let (first, last) = ("arn:aws-cn:iam::1:role/A", "arn:aws-cn:iam::2:role/B");
        let chain = format!("{first},{last}");
        let key = "arn:aws-cn:kms:cn-north-1:1:key/k";
        let config = config(&[
            ("sink.write.temp.s3-uri", "s3://bkt"),
            ("aws.iam-role", &chain),
            ("sink.write.temp.s3.encryption", "sse-kms"),
            ("sink.write.temp.s3.kms-key-id", key),
        ]);
        let needed = policies([&config]);
        assert_eq!(
            needed.iter().map(|it| it.who.as_str()).collect::<Vec<_>>(),
            ["writer", last, first]
        );
        assert!(actions(&needed[0].policy).contains("kms:GenerateDataKey"));
        assert!(!actions(&needed[1].policy).contains("kms:GenerateDataKey"));
        assert!(actions(&needed[1].policy).contains("kms:Decrypt"));
        let text = needed[0].policy.to_string();
        assert!(text.contains("arn:aws-cn:s3:::bkt/*") && !text.contains("Condition"), "{text}");
        assert!(needed[2].policy.to_string().contains(last));
    }

    #[test]
    fn keys_are_named_by_arn_and_aliases_in_a_condition() {
        let of = |key| {
            let config = config(&[
                ("sink.write.temp.s3-uri", "s3://bkt/p"),
                ("aws.iam-role", "arn:aws:iam::123456789012:role/Copy"),
                ("sink.write.temp.s3.encryption", "sse-kms"),
                ("sink.write.temp.s3.kms-key-id", key),
            ]);
            policies([&config])[0].policy["Statement"].as_array().unwrap().last().unwrap().clone()
        };
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(of(id)["Resource"], json!([format!("arn:aws:kms:*:*:key/{id}")]));
        for key in ["alias/staging", "arn:aws:kms:us-east-1:123456789012:alias/staging"] {
            let statement = of(key);
            assert_eq!(statement["Resource"], json!(["arn:aws:kms:*:*:key/*"]), "{key}");
            let condition = &statement["Condition"]["ForAnyValue:StringEquals"];
            assert_eq!(condition["kms:ResourceAliases"], "alias/staging", "{key}");
        }
    }
}
