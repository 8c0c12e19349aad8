//! The softphone page: plain files inside the binary, served at `/softphone`. It is the living example of
//! the protocol of `/v1/webrtc`, needs nothing from elsewhere, and is told to load nothing from elsewhere.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EntityTag, HOST, HeaderMap,
        IF_NONE_MATCH, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
    web::{self, ServiceConfig},
};
use ring::digest::{SHA256, digest};

/// One file of the page.
#[derive(Debug)]
struct File {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Shortens the table below.
macro_rules! file {
    ($path:literal, $kind:expr, $name:literal) => {
        File {
            path: $path,
            kind: $kind,
            text: include_str!($name),
        }
    };
}

/// All there is.
const FILES: &[File] = &[
    file!("/softphone", HTML, "index.html"),
    file!("/softphone/softphone.css", CSS, "softphone.css"),
    file!("/softphone/icon.svg", SVG, "icon.svg"),
    file!("/softphone/address.js", JS, "address.js"),
    file!("/softphone/api.js", JS, "api.js"),
    file!("/softphone/call.js", JS, "call.js"),
    file!("/softphone/card.js", JS, "card.js"),
    file!("/softphone/dom.js", JS, "dom.js"),
    file!("/softphone/log.js", JS, "log.js"),
    file!("/softphone/meter.js", JS, "meter.js"),
    file!("/softphone/microphone.js", JS, "microphone.js"),
    file!("/softphone/pad.js", JS, "pad.js"),
    file!("/softphone/page.js", JS, "page.js"),
    file!("/softphone/people.js", JS, "people.js"),
    file!("/softphone/phone.js", JS, "phone.js"),
    file!("/softphone/sdp.js", JS, "sdp.js"),
    file!("/softphone/socket.js", JS, "socket.js"),
    file!("/softphone/status.js", JS, "status.js"),
    file!("/softphone/token.js", JS, "token.js"),
    file!("/softphone/tones.js", JS, "tones.js"),
    file!("/softphone/words.js", JS, "words.js"),
];

/// Registers every file of the page.
pub fn routes(config: &mut ServiceConfig) {
    for file in FILES {
        let tag = tag(file.text);
        let answer = move |request: HttpRequest| {
            let answer = serve(&request, file, &tag);
            async move { answer }
        };
        let resource = web::resource(file.path);
        let resource = resource.route(web::get().to(answer.clone()));
        config.service(resource.route(web::head().to(answer)));
    }
    // The browser keeps the fragment, and with it the token.
    let tidy = || async {
        let mut answer = HttpResponse::PermanentRedirect();
        answer.insert_header((LOCATION, "../softphone")).finish()
    };
    config.route("/softphone/", web::get().to(tidy));
}

/// A name for what the file holds: it changes with every byte.
fn tag(text: &str) -> EntityTag {
    let sum = digest(&SHA256, text.as_bytes());
    let hex = sum.as_ref().iter().take(16);
    EntityTag::new_strong(hex.map(|byte| format!("{byte:02x}")).collect())
}

/// The file, or 304 when the browser has it. It is kept but asked for each time: all files change together.
fn serve(request: &HttpRequest, file: &File, tag: &EntityTag) -> HttpResponse {
    let fresh = has(request.headers(), tag);
    let mut answer = match fresh {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    answer
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, policy(request.headers())))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        // Nobody who opened the page may steer it to another token.
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"));
    match fresh {
        true => answer.finish(),
        // The server leaves the body away when only the head was asked for.
        false => answer
            .insert_header((CONTENT_TYPE, file.kind))
            .body(file.text),
    }
}

/// Whether the browser has this very content (RFC 9110 §13.1.2: tags are compared weakly).
fn has(headers: &HeaderMap, tag: &EntityTag) -> bool {
    let mut tags = headers
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    tags.any(|one| {
        let one = one.trim();
        one == "*" || one.parse().is_ok_and(|one: EntityTag| one.weak_eq(tag))
    })
}

/// Everything from this server, nothing from elsewhere, nothing inline. Some browsers do not count a
/// WebSocket to the page's own host as `'self'`, so that one is named, as the browser itself named it.
fn policy(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".:-[]".contains(&b);
    let host = host.filter(|host| !host.is_empty() && host.bytes().all(plain));
    let sockets = host.map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/softphone");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("/softphone/{name}");
            let served = FILES.iter().any(|file| file.path == path);
            assert!(served || name == "mod.rs" || name == "index.html", "{name}");
        }
    }

    #[test]
    fn tags_are_found_among_others() {
        let tag = tag("a");
        let mut headers = HeaderMap::new();
        assert!(!has(&headers, &tag));
        for (sent, found) in [
            (tag.to_string(), true),
            (format!("\"x\", W/{tag}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
            ("nonsense".to_owned(), false),
        ] {
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(&sent).unwrap());
            assert_eq!(has(&headers, &tag), found, "{sent}");
        }
    }

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        let mut headers = HeaderMap::new();
        for (host, named) in [
            ("localhost:8080", true),
            ("[::1]:8080", true),
            ("a; script-src *", false),
            ("", false),
        ] {
            headers.insert(HOST, HeaderValue::from_str(host).unwrap());
            let policy = policy(&headers);
            assert_eq!(policy.contains("ws://"), named, "{policy}");
            assert!(!policy.contains('*'), "{policy}");
        }
    }
}
