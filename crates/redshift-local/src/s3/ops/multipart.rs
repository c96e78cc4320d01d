//! Multipart uploads.

use std::sync::Arc;

use s3s::{S3Request, dto::*};

use super::write::no_customer_keys;
use crate::s3::{
    bucket::{Bucket, New},
    checksum::Claimed,
    condition::WriteCondition,
    cut::Cut,
    failure::S3Failure,
    object::{About, Encryption, Headers, Stored, etag},
    receive::{Expected, receive},
    store::Store,
    upload::Upload,
};

pub(super) async fn create(
    store: &Arc<Store>,
    req: S3Request<CreateMultipartUploadInput>,
) -> Result<CreateMultipartUploadOutput, S3Failure> {
    let input = req.input;
    no_customer_keys(input.sse_customer_algorithm.as_deref())?;
    let bucket = store.bucket(&input.bucket)?;
    let encryption = Encryption::requested(
        input.server_side_encryption.as_ref(),
        input.ssekms_key_id,
        &bucket.config.region,
    )?;
    bucket.admit(&encryption)?;
    let headers = headers_of!(input);
    let about = About { headers, encryption };
    let key = input.key;
    let upload = store.blocking(move || Ok(bucket.start_upload(key, about)?)).await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(upload.key.clone()),
        upload_id: Some(upload.id.clone()),
        server_side_encryption: upload.about.encryption.algorithm(),
        ssekms_key_id: upload.about.encryption.kms_key_id.clone(),
        ..Default::default()
    })
}

pub(super) async fn upload_part(
    store: &Arc<Store>,
    req: S3Request<UploadPartInput>,
) -> Result<UploadPartOutput, S3Failure> {
    let input = req.input;
    let upload = store.bucket(&input.bucket)?.upload(&input.key, &input.upload_id)?;
    let expected = expected_of!(req, input);
    let (number, target) = upload.land(input.part_number, expected.length)?;
    let offset = target.offset;
    let (received, landing) = receive(&store.tasks, input.body, target, &expected).await?;
    let encryption = upload.about.encryption.clone();
    let checksum = received.checksum.clone();
    let arrived = move || upload.arrived(number, &received, offset, landing);
    let tag = store.blocking(arrived).await?;
    Ok(UploadPartOutput {
        e_tag: etag(&tag),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        server_side_encryption: encryption.algorithm(),
        ssekms_key_id: encryption.kms_key_id,
        ..Default::default()
    })
}

pub(super) async fn complete(
    store: &Arc<Store>,
    req: S3Request<CompleteMultipartUploadInput>,
) -> Result<CompleteMultipartUploadOutput, S3Failure> {
    let input = req.input;
    let bucket = store.bucket(&input.bucket)?;
    let upload = bucket.upload(&input.key, &input.upload_id)?;
    let condition = WriteCondition::new(input.if_match, input.if_none_match)?;
    let listed = input.multipart_upload.and_then(|list| list.parts).unwrap_or_default();
    let listed: Vec<_> = listed
        .into_iter()
        .map(|part| (part.part_number.unwrap_or(0), part.e_tag.map(ETag::into_value)))
        .collect();
    let finish = move || finish(&bucket, &upload, &listed, &condition);
    let object = store.blocking(finish).await?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, object.key)),
        bucket: Some(input.bucket),
        key: Some(object.key.clone()),
        e_tag: etag(&object.etag),
        server_side_encryption: object.about.encryption.algorithm(),
        ssekms_key_id: object.about.encryption.kms_key_id.clone(),
        ..Default::default()
    })
}

/// Makes the object. A refused completion leaves the upload as it was.
fn finish(
    bucket: &Bucket,
    upload: &Upload,
    listed: &[(i32, Option<String>)],
    condition: &WriteCondition,
) -> Result<Arc<Stored>, S3Failure> {
    upload.close()?;
    let put = || {
        let (bytes, size, etag) = upload.assemble(listed, &bucket.partial())?;
        let (key, about) = (upload.key.clone(), upload.about.clone());
        bucket.put(New { key, size, etag, about }, bytes.into(), condition)
    };
    let object = put().inspect_err(|_| upload.reopen())?;
    if let Err(error) = bucket.end_upload(upload) {
        // The object is there: what is left over costs only room.
        tracing::warn!(%error, upload = upload.id, "could not remove the parts of an upload");
    }
    Ok(object)
}

pub(super) async fn abort(
    store: &Arc<Store>,
    req: S3Request<AbortMultipartUploadInput>,
) -> Result<AbortMultipartUploadOutput, S3Failure> {
    let bucket = store.bucket(&req.input.bucket)?;
    let upload = bucket.upload(&req.input.key, &req.input.upload_id)?;
    let end = move || {
        upload.close()?;
        Ok(bucket.end_upload(&upload)?)
    };
    store.blocking(end).await?;
    Ok(AbortMultipartUploadOutput::default())
}
