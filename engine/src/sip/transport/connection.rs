//! The life of one TCP or TLS connection: one task that reads frames and writes what is queued.

use super::{Flow, Inbox};
use crate::sip::{Frame, Framer};
use bytes::{Bytes, BytesMut};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time::{Instant, timeout},
};

/// How long a connection waits, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// A connection that carries nothing in either direction is closed after this: longer than the
    /// longest registration (3600 s), so that a phone that only registers keeps its connection.
    pub(super) idle: Duration,
    /// A new connection must bring its first message, and any message its end, within this.
    pub(super) message: Duration,
    /// A peer that takes nothing for this long is given up.
    pub(super) write: Duration,
}

/// The patience of the engine.
pub(super) const USUAL: Patience = Patience {
    idle: Duration::from_secs(3900),
    message: Duration::from_secs(30),
    write: Duration::from_secs(10),
};

/// Room made for reading at a time.
const READ: usize = 4096;

/// Answer to a keep-alive (RFC 5626 §4.4.1).
const PONG: &[u8] = b"\r\n";

/// Runs until either side closes, a limit is hit, or `queue` ends.
///
/// # Errors
/// What the socket said; reaching a limit and an orderly end are none.
pub(super) async fn run<S>(
    mut stream: S,
    flow: Flow,
    mut queue: mpsc::Receiver<Bytes>,
    inbox: &dyn Inbox,
    dialled: bool,
    patience: Patience,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut framer = Framer::new();
    let mut buffer = BytesMut::new();
    // Whether part of a message is here; a new connection owes its first whole one, and pings do not pay.
    let mut begun = !dialled;
    let mut owes = !dialled;
    let mut deadline = Instant::now()
        + if dialled {
            patience.idle
        } else {
            patience.message
        };
    loop {
        buffer.reserve(READ);
        tokio::select! {
            read = stream.read_buf(&mut buffer) => {
                if read? == 0 {
                    return Ok(());
                }
                let Some((pings, whole)) = frames(&mut framer, &mut buffer, flow, inbox) else {
                    // What was wrong with the last message has been answered by now.
                    if let Ok(answer) = queue.try_recv() {
                        timeout(patience.write, write(&mut stream, answer, &mut queue)).await??;
                    }
                    let _ = timeout(patience.write, stream.shutdown()).await;
                    return Ok(());
                };
                for _ in 0..pings {
                    timeout(patience.write, stream.write_all(PONG)).await??;
                }
                if pings > 0 {
                    timeout(patience.write, stream.flush()).await??;
                }
                owes &= !whole;
                if owes {
                    continue;
                }
                if buffer.is_empty() && !framer.awaits_body() {
                    deadline = Instant::now() + patience.idle;
                    begun = false;
                    // Idle connections are many: keep no buffer for them.
                    buffer = BytesMut::new();
                } else if whole || !begun {
                    deadline = Instant::now() + patience.message;
                    begun = true;
                }
            }
            message = queue.recv() => {
                let Some(message) = message else {
                    let _ = timeout(patience.write, stream.shutdown()).await;
                    return Ok(());
                };
                timeout(patience.write, write(&mut stream, message, &mut queue)).await??;
                if !begun {
                    deadline = Instant::now() + patience.idle;
                }
            }
            () = tokio::time::sleep_until(deadline) => return Ok(()),
        }
    }
}

/// Hands on every whole frame; the number of pings to answer and whether there was any frame, or `None`
/// when the connection is to end.
fn frames(
    framer: &mut Framer,
    buffer: &mut BytesMut,
    flow: Flow,
    inbox: &dyn Inbox,
) -> Option<(usize, bool)> {
    let (mut pings, mut whole) = (0, false);
    loop {
        match framer.next(buffer) {
            Ok(Some(Frame::Ping)) => pings += 1,
            Ok(Some(frame)) => {
                if !inbox.frame(frame, flow) {
                    return None;
                }
                whole = true;
            }
            Ok(None) => return Some((pings, whole)),
            Err(error) => {
                tracing::debug!(%error, remote = %flow.remote, "A connection carries no SIP");
                return None;
            }
        }
    }
}

