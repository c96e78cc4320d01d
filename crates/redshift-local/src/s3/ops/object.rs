//! Reading objects.

use std::{ops, sync::Arc};

use s3s::{S3Request, dto::*};

use crate::s3::{
    condition::{ReadCondition, whole_seconds},
    cut::Cut,
    failure::S3Failure,
    object::{Stored, etag},
    send::send,
    store::Store,
};

pub(super) async fn get(
    store: &Arc<Store>,
    req: S3Request<GetObjectInput>,
) -> Result<GetObjectOutput, S3Failure> {
    let input = req.input;
    modelled(input.part_number, input.version_id.as_deref())?;
    let (object, file) = store.bucket(&input.bucket)?.read(&input.key)?;
    let condition = ReadCondition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    condition.check(&object)?;
    let range = byte_range(input.range, object.size)?;
    let output = GetObjectOutput {
        accept_ranges: Some("bytes".into()),
        content_length: Some(length(&range)),
        content_range: input.range.map(|_| content_range(&range, object.size)),
        e_tag: etag(&object.etag),
        last_modified: Some(whole_seconds(object.modified)),
        content_type: input.response_content_type.or(object.about.headers.content_type()),
        content_encoding: object.about.headers.content_encoding.clone(),
        content_disposition: object.about.headers.content_disposition.clone(),
        content_language: object.about.headers.content_language.clone(),
        cache_control: object.about.headers.cache_control.clone(),
        metadata: object.about.headers.metadata(),
        server_side_encryption: object.about.encryption.algorithm(),
        ssekms_key_id: object.about.encryption.kms_key_id.clone(),
        ..Default::default()
    };
    let cut = req.extensions.get::<Cut>().cloned();
    Ok(GetObjectOutput { body: Some(send(&store.tasks, file, range, cut)), ..output })
}

pub(super) async fn head(
    store: &Arc<Store>,
    req: S3Request<HeadObjectInput>,
) -> Result<HeadObjectOutput, S3Failure> {
    let input = req.input;
    modelled(input.part_number, input.version_id.as_deref())?;
    let object = store.bucket(&input.bucket)?.head(&input.key)?;
    let condition = ReadCondition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    condition.check(&object)?;
    described(&object, input.range)
}

fn described(object: &Stored, asked: Option<Range>) -> Result<HeadObjectOutput, S3Failure> {
    let range = byte_range(asked, object.size)?;
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".into()),
        content_length: Some(length(&range)),
        content_range: asked.map(|_| content_range(&range, object.size)),
        e_tag: etag(&object.etag),
        last_modified: Some(whole_seconds(object.modified)),
        content_type: object.about.headers.content_type(),
        content_encoding: object.about.headers.content_encoding.clone(),
        content_disposition: object.about.headers.content_disposition.clone(),
        content_language: object.about.headers.content_language.clone(),
        cache_control: object.about.headers.cache_control.clone(),
        metadata: object.about.headers.metadata(),
        server_side_encryption: object.about.encryption.algorithm(),
        ssekms_key_id: object.about.encryption.kms_key_id.clone(),
        ..Default::default()
    })
}

fn modelled(part: Option<i32>, version: Option<&str>) -> Result<(), S3Failure> {
    if part.is_some() {
        return Err(S3Failure::not_modelled("reading one part of an object"));
    }
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(S3Failure::not_modelled("versions of objects")),
    }
}

fn byte_range(asked: Option<Range>, size: u64) -> Result<ops::Range<u64>, S3Failure> {
    match asked {
        None => Ok(0..size),
        Some(range) => range.check(size).map_err(|_| S3Failure::invalid_range()),
    }
}

/// A range never goes beyond an object, whose size fits a file offset.
fn length(range: &ops::Range<u64>) -> i64 {
    (range.end - range.start).cast_signed()
}

fn content_range(range: &ops::Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}
