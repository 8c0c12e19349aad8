//! Ring groups and members.

use strowger_schema::page::Window;
use strowger_schema::types::{InboundRouting, TimeoutAction};
use strowger_schema::{
    Account, Constraint, Db, DbError, Id, MemberTarget, NewExtension, NewPhoneNumber, NewRingGroup,
    Origin, RingGroup, RingGroupChanges, RingGroupDeletion, TargetId,
};

use crate::fails;
use crate::support::{account, both, user};

async fn group(db: &Db, account: &Account, name: &str) -> RingGroup {
    let new = NewRingGroup {
        account_id: account.id,
        name: name.into(),
        timeout_seconds: 20,
        ignore_forwarding: false,
        confirm_external: true,
        timeout: None,
    };
    db.insert_ring_group(new).await.unwrap()
}

#[test]
fn groups_are_listed_changed_and_isolated() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let ann = user(&db, &ours, "Ann").await;
        let made = group(&db, &ours, "Sales").await;
        let timeout = (TimeoutAction::RingUser, TargetId::User(ann.id));
        let changes = RingGroupChanges {
            timeout_seconds: Some(60),
            timeout: Some(Some(timeout)),
            ..Default::default()
        };
        let changed = db
            .update_ring_group(ours.id, made.id, changes)
            .await
            .unwrap();
        assert_eq!(
            (changed.timeout_seconds, changed.name.as_str()),
            (60, "Sales")
        );
        assert_eq!(
            changed.timeout_action.zip(changed.timeout_target),
            Some(timeout)
        );
        let changes = RingGroupChanges {
            timeout: Some(None),
            ..Default::default()
        };
        let changed = db
            .update_ring_group(ours.id, made.id, changes)
            .await
            .unwrap();
        assert_eq!(
            (changed.timeout_action, changed.timeout_target),
            (None, None)
        );
        assert!(changed.confirm_external);
        assert_eq!(db.find_ring_group(ours.id, made.id).await.unwrap(), changed);
        assert_eq!(
            db.list_ring_groups(ours.id, Window::first(5))
                .await
                .unwrap()
                .rows,
            [changed]
        );
        assert!(
            db.list_ring_groups(theirs.id, Window::first(5))
                .await
                .unwrap()
                .rows
                .is_empty()
        );
        fails!(db.find_ring_group(theirs.id, made.id), DbError::NotFound);
        fails!(
            db.update_ring_group(theirs.id, made.id, Default::default()),
            DbError::NotFound
        );
        fails!(db.delete_ring_group(theirs.id, made.id), DbError::NotFound);
    });
}

#[test]
fn a_member_is_in_a_group_once() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let ann = user(&db, &ours, "Ann").await;
        let (sales, support) = (
            group(&db, &ours, "Sales").await,
            group(&db, &ours, "Support").await,
        );
        let rings = [
            MemberTarget::Extension(ann.id.into()),
            MemberTarget::PhoneNumber("+12175550100".into()),
        ];
        let mut members = Vec::new();
        for rings in rings {
            let member = db
                .insert_ring_group_member(ours.id, sales.id, rings.clone())
                .await
                .unwrap();
            fails!(
                db.insert_ring_group_member(ours.id, sales.id, rings.clone()),
                DbError::Conflict {
                    constraint: Constraint::RingGroupMember
                }
            );
            db.insert_ring_group_member(ours.id, support.id, rings.clone())
                .await
                .unwrap();
            fails!(
                db.insert_ring_group_member(theirs.id, sales.id, rings),
                DbError::NotFound
            );
            members.push(member);
        }
        assert_eq!(
            db.list_ring_group_members(ours.id, vec![sales.id])
                .await
                .unwrap(),
            members
        );
        let both = db
            .list_ring_group_members(ours.id, vec![sales.id, support.id])
            .await
            .unwrap();
        assert_eq!(both.len(), 4);
        let first = members[0].id;
        fails!(
            db.delete_ring_group_member(ours.id, support.id, first),
            DbError::NotFound
        );
        fails!(
            db.delete_ring_group_member(theirs.id, sales.id, first),
            DbError::NotFound
        );
        db.delete_ring_group_member(ours.id, sales.id, first)
            .await
            .unwrap();
        assert_eq!(
            db.list_ring_group_members(ours.id, vec![sales.id])
                .await
                .unwrap(),
            members[1..]
        );
    });
}

#[test]
fn a_group_stays_while_an_extension_leads_to_it() {
    both(async |db| {
        let ours = account(&db).await;
        let (sales, outer) = (
            group(&db, &ours, "Sales").await,
            group(&db, &ours, "Outer").await,
        );
        let target = TargetId::RingGroup(sales.id);
        db.insert_extension(NewExtension {
            account_id: ours.id,
            number: "7".into(),
            target,
        })
        .await
        .unwrap();
        db.insert_ring_group_member(ours.id, outer.id, MemberTarget::Extension(target))
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

        let refused = db.delete_ring_group(ours.id, sales.id).await.unwrap();
        assert_eq!(
            refused,
            RingGroupDeletion::InUse {
                extensions: vec!["7".into()]
            }
        );
        db.delete_extension(ours.id, "7".into()).await.unwrap();
        let deleted = db.delete_ring_group(ours.id, sales.id).await.unwrap();
        assert_eq!(deleted, RingGroupDeletion::Deleted(sales.clone()));
        fails!(db.find_ring_group(ours.id, sales.id), DbError::NotFound);
        fails!(db.delete_ring_group(ours.id, sales.id), DbError::NotFound);
        assert!(
            db.list_ring_group_members(ours.id, vec![outer.id])
                .await
                .unwrap()
                .is_empty()
        );
        let number = db.find_phone_number(ours.id, number.id).await.unwrap();
        assert_eq!(number.placement.routing_target, None);
        fails!(db.delete_ring_group(ours.id, Id::new()), DbError::NotFound);
    });
}
