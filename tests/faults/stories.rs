//! One story for each state that a call can be in when something dies. Every story stops at the gate in
//! that state, and goes on as if nothing had happened.

use crate::kit::{connected, talk};
use harness::{Call, Carrier, Person, World};
use serde_json::json;
use std::{future::Future, pin::Pin, time::Duration};
use tokio::{sync::Barrier, time::timeout};

/// Numbers of the account, one for each story with the network.
const INBOUND: &str = "+12075550110";
/// Somebody outside.
const FAR: &str = "+14155550142";
/// How long a story waits for the others.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where all stories meet: something dies while they wait.
pub struct Gate(Barrier);

impl Gate {
    /// For so many stories and the one who strikes.
    pub fn new(stories: usize) -> Self {
        Self(Barrier::new(stories + 1))
    }

    /// Waits for everybody.
    pub async fn meets(&self) {
        let met = timeout(PATIENCE, self.0.wait()).await;
        met.expect("everybody gets to the gate");
    }

    async fn passes(&self) {
        self.meets().await;
        self.meets().await;
    }
}

/// Three people of a story.
pub struct Trio {
    a: Person,
    b: Person,
    c: Person,
    /// The extension of the ring group of b and c, when there is one.
    group: String,
}

/// Who plays.
pub struct Cast {
    pub trios: Vec<Trio>,
    carrier: Carrier,
}

impl Cast {
    /// Hires and registers everybody.
    pub async fn hire(world: &World) -> Self {
        let mut trios = Vec::new();
        for n in 10..10 + STORIES.len() {
            let trio = Trio {
                a: world.person("Alice", &format!("{n}1")).await,
                b: world.person("Bob", &format!("{n}2")).await,
                c: world.person("Carol", &format!("{n}3")).await,
                group: format!("{n}9"),
            };
            trios.push(trio);
        }
        for trio in &trios {
            make_group(world, trio).await;
        }
        let carrier = Carrier::open(world, 61, json!({})).await;
        let inbound = STORIES.iter().position(|story| story.name == "inbound");
        let called = &trios[inbound.expect("a story")].b;
        let route = json!({ "routing_target": called.user });
        world.number(INBOUND, route).await;
        Self { trios, carrier }
    }

    /// The network.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }
}

async fn make_group(world: &World, trio: &Trio) {
    let api = &world.api;
    let group = json!({ "name": "Sales", "timeout_seconds": 60 });
    let group = api.post("/v1/ring_groups", group).await.id_of(201);
    for member in [&trio.b.user, &trio.c.user] {
        let path = format!("/v1/ring_groups/{group}/members");
        let member = json!({ "extension": member });
        api.post(&path, member).await.must_be(201);
    }
    let extension = json!({ "number": trio.group, "target": group });
    api.post("/v1/extensions", extension).await.must_be(201);
}

/// What a story needs.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    pub world: &'a World,
    pub trio: &'a Trio,
    pub carrier: &'a Carrier,
    pub gate: &'a Gate,
}

/// A story that is being told.
pub type Telling<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A story.
pub struct Story {
    pub name: &'static str,
    /// Records that it leaves.
    pub calls: usize,
    pub tell: for<'a> fn(Stage<'a>) -> Telling<'a>,
}

macro_rules! stories {
    ($($name:ident $calls:literal)*) => {
        /// All of them, with the records that each leaves.
        pub const STORIES: &[Story] = &[$(Story {
            name: stringify!($name),
            calls: $calls,
            tell: |stage| Box::pin($name(stage)),
        }),*];
    };
}

stories! {
    new 1 ringing 1 abandoned 1 refused 1 early 1 answered 1 hanging_up 1 held 1
    blind 1 referring 1 refused_transfer 1 attended 2 replaced 1 group 1 clicked 1 clicked_on 1
    inbound 1 outbound 1
}

async fn ends(hangs_up: &Call, is_hung_up: &Call) {
    hangs_up.hangs_up().await;
    is_hung_up.is_hung_up().await;
}

/// Both hear each other, by other tones than before.
async fn talk_again(one: &Call, other: &Call) {
    one.speak(370);
    other.speak(910);
    other.hears(370).await;
    one.hears(910).await;
}

