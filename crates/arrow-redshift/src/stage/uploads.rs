//! Multipart uploads that a crash left open. S3 keeps and bills their parts, shows them in no
//! listing of objects, and `object_store` cannot list them: this request is made here, signed and
//! sent with `object_store`'s own means. So is the one that asks how an object is encrypted, which
//! `object_store` does not tell.

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use chrono::{DateTime, Utc};
use object_store::{
    aws::{AmazonS3, AwsAuthorizer},
    client::{HttpClient, HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector},
    multipart::MultipartStore,
    path::Path,
};
use serde::Deserialize;
use url::Url;

use super::{
    credentials::Access,
    endpoint,
    failure::{Action, Request, causes},
    store::client_options,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::S3Config,
};

/// Lists and aborts the unfinished uploads of one bucket.
pub(super) struct Uploads {
    access: Access,
    bucket: String,
    url: Url,
    store: Arc<AmazonS3>,
}

/// An upload that was begun and neither completed nor aborted.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Upload {
    pub key: String,
    pub upload_id: String,
    pub initiated: DateTime<Utc>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Page {
    upload: Vec<Upload>,
    is_truncated: bool,
    next_key_marker: String,
    next_upload_id_marker: String,
}

impl Uploads {
    pub fn new(
        config: &S3Config,
        access: Access,
        bucket: &str,
        store: Arc<AmazonS3>,
    ) -> Result<Uploads> {
        let endpoint = endpoint::of_bucket(config, &access.region, bucket)?;
        let internal = |what: &str| Error::new(ErrorKind::Internal, what).with("bucket", bucket);
        let url = Url::parse(&endpoint)
            .map_err(|error| internal("cannot make a URL of the bucket").source(error))?;
        Ok(Uploads { access, bucket: bucket.to_owned(), url, store })
    }

    /// Aborts those open uploads below a prefix, which may be empty, for which `goes` says so, and
    /// gives their number. Two pages of the list are held at a time.
    pub async fn abort_all(&self, prefix: &Path, goes: impl Fn(&Upload) -> bool) -> Result<u64> {
        let prefix = match prefix.as_ref() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let http = self.http()?;
        let mut aborted = 0;
        let mut next = Some(self.page(&http, &prefix, &Page::default()).await?);
        while let Some(page) = next {
            // Asked for first: a page begins behind the last one's last upload, which must be
            // there for that.
            next = match page.is_truncated {
                true => Some(self.page(&http, &prefix, &page).await?),
                false => None,
            };
            for upload in page.upload.iter().filter(|upload| goes(upload)) {
                self.abort(upload).await?;
                aborted += 1;
            }
        }
        Ok(aborted)
    }

    /// Every open upload below a prefix, which may be empty.
    pub async fn list(&self, prefix: &Path) -> Result<Vec<Upload>> {
        let prefix = match prefix.as_ref() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let http = self.http()?;
        let mut found = Vec::new();
        let mut page = self.page(&http, &prefix, &Page::default()).await?;
        loop {
            found.append(&mut page.upload);
            if !page.is_truncated {
                return Ok(found);
            }
            page = self.page(&http, &prefix, &page).await?;
        }
    }

