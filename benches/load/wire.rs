//! As much SIP as a load needs: texts of our own, and the lines of the peer's.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

/// A socket whose reads wait only so long.
pub fn socket(on: &str, wait: Duration) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(on)?;
    socket.set_read_timeout(Some(wait))?;
    Ok(socket)
}

/// What came within the socket's wait.
pub fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Option<(String, SocketAddr)>> {
    match socket.recv_from(buffer) {
        Ok((length, from)) => {
            let text = buffer.get(..length).unwrap_or_default();
            Ok(Some((String::from_utf8_lossy(text).into_owned(), from)))
        }
        Err(error) if is_patience(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_patience(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::ConnectionRefused
    )
}

/// The status of a response, `None` for a request.
pub fn status(message: &str) -> Option<u16> {
    message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// The value of a header's first line; names as the exchange writes them.
pub fn header<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    let head = message.split("\r\n\r\n").next()?;
    let mut lines = head.split("\r\n").skip(1);
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// All lines of a header, as they are to be copied into an answer.
pub fn lines(message: &str, name: &str) -> String {
    let head = message.split("\r\n\r\n").next().unwrap_or_default();
    let found = head.split("\r\n").skip(1).filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(": "))
    });
    found.map(|line| format!("{line}\r\n")).collect()
}

/// The port of the audio stream in a body.
pub fn audio_port(message: &str) -> Option<u16> {
    let (_, rest) = message.split_once("m=audio ")?;
    rest.split(' ').next()?.parse().ok()
}

/// A body that offers G.711.
pub fn sdp(ip: &str, port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\n"
    )
}

/// A message with its body.
pub fn with_body(head: &str, body: &str) -> String {
    let length = body.len();
    format!("{head}Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// An answer to a request: what identifies it copied, a tag added.
pub fn answer(request: &str, line: &str, tag: &str, more: &str) -> String {
    let mut out = format!("SIP/2.0 {line}\r\n");
    for name in ["Via", "Record-Route", "From"] {
        out.push_str(&lines(request, name));
    }
    let to = header(request, "To").unwrap_or_default();
    let tag = match to.contains(";tag=") {
        true => String::new(),
        false => format!(";tag={tag}"),
    };
    let call_id = header(request, "Call-ID").unwrap_or_default();
    let cseq = header(request, "CSeq").unwrap_or_default();
    out.push_str(&format!(
        "To: {to}{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n{more}"
    ));
    out
}
