//! Which codec a page and the other side speak, and that nothing is decoded that need not be.

use crate::kit::{over, page_and_phone, page_calls_page, talk, two_pages};
use harness::{
    Call, Database, Offer,
    audio::{Format, G722, OPUS, PCMA, PCMU},
    browser,
};

harness::stories! {
    a_page_speaks_what_a_narrow_band_phone_speaks,
    a_page_speaks_g722_with_a_phone_that_does,
    a_page_speaks_opus_with_a_phone_that_does,
    two_pages_speak_opus_untouched,
    a_page_without_g711_is_understood_by_a_phone_that_has_nothing_else,
}

/// Claims that the payloads which came are those that were sent, byte by byte.
async fn untouched(spoken: impl Fn() -> Vec<Vec<u8>>, heard: impl Fn() -> Vec<Vec<u8>>) {
    let end = std::time::Instant::now() + harness::SOON;
    loop {
        let (sent, came) = (spoken(), heard());
        // What was just sent may be on its way; what came must be a stretch of what was sent.
        let tail = came.len().min(25);
        let came = &came[came.len() - tail..];
        if tail == 25 && sent.windows(tail).any(|stretch| stretch == came) {
            return;
        }
        assert!(std::time::Instant::now() < end, "the payloads differ");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn both_untouched(page: &browser::Call, phone: &Call) {
    untouched(|| page.spoken(), || phone.payloads()).await;
    untouched(|| phone.spoken(), || page.payloads()).await;
}

/// A phone with this codec only calls the page, and the page calls it.
async fn agree_on(database: Database, codec: u8, format: Format) {
    let (world, alice, bob) = page_and_phone(database).await;
    let uri = format!("sip:1001@{}", harness::DOMAIN);
    let call = bob.phone.calls_with(&uri, Offer::only(codec), |_| ()).await;
    let mut answer = alice.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    assert_eq!(
        (answer.formats(), answer.speaks()),
        (vec![format], Some(format))
    );
    both_untouched(&answer, &call).await;
    call.press('8');
    answer.gets_keys("8").await;
    answer.press('2');
    call.gets_keys("2").await;
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    over(world).await;
}

async fn a_page_speaks_what_a_narrow_band_phone_speaks(database: Database) {
    agree_on(database, PCMU, Format::Pcmu).await;
    agree_on(database, PCMA, Format::Pcma).await;
    // The other way about the answer comes from the phone.
    let (world, alice, bob) = page_and_phone(database).await;
    let mut call = alice.calls("1002").await;
    let answer = bob.phone.rings().await.with_offer(Offer::only(PCMA));
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    assert_eq!(
        (call.formats(), call.speaks()),
        (vec![Format::Pcma], Some(Format::Pcma))
    );
    both_untouched(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn a_page_speaks_g722_with_a_phone_that_does(database: Database) {
    agree_on(database, G722, Format::G722).await;
}

async fn a_page_speaks_opus_with_a_phone_that_does(database: Database) {
    agree_on(database, OPUS, Format::Opus).await;
}

async fn two_pages_speak_opus_untouched(database: Database) {
    let (world, alice, bob) = two_pages(database).await;
    let (call, answer) = page_calls_page(&alice, &bob).await;
    assert_eq!(
        (call.formats(), answer.formats()),
        (vec![Format::Opus], vec![Format::Opus])
    );
    untouched(|| call.spoken(), || answer.payloads()).await;
    untouched(|| answer.spoken(), || call.payloads()).await;
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    over(world).await;
}

async fn a_page_without_g711_is_understood_by_a_phone_that_has_nothing_else(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let alice = alice.with_codecs(&[Format::Opus]);
    for codec in [PCMU, PCMA] {
        let mut call = alice.calls("1002").await;
        let answer = bob.phone.rings().await.with_offer(Offer::only(codec));
        answer.answers().await;
        call.is_answered().await;
        talk(&call, &answer).await;
        assert_eq!(call.formats(), [Format::Opus]);
        assert_eq!(answer.payload_types(), [codec]);
        call.press('6');
        answer.press('5');
        answer.gets_keys("6").await;
        call.gets_keys("5").await;
        call.hangs_up().await;
        answer.is_hung_up().await;
    }
    let uri = format!("sip:1001@{}", harness::DOMAIN);
    let call = bob.phone.calls_with(&uri, Offer::only(PCMU), |_| ()).await;
    let mut answer = alice.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    assert_eq!(answer.formats(), [Format::Opus]);
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    over(world).await;
}
