//! A client of the REST API that knows nothing but HTTP and JSON.

use crate::contract::{self, Exchanged};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

/// A key and, for most operations, an account.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    key: String,
    account: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as sent.
    pub text: String,
    /// Body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// The `code` of an error body.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("")
    }

    /// The `id` of a resource.
    pub fn id(&self) -> String {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {}", self.text))
            .to_owned()
    }

    /// Claims a status and gives the `id`.
    #[track_caller]
    pub fn id_of(self, status: u16) -> String {
        let body = self.must_be(status);
        body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {body}"))
            .to_owned()
    }

    /// Claims a status and gives the body.
    #[track_caller]
    pub fn must_be(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.body
    }
}

impl Api {
    /// A client with a platform key and no account.
    pub fn new(base: &str, key: &str) -> Self {
        Self {
            client: Client::new(),
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            account: None,
        }
    }

    /// The same key acting on an account.
    pub fn on(&self, account: &str) -> Self {
        Self {
            account: Some(account.to_owned()),
            ..self.clone()
        }
    }

    /// Another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// The account it acts on.
    pub fn account(&self) -> &str {
        self.account.as_deref().unwrap_or("")
    }

    /// Where it talks to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request with credentials, to be completed by the test.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.key);
        match &self.account {
            Some(account) => request.header("DialStack-Account", account),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer, which must be as it is documented.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let (client, request) = request.build_split();
        let request = request.expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let sent = request
            .body()
            .and_then(|body| body.as_bytes())
            .map(<[u8]>::to_vec);
        let response = client.execute(request).await.expect("the exchange answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        contract::hold(&Exchanged {
            method: &method,
            path: &path,
            sent: sent.as_deref(),
            status: status.as_u16(),
            headers: &headers,
            text: Some(&text),
        });
        Answer {
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            status,
            headers,
            text,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }
}
