//! The thread between a child and its parent: cut without a word means a crash.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::mpsc::UnboundedSender;

/// A child ended without saying that it was done.
#[derive(Debug)]
pub(crate) struct Crash<K> {
    /// Which child.
    pub key: K,
    /// Which of its lives, so that an old notice does not end a new life.
    pub life: u64,
}

/// Held by every supervised actor. Dropped with a call of [`Lifeline::done`] before it: an orderly end.
/// Dropped without: a crash, whatever the cause. The queue of notices has no bound of its own because
/// a child sends at most one.
pub(crate) struct Lifeline<K: Clone> {
    key: K,
    life: u64,
    parent: Option<UnboundedSender<Crash<K>>>,
}

impl<K: Clone> Lifeline<K> {
    pub(super) fn new(key: K, life: u64, parent: UnboundedSender<Crash<K>>) -> Self {
        Self {
            key,
            life,
            parent: Some(parent),
        }
    }

    /// The child ends because it has nothing left to do.
    pub(crate) fn done(&mut self) {
        self.parent = None;
    }
}

impl<K: Clone> Drop for Lifeline<K> {
    fn drop(&mut self) {
        if let Some(parent) = self.parent.take() {
            // A parent that is gone is shutting down and raises nobody.
            let _ = parent.send(Crash {
                key: self.key.clone(),
                life: self.life,
            });
        }
    }
}

/// Runs a handler and turns its panic into `Err` with the panic's words, so that neighbours on the
/// arbiter do not notice. The caller stops its actor then.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| words(panic.as_ref()))
}

/// The words of a panic, as far as it has any.
pub(crate) fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unannounced_end_is_a_crash() {
        let (parent, mut notices) = tokio::sync::mpsc::unbounded_channel();
        let mut orderly = Lifeline::new("a", 1, parent.clone());
        orderly.done();
        drop(orderly);
        drop(Lifeline::new("b", 7, parent));
        let crash = notices.try_recv().unwrap();
        assert_eq!((crash.key, crash.life), ("b", 7));
        assert!(notices.try_recv().is_err());
    }

    #[test]
    fn a_panic_becomes_its_words() {
        assert_eq!(guarded(|| 1), Ok(1));
        let said = guarded(|| -> u8 { panic!("out of {}", "cheese") });
        assert_eq!(said, Err("out of cheese".to_owned()));
    }
}
