//! A client of the exchange's own API, just good enough for the demonstration: one request a connection,
//! JSON both ways.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that did not bring what it should.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection, or it broke.
    #[error("{0} was not answered")]
    Connection(String, #[source] io::Error),
    /// An answer that is not HTTP with JSON.
    #[error("{0} was answered with something that is not JSON")]
    Unreadable(String),
    /// An answer that is not a success.
    #[error("{request} was answered with {status}: {body}")]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// Body as sent.
        body: String,
    },
    /// A field is missing.
    #[error("an answer has no {0}")]
    Missing(&'static str),
}

/// A platform key, and the account it acts on.
#[derive(Clone)]
pub(super) struct Client {
    address: SocketAddr,
    key: String,
    account: Option<String>,
}

impl Client {
    /// A client of the exchange that listens on `bound`.
    pub fn new(bound: SocketAddr, key: String) -> Self {
        let ip: IpAddr = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Self {
            address: SocketAddr::new(ip, bound.port()),
            key,
            account: None,
        }
    }

    /// The same key acting on an account.
    pub fn on(&self, account: String) -> Self {
        Self {
            account: Some(account),
            ..self.clone()
        }
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.ask("GET", path, String::new()).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, ApiError> {
        self.ask("POST", path, body.to_string()).await
    }

    async fn ask(&self, method: &str, path: &str, body: String) -> Result<Value, ApiError> {
        let request = format!("{method} {path}");
        let account = match &self.account {
            Some(account) => format!("DialStack-Account: {account}\r\n"),
            None => String::new(),
        };
        let text = format!(
            "{request} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n{account}\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            self.key,
            body.len()
        );
        let broken = |error| ApiError::Connection(request.clone(), error);
        let exchanged = timeout(PATIENCE, exchange(self.address, &text)).await;
        let answer = exchanged
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(broken)?;
        let (status, body) = split(&answer).ok_or_else(|| ApiError::Unreadable(request.clone()))?;
        if !(200..300).contains(&status) {
            return Err(ApiError::Refused {
                request,
                status,
                body: body.to_owned(),
            });
        }
        serde_json::from_str(body).map_err(|_| ApiError::Unreadable(request))
    }
}

async fn exchange(address: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Status and body of an answer whose body is not chunked, which no single resource's is.
fn split(answer: &str) -> Option<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, body))
}

/// A text of an answer.
pub(super) fn text(value: &Value, name: &'static str) -> Result<String, ApiError> {
    let text = value.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or(ApiError::Missing(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_split() {
        let answer = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(split(answer), Some((201, "{}")));
        for bad in [
            "",
            "HTTP/1.1 2\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n{}",
            "SIP/2.0 200 OK\r\n\r\n",
        ] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }
}
