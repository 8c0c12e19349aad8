//! The life of one WebSocket that carries SIP (RFC 7118): each of its messages is one of ours. Whoever
//! holds the socket frames, pings and closes it; here its messages are read and its patience is kept.

use super::{Flow, Inbox, connection::Patience};
use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

/// Keep-alive of a client that cannot ping its WebSocket (RFC 5626 §3.5.1), and its answer.
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";

/// Hands on what comes in until the socket ends, `answer` cannot keep up, or patience does: a new
/// connection owes its first message, and one that carries nothing for long is not needed.
pub(super) async fn run(
    flow: Flow,
    mut incoming: mpsc::Receiver<Bytes>,
    inbox: &dyn Inbox,
    answer: impl Fn(Bytes) -> bool,
    patience: Patience,
) {
    let mut deadline = Instant::now() + patience.message;
    let mut begun = false;
    while let Ok(Some(message)) = timeout_at(deadline, incoming.recv()).await {
        match &message[..] {
            PING => {
                if !answer(Bytes::from_static(PONG)) {
                    return;
                }
            }
            PONG => {}
            message => {
                inbox.datagram(message, flow);
                begun = true;
            }
        }
        if begun {
            deadline = Instant::now() + patience.idle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        leg::Transport,
        sip::{
            Frame,
            transport::{ConnectionId, connection::USUAL},
        },
    };
    use std::{sync::Mutex, time::Duration};
    use tokio::time::timeout;

    #[derive(Default)]
    struct Seen(Mutex<Vec<Vec<u8>>>);

    impl Inbox for Seen {
        fn datagram(&self, bytes: &[u8], _: Flow) {
            self.0.lock().unwrap().push(bytes.to_vec());
        }
        fn frame(&self, _: Frame, _: Flow) -> bool {
            true
        }
        fn lost(&self, _: ConnectionId) {}
        fn hung_up(&self, _: Flow) {}
    }

    fn flow() -> Flow {
        Flow {
            transport: Transport::Ws,
            local: "127.0.0.1:8080".parse().unwrap(),
            remote: "127.0.0.1:4000".parse().unwrap(),
            connection: Some(ConnectionId(1)),
        }
    }

    #[tokio::test]
    async fn messages_go_up_and_pings_are_answered() {
        let (sender, incoming) = mpsc::channel(8);
        for text in ["\r\n\r\n", "\r\n", "OPTIONS"] {
            sender.try_send(Bytes::from(text)).unwrap();
        }
        drop(sender);
        let (seen, pongs) = (Seen::default(), Mutex::new(0));
        let answer = |pong: Bytes| {
            assert_eq!(pong, PONG);
            *pongs.lock().unwrap() += 1;
            true
        };
        run(flow(), incoming, &seen, answer, USUAL).await;
        assert_eq!(seen.0.into_inner().unwrap(), [b"OPTIONS"]);
        assert_eq!(pongs.into_inner().unwrap(), 1);
    }

    #[tokio::test]
    async fn one_who_only_pings_is_sent_away() {
        let short = Patience {
            message: Duration::from_millis(60),
            ..USUAL
        };
        let (sender, incoming) = mpsc::channel(8);
        let task = tokio::spawn(async move {
            run(flow(), incoming, &Seen::default(), |_| true, short).await;
        });
        let mut beat = tokio::time::interval(Duration::from_millis(5));
        let sent_away = timeout(Duration::from_secs(10), async {
            while sender.send(Bytes::from_static(PING)).await.is_ok() {
                beat.tick().await;
            }
        });
        assert!(sent_away.await.is_ok());
        task.await.unwrap();
    }
}
