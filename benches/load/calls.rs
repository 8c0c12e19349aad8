//! Calls from one carrier through the exchange to another, at a steady rate: set up, held, taken down.

use super::{Outcome, cpu, wire};
use std::{
    collections::HashMap,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Where calls come from: the exchange knows it as a trunk.
pub const CALLER: &str = "127.0.0.2";
/// Where calls go to.
pub const CALLEE: &str = "127.0.0.3";
/// Nothing is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be done.
pub struct Plan {
    /// The exchange's SIP address.
    pub exchange: SocketAddr,
    /// The number that leads to the second carrier.
    pub number: String,
    /// Calls in all.
    pub calls: usize,
    /// Calls begun a second.
    pub rate: f64,
    /// From answer to BYE.
    pub hold: Duration,
    /// Gets the exchange's audio port of each call that is answered.
    pub media: Ports,
}

/// The exchange's audio ports, one a call.
pub type Ports = Arc<Mutex<Vec<u16>>>;

/// The ports of so many calls, once they are there; fewer after ten seconds.
pub fn ports(of: &Ports, calls: usize) -> Vec<u16> {
    let begun = Instant::now();
    loop {
        let ports = of.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if ports.len() >= calls || begun.elapsed() > PATIENCE {
            return ports;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Notes the audio port that a message names.
fn note(ports: &Ports, message: &str) {
    let mut ports = ports.lock().unwrap_or_else(PoisonError::into_inner);
    ports.extend(wire::audio_port(message));
}

/// What happened.
#[derive(Default)]
pub struct Report {
    /// Calls that were answered and ended in good order.
    pub good: usize,
    /// Messages of the exchange that came twice.
    pub repeated: usize,
    /// From INVITE to 200.
    pub set_up: Vec<Duration>,
    /// What the load itself used.
    pub used: Duration,
}

/// The second carrier: answers every call at once.
pub struct Callee {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<Duration>>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The exchange's audio port of each call.
    pub media: Ports,
}

impl Callee {
    /// Listens on a free port of its address.
    pub fn start() -> Outcome<Self> {
        let socket = wire::socket(&format!("{CALLEE}:0"), Duration::from_millis(100))?;
        let address = socket.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let media = Ports::default();
        let ports = media.clone();
        let thread = thread::spawn(move || {
            super::to_the_last_core();
            let mut buffer = vec![0; 65_535];
            while !stopped.load(Ordering::Acquire) {
                if let Ok(Some((message, from))) = wire::receive(&socket, &mut buffer) {
                    serve(&socket, address, &ports, &message, from);
                }
            }
            cpu::of_this_thread()
        });
        let thread = Some(thread);
        Ok(Self {
            stop,
            thread,
            address,
            media,
        })
    }

    /// Stops it; what it used.
    pub fn stop(mut self) -> Duration {
        self.stop.store(true, Ordering::Release);
        let ended = self.thread.take().map(thread::JoinHandle::join);
        ended.and_then(Result::ok).unwrap_or_default()
    }
}

fn serve(socket: &UdpSocket, address: SocketAddr, ports: &Ports, message: &str, from: SocketAddr) {
    let contact = format!("Contact: <sip:{address}>\r\n");
    let done = "Content-Length: 0\r\n\r\n";
    let send = |text: String| drop(socket.send_to(text.as_bytes(), from));
    match message.split(' ').next() {
        Some("INVITE") => {
            note(ports, message);
            let ringing = wire::answer(message, "180 Ringing", "callee", &contact);
            send(ringing + done);
            let head = wire::answer(message, "200 OK", "callee", &contact);
            send(wire::with_body(&head, &wire::sdp(CALLEE, 9)));
        }
        Some("BYE" | "OPTIONS" | "CANCEL") => {
            send(wire::answer(message, "200 OK", "callee", "") + done);
        }
        _ => {}
    }
}

/// One call of the first carrier.
struct Call {
    began: Instant,
    /// What the exchange calls itself in this dialog: To with tag, and where requests go.
    peer: Option<(String, String)>,
    over: Option<Instant>,
    left: bool,
}

/// Runs the plan to its end.
pub fn run(plan: &Plan) -> Outcome<Report> {
    super::to_the_last_core();
    let used = cpu::of_this_thread();
    let socket = wire::socket(&format!("{CALLER}:5060"), Duration::from_millis(1))
        .or_else(|_| wire::socket(&format!("{CALLER}:0"), Duration::from_millis(1)))?;
    let mut caller = Caller {
        plan,
        address: socket.local_addr()?,
        socket,
        live: HashMap::new(),
    };
    let mut report = Report::default();
    let mut buffer = vec![0; 65_535];
    let begun = Instant::now();
    let mut placed = 0;
    while report.good < plan.calls {
        let due = begun.elapsed().as_secs_f64() * plan.rate;
        while placed < plan.calls && (placed as f64) < due {
            caller.place(placed)?;
            placed += 1;
        }
        if let Some((message, _)) = wire::receive(&caller.socket, &mut buffer)? {
            caller.hear(&message, &mut report)?;
        }
        if !plan.hold.is_zero() {
            caller.leave()?;
        }
        let longest = plan.hold + PATIENCE + Duration::from_secs_f64(plan.calls as f64 / plan.rate);
        if begun.elapsed() > longest {
            break;
        }
    }
    report.used = cpu::of_this_thread().saturating_sub(used);
    Ok(report)
}

struct Caller<'p> {
    plan: &'p Plan,
    socket: UdpSocket,
    address: SocketAddr,
    live: HashMap<String, Call>,
}

impl Caller<'_> {
    fn send(&self, text: &str) -> Outcome<()> {
        self.socket.send_to(text.as_bytes(), self.plan.exchange)?;
        Ok(())
    }

    fn place(&mut self, number: usize) -> Outcome<()> {
        let Plan {
            exchange,
            number: to,
            ..
        } = self.plan;
        let address = self.address;
        let call_id = format!("load-{}-{number}", std::process::id());
        let head = format!(
            "INVITE sip:{to}@{exchange} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{call_id}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+12125550199@{address}>;tag=caller\r\nTo: <sip:{to}@{exchange}>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:{address}>\r\n"
        );
        let call = Call {
            began: Instant::now(),
            peer: None,
            over: None,
            left: false,
        };
        self.live.insert(call_id, call);
        self.send(&wire::with_body(&head, &wire::sdp(CALLER, 9)))
    }

    fn hear(&mut self, message: &str, report: &mut Report) -> Outcome<()> {
        let Some(status) = wire::status(message) else {
            return self.send(
                &(wire::answer(message, "200 OK", "caller", "") + "Content-Length: 0\r\n\r\n"),
            );
        };
        let call_id = wire::header(message, "Call-ID")
            .unwrap_or_default()
            .to_owned();
        let invite = wire::header(message, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"));
        let Some(call) = self.live.get_mut(&call_id) else {
            report.repeated += 1;
            return Ok(());
        };
        match (status, invite) {
            (200, true) if call.peer.is_some() => report.repeated += 1,
            (200, true) => {
                report.set_up.push(call.began.elapsed());
                note(&self.plan.media, message);
                let to = wire::header(message, "To").unwrap_or_default().to_owned();
                let contact = wire::header(message, "Contact").unwrap_or_default();
                let contact = contact
                    .trim_start_matches('<')
                    .split('>')
                    .next()
                    .unwrap_or_default();
                call.peer = Some((to, contact.to_owned()));
                call.over = Some(Instant::now() + self.plan.hold);
                self.within(&call_id, "ACK", 1)?;
                if self.plan.hold.is_zero() {
                    self.live
                        .entry(call_id.clone())
                        .and_modify(|call| call.left = true);
                    self.within(&call_id, "BYE", 2)?;
                }
            }
            (200, false) => {
                report.good += 1;
                self.live.remove(&call_id);
            }
            (300.., _) => return Err(format!("the exchange refused: {message}").into()),
            _ => {}
        }
        Ok(())
    }

    /// Ends the calls that were held long enough.
    fn leave(&mut self) -> Outcome<()> {
        let now = Instant::now();
        let due = self
            .live
            .iter_mut()
            .filter(|(_, call)| !call.left && call.over.is_some_and(|at| at <= now));
        let due: Vec<String> = due
            .map(|(id, call)| {
                call.left = true;
                id.clone()
            })
            .collect();
        due.iter().try_for_each(|id| self.within(id, "BYE", 2))
    }

    /// Sends a request within a dialog.
    fn within(&self, call_id: &str, method: &str, cseq: u32) -> Outcome<()> {
        let Some((to, contact)) = self.live.get(call_id).and_then(|call| call.peer.as_ref()) else {
            return Ok(());
        };
        let address = self.address;
        self.send(&format!(
            "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{call_id}-{method}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+12125550199@{address}>;tag=caller\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        ))
    }
}
