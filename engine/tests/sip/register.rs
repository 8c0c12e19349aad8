//! REGISTER: what the switchboard is handed and what comes back.

use crate::peer::*;
use engine::{Arrival, Arrivals, Registration};
use std::time::Duration;
use strowger_engine as engine;

async fn next(arrivals: &mut Arrivals) -> Registration {
    match tokio::time::timeout(LIMIT, arrivals.recv()).await {
        Ok(Some(Arrival::Register(registration))) => registration,
        _ => panic!("a registration arrives"),
    }
}

#[tokio::test]
async fn a_registration_is_handed_on_and_answered() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let text = request(
        "REGISTER",
        phone.address(),
        "r1",
        "Contact: <sip:alice@10.0.0.4:5062>;+sip.instance=\"<urn:uuid:1>\";reg-id=1;q=0.5;expires=60
         Expires: 120
         User-Agent: Test
         Authorization: Digest username=\"alice\"",
    );
    phone.send(&text).await;
    let registration = next(&mut arrivals).await;
    assert_eq!(registration.aor.user, "alice");
    assert_eq!(registration.expires, Some(120));
    assert_eq!(registration.source, phone.address());
    assert_eq!(registration.local, endpoint.bound().udp[0]);
    assert_eq!(registration.agent.as_deref(), Some("Test"));
    let authorization = registration.authorization.as_ref().unwrap();
    assert_eq!(authorization.value, "Digest username=\"alice\"");
    let contact = &registration.contacts[0];
    assert_eq!(contact.uri, "sip:alice@10.0.0.4:5062");
    assert_eq!(contact.instance.as_deref(), Some("urn:uuid:1"));
    assert_eq!(
        (contact.reg_id, contact.q, contact.expires),
        (Some(1), Some(500), Some(60))
    );
    // Repeated while nobody has answered: absorbed.
    phone.send(&text).await;
    let headers = vec![(
        "Contact".to_owned(),
        "<sip:alice@10.0.0.4:5062>;expires=60".to_owned(),
    )];
    registration.reply.send(200, None, headers);
    let ok = phone.receive().await;
    assert_eq!(status(&ok), 200);
    assert!(header(&ok, "To").contains(";tag="));
    assert_eq!(
        header(&ok, "Contact"),
        "<sip:alice@10.0.0.4:5062>;expires=60"
    );
    let port = phone.address().port();
    assert!(header(&ok, "Via").contains(&format!("rport={port}")));
    // Repeated afterwards: the same answer, and no second arrival.
    assert_eq!(phone.ask(&text).await, ok);
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test]
async fn a_to_tag_left_over_from_the_last_answer_is_no_dialog() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let text = request("REGISTER", phone.address(), "r6", "");
    phone
        .send(&text.replace(
            "To: <sip:alice@exchange.test>",
            "To: <sip:alice@exchange.test>;tag=old",
        ))
        .await;
    next(&mut arrivals).await.reply.send(200, None, Vec::new());
    assert_eq!(
        header(&phone.receive().await, "To"),
        "<sip:alice@exchange.test>;tag=old"
    );
}

#[tokio::test]
async fn a_forgotten_registration_is_answered_anyway() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    phone
        .send(&request("REGISTER", phone.address(), "r2", ""))
        .await;
    drop(next(&mut arrivals).await);
    assert_eq!(status(&phone.receive().await), 500);
}

#[tokio::test]
async fn a_busy_switchboard_means_503_with_retry_after() {
    let mut config = config();
    config.limits.arrivals = 1;
    let (endpoint, arrivals) = start(config).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    phone
        .send(&request("REGISTER", phone.address(), "r3", ""))
        .await;
    let refused = phone
        .ask(&request("REGISTER", phone.address(), "r4", ""))
        .await;
    assert_eq!(status(&refused), 503);
    assert_eq!(header(&refused, "Retry-After"), "5");
    drop(arrivals);
}

#[tokio::test]
async fn copies_that_came_another_way_are_merged() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    phone
        .send(&request("REGISTER", phone.address(), "r5", ""))
        .await;
    let registration = next(&mut arrivals).await;
    let copy = request("REGISTER", phone.address(), "r5", "").replace("z9hG4bKr5", "z9hG4bKother");
    assert_eq!(status(&phone.ask(&copy).await), 482);
    registration.reply.send(200, None, Vec::new());
    assert_eq!(status(&phone.receive().await), 200);
    assert!(phone.is_quiet(Duration::from_millis(200)).await);
}

#[tokio::test]
async fn a_registration_over_tcp_is_answered_on_its_connection() {
    let (endpoint, mut arrivals) = start(config()).await;
    let stream = tokio::net::TcpStream::connect(endpoint.bound().tcp[0])
        .await
        .unwrap();
    let address = stream.local_addr().unwrap();
    let mut phone = StreamPeer::new(stream);
    let text = request("REGISTER", address, "t1", "").replace("/UDP", "/TCP");
    phone.send(&text).await;
    let registration = next(&mut arrivals).await;
    assert_eq!(registration.transport, engine::leg::Transport::Tcp);
    assert_eq!(registration.source, address);
    registration.reply.send(200, None, Vec::new());
    assert_eq!(status(&phone.receive().await), 200);
}
