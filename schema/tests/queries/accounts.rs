//! Accounts: isolation, configuration, and what goes with them.

use strowger_schema::page::Window;
use strowger_schema::types::{AccountConfig, AccountConfigChanges, Address, PhoneNumberStatus};
use strowger_schema::{
    AccountChanges, DbError, Id, Json, NewAccount, NewExtension, NewPhoneNumber, NewRingGroup,
    Origin, Recorded, TargetId,
};

use crate::calls::record;
use crate::fails;
use crate::support::{account, both, endpoint, platform, user};

#[test]
fn an_account_keeps_what_it_was_given() {
    both(async |db| {
        let platform = platform(&db).await;
        let address = Address {
            place_id: None,
            address_number: Some("1".into()),
            street: Some("Main St".into()),
            unit: None,
            city: "Springfield".into(),
            state: "IL".into(),
            postal_code: "62701".into(),
            country: "US".into(),
            latitude: Some(39.8),
            longitude: Some(-89.65),
            formatted_address: None,
        };
        let new = NewAccount {
            platform_id: platform.id,
            livemode: true,
            email: Some("a@example.com".into()),
            name: Some("Ä & Co".into()),
            phone: Some("+12175550100".into()),
            primary_contact_name: Some("Ann".into()),
            config: AccountConfigChanges {
                region: Some("DE".into()),
                ..Default::default()
            },
            billing_address: Some(address),
        };
        let made = db.insert_account(new).await.unwrap();
        let found = db.find_account(platform.id, true, made.id).await.unwrap();
        assert_eq!(found, made);
        assert_eq!(
            found.config.0,
            AccountConfig {
                region: "DE".into(),
                ..Default::default()
            }
        );
        assert_eq!(db.load_account(made.id).await.unwrap(), made);
        fails!(
            db.find_account(platform.id, false, made.id),
            DbError::NotFound
        );
        fails!(db.find_account(Id::new(), true, made.id), DbError::NotFound);
        let listed = db
            .list_accounts(platform.id, true, Window::first(10))
            .await
            .unwrap();
        assert_eq!(listed.rows, [made]);
        assert!(
            db.list_accounts(platform.id, false, Window::first(10))
                .await
                .unwrap()
                .rows
                .is_empty()
        );
    });
}

#[test]
fn an_update_keeps_sets_and_clears() {
    both(async |db| {
        let made = account(&db).await;
        let platform = made.platform_id;
        let did = Id::new();
        let changes = AccountChanges {
            name: Some(Some("New".into())),
            default_outbound_did_id: Some(Some(did)),
            ..Default::default()
        };
        let config = AccountConfigChanges {
            extension_length: Some(3),
            ..Default::default()
        };
        let changed = db
            .update_account(platform, true, made.id, changes, config)
            .await
            .unwrap();
        assert_eq!(changed.name.as_deref(), Some("New"));
        assert_eq!(changed.config.extension_length, 3);
        assert!(changed.updated_at >= made.updated_at);

        let changes = AccountChanges {
            default_outbound_did_id: Some(None),
            ..Default::default()
        };
        let changed = db
            .update_account(platform, true, made.id, changes, Default::default())
            .await
            .unwrap();
        assert_eq!(changed.name.as_deref(), Some("New"));
        assert_eq!(changed.default_outbound_did_id, None);
        assert_eq!(db.load_account(made.id).await.unwrap(), changed);
        let nothing = db.update_account(
            platform,
            false,
            made.id,
            Default::default(),
            Default::default(),
        );
        fails!(nothing, DbError::NotFound);
    });
}

#[test]
fn two_merges_at_once_lose_nothing() {
    both(async |db| {
        let made = account(&db).await;
        let update = |config: AccountConfigChanges| {
            let (db, made) = (db.clone(), made.clone());
            tokio::spawn(async move {
                db.update_account(made.platform_id, true, made.id, Default::default(), config)
                    .await
                    .unwrap()
            })
        };
        let tasks = [
            update(AccountConfigChanges {
                region: Some("DE".into()),
                ..Default::default()
            }),
            update(AccountConfigChanges {
                timezone: Some("Europe/Berlin".into()),
                ..Default::default()
            }),
            update(AccountConfigChanges {
                extension_length: Some(6),
                ..Default::default()
            }),
        ];
        for task in tasks {
            task.await.unwrap();
        }
        let config = db.load_account(made.id).await.unwrap().config;
        assert_eq!(
            (
                config.region.as_str(),
                config.timezone.as_str(),
                config.extension_length
            ),
            ("DE", "Europe/Berlin", 6)
        );
    });
}

#[test]
fn deleting_an_account_takes_all_but_its_numbers() {
    both(async |db| {
        let (made, other) = (account(&db).await, account(&db).await);
        let ann = user(&db, &made, "Ann").await;
        let bob = user(&db, &other, "Bob").await;
        endpoint(&db, &ann, "ann").await;
        let target = TargetId::User(ann.id);
        db.insert_extension(NewExtension {
            account_id: made.id,
            number: "1001".into(),
            target,
        })
        .await
        .unwrap();
        let group = NewRingGroup {
            account_id: made.id,
            name: "Sales".into(),
            timeout_seconds: 20,
            ignore_forwarding: false,
            confirm_external: false,
            timeout: None,
        };
        db.insert_ring_group(group).await.unwrap();
        let number = NewPhoneNumber {
            phone_number: "+12175550101".into(),
            account_id: Some(made.id),
            origin: Origin {
                city: Some("Springfield".into()),
                ..Default::default()
            },
        };
        let number = db.insert_phone_number(number).await.unwrap();
        assert_eq!(db.insert_call(record(&made)).await.unwrap(), Recorded::New);
        let kept = record(&other);
        db.insert_call(kept.clone()).await.unwrap();

        fails!(
            db.delete_account(made.platform_id, false, made.id),
            DbError::NotFound
        );
        db.delete_account(made.platform_id, true, made.id)
            .await
            .unwrap();

        fails!(db.load_account(made.id), DbError::NotFound);
        fails!(db.find_user(made.id, ann.id), DbError::NotFound);
        fails!(
            db.find_endpoint_by_username("ann".into()),
            DbError::NotFound
        );
        fails!(db.find_extension(made.id, "1001".into()), DbError::NotFound);
        assert!(
            db.list_calls(made.id, Default::default(), Window::first(9))
                .await
                .unwrap()
                .rows
                .is_empty()
        );
        let stock = db.find_stock_number(number.id).await.unwrap();
        assert_eq!(
            (stock.placement.account_id, stock.placement.status),
            (None, PhoneNumberStatus::Inactive)
        );
        assert_eq!(stock.origin, number.origin);
        assert_eq!(db.find_user(other.id, bob.id).await.unwrap(), bob);
        assert_eq!(db.find_call(other.id, kept.id).await.unwrap(), kept);
        // The call that the deletion ended has nowhere to go, and says so.
        assert_eq!(
            db.insert_call(record(&made)).await.unwrap(),
            Recorded::NoAccount
        );
    });
}

#[test]
fn a_json_document_survives_odd_text() {
    both(async |db| {
        let made = account(&db).await;
        let odd = "quote \" backslash \\ newline \n ünï 🦀".to_owned();
        let config = AccountConfigChanges {
            timezone: Some(odd.clone()),
            ..Default::default()
        };
        let changed = db
            .update_account(made.platform_id, true, made.id, Default::default(), config)
            .await
            .unwrap();
        assert_eq!(changed.config.timezone, odd);
        let found = db.load_account(made.id).await.unwrap();
        assert_eq!(found.config, Json(changed.config.0.clone()));
    });
}
