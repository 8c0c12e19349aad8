//! The directory over a real database file.

use super::*;
use crate::target::{Dialler, Route};
use schema::{NewExtension, NewPhoneNumber, NewRingGroup, NewUser, TargetId, types::TimeoutAction};

struct House {
    directory: Directory,
    db: Db,
    account: Id<Account>,
    file: std::path::PathBuf,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl House {
    async fn build() -> Self {
        let (db, file) = crate::test_db().await;
        let account = crate::test_account(&db).await;
        let registry = prometheus::Registry::new();
        let figures = Arc::new(crate::metrics::Metrics::new(&registry).unwrap());
        let secrets = crate::secrets::Secrets::from_key([7; 32]);
        let trunks = Trunks::start(db.clone(), secrets, &registry, figures.clone())
            .await
            .unwrap();
        let trunks = Arc::new(trunks);
        let identity = crate::identity::Identity::new("localhost", &[], &[1; 32], trunks.clone());
        let registrar = Registrar::start(
            db.clone(),
            Arc::new(identity),
            Arc::default(),
            &registry,
            figures,
        );
        let registrar = Arc::new(registrar.await.unwrap());
        Self {
            directory: Directory::new(
                db.clone(),
                registrar,
                Arc::default(),
                trunks,
                &crate::Times::default(),
            ),
            db,
            account,
            file,
        }
    }

    async fn user(&self, name: &str, extension: &str) -> Id<User> {
        let new = NewUser {
            account_id: self.account,
            name: Some(name.into()),
            email: None,
        };
        let user = self.db.insert_user(new).await.unwrap().id;
        let new = NewExtension {
            account_id: self.account,
            number: extension.into(),
            target: user.into(),
        };
        self.db.insert_extension(new).await.unwrap();
        user
    }

    async fn dial(&self, user: Id<User>, text: &str) -> crate::target::Lead {
        let by = Dialler {
            account: self.account,
            user: Some(user),
            did: None,
        };
        self.directory.dialled(&by, text).await.unwrap()
    }
}

#[tokio::test]
async fn extensions_come_before_numbers_and_show_the_caller() {
    let house = House::build().await;
    let alice = house.user("Alice", "101").await;
    let bob = house.user("Bob", "2075550199").await;
    let lead = house.dial(alice, "2075550199").await;
    assert_eq!((lead.user, lead.outbound), (Some(bob), false));
    assert_eq!(lead.label.as_deref(), Some("Bob"));
    assert_eq!(lead.caller.number, "101");
    assert_eq!(lead.caller.name.as_deref(), Some("Alice"));
    let Route::Ring(proposal) = lead.route else {
        panic!("rings");
    };
    assert_eq!(proposal.otherwise, Outcome::Unavailable);
}

#[tokio::test]
async fn what_leads_nowhere_says_so() {
    let house = House::build().await;
    let alice = house.user("Alice", "101").await;
    let table = [
        ("999", Route::Refuse(Outcome::Unallocated)),
        ("*99", Route::Refuse(Outcome::Unallocated)),
        ("*43", Route::Echo),
        ("+442079460000", Route::Refuse(Outcome::NoCallerId)),
        ("911", Route::Refuse(Outcome::NoTrunk)),
    ];
    for (text, route) in table {
        let lead = house.dial(alice, text).await;
        assert_eq!(lead.route, route, "{text}");
        assert_eq!(lead.number, text);
    }
}

#[tokio::test]
async fn a_number_leads_to_its_target_or_to_everybody() {
    let house = House::build().await;
    let alice = house.user("Alice", "101").await;
    let new = NewPhoneNumber {
        phone_number: "+12075550110".into(),
        account_id: Some(house.account),
        origin: schema::Origin::default(),
    };
    let did = house.db.insert_phone_number(new).await.unwrap();
    let inbound = house
        .directory
        .inbound("12075550110")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((inbound.did, inbound.account), (did.id, house.account));
    assert_eq!(inbound.lead.user, None);
    let routed = house.db.route_phone_number(
        house.account,
        did.id,
        schema::types::InboundRouting::Default,
        Some(TargetId::User(alice)),
    );
    routed.await.unwrap();
    house.directory.forget();
    let inbound = house
        .directory
        .inbound("+12075550110")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(inbound.lead.user, Some(alice));
    assert_eq!(inbound.lead.extension.as_deref(), Some("101"));
    assert!(
        house
            .directory
            .inbound("+12075550111")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_group_proposes_its_members_and_its_time_out() {
    let house = House::build().await;
    let alice = house.user("Alice", "101").await;
    let bob = house.user("Bob", "102").await;
    let new = NewRingGroup {
        account_id: house.account,
        name: "Sales".into(),
        timeout_seconds: 15,
        ignore_forwarding: false,
        confirm_external: false,
        timeout: Some((TimeoutAction::RingUser, TargetId::User(bob))),
    };
    let group = house.db.insert_ring_group(new).await.unwrap();
    let new = NewExtension {
        account_id: house.account,
        number: "300".into(),
        target: group.id.into(),
    };
    house.db.insert_extension(new).await.unwrap();
    let lead = house.dial(alice, "300").await;
    assert_eq!(lead.label.as_deref(), Some("Sales"));
    let Route::Ring(proposal) = lead.route else {
        panic!("rings");
    };
    assert_eq!((proposal.seconds, proposal.then), (15, Some(bob.into())));
}
