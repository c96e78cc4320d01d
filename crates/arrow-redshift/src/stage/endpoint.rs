//! Where a bucket is reached.

use url::{Host, Url};

use crate::{
    error::{Error, ErrorKind, Result},
    options::S3Config,
};

/// The URL that stands before a bucket's keys, without a final slash.
///
/// HTTPS, unless the endpoint says http. The bucket is part of the host name, as AWS wants it,
/// except where it cannot be: with `s3.path-style-access`, on an endpoint without a name, and for
/// names with dots, which no wildcard certificate covers.
pub(super) fn of_bucket(config: &S3Config, region: &str, bucket: &str) -> Result<String> {
    let url = match &config.endpoint {
        Some(endpoint) => parse(endpoint)?,
        None => parse(&aws(region))?,
    };
    let base = url.as_str().trim_end_matches('/');
    let named = matches!(url.host(), Some(Host::Domain(name)) if name != "localhost");
    if config.path_style || !named || bucket.contains('.') {
        return Ok(format!("{base}/{bucket}"));
    }
    let scheme = format!("{}://", url.scheme());
    let rest = base.strip_prefix(&scheme).unwrap_or(base);
    Ok(format!("{scheme}{bucket}.{rest}"))
}

fn aws(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://s3.{region}.{domain}")
}

fn parse(endpoint: &str) -> Result<Url> {
    let invalid = |why: &str| {
        Error::new(ErrorKind::InvalidOptions, format!("cannot reach S3: the endpoint {why}"))
            .hint("give 's3.endpoint' as https://host[:port]")
    };
    // An endpoint may carry a password; it is never printed.
    let text = match endpoint.contains("://") {
        true => endpoint.to_owned(),
        false => format!("https://{endpoint}"),
    };
    let url = Url::parse(&text).map_err(|error| invalid("is no URL").source(error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("is neither https nor http"));
    }
    let plain = url.username().is_empty() && url.password().is_none();
    if !plain || url.query().is_some() || url.fragment().is_some() || !url.has_host() {
        return Err(invalid("is more than scheme, host, port and path"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: Option<&str>, path_style: bool, region: &str, bucket: &str) -> Result<String> {
        let config = S3Config {
            region: None,
            endpoint: endpoint.map(str::to_owned),
            path_style,
            credentials: None,
        };
        of_bucket(&config, region, bucket)
    }

    #[test]
    fn buckets_are_reached_where_they_are() {
        let aws = |path_style, region, bucket| url(None, path_style, region, bucket).unwrap();
        assert_eq!(aws(false, "us-east-1", "b"), "https://b.s3.us-east-1.amazonaws.com");
        assert_eq!(aws(true, "us-east-1", "b"), "https://s3.us-east-1.amazonaws.com/b");
        assert_eq!(aws(false, "us-east-1", "a.b"), "https://s3.us-east-1.amazonaws.com/a.b");
        assert_eq!(aws(false, "cn-north-1", "b"), "https://b.s3.cn-north-1.amazonaws.com.cn");
        let own = |endpoint, path_style| url(Some(endpoint), path_style, "r", "b").unwrap();
        assert_eq!(own("http://127.0.0.1:9000", false), "http://127.0.0.1:9000/b");
        assert_eq!(own("http://localhost:9000/", false), "http://localhost:9000/b");
        assert_eq!(own("https://s3.example.com", false), "https://b.s3.example.com");
        assert_eq!(own("https://s3.example.com/x/", true), "https://s3.example.com/x/b");
        assert_eq!(own("s3.example.com", true), "https://s3.example.com/b");
    }

    #[test]
    fn other_endpoints_are_refused_without_being_printed() {
        for endpoint in ["ftp://h", "https://u:secret@h", "https://h?x=secret", "https://"] {
            let error = url(Some(endpoint), true, "r", "b").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{endpoint}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}
