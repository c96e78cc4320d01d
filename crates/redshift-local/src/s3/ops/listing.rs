//! Listings of objects, uploads and parts.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{S3Request, dto::*};

use crate::s3::{
    failure::S3Failure,
    list::{MOST_KEYS, Query, list, page_length},
    object::etag,
    store::Store,
};

pub(super) async fn objects(
    store: &Arc<Store>,
    req: S3Request<ListObjectsV2Input>,
) -> Result<ListObjectsV2Output, S3Failure> {
    let input = req.input;
    let bucket = store.bucket(&input.bucket)?;
    let query = Query {
        prefix: input.prefix.unwrap_or_default(),
        delimiter: input.delimiter,
        start_after: input.start_after,
        continuation_token: input.continuation_token,
        max_keys: input.max_keys,
    };
    let page = list(&bucket, &query)?;
    let encode = Encode::new(input.encoding_type.as_ref());
    let contents: Vec<Object> = page
        .objects
        .iter()
        .map(|object| Object {
            key: Some(encode.text(&object.key)),
            size: Some(object.size.cast_signed()),
            e_tag: etag(&object.etag),
            last_modified: Some(object.modified.into()),
            storage_class: Some(ObjectStorageClass::STANDARD.to_owned().into()),
            ..Default::default()
        })
        .collect();
    let common_prefixes: Vec<CommonPrefix> = page
        .common_prefixes
        .iter()
        .map(|prefix| CommonPrefix { prefix: Some(encode.text(prefix)) })
        .collect();
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        key_count: Some((contents.len() + common_prefixes.len()) as i32),
        prefix: Some(encode.text(&query.prefix)),
        delimiter: query.delimiter.map(|delimiter| encode.text(&delimiter)),
        start_after: query.start_after.map(|key| encode.text(&key)),
        continuation_token: query.continuation_token,
        max_keys: Some(query.max_keys.unwrap_or(MOST_KEYS).min(MOST_KEYS)),
        encoding_type: input.encoding_type,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        ..Default::default()
    })
}

pub(super) async fn uploads(
    store: &Arc<Store>,
    req: S3Request<ListMultipartUploadsInput>,
) -> Result<ListMultipartUploadsOutput, S3Failure> {
    let input = req.input;
    if input.delimiter.is_some() {
        return Err(S3Failure::not_modelled("a delimiter in a listing of uploads"));
    }
    let most = page_length(input.max_uploads)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = |key: &str, id: &str| match (&input.key_marker, &input.upload_id_marker) {
        (None, _) => true,
        (Some(marker), None) => key > marker.as_str(),
        (Some(marker), Some(id_marker)) => (key, id) > (marker.as_str(), id_marker.as_str()),
    };
    let mut found = store.bucket(&input.bucket)?.list_uploads();
    found.retain(|upload| upload.key.starts_with(&prefix) && after(&upload.key, &upload.id));
    let truncated = found.len() > most;
    found.truncate(most);
    let last = found.last().filter(|_| truncated);
    let encode = Encode::new(input.encoding_type.as_ref());
    let uploads = found.iter().map(|upload| MultipartUpload {
        key: Some(encode.text(&upload.key)),
        upload_id: Some(upload.id.clone()),
        initiated: Some(upload.initiated.into()),
        storage_class: Some(StorageClass::STANDARD.to_owned().into()),
        ..Default::default()
    });
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix.map(|prefix| encode.text(&prefix)),
        max_uploads: Some(most as i32),
        is_truncated: Some(truncated),
        next_key_marker: last.map(|upload| encode.text(&upload.key)),
        next_upload_id_marker: last.map(|upload| upload.id.clone()),
        uploads: Some(uploads.collect()),
        key_marker: input.key_marker.map(|marker| encode.text(&marker)),
        upload_id_marker: input.upload_id_marker,
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

pub(super) async fn parts(
    store: &Arc<Store>,
    req: S3Request<ListPartsInput>,
) -> Result<ListPartsOutput, S3Failure> {
    let input = req.input;
    let upload = store.bucket(&input.bucket)?.upload(&input.key, &input.upload_id)?;
    let most = page_length(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or(0);
    let mut found = upload.parts();
    found.retain(|part| part.number.cast_signed() > marker);
    let truncated = found.len() > most;
    found.truncate(most);
    let next = found.last().filter(|_| truncated).map(|part| part.number.cast_signed());
    let parts = found.iter().map(|part| Part {
        part_number: Some(part.number.cast_signed()),
        size: Some(part.size.cast_signed()),
        e_tag: etag(&part.etag),
        last_modified: Some(part.modified.into()),
        ..Default::default()
    });
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(marker),
        next_part_number_marker: next,
        max_parts: Some(most as i32),
        is_truncated: Some(truncated),
        parts: Some(parts.collect()),
        storage_class: Some(StorageClass::STANDARD.to_owned().into()),
        ..Default::default()
    })
}

/// Keys may hold characters that XML cannot carry, so clients ask for them escaped.
enum Encode {
    Plain,
    Url,
}

impl Encode {
    fn new(asked: Option<&EncodingType>) -> Encode {
        match asked {
            Some(asked) if asked.as_str() == EncodingType::URL => Encode::Url,
            _ => Encode::Plain,
        }
    }

    fn text(&self, text: &str) -> String {
        const ESCAPED: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');
        match self {
            Encode::Plain => text.to_owned(),
            Encode::Url => utf8_percent_encode(text, ESCAPED).to_string(),
        }
    }
}
