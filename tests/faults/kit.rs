//! What the stories have in common.

use harness::{Call, Event, Person};

/// Their names.
pub fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

/// Both speak and hear each other.
pub async fn talk(one: &Call, other: &Call) {
    one.speak(440);
    other.speak(660);
    other.hears(440).await;
    one.hears(660).await;
}

/// `caller` dials, `callee` answers, both have heard each other.
pub async fn connected(caller: &Person, callee: &Person) -> (Call, Call) {
    let call = caller.phone.calls(&callee.number).await;
    let answer = callee.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    (call, answer)
}
