//! Pages that come and go, are busy or break, and how much one may have.

use super::{Page, SDP, arrived, busy, claim, engine, engine_with, refused, rings};
use crate::{
    LegError,
    leg::{ClientEnding, EndedBy, HangUp, LegEvent, MOST_LEGS, Signal, Word},
    stack::tests::calls::told,
};
use std::{collections::HashSet, sync::atomic::Ordering, time::Duration};

#[tokio::test]
async fn a_page_takes_a_call_once_and_so_many_at_all() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let (first, mut news) = rings(&endpoint, page.id, "call_a");
    assert_eq!(told(&mut news).await, LegEvent::Ringing);
    let (_, mut second) = rings(&endpoint, page.id, "call_a");
    assert_eq!(refused(&mut second).await, 486);
    // Neither by its own call.
    let own = page.tries("1001").unwrap();
    arrived(&mut arrivals).await;
    let _news = claim(&endpoint, own);
    endpoint.name(own, "call_b").unwrap();
    let (_, mut third) = rings(&endpoint, page.id, "call_b");
    assert_eq!(refused(&mut third).await, 486);
    for _ in 2..MOST_LEGS {
        page.tries("1002").unwrap();
    }
    assert_eq!(page.tries("1002"), Err(LegError::Limit));
    let (_, mut beyond) = rings(&endpoint, page.id, "call_c");
    assert_eq!(refused(&mut beyond).await, 486);
    // Another page has room of its own.
    let other = Page::opens(&endpoint);
    assert!(other.tries("1002").is_ok());
    page.says(first, Word::Reject { busy: true }).unwrap();
    assert_eq!(refused(&mut news).await, 486);
    assert!(page.tries("1002").is_ok());
    assert!(matches!(page.hears(first).await, Signal::Incoming { .. }));
    assert!(matches!(page.hears(own).await, Signal::Trying { .. }));
    let rejected = Signal::Ended(ClientEnding::Rejected);
    assert_eq!(page.hears(first).await, rejected);
}

#[tokio::test]
async fn a_page_that_is_closed_takes_its_calls_along() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let other = Page::opens(&endpoint);
    let (up, mut up_news) = page.talks(&mut arrivals).await;
    assert_eq!(told(&mut up_news).await, LegEvent::Confirmed);
    let asked = page.tries("1003").unwrap();
    arrived(&mut arrivals).await;
    let mut asked_news = claim(&endpoint, asked);
    let (ringing, mut ringing_news) = rings(&endpoint, page.id, "call_b");
    assert_eq!(told(&mut ringing_news).await, LegEvent::Ringing);
    let (elsewhere, mut elsewhere_news) = rings(&endpoint, other.id, "call_b");
    assert_eq!(told(&mut elsewhere_news).await, LegEvent::Ringing);
    // What is another page's is nothing to this one.
    assert_eq!(page.says(elsewhere, Word::HangUp), Err(LegError::Gone));
    endpoint.close_session(page.id);
    for news in [&mut up_news, &mut asked_news] {
        let LegEvent::Ended(ending) = told(news).await else {
            panic!("no end");
        };
        assert_eq!(ending.by, EndedBy::Peer);
    }
    assert_eq!(refused(&mut ringing_news).await, 480);
    for leg in [up, asked, ringing] {
        assert_eq!(page.says(leg, Word::HangUp), Err(LegError::Gone));
        let gone = endpoint.hang_up(leg, HangUp::default());
        assert_eq!(gone, Err(LegError::Gone));
    }
    assert_eq!(page.tries("1002"), Err(LegError::Gone));
    let (_, mut late) = rings(&endpoint, page.id, "call_c");
    assert_eq!(refused(&mut late).await, 480);
    // The other device rings on.
    other.says(elsewhere, Word::Answer).unwrap();
    let sdp = Word::Description(SDP.to_owned());
    other.says(elsewhere, sdp).unwrap();
    assert_eq!(told(&mut elsewhere_news).await, LegEvent::Answered);
}

#[tokio::test]
async fn a_page_that_is_gone_is_noticed_by_its_next_signal() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let (leg, mut news) = page.talks(&mut arrivals).await;
    assert_eq!(told(&mut news).await, LegEvent::Confirmed);
    page.manner.away.store(true, Ordering::SeqCst);
    page.says(leg, Word::Hold).unwrap();
    assert_eq!(told(&mut news).await, LegEvent::Held);
    let LegEvent::Ended(ending) = told(&mut news).await else {
        panic!("no end");
    };
    assert_eq!(ending.by, EndedBy::Peer);
}

