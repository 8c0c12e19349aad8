//! Fans the facts of an account out to whoever listens: numbered, kept for a while, never waiting.

use schema::{Account, Id};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Facts kept for a listener that comes back.
pub const KEPT: usize = 1_000;
/// A younger fact is kept even beyond [`KEPT`] …
pub const KEPT_FOR: Duration = Duration::from_secs(300);
/// … up to this many.
pub const KEPT_AT_MOST: usize = 10_000;
/// An older fact is forgotten in any case, so that accounts that fell quiet take no memory.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);
/// How often it is looked for those, at most.
const SWEEP: Duration = Duration::from_secs(60);
/// Facts that may wait for one listener; one more and it is cut off.
pub const WAITING: usize = 256;

/// One event of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Increases within the account, also across restarts as long as the clock does.
    pub id: u64,
    /// The event's name, such as `call.ringing`.
    pub name: &'static str,
    /// Its payload, one line of JSON.
    pub json: String,
}

/// Why a [`Subscription`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CutOff {
    /// The listener did not keep up.
    #[error("too slow")]
    Lagged,
    /// The account is gone, or the exchange shuts down.
    #[error("closed")]
    Closed,
}

/// One listener. Dropping it is all that leaving takes.
#[derive(Debug)]
pub struct Subscription {
    missed: VecDeque<Arc<Fact>>,
    facts: mpsc::Receiver<Arc<Fact>>,
    lagged: Arc<std::sync::atomic::AtomicBool>,
}

impl Subscription {
    /// The next fact. Cancel safe.
    pub async fn recv(&mut self) -> Result<Arc<Fact>, CutOff> {
        if let Some(fact) = self.missed.pop_front() {
            return Ok(fact);
        }
        match self.facts.recv().await {
            Some(fact) => Ok(fact),
            None if self.lagged.load(std::sync::atomic::Ordering::Acquire) => Err(CutOff::Lagged),
            None => Err(CutOff::Closed),
        }
    }
}

struct Listener {
    facts: mpsc::Sender<Arc<Fact>>,
    lagged: Arc<std::sync::atomic::AtomicBool>,
}

struct Channel {
    /// Number of the last fact.
    last: u64,
    kept: VecDeque<(Instant, Arc<Fact>)>,
    listeners: Vec<Listener>,
}

impl Channel {
    /// Begins with a number greater than all of an earlier process, or of a channel that was swept out:
    /// no account has a million facts a second.
    fn new() -> Self {
        let micros = schema::Time::now().micros();
        Self {
            last: u64::try_from(micros).unwrap_or_default(),
            kept: VecDeque::new(),
            listeners: Vec::new(),
        }
    }
}

/// The facts of all accounts.
pub(crate) struct Bus {
    channels: dashmap::DashMap<Id<Account>, Arc<Mutex<Channel>>>,
    swept: Mutex<Instant>,
}

impl Bus {
    /// An empty bus.
    pub(crate) fn new() -> Self {
        Self {
            channels: dashmap::DashMap::new(),
            swept: Mutex::new(Instant::now()),
        }
    }

    fn channel(&self, account: Id<Account>) -> Arc<Mutex<Channel>> {
        if let Some(channel) = self.channels.get(&account) {
            return channel.clone();
        }
        let new = || Arc::new(Mutex::new(Channel::new()));
        self.channels.entry(account).or_insert_with(new).clone()
    }

