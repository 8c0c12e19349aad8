//! A leg with a peer made of text, an audio plane that only takes notes, and time moved by hand.

use crate::{
    LegError, Timers,
    leg::{
        Credentials, Dial, LegEvent, Party, Privacy, Reach, SrtpPolicy, Transport,
        machine::{
            ClientTx, Incoming, Input, Leg, Order, Output, Path, ServerTx, Settings, TimerName,
            tests::notes::Notes,
        },
    },
    rtp::Codec,
    sip::{Message, Method, Name, parse_datagram},
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// An offer or answer of the peer's: PCMA and telephone-event at 192.0.2.9.
pub const PEER_SDP: &str = "v=0\r\no=- 7 7 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

/// The same without telephone-event.
pub const PLAIN_SDP: &str = "v=0\r\no=- 7 8 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";

/// A description with nothing we speak.
pub const FOREIGN_SDP: &str = "v=0\r\no=- 7 9 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 4\r\na=rtpmap:4 G723/8000\r\n";

/// The peer's description with another direction.
pub fn sdp_with(direction: &str) -> String {
    format!("{PEER_SDP}a={direction}\r\n")
}

/// A leg under test.
pub struct Rig {
    pub leg: Leg,
    pub audio: Notes,
    pub now: Instant,
    pub settings: Arc<Settings>,
    /// Everything that came out of the last step.
    pub out: Vec<Output>,
    pub timers: BTreeMap<TimerName, Instant>,
    /// The requests sent, by transaction.
    pub sent: BTreeMap<ClientTx, Message>,
    /// The INVITE that made the leg, when it is incoming.
    pub invite: Option<Message>,
    pub responses: Vec<Message>,
    /// Everything that came out since it was cleared.
    pub all: Vec<Output>,
    /// Requests of the peer so far.
    pub server_txs: u64,
    cseq: u32,
    /// CSeq number of the peer's last INVITE.
    invited: u32,
}

pub fn settings() -> Arc<Settings> {
    Arc::new(Settings {
        advertised: None,
        domain: "pbx.example".to_owned(),
        agent: String::new(),
        timers: Timers::default(),
        codecs: Codec::ALL.to_vec(),
        session_interval: 1800,
        min_session: 90,
    })
}

pub fn path() -> Path {
    Path {
        transport: Transport::Udp,
        local: "198.51.100.1:5060".parse().unwrap(),
        remote: "192.0.2.9:5060".parse().unwrap(),
    }
}

pub fn dial() -> Dial {
    Dial {
        uri: "sip:bob@192.0.2.9".to_owned(),
        hop: None,
        route: Vec::new(),
        from: Party {
            name: Some("Alice".to_owned()),
            user: "1001".to_owned(),
            uri: String::new(),
        },
        to: Party {
            name: None,
            user: "bob".to_owned(),
            uri: "sip:bob@192.0.2.9".to_owned(),
        },
        identity: None,
        privacy: Privacy::default(),
        headers: Vec::new(),
        reach: Reach::default(),
        codecs: Vec::new(),
        srtp: SrtpPolicy::WhenOffered,
        like: None,
        credentials: None,
        group: 1,
        call: String::new(),
    }
}

pub fn credentials() -> Credentials {
    Credentials {
        username: "1001".to_owned(),
        password: "secret".to_owned(),
    }
}

/// An INVITE from the peer, with an offer unless it is empty.
pub fn invite(extra: &str, sdp: &str) -> Message {
    let kind = if sdp.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let text = format!(
        "INVITE sip:1002@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n\
         Max-Forwards: 70\r\nFrom: \"Bob\" <sip:bob@192.0.2.9>;tag=peer\r\n\
         To: <sip:1002@pbx.example>\r\nCall-ID: call@peer\r\nCSeq: 10 INVITE\r\n\
         Contact: <sip:bob@192.0.2.9>\r\n{extra}{kind}Content-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    parse_datagram(text.as_bytes()).unwrap()
}

impl Rig {
    /// An incoming leg.
    pub fn incoming(extra: &str, sdp: &str) -> Rig {
        Rig::try_incoming(extra, sdp).unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    pub fn try_incoming(extra: &str, sdp: &str) -> Result<Rig, Box<Message>> {
        let invite = invite(extra, sdp);
        let now = Instant::now();
        let mut out = Vec::new();
        let arrival = Incoming {
            tx: ServerTx(0),
            invite: invite.clone(),
            path: path(),
            group: 1,
            seed: 1,
        };
        let leg = Leg::incoming(settings(), arrival, &mut out)?;
        Ok(Rig::with(leg, Some(invite), now, out))
    }

    /// An outgoing leg whose INVITE has been sent.
    pub fn outgoing(dial: Dial) -> Rig {
        let mut rig = Rig::locating(dial);
        rig.input(Input::Located(path()));
        rig
    }

    /// An outgoing leg that waits for its path.
    pub fn locating(dial: Dial) -> Rig {
        let mut out = Vec::new();
        let leg = Leg::outgoing(settings(), dial, None, 1, &mut out).unwrap();
        Rig::with(leg, None, Instant::now(), out)
    }

    fn with(leg: Leg, invite: Option<Message>, now: Instant, out: Vec<Output>) -> Rig {
        Rig {
            leg,
            audio: Notes::default(),
            now,
            settings: settings(),
            out,
            timers: BTreeMap::new(),
            sent: BTreeMap::new(),
            invite,
            responses: Vec::new(),
            all: Vec::new(),
            server_txs: 0,
            cseq: 10,
            invited: 10,
        }
    }

    /// Feeds an input and says what came out, timers and index aside.
    pub fn input(&mut self, input: Input) -> Vec<String> {
        self.out.clear();
        self.leg
            .apply(input, self.now, &mut self.audio, &mut self.out);
        self.carry_out();
        self.lines()
    }

    /// Gives an order and says what came out.
    pub fn order(&mut self, order: Order) -> Vec<String> {
        self.try_order(order)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn try_order(&mut self, order: Order) -> Result<Vec<String>, LegError> {
        self.out.clear();
        self.leg
            .order(order, self.now, &mut self.audio, &mut self.out)?;
        self.carry_out();
        Ok(self.lines())
    }

    fn carry_out(&mut self) {
        self.all.extend(self.out.iter().cloned());
        for output in &self.out {
            match output {
                Output::SetTimer(name, after) => {
                    self.timers.insert(*name, self.now + *after);
                }
                Output::CancelTimer(name) => {
                    self.timers.remove(name);
                }
                Output::Send { tx, request, .. } => {
                    self.sent.insert(*tx, request.clone());
                }
                Output::Respond { response, .. } => self.responses.push(response.clone()),
                _ => {}
            }
        }
    }

    /// Lets time pass; every timer fires at its time.
    pub fn wait(&mut self, time: Duration) -> Vec<String> {
        let end = self.now + time;
        let mut lines = Vec::new();
        while let Some((name, due)) = self.next_due().filter(|(_, due)| *due <= end) {
            self.now = due;
            self.timers.remove(&name);
            lines.extend(self.input(Input::Timer(name)));
        }
        self.now = end;
        lines
    }

    fn next_due(&self) -> Option<(TimerName, Instant)> {
        let due = self.timers.iter().min_by_key(|(_, due)| **due)?;
        Some((*due.0, *due.1))
    }

    pub fn has_timer(&self, name: TimerName) -> bool {
        self.timers.contains_key(&name)
    }

    /// The last request of a method that was sent.
    pub fn last(&self, method: &Method) -> (ClientTx, Message) {
        let mut requests = self.sent.iter().rev();
        let (tx, request) = requests
            .find(|(_, request)| request.method() == Some(method))
            .unwrap_or_else(|| panic!("no {method} was sent"));
        (*tx, request.clone())
    }

    /// The peer responds to our last request of a method, with tag `peer`.
    pub fn responds(&mut self, method: Method, status: u16, extra: &str, sdp: &str) -> Vec<String> {
        self.responds_as("peer", method, status, extra, sdp)
    }

    pub fn responds_as(
        &mut self,
        tag: &str,
        method: Method,
        status: u16,
        extra: &str,
        sdp: &str,
    ) -> Vec<String> {
        let (tx, request) = self.last(&method);
        let message = respond(&request, tag, status, extra, sdp);
        self.input(Input::Response { tx, message })
    }

    /// The peer sends a request in the dialog.
    pub fn requests(&mut self, method: &str, extra: &str, sdp: &str) -> Vec<String> {
        let message = self.request(method, extra, sdp);
        let tx = self.server_tx();
        self.input(Input::Request {
            tx,
            message,
            path: path(),
        })
    }

    pub fn server_tx(&mut self) -> ServerTx {
        self.server_txs += 1;
        ServerTx(self.server_txs)
    }

    /// The peer's ACK to our 2xx to its last INVITE.
    pub fn acks(&mut self, sdp: &str) -> Vec<String> {
        let message = self.request("ACK", "", sdp);
        self.input(Input::Ack(message))
    }

    /// A request of the peer's, numbered on except for ACK.
    pub fn request(&mut self, method: &str, extra: &str, sdp: &str) -> Message {
        if method != "ACK" {
            self.cseq += 1;
        }
        if method == "INVITE" {
            self.invited = self.cseq;
        }
        let cseq = if method == "ACK" {
            self.invited
        } else {
            self.cseq
        };
        let (call_id, ours, we, they) = self.names();
        let kind = if sdp.is_empty() || extra.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let text = format!(
            "{method} sip:x@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {they}\r\nTo: {we};tag={ours}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:bob@192.0.2.9>\r\n{extra}{kind}\
             Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        parse_datagram(text.as_bytes()).unwrap()
    }

    /// Call-ID, our tag, our and their address.
    fn names(&self) -> (String, String, String, String) {
        let they = "<sip:bob@192.0.2.9>;tag=peer".to_owned();
        match &self.invite {
            Some(_) => {
                let key = self.leg.phase.keys().into_iter().next();
                let tag = key.map(|key| key.local_tag).unwrap_or_default();
                let we = "<sip:1002@pbx.example>".to_owned();
                ("call@peer".to_owned(), tag, we, they)
            }
            None => {
                let (_, invite) = self.last(&Method::Invite);
                let tag = invite.from_tag().unwrap_or_default().to_owned();
                let we = "<sip:1001@pbx.example>".to_owned();
                let call_id = invite.call_id().unwrap_or_default().to_owned();
                (call_id, tag, we, they)
            }
        }
    }

    /// The last response that was sent.
    pub fn response(&self) -> &Message {
        self.responses.last().expect("no response was sent")
    }

    fn lines(&self) -> Vec<String> {
        self.out.iter().filter_map(line).collect()
    }

    /// An outgoing call that was answered.
    pub fn talking_out() -> Rig {
        let mut rig = Rig::outgoing(dial());
        let allow = "Allow: INVITE, UPDATE\r\n";
        rig.responds(Method::Invite, 200, allow, PEER_SDP);
        rig
    }

    /// An incoming call that was answered and confirmed.
    pub fn talking_in(extra: &str) -> Rig {
        let mut rig = Rig::incoming(extra, PEER_SDP);
        rig.order(Order::Answer { like: None });
        rig.acks("");
        rig
    }

    /// The last news.
    pub fn news(&self) -> Vec<&LegEvent> {
        self.out.iter().filter_map(event).collect()
    }
}

fn event(output: &Output) -> Option<&LegEvent> {
    match output {
        Output::Tell(event) => Some(event),
        _ => None,
    }
}

/// A response of the peer's.
pub fn respond(request: &Message, tag: &str, status: u16, extra: &str, sdp: &str) -> Message {
    let mut response = Message::response_to(request, status, "", Some(tag));
    response.push(Name::Contact, "<sip:bob@192.0.2.9>");
    for line in extra.lines() {
        let (name, value) = line.split_once(':').unwrap();
        response.push(name, value.trim());
    }
    if !sdp.is_empty() {
        response.set_body("application/sdp", sdp.to_owned());
    }
    response
}

/// An output in short; none for timers and index.
fn line(output: &Output) -> Option<String> {
    let body = |message: &Message| match message.sdp() {
        Some(_) => " with SDP",
        None => "",
    };
    Some(match output {
        Output::Locate(target) => format!("locate {}", target.uri),
        Output::Send { request, .. } => {
            format!("{}{}", request.method()?, body(request))
        }
        Output::Ack { .. } => "ACK".to_owned(),
        Output::Cancel { .. } => "CANCEL".to_owned(),
        Output::Respond { response, .. } => {
            let method = response.cseq().ok()?.method;
            format!("{} to {method}{}", response.status()?, body(response))
        }
        Output::Signal(signal) => panic!("a phone is told {signal:?}"),
        Output::Tell(event) => told(event),
        Output::Gone => "gone".to_owned(),
        Output::SetTimer(..)
        | Output::Settle { .. }
        | Output::CancelTimer(_)
        | Output::Index(_)
        | Output::Unindex(_)
        | Output::MediaOpened(_)
        | Output::MediaClosed(_) => return None,
    })
}

fn told(event: &LegEvent) -> String {
    match event {
        LegEvent::Refused(refusal) => format!("Refused {}", refusal.status),
        LegEvent::Ended(ending) => format!("Ended by {:?}", ending.by),
        LegEvent::Digit(digit) => format!("Digit {}", digit.key),
        LegEvent::Referred(referral) => format!("Referred to {}", referral.target.uri),
        other => format!("{other:?}"),
    }
}