    /// How S3 says that an object is encrypted: `AES256`, `aws:kms` and the like; `None` where it
    /// says nothing.
    pub async fn encryption(&self, path: &Path) -> Result<Option<String>> {
        let place = Request { action: Action::Head, bucket: &self.bucket, key: path.as_ref() };
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| Error::new(ErrorKind::Internal, "the bucket's URL has no path"))?
            .extend(path.parts().map(|part| part.as_ref().to_owned()));
        let request = self.sign(url.as_str()).await.map_err(|error| place.failed(error))?;
        // The header comes with the object; of its body nothing is read.
        let answer = self.http()?.execute(request).await.map_err(|error| {
            Error::new(
                ErrorKind::StorageUnavailable,
                "cannot look at a staged part: S3 cannot be reached",
            )
            .with("bucket", &self.bucket)
            .detail(causes(&error))
        })?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(place.answered(status, ""));
        }
        let header = answer.headers().get("x-amz-server-side-encryption");
        Ok(header.and_then(|value| value.to_str().ok()).map(str::to_owned))
    }

    fn http(&self) -> Result<HttpClient> {
        let options = client_options(self.url.scheme() == "https");
        ReqwestConnector::default().connect(&options).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot set up an HTTP client").source(error)
        })
    }

    /// Aborts an upload; one that is gone already is no error.
    pub async fn abort(&self, upload: &Upload) -> Result<()> {
        let request =
            Request { action: Action::AbortUpload, bucket: &self.bucket, key: &upload.key };
        let path = Path::parse(&upload.key).map_err(|error| request.failed(error.into()))?;
        match self.store.abort_multipart(&path, &upload.upload_id).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(request.failed(error)),
        }
    }

    async fn page(&self, http: &HttpClient, prefix: &str, after: &Page) -> Result<Page> {
        // The same bounds as for the requests that object_store retries by itself.
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(10)
            .with_total_delay(Some(Duration::from_secs(60)));
        (|| self.ask(http, prefix, after))
            .retry(backoff)
            .when(|error| error.kind() == ErrorKind::StorageUnavailable)
            .await
    }

    async fn ask(&self, http: &HttpClient, prefix: &str, after: &Page) -> Result<Page> {
        let place = Request { action: Action::ListUploads, bucket: &self.bucket, key: prefix };
        let broken = |kind, what: &str, cause: String| {
            Error::new(kind, format!("cannot list unfinished uploads: {what}"))
                .with("bucket", &self.bucket)
                .detail(cause)
        };
        let request = self.signed(prefix, after).await.map_err(|error| place.failed(error))?;
        let unavailable = ErrorKind::StorageUnavailable;
        let response = http
            .execute(request)
            .await
            .map_err(|error| broken(unavailable, "S3 cannot be reached", causes(&error)))?;
        let status = response.status().as_u16();
        let body = response
            .into_body()
            .bytes()
            .await
            .map_err(|error| broken(unavailable, "the answer broke off", causes(&error)))?;
        let text = String::from_utf8_lossy(&body);
        if status != 200 {
            return Err(place.answered(status, &text));
        }
        parse(&text).map_err(|error| {
            broken(ErrorKind::StorageFailed, "the answer is not S3's", error.to_string())
        })
    }

    async fn signed(&self, prefix: &str, after: &Page) -> object_store::Result<HttpRequest> {
        let mut url = self.url.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("uploads", "");
            for (name, value) in [
                ("prefix", prefix),
                ("key-marker", &after.next_key_marker),
                ("upload-id-marker", &after.next_upload_id_marker),
            ] {
                if !value.is_empty() {
                    query.append_pair(name, value);
                }
            }
        }
        // In S3's query a plus is a plus, a blank is %20.
        self.sign(&url.as_str().replace('+', "%20")).await
    }

    async fn sign(&self, url: &str) -> object_store::Result<HttpRequest> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = url.parse().map_err(|error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })?;
        let credential = self.access.credentials.get_credential().await?;
        AwsAuthorizer::new(&credential, "s3", &self.access.region).authorize(&mut request, None);
        Ok(request)
    }
}

fn parse(text: &str) -> Result<Page, quick_xml::DeError> {
    quick_xml::de::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read() {
        let page = parse(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Bucket>b</Bucket><KeyMarker></KeyMarker><UploadIdMarker/>
              <NextKeyMarker>p/a&amp;b</NextKeyMarker>
              <NextUploadIdMarker>u2</NextUploadIdMarker>
              <MaxUploads>2</MaxUploads><IsTruncated>true</IsTruncated>
              <Upload><Key>p/a</Key><UploadId>u1</UploadId>
                <Initiator><ID>i</ID></Initiator><StorageClass>STANDARD</StorageClass>
                <Initiated>2026-11-22T20:48:33.000Z</Initiated></Upload>
              <Upload><Key>p/a&amp;b</Key><UploadId>u2</UploadId>
                <Initiated>2026-11-22T20:48:34Z</Initiated></Upload>
            </ListMultipartUploadsResult>"#,
        )
        .unwrap();
        assert!(page.is_truncated);
        assert_eq!(
            (page.next_key_marker.as_str(), page.next_upload_id_marker.as_str()),
            ("p/a&b", "u2")
        );
        let uploads: Vec<_> = page
            .upload
            .iter()
            .map(|upload| (upload.key.as_str(), upload.upload_id.as_str()))
            .collect();
        assert_eq!(uploads, [("p/a", "u1"), ("p/a&b", "u2")]);
        assert_eq!(page.upload[0].initiated.timestamp(), 1_795_380_513);
    }

    #[test]
    fn an_empty_list_is_a_list() {
        let page = parse(
            r#"<ListMultipartUploadsResult><Bucket>b</Bucket>
            <IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"#,
        )
        .unwrap();
        assert!(page.upload.is_empty() && !page.is_truncated);
    }
}