async fn rung(trio: &Trio) -> (Call, Call) {
    let call = trio.a.phone.calls(&trio.b.number).await;
    let answer = trio.b.phone.rings().await;
    call.is_ringing().await;
    (call, answer)
}

/// The INVITE comes while it happens.
async fn new(stage: Stage<'_>) {
    stage.gate.passes().await;
    let (call, answer) = connected(&stage.trio.a, &stage.trio.b).await;
    ends(&call, &answer).await;
}

async fn ringing(stage: Stage<'_>) {
    let (call, answer) = rung(stage.trio).await;
    stage.gate.passes().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    ends(&call, &answer).await;
}

async fn abandoned(stage: Stage<'_>) {
    let (call, answer) = rung(stage.trio).await;
    stage.gate.passes().await;
    call.cancels().await;
    answer.is_cancelled().await;
    assert_eq!(call.is_refused().await, 487);
}

async fn refused(stage: Stage<'_>) {
    let (call, answer) = rung(stage.trio).await;
    stage.gate.passes().await;
    answer.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
}

async fn early(stage: Stage<'_>) {
    let call = stage.trio.a.phone.calls(&stage.trio.b.number).await;
    let answer = stage.trio.b.phone.is_called().await;
    answer.plays_early().await;
    answer.speak(660);
    call.gets_early_media().await;
    call.hears(660).await;
    stage.gate.passes().await;
    call.forget();
    call.hears(660).await;
    answer.answers().await;
    call.is_answered().await;
    talk_again(&call, &answer).await;
    ends(&answer, &call).await;
}

/// Also: presence knows it again.
async fn answered(stage: Stage<'_>) {
    let trio = stage.trio;
    let (call, answer) = connected(&trio.a, &trio.b).await;
    becomes(stage.world, &trio.b, "on_call").await;
    stage.gate.passes().await;
    talk_again(&call, &answer).await;
    becomes(stage.world, &trio.b, "on_call").await;
    ends(&call, &answer).await;
    becomes(stage.world, &trio.b, "available").await;
}