/// Writes a message and those that wait behind it.
async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    first: Bytes,
    queue: &mut mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    stream.write_all(&first).await?;
    while let Ok(next) = queue.try_recv() {
        stream.write_all(&next).await?;
    }
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{leg::Transport, sip::transport::ConnectionId};
    use std::sync::{Arc, Mutex};

    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);

    impl Inbox for Seen {
        fn datagram(&self, _: &[u8], _: Flow) {}
        fn frame(&self, frame: Frame, _: Flow) -> bool {
            let (text, go_on) = match frame {
                Frame::Message(m) => (format!("{m:?}"), true),
                Frame::Last(_) => ("last".to_owned(), false),
                Frame::Ping => ("ping".to_owned(), true),
            };
            self.0.lock().unwrap().push(text);
            go_on
        }
        fn lost(&self, _: ConnectionId) {}
        fn hung_up(&self, _: Flow) {}
    }

    fn flow() -> Flow {
        Flow {
            transport: Transport::Tcp,
            local: "127.0.0.1:5060".parse().unwrap(),
            remote: "127.0.0.1:4000".parse().unwrap(),
            connection: Some(ConnectionId(1)),
        }
    }

    const SHORT: Patience = Patience {
        idle: Duration::from_millis(200),
        message: Duration::from_millis(60),
        write: Duration::from_millis(60),
    };

    #[tokio::test]
    async fn frames_go_up_pings_are_answered_and_idle_ends() {
        let (mut near, far) = tokio::io::duplex(8192);
        let seen = Arc::new(Seen::default());
        let (_sender, queue) = mpsc::channel(4);
        let inbox = seen.clone();
        let task =
            tokio::spawn(async move { run(far, flow(), queue, &*inbox, false, SHORT).await });
        near.write_all(b"\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\nl: 0\r\n")
            .await
            .unwrap();
        let mut pong = [0; 2];
        near.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, PONG);
        near.write_all(b"\r\n").await.unwrap();
        let before = Instant::now();
        task.await.unwrap().unwrap();
        assert_eq!(seen.0.lock().unwrap().len(), 1);
        assert!(before.elapsed() >= SHORT.idle - SHORT.message);
    }

    #[tokio::test]
    async fn one_who_trickles_a_message_is_cut_off() {
        let (mut near, far) = tokio::io::duplex(8192);
        let (_sender, queue) = mpsc::channel(4);
        let task =
            tokio::spawn(
                async move { run(far, flow(), queue, &Seen::default(), false, SHORT).await },
            );
        let mut trickle = tokio::time::interval(Duration::from_millis(10));
        let cut_off = timeout(Duration::from_secs(5), async {
            while near.write_all(b"O").await.is_ok() {
                trickle.tick().await;
            }
        });
        assert!(cut_off.await.is_ok());
        task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn one_who_only_pings_is_cut_off() {
        let (mut near, far) = tokio::io::duplex(8192);
        let (_sender, queue) = mpsc::channel(4);
        // Would outlive the test.
        let patience = Patience {
            idle: Duration::from_secs(3600),
            ..SHORT
        };
        let task = tokio::spawn(async move {
            run(far, flow(), queue, &Seen::default(), false, patience).await
        });
        near.write_all(b"\r\n\r\n").await.unwrap();
        let mut pong = [0; 2];
        near.read_exact(&mut pong).await.unwrap();
        let cut_off = timeout(Duration::from_secs(10), task).await;
        cut_off.expect("it stays").unwrap().unwrap();
    }

    #[tokio::test]
    async fn the_last_answer_goes_out_before_the_end() {
        let (mut near, far) = tokio::io::duplex(8192);
        let (sender, queue) = mpsc::channel(4);
        near.write_all(b"OPTIONS sip:a@b SIP/2.0\r\nl: -1\r\n\r\n")
            .await
            .unwrap();
        sender.try_send(Bytes::from_static(b"answer")).unwrap();
        run(far, flow(), queue, &Seen::default(), false, SHORT)
            .await
            .unwrap();
        let mut all = String::new();
        near.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "answer");
    }

    #[tokio::test]
    async fn what_is_queued_is_written_and_the_end_of_the_queue_closes() {
        let (mut near, far) = tokio::io::duplex(8192);
        let (sender, queue) = mpsc::channel(4);
        sender.try_send(Bytes::from_static(b"one")).unwrap();
        sender.try_send(Bytes::from_static(b"two")).unwrap();
        drop(sender);
        run(far, flow(), queue, &Seen::default(), true, SHORT)
            .await
            .unwrap();
        let mut all = String::new();
        near.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "onetwo");
    }
}
