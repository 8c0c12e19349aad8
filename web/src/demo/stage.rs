//! The call: phones register, one dials the other, both listen, one hangs up, the record is shown. Then
//! the visitor is invited.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use actors::{
    Fact,
    demo::{Line, Phone, PhoneError},
};
use schema::{Account, Id};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{
    DemoError, Paper,
    client::{ApiError, Client, text},
    tenant::{self, Person},
};
use crate::server::Running;

/// The longest wait for anything that a call consists of.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the phone rings.
const RINGING: Duration = Duration::from_millis(800);
/// How long the two talk.
const TALK: Duration = Duration::from_secs(3);
/// Voices of the two, in Hz: neither is a harmonic of the other.
const ALICE_HZ: u16 = 440;
const BOB_HZ: u16 = 660;
/// Extensions.
const ALICE: &str = "1001";
const BOB: &str = "1002";
const VISITOR: &str = "1003";
const GUEST: &str = "1004";
/// Dials the echo.
const ECHO: &str = "*43";
/// Ends of calls that may wait to be looked at.
const ENDS: usize = 16;

/// Everything that is on stage.
pub(super) struct Stage<'a> {
    running: &'a Running,
    paper: &'a Paper,
    client: Client,
    account: String,
    sip: SocketAddr,
    alice: Phone,
    bob: Phone,
    visitor: Person,
    guest: Person,
    ends: mpsc::Receiver<String>,
    news: Task,
}

