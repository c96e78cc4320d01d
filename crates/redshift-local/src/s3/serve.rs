//! The listener and its connections.

use std::{io, sync::Arc, time::Duration};

use hyper::{
    HeaderMap, Request,
    body::Incoming,
    header::{HOST, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::{
    Body, HttpResponse, S3Result,
    host::{S3Host, VirtualHost},
    service::S3Service,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::cut::Exchange;

/// The host under which a bucket has a name of its own, `bucket.localhost`.
const DOMAIN: &str = ".localhost";
/// How long a connection may take to end after the server was told to stop.
const GRACE: Duration = Duration::from_millis(500);
/// How long the accept loop rests when the process is out of file descriptors or the like.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until it is cancelled, and ends when the last connection has ended.
pub(super) async fn serve(listener: TcpListener, service: S3Service, stop: CancellationToken) {
    let service = Arc::new(service);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => note_panic(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&service), stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the S3 stand-in could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    let ended = async {
        while let Some(ended) = connections.join_next().await {
            note_panic(ended);
        }
    };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        connections.shutdown().await;
    }
}

/// The client sees its connection end; the reason belongs into the log.
fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "an S3 connection's task panicked");
    }
}

/// Serves one connection; told to stop, it ends after the exchange under way.
async fn connection(stream: TcpStream, service: Arc<S3Service>, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "S3 connection without TCP_NODELAY");
    }
    let answer = service_fn(move |request| exchange(Arc::clone(&service), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go away in the middle, and some connections are cut by script.
        tracing::debug!(%error, "an S3 connection ended early");
    }
}

/// One request and its answer. An error ends the connection without one.
async fn exchange(service: Arc<S3Service>, request: Request<Incoming>) -> io::Result<HttpResponse> {
    let exchange = Exchange::default();
    let mut request = request.map(Body::from);
    request.extensions_mut().insert(exchange.clone());
    let mut response =
        service.call(request).await.map_err(|error| io::Error::other(format!("{error:?}")))?;
    if exchange.is_silent() {
        return Err(io::Error::other("the connection is cut by script"));
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-amz-request-id"), id);
    }
    Ok(response)
}

/// Reads the bucket from the host, where it names one.
#[derive(Debug)]
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_of(host) {
            Some(bucket) => VirtualHost::new(DOMAIN).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

fn bucket_of(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.strip_suffix(DOMAIN)
}

/// Whether a request's host names a bucket.
pub(super) fn names_bucket(headers: &HeaderMap) -> bool {
    headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(|h| bucket_of(h).is_some())
}
