//! Writing, copying and removing objects.

use std::sync::Arc;

use s3s::{S3Request, dto::*};

use crate::s3::{
    access::AllowedKeys,
    bucket::{Bytes, New},
    checksum::Claimed,
    condition::{ReadCondition, WriteCondition, whole_seconds},
    cut::Cut,
    failure::S3Failure,
    object::{About, Encryption, Headers, etag},
    receive::{Expected, Target, receive},
    store::Store,
};

/// The most keys that one request removes.
const MOST_DELETES: usize = 1000;

pub(super) async fn put(
    store: &Arc<Store>,
    req: S3Request<PutObjectInput>,
) -> Result<PutObjectOutput, S3Failure> {
    let input = req.input;
    no_customer_keys(input.sse_customer_algorithm.as_deref())?;
    let bucket = store.bucket(&input.bucket)?;
    let encryption = Encryption::requested(
        input.server_side_encryption.as_ref(),
        input.ssekms_key_id,
        &bucket.config.region,
    )?;
    bucket.admit(&encryption)?;
    let condition = WriteCondition::new(input.if_match, input.if_none_match)?;
    let expected = expected_of!(req, input);
    let (file, path) = bucket.temporary()?;
    let target = Target { file, offset: 0, guard: path };
    let (received, path) = receive(&store.tasks, input.body, target, &expected).await?;
    let headers = headers_of!(input);
    let new = New {
        key: input.key,
        size: received.size,
        etag: hex::encode(received.md5),
        about: About { headers, encryption },
    };
    let checksum = received.checksum;
    let put = move || bucket.put(new, Bytes::Written(path), &condition);
    let object = store.blocking(put).await?;
    Ok(PutObjectOutput {
        e_tag: etag(&object.etag),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        server_side_encryption: object.about.encryption.algorithm(),
        ssekms_key_id: object.about.encryption.kms_key_id.clone(),
        ..Default::default()
    })
}

pub(super) async fn copy(
    store: &Arc<Store>,
    req: S3Request<CopyObjectInput>,
) -> Result<CopyObjectOutput, S3Failure> {
    let input = req.input;
    no_customer_keys(input.sse_customer_algorithm.as_deref())?;
    let CopySource::Bucket { bucket: from, key: from_key, .. } = &input.copy_source else {
        return Err(S3Failure::not_modelled("access points"));
    };
    let source = store.bucket(from)?;
    let (original, bytes) = source.snapshot(from_key)?;
    let condition = ReadCondition {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    // A copy knows no 304.
    condition.check(&original).map_err(|_| S3Failure::precondition_failed())?;
    let bucket = store.bucket(&input.bucket)?;
    let encryption = Encryption::requested(
        input.server_side_encryption.as_ref(),
        input.ssekms_key_id,
        &bucket.config.region,
    )?;
    bucket.admit(&encryption)?;
    let replace = input
        .metadata_directive
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let itself = **from == *input.bucket && **from_key == *input.key;
    if itself && !replace && !encryption.requested {
        return Err(copy_changes_nothing());
    }
    let headers = if replace { headers_of!(input) } else { original.about.headers.clone() };
    let new = New {
        key: input.key,
        size: original.size,
        etag: original.etag.clone(),
        about: About { headers, encryption },
    };
    let put = move || bucket.put(new, Bytes::Written(bytes), &WriteCondition::None);
    let object = store.blocking(put).await?;
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: etag(&object.etag),
            last_modified: Some(whole_seconds(object.modified)),
            ..Default::default()
        }),
        server_side_encryption: object.about.encryption.algorithm(),
        ssekms_key_id: object.about.encryption.kms_key_id.clone(),
        ..Default::default()
    })
}

fn copy_changes_nothing() -> S3Failure {
    S3Failure::new(
        400,
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without \
         changing the object's metadata, storage class, website redirect location or encryption \
         attributes.",
    )
}

pub(super) async fn delete(
    store: &Arc<Store>,
    req: S3Request<DeleteObjectInput>,
) -> Result<DeleteObjectOutput, S3Failure> {
    let bucket = store.bucket(&req.input.bucket)?;
    let condition = WriteCondition::new(req.input.if_match, None)?;
    let key = req.input.key;
    store.blocking(move || bucket.delete(&key, &condition)).await?;
    Ok(DeleteObjectOutput::default())
}

pub(super) async fn delete_many(
    store: &Arc<Store>,
    req: S3Request<DeleteObjectsInput>,
) -> Result<DeleteObjectsOutput, S3Failure> {
    let checksum = |name: &str| name == "content-md5" || name.starts_with("x-amz-checksum-");
    if !req.headers.keys().any(|name| checksum(name.as_str())) {
        let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return Err(S3Failure::new(400, "InvalidRequest", message));
    }
    let Delete { objects, quiet } = req.input.delete;
    if objects.is_empty() || objects.len() > MOST_DELETES {
        return Err(S3Failure::malformed_xml());
    }
    let allowed = req.extensions.get::<AllowedKeys>().ok_or_else(S3Failure::access_denied)?.clone();
    let bucket = store.bucket(&req.input.bucket)?;
    let delete = move || {
        let mut output = DeleteObjectsOutput::default();
        for key in objects.into_iter().map(|object| object.key) {
            let done = allowed
                .check(&bucket.config.name, &key)
                .and_then(|()| bucket.delete(&key, &WriteCondition::None));
            match done {
                Ok(()) => output
                    .deleted
                    .get_or_insert_default()
                    .push(DeletedObject { key: Some(key), ..Default::default() }),
                Err(failure) => output.errors.get_or_insert_default().push(Error {
                    key: Some(key),
                    code: Some(failure.code.into()),
                    message: Some(failure.message),
                    version_id: None,
                }),
            }
        }
        if quiet == Some(true) {
            output.deleted = None;
        }
        Ok(output)
    };
    store.blocking(delete).await
}

/// Keys of the customer's own (SSE-C): COPY cannot read what they encrypt.
pub(super) fn no_customer_keys(algorithm: Option<&str>) -> Result<(), S3Failure> {
    match algorithm {
        None => Ok(()),
        Some(_) => Err(S3Failure::not_modelled("encryption with customer-provided keys")),
    }
}
