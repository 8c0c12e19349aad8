//! Keys of session tokens, revocations, and emergency addresses.

use std::time::Duration;

use strowger_schema::page::Window;
use strowger_schema::types::Address;
use strowger_schema::{DbError, Id, NewEmergencyAddress, Time};

use crate::fails;
use crate::support::{account, both, platform, user};

#[test]
fn one_key_signs_and_the_one_before_checks() {
    both(async |db| {
        let first = db.find_or_insert_session_key(vec![1]).await.unwrap();
        let again = db.find_or_insert_session_key(vec![2]).await.unwrap();
        assert_eq!(first, again);
        let long_ago = Time::now().before(Duration::from_secs(60));
        let second = db.rotate_session_key(vec![3], long_ago).await.unwrap();
        assert_eq!(second.secret_sealed.reveal(), &[3]);
        let mut keys = db.list_session_keys(long_ago).await.unwrap();
        keys.sort_by_key(|key| key.id);
        assert_eq!(
            keys.iter().map(|key| key.id).collect::<Vec<_>>(),
            [first.id, second.id]
        );
        assert!(keys[0].retired_at.is_some() && keys[1].retired_at.is_none());
        let (one, two) = tokio::join!(
            db.rotate_session_key(vec![4], Time::now()),
            db.rotate_session_key(vec![5], Time::now()),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        let current = db.find_or_insert_session_key(vec![6]).await.unwrap();
        assert!(current.id == one.id || current.id == two.id);
        let now = db.list_session_keys(Time::now()).await.unwrap();
        assert_eq!(now.len(), 1);
    });
}

#[test]
fn a_revocation_is_found_with_the_user() {
    both(async |db| {
        let account = account(&db).await;
        let alice = user(&db, &account, "Alice").await;
        let found = db.find_token_user(alice.id).await.unwrap();
        assert_eq!((found.account, found.revoked_at), (account.id, None));
        let at = db.revoke_sessions(account.id, alice.id).await.unwrap();
        let platform = platform(&db).await.id;
        let found = db
            .find_platform_user(platform, true, alice.id)
            .await
            .unwrap();
        assert_eq!(found.revoked_at, Some(at));
        fails!(
            db.find_platform_user(platform, false, alice.id),
            DbError::NotFound
        );
        fails!(
            db.find_platform_user(Id::new(), true, alice.id),
            DbError::NotFound
        );
        fails!(db.revoke_sessions(Id::new(), alice.id), DbError::NotFound);
    });
}

#[test]
fn an_emergency_address_is_bound_once() {
    both(async |db| {
        let account = account(&db).await;
        let (alice, bob) = (
            user(&db, &account, "Alice").await,
            user(&db, &account, "Bob").await,
        );
        let new = |city: &str| NewEmergencyAddress {
            account_id: account.id,
            user_id: alice.id,
            address: Address {
                place_id: None,
                address_number: Some("48".into()),
                street: Some("Harbour Street".into()),
                unit: None,
                city: city.into(),
                state: "ME".into(),
                postal_code: "04101".into(),
                country: "US".into(),
                latitude: None,
                longitude: None,
                formatted_address: None,
            },
        };
        let (a, u) = (account.id, alice.id);
        fails!(db.find_last_emergency_address(a, u), DbError::NotFound);
        let first = db
            .replace_last_emergency_address(new("Portland"))
            .await
            .unwrap();
        let bind = |ip: &str| db.bind_emergency_address(a, u, first.id, ip.to_owned());
        let bound = bind("203.0.113.7").await.unwrap();
        assert_eq!(bound.registered_ip.as_deref(), Some("203.0.113.7"));
        let elsewhere = bind("203.0.113.8").await.unwrap();
        assert_eq!(elsewhere.registered_ip.as_deref(), Some("203.0.113.7"));
        db.unbind_emergency_address(a, u, first.id).await.unwrap();
        let bound = bind("203.0.113.8").await.unwrap();
        assert_eq!(bound.registered_ip.as_deref(), Some("203.0.113.8"));
        // Another place in its stead is bound nowhere yet.
        let moved = db
            .replace_last_emergency_address(new("Bangor"))
            .await
            .unwrap();
        assert_eq!((moved.id, moved.registered_ip), (first.id, None));
        assert_eq!(moved.address.city, "Bangor");
        let second = db.insert_emergency_address(new("Saco"), 2).await;
        let second = second.unwrap().unwrap();
        let third = db.insert_emergency_address(new("Lewiston"), 2).await;
        assert_eq!(third.unwrap(), None);
        assert_eq!(
            db.find_last_emergency_address(a, u).await.unwrap().id,
            second.id
        );
        let page = db
            .list_emergency_addresses(a, u, Window::first(1))
            .await
            .unwrap();
        assert_eq!((page.rows[0].id, page.has_next), (second.id, true));
        // Nobody else's.
        let ip = || "203.0.113.9".to_owned();
        fails!(
            db.find_emergency_address(a, bob.id, first.id),
            DbError::NotFound
        );
        fails!(
            db.bind_emergency_address(a, bob.id, first.id, ip()),
            DbError::NotFound
        );
        fails!(
            db.unbind_emergency_address(Id::new(), u, first.id),
            DbError::NotFound
        );
        fails!(
            db.delete_emergency_address(a, bob.id, first.id),
            DbError::NotFound
        );
        db.delete_emergency_address(a, u, first.id).await.unwrap();
        fails!(db.find_emergency_address(a, u, first.id), DbError::NotFound);
        db.delete_user(a, u).await.unwrap();
        fails!(db.find_last_emergency_address(a, u), DbError::NotFound);
    });
}
