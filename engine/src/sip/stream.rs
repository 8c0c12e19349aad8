//! Cuts messages out of a TCP or TLS stream (RFC 3261 §18.3).

use bytes::{Buf, Bytes, BytesMut};

use super::{
    Fault, MAX_MESSAGE_BYTES, Message, ParseError,
    head::{head_length, parse_head},
};

/// What was found at the front of a stream.
#[derive(Debug)]
pub enum Frame {
    /// A whole message.
    Message(Message),
    /// A double line end: a ping to be answered with one line end (RFC 5626 §3.5.1).
    Ping,
    /// A message whose end cannot be told: to be answered as [`check_request`](super::check_request)
    /// says, and then the connection to be closed.
    Last(Message),
}

/// Finds messages in the bytes of one connection and remembers how far it looked.
#[derive(Debug, Default)]
pub struct Framer {
    /// Bytes in front that are known to hold no end of a head.
    searched: usize,
    /// A head whose body is not complete, and the length of that body.
    pending: Option<(Box<Message>, usize)>,
}

impl Framer {
    /// A framer at the start of a connection.
    pub fn new() -> Framer {
        Framer::default()
    }

    /// Says whether a head was taken whose body is still to come.
    pub fn awaits_body(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes the next frame off the front of the buffer; `None` when more bytes are needed. To be called
    /// until it says so. Without a Content-Length, which streams must have, there is no body.
    ///
    /// # Errors
    /// [`ParseError`] when this is no SIP or a message is larger than [`MAX_MESSAGE_BYTES`]: the
    /// connection is to be closed.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, ParseError> {
        if self.pending.is_none() {
            if let Some(ping) = skip_line_ends(buffer) {
                return Ok(ping);
            }
            let Some((message, head)) = self.head(buffer)? else {
                return Ok(None);
            };
            let length = match message.content_length() {
                Ok(length) => length.unwrap_or(0),
                Err(fault) => return Ok(Some(last(message, fault))),
            };
            if length > MAX_MESSAGE_BYTES - head {
                return Ok(Some(last(message, Fault::TooLarge)));
            }
            self.pending = Some((Box::new(message), length));
        }
        match self.pending.take() {
            Some((mut message, length)) if buffer.len() >= length => {
                message.body = Bytes::copy_from_slice(&buffer.split_to(length));
                Ok(Some(Frame::Message(*message)))
            }
            pending => {
                self.pending = pending;
                Ok(None)
            }
        }
    }

    /// Takes a whole head off the buffer; hands back its length too, within the limit.
    fn head(&mut self, buffer: &mut BytesMut) -> Result<Option<(Message, usize)>, ParseError> {
        let from = self.searched.saturating_sub(3);
        let Some(length) = buffer.get(from..).and_then(head_length) else {
            self.searched = buffer.len();
            return match buffer.len() > MAX_MESSAGE_BYTES {
                true => Err(ParseError::TooLarge),
                false => Ok(None),
            };
        };
        self.searched = 0;
        let length = from + length;
        if length > MAX_MESSAGE_BYTES {
            return Err(ParseError::TooLarge);
        }
        Ok(Some((parse_head(&buffer.split_to(length))?, length)))
    }
}

/// Skips line ends between messages. `Some` answers for the caller: a ping, or nothing but waiting.
fn skip_line_ends(buffer: &mut BytesMut) -> Option<Option<Frame>> {
    loop {
        match buffer.as_ref() {
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                buffer.advance(4);
                return Some(Some(Frame::Ping));
            }
            b"" | b"\r" | b"\r\n" | b"\r\n\r" => return Some(None),
            // One at a time, so that it does not matter how many have arrived.
            [b'\r' | b'\n', ..] => buffer.advance(1),
            _ => return None,
        }
    }
}

fn last(mut message: Message, fault: Fault) -> Frame {
    message.fault.get_or_insert(fault);
    Frame::Last(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: &[u8] = b"\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\nl: 3\r\n\r\nabc\r\nBYE sip:c@d SIP/2.0\r\nContent-Length: 0\r\n\r\n";

    fn frames(chunks: &[&[u8]]) -> Vec<String> {
        let (mut framer, mut buffer, mut out) = (Framer::new(), BytesMut::new(), vec![]);
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            while let Some(frame) = framer.next(&mut buffer).unwrap() {
                out.push(match frame {
                    Frame::Ping => "ping".to_owned(),
                    Frame::Message(m) => format!("{} {}", m.method().unwrap(), m.body().len()),
                    Frame::Last(m) => format!("last {:?}", m.fault().unwrap()),
                });
            }
        }
        out
    }

    #[test]
    fn messages_come_out_however_they_were_cut() {
        let expected = ["ping", "OPTIONS 3", "BYE 0"];
        assert_eq!(frames(&[TWO]), expected);
        let bytes: Vec<&[u8]> = TWO.chunks(1).collect();
        assert_eq!(frames(&bytes), expected);
    }

    #[test]
    fn a_ping_is_one_behind_other_line_ends_too() {
        let expected = ["ping", "ping"];
        let ends = b"\n\r\n\r\n\r\r\n\r\n";
        assert_eq!(frames(&[ends]), expected);
        let bytes: Vec<&[u8]> = ends.chunks(1).collect();
        assert_eq!(frames(&bytes), expected);
    }

    #[test]
    fn a_length_that_is_none_ends_the_stream() {
        assert_eq!(
            frames(&[b"OPTIONS sip:a@b SIP/2.0\r\nl: -9\r\n\r\n"]),
            ["last ContentLength"]
        );
        assert_eq!(
            frames(&[b"OPTIONS sip:a@b SIP/2.0\r\nl: 99999999\r\n\r\n"]),
            ["last TooLarge"]
        );
        assert_eq!(
            frames(&[b"OPTIONS sip:a@b SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n"]),
            ["last ContentLength"]
        );
    }

    #[test]
    fn endless_heads_and_noise_are_refused() {
        let (mut framer, mut buffer) = (Framer::new(), BytesMut::zeroed(MAX_MESSAGE_BYTES + 1));
        assert_eq!(framer.next(&mut buffer).unwrap_err(), ParseError::TooLarge);
        let mut buffer = BytesMut::from("GET / HTTP/1.1\r\n\r\n");
        assert_eq!(
            Framer::new().next(&mut buffer).unwrap_err(),
            ParseError::StartLine
        );
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(cuts in proptest::collection::vec(0..TWO.len(), 0..6)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut chunks, mut at) = (vec![], 0);
            for cut in cuts {
                chunks.push(&TWO[at..cut]);
                at = cut;
            }
            chunks.push(&TWO[at..]);
            prop_assert_eq!(frames(&chunks), ["ping", "OPTIONS 3", "BYE 0"]);
        }

        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (mut framer, mut buffer) = (Framer::new(), BytesMut::from(bytes.as_slice()));
            while let Ok(Some(_)) = framer.next(&mut buffer) {}
        }
    }
}
