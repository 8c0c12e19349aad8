//! What outlives an actor: its state, the inputs that wait and the effects that are still to be done.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// The inbox is full; the sender decides what that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// As many inputs wait as may.
    #[error("the inbox is full")]
    Full,
    /// Nothing is taken any more: the machine has ended.
    #[error("the inbox is closed")]
    Closed,
}

/// Attempts at one input before it is thrown away as the cause of the crashes.
const ATTEMPTS: u8 = 2;

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step<I, E> {
    /// Carry this out; it counts as done from now on.
    Perform(E),
    /// Apply this to the state and hand the outcome to [`Cell::commit`]. How long it waited is for the
    /// metrics.
    Apply(I, Instant),
    /// Nothing waits.
    Rest,
}

/// State, inbox and outbox of one machine. An actor takes an input, applies it to a copy of the state and
/// commits; when it dies in between, its successor finds everything as it was. Effects are done at most
/// once: the one under way at a crash is lost, the others are not.
pub(crate) struct Cell<S, I, E> {
    inner: Mutex<Inner<S, I, E>>,
    capacity: usize,
}

struct Inner<S, I, E> {
    state: Arc<S>,
    inbox: VecDeque<(I, Instant)>,
    outbox: VecDeque<E>,
    attempts: u8,
    busy: bool,
    closed: bool,
}

impl<S, I: Clone, E> Cell<S, I, E> {
    /// A machine in its first state, with room for `capacity` waiting inputs.
    pub(crate) fn new(state: S, capacity: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                state: Arc::new(state),
                inbox: VecDeque::new(),
                outbox: VecDeque::new(),
                attempts: 0,
                busy: false,
                closed: false,
            }),
            capacity,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<S, I, E>> {
        // No code of a caller runs under the lock, so a poisoned one is still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after the last commit.
    pub(crate) fn state(&self) -> Arc<S> {
        self.inner().state.clone()
    }

    /// Queues an input. `Ok(true)` means that the actor sleeps and must be woken.
    pub(crate) fn push(&self, input: I) -> Result<bool, Full> {
        let mut inner = self.inner();
        if inner.closed {
            return Err(Full::Closed);
        }
        if inner.inbox.len() >= self.capacity {
            return Err(Full::Full);
        }
        inner.inbox.push_back((input, Instant::now()));
        Ok(!std::mem::replace(&mut inner.busy, true))
    }

    /// Queues an input that was caused by the machine itself, before all others and without a limit (an
    /// effect causes at most one). `Ok(true)` means that the actor sleeps and must be woken; the only error
    /// is [`Full::Closed`].
    pub(crate) fn push_own(&self, input: I) -> Result<bool, Full> {
        let mut inner = self.inner();
        if inner.closed {
            return Err(Full::Closed);
        }
        // Behind the one that is being worked on, when there is one.
        let at = usize::from(inner.attempts > 0).min(inner.inbox.len());
        inner.inbox.insert(at, (input, Instant::now()));
        Ok(!std::mem::replace(&mut inner.busy, true))
    }

    /// What to do next. `Rest` means that the next `push` will ask for a wake-up.
    pub(crate) fn next(&self) -> Step<I, E> {
        let mut inner = self.inner();
        if let Some(effect) = inner.outbox.pop_front() {
            return Step::Perform(effect);
        }
        if inner.attempts >= ATTEMPTS {
            inner.inbox.pop_front();
            inner.attempts = 0;
        }
        let Some((input, since)) = inner.inbox.front() else {
            inner.busy = false;
            return Step::Rest;
        };
        let step = Step::Apply(input.clone(), *since);
        inner.attempts += 1;
        step
    }

    /// The input from [`Cell::next`] is done: this is the state now and these are the effects.
    pub(crate) fn commit(&self, state: S, effects: impl IntoIterator<Item = E>) {
        let mut inner = self.inner();
        inner.inbox.pop_front();
        inner.attempts = 0;
        inner.state = Arc::new(state);
        inner.outbox.extend(effects);
    }

    /// An actor was raised: it works until the next `Rest`.
    pub(crate) fn begin(&self) {
        self.inner().busy = true;
    }

    /// Takes no more inputs; gives those that nobody will look at any more.
    pub(crate) fn close(&self) -> Vec<I> {
        let mut inner = self.inner();
        inner.closed = true;
        inner.outbox.clear();
        inner.inbox.drain(..).map(|(input, _)| input).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sum = Cell<u32, u32, String>;

    fn run(cell: &Sum) -> Vec<String> {
        let mut done = Vec::new();
        loop {
            match cell.next() {
                Step::Perform(effect) => done.push(effect),
                Step::Apply(input, _) => {
                    let sum = *cell.state() + input;
                    cell.commit(sum, [format!("said {sum}")]);
                }
                Step::Rest => return done,
            }
        }
    }

    #[test]
    fn wakes_once_and_does_all_in_order() {
        let cell = Sum::new(0, 4);
        assert_eq!(cell.push(1), Ok(true));
        assert_eq!(cell.push(2), Ok(false));
        assert_eq!(run(&cell), ["said 1", "said 3"]);
        assert_eq!(cell.push(3), Ok(true));
    }

    #[test]
    fn says_when_it_is_full_and_when_it_is_closed() {
        let cell = Sum::new(0, 1);
        assert_eq!(cell.push(1), Ok(true));
        assert_eq!(cell.push(1), Err(Full::Full));
        assert_eq!(cell.close(), [1], "what waited is given back");
        assert_eq!(cell.push(1), Err(Full::Closed));
        assert_eq!(cell.push_own(1), Err(Full::Closed));
    }

    #[test]
    fn an_input_survives_one_crash_and_not_two() {
        let cell = Sum::new(0, 4);
        cell.push(7).unwrap();
        cell.push(1).unwrap();
        assert!(matches!(cell.next(), Step::Apply(7, _)));
        // Dies here. The next one gets it again.
        assert!(matches!(cell.next(), Step::Apply(7, _)));
        // Dies again: the input is the cause.
        assert_eq!(run(&cell), ["said 1"]);
    }

    #[test]
    fn own_inputs_come_first() {
        let cell = Sum::new(0, 4);
        cell.push(1).unwrap();
        cell.push_own(10).unwrap();
        assert_eq!(run(&cell), ["said 10", "said 11"]);
    }
}
