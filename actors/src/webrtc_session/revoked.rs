//! Word that a user's tokens are refused, for all sessions that live on one.

use schema::{Id, Time, User};
use tokio::sync::broadcast;

/// Revocations that a session may be behind; one that is further behind has to look for itself.
const WAITING: usize = 1024;

/// Tokens of a user made at `at` or earlier are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Whose tokens.
    pub user: Id<User>,
    /// The last instant whose tokens are refused.
    pub at: Time,
}

/// Passes the word on to whoever listens.
#[derive(Debug)]
pub(crate) struct Revoked(broadcast::Sender<Revocation>);

impl Default for Revoked {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Revoked {
    /// Tells all sessions; nobody may be listening.
    pub(crate) fn tell(&self, user: Id<User>, at: Time) {
        let _ = self.0.send(Revocation { user, at });
    }

    /// Hears of every revocation from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Revocation> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_session_hears_of_it() {
        let revoked = Revoked::default();
        let (user, at) = (Id::new(), Time::now());
        revoked.tell(Id::new(), at);
        let mut sessions = [revoked.subscribe(), revoked.subscribe()];
        revoked.tell(user, at);
        for session in &mut sessions {
            assert_eq!(session.recv().await, Ok(Revocation { user, at }));
        }
    }
}