    /// Looks from time to time for what nobody will ask for any more.
    fn sweep(&self, now: Instant) {
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            if now.saturating_duration_since(*swept) < SWEEP {
                return;
            }
            *swept = now;
        }
        self.channels.retain(|_, shared| {
            let mut channel = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let is_old = |at: Instant| now.saturating_duration_since(at) > FORGOTTEN_AFTER;
            while channel.kept.front().is_some_and(|(at, _)| is_old(*at)) {
                channel.kept.pop_front();
            }
            channel
                .listeners
                .retain(|listener| !listener.facts.is_closed());
            // Somebody may be about to use it.
            let in_use = Arc::strong_count(shared) > 1;
            in_use || !channel.kept.is_empty() || !channel.listeners.is_empty()
        });
    }

    /// Tells everybody who listens to the account, waits for nobody.
    pub(crate) fn publish(&self, account: Id<Account>, name: &'static str, json: String) {
        self.publish_at(Instant::now(), account, name, json);
    }

    fn publish_at(&self, now: Instant, account: Id<Account>, name: &'static str, json: String) {
        self.sweep(now);
        let channel = self.channel(account);
        let mut channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
        channel.last += 1;
        let id = channel.last;
        let fact = Arc::new(Fact { id, name, json });
        channel.listeners.retain(|listener| {
            let sent = listener.facts.try_send(fact.clone());
            if matches!(sent, Err(mpsc::error::TrySendError::Full(_))) {
                listener
                    .lagged
                    .store(true, std::sync::atomic::Ordering::Release);
            }
            sent.is_ok()
        });
        channel.kept.push_back((now, fact));
        while channel.kept.len() > KEPT {
            let old = channel
                .kept
                .front()
                .is_some_and(|(at, _)| now.duration_since(*at) > KEPT_FOR);
            if !old && channel.kept.len() <= KEPT_AT_MOST {
                break;
            }
            channel.kept.pop_front();
        }
    }

    /// Listens to an account from now on, or from just after the fact with the given id.
    pub(crate) fn subscribe(
        &self,
        account: Id<Account>,
        resume_after: Option<u64>,
    ) -> Subscription {
        let channel = self.channel(account);
        let mut channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = match resume_after {
            None => VecDeque::new(),
            Some(seen) => channel
                .kept
                .iter()
                .filter(|(_, fact)| fact.id > seen)
                .map(|(_, fact)| fact.clone())
                .collect(),
        };
        let (sender, facts) = mpsc::channel(WAITING);
        let lagged = Arc::new(std::sync::atomic::AtomicBool::new(false));
        channel
            .listeners
            .retain(|listener| !listener.facts.is_closed());
        channel.listeners.push(Listener {
            facts: sender,
            lagged: lagged.clone(),
        });
        Subscription {
            missed,
            facts,
            lagged,
        }
    }

    /// Ends every subscription of the account and forgets its facts.
    pub(crate) fn forget(&self, account: Id<Account>) {
        self.channels.remove(&account);
    }

    /// Ends every subscription.
    pub(crate) fn close(&self) {
        self.channels.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(bus: &Bus, account: Id<Account>, n: usize) {
        for n in 0..n {
            bus.publish(account, "call.end", format!("{{\"n\":{n}}}"));
        }
    }

    #[tokio::test]
    async fn a_listener_hears_in_order_and_only_its_account() {
        let bus = Bus::new();
        let (mine, other) = (Id::new(), Id::new());
        let mut heard = bus.subscribe(mine, None);
        say(&bus, other, 1);
        say(&bus, mine, 2);
        let first = heard.recv().await.unwrap();
        let second = heard.recv().await.unwrap();
        assert_eq!(second.id, first.id + 1);
        assert_eq!(second.json, "{\"n\":1}");
    }

    #[tokio::test]
    async fn resumes_after_the_last_one_seen() {
        let bus = Bus::new();
        let account = Id::new();
        say(&bus, account, 5);
        let mut all = bus.subscribe(account, Some(0));
        let first = all.recv().await.unwrap();
        let mut rest = bus.subscribe(account, Some(first.id + 2));
        say(&bus, account, 1);
        let ids = [rest.recv().await.unwrap().id, rest.recv().await.unwrap().id];
        assert_eq!(ids, [first.id + 3, first.id + 4]);
        assert_eq!(rest.recv().await.unwrap().id, first.id + 5);
    }

    #[tokio::test]
    async fn a_slow_listener_is_cut_off_and_the_others_are_not() {
        let bus = Bus::new();
        let account = Id::new();
        let mut slow = bus.subscribe(account, None);
        say(&bus, account, WAITING);
        let mut quick = bus.subscribe(account, None);
        say(&bus, account, 1);
        for _ in 0..WAITING {
            slow.recv().await.unwrap();
        }
        assert_eq!(slow.recv().await, Err(CutOff::Lagged));
        assert!(quick.recv().await.is_ok());
    }

    #[tokio::test]
    async fn keeps_enough_and_not_too_much() {
        let bus = Bus::new();
        let account = Id::new();
        say(&bus, account, KEPT_AT_MOST + 10);
        let kept = bus.subscribe(account, Some(0)).missed.len();
        assert_eq!(kept, KEPT_AT_MOST);
    }

    #[tokio::test]
    async fn a_quiet_account_takes_no_memory_and_counts_on() {
        let bus = Bus::new();
        let (quiet, loud, listens) = (Id::new(), Id::new(), Id::new());
        let mut listener = bus.subscribe(listens, None);
        say(&bus, quiet, 3);
        let before = bus.subscribe(quiet, Some(0)).missed.back().unwrap().id;
        let later = Instant::now() + FORGOTTEN_AFTER + SWEEP;
        bus.publish_at(later, loud, "call.end", String::new());
        assert!(!bus.channels.contains_key(&quiet));
        say(&bus, quiet, 1);
        let kept = bus.subscribe(quiet, Some(0)).missed;
        assert_eq!(kept.len(), 1);
        assert!(kept[0].id > before);
        say(&bus, listens, 1);
        assert!(listener.recv().await.is_ok());
    }

    #[tokio::test]
    async fn an_account_that_is_gone_closes() {
        let bus = Bus::new();
        let account = Id::new();
        let mut listener = bus.subscribe(account, None);
        bus.forget(account);
        assert_eq!(listener.recv().await, Err(CutOff::Closed));
    }
}
