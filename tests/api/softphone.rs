//! The softphone page as a browser gets it: what is served, with which headers, and that nothing in it
//! comes from elsewhere.

use harness::{Answer, Database, Exchange};
use reqwest::{Client, Method, StatusCode};

/// A client without credentials, as a browser that opens a page is.
async fn open(exchange: &Exchange, path: &str) -> Answer {
    let api = exchange.api();
    let request = Client::new().get(format!("{}{path}", api.base()));
    api.send(request).await
}

/// Every path below `/softphone` that the page and its modules name.
fn named(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split(['"', '\'']) {
        let file = part
            .strip_prefix("./")
            .or_else(|| part.strip_prefix("softphone/"));
        if let Some(file) = file.filter(|file| file.contains('.')) {
            found.push(format!("/softphone/{file}"));
        }
    }
    found
}

#[tokio::test]
async fn the_page_and_all_it_names_is_served_and_comes_from_here() {
    let exchange = Exchange::start(Database::Sqlite).await;
    let mut open_ones = vec!["/softphone".to_owned()];
    let mut seen = Vec::new();
    while let Some(path) = open_ones.pop() {
        if seen.contains(&path) {
            continue;
        }
        let answer = open(&exchange, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let kind = match path.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        let elsewhere = answer.text.replace("http://www.w3.org/2000/svg", "");
        for word in ["http://", "https://", "url(", "@import", "eval(", " style="] {
            assert!(!elsewhere.contains(word), "{word} in {path}");
        }
        open_ones.extend(named(&answer.text));
        seen.push(path);
    }
    assert!(seen.len() > 15, "{seen:?}");
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline() {
    let exchange = Exchange::start(Database::Sqlite).await;
    let page = open(&exchange, "/softphone").await;
    let host = exchange.running().http();
    let wanted = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    assert_eq!(page.header("content-security-policy"), wanted);
    for script in page.text.split("<script").skip(1) {
        assert!(script.starts_with(" type=\"module\" src=\"softphone/"));
    }
    for handler in ["onclick", "onload", "<style", "javascript:"] {
        assert!(!page.text.contains(handler), "{handler}");
    }
}

#[tokio::test]
async fn a_browser_that_has_the_page_is_not_sent_it_again() {
    let exchange = Exchange::start(Database::Sqlite).await;
    let api = exchange.api();
    let url = format!("{}/softphone/page.js", api.base());
    let first = open(&exchange, "/softphone/page.js").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");

    let again = Client::new().get(&url).header("If-None-Match", &tag);
    let again = api.send(again).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert_eq!((again.text.as_str(), again.header("etag")), ("", &*tag));
    let other = Client::new().get(&url).header("If-None-Match", "\"other\"");
    assert_eq!(api.send(other).await.status, StatusCode::OK);

    let head = Client::new().request(Method::HEAD, &url);
    let head = api.send(head).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    let length = first.text.len().to_string();
    assert_eq!(head.header("content-length"), length);
}

#[tokio::test]
async fn the_page_is_gone_when_it_is_switched_off() {
    let off = |config: &mut web::Config| config.http.softphone = false;
    let exchange = Exchange::start_with(Database::Sqlite, off).await;
    for path in ["/softphone", "/softphone/", "/softphone/page.js"] {
        let answer = open(&exchange, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.code(), "not_found", "{path}");
    }
    // The rest of the house is as it was.
    assert_eq!(open(&exchange, "/healthz").await.status, StatusCode::OK);
}
