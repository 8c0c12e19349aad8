//! How messages find their transaction (RFC 3261 §17.1.3, §17.2.3). A key is a keyed 128-bit hash of what
//! the RFC compares: nobody outside can make two transactions collide, and nothing needs to be copied.

use crate::sip::{HeaderError, Message, Method, Name, Via};
use std::hash::{BuildHasher, Hash, RandomState};

/// A hashed key.
pub(crate) type Key = u128;

/// Makes keys; each engine has secrets of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    high: RandomState,
    low: RandomState,
}

impl Keys {
    /// Hashes anything.
    pub(crate) fn of(&self, what: impl Hash) -> Key {
        u128::from(self.high.hash_one(&what)) << 64 | u128::from(self.low.hash_one(&what))
    }

    /// A number below `2^64` that only depends on its input: for shards and for tags of answers that
    /// leave no state behind.
    pub(crate) fn short(&self, what: impl Hash) -> u64 {
        self.low.hash_one(&what)
    }

    /// The server transaction of a request: top branch, sent-by and method, where ACK finds its INVITE
    /// (§17.2.3). Without an RFC 3261 branch it is what RFC 2543 compared: Request-URI, From tag, Call-ID,
    /// CSeq number and top Via, and To unless it is an INVITE or its ACK, whose tag is ours.
    ///
    /// # Errors
    /// A header that the key needs is missing or malformed.
    pub(crate) fn server(
        &self,
        request: &Message,
        via: &Via,
        method: &Method,
    ) -> Result<Key, HeaderError> {
        let method = if *method == Method::Ack {
            &Method::Invite
        } else {
            method
        };
        if let Some(branch) = via.rfc3261_branch() {
            return Ok(self.of((branch, &*via.host, via.port, method.as_str())));
        }
        let to_tag = if *method == Method::Invite {
            None
        } else {
            request.to_tag()
        };
        Ok(self.of((
            request.uri().map(|u| u.as_str()),
            request.from_tag(),
            to_tag,
            request.call_id()?,
            request.cseq()?.number,
            (&*via.host, via.port, via.branch(), method.as_str()),
        )))
    }

    /// What two copies of one request have in common that came on different ways (§8.2.2.2).
    ///
    /// # Errors
    /// A header that the key needs is missing or malformed.
    pub(crate) fn merged(&self, request: &Message, method: &Method) -> Result<Key, HeaderError> {
        Ok(self.of((
            request.from_tag().or(request.header(Name::From)),
            request.call_id()?,
            request.cseq()?.number,
            method.as_str(),
        )))
    }

    /// The client transaction of a branch of ours (§17.1.3).
    pub(crate) fn client(&self, branch: &str, method: &Method) -> Key {
        self.of((branch, method.as_str()))
    }

    /// A dialog, from our side (§12).
    pub(crate) fn dialog(&self, call_id: &str, local_tag: &str, remote_tag: &str) -> Key {
        self.of((call_id, local_tag, remote_tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse_datagram;

    fn key(keys: &Keys, text: &str) -> Key {
        let message = parse_datagram(text.replace('\n', "\r\n").as_bytes()).unwrap();
        let via = message.via_top().unwrap();
        keys.server(&message, &via, message.method().unwrap())
            .unwrap()
    }

    fn request(method: &str, via: &str, to: &str) -> String {
        format!(
            "{method} sip:b@h SIP/2.0\nVia: SIP/2.0/UDP {via}\nFrom: <sip:a@h>;tag=f\nTo: {to}\nCall-ID: c\nCSeq: 1 {method}\n\n"
        )
    }

    #[test]
    fn branch_sent_by_and_method_decide() {
        let keys = Keys::default();
        let invite = key(&keys, &request("INVITE", "h;branch=z9hG4bK1", "<sip:b@h>"));
        assert_eq!(
            invite,
            key(
                &keys,
                &request("ACK", "h;branch=z9hG4bK1", "<sip:b@h>;tag=t")
            )
        );
        assert_ne!(
            invite,
            key(&keys, &request("CANCEL", "h;branch=z9hG4bK1", "<sip:b@h>"))
        );
        assert_ne!(
            invite,
            key(&keys, &request("INVITE", "h;branch=z9hG4bK2", "<sip:b@h>"))
        );
        assert_ne!(
            invite,
            key(&keys, &request("INVITE", "g;branch=z9hG4bK1", "<sip:b@h>"))
        );
        assert_ne!(
            invite,
            key(
                &keys,
                &request("INVITE", "h:5060;branch=z9hG4bK1", "<sip:b@h>")
            )
        );
    }

    #[test]
    fn an_old_client_is_recognised_without_branch() {
        let keys = Keys::default();
        let invite = key(&keys, &request("INVITE", "h:5060", "<sip:b@h>"));
        assert_eq!(
            invite,
            key(&keys, &request("ACK", "h:5060", "<sip:b@h>;tag=t"))
        );
        let bye = key(&keys, &request("BYE", "h:5060", "<sip:b@h>;tag=t"));
        assert_ne!(
            bye,
            key(&keys, &request("BYE", "h:5060", "<sip:b@h>;tag=u"))
        );
        assert_ne!(bye, invite);
    }
}
