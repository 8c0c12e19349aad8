//! Idempotency keys: exactly one is new.

use std::time::Duration;

use strowger_schema::{Claim, DbError, Id, IdempotencyScope, StoredResponse, Time};

use crate::fails;
use crate::support::both;

fn scope(key: &str) -> IdempotencyScope {
    IdempotencyScope {
        credential: "key_1".into(),
        account: Some(Id::new()),
        method: "POST".into(),
        path: "/v1/users".into(),
        key: key.into(),
    }
}

fn answer() -> StoredResponse {
    StoredResponse {
        status: 201,
        content_type: Some("application/json".into()),
        body: vec![b'{', 0xff, 0x00, b'}'],
    }
}

#[test]
fn of_many_at_once_one_is_new() {
    both(async |db| {
        let scope = scope("a");
        let now = Time::now();
        let tasks = (0..10).map(|_| {
            let (db, scope) = (db.clone(), scope.clone());
            tokio::spawn(
                async move { db.claim_idempotency_key(scope, vec![1], now).await.unwrap() },
            )
        });
        let mut new = 0;
        for task in tasks.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Claim::New => new += 1,
                claim => assert_eq!(claim, Claim::Running),
            }
        }
        assert_eq!(new, 1);
    });
}

#[test]
fn an_answer_is_kept_for_a_day() {
    both(async |db| {
        let (scope, now) = (scope("a"), Time::now());
        let claim = |scope: &IdempotencyScope, hash: u8, after: u64| {
            db.claim_idempotency_key(
                scope.clone(),
                vec![hash],
                now.after(Duration::from_secs(after)),
            )
        };
        assert_eq!(claim(&scope, 1, 0).await.unwrap(), Claim::New);
        assert_eq!(claim(&scope, 1, 1).await.unwrap(), Claim::Running);
        assert_eq!(claim(&scope, 2, 1).await.unwrap(), Claim::OtherBody);
        db.finish_idempotency_key(scope.clone(), answer())
            .await
            .unwrap();
        assert_eq!(
            claim(&scope, 1, 3600).await.unwrap(),
            Claim::Finished(answer())
        );
        assert_eq!(claim(&scope, 2, 3600).await.unwrap(), Claim::OtherBody);
        // Anything else of the scope makes another request of it.
        for other in [
            IdempotencyScope {
                credential: "key_2".into(),
                ..scope.clone()
            },
            IdempotencyScope {
                account: None,
                ..scope.clone()
            },
            IdempotencyScope {
                method: "PUT".into(),
                ..scope.clone()
            },
            IdempotencyScope {
                path: "/v1/extensions".into(),
                ..scope.clone()
            },
            IdempotencyScope {
                key: "b".into(),
                ..scope.clone()
            },
        ] {
            assert_eq!(claim(&other, 1, 1).await.unwrap(), Claim::New);
        }
        assert_eq!(claim(&scope, 2, 24 * 3600).await.unwrap(), Claim::New);
        let day = now.after(Duration::from_secs(24 * 3600 + 1));
        assert_eq!(db.delete_expired_idempotency_keys(day).await.unwrap(), 5);
    });
}

#[test]
fn a_claim_is_released_or_abandoned() {
    both(async |db| {
        let (scope, now) = (scope("a"), Time::now());
        let claim = |after: u64| {
            db.claim_idempotency_key(
                scope.clone(),
                vec![1],
                now.after(Duration::from_secs(after)),
            )
        };
        assert_eq!(claim(0).await.unwrap(), Claim::New);
        db.release_idempotency_key(scope.clone()).await.unwrap();
        assert_eq!(claim(0).await.unwrap(), Claim::New);
        assert_eq!(claim(119).await.unwrap(), Claim::Running);
        assert_eq!(claim(121).await.unwrap(), Claim::New);
        db.finish_idempotency_key(scope.clone(), answer())
            .await
            .unwrap();
        db.release_idempotency_key(scope.clone()).await.unwrap();
        assert_eq!(claim(999).await.unwrap(), Claim::Finished(answer()));
        let stranger = IdempotencyScope {
            key: "z".into(),
            ..scope.clone()
        };
        fails!(
            db.finish_idempotency_key(stranger, answer()),
            DbError::NotFound
        );
    });
}
