//! What the engine answers by itself.

use crate::peer::*;
use std::time::Duration;

#[tokio::test]
async fn options_say_what_we_can_do() {
    let (endpoint, _arrivals) = start(config()).await;
    let peer = Peer::new(endpoint.bound().udp[0]).await;
    let ask = request("OPTIONS", peer.address(), "o1", "Max-Forwards: 0")
        .replace("Max-Forwards: 70\n", "");
    let ok = peer.ask(&ask).await;
    assert_eq!(status(&ok), 200);
    assert!(header(&ok, "Allow").contains("INVITE"));
    assert_eq!(header(&ok, "Accept"), "application/sdp");
    assert!(header(&ok, "Supported").contains("100rel"));
    // Without state, and yet the same again.
    assert_eq!(peer.ask(&ask).await, ok);
}

#[tokio::test]
async fn what_makes_no_sense_outside_a_call_is_refused() {
    let (endpoint, mut arrivals) = start(config()).await;
    let peer = Peer::new(endpoint.bound().udp[0]).await;
    let cases = [
        ("MESSAGE", "", 405),
        ("PUBLISH", "", 405),
        ("DANCE", "", 501),
        ("BYE", "", 481),
        ("INFO", "", 481),
        ("NOTIFY", "", 481),
        ("UPDATE", "", 481),
        ("PRACK", "", 481),
        ("REFER", "Refer-To: <sip:x@y>", 403),
        ("OPTIONS", "Require: teleportation", 420),
        ("REGISTER", "Call-ID: twice@test", 400),
    ];
    for (number, (method, more, expected)) in cases.into_iter().enumerate() {
        let branch = format!("x{number}");
        let answer = peer
            .ask(&request(method, peer.address(), &branch, more))
            .await;
        assert_eq!(status(&answer), expected, "{method} {more}");
        if matches!(expected, 405 | 501) {
            assert!(header(&answer, "Allow").contains("INVITE"), "{method}");
        }
        if expected == 420 {
            assert_eq!(header(&answer, "Unsupported"), "teleportation");
        }
    }
    let scheme = request("INVITE", peer.address(), "s1", "").replacen(
        "sip:100@exchange.test",
        "urn:service:sos",
        1,
    );
    assert_eq!(status(&peer.ask(&scheme).await), 416);
    let version = request("OPTIONS", peer.address(), "s2", "").replacen("SIP/2.0", "SIP/7.0", 1);
    assert_eq!(status(&peer.ask(&version).await), 505);
    let hops =
        request("INVITE", peer.address(), "s3", "").replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(status(&peer.ask(&hops).await), 483);
    let inside = request("BYE", peer.address(), "s4", "").replace(
        "To: <sip:alice@exchange.test>",
        "To: <sip:alice@exchange.test>;tag=none",
    );
    assert_eq!(status(&peer.ask(&inside).await), 481);
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test]
async fn noise_is_dropped_and_stun_is_answered() {
    let (endpoint, _arrivals) = start(config()).await;
    let peer = Peer::new(endpoint.bound().udp[0]).await;
    for noise in [
        &b"\r\n\r\n"[..],
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        &[0xff; 100],
    ] {
        peer.socket.send_to(noise, peer.engine).await.unwrap();
    }
    assert!(peer.is_quiet(Duration::from_millis(100)).await);
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend(1..=12);
    peer.socket.send_to(&stun, peer.engine).await.unwrap();
    let mut buffer = [0; 64];
    let (length, _) = peer.socket.recv_from(&mut buffer).await.unwrap();
    assert_eq!((length, &buffer[..2]), (32, &[1, 1][..]));
}

#[tokio::test]
async fn a_strict_router_is_understood() {
    let (endpoint, mut arrivals) = start(config()).await;
    let us = endpoint.bound().udp[0];
    let peer = Peer::new(us).await;
    let routed = request(
        "INVITE",
        peer.address(),
        "r1",
        "Contact: <sip:a@127.0.0.1>\nRoute: <sip:777@exchange.test>",
    )
    .replacen("sip:100@exchange.test", &format!("sip:{us};lr"), 1);
    peer.send(&routed).await;
    let call = crate::calls::next_call(&mut arrivals).await;
    assert_eq!(call.dialled.user, "777");
    let loose = request(
        "INVITE",
        peer.address(),
        "r2",
        &format!("Contact: <sip:a@127.0.0.1>\nRoute: <sip:{us};lr>"),
    );
    peer.send(&loose).await;
    assert_eq!(
        crate::calls::next_call(&mut arrivals).await.dialled.user,
        "100"
    );
}

#[tokio::test]
async fn ipv6_works_alike() {
    let mut config = config();
    config.udp = vec!["[::1]:0".parse().unwrap()];
    let (endpoint, _arrivals) = start(config).await;
    let socket = tokio::net::UdpSocket::bind("[::1]:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let text = wire(&request("OPTIONS", address, "v6", ""));
    socket
        .send_to(text.as_bytes(), endpoint.bound().udp[0])
        .await
        .unwrap();
    let mut buffer = [0; 4096];
    let length = tokio::time::timeout(LIMIT, socket.recv(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status(std::str::from_utf8(&buffer[..length]).unwrap()), 200);
}
