//! A stored object: everything that is known of it but its bytes.

use std::{collections::BTreeMap, time::SystemTime};

use s3s::dto;
use serde::{Deserialize, Serialize};

use super::failure::S3Failure;

/// An object as listed: its key and its size in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Key, without the bucket.
    pub key: String,
    /// Size, bytes.
    pub size: u64,
}

/// Everything that the index knows of an object. Its bytes lie in `file` and never change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stored {
    pub key: String,
    pub size: u64,
    pub etag: String,
    pub modified: SystemTime,
    pub file: String,
    pub about: About,
}

/// What the client said of an object when it wrote it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct About {
    pub headers: Headers,
    pub encryption: Encryption,
}

/// The headers that are stored and given back as they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Headers {
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub content_disposition: Option<String>,
    pub content_language: Option<String>,
    pub cache_control: Option<String>,
    /// The `x-amz-meta-*` headers, without that prefix.
    pub metadata: BTreeMap<String, String>,
}

/// How an object is encrypted at rest, as far as S3's headers tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// `AES256` or `aws:kms`.
    pub algorithm: String,
    /// The key that was named, or AWS's own one, with `aws:kms`.
    pub kms_key_id: Option<String>,
    /// Whether the client asked for it; otherwise it is what S3 does by itself.
    pub requested: bool,
}

impl Default for Encryption {
    /// S3 encrypts every object with keys of its own when nothing is said.
    fn default() -> Self {
        Encryption {
            algorithm: dto::ServerSideEncryption::AES256.into(),
            kms_key_id: None,
            requested: false,
        }
    }
}

impl Encryption {
    /// Reads the encryption headers of a write to a bucket in `region`.
    ///
    /// # Errors
    /// `InvalidArgument` where S3 refuses the combination.
    pub(super) fn requested(
        algorithm: Option<&dto::ServerSideEncryption>,
        kms_key_id: Option<String>,
        region: &str,
    ) -> Result<Encryption, S3Failure> {
        let aws_key = || format!("arn:aws:kms:{region}:000000000000:alias/aws/s3");
        match (algorithm.map(dto::ServerSideEncryption::as_str), kms_key_id) {
            (None, None) => Ok(Encryption::default()),
            (Some(dto::ServerSideEncryption::AES256), None) => {
                Ok(Encryption { requested: true, ..Encryption::default() })
            }
            (Some(kms @ dto::ServerSideEncryption::AWS_KMS), key) => Ok(Encryption {
                algorithm: kms.into(),
                kms_key_id: Some(key.unwrap_or_else(aws_key)),
                requested: true,
            }),
            (_, Some(_)) => Err(S3Failure::invalid_argument(
                "Server Side Encryption with AWS KMS managed key requires HTTP header \
                 x-amz-server-side-encryption : aws:kms",
            )),
            (Some(_), None) => {
                Err(S3Failure::invalid_argument("The encryption method specified is not supported"))
            }
        }
    }

    pub(super) fn algorithm(&self) -> Option<dto::ServerSideEncryption> {
        Some(self.algorithm.clone().into())
    }
}

impl Headers {
    pub(super) fn metadata(&self) -> Option<dto::Metadata> {
        (!self.metadata.is_empty())
            .then(|| self.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    /// S3's own default, where the client named no type.
    pub(super) fn content_type(&self) -> Option<String> {
        Some(self.content_type.clone().unwrap_or_else(|| "binary/octet-stream".into()))
    }
}

/// The tag as HTTP writes it.
pub(super) fn etag(tag: &str) -> Option<dto::ETag> {
    Some(dto::ETag::Strong(tag.to_owned()))
}
