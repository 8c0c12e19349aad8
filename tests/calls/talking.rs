//! What two phones do while they talk, and how they agree on how to.

use crate::kit::{alice_and_bob, claims, connected, over, record, talk};
use harness::{
    Database, Offer, SdpSide,
    audio::{PCMA, PCMU},
};
use serde_json::json;
use std::time::Duration;

harness::stories! {
    a_hold_is_answered_well_and_the_other_side_is_not_asked,
    hold_plays_music_and_resume_brings_the_voice_back,
    an_offer_may_come_late,
    the_caller_hears_what_the_callee_plays_before_it_answers,
    phones_without_a_common_codec_understand_each_other,
    keys_reach_the_other_side,
    keys_reach_a_phone_that_takes_them_by_info_only,
    a_second_change_must_wait_for_the_first,
    what_a_call_does_not_understand_is_refused_and_the_call_goes_on,
}

async fn hold_plays_music_and_resume_brings_the_voice_back(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    for (holder, held, own, others) in [(&call, &answer, 440, 660), (&answer, &call, 660, 440)] {
        let side = holder.holds().await;
        assert!(["recvonly", "inactive"].contains(&side.direction.as_str()));
        held.hears_something_but(own).await;
        held.forget();
        held.hears_something_but(own).await;
        assert_eq!(holder.resumes().await.direction, "sendrecv");
        held.hears(own).await;
        holder.hears(others).await;
    }
    // Music and voice are one stream to those who listen.
    assert_eq!((call.sources(), answer.sources()), (1, 1));
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_hold_is_answered_well_and_the_other_side_is_not_asked(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    // As phones say it today, and as they said it before there were directions.
    let today = Offer::default().directed("sendonly");
    let nowhere = "c=IN IP4 0.0.0.0";
    for old in [false, true] {
        let mut invite = call.change("INVITE", &today);
        if old {
            invite.body = invite
                .body
                .replace("c=IN IP4 127.0.0.1", nowhere)
                .replace("a=sendonly\r\n", "");
        }
        let agreed = call.asks_and_confirms(&invite).await;
        assert_eq!(agreed.status(), Some(200), "{agreed}");
        let lines = |start: &str| agreed.body.lines().filter(|l| l.starts_with(start)).count();
        assert_eq!(
            (lines("v="), lines("m="), lines("o=")),
            (1, 1, 1),
            "{agreed}"
        );
        assert!(!agreed.body.contains(nowhere), "{agreed}");
        let side = SdpSide::read(&agreed.body).expect("an answer");
        assert!(side.rtp.port() > 0, "{agreed}");
        assert_ne!(side.direction, "sendonly", "{agreed}");
        answer.hears_something_but(440).await;
        assert_eq!(call.resumes().await.direction, "sendrecv");
        talk(&call, &answer).await;
    }
    bob.phone.stays_quiet(Duration::from_millis(50)).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn an_offer_may_come_late(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let late = Offer {
        delayed: true,
        ..Offer::default()
    };
    let uri = format!("sip:1002@{}", harness::DOMAIN);
    let call = alice.phone.calls_with(&uri, late, |_| ()).await;
    let answer = bob.phone.rings().await;
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn the_caller_hears_what_the_callee_plays_before_it_answers(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.is_called().await;
    answer.plays_early().await;
    answer.speak(770);
    call.gets_early_media().await;
    call.hears(770).await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn phones_without_a_common_codec_understand_each_other(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let uri = format!("sip:1002@{}", harness::DOMAIN);
    let call = alice
        .phone
        .calls_with(&uri, Offer::only(PCMU), |_| ())
        .await;
    let answer = bob.phone.rings().await.with_offer(Offer::only(PCMA));
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    assert_eq!(call.payload_types(), [PCMU]);
    assert_eq!(answer.payload_types(), [PCMA]);

    // Bob changes his mind in the call; Alice is not asked.
    let side = answer.offers(&Offer::only(PCMU)).await;
    assert_eq!(side.formats.first(), Some(&PCMU));
    call.speak(990);
    answer.hears(990).await;
    assert_eq!(answer.payload_types(), [PCMA, PCMU]);
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn keys_reach_the_other_side(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    for key in "12*#".chars() {
        call.press(key);
    }
    answer.press('7');
    answer.gets_keys("12*#").await;
    call.gets_keys("7").await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn keys_reach_a_phone_that_takes_them_by_info_only(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let without = Offer {
        events: false,
        ..Offer::default()
    };
    for allow in ["INVITE, ACK, BYE, INFO", "INVITE, ACK, BYE"] {
        let call = alice.phone.calls("1002").await;
        let answer = bob.phone.rings().await.with_offer(without.clone());
        answer
            .answers_with(|response| {
                response.add("Allow", allow);
            })
            .await;
        call.is_answered().await;
        talk(&call, &answer).await;
        for key in ["4", "#"] {
            call.press(key.chars().next().expect("a key"));
            if allow.contains("INFO") {
                let info = answer.is_asked("INFO").await;
                assert_eq!(info.get("Content-Type"), "application/dtmf-relay");
                assert!(
                    info.body.starts_with(&format!("Signal={key}\r\n")),
                    "{info}"
                );
            }
        }
        talk(&call, &answer).await;
        answer.hangs_up().await;
        call.is_hung_up().await;
        assert_eq!(answer.digits(), "");
    }
    world.records(2).await;
    over(world).await;
}

async fn a_second_change_must_wait_for_the_first(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    let (first, second) = call
        .offers_twice(&Offer::default().directed("sendonly"))
        .await;
    assert!(
        (first, second) == (200, 491) || (first, second) == (200, 500) || second == 200,
        "{first} and {second}"
    );
    call.resumes().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn what_a_call_does_not_understand_is_refused_and_the_call_goes_on(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    let options = call.asks(&call.in_dialog("OPTIONS")).await;
    assert_eq!(options.status(), Some(200), "{options}");
    let message = call.asks(&call.in_dialog("MESSAGE")).await;
    assert_eq!(message.status(), Some(405), "{message}");
    assert!(message.get("Allow").contains("INVITE"), "{message}");
    let mut info = call.in_dialog("INFO");
    info.add("Content-Type", "application/dtmf-relay");
    info.body = "Signal=5\r\nDuration=160\r\n".into();
    assert_eq!(call.asks(&info).await.status(), Some(200));
    answer.gets_keys("5").await;
    let mut offer = call.in_dialog("INVITE");
    offer.add("Content-Type", "application/sdp");
    offer.body = Offer::default()
        .write(call.local(), 9)
        .replace("RTP/AVP 0 8 101", "RTP/AVP 97")
        .replace("rtpmap:0 PCMU", "rtpmap:97 NOSUCH");
    let refused = call.asks_and_confirms(&offer).await;
    assert_eq!(refused.status(), Some(488), "{refused}");
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}
