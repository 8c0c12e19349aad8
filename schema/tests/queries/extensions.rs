//! Extensions: by number, by target.

use strowger_schema::page::Window;
use strowger_schema::types::ExtensionStatus;
use strowger_schema::{
    Constraint, DbError, ExtensionChanges, Id, NewExtension, NewRingGroup, TargetId,
};

use crate::fails;
use crate::support::{account, both, user};

#[test]
fn a_number_is_unique_in_its_account() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let (ann, bob) = (
            user(&db, &ours, "Ann").await,
            user(&db, &theirs, "Bob").await,
        );
        let new = NewExtension {
            account_id: ours.id,
            number: "1001".into(),
            target: ann.id.into(),
        };
        let made = db.insert_extension(new.clone()).await.unwrap();
        assert_eq!(made.status, ExtensionStatus::Active);
        fails!(
            db.insert_extension(new.clone()),
            DbError::Conflict {
                constraint: Constraint::ExtensionNumber
            }
        );
        let elsewhere = NewExtension {
            account_id: theirs.id,
            target: bob.id.into(),
            ..new.clone()
        };
        db.insert_extension(elsewhere).await.unwrap();
        let foreign = NewExtension {
            number: "1002".into(),
            target: bob.id.into(),
            ..new.clone()
        };
        fails!(db.insert_extension(foreign), DbError::Reference);
        let unknown = NewExtension {
            number: "1002".into(),
            target: TargetId::Queue(Id::new()),
            ..new
        };
        fails!(db.insert_extension(unknown), DbError::Reference);
        assert_eq!(
            db.find_extension(ours.id, "1001".into()).await.unwrap(),
            made
        );
    });
}

#[test]
fn extensions_are_renamed_retargeted_and_deleted() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let (ann, bob) = (user(&db, &ours, "Ann").await, user(&db, &ours, "Bob").await);
        let stranger = user(&db, &theirs, "Eve").await;
        for number in ["1", "2"] {
            let new = NewExtension {
                account_id: ours.id,
                number: number.into(),
                target: ann.id.into(),
            };
            db.insert_extension(new).await.unwrap();
        }
        let rename = |number: &str| ExtensionChanges {
            number: Some(number.into()),
            ..Default::default()
        };
        fails!(
            db.update_extension(ours.id, "1".into(), rename("2")),
            DbError::Conflict {
                constraint: Constraint::ExtensionNumber
            }
        );
        fails!(
            db.update_extension(theirs.id, "1".into(), rename("3")),
            DbError::NotFound
        );
        let foreign = ExtensionChanges {
            target: Some(stranger.id.into()),
            ..Default::default()
        };
        fails!(
            db.update_extension(ours.id, "1".into(), foreign),
            DbError::Reference
        );
        let changes = ExtensionChanges {
            target: Some(bob.id.into()),
            status: Some(ExtensionStatus::Inactive),
            ..rename("3")
        };
        let changed = db
            .update_extension(ours.id, "1".into(), changes)
            .await
            .unwrap();
        assert_eq!(
            (changed.number.as_str(), changed.target),
            ("3", bob.id.into())
        );
        fails!(db.find_extension(ours.id, "1".into()), DbError::NotFound);
        fails!(
            db.delete_extension(theirs.id, "3".into()),
            DbError::NotFound
        );
        db.delete_extension(ours.id, "3".into()).await.unwrap();
        fails!(db.delete_extension(ours.id, "3".into()), DbError::NotFound);
        assert_eq!(db.find_user(ours.id, bob.id).await.unwrap(), bob);
    });
}

#[test]
fn targets_are_found_and_named() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let (ann, bob) = (user(&db, &ours, "Ann").await, user(&db, &ours, "Bob").await);
        let group = NewRingGroup {
            account_id: ours.id,
            name: "Sales".into(),
            timeout_seconds: 20,
            ignore_forwarding: false,
            confirm_external: false,
            timeout: None,
        };
        let group = db.insert_ring_group(group).await.unwrap();
        for (number, target) in [
            ("1", ann.id.into()),
            ("2", bob.id.into()),
            ("3", ann.id.into()),
        ] {
            let new = NewExtension {
                account_id: ours.id,
                number: number.into(),
                target,
            };
            db.insert_extension(new).await.unwrap();
        }
        let page = db
            .list_extensions(ours.id, Some(ann.id.into()), Window::first(9))
            .await
            .unwrap();
        let numbers = |rows: &[strowger_schema::Extension]| {
            rows.iter().map(|e| e.number.clone()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&page.rows), ["3", "1"]);
        let page = db
            .list_extensions(ours.id, None, Window::first(9))
            .await
            .unwrap();
        assert_eq!(numbers(&page.rows), ["3", "2", "1"]);
        let targets = vec![bob.id.into(), group.id.into(), ann.id.into()];
        let found = db
            .list_extensions_of(ours.id, targets.clone())
            .await
            .unwrap();
        assert_eq!(numbers(&found), ["3", "2", "1"]);
        assert!(
            db.list_extensions_of(theirs.id, targets)
                .await
                .unwrap()
                .is_empty()
        );

        let name = |target| db.find_target_name(ours.id, target);
        assert_eq!(name(ann.id.into()).await.unwrap().as_deref(), Some("Ann"));
        assert_eq!(
            name(group.id.into()).await.unwrap().as_deref(),
            Some("Sales")
        );
        fails!(name(TargetId::VoiceApp(Id::new())), DbError::NotFound);
        fails!(
            db.find_target_name(theirs.id, ann.id.into()),
            DbError::NotFound
        );
    });
}
