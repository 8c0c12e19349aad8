//! Answers STUN binding requests on the SIP UDP port (RFC 5389, RFC 5626 §8), which phones send to keep
//! their NAT open and to notice that their address changed.

use std::net::{IpAddr, SocketAddr};

/// Marks a STUN message (RFC 5389 §6).
const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const XOR_MAPPED_ADDRESS: [u8; 2] = [0x00, 0x20];
const HEADER: usize = 20;

/// Says whether a datagram is STUN: its two top bits are zero and the magic cookie is in its place. No
/// SIP message begins like that.
pub(super) fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER
        && bytes.first().is_some_and(|b| b & 0xc0 == 0)
        && bytes.get(4..8) == Some(&MAGIC)
}

/// The answer to a binding request; `None` for any other STUN message.
pub(super) fn answer(request: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes(request.get(2..4)?.try_into().ok()?));
    if request.get(..2)? != BINDING_REQUEST || request.len() != HEADER + length {
        return None;
    }
    // Cookie and transaction id, which the address is masked with (§15.2).
    let mask = request.get(4..HEADER)?;
    let port = source.port() ^ u16::from_be_bytes([MAGIC[0], MAGIC[1]]);
    let (family, address) = match source.ip().to_canonical() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let value = u16::try_from(4 + address.len()).ok()?;
    let mut out = Vec::with_capacity(HEADER + 4 + usize::from(value));
    out.extend(BINDING_SUCCESS);
    out.extend((value + 4).to_be_bytes());
    out.extend(mask);
    out.extend(XOR_MAPPED_ADDRESS);
    out.extend(value.to_be_bytes());
    out.extend([0, family]);
    out.extend(port.to_be_bytes());
    out.extend(address.iter().zip(mask).map(|(a, m)| a ^ m));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<u8> {
        let mut r = vec![0, 1, 0, 0];
        r.extend(MAGIC);
        r.extend(1..=12);
        r
    }

    #[test]
    fn the_source_comes_back_masked() {
        let got = answer(&request(), "192.0.2.1:32853".parse().unwrap()).unwrap();
        assert_eq!(&got[..4], [1, 1, 0, 12]);
        assert_eq!(&got[4..20], &request()[4..20]);
        assert_eq!(&got[20..28], [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47]);
        assert_eq!(&got[28..], [0xe1, 0x12, 0xa6, 0x43]);
        let v6 = answer(&request(), "[2001:db8::1]:5060".parse().unwrap()).unwrap();
        assert_eq!(v6.len(), 44);
        assert_eq!(v6[25], 2);
    }

    #[test]
    fn anything_else_is_left_alone() {
        assert!(!is_stun(b"REGISTER sip:example.org SIP/2.0\r\n"));
        assert!(is_stun(&request()));
        let mut indication = request();
        indication[1] = 0x11;
        assert_eq!(answer(&indication, "192.0.2.1:1".parse().unwrap()), None);
        let mut short = request();
        short[3] = 4;
        assert_eq!(answer(&short, "192.0.2.1:1".parse().unwrap()), None);
    }
}