async fn becomes(world: &World, who: &Person, state: &str) {
    let path = format!("/v1/users/{}/presence", who.user);
    let mut last = String::new();
    for _ in 0..500 {
        let answer = world.api.get(&path).await;
        if answer.body["state"] == state {
            return;
        }
        last = answer.text;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("presence is not {state} but {last}");
}

/// The goodbye comes while it happens.
async fn hanging_up(stage: Stage<'_>) {
    let (call, answer) = connected(&stage.trio.a, &stage.trio.b).await;
    stage.gate.passes().await;
    ends(&answer, &call).await;
}

async fn held(stage: Stage<'_>) {
    let (call, answer) = connected(&stage.trio.a, &stage.trio.b).await;
    call.holds().await;
    answer.hears_something_but(440).await;
    stage.gate.passes().await;
    answer.forget();
    answer.hears_something_but(440).await;
    assert_eq!(call.resumes().await.direction, "sendrecv");
    talk_again(&call, &answer).await;
    ends(&call, &answer).await;
}

/// A blind transfer whose new party rings.
async fn blind(stage: Stage<'_>) {
    let (call, answer) = connected(&stage.trio.a, &stage.trio.b).await;
    let accepted = answer.refers_to(&stage.trio.c.number).await;
    assert_eq!(accepted.status(), Some(202), "{accepted}");
    let third = stage.trio.c.phone.rings().await;
    stage.gate.passes().await;
    third.answers().await;
    assert_eq!(answer.hears_how_the_transfer_went().await, 200);
    answer.is_hung_up().await;
    talk_again(&call, &third).await;
    ends(&call, &third).await;
}

/// The REFER comes while it happens.
async fn referring(stage: Stage<'_>) {
    let (call, answer) = connected(&stage.trio.a, &stage.trio.b).await;
    stage.gate.passes().await;
    let accepted = answer.refers_to(&stage.trio.c.number).await;
    assert_eq!(accepted.status(), Some(202), "{accepted}");
    let third = stage.trio.c.phone.rings().await;
    third.answers().await;
    assert_eq!(answer.hears_how_the_transfer_went().await, 200);
    answer.is_hung_up().await;
    talk_again(&call, &third).await;
    ends(&third, &call).await;
}

async fn refused_transfer(stage: Stage<'_>) {
    let (call, answer) = connected(&stage.trio.a, &stage.trio.b).await;
    assert_eq!(
        call.refers_to(&stage.trio.c.number).await.status(),
        Some(202)
    );
    let third = stage.trio.c.phone.rings().await;
    stage.gate.passes().await;
    third.refuses(486).await;
    assert_eq!(call.hears_how_the_transfer_went().await, 486);
    talk_again(&call, &answer).await;
    ends(&call, &answer).await;
}

/// An attended transfer between the announcement and the handing over.
async fn attended(stage: Stage<'_>) {
    let trio = stage.trio;
    let (call, answer) = connected(&trio.a, &trio.b).await;
    answer.holds().await;
    let (asking, third) = connected(&trio.b, &trio.c).await;
    stage.gate.passes().await;
    let accepted = answer.refers_to_call(&trio.c.number, &asking).await;
    assert_eq!(accepted.status(), Some(202), "{accepted}");
    assert_eq!(answer.hears_how_the_transfer_went().await, 200);
    answer.is_hung_up().await;
    asking.is_hung_up().await;
    talk_again(&call, &third).await;
    ends(&call, &third).await;
}

/// An INVITE with Replaces.
async fn replaced(stage: Stage<'_>) {
    let trio = stage.trio;
    let (call, answer) = connected(&trio.a, &trio.b).await;
    let replaces = answer.replaces();
    stage.gate.passes().await;
    let uri = format!("sip:{}@{}", trio.a.number, harness::DOMAIN);
    let offer = harness::Offer::default();
    let third = trio.c.phone.calls_with(&uri, offer, |invite| {
        invite.add("Replaces", replaces.clone());
    });
    let third = third.await;
    third.is_answered().await;
    answer.is_hung_up().await;
    talk_again(&call, &third).await;
    ends(&third, &call).await;
}

async fn group(stage: Stage<'_>) {
    let call = stage.trio.a.phone.calls(&stage.trio.group).await;
    let loser = stage.trio.b.phone.rings().await;
    let winner = stage.trio.c.phone.rings().await;
    call.is_ringing().await;
    stage.gate.passes().await;
    winner.answers().await;
    call.is_answered().await;
    loser.is_cancelled().await;
    talk(&call, &winner).await;
    ends(&call, &winner).await;
}

/// Click-to-call whose first leg rings.
async fn clicked(stage: Stage<'_>) {
    let trio = stage.trio;
    let click = json!({ "user": trio.a.user, "dial_string": trio.b.number });
    stage.world.api.post("/v1/calls", click).await.must_be(202);
    let own = trio.a.phone.rings().await;
    stage.gate.passes().await;
    own.answers().await;
    let answer = trio.b.phone.rings().await;
    answer.answers().await;
    talk_again(&own, &answer).await;
    ends(&own, &answer).await;
}

/// Click-to-call whose second leg rings.
async fn clicked_on(stage: Stage<'_>) {
    let trio = stage.trio;
    let click = json!({ "user": trio.a.user, "dial_string": trio.b.number });
    stage.world.api.post("/v1/calls", click).await.must_be(202);
    let own = trio.a.phone.rings().await;
    own.answers().await;
    let answer = trio.b.phone.rings().await;
    stage.gate.passes().await;
    answer.answers().await;
    talk_again(&own, &answer).await;
    ends(&own, &answer).await;
}

async fn inbound(stage: Stage<'_>) {
    let call = stage.carrier.calls_as(FAR, None, INBOUND).await;
    let answer = stage.trio.b.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    stage.gate.passes().await;
    talk_again(&call, &answer).await;
    ends(&call, &answer).await;
}

async fn outbound(stage: Stage<'_>) {
    let call = stage.trio.a.phone.calls(FAR).await;
    let answer = stage.carrier.rings().await;
    call.is_ringing().await;
    stage.gate.passes().await;
    answer.answers().await;
    call.is_answered().await;
    talk_again(&call, &answer).await;
    ends(&answer, &call).await;
}
