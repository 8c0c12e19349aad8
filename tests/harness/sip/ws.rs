//! SIP over WebSocket as browsers speak it (RFC 7118): text frames with one message each.

use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::tungstenite::{
    Error, Message, client::IntoClientRequest, http::HeaderValue,
};

/// What is to be written.
pub type Sender = mpsc::UnboundedSender<Message>;

/// Opens `/sip` with this subprotocol, and reads what comes into `told`; `told` gets `None` at the end. The
/// status when it is refused.
pub async fn open(
    http: SocketAddr,
    protocol: Option<&str>,
    told: impl Fn(Option<String>) + Send + 'static,
) -> Result<(Sender, SocketAddr, tokio::task::JoinHandle<()>), u16> {
    let mut request = format!("ws://{http}/sip")
        .into_client_request()
        .expect("a request");
    if let Some(protocol) = protocol {
        let value = HeaderValue::from_str(protocol).expect("a header");
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", value);
    }
    let stream = TcpStream::connect(http).await.expect("it listens");
    let local = stream.local_addr().expect("bound");
    let (stream, response) = match tokio_tungstenite::client_async(request, stream).await {
        Ok(opened) => opened,
        Err(Error::Http(response)) => return Err(response.status().as_u16()),
        Err(error) => panic!("the handshake failed: {error}"),
    };
    let chosen = response.headers().get("Sec-WebSocket-Protocol");
    assert_eq!(chosen.and_then(|value| value.to_str().ok()), Some("sip"));
    let (mut sink, mut source) = stream.split();
    let (sender, mut queue) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        loop {
            tokio::select! {
                message = queue.recv() => match message {
                    Some(message) => drop(sink.send(message).await),
                    None => return,
                },
                message = source.next() => match message {
                    Some(Ok(Message::Text(text))) => told(Some(text.to_string())),
                    Some(Ok(Message::Binary(bytes))) => {
                        told(Some(String::from_utf8_lossy(&bytes).into_owned()));
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return told(None),
                    Some(Ok(_)) => {}
                },
            }
        }
    });
    Ok((sender, local, task))
}
