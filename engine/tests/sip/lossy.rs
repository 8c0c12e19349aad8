//! A network that loses every third datagram in each direction: everything comes through in the end.

use crate::{
    calls::{next_call, with_sdp},
    listener::Listener,
    peer::*,
};
use engine::{Arrival, leg::LegEvent};
use std::net::SocketAddr;
use strowger_engine as engine;
use tokio::net::UdpSocket;

/// Sits between a peer and the engine and drops by a fixed pattern.
async fn lossy(engine: SocketAddr) -> SocketAddr {
    let near = UdpSocket::bind(local()).await.unwrap();
    let far = UdpSocket::bind(local()).await.unwrap();
    let address = near.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut peer, mut count) = (None, 0_u32);
        let (mut a, mut b) = (vec![0; 65_535], vec![0; 65_535]);
        loop {
            tokio::select! {
                Ok((n, from)) = near.recv_from(&mut a) => {
                    peer = Some(from);
                    count += 1;
                    if count % 3 != 1 {
                        let _ = far.send_to(&a[..n], engine).await;
                    }
                }
                Ok((n, _)) = far.recv_from(&mut b) => {
                    count += 1;
                    if count % 3 != 1 && let Some(peer) = peer {
                        let _ = near.send_to(&b[..n], peer).await;
                    }
                }
            }
        }
    });
    address
}

/// Sends until an answer with this CSeq method and a final status comes, as timers A and E do.
async fn insist(peer: &Peer, text: &str, method: &str) -> String {
    for _ in 0..40 {
        peer.socket
            .send_to(text.as_bytes(), peer.engine)
            .await
            .unwrap();
        let mut buffer = vec![0; 65_535];
        let wait = std::time::Duration::from_millis(60);
        while let Ok(Ok(n)) = tokio::time::timeout(wait, peer.socket.recv(&mut buffer)).await {
            let answer = String::from_utf8_lossy(&buffer[..n]).into_owned();
            if answer.starts_with("SIP/2.0 ")
                && status(&answer) >= 200
                && header(&answer, "CSeq").contains(method)
            {
                return answer;
            }
        }
    }
    panic!("no answer to {method}")
}

#[tokio::test]
async fn registrations_and_calls_survive_loss() {
    let (endpoint, mut arrivals) = start(config()).await;
    let network = lossy(endpoint.bound().udp[0]).await;
    let phone = Peer::new(network).await;
    let switchboard = tokio::spawn({
        let endpoint = endpoint.clone();
        async move {
            let mut seen = (0, 0);
            let Some(Arrival::Register(registration)) = arrivals.recv().await else {
                panic!()
            };
            registration.reply.send(200, None, vec![]);
            seen.0 += 1;
            let call = next_call(&mut arrivals).await;
            seen.1 += 1;
            let (listener, mut news) = Listener::new();
            endpoint.claim(call.leg, listener).unwrap();
            endpoint.ring(call.leg).unwrap();
            endpoint.answer(call.leg, None).unwrap();
            assert_eq!(news.next().await, LegEvent::Confirmed);
            assert!(matches!(news.next().await, LegEvent::Ended(_)));
            assert!(arrivals.try_recv().is_err(), "repetitions are absorbed");
            seen
        }
    });
    let register = wire(&request("REGISTER", phone.address(), "l1", ""));
    assert_eq!(status(&insist(&phone, &register, "REGISTER").await), 200);
    let contact = format!("Contact: <sip:alice@{}>", phone.address());
    let invite = request("INVITE", phone.address(), "l2", &contact);
    let ok = insist(&phone, &with_sdp(&invite), "INVITE").await;
    assert_eq!(status(&ok), 200);
    let inside = |method: &str, cseq: u32| {
        let uri = header(&ok, "Contact").trim_matches(['<', '>']);
        wire(&format!(
            "{method} {uri} SIP/2.0
             Via: SIP/2.0/UDP {};rport;branch=z9hG4bKin{method}
             Max-Forwards: 70\nFrom: {}\nTo: {}\nCall-ID: {}\nCSeq: {cseq} {method}\nContent-Length: 0",
            phone.address(),
            header(&ok, "From"),
            header(&ok, "To"),
            header(&ok, "Call-ID"),
        ))
    };
    for _ in 0..3 {
        phone
            .socket
            .send_to(inside("ACK", 1).as_bytes(), phone.engine)
            .await
            .unwrap();
    }
    assert_eq!(status(&insist(&phone, &inside("BYE", 2), "BYE").await), 200);
    assert_eq!(switchboard.await.unwrap(), (1, 1));
}
