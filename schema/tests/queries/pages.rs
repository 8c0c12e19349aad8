//! Pages: however a list is cut, walking it visits every row once, in both directions.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use strowger_schema::page::{Slice, Window};
use strowger_schema::{Account, Db, Id, NewUser, User};

use crate::support::{account, both};

async fn page(
    db: &Db,
    account: &Account,
    search: &Option<String>,
    window: Window<User>,
) -> Slice<User> {
    db.list_users(account.id, search.clone(), window)
        .await
        .unwrap()
}

fn ids(slice: &Slice<User>) -> Vec<Id<User>> {
    slice.rows.iter().map(|user| user.id).collect()
}

/// Walks from the first page to the last, then back, checking each page against the list.
async fn walk(db: &Db, account: &Account, search: &Option<String>, limit: u32, list: &[Id<User>]) {
    let mut window = Window::first(limit);
    let mut pages = Vec::new();
    let mut seen = 0;
    loop {
        let slice = page(db, account, search, window).await;
        let wanted = &list[seen..list.len().min(seen + limit as usize)];
        assert_eq!(ids(&slice), wanted);
        assert_eq!(slice.has_previous, seen > 0);
        seen += slice.rows.len();
        assert_eq!(slice.has_next, seen < list.len());
        pages.push(ids(&slice));
        match slice.rows.last() {
            Some(last) if slice.has_next => window = Window::after(last.id, limit),
            _ => break,
        }
    }
    assert_eq!(pages.concat(), list);
    while let Some(later) = pages.pop() {
        let Some(first) = later.first() else { break };
        let slice = page(db, account, search, Window::before(*first, limit)).await;
        assert_eq!(ids(&slice), pages.last().cloned().unwrap_or_default());
        assert_eq!(slice.has_previous, pages.len() > 1);
        assert!(slice.has_next);
    }
}

#[test]
fn walking_visits_every_row_once() {
    // Rows of each account, whether each matches the search, and the size of a page.
    let inputs = (
        prop::collection::vec((any::<bool>(), any::<bool>()), 0..30),
        1u32..9,
    );
    let mut runner = TestRunner::default();
    let cases: Vec<_> = (0..16)
        .map(|_| inputs.new_tree(&mut runner).unwrap().current())
        .collect();
    both(async |db| {
        for (rows, limit) in &cases {
            let (ours, theirs) = (account(&db).await, account(&db).await);
            let (mut all, mut matching) = (Vec::new(), Vec::new());
            for (mine, matches) in rows {
                let new = NewUser {
                    account_id: if *mine { ours.id } else { theirs.id },
                    name: Some(if *matches { "needle" } else { "hay" }.into()),
                    email: None,
                };
                let user = db.insert_user(new).await.unwrap();
                if *mine {
                    all.insert(0, user.id);
                    if *matches {
                        matching.insert(0, user.id);
                    }
                }
            }
            walk(&db, &ours, &None, *limit, &all).await;
            walk(&db, &ours, &Some("NEEDLE".into()), *limit, &matching).await;
        }
    });
}

#[test]
fn a_cursor_outlives_its_row() {
    both(async |db| {
        let ours = account(&db).await;
        let mut users = Vec::new();
        for name in ["a", "b", "c"] {
            users.push(crate::support::user(&db, &ours, name).await.id);
        }
        db.delete_user(ours.id, users[1]).await.unwrap();
        let after = page(&db, &ours, &None, Window::after(users[1], 5)).await;
        assert_eq!(
            (ids(&after), after.has_next, after.has_previous),
            (vec![users[0]], false, true)
        );
        let before = page(&db, &ours, &None, Window::before(users[1], 5)).await;
        assert_eq!(
            (ids(&before), before.has_next, before.has_previous),
            (vec![users[2]], true, false)
        );
    });
}

#[test]
fn a_limit_out_of_range_is_brought_into_it() {
    both(async |db| {
        let ours = account(&db).await;
        for name in ["a", "b"] {
            crate::support::user(&db, &ours, name).await;
        }
        assert_eq!(
            page(&db, &ours, &None, Window::first(0)).await.rows.len(),
            1
        );
        assert_eq!(
            page(&db, &ours, &None, Window::first(u32::MAX))
                .await
                .rows
                .len(),
            2
        );
    });
}
