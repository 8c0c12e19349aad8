//! Endpoints: unique names, hidden secrets, isolation.

use strowger_schema::page::Window;
use strowger_schema::{Constraint, DbError, EndpointChanges, NewEndpoint};

use crate::fails;
use crate::support::{account, both, digest, endpoint, user};

#[test]
fn a_name_is_unique_on_the_whole_exchange() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let (ann, bob) = (
            user(&db, &ours, "Ann").await,
            user(&db, &theirs, "Bob").await,
        );
        let made = endpoint(&db, &ann, "desk").await;
        let new = NewEndpoint {
            account_id: theirs.id,
            user_id: bob.id,
            name: None,
            sip_username: "desk".into(),
            digest: digest("b"),
        };
        fails!(
            db.insert_endpoint(new.clone()),
            DbError::Conflict {
                constraint: Constraint::SipUsername
            }
        );
        let stranger = NewEndpoint {
            account_id: ours.id,
            sip_username: "x".into(),
            ..new
        };
        fails!(db.insert_endpoint(stranger), DbError::NotFound);
        assert_eq!(
            db.find_endpoint_by_username("desk".into()).await.unwrap(),
            made
        );
        fails!(
            db.find_endpoint_by_username("Desk".into()),
            DbError::NotFound
        );
    });
}

#[test]
fn changes_and_deletion_stay_with_the_owner() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let (ann, bob) = (user(&db, &ours, "Ann").await, user(&db, &ours, "Bob").await);
        let made = endpoint(&db, &ann, "desk").await;
        let other = endpoint(&db, &bob, "phone").await;

        let changes = EndpointChanges {
            name: Some(Some("Desk".into())),
            digest: Some(digest("c")),
        };
        let changed = db
            .update_endpoint(ours.id, ann.id, made.id, changes)
            .await
            .unwrap();
        assert_eq!(changed.name.as_deref(), Some("Desk"));
        assert_eq!(changed.digest, digest("c"));
        assert!(!format!("{changed:?}").contains("cccc"));
        let kept = db
            .update_endpoint(ours.id, ann.id, made.id, Default::default())
            .await
            .unwrap();
        assert_eq!((kept.name, kept.digest), (changed.name, changed.digest));

        fails!(
            db.find_endpoint(ours.id, bob.id, made.id),
            DbError::NotFound
        );
        fails!(
            db.find_endpoint(theirs.id, ann.id, made.id),
            DbError::NotFound
        );
        fails!(
            db.update_endpoint(theirs.id, ann.id, made.id, Default::default()),
            DbError::NotFound
        );
        fails!(
            db.delete_endpoint(ours.id, bob.id, made.id),
            DbError::NotFound
        );
        let page = db
            .list_endpoints(ours.id, ann.id, Window::first(5))
            .await
            .unwrap();
        assert_eq!(page.rows.len(), 1);
        assert!(
            db.list_endpoints(theirs.id, ann.id, Window::first(5))
                .await
                .unwrap()
                .rows
                .is_empty()
        );

        db.delete_endpoint(ours.id, ann.id, made.id).await.unwrap();
        fails!(
            db.find_endpoint(ours.id, ann.id, made.id),
            DbError::NotFound
        );
        assert_eq!(
            db.find_endpoint(ours.id, bob.id, other.id).await.unwrap(),
            other
        );
    });
}