/// A task that ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<'a> Stage<'a> {
    /// Makes the tenant, and registers the phones.
    pub async fn set(
        running: &'a Running,
        key: String,
        paper: &'a Paper,
    ) -> Result<Self, DemoError> {
        let bound = running.exchange().bound();
        let sip = *bound.sip_udp.first().ok_or(DemoError::NoListener)?;
        paper.item("REST", &format!("{}/v1", running.public_url()));
        paper.item("Docs", &format!("{}/docs", running.public_url()));
        paper.item(
            "SIP",
            &format!(
                "{sip}, UDP{}",
                if bound.sip_tcp.is_empty() {
                    ""
                } else {
                    " and TCP"
                }
            ),
        );

        let (client, account) = tenant::account(&Client::new(running.http(), key)).await?;
        let alice = tenant::person(&client, "Alice", ALICE).await?;
        let bob = tenant::person(&client, "Bob", BOB).await?;
        let visitor = tenant::person(&client, "Visitor", VISITOR).await?;
        let guest = tenant::person(&client, "Guest", GUEST).await?;
        paper.head("A tenant, made through the API");
        paper.item("Account", &account);
        for (person, phone) in [
            (&alice, "a built-in phone that speaks with 440 Hz"),
            (&bob, "a built-in phone that speaks with 660 Hz"),
            (&visitor, "you"),
            (&guest, "you again, or whoever is with you"),
        ] {
            paper.item(person.number, &format!("{}: {phone}", person.login.name));
        }

        paper.head("Both phones register over SIP, with digest");
        let alice = register(alice, sip, ALICE_HZ, paper).await?;
        let bob = register(bob, sip, BOB_HZ, paper).await?;

        let id: Id<Account> = account
            .parse()
            .map_err(|_| ApiError::Missing("account id"))?;
        let (ended, ends) = mpsc::channel(ENDS);
        let mut facts = running.exchange().subscribe(id, None);
        let told = paper.clone();
        let news = tokio::spawn(async move {
            while let Ok(fact) = facts.recv().await {
                if let Some(call) = tell(&fact, &told) {
                    // Only the first call is waited for.
                    let _ = ended.try_send(call);
                }
            }
        });
        Ok(Self {
            running,
            paper,
            client,
            account,
            sip,
            alice,
            bob,
            visitor,
            guest,
            ends,
            news: Task(news),
        })
    }

    /// Alice calls Bob.
    pub async fn call(mut self) -> Result<Self, DemoError> {
        let paper = self.paper;
        paper.head(&format!("Alice ({ALICE}) dials {BOB}"));
        paper.begin();
        let mut hers = self.alice.dial(BOB).map_err(at(ALICE))?;
        let mut his = self.bob.rings(PATIENCE).await.map_err(at(BOB))?;
        paper.happens(BOB, "rings");
        hers.is_ringing(PATIENCE).await.map_err(at(ALICE))?;
        paper.happens(ALICE, "hears that it rings");
        tokio::time::sleep(RINGING).await;
        self.bob.answer(&his).map_err(at(BOB))?;
        paper.happens(BOB, "answers, and speaks");
        hers.is_answered(PATIENCE).await.map_err(at(ALICE))?;
        self.alice.speak(&hers).map_err(at(ALICE))?;
        paper.happens(ALICE, "is through, and speaks");
        his.is_answered(PATIENCE).await.map_err(at(BOB))?;

        let (one, other) = tokio::join!(
            listen(&his, BOB, ALICE_HZ, paper),
            listen(&hers, ALICE, BOB_HZ, paper)
        );
        one.and(other)?;
        tokio::time::sleep(TALK).await;

        hers.hang_up().map_err(at(ALICE))?;
        paper.happens(ALICE, "hangs up");
        his.is_over_within(PATIENCE).await.map_err(at(BOB))?;
        paper.happens(BOB, "hears that it is over");
        let call = timeout(PATIENCE, self.ends.recv()).await;
        let call = call.ok().flatten().ok_or(DemoError::NoEnd(PATIENCE))?;
        self.record(&call).await?;
        Ok(self)
    }

    /// Shows the record of a call.
    async fn record(&self, call: &str) -> Result<(), DemoError> {
        let path = format!("/v1/calls/{call}");
        let record = self.client.get(&path).await?;
        let paper = self.paper;
        paper.head(&format!("Its record, from GET {path}"));
        let word = |name| text(&record, name).unwrap_or_default();
        paper.item(
            "From",
            &format!("{} {}", word("from_number"), word("from_label")),
        );
        paper.item("To", &format!("{} {}", word("to_number"), word("to_label")));
        let seconds = record.get("duration_seconds").and_then(Value::as_u64);
        let seconds = seconds.ok_or(DemoError::Record("duration"))?;
        paper.item(
            "Outcome",
            &format!("{}, {}, {seconds} s", word("direction"), word("status")),
        );
        let legs = record.get("quality_metrics").and_then(Value::as_array);
        let legs = legs.filter(|legs| legs.len() == 2);
        for leg in legs.ok_or(DemoError::Record("two measured legs"))? {
            let figure = |name| leg.get(name).and_then(Value::as_f64);
            let mos = figure("mos").ok_or(DemoError::Record("MOS"))?;
            paper.item(
                "Leg",
                &format!(
                    "{:<8} MOS {mos:.2}   loss {:.1} %   jitter {:.2} ms   {:.0} packets in",
                    text(leg, "leg").unwrap_or_default(),
                    figure("packet_loss_pct").unwrap_or_default(),
                    figure("jitter_ms").unwrap_or_default(),
                    figure("rx_count").unwrap_or_default(),
                ),
            );
        }
        Ok(())
    }

    /// Says how to be on the phone from a browser.
    pub async fn show_page(&self) -> Result<(), DemoError> {
        let (paper, url) = (self.paper, self.running.public_url());
        paper.head("Your turn: on the phone from a browser, for a day");
        for person in [&self.visitor, &self.guest] {
            let token = tenant::token(&self.client, &person.user).await?;
            paper.item(person.number, &format!("{url}/softphone#token={token}"));
        }
        paper.item(
            "Then dial",
            &format!("{ALICE} or {BOB} to hear a tone, {ECHO} to hear yourself"),
        );
        paper.line(&format!(
            "Or open both, each in a tab of its own, and dial {GUEST} from the first."
        ));
        paper.line("Browsers give a page the microphone on localhost and over https only.");
        Ok(())
    }

    /// Says how to go on.
    pub fn invite(&self) {
        let (paper, login) = (self.paper, &self.visitor.login);
        let mut registrar = here(self.sip).to_string();
        let near = SocketAddr::new(IpAddr::from(Ipv4Addr::LOCALHOST), self.sip.port());
        if self.sip.ip().is_unspecified() && registrar != near.to_string() {
            registrar = format!("{registrar}, or {near} on this machine");
        }
        paper.head("Or register a phone of your own");
        paper.item("Registrar", &registrar);
        paper.item("User name", &login.username);
        paper.item("Password", &login.password);
        paper.item("Domain", &login.domain);
        paper.item(
            "Then dial",
            &format!("{ECHO} to hear yourself, {ALICE} or {BOB} to hear a tone"),
        );
        paper.item("You are", VISITOR);

        let url = self.running.public_url();
        paper.head("Drive it by REST");
        paper.line(&format!("KEY={}", self.client.key()));
        paper.line(&format!("ACCOUNT={}", self.account));
        let curl = r#"curl -H "Authorization: Bearer $KEY" -H "DialStack-Account: $ACCOUNT""#;
        paper.line(&format!("{curl} {url}/v1/calls"));
        paper.line(&format!("{curl} -N {url}/v1/events"));
        paper.line(&format!(
            r#"{curl} -H "Content-Type: application/json" {url}/v1/calls -d '{{"user": "{}", "dial_string": "{ALICE}"}}'"#,
            self.visitor.user
        ));
        paper.line("The last one rings your phone and then calls Alice.");
        paper.head("It stays up, and events appear here, until Ctrl-C. Nothing is left behind.");
    }

    /// Lets the phones take calls, and the events be seen, for ever.
    pub async fn stay(self) {
        let Self {
            alice, bob, news, ..
        } = self;
        tokio::join!(alice.attend(), bob.attend());
        drop(news);
    }
}

