//! Users: search, unique addresses, configuration, and what goes with them.

use strowger_schema::page::Window;
use strowger_schema::types::{
    FindMe, FindMeStep, FindMeTarget, InboundRouting, TimeoutAction, UserConfigChanges,
};
use strowger_schema::{
    Constraint, DbError, Id, MemberTarget, NewExtension, NewPhoneNumber, NewRingGroup, NewUser,
    Origin, TargetId, UserChanges,
};

use crate::fails;
use crate::support::{account, both, endpoint, user};

#[test]
fn a_search_looks_into_names_and_addresses() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        for (name, email) in [
            (Some("Ärger Ümlaut"), Some("a@example.com")),
            (Some("Bob 50%_x"), Some("Bob@Example.com")),
            (None, Some("carol@other.org")),
            (Some("Dan"), None),
            (None, None),
        ] {
            let new = NewUser {
                account_id: ours.id,
                name: name.map(Into::into),
                email: email.map(Into::into),
            };
            db.insert_user(new).await.unwrap();
        }
        user(&db, &theirs, "Bob of theirs").await;
        for (search, wanted) in [
            ("", 5),
            ("ärger ü", 1),
            ("ÄRGER", 1),
            ("bOb", 1),
            ("example.com", 2),
            ("%", 1),
            ("_", 1),
            ("50%_X", 1),
            ("\\", 0),
            ("org", 1),
            ("'; DROP TABLE users; --", 0),
        ] {
            let found = db
                .list_users(ours.id, Some(search.into()), Window::first(50))
                .await
                .unwrap();
            assert_eq!(found.rows.len(), wanted, "{search:?}");
        }
        assert_eq!(
            db.list_users(ours.id, None, Window::first(50))
                .await
                .unwrap()
                .rows
                .len(),
            5
        );
        assert_eq!(db.list_users_to_ring(ours.id).await.unwrap().len(), 5);
    });
}

#[test]
fn a_search_sees_the_new_name() {
    both(async |db| {
        let ours = account(&db).await;
        let ann = user(&db, &ours, "Ann").await;
        let changes = UserChanges {
            name: Some(Some("Zoë".into())),
            email: Some(Some("zoe@example.com".into())),
            ..Default::default()
        };
        db.update_user(ours.id, ann.id, changes, Default::default())
            .await
            .unwrap();
        for (search, wanted) in [("ann", 0), ("ZOË", 1), ("zoe@", 1)] {
            let found = db
                .list_users(ours.id, Some(search.into()), Window::first(5))
                .await
                .unwrap();
            assert_eq!(found.rows.len(), wanted, "{search}");
        }
    });
}

#[test]
fn an_address_is_unique_in_its_account_whatever_the_case() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let new = |account: Id<strowger_schema::Account>, email: &str| NewUser {
            account_id: account,
            name: None,
            email: Some(email.into()),
        };
        db.insert_user(new(ours.id, "a@example.com")).await.unwrap();
        let taken = DbError::Conflict {
            constraint: Constraint::UserEmail,
        }
        .to_string();
        let again = db
            .insert_user(new(ours.id, "A@Example.com"))
            .await
            .unwrap_err();
        assert_eq!(again.to_string(), taken);
        db.insert_user(new(theirs.id, "a@example.com"))
            .await
            .unwrap();

        let bob = user(&db, &ours, "Bob").await;
        let changes = UserChanges {
            email: Some(Some("A@example.com".into())),
            ..Default::default()
        };
        fails!(
            db.update_user(ours.id, bob.id, changes, Default::default()),
            DbError::Conflict {
                constraint: Constraint::UserEmail
            }
        );
        assert_eq!(db.find_user(ours.id, bob.id).await.unwrap(), bob);
        fails!(
            db.insert_user(new(Id::new(), "x@example.com")),
            DbError::Reference
        );
    });
}

