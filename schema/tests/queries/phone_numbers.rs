//! Phone numbers: stock, claims, routing, hand-over.

use strowger_schema::page::Window;
use strowger_schema::types::{DidConfig, InboundRouting, PhoneNumberStatus};
use strowger_schema::{
    Account, AccountChanges, Constraint, Db, DbError, Id, Json, NewPhoneNumber, NumberClaim,
    Origin, PhoneNumber, PhoneNumberChanges, StockSearch, TargetId,
};

use crate::fails;
use crate::support::{account, both, user};

async fn number(db: &Db, digits: &str, account: Option<&Account>) -> PhoneNumber {
    let new = NewPhoneNumber {
        phone_number: digits.into(),
        account_id: account.map(|account| account.id),
        origin: Origin {
            city: Some("Springfield".into()),
            state: Some("IL".into()),
            rate_center: Some("SPFD".into()),
            lata: Some("374".into()),
        },
    };
    db.insert_phone_number(new).await.unwrap()
}

#[test]
fn a_number_of_the_stock_is_claimed_once() {
    both(async |db| {
        let accounts = [account(&db).await, account(&db).await];
        number(&db, "+12175550100", None).await;
        let claims = (0..8).map(|n| {
            let (db, account) = (db.clone(), accounts[n % 2].id);
            tokio::spawn(async move {
                db.claim_phone_number(account, "+12175550100".into())
                    .await
                    .unwrap()
            })
        });
        let mut claimed = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            if let NumberClaim::Claimed(number) = claim.await.unwrap() {
                claimed.push(number);
            }
        }
        let [taken] = claimed.as_slice() else {
            panic!("claimed {} times", claimed.len())
        };
        let owner = taken.placement.account_id.unwrap();
        let other = accounts.iter().find(|account| account.id != owner).unwrap();
        let claim = |account, digits: &str| db.claim_phone_number(account, digits.into());
        assert_eq!(
            claim(owner, "+12175550100").await.unwrap(),
            NumberClaim::AlreadyOurs
        );
        assert_eq!(
            claim(other.id, "+12175550100").await.unwrap(),
            NumberClaim::InServiceElsewhere
        );
        assert_eq!(
            claim(owner, "+12175550199").await.unwrap(),
            NumberClaim::Unknown
        );
        assert_eq!(
            db.find_number_in_service("+12175550100".into())
                .await
                .unwrap(),
            **taken
        );
        number(&db, "+12175550188", None).await;
        fails!(claim(Id::new(), "+12175550188"), DbError::Reference);
    });
}

#[test]
fn the_stock_is_searched() {
    both(async |db| {
        let ours = account(&db).await;
        for digits in ["+12175550102", "+12175550101", "+13125550101"] {
            number(&db, digits, None).await;
        }
        let taken = number(&db, "+12175550103", Some(&ours)).await;
        let find =
            async |prefix: Option<&str>, city: Option<&str>, state: Option<&str>, quantity| {
                let [prefix, city, state] =
                    [prefix, city, state].map(|part| part.map(str::to_owned));
                let search = StockSearch {
                    prefix,
                    city,
                    state,
                    quantity,
                };
                let found = db.search_stock(search).await.unwrap();
                found
                    .into_iter()
                    .map(|number| number.phone_number)
                    .collect::<Vec<_>>()
            };
        assert_eq!(
            find(Some("+1217"), None, None, 10).await,
            ["+12175550101", "+12175550102"]
        );
        assert_eq!(find(None, None, Some("IL"), 2).await.len(), 2);
        assert_eq!(
            find(None, Some("SPRINGFIELD"), Some("IL"), 10).await.len(),
            3
        );
        assert!(find(None, None, Some("NY"), 10).await.is_empty());
        assert!(find(Some("%"), None, Some("NY"), 10).await.is_empty());
        let all = db.list_number_stock(Window::first(10)).await.unwrap();
        assert_eq!(all.rows.len(), 4);
        assert_eq!(db.find_stock_number(taken.id).await.unwrap(), taken);
        let again = NewPhoneNumber {
            phone_number: "+12175550103".into(),
            account_id: None,
            origin: Origin::default(),
        };
        fails!(
            db.insert_phone_number(again.clone()),
            DbError::Conflict {
                constraint: Constraint::PhoneNumber
            }
        );
        let orphan = NewPhoneNumber {
            phone_number: "+12175550177".into(),
            account_id: Some(Id::new()),
            origin: Origin::default(),
        };
        fails!(db.insert_phone_number(orphan), DbError::Reference);
    });
}

