//! Buckets.

use std::sync::Arc;

use s3s::{S3Request, dto::*};

use crate::{
    config,
    s3::{failure::S3Failure, store::Store},
};

/// The region that S3 names by saying nothing.
const UNNAMED_REGION: &str = "us-east-1";

pub(super) async fn create(
    store: &Arc<Store>,
    req: S3Request<CreateBucketInput>,
) -> Result<CreateBucketOutput, S3Failure> {
    let named = req.input.create_bucket_configuration.and_then(|given| given.location_constraint);
    let bucket = config::Bucket {
        name: req.input.bucket,
        region: named.map_or(UNNAMED_REGION.into(), |region| region.as_str().to_owned()),
        requires_encryption: false,
    };
    let location = format!("/{}", bucket.name);
    let store_of_work = Arc::clone(store);
    store.blocking(move || store_of_work.create(bucket)).await?;
    Ok(CreateBucketOutput { location: Some(location) })
}

pub(super) async fn head(
    store: &Arc<Store>,
    req: S3Request<HeadBucketInput>,
) -> Result<HeadBucketOutput, S3Failure> {
    let bucket = store.bucket(&req.input.bucket)?;
    let bucket_region = Some(bucket.config.region.clone());
    Ok(HeadBucketOutput { bucket_region, ..Default::default() })
}

pub(super) async fn location(
    store: &Arc<Store>,
    req: S3Request<GetBucketLocationInput>,
) -> Result<GetBucketLocationOutput, S3Failure> {
    let region = store.bucket(&req.input.bucket)?.config.region.clone();
    let location_constraint = (region != UNNAMED_REGION).then(|| region.into());
    Ok(GetBucketLocationOutput { location_constraint })
}

pub(super) async fn list(
    store: &Arc<Store>,
    _req: S3Request<ListBucketsInput>,
) -> Result<ListBucketsOutput, S3Failure> {
    let buckets = store.buckets().into_iter().map(|bucket| Bucket {
        name: Some(bucket.config.name.clone()),
        bucket_region: Some(bucket.config.region.clone()),
        creation_date: Some(bucket.created.into()),
    });
    Ok(ListBucketsOutput { buckets: Some(buckets.collect()), ..Default::default() })
}
