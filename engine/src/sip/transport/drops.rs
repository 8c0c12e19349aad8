//! Datagrams that the kernel dropped because a listener's receive buffer was full, read from the kernel's
//! socket table when somebody asks for the metrics.

use prometheus::{
    IntCounter, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use std::{net::UdpSocket, os::fd::AsRawFd, sync::Mutex};

/// Sums the `drops` column of our sockets.
pub(super) struct Drops {
    inodes: Vec<u64>,
    total: IntCounter,
    seen: Mutex<u64>,
}

impl Drops {
    /// Watches these sockets.
    pub(super) fn new<'a>(
        sockets: impl Iterator<Item = &'a UdpSocket>,
    ) -> Result<Drops, prometheus::Error> {
        Ok(Drops {
            inodes: sockets.filter_map(inode).collect(),
            total: IntCounter::with_opts(Opts::new(
                "strowger_engine_sip_udp_dropped_total",
                "Datagrams the kernel dropped before a SIP UDP listener read them.",
            ))?,
            seen: Mutex::new(0),
        })
    }
}

impl Collector for Drops {
    fn desc(&self) -> Vec<&Desc> {
        self.total.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let now: u64 = ["/proc/net/udp", "/proc/net/udp6"]
            .iter()
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .map(|table| dropped(&table, &self.inodes))
            .sum();
        if let Ok(mut seen) = self.seen.lock() {
            self.total.inc_by(now.saturating_sub(*seen));
            *seen = now.max(*seen);
        }
        self.total.collect()
    }
}

/// Sums the drops of the sockets with these inodes in a table as `/proc/net/udp` shows it: the inode is
/// the tenth column, the drops are the last.
fn dropped(table: &str, inodes: &[u64]) -> u64 {
    let drops = |line: &str| {
        let mut columns = line.split_ascii_whitespace();
        let inode: u64 = columns.nth(9)?.parse().ok()?;
        let drops: u64 = columns.next_back()?.parse().ok()?;
        inodes.contains(&inode).then_some(drops)
    };
    table.lines().skip(1).filter_map(drops).sum()
}

/// The inode of a socket, from its entry among our descriptors (`socket:[4711]`).
fn inode(socket: &UdpSocket) -> Option<u64> {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let text = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_sockets_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            1: 00000000:13C4 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4711 2 0000000000000000 12\n\
            2: 00000000:13C5 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4712 2 0000000000000000 30\n";
        assert_eq!(dropped(table, &[4711]), 12);
        assert_eq!(dropped(table, &[4711, 4712]), 42);
        assert_eq!(dropped("", &[1]), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_overrun_buffer_is_noticed() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let drops = Drops::new(std::iter::once(&receiver)).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        for _ in 0..2000 {
            sender.send_to(&[0; 1400], to).unwrap();
        }
        let value = || drops.collect()[0].get_metric()[0].get_counter().get_value();
        assert!(value() > 0.0);
        assert_eq!(value(), value());
    }
}
