//! The open connections: found by id for answers, by address for requests, and bounded.

use super::ConnectionId;
use crate::leg::Transport;
use bytes::Bytes;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::mpsc;

/// One peer may hold this part of all connections.
const SHARE_OF_ONE_PEER: usize = 4;

/// Messages that wait for a slow peer; one more closes its connection.
pub(super) const QUEUE: usize = 1_024;

/// Messages above this many bytes are large.
const LARGE: usize = 4_096;

/// Large messages wait only while no more than this many messages wait.
const QUEUE_OF_LARGE: usize = 64;

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: ConnectionId,
    pub(super) transport: Transport,
    pub(super) remote: SocketAddr,
    /// Name that its certificate was checked against, when we dialled it.
    pub(super) name: Option<Arc<str>>,
    queue: mpsc::Sender<Bytes>,
}

impl Entry {
    /// Queues a message; `false` when the peer does not read, or the connection is gone.
    pub(super) fn send(&self, bytes: Bytes) -> bool {
        let waiting = QUEUE - self.queue.capacity();
        let too_much = bytes.len() > LARGE && waiting >= QUEUE_OF_LARGE;
        !too_much && self.queue.try_send(bytes).is_ok()
    }
}

#[derive(Default)]
struct Rows {
    next: u64,
    by_id: HashMap<ConnectionId, Arc<Entry>>,
    by_peer: HashMap<(Transport, SocketAddr), ConnectionId>,
    /// Those that were dialled for a certificate name: several names may live at one address.
    by_name: HashMap<(Transport, SocketAddr, Arc<str>), ConnectionId>,
    per_ip: HashMap<IpAddr, usize>,
}

/// The table.
pub(super) struct Table {
    rows: RwLock<Rows>,
    limit: usize,
}

impl Table {
    /// A table for `limit` connections.
    pub(super) fn new(limit: usize) -> Table {
        Table {
            rows: RwLock::default(),
            limit,
        }
    }

    /// Enters a connection, newest first among those with the same peer; `None` when there are too many.
    pub(super) fn enter(
        &self,
        transport: Transport,
        remote: SocketAddr,
        name: Option<Arc<str>>,
    ) -> Option<(ConnectionId, mpsc::Receiver<Bytes>)> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let share = (self.limit / SHARE_OF_ONE_PEER).max(1);
        let held = rows.per_ip.get(&remote.ip()).copied().unwrap_or(0);
        if rows.by_id.len() >= self.limit || held >= share {
            return None;
        }
        rows.next += 1;
        let id = ConnectionId(rows.next);
        let (queue, receiver) = mpsc::channel(QUEUE);
        if let Some(name) = name.clone() {
            rows.by_name.insert((transport, remote, name), id);
        }
        let entry = Entry {
            id,
            transport,
            remote,
            name,
            queue,
        };
        rows.by_id.insert(id, Arc::new(entry));
        rows.by_peer.insert((transport, remote), id);
        *rows.per_ip.entry(remote.ip()).or_default() += 1;
        Some((id, receiver))
    }

    /// Removes every connection: each ends when what it has queued is written.
    pub(super) fn clear(&self) {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.by_id.clear();
        rows.by_peer.clear();
        rows.by_name.clear();
        rows.per_ip.clear();
    }

    /// Removes a connection, which ends when what it has queued is written; `false` when it is not here.
    pub(super) fn remove(&self, id: ConnectionId) -> bool {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = rows.by_id.remove(&id) else {
            return false;
        };
        let peer = (entry.transport, entry.remote);
        if rows.by_peer.get(&peer) == Some(&id) {
            rows.by_peer.remove(&peer);
        }
        if let Some(name) = entry.name.clone() {
            let named = (entry.transport, entry.remote, name);
            if rows.by_name.get(&named) == Some(&id) {
                rows.by_name.remove(&named);
            }
        }
        let ip = entry.remote.ip();
        if let Some(held) = rows.per_ip.get_mut(&ip) {
            *held -= 1;
            if *held == 0 {
                rows.per_ip.remove(&ip);
            }
        }
        true
    }

    /// The connection with this id.
    pub(super) fn by_id(&self, id: ConnectionId) -> Option<Arc<Entry>> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.by_id.get(&id).cloned()
    }

    /// The newest connection with this peer. When a certificate name is asked for, only one that was
    /// dialled with that name will do.
    pub(super) fn by_peer(
        &self,
        transport: Transport,
        remote: SocketAddr,
        name: Option<&str>,
    ) -> Option<Arc<Entry>> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let id = match name {
            Some(name) => rows.by_name.get(&(transport, remote, name.into())),
            None => rows.by_peer.get(&(transport, remote)),
        };
        rows.by_id.get(id?).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_bounded_and_found() {
        let table = Table::new(8);
        let a: SocketAddr = "192.0.2.1:1000".parse().unwrap();
        let (first, _r1) = table.enter(Transport::Tcp, a, None).unwrap();
        assert_eq!(table.by_peer(Transport::Tcp, a, None).unwrap().id, first);
        assert!(table.by_peer(Transport::Tls, a, None).is_none());
        assert!(
            table
                .by_peer(Transport::Tcp, a, Some("example.org"))
                .is_none()
        );
        let (second, _r2) = table.enter(Transport::Tcp, a, None).unwrap();
        assert_eq!(table.by_peer(Transport::Tcp, a, None).unwrap().id, second);
        assert!(
            table.enter(Transport::Tcp, a, None).is_none(),
            "a quarter for one peer"
        );
        table.remove(first);
        assert_eq!(table.by_peer(Transport::Tcp, a, None).unwrap().id, second);
        table.remove(second);
        table.remove(second);
        assert!(table.by_id(second).is_none());
        assert!(table.enter(Transport::Tcp, a, None).is_some());
    }

    #[test]
    fn two_names_at_one_address_keep_a_connection_each() {
        let table = Table::new(64);
        let a: SocketAddr = "192.0.2.1:5061".parse().unwrap();
        let (one, _r1) = table
            .enter(Transport::Tls, a, Some("one.test".into()))
            .unwrap();
        let (two, _r2) = table
            .enter(Transport::Tls, a, Some("two.test".into()))
            .unwrap();
        let named = |name| table.by_peer(Transport::Tls, a, Some(name)).map(|e| e.id);
        assert_eq!(
            (named("one.test"), named("two.test")),
            (Some(one), Some(two))
        );
        table.remove(two);
        assert_eq!((named("one.test"), named("two.test")), (Some(one), None));
    }

    #[test]
    fn a_peer_that_does_not_read_is_noticed() {
        let table = Table::new(8);
        let a: SocketAddr = "192.0.2.1:1000".parse().unwrap();
        let (id, _receiver) = table.enter(Transport::Tcp, a, None).unwrap();
        let entry = table.by_id(id).unwrap();
        for _ in 0..QUEUE {
            assert!(entry.send(Bytes::from_static(b"x")));
        }
        assert!(!entry.send(Bytes::from_static(b"x")));
    }
}
