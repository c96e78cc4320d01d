//! Requests signed by hand, for what object_store does not send.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

use redshift_local::{config::AccessKey, s3::S3};
use sha2::{Digest, Sha256};

/// A request to be signed.
pub struct Request<'a> {
    pub method: &'a str,
    /// Path, unescaped.
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub region: &'a str,
    pub key: AccessKey,
    /// The `x-amz-content-sha256` header; `None` is the body's own hash.
    pub payload: Option<&'a str>,
    /// The `Host` header; `None` is the endpoint's.
    pub host: Option<&'a str>,
}

impl<'a> Request<'a> {
    pub fn new(method: &'a str, path: &'a str) -> Request<'a> {
        Request {
            method,
            path,
            query: &[],
            headers: &[],
            body: b"",
            region: super::REGION,
            key: super::key(),
            payload: None,
            host: None,
        }
    }
}

/// An answer, or what came of it before the connection ended.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Reply {
    /// The text of the first XML element of that name.
    pub fn element(&self, name: &str) -> Option<&str> {
        self.elements(name).into_iter().next()
    }

    pub fn elements(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.body.split(open.as_str()).skip(1);
        parts.map(|part| part.split(close.as_str()).next().unwrap()).collect()
    }
}

/// Sends a request; `None` where the connection ends without an answer.
pub async fn send(s3: &S3, request: Request<'_>) -> Option<Reply> {
    let port = s3.port();
    let head = signed_head(&request, port);
    let body = request.body.to_vec();
    tokio::task::spawn_blocking(move || exchange(port, &head, &body)).await.unwrap()
}

fn exchange(port: u16, head: &str, body: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    // A server that cuts the connection may do so while the body is still on its way.
    let _cut = stream.write_all(body);
    let mut reply = Vec::new();
    let _cut = stream.read_to_end(&mut reply);
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned())).collect();
    Some(Reply { status, headers, body: body.to_owned() })
}

fn signed_head(request: &Request<'_>, port: u16) -> String {
    let now = chrono::Utc::now();
    let time = now.format("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{}/{}/s3/aws4_request", now.format("%Y%m%d"), request.region);
    let payload = request.payload.map_or_else(|| sha256(request.body), str::to_owned);
    let host = request.host.map_or(format!("127.0.0.1:{port}"), str::to_owned);
    let mut headers: BTreeMap<String, String> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
        .collect();
    headers.insert("host".into(), host);
    headers.insert("x-amz-date".into(), time.clone());
    headers.insert("x-amz-content-sha256".into(), payload.clone());
    if let Some(token) = &request.key.session_token {
        headers.insert("x-amz-security-token".into(), token.clone());
    }
    let path = escape(request.path, true);
    let mut query: Vec<_> = request
        .query
        .iter()
        .map(|(k, v)| format!("{}={}", escape(k, false), escape(v, false)))
        .collect();
    query.sort();
    let query = query.join("&");
    let names = headers.keys().cloned().collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(k, v)| format!("{k}:{v}\n")).collect();
    let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{payload}", request.method);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = format!("AWS4{}", request.key.secret).into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    let signature = hex::encode(hmac(&key, to_sign.as_bytes()));
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    let mut head = format!("{} {target} HTTP/1.1\r\nConnection: close\r\n", request.method);
    for (name, value) in &headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "Content-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={}/{scope}, \
         SignedHeaders={names}, Signature={signature}\r\n\r\n",
        request.body.len(),
        request.key.id,
    ));
    head
}

fn escape(text: &str, path: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                (byte as char).to_string()
            }
            b'/' if path => "/".into(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64, "a longer key would have to be hashed first");
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5C)).chain_update(inner).finalize().to_vec()
}