#[test]
fn numbers_are_listed_changed_and_routed() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let ann = user(&db, &ours, "Ann").await;
        let first = number(&db, "+12175550101", Some(&ours)).await;
        let second = number(&db, "+12175550102", Some(&ours)).await;
        let mut config = DidConfig::default();
        config.others.insert("color".into(), "blue".into());
        let changes = PhoneNumberChanges {
            status: Some(PhoneNumberStatus::Inactive),
            caller_id_prefix: Some(Some("[Acme]".into())),
            config: Some(Json(config)),
            ..Default::default()
        };
        let changed = db
            .update_phone_number(ours.id, first.id, changes)
            .await
            .unwrap();
        assert_eq!(
            changed.caller_id.caller_id_prefix.as_deref(),
            Some("[Acme]")
        );
        assert_eq!(changed.origin, first.origin);
        assert_eq!(
            db.find_phone_number(ours.id, first.id).await.unwrap(),
            changed
        );
        let clear = PhoneNumberChanges {
            caller_id_prefix: Some(None),
            ..Default::default()
        };
        let changed = db
            .update_phone_number(ours.id, first.id, clear)
            .await
            .unwrap();
        assert_eq!(changed.caller_id.caller_id_prefix, None);

        let list = async |status| {
            db.list_phone_numbers(ours.id, status, Window::first(9))
                .await
                .unwrap()
                .rows
        };
        assert_eq!(list(None).await, [second.clone(), changed.clone()]);
        assert_eq!(
            list(Some(PhoneNumberStatus::Active)).await,
            [second.clone()]
        );
        assert_eq!(
            db.find_first_outbound_number(ours.id).await.unwrap(),
            second
        );
        fails!(
            db.find_number_in_service("+12175550101".into()),
            DbError::NotFound
        );
        fails!(db.find_phone_number(theirs.id, first.id), DbError::NotFound);
        fails!(db.find_first_outbound_number(theirs.id), DbError::NotFound);
        let found = db
            .find_phone_numbers(ours.id, vec![first.id, second.id])
            .await
            .unwrap();
        assert_eq!(found.len(), 2);
        assert!(
            db.find_phone_numbers(theirs.id, vec![first.id])
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(db.count_phone_numbers(ours.id).await.unwrap(), 2);

        let route = |inbound, target| db.route_phone_number(ours.id, second.id, inbound, target);
        let target = Some(TargetId::User(ann.id));
        let routed = route(InboundRouting::Default, target).await.unwrap();
        assert_eq!(routed.placement.routing_target, target);
        let dropped = route(InboundRouting::Drop, target).await.unwrap();
        assert_eq!(dropped.placement.routing_target, None);
        assert_eq!(dropped.placement.inbound_routing, InboundRouting::Drop);
        fails!(
            db.route_phone_number(theirs.id, second.id, InboundRouting::Drop, None),
            DbError::NotFound
        );
    });
}

#[test]
fn a_number_changes_hands_without_its_routing() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let ann = user(&db, &ours, "Ann").await;
        let made = number(&db, "+12175550101", Some(&ours)).await;
        db.route_phone_number(
            ours.id,
            made.id,
            InboundRouting::Default,
            Some(ann.id.into()),
        )
        .await
        .unwrap();
        let shown = AccountChanges {
            default_outbound_did_id: Some(Some(made.id)),
            ..Default::default()
        };
        db.update_account(ours.platform_id, true, ours.id, shown, Default::default())
            .await
            .unwrap();

        fails!(
            db.reassign_phone_number(ours.id, made.id, Id::new()),
            DbError::NotFound
        );
        fails!(
            db.reassign_phone_number(theirs.id, made.id, ours.id),
            DbError::NotFound
        );
        let moved = db
            .reassign_phone_number(ours.id, made.id, theirs.id)
            .await
            .unwrap();
        assert_eq!(moved.placement.account_id, Some(theirs.id));
        assert_eq!(moved.placement.routing_target, None);
        assert!(!moved.placement.outbound_enabled);
        assert_eq!(
            db.load_account(ours.id)
                .await
                .unwrap()
                .default_outbound_did_id,
            None
        );

        let placed = db
            .place_phone_number(made.id, Some(ours.id), None)
            .await
            .unwrap();
        assert_eq!(placed.placement.status, PhoneNumberStatus::Active);
        let origin = Origin {
            city: Some("Chicago".into()),
            ..Default::default()
        };
        let placed = db
            .place_phone_number(made.id, None, Some(origin))
            .await
            .unwrap();
        assert_eq!(placed.placement.account_id, None);
        assert_eq!(placed.origin.city.as_deref(), Some("Chicago"));
        assert_eq!(db.find_stock_number(made.id).await.unwrap(), placed);
        db.delete_phone_number(made.id).await.unwrap();
        fails!(db.delete_phone_number(made.id), DbError::NotFound);
    });
}

#[test]
fn a_released_number_may_come_again() {
    both(async |db| {
        let ours = account(&db).await;
        let made = number(&db, "+12175550101", Some(&ours)).await;
        let released = db.release_phone_number(ours.id, made.id).await.unwrap();
        assert_eq!(released.placement.status, PhoneNumberStatus::Released);
        assert!(released.placement.disconnected_at.is_some());
        fails!(db.release_phone_number(ours.id, made.id), DbError::NotFound);
        fails!(
            db.update_phone_number(ours.id, made.id, Default::default()),
            DbError::NotFound
        );
        assert_eq!(db.count_phone_numbers(ours.id).await.unwrap(), 0);
        let again = number(&db, "+12175550101", Some(&ours)).await;
        assert_eq!(
            db.find_number_in_service("+12175550101".into())
                .await
                .unwrap(),
            again
        );
        assert_eq!(
            db.find_phone_number(ours.id, made.id).await.unwrap(),
            released
        );
        assert_eq!(
            db.list_number_stock(Window::first(5)).await.unwrap().rows,
            [again]
        );
    });
}
