//! Platforms, API keys and settings.

use strowger_schema::{Constraint, DbError, FirstKey, Id, NewApiKey};

use crate::fails;
use crate::support::{both, platform};

fn first(byte: u8) -> FirstKey {
    FirstKey {
        name: Some("billing".into()),
        hash: vec![byte; 32].into(),
        last4: "wxyz".into(),
        livemode: true,
    }
}

#[test]
fn the_first_start_makes_one_platform_and_one_key() {
    both(async |db| {
        let (platform, key) = db
            .bootstrap_platform("Acme".into(), first(1))
            .await
            .unwrap();
        let key = key.unwrap();
        assert_eq!(key.name.as_deref(), Some("billing"));
        assert!(!format!("{:?}", first(1)).contains("[1, 1"));
        assert_eq!((key.platform_id, key.livemode), (platform.id, true));
        assert_eq!(key.hash.reveal(), &vec![1; 32]);

        let (again, other) = db
            .bootstrap_platform("Other".into(), first(2))
            .await
            .unwrap();
        assert_eq!((&again, other), (&platform, None));
        assert_eq!(db.find_platform().await.unwrap(), platform);
        assert_eq!(db.find_api_key_by_hash(vec![1; 32]).await.unwrap(), key);
        fails!(db.find_api_key_by_hash(vec![2; 32]), DbError::NotFound);
    });
}

#[test]
fn starting_together_makes_one_platform() {
    both(async |db| {
        let starts = (0..8).map(|n| {
            let db = db.clone();
            tokio::spawn(async move { db.bootstrap_platform("Acme".into(), first(n)).await })
        });
        let mut keys = 0;
        let mut ids = Vec::new();
        for start in starts.collect::<Vec<_>>() {
            let (platform, key) = start.await.unwrap().unwrap();
            keys += usize::from(key.is_some());
            ids.push(platform.id);
        }
        ids.dedup();
        assert_eq!((ids.len(), keys), (1, 1));
    });
}

#[test]
fn keys_are_added_listed_and_revoked() {
    both(async |db| {
        let platform = platform(&db).await;
        let new = NewApiKey {
            platform_id: platform.id,
            name: Some("billing".into()),
            hash: vec![9; 32].into(),
            livemode: false,
            last4: "9999".into(),
        };
        let key = db.insert_api_key(new.clone()).await.unwrap();
        fails!(
            db.insert_api_key(new),
            DbError::Conflict {
                constraint: Constraint::ApiKey
            }
        );
        let listed = db.list_api_keys(platform.id).await.unwrap();
        assert_eq!(listed.first(), Some(&key));
        assert_eq!(listed.len(), 2);

        let revoked = db.revoke_api_key(platform.id, key.id).await.unwrap();
        assert!(revoked.revoked_at.is_some());
        assert_eq!(
            db.revoke_api_key(platform.id, key.id).await.unwrap(),
            revoked
        );
        fails!(db.find_api_key_by_hash(vec![9; 32]), DbError::NotFound);
        fails!(db.revoke_api_key(Id::new(), key.id), DbError::NotFound);
        fails!(db.revoke_api_key(platform.id, Id::new()), DbError::NotFound);
    });
}

#[test]
fn a_setting_keeps_its_first_value() {
    both(async |db| {
        let made = db
            .find_or_insert_setting("cursor_key".into(), vec![1, 2])
            .await
            .unwrap();
        assert_eq!(made, [1, 2]);
        let kept = db
            .find_or_insert_setting("cursor_key".into(), vec![3])
            .await
            .unwrap();
        assert_eq!(kept, [1, 2]);
    });
}
