//! What waits for one socket: bounded, in order, and a last word.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Something to be written to the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A text frame.
    Text(String),
    /// A native ping.
    Ping,
    /// Close the socket with this code; nothing follows.
    Close(u16),
}

/// The client does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Behind;

/// The queue of one socket.
#[derive(Debug)]
pub(super) struct Wire {
    inner: Mutex<Inner>,
    news: Notify,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Outgoing>,
    closed: Option<u16>,
}

impl Wire {
    /// An empty queue with room for this many.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            inner: Mutex::default(),
            news: Notify::new(),
            capacity,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues something; after the last word nothing is taken.
    pub(super) fn push(&self, what: Outgoing) -> Result<(), Behind> {
        let mut inner = self.inner();
        if inner.closed.is_some() {
            return Ok(());
        }
        if inner.queue.len() >= self.capacity {
            return Err(Behind);
        }
        inner.queue.push_back(what);
        drop(inner);
        self.news.notify_one();
        Ok(())
    }

    /// Says a last word. What a client that does not read has waiting is thrown away.
    pub(super) fn close(&self, last: String, code: u16) {
        let mut inner = self.inner();
        if inner.closed.is_some() {
            return;
        }
        if inner.queue.len() >= self.capacity {
            inner.queue.clear();
        }
        inner.queue.push_back(Outgoing::Text(last));
        inner.closed = Some(code);
        drop(inner);
        self.news.notify_one();
    }

    /// The next thing to write. Cancel safe; for one reader.
    pub(super) async fn next(&self) -> Outgoing {
        loop {
            {
                let mut inner = self.inner();
                if let Some(next) = inner.queue.pop_front() {
                    return next;
                }
                if let Some(code) = inner.closed {
                    return Outgoing::Close(code);
                }
            }
            self.news.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: usize) -> Outgoing {
        Outgoing::Text(n.to_string())
    }

    #[tokio::test]
    async fn keeps_the_order_and_ends_with_the_last_word() {
        let wire = Wire::new(3);
        wire.push(text(1)).unwrap();
        wire.push(Outgoing::Ping).unwrap();
        wire.close("2".to_owned(), 1001);
        wire.push(text(3)).unwrap();
        assert_eq!(wire.next().await, text(1));
        assert_eq!(wire.next().await, Outgoing::Ping);
        assert_eq!(wire.next().await, text(2));
        assert_eq!(wire.next().await, Outgoing::Close(1001));
        assert_eq!(wire.next().await, Outgoing::Close(1001));
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_hears_only_the_last_word() {
        let wire = Wire::new(2);
        assert_eq!(wire.push(text(1)), Ok(()));
        assert_eq!(wire.push(text(2)), Ok(()));
        assert_eq!(wire.push(text(3)), Err(Behind));
        wire.close("4".to_owned(), 1008);
        assert_eq!(wire.next().await, text(4));
        assert_eq!(wire.next().await, Outgoing::Close(1008));
    }
}
