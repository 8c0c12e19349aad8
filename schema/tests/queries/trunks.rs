//! Trunks: the operator's, never a tenant's.

use strowger_schema::page::Window;
use strowger_schema::types::TrunkTransport;
use strowger_schema::{DbError, Id, Json, NewTrunk, TrunkAccess, TrunkChanges, TrunkChoice};

use crate::fails;
use crate::support::{both, platform};

fn trunk(
    platform: Id<strowger_schema::Platform>,
    name: &str,
    priority: i32,
    weight: i32,
) -> NewTrunk {
    NewTrunk {
        platform_id: platform,
        name: name.into(),
        access: TrunkAccess {
            address: "sip.example.net:5061".into(),
            transport: TrunkTransport::Tls,
            username: Some("acme".into()),
            password_sealed: Some(vec![1, 2, 3].into()),
            register: true,
            inbound_addresses: Json(vec!["192.0.2.0/24".into(), "2001:db8::1".into()]),
        },
        choice: TrunkChoice {
            priority,
            weight,
            max_channels: Some(10),
            codecs: Some(Json(vec!["pcmu".into()])),
            enabled: true,
        },
    }
}

#[test]
fn trunks_are_kept_changed_and_chosen_in_order() {
    both(async |db| {
        let platform = platform(&db).await.id;
        let last = db
            .insert_trunk(trunk(platform, "last", 20, 1))
            .await
            .unwrap();
        let light = db
            .insert_trunk(trunk(platform, "light", 10, 1))
            .await
            .unwrap();
        let heavy = db
            .insert_trunk(trunk(platform, "heavy", 10, 5))
            .await
            .unwrap();
        assert_eq!(db.find_trunk(platform, last.id).await.unwrap(), last);
        let enabled = db.list_enabled_trunks().await.unwrap();
        assert_eq!(enabled, [heavy.clone(), light.clone(), last.clone()]);

        let changes = TrunkChanges {
            max_channels: Some(None),
            codecs: Some(None),
            password_sealed: Some(None),
            username: Some(None),
            enabled: Some(false),
            inbound_addresses: Some(Json(vec![])),
            ..Default::default()
        };
        let changed = db.update_trunk(platform, heavy.id, changes).await.unwrap();
        assert_eq!(
            (changed.choice.max_channels, &changed.choice.codecs),
            (None, &None)
        );
        assert_eq!(
            (&changed.access.username, &changed.access.password_sealed),
            (&None, &None)
        );
        assert_eq!(changed.access.address, heavy.access.address);
        assert_eq!(
            db.list_enabled_trunks().await.unwrap(),
            [light.clone(), last.clone()]
        );
        assert_eq!(
            db.list_trunks(platform, Window::first(9))
                .await
                .unwrap()
                .rows,
            [changed, light, last.clone()]
        );

        fails!(db.find_trunk(Id::new(), last.id), DbError::NotFound);
        fails!(
            db.update_trunk(Id::new(), last.id, Default::default()),
            DbError::NotFound
        );
        fails!(db.delete_trunk(Id::new(), last.id), DbError::NotFound);
        db.delete_trunk(platform, last.id).await.unwrap();
        fails!(db.delete_trunk(platform, last.id), DbError::NotFound);
    });
}
