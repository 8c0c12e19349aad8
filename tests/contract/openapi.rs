//! `/openapi.json` as it is served, held against the facts of the contract in `tests/data/contract.json`:
//! every path, method, parameter, body, field, type, word, bound and status of the operations built so far.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::shape::{Way, compare, plain, resolve};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn kept(name: &str) -> Value {
    let text = std::fs::read_to_string(data(name)).expect("a kept file");
    serde_json::from_str(&text).expect("a kept document")
}

/// The document of a running exchange.
async fn served() -> Value {
    let home = std::env::temp_dir().join(format!("strowger-contract-{:x}", rand::random::<u64>()));
    let mut config = web::Config {
        data_dir: home.clone(),
        ..web::Config::default()
    };
    config.http.listen = "127.0.0.1:0".parse().expect("an address");
    config.sip.udp = None;
    config.webrtc.udp = None;
    config.sip.tcp = None;
    let running = web::start(config).await.expect("a running exchange");
    let url = format!("http://{}/openapi.json", running.http());
    let answer = reqwest::get(url).await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let document = answer.json().await.expect("a document");
    running.stop().await;
    std::fs::remove_dir_all(home).expect("its directory goes");
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_keeps_every_promise_of_the_contract() {
    let (contract, document) = (kept("contract.json"), served().await);
    let mut faults = Vec::new();
    let operations = contract["operations"].as_object().expect("operations");
    assert_eq!(operations.len(), 53, "operations of the contract");
    for (name, wanted) in operations {
        let (method, path) = name.split_once(' ').expect("a method and a path");
        let operation = &document["paths"][path][method.to_lowercase()];
        if operation.is_null() {
            faults.push(format!("{name}: is not served"));
            continue;
        }
        parameters(&contract, &document, wanted, operation, name, &mut faults);
        body(&contract, &document, wanted, operation, name, &mut faults);
        answers(&contract, &document, wanted, operation, name, &mut faults);
    }
    events(&contract, &document, &mut faults);
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

fn parameters(
    contract: &Value,
    document: &Value,
    wanted: &Value,
    operation: &Value,
    name: &str,
    faults: &mut Vec<String>,
) {
    for (parameter, wanted) in wanted["parameters"].as_object().expect("parameters") {
        let (place, known) = parameter.split_once(' ').expect("a place and a name");
        let served = operation["parameters"].as_array().into_iter().flatten();
        let served = served.filter(|served| served["in"] == place && served["name"] == known);
        let [served] = served.collect::<Vec<_>>()[..] else {
            faults.push(format!("{name}: {parameter} is not there once"));
            continue;
        };
        let required = served["required"].as_bool().unwrap_or_default();
        if wanted["required"] != required {
            faults.push(format!("{name}: {parameter} required is {required}"));
        }
        let schema = plain(document, &served["schema"]);
        let place = format!("{name}: {parameter}");
        compare(
            &contract["shapes"],
            &wanted["schema"],
            &schema,
            Way::Request,
            &place,
            faults,
        );
    }
}

fn body(
    contract: &Value,
    document: &Value,
    wanted: &Value,
    operation: &Value,
    name: &str,
    faults: &mut Vec<String>,
) {
    let Some(wanted) = wanted.get("body") else {
        if operation.get("requestBody").is_some() {
            faults.push(format!("{name}: takes a body"));
        }
        return;
    };
    let served = &operation["requestBody"];
    let required = served["required"].as_bool().unwrap_or_default();
    if wanted["required"] != required {
        faults.push(format!("{name}: body required is {required}"));
    }
    for (kind, wanted) in wanted["content"].as_object().expect("content") {
        let schema = plain(document, &served["content"][kind]["schema"]);
        compare(
            &contract["shapes"],
            wanted,
            &schema,
            Way::Request,
            &format!("{name}: body"),
            faults,
        );
    }
}

fn answers(
    contract: &Value,
    document: &Value,
    wanted: &Value,
    operation: &Value,
    name: &str,
    faults: &mut Vec<String>,
) {
    let headers = &wanted["headers"];
    for (status, wanted) in wanted["responses"].as_object().expect("responses") {
        let served = resolve(document, &operation["responses"][status]);
        if served.is_null() {
            faults.push(format!("{name}: {status} is not documented"));
            continue;
        }
        let wanted = wanted.as_object().expect("content");
        for place in [
            &contract["headers"]["every"],
            &contract["headers"][status],
            &headers[status],
        ] {
            for (header, wanted) in place.as_object().into_iter().flatten() {
                let schema = plain(document, &served["headers"][header]["schema"]);
                let place = format!("{name}: {status} {header}");
                compare(
                    &contract["shapes"],
                    wanted,
                    &schema,
                    Way::Answer,
                    &place,
                    faults,
                );
            }
        }
        if wanted.is_empty() && served.get("content").is_some() {
            faults.push(format!("{name}: {status} has a body"));
        }
        for (kind, wanted) in wanted {
            let schema = plain(document, &served["content"][kind]["schema"]);
            compare(
                &contract["shapes"],
                wanted,
                &schema,
                Way::Answer,
                &format!("{name}: {status}"),
                faults,
            );
        }
    }
}

/// The data of every event.
fn events(contract: &Value, document: &Value, faults: &mut Vec<String>) {
    let stream = &document["paths"]["/v1/events"]["get"]["responses"]["200"]["content"];
    let shapes = &stream["text/event-stream"]["x-event-schemas"];
    let events = contract["events"].as_object().expect("events");
    assert_eq!(events.len(), 7, "events of the contract");
    for (event, wanted) in events {
        let schema = plain(document, &json!({"$ref": shapes[event]}));
        compare(
            &contract["shapes"],
            wanted,
            &schema,
            Way::Answer,
            event,
            faults,
        );
    }
}

/// `STROWGER_UPDATE=1` keeps what is served now.
#[tokio::test(flavor = "multi_thread")]
async fn openapi_is_the_kept_one() {
    let document = served().await;
    if std::env::var_os("STROWGER_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&document).expect("a document");
        std::fs::write(data("openapi.json"), text + "\n").expect("a written file");
    }
    assert_eq!(document["openapi"], "3.1.0");
    let same = document == kept("openapi.json");
    assert!(
        same,
        "the document changed: look at the change, then run `just openapi`"
    );
}