#[test]
fn an_update_keeps_sets_and_clears() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let ann = user(&db, &ours, "Ann").await;
        let find_me = FindMe {
            steps: vec![FindMeStep {
                targets: vec![FindMeTarget::User { id: ann.id }],
                timeout: 20,
            }],
            ..Default::default()
        };
        let changes = UserChanges {
            voicemail_pin: Some(Some("1234".into())),
            do_not_disturb: Some(true),
            ..Default::default()
        };
        let config = UserConfigChanges {
            find_me_follow_me: Some(Some(find_me.clone())),
            ..Default::default()
        };
        let changed = db
            .update_user(ours.id, ann.id, changes, config)
            .await
            .unwrap();
        assert_eq!(changed.name.as_deref(), Some("Ann"));
        assert_eq!(changed.config.find_me_follow_me, Some(find_me));
        assert!(changed.do_not_disturb);

        let changes = UserChanges {
            voicemail_pin: Some(None),
            do_not_disturb: Some(false),
            ..Default::default()
        };
        let config = UserConfigChanges {
            mobile_push_wakeup: Some(true),
            ..Default::default()
        };
        let again = db
            .update_user(ours.id, ann.id, changes, config)
            .await
            .unwrap();
        assert_eq!(again.voicemail_pin, None);
        assert!(!again.do_not_disturb && again.config.mobile_push_wakeup);
        assert!(again.config.find_me_follow_me.is_some());
        assert_eq!(db.find_user(ours.id, ann.id).await.unwrap(), again);
        assert_eq!(
            db.find_users(ours.id, vec![ann.id, Id::new()])
                .await
                .unwrap(),
            [again]
        );
        assert!(
            db.find_users(theirs.id, vec![ann.id])
                .await
                .unwrap()
                .is_empty()
        );
        fails!(db.find_user(theirs.id, ann.id), DbError::NotFound);
        fails!(
            db.update_user(theirs.id, ann.id, Default::default(), Default::default()),
            DbError::NotFound
        );
    });
}

#[test]
fn deleting_a_user_clears_what_led_to_them() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let ann = user(&db, &ours, "Ann").await;
        let target = TargetId::User(ann.id);
        endpoint(&db, &ann, "ann").await;
        db.insert_extension(NewExtension {
            account_id: ours.id,
            number: "1".into(),
            target,
        })
        .await
        .unwrap();
        let group = NewRingGroup {
            account_id: ours.id,
            name: "All".into(),
            timeout_seconds: 20,
            ignore_forwarding: false,
            confirm_external: false,
            timeout: Some((TimeoutAction::RingUser, target)),
        };
        let group = db.insert_ring_group(group).await.unwrap();
        db.insert_ring_group_member(ours.id, group.id, MemberTarget::Extension(target))
            .await
            .unwrap();
        let number = NewPhoneNumber {
            phone_number: "+12175550101".into(),
            account_id: Some(ours.id),
            origin: Origin::default(),
        };
        let number = db.insert_phone_number(number).await.unwrap();
        db.route_phone_number(ours.id, number.id, InboundRouting::Default, Some(target))
            .await
            .unwrap();

        fails!(db.delete_user(theirs.id, ann.id), DbError::NotFound);
        assert_eq!(db.delete_user(ours.id, ann.id).await.unwrap().id, ann.id);

        fails!(db.delete_user(ours.id, ann.id), DbError::NotFound);
        fails!(
            db.find_endpoint_by_username("ann".into()),
            DbError::NotFound
        );
        fails!(db.find_extension(ours.id, "1".into()), DbError::NotFound);
        assert!(
            db.list_ring_group_members(ours.id, vec![group.id])
                .await
                .unwrap()
                .is_empty()
        );
        let group = db.find_ring_group(ours.id, group.id).await.unwrap();
        assert_eq!((group.timeout_action, group.timeout_target), (None, None));
        let number = db.find_phone_number(ours.id, number.id).await.unwrap();
        assert_eq!(number.placement.routing_target, None);
    });
}
