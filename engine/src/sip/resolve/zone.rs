//! A name server for tests, on loopback.

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, NAPTR, SRV},
    },
};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::UdpSocket;

/// A name whose NAPTR question stays unanswered.
const MUTE: &str = "mute.test.";

/// Answers by a function from name and type.
pub(crate) async fn serve(
    zone: impl Fn(&str, RecordType) -> Vec<RData> + Send + 'static,
) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let Ok(message) = Message::from_vec(&buffer[..length]) else {
                continue;
            };
            let query = message.queries[0].clone();
            let name = query.name().to_ascii().to_ascii_lowercase();
            if name == MUTE && query.query_type() == RecordType::NAPTR {
                continue;
            }
            let records = zone(&name, query.query_type());
            let mut answer = message.into_response();
            if records.is_empty() {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            for data in records {
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
            let _ = socket.send_to(&answer.to_vec().unwrap(), from).await;
        }
    });
    address
}

/// An SRV record.
pub(crate) fn srv(priority: u16, port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(
        priority,
        10,
        port,
        Name::from_ascii(target).unwrap(),
    ))
}

/// A zone with one of everything.
pub(crate) fn example(name: &str, kind: RecordType) -> Vec<RData> {
    let a = |n| RData::A(A(Ipv4Addr::new(192, 0, 2, n)));
    let naptr = |order, service: &str, to: &str| {
        RData::NAPTR(NAPTR::new(
            order,
            0,
            (*b"s").into(),
            service.as_bytes().into(),
            [].into(),
            Name::from_ascii(to).unwrap(),
        ))
    };
    match (name, kind) {
        ("naptr.test.", RecordType::NAPTR) => vec![
            naptr(20, "SIP+D2U", "_sip._udp.naptr.test."),
            naptr(10, "SIP+D2T", "_sip._tcp.naptr.test."),
        ],
        ("_sip._tcp.naptr.test.", RecordType::SRV) => vec![srv(1, 5070, "one.test.")],
        ("_sip._udp.naptr.test.", RecordType::SRV) => {
            vec![srv(2, 5060, "one.test."), srv(1, 5060, "two.test.")]
        }
        (MUTE | "one.test.", RecordType::A) => vec![a(11)],
        ("two.test.", RecordType::A) => vec![a(12)],
        _ => vec![],
    }
}
