//! The S3 operations that are modelled; all others answer `NotImplemented`.

use std::sync::Arc;

use async_trait::async_trait;
use s3s::{S3, S3Request, S3Response, S3Result, dto::*};

use super::store::Store;

/// The headers of a write that are stored and given back: the inputs of three operations have them.
macro_rules! headers_of {
    ($input:ident) => {
        Headers {
            content_type: $input.content_type,
            content_encoding: $input.content_encoding,
            content_disposition: $input.content_disposition,
            content_language: $input.content_language,
            cache_control: $input.cache_control,
            metadata: $input.metadata.unwrap_or_default().into_iter().collect(),
        }
    };
}

/// What a body must be, from the inputs of the two operations that have one.
macro_rules! expected_of {
    ($req:ident, $input:ident) => {
        Expected {
            length: $input.content_length.map(i64::cast_unsigned),
            md5: $input.content_md5,
            claimed: Claimed {
                sums: Checksum {
                    checksum_crc32: $input.checksum_crc32,
                    checksum_crc32c: $input.checksum_crc32c,
                    checksum_crc64nvme: $input.checksum_crc64nvme,
                    checksum_sha1: $input.checksum_sha1,
                    checksum_sha256: $input.checksum_sha256,
                    checksum_type: None,
                },
                algorithm: $input.checksum_algorithm,
                trailers: $req.trailing_headers,
            },
            cut: $req.extensions.get::<Cut>().cloned(),
        }
    };
}

mod bucket;
mod listing;
mod multipart;
mod object;
mod write;

/// The operations over a store.
#[derive(Debug, Clone)]
pub(super) struct Operations {
    pub store: Arc<Store>,
}

/// Each operation is a function of its own, in the module of its kind.
macro_rules! operations {
    ($($name:ident: $input:ident => $output:ident = $function:path;)*) => {
        #[async_trait]
        impl S3 for Operations {
            $(async fn $name(&self, req: S3Request<$input>) -> S3Result<S3Response<$output>> {
                Ok(S3Response::new($function(&self.store, req).await?))
            })*
        }
    };
}

operations! {
    create_bucket: CreateBucketInput => CreateBucketOutput = bucket::create;
    head_bucket: HeadBucketInput => HeadBucketOutput = bucket::head;
    list_buckets: ListBucketsInput => ListBucketsOutput = bucket::list;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput = bucket::location;
    put_object: PutObjectInput => PutObjectOutput = write::put;
    copy_object: CopyObjectInput => CopyObjectOutput = write::copy;
    delete_object: DeleteObjectInput => DeleteObjectOutput = write::delete;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput = write::delete_many;
    get_object: GetObjectInput => GetObjectOutput = object::get;
    head_object: HeadObjectInput => HeadObjectOutput = object::head;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output = listing::objects;
    list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput
        = listing::uploads;
    list_parts: ListPartsInput => ListPartsOutput = listing::parts;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput
        = multipart::create;
    upload_part: UploadPartInput => UploadPartOutput = multipart::upload_part;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput
        = multipart::complete;
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput
        = multipart::abort;
}
