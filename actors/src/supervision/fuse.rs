//! A way for tests to make something die at a place of its own choice. Costs nothing in a release build.

#[cfg(any(test, feature = "faults"))]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Lit by a test; whoever passes [`Fuse::burn`] next dies there.
#[derive(Debug, Default)]
pub(crate) struct Fuse {
    #[cfg(any(test, feature = "faults"))]
    lit: AtomicBool,
    #[cfg(any(test, feature = "faults"))]
    news: tokio::sync::Notify,
}

impl Fuse {
    /// Lights it.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn light(&self) {
        self.lit.store(true, Ordering::Release);
        self.news.notify_one();
    }

    /// Waits until it is lit, for loops that would sleep on; for ever when it never is. Cancel safe.
    pub(crate) async fn lit(&self) {
        #[cfg(any(test, feature = "faults"))]
        while !self.lit.load(Ordering::Acquire) {
            self.news.notified().await;
        }
        #[cfg(not(any(test, feature = "faults")))]
        std::future::pending::<()>().await;
    }

    /// Dies when it is lit, once.
    #[inline]
    pub(crate) fn burn(&self) {
        #[cfg(any(test, feature = "faults"))]
        assert!(!self.lit.swap(false, Ordering::AcqRel), "killed by a test");
    }
}

/// Counts places that are passed; a test has somebody die at one of them.
#[derive(Debug, Default)]
pub(crate) struct Countdown {
    #[cfg(any(test, feature = "faults"))]
    left: AtomicUsize,
}

impl Countdown {
    /// Dies at the n-th place from now.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn start(&self, places: usize) {
        self.left.store(places, Ordering::Release);
    }

    /// Passes a place.
    #[inline]
    pub(crate) fn passes(&self) {
        #[cfg(any(test, feature = "faults"))]
        {
            let count = |left: usize| left.checked_sub(1);
            let left = self
                .left
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, count);
            assert_ne!(left, Ok(1), "killed by a test");
        }
    }
}
