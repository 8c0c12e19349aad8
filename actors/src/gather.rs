//! Lets writes wait for each other: under load one flush serves many, and alone none waits.

use std::time::Duration;
use tokio::time::Instant;

/// How long a write waits for others, when the last one was less than this ago.
const GATHER: Duration = Duration::from_millis(4);

/// When the last write was.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    last: Option<Instant>,
}

impl Gather {
    /// Waits a moment for others, when they come closely enough.
    pub(crate) async fn others(&self) {
        if self.last.is_some_and(|at| at.elapsed() < GATHER) {
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Notes a write.
    pub(crate) fn wrote(&mut self) {
        self.last = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_those_wait_that_come_soon_after_another() {
        let mut gather = Gather::default();
        let waits = async |gather: &Gather| {
            let before = Instant::now();
            gather.others().await;
            before.elapsed()
        };
        assert_eq!(waits(&gather).await, Duration::ZERO);
        gather.wrote();
        assert_eq!(waits(&gather).await, GATHER);
        assert_eq!(waits(&gather).await, Duration::ZERO);
    }
}
