//! Requests outside calls: OPTIONS probes and REGISTER towards a trunk.

use crate::{calls::respond, peer::*};
use engine::{
    Request, RequestError,
    leg::{Credentials, Hop, Party, Transport},
};
use std::time::Duration;
use strowger_engine as engine;

fn ask(method: &str, to: &Peer) -> Request {
    Request {
        method: method.to_owned(),
        uri: "sip:trunk.test".to_owned(),
        hop: Some(Hop::Host {
            host: to.address().ip().to_string(),
            port: Some(to.address().port()),
            transport: Some(Transport::Udp),
        }),
        from: Party {
            name: None,
            user: "us".to_owned(),
            uri: "sip:us@trunk.test".to_owned(),
        },
        to: Party {
            name: None,
            user: "us".to_owned(),
            uri: "sip:us@trunk.test".to_owned(),
        },
        headers: vec![],
        credentials: None,
    }
}

#[tokio::test]
async fn a_probe_is_answered() {
    let (endpoint, _arrivals) = start(config()).await;
    let trunk = Peer::new(endpoint.bound().udp[0]).await;
    let request = ask("OPTIONS", &trunk);
    let waiting = tokio::spawn({
        let endpoint = endpoint.clone();
        async move { endpoint.request(request).await }
    });
    let options = trunk.receive().await;
    assert!(options.starts_with("OPTIONS sip:trunk.test SIP/2.0"));
    assert_eq!(header(&options, "Max-Forwards"), "70");
    assert_eq!(trunk.receive().await, options, "timer E");
    trunk.send(&respond(&options, "100 Trying", "t", "")).await;
    trunk
        .send(&respond(&options, "404 Not Found", "t", ""))
        .await;
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!((answer.status, answer.source), (404, trunk.address()));
}

#[tokio::test]
async fn a_registration_answers_one_challenge_and_knows_its_expiry() {
    let (endpoint, _arrivals) = start(config()).await;
    let trunk = Peer::new(endpoint.bound().udp[0]).await;
    let mut request = ask("REGISTER", &trunk);
    request.credentials = Some(Credentials {
        username: "us".to_owned(),
        password: "secret".to_owned(),
    });
    request.headers = vec![("Expires".to_owned(), "600".to_owned())];
    let mut numbers = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..2 {
        let waiting = tokio::spawn({
            let (endpoint, request) = (endpoint.clone(), request.clone());
            async move { endpoint.request(request).await }
        });
        let first = trunk.receive().await;
        let contact = header(&first, "Contact").to_owned();
        assert!(
            contact.contains(&endpoint.bound().udp[0].to_string()),
            "{contact}"
        );
        let challenge =
            "WWW-Authenticate: Digest realm=\"t\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"";
        trunk
            .send(&respond(&first, "401 Unauthorized", "t", challenge))
            .await;
        let second = trunk.receive().await;
        assert!(header(&second, "Authorization").contains("uri=\"sip:trunk.test\""));
        let granted = format!(
            "Contact: <sip:other@192.0.2.1>;expires=9, {contact};expires=300\nExpires: 600"
        );
        trunk.send(&respond(&second, "200 OK", "t", &granted)).await;
        let answer = waiting.await.unwrap().unwrap();
        assert_eq!((answer.status, answer.expires), (200, Some(300)));
        calls.push(header(&second, "Call-ID").to_owned());
        for message in [&first, &second] {
            let number: u32 = header(message, "CSeq")
                .split(' ')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            numbers.push(number);
        }
    }
    assert_eq!(calls[0], calls[1]);
    assert!(numbers.windows(2).all(|w| w[0] < w[1]), "{numbers:?}");
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_for_ever() {
    let (endpoint, _arrivals) = start(config()).await;
    let trunk = Peer::new(endpoint.bound().udp[0]).await;
    let mut request = ask("REGISTER", &trunk);
    request.credentials = Some(Credentials {
        username: "us".to_owned(),
        password: "wrong".to_owned(),
    });
    let waiting = tokio::spawn({
        let endpoint = endpoint.clone();
        async move { endpoint.request(request).await }
    });
    for nonce in ["n1", "n2"] {
        let register = trunk.receive().await;
        let challenge = format!("WWW-Authenticate: Digest realm=\"t\", nonce=\"{nonce}\"");
        trunk
            .send(&respond(&register, "401 Unauthorized", "t", &challenge))
            .await;
    }
    assert_eq!(waiting.await.unwrap().unwrap().status, 401);
    assert!(trunk.is_quiet(Duration::from_millis(100)).await);
}

#[tokio::test]
async fn silence_and_unusable_addresses_are_told_apart() {
    let mut config = config();
    config.timers.t1 = Duration::from_millis(5);
    let (endpoint, _arrivals) = start(config).await;
    let trunk = Peer::new(endpoint.bound().udp[0]).await;
    assert_eq!(
        endpoint.request(ask("OPTIONS", &trunk)).await,
        Err(RequestError::Timeout)
    );
    let mut bad = ask("OPTIONS", &trunk);
    bad.uri = "not a uri".to_owned();
    assert_eq!(endpoint.request(bad).await, Err(RequestError::Address));
    let mut closed = ask("OPTIONS", &trunk);
    closed.hop = Some(Hop::Host {
        host: "127.0.0.1".to_owned(),
        port: Some(1),
        transport: Some(Transport::Tcp),
    });
    assert_eq!(
        endpoint.request(closed).await,
        Err(RequestError::Unreachable)
    );
}
