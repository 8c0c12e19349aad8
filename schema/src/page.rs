//! Pages by key: a window of ids is asked for, a slice of rows is given; no offsets.

use crate::id::Id;

/// What part of a list is wanted. The list is newest first; at most one cursor counts (`after`).
#[derive(Debug)]
pub struct Window<T> {
    /// Only rows that come later in the list, so are older than this one.
    pub after: Option<Id<T>>,
    /// Only rows that come earlier in the list, so are newer than this one: the nearest ones.
    pub before: Option<Id<T>>,
    /// The most rows wanted, 1 to [`Window::MAX`]; anything else is brought into that range.
    pub limit: u32,
}

impl<T> Window<T> {
    /// The most rows of one page.
    pub const MAX: u32 = 1000;

    /// The first page.
    pub const fn first(limit: u32) -> Self {
        Self {
            after: None,
            before: None,
            limit,
        }
    }

    /// The page that follows this row.
    pub const fn after(id: Id<T>, limit: u32) -> Self {
        Self {
            after: Some(id),
            before: None,
            limit,
        }
    }

    /// The page that ends just before this row.
    pub const fn before(id: Id<T>, limit: u32) -> Self {
        Self {
            after: None,
            before: Some(id),
            limit,
        }
    }

    fn rows(self) -> usize {
        self.limit.clamp(1, Self::MAX) as usize
    }

    /// One row more than wanted, which tells whether there is more.
    pub(crate) fn fetch(self) -> i64 {
        i64::from(self.limit.clamp(1, Self::MAX)) + 1
    }
}

impl<T> Clone for Window<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Window<T> {}

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Whether older rows follow.
    pub has_next: bool,
    /// Whether newer rows come before.
    pub has_previous: bool,
}

impl<R> Slice<R> {
    /// The same page of something made from each row.
    pub fn map<S>(self, with: impl FnMut(R) -> S) -> Slice<S> {
        Slice {
            rows: self.rows.into_iter().map(with).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }

    /// Puts a slice together from up to `limit + 1` rows walking away from the cursor, and whether
    /// any row lies at the cursor or beyond it.
    pub(crate) fn cut<T>(window: Window<T>, mut walked: Vec<R>, behind: bool) -> Self {
        let ahead = walked.len() > window.rows();
        walked.truncate(window.rows());
        let backwards = window.after.is_none() && window.before.is_some();
        if backwards {
            walked.reverse();
        }
        Self {
            rows: walked,
            has_next: if backwards { behind } else { ahead },
            has_previous: if backwards { ahead } else { behind },
        }
    }
}

/// Loads the slice of `$rows` that a window shows of the boxed query which `$query` makes each time.
macro_rules! slice {
    ($c:ident, $window:expr, $row:ty, $id:path, $query:expr) => {{
        let (window, query) = ($window, $query);
        let (page, behind) = match (window.after, window.before) {
            (Some(id), _) => (
                query().filter($id.lt(id)).order($id.desc()),
                Some(query().filter($id.ge(id))),
            ),
            (None, Some(id)) => (
                query().filter($id.gt(id)).order($id.asc()),
                Some(query().filter($id.le(id))),
            ),
            (None, None) => (query().order($id.desc()), None),
        };
        let walked = page
            .limit(window.fetch())
            .select(<$row>::as_select())
            .load($c)
            .await?;
        let behind = match behind {
            Some(query) => query.select($id).limit(1).load::<Id<$row>>($c).await?.len(),
            None => 0,
        };
        Ok($crate::page::Slice::<$row>::cut(window, walked, behind > 0))
    }};
}
pub(crate) use slice;
