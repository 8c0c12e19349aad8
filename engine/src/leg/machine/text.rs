//! Messages and descriptions in a snapshot: as the text that stands on the wire.

/// `serde(with)` for a SIP message.
pub(super) mod message {
    use crate::sip::{Message, parse_datagram};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(message: &Message, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&String::from_utf8_lossy(&message.to_vec()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Message, D::Error> {
        let text = String::deserialize(from)?;
        parse_datagram(text.as_bytes()).map_err(D::Error::custom)
    }
}

/// `serde(with)` for a session description that may be absent.
pub(in crate::leg) mod session {
    use crate::sdp::Session;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(session: &Option<Session>, to: S) -> Result<S::Ok, S::Error> {
        match session {
            Some(session) => to.collect_str(session),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Session>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Session::parse(text.as_bytes()).map_err(D::Error::custom))
            .transpose()
    }
}
