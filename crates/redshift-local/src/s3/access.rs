//! What every request passes after its signature was checked: faults, token, region, prefixes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use hyper::{HeaderMap, Uri};
use s3s::{
    S3Request, S3Result,
    access::{S3Access, S3AccessContext},
    dto::{
        CopyObjectInput, CopySource, DeleteObjectsInput, ListMultipartUploadsInput,
        ListObjectsV2Input,
    },
};

use super::{
    cut::{Cut, Exchange},
    failure::S3Failure,
    faults::{Asked, Effect, Faults},
    keys::Keys,
    store::Store,
};

/// The checks of every request.
#[derive(Debug)]
pub(super) struct Access {
    pub keys: Arc<Keys>,
    pub store: Arc<Store>,
    pub faults: Faults,
}

#[async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(id) = cx.credentials().map(|credentials| credentials.access_key.clone()) else {
            return Err(S3Failure::access_denied().into());
        };
        if signed_region(cx.headers(), cx.uri()).is_none() {
            // Signatures of version 2, which no region offers any more to new buckets.
            let message = "The authorization mechanism you have provided is not supported. \
                           Please use AWS4-HMAC-SHA256.";
            return Err(S3Failure::new(400, "InvalidRequest", message).into());
        }
        self.meet_faults(cx).await?;
        self.keys.check_token(&id, presented_token(cx.headers(), cx.uri()).as_deref())?;
        self.check_bucket(&id, cx)?;
        Ok(())
    }

    async fn list_objects_v2(&self, req: &mut S3Request<ListObjectsV2Input>) -> S3Result<()> {
        let prefix = req.input.prefix.as_deref().unwrap_or_default();
        Ok(self.keys.check_path(key_id(req)?, &req.input.bucket, prefix)?)
    }

    async fn list_multipart_uploads(
        &self,
        req: &mut S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<()> {
        let prefix = req.input.prefix.as_deref().unwrap_or_default();
        Ok(self.keys.check_path(key_id(req)?, &req.input.bucket, prefix)?)
    }

    async fn copy_object(&self, req: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        match &req.input.copy_source {
            CopySource::Bucket { bucket, key, .. } => {
                Ok(self.keys.check_path(key_id(req)?, bucket, key)?)
            }
            _ => Err(S3Failure::not_modelled("access points").into()),
        }
    }

    async fn delete_objects(&self, req: &mut S3Request<DeleteObjectsInput>) -> S3Result<()> {
        // Keys are refused one by one in the answer; the operation asks for itself.
        let checked = AllowedKeys { keys: Arc::clone(&self.keys), id: key_id(req)?.to_owned() };
        req.extensions.insert(checked);
        Ok(())
    }
}

/// Which keys the sender of a request may use.
#[derive(Debug, Clone)]
pub(super) struct AllowedKeys {
    keys: Arc<Keys>,
    id: String,
}

impl AllowedKeys {
    pub(super) fn check(&self, bucket: &str, key: &str) -> Result<(), S3Failure> {
        self.keys.check_path(&self.id, bucket, key)
    }
}

impl Access {
    async fn meet_faults(&self, cx: &mut S3AccessContext<'_>) -> Result<(), S3Failure> {
        let asked = Asked {
            operation: cx.s3_op().name(),
            bucket: cx.s3_path().get_bucket_name(),
            key: cx.s3_path().get_object_key(),
            by_copy: false,
        };
        let Some(effect) = self.faults.effect(&asked) else { return Ok(()) };
        tracing::debug!(operation = asked.operation, ?effect, "S3 fault by script");
        if let Some(failure) = effect.failure() {
            return Err(failure);
        }
        let has_body = matches!(asked.operation, "PutObject" | "UploadPart" | "GetObject");
        let exchange = cx.extensions_mut().get::<Exchange>().cloned().unwrap_or_default();
        match effect {
            Effect::Stall { millis } => tokio::time::sleep(Duration::from_millis(millis)).await,
            Effect::Cut if has_body => {
                cx.extensions_mut().insert(Cut::new(exchange));
            }
            Effect::Cut => return Err(Cut::new(exchange).now()),
            _ => exchange.silence(),
        }
        Ok(())
    }

    fn check_bucket(&self, id: &str, cx: &S3AccessContext<'_>) -> Result<(), S3Failure> {
        let operation = cx.s3_op().name();
        let Some(name) = cx.s3_path().get_bucket_name() else { return Ok(()) };
        if operation == "CreateBucket" {
            return self.keys.check_unlimited(id);
        }
        let bucket = self.store.bucket(name)?;
        if operation != "GetBucketLocation" {
            check_region(cx, &bucket.config.region)?;
        }
        match cx.s3_path().get_object_key() {
            Some(key) => self.keys.check_path(id, name, key),
            None => self.keys.check_bucket(id, name),
        }
    }
}

fn key_id<T>(req: &S3Request<T>) -> Result<&str, S3Failure> {
    let credentials = req.credentials.as_ref().ok_or_else(S3Failure::access_denied)?;
    Ok(&credentials.access_key)
}

/// As S3: the endpoint of the signed region redirects. Only a bucket's own host name, which leads
/// to its region whatever was signed, can tell that the signature's region is wrong.
fn check_region(cx: &S3AccessContext<'_>, bucket_region: &str) -> Result<(), S3Failure> {
    match signed_region(cx.headers(), cx.uri()) {
        Some(signed) if signed != bucket_region => {
            if signed == "us-east-1" && super::serve::names_bucket(cx.headers()) {
                Err(S3Failure::wrong_region(signed, bucket_region))
            } else {
                Err(S3Failure::permanent_redirect(bucket_region))
            }
        }
        _ => Ok(()),
    }
}

/// The region of a credential scope, `key id/date/region/service/aws4_request`.
fn signed_region<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let header = headers.get(hyper::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match header.and_then(|value| value.split_once("Credential=")) {
        Some((_, scope)) => scope.split('/').nth(2),
        // In a presigned address the slashes are escaped.
        None => query_value(uri, "X-Amz-Credential")?.split("%2F").nth(2),
    }
}

fn presented_token<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<std::borrow::Cow<'a, str>> {
    let header = headers.get("x-amz-security-token").and_then(|value| value.to_str().ok());
    match header {
        Some(token) => Some(token.into()),
        None => {
            let token = query_value(uri, "X-Amz-Security-Token")?;
            percent_encoding::percent_decode_str(token).decode_utf8().ok()
        }
    }
}

fn query_value<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