#[tokio::test]
async fn a_busy_page_hears_everything_in_order() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let leg = page.tries("1002").unwrap();
    arrived(&mut arrivals).await;
    let _news = claim(&endpoint, leg);
    page.manner.busy.store(3, Ordering::SeqCst);
    endpoint.name(leg, "call_a").unwrap();
    endpoint.ring(leg).unwrap();
    endpoint.reject(leg, busy()).unwrap();
    assert!(matches!(page.hears(leg).await, Signal::Trying { .. }));
    assert_eq!(page.hears(leg).await, Signal::Ringing);
    assert_eq!(page.hears(leg).await, Signal::Ended(ClientEnding::Busy));
    page.hears_nothing();
}

#[tokio::test]
async fn a_call_that_nobody_claims_is_refused() {
    let (endpoint, mut arrivals) = engine_with(9, |config| {
        config.limits.orphan_after = Duration::from_millis(50);
    })
    .await;
    let mut page = Page::opens(&endpoint);
    let leg = page.tries("1002").unwrap();
    arrived(&mut arrivals).await;
    assert!(matches!(page.hears(leg).await, Signal::Refused { .. }));
    assert_eq!(endpoint.name(leg, "call_a"), Err(LegError::Gone));
    assert_eq!(page.says(leg, Word::HangUp), Err(LegError::Gone));
}

#[tokio::test]
async fn a_call_for_which_nobody_has_time_is_refused() {
    let (endpoint, mut arrivals) = engine_with(9, |config| config.limits.arrivals = 1).await;
    let mut page = Page::opens(&endpoint);
    let (taken, shed) = (page.tries("1002").unwrap(), page.tries("1003").unwrap());
    let signal = page.hears(shed).await;
    assert!(matches!(signal, Signal::Refused { status: 503, .. }));
    assert_eq!(arrived(&mut arrivals).await.leg, taken);
    endpoint.refuse_new(Some(5));
    assert_eq!(page.tries("1002"), Err(LegError::Limit));
    // What there is goes on.
    endpoint.name(taken, "call_a").unwrap();
    assert!(matches!(page.hears(taken).await, Signal::Trying { .. }));
}

#[tokio::test]
async fn calls_of_pages_are_spread_over_the_engine() {
    let (endpoint, mut arrivals) = engine().await;
    let mut shards = HashSet::new();
    for _ in 0..16 {
        let mut page = Page::opens(&endpoint);
        for _ in 0..MOST_LEGS {
            let leg = page.tries("1002").unwrap();
            assert_eq!(arrived(&mut arrivals).await.leg, leg);
            endpoint.name(leg, "call").unwrap();
            assert!(matches!(page.hears(leg).await, Signal::Trying { .. }));
            shards.insert(leg.0 % 16);
        }
        endpoint.close_session(page.id);
    }
    // 256 throws of a die with 16 faces: one in a million misses one.
    assert!(shards.len() >= 15, "{shards:?}");
}

#[tokio::test]
async fn a_panic_over_one_call_harms_no_other() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let (bad, mut bad_news) = page.talks(&mut arrivals).await;
    let (good, _good_news) = page.talks(&mut arrivals).await;
    assert_eq!(told(&mut bad_news).await, LegEvent::Confirmed);
    page.manner.breaks.store(true, Ordering::SeqCst);
    assert_eq!(page.says(bad, Word::Hold), Err(LegError::Gone));
    // The hold was told, its signal was not; then the leg is ended.
    let mut last = told(&mut bad_news).await;
    if last == LegEvent::Held {
        last = told(&mut bad_news).await;
    }
    let LegEvent::Ended(ending) = last else {
        panic!("{last:?}");
    };
    assert_eq!(ending.by, EndedBy::Failure);
    let mut heard = page.hears(bad).await;
    if heard == (Signal::Held { by_peer: false }) {
        heard = page.hears(bad).await;
    }
    assert_eq!(heard, Signal::Ended(ClientEnding::Failed));
    page.says(good, Word::Hold).unwrap();
    assert_eq!(page.hears(good).await, Signal::Held { by_peer: false });
}
