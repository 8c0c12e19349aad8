//! The sockets that have something to read, each once: a flooded one takes no more turns than the others.

use mio::Token;
use std::collections::VecDeque;

/// A queue in which nobody stands twice.
#[derive(Debug, Default)]
pub(super) struct Unread {
    queue: VecDeque<Token>,
    /// Who stands in it, by token.
    queued: Vec<bool>,
}

impl Unread {
    /// Lines a socket up, unless it stands there.
    pub fn push(&mut self, token: Token) {
        if self.queued.len() <= token.0 {
            self.queued.resize(token.0 + 1, false);
        }
        if let Some(queued) = self.queued.get_mut(token.0)
            && !std::mem::replace(queued, true)
        {
            self.queue.push_back(token);
        }
    }

    /// Takes the first.
    pub fn pop(&mut self) -> Option<Token> {
        let token = self.queue.pop_front()?;
        if let Some(queued) = self.queued.get_mut(token.0) {
            *queued = false;
        }
        Some(token)
    }

    /// How many stand in it.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_stands_in_line_twice() {
        let mut unread = Unread::default();
        for token in [3, 0, 3, 3, 0] {
            unread.push(Token(token));
        }
        assert_eq!(unread.len(), 2);
        assert_eq!(unread.pop(), Some(Token(3)));
        unread.push(Token(3));
        assert_eq!(unread.pop(), Some(Token(0)));
        assert_eq!(unread.pop(), Some(Token(3)));
        assert!(unread.is_empty() && unread.pop().is_none());
    }
}