/// Blames a phone.
fn at(number: &'static str) -> impl Fn(PhoneError) -> DemoError {
    move |source| DemoError::Phone { number, source }
}

async fn register(
    person: Person,
    exchange: SocketAddr,
    voice: u16,
    paper: &Paper,
) -> Result<Phone, DemoError> {
    let number = person.number;
    let name = person.login.username.clone();
    let phone = Phone::switch_on(person.login, exchange, voice).await;
    let phone = phone.map_err(at(number))?;
    let granted = phone.register().await.map_err(at(number))?;
    let address = phone.address().map(|address| address.to_string());
    paper.item(
        number,
        &format!(
            "{name} at {}, for {} s",
            address.unwrap_or_default(),
            granted.as_secs()
        ),
    );
    Ok(phone)
}

async fn listen(
    line: &Line,
    number: &'static str,
    hz: u16,
    paper: &Paper,
) -> Result<(), DemoError> {
    let heard = line.hears(hz, PATIENCE).await.map_err(at(number))?;
    paper.happens(number, &format!("hears {heard}"));
    Ok(())
}

/// Prints an event; answers with the call when it is its end.
fn tell(fact: &Fact, paper: &Paper) -> Option<String> {
    let event: Value = serde_json::from_str(&fact.json).unwrap_or_default();
    let word = |name| event.get(name).and_then(Value::as_str).unwrap_or("?");
    let mut said = format!(
        "{:<14} {} to {}",
        fact.name,
        word("from_number"),
        word("to_number")
    );
    if fact.name != "call.end" {
        paper.happens("event", &said);
        return None;
    }
    let seconds = event.get("duration_seconds").and_then(Value::as_u64);
    said.push_str(&format!(
        ": {}, {} s",
        word("status"),
        seconds.unwrap_or_default()
    ));
    paper.happens("event", &said);
    Some(word("call_id").to_owned())
}

/// The listener's address as another machine sees it: that of the interface by which this one reaches
/// others. Nothing is sent to find it.
fn here(listener: SocketAddr) -> SocketAddr {
    if !listener.ip().is_unspecified() {
        return listener;
    }
    let elsewhere = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 9));
    let ip = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| socket.connect(elsewhere).and_then(|()| socket.local_addr()))
        .map_or(IpAddr::from(Ipv4Addr::LOCALHOST), |local| local.ip());
    SocketAddr::new(ip, listener.port())
}
