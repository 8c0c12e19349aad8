//! Bindings: batches, lapsing, and the start.

use std::time::Duration;

use strowger_schema::{Binding, BindingChange, Endpoint, Id, Json, Time};

use crate::support::{account, both, endpoint, user};

fn binding(endpoint: &Endpoint, contact: &str, expires_at: Time) -> Binding {
    Binding {
        id: Id::new(),
        account_id: endpoint.account_id,
        user_id: endpoint.user_id,
        endpoint_id: endpoint.id,
        aor: endpoint.sip_username.clone(),
        contact_uri: contact.into(),
        instance: Some("urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF".into()),
        reg_id: Some(1),
        call_id: "a84b4c76e66710".into(),
        cseq: 4_294_967_295,
        expires_at,
        path: Json(vec!["<sip:edge.example.com;lr>".into()]),
        flow: "udp 192.0.2.4:5060 192.0.2.1:5060".into(),
        user_agent: Some("Phone/1.0".into()),
        received: None,
        created_at: Time::now(),
        updated_at: Time::now(),
    }
}

fn put(binding: &Binding) -> BindingChange {
    BindingChange::Put(Box::new(binding.clone()))
}

#[test]
fn a_batch_puts_replaces_and_removes() {
    both(async |db| {
        let ours = account(&db).await;
        let ann = user(&db, &ours, "Ann").await;
        let (desk, soft) = (
            endpoint(&db, &ann, "desk").await,
            endpoint(&db, &ann, "soft").await,
        );
        let now = Time::now();
        let later = now.after(Duration::from_secs(3600));
        let mut one = binding(&desk, "sip:a@192.0.2.4", later);
        let two = binding(&desk, "sip:b@192.0.2.5", later);
        let three = binding(&soft, "sip:c@192.0.2.6", now.before(Duration::from_secs(1)));
        db.write_bindings(vec![put(&one), put(&two), put(&three)])
            .await
            .unwrap();
        assert_eq!(
            db.list_bindings(ours.id, desk.id).await.unwrap(),
            [one.clone(), two.clone()]
        );

        one.instance = None;
        one.cseq = 2;
        one.contact_uri = "sip:a@198.51.100.7".into();
        let gone = BindingChange::Remove(Id::new());
        db.write_bindings(vec![put(&one), BindingChange::Remove(two.id), gone])
            .await
            .unwrap();
        assert_eq!(
            db.list_bindings(ours.id, desk.id).await.unwrap(),
            [one.clone()]
        );
        assert!(
            db.list_bindings(Id::new(), desk.id)
                .await
                .unwrap()
                .is_empty()
        );

        assert_eq!(
            db.list_all_bindings(now, None, 10).await.unwrap(),
            [one.clone()]
        );
        assert_eq!(db.list_bindings(ours.id, soft.id).await.unwrap(), [three]);
        assert_eq!(db.delete_lapsed_bindings(now).await.unwrap(), 1);
        assert!(db.list_bindings(ours.id, soft.id).await.unwrap().is_empty());

        db.delete_endpoint(ours.id, ann.id, desk.id).await.unwrap();
        assert!(
            db.list_all_bindings(now, None, 10)
                .await
                .unwrap()
                .is_empty()
        );
        // The phone registers while its endpoint is being deleted: the rest of the batch is written.
        let four = binding(&soft, "sip:d@192.0.2.7", later);
        db.write_bindings(vec![put(&one), put(&four)])
            .await
            .unwrap();
        assert_eq!(db.list_all_bindings(now, None, 10).await.unwrap(), [four]);
        db.write_bindings(vec![]).await.unwrap();
    });
}

#[test]
fn the_start_reads_all_in_steps() {
    both(async |db| {
        let ours = account(&db).await;
        let ann = user(&db, &ours, "Ann").await;
        let desk = endpoint(&db, &ann, "desk").await;
        let now = Time::now();
        let all: Vec<Binding> = (0..25)
            .map(|n| {
                binding(
                    &desk,
                    &format!("sip:{n}@192.0.2.4"),
                    now.after(Duration::from_secs(60)),
                )
            })
            .collect();
        db.write_bindings(all.iter().map(put).collect())
            .await
            .unwrap();
        let mut read: Vec<Binding> = Vec::new();
        loop {
            let step = db
                .list_all_bindings(now, read.last().map(|b| b.id), 10)
                .await
                .unwrap();
            if step.is_empty() {
                break;
            }
            read.extend(step);
        }
        assert_eq!(read, all);
    });
}

#[test]
fn a_refresh_changes_times_only_and_brings_back_what_lapsed() {
    both(async |db| {
        let ours = account(&db).await;
        let ann = user(&db, &ours, "Ann").await;
        let desk = endpoint(&db, &ann, "desk").await;
        let later = Time::now().after(Duration::from_secs(3600));
        let mut one = binding(&desk, "sip:a@192.0.2.4", Time::now());
        let refresh = |binding: &Binding| vec![BindingChange::Refresh(Box::new(binding.clone()))];
        db.write_bindings(vec![put(&one)]).await.unwrap();
        one.expires_at = later;
        one.cseq = 7;
        one.call_id = "another".into();
        db.write_bindings(refresh(&one)).await.unwrap();
        assert_eq!(
            db.list_bindings(ours.id, desk.id).await.unwrap(),
            [one.clone()]
        );

        // The clean-up was quicker than the refresh.
        db.write_bindings(vec![BindingChange::Remove(one.id)])
            .await
            .unwrap();
        db.write_bindings(refresh(&one)).await.unwrap();
        assert_eq!(
            db.list_bindings(ours.id, desk.id).await.unwrap(),
            [one.clone()]
        );

        // A binding of an endpoint that is gone is not.
        one.id = Id::new();
        one.endpoint_id = Id::new();
        db.write_bindings(refresh(&one)).await.unwrap();
        assert!(
            db.list_bindings(ours.id, one.endpoint_id)
                .await
                .unwrap()
                .is_empty()
        );
    });
}
