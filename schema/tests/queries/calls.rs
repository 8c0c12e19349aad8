//! Call records: exactly once, every filter.

use std::time::Duration;

use strowger_schema::page::Window;
use strowger_schema::types::{
    CallDirection, CallStatus, Mood, QualityLeg, QualityMetric, Sentiment,
};
use strowger_schema::{
    Account, Call, CallFilter, CallInsight, CallParties, CallTimes, CallTrace, DbError, Id, Json,
    Recorded, Time,
};

use crate::fails;
use crate::support::{account, both};

/// A record of an answered call.
pub fn record(account: &Account) -> Call {
    let started_at = Time::now();
    Call {
        id: Id::new(),
        account_id: account.id,
        direction: CallDirection::Inbound,
        status: CallStatus::Completed,
        parties: CallParties {
            user_id: Some(Id::new()),
            endpoint_id: Some(Id::new()),
            did_id: Some(Id::new()),
            from_number: "+12175550100".into(),
            from_label: Some("Zoë \"Z\"".into()),
            to_number: "+12175550101".into(),
            to_label: None,
            dialed_number: "2175550101".into(),
        },
        times: CallTimes {
            started_at,
            answered_at: Some(started_at.after(Duration::from_secs(3))),
            connected_at: Some(started_at.after(Duration::from_secs(4))),
            ended_at: started_at.after(Duration::from_secs(64)),
            duration_seconds: Some(61),
        },
        hangup_cause: None,
        quality_metrics: Json(vec![QualityMetric {
            leg: QualityLeg::Pstn,
            endpoint_id: None,
            jitter_ms: Some(1.25),
            jitter_min_ms: Some(0.1),
            jitter_max_ms: Some(9.75),
            jitter_stddev_ms: None,
            packet_loss_pct: Some(0.0),
            rtt_ms: None,
            rtt_min_ms: None,
            rtt_max_ms: None,
            rtt_stddev_ms: None,
            rx_count: Some(3050),
            tx_count: Some(u64::from(u32::MAX) + 1),
            mos: Some(4.41),
        }]),
        insight: CallInsight {
            summary: None,
            sentiment: Some(Json(Sentiment {
                overall: Mood::Positive,
                score: 0.5,
                magnitude: 0.25,
                local: None,
                remote: None,
            })),
        },
        trace: CallTrace {
            sip_call_id: Some("a@b".into()),
            ..Default::default()
        },
    }
}

#[test]
fn a_record_is_written_exactly_once() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let call = record(&ours);
        assert_eq!(db.insert_call(call.clone()).await.unwrap(), Recorded::New);
        let mut other = call.clone();
        other.status = CallStatus::Failed;
        assert_eq!(
            db.insert_call(other.clone()).await.unwrap(),
            Recorded::Known
        );
        assert_eq!(db.find_call(ours.id, call.id).await.unwrap(), call);
        fails!(db.find_call(theirs.id, call.id), DbError::NotFound);

        let mut orphan = record(&ours);
        orphan.account_id = Id::new();
        let fresh = record(&theirs);
        let batch = vec![other, orphan, fresh.clone(), fresh.clone()];
        let told = db.insert_calls(batch).await.unwrap();
        assert_eq!(
            told,
            [
                Recorded::Known,
                Recorded::NoAccount,
                Recorded::New,
                Recorded::Known
            ]
        );
        assert_eq!(db.find_call(theirs.id, fresh.id).await.unwrap(), fresh);
        assert!(db.insert_calls(vec![]).await.unwrap().is_empty());
    });
}

#[test]
fn every_filter_filters() {
    both(async |db| {
        let (ours, theirs) = (account(&db).await, account(&db).await);
        let wanted = record(&ours);
        let mut other = record(&ours);
        other.direction = CallDirection::Internal;
        other.status = CallStatus::NoAnswer;
        other.parties = CallParties {
            from_number: "1001".into(),
            to_number: "1002".into(),
            dialed_number: "1002".into(),
            ..Default::default()
        };
        other.times.started_at = wanted.times.started_at.before(Duration::from_secs(60));
        let foreign = record(&theirs);
        db.insert_calls(vec![wanted.clone(), other.clone(), foreign])
            .await
            .unwrap();
        let (parties, began) = (wanted.parties.clone(), wanted.times.started_at);
        let none = CallFilter::default;
        let filters = [
            CallFilter {
                user_id: parties.user_id,
                ..none()
            },
            CallFilter {
                endpoint_id: parties.endpoint_id,
                ..none()
            },
            CallFilter {
                did_id: parties.did_id,
                ..none()
            },
            CallFilter {
                direction: Some(CallDirection::Inbound),
                ..none()
            },
            CallFilter {
                from_number: Some("+12175550100".into()),
                ..none()
            },
            CallFilter {
                to_number: Some("+12175550101".into()),
                ..none()
            },
            CallFilter {
                to_number: Some("2175550101".into()),
                ..none()
            },
            CallFilter {
                status: Some(CallStatus::Completed),
                ..none()
            },
            CallFilter {
                from: Some(began),
                ..none()
            },
        ];
        for filter in filters {
            let page = db
                .list_calls(ours.id, filter.clone(), Window::first(10))
                .await
                .unwrap();
            assert_eq!(
                page.rows.iter().map(|c| c.id).collect::<Vec<_>>(),
                [wanted.id],
                "{filter:?}"
            );
            // Together with one that excludes it, nothing is left.
            let nothing = CallFilter {
                to: Some(began.before(Duration::from_secs(99))),
                ..filter
            };
            assert!(
                db.list_calls(ours.id, nothing, Window::first(10))
                    .await
                    .unwrap()
                    .rows
                    .is_empty()
            );
        }
        // The end is exclusive.
        let before = CallFilter {
            to: Some(began),
            ..none()
        };
        assert_eq!(
            db.list_calls(ours.id, before, Window::first(10))
                .await
                .unwrap()
                .rows,
            [other.clone()]
        );
        let all = db
            .list_calls(ours.id, none(), Window::first(10))
            .await
            .unwrap();
        assert_eq!(all.rows, [other, wanted]);
        let page = db
            .list_calls(ours.id, none(), Window::first(1))
            .await
            .unwrap();
        assert!(page.has_next && !page.has_previous);
    });
}
