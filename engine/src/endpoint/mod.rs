//! The only door of the engine: [`bind`] opens the listeners, [`Endpoint`] takes orders, [`Arrivals`]
//! hands on what comes in.

mod arrival;

pub use arrival::{
    Answer, Arrival, Arrivals, Authorization, Contact, Invitation, Registration, Reply, Request,
    RequestError,
};

use crate::{
    Config,
    leg::{
        BrowserCall, Dial, DialogKey, HangUp, LegId, LegSink, Notice, Prompt, Rejection, SessionId,
        SessionSink, Word, machine::Order,
    },
    media::{Plane, Sound},
    metrics::Metrics,
    rtp::Quality,
    sip::{
        resolve::Resolver,
        transport::{Certificates, Hub, Inbox, Opened},
    },
    stack::{Ears, Parts, Stack},
};
use bytes::Bytes;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

/// The engine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A listener could not be opened.
    #[error("cannot listen on {address} ({transport})")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// `udp`, `tcp`, `tls` or `rtp`.
        transport: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("cannot use the TLS certificate {path}")]
    Certificate {
        /// File that was read.
        path: std::path::PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The media threads could not be started.
    #[error("cannot start the media plane")]
    Media(#[source] std::io::Error),
    /// The WebRTC gateway could not be started.
    #[error("cannot start the WebRTC gateway")]
    WebRtc(#[source] std::io::Error),
    /// A metric name is taken on the registry given.
    #[error("cannot register the engine's metrics")]
    Metrics(#[from] prometheus::Error),
}

/// An order for a leg that is gone, or that its state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LegError {
    /// No such leg.
    #[error("the leg is gone")]
    Gone,
    /// The leg's state does not allow it (answering twice, ringing an answered leg).
    #[error("the leg's state does not allow it")]
    State,
    /// Offer and answer have no codec in common.
    #[error("no codec in common")]
    Codec,
    /// No RTP port is free.
    #[error("no RTP port is free")]
    Ports,
    /// The engine holds as many legs as it may.
    #[error("too many legs")]
    Limit,
    /// A URI in the order cannot be read.
    #[error("not a usable address")]
    Address,
    /// The call has no hop left to take.
    #[error("no hop is left")]
    Loop,
}

/// Addresses that were really bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bound {
    /// UDP listeners.
    pub udp: Vec<SocketAddr>,
    /// TCP listeners.
    pub tcp: Vec<SocketAddr>,
    /// TLS listener.
    pub tls: Option<SocketAddr>,
    /// WebRTC listeners: one port, at each of the machine's addresses when it listens on all.
    pub webrtc: Vec<SocketAddr>,
}

/// Opens every listener and the media plane. Runs on the tokio runtime it is called from.
///
/// # Errors
/// See [`BindError`]; nothing is left open.
pub async fn bind(
    config: Config,
    metrics: &prometheus::Registry,
) -> Result<(Endpoint, Arrivals), BindError> {
    bind_with(config, metrics, Resolver::system())
}

/// [`bind`] with another way to find names.
pub(crate) fn bind_with(
    config: Config,
    metrics: &prometheus::Registry,
    resolver: Resolver,
) -> Result<(Endpoint, Arrivals), BindError> {
    let tls = config.tls.as_ref();
    let ours = tls.map(|t| (t.certificate.as_path(), t.key.as_path()));
    let certificates = Certificates::load(ours, config.trust.as_deref()).map_err(|bad| {
        BindError::Certificate {
            path: bad.path,
            source: bad.source,
        }
    })?;
    let opened = Opened::open(&config.udp, &config.tcp, tls.map(|t| t.listen)).map_err(
        |(address, transport, source)| BindError::Listen {
            address,
            transport,
            source,
        },
    )?;
    let counts = Arc::new(Metrics::register(metrics)?);
    let hub = Hub::new(
        &opened,
        config.limits.connections,
        certificates,
        counts.clone(),
    );
    hub.watch_drops(metrics)?;
    let (udp, tcp, tls) = opened.addresses();
    let (sender, arrivals) = tokio::sync::mpsc::channel(config.limits.arrivals.max(1));
    let (ears, heard) = Ears::new();
    let plane =
        Plane::start(config.media.clone(), Arc::new(ears), metrics).map_err(BindError::Media)?;
    let webrtc = plane
        .start_gateway(&config.webrtc, metrics)
        .map_err(BindError::WebRtc)?;
    let (stack, mut tasks) = Stack::start(Parts {
        config,
        metrics: counts,
        hub: hub.clone(),
        resolver,
        arrivals: sender,
        plane: plane.clone(),
        heard,
    });
    let inbox: Arc<dyn Inbox> = stack.clone();
    tasks.extend(hub.start(opened, &inbox));
    let inner = Inner {
        bound: Bound {
            udp,
            tcp,
            tls,
            webrtc,
        },
        stack,
        hub,
        plane,
        tasks: tasks.iter().map(JoinHandle::abort_handle).collect(),
    };
    let endpoint = Endpoint {
        inner: Arc::new(inner),
    };
    Ok((endpoint, arrivals))
}

struct Inner {
    bound: Bound,
    stack: Arc<Stack>,
    hub: Arc<Hub>,
    plane: Plane,
    tasks: Vec<AbortHandle>,
}

impl Drop for Inner {
    /// The engine ends with its last handle.
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.hub.close();
        self.plane.stop();
    }
}

/// A handle to the running engine. Cheap to clone; orders neither block nor wait.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

impl Endpoint {
    /// The addresses that were bound.
    pub fn bound(&self) -> &Bound {
        &self.inner.bound
    }

    /// Refuses every new dialog in both directions with 503 and this Retry-After, or stops doing so.
    pub fn refuse_new(&self, retry_after_seconds: Option<u32>) {
        self.inner.stack.refuse_new(retry_after_seconds);
    }

    /// Closes the listeners after everything that is queued has been sent.
    pub async fn close(&self) {
        for task in &self.inner.tasks {
            task.abort();
        }
        self.inner.hub.close();
        self.inner.hub.closed().await;
    }

    /// Takes up a WebSocket with subprotocol `sip` (RFC 7118) that somebody else carries; `remote` tells it
    /// apart from all others. Each message of `incoming` is one that came in, at most
    /// [`MAX_MESSAGE_BYTES`](crate::sip::MAX_MESSAGE_BYTES) long; each one handed back is to be written.
    /// The connection ends when either ends. None when there are too many connections.
    pub fn accept_web_socket(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        secure: bool,
        incoming: mpsc::Receiver<Bytes>,
    ) -> Option<mpsc::Receiver<Bytes>> {
        self.inner
            .hub
            .take_web_socket((local, remote), secure, incoming)
    }

    // Who listens

    /// Sends the leg's news to `sink`, beginning with those that waited.
    pub fn claim(&self, leg: LegId, sink: Arc<dyn LegSink>) -> Result<(), LegError> {
        self.inner.stack.claim(leg, sink)
    }

    /// The leg in this dialog, for an INVITE or REFER with Replaces (RFC 3891 §3).
    pub fn find(&self, dialog: &DialogKey) -> Option<LegId> {
        self.inner.stack.find(dialog)
    }

    // Browsers

    /// Lets a browser be called by [`Hop::Session`](crate::leg::Hop::Session) and call by
    /// [`call_from`](Self::call_from), until the session is closed.
    pub fn open_session(&self, sink: Arc<dyn SessionSink>) -> SessionId {
        self.inner.stack.open_session(sink)
    }

    /// Ends every leg of the session at once, as if its party had hung up. The sink hears no more.
    pub fn close_session(&self, session: SessionId) {
        self.inner.stack.close_session(session);
    }

    /// A browser calls: an [`Arrival::Invite`] with the session follows, to be treated as any other.
    ///
    /// # Errors
    /// `Gone` without such a session, `Limit` when it or the engine holds as many legs as it may or new
    /// calls are refused, `Address` for an unusable destination, `Codec` for an offer that cannot be
    /// read or is not for a browser.
    pub fn call_from(&self, call: BrowserCall) -> Result<LegId, LegError> {
        self.inner.stack.call_from(call)
    }

    /// Hands on what a browser says about one of its legs.
    ///
    /// # Errors
    /// `Gone` for a leg that is over or not of this session, `State` for what the leg's state does not
    /// allow, `Address` for an unusable destination.
    pub fn say(&self, session: SessionId, leg: LegId, word: Word) -> Result<(), LegError> {
        self.inner.stack.say(session, leg, word)
    }

    /// Tells the party of an incoming leg how its call is named. A SIP phone has its own name for it.
    pub fn name(&self, leg: LegId, call: &str) -> Result<(), LegError> {
        self.inner.stack.name(leg, call)
    }

    /// Lets the party know what happens at the far side. A SIP phone hears it, or need not.
    pub fn notice(&self, leg: LegId, notice: Notice) -> Result<(), LegError> {
        self.inner.stack.order(leg, Order::Notice(notice))
    }

    // An incoming leg

    /// Sends 180, reliably when the caller can (RFC 3262).
    pub fn ring(&self, leg: LegId) -> Result<(), LegError> {
        self.inner.stack.order(leg, Order::Ring)
    }

    /// Answers the offer in a 183, so that audio can be played before the answer. Prefers the codec
    /// that `like` speaks.
    pub fn progress(&self, leg: LegId, like: Option<LegId>) -> Result<(), LegError> {
        let like = like.and_then(|other| self.inner.stack.agreed(other));
        self.inner.stack.order(leg, Order::Progress { like })
    }

    /// Answers with 200.
    pub fn answer(&self, leg: LegId, like: Option<LegId>) -> Result<(), LegError> {
        let like = like.and_then(|other| self.inner.stack.agreed(other));
        self.inner.stack.order(leg, Order::Answer { like })
    }

    /// Refuses.
    pub fn reject(&self, leg: LegId, rejection: Rejection) -> Result<(), LegError> {
        self.inner.stack.order(leg, Order::Reject(rejection))
    }

    // An outgoing leg

    /// Starts an outgoing leg. Everything that happens to it is news, failure to send included.
    pub fn dial(&self, dial: Dial, sink: Arc<dyn LegSink>) -> Result<LegId, LegError> {
        self.inner.stack.dial(dial, sink)
    }

    // Any leg

    /// Ends the leg, whatever its state. `Ended` follows.
    pub fn hang_up(&self, leg: LegId, how: HangUp) -> Result<(), LegError> {
        self.inner.stack.order(leg, Order::HangUp(how))
    }

    /// Answers a REFER with 202 (RFC 3515 §2.4.2); `notify_referral` follows.
    pub fn accept_referral(&self, leg: LegId, referral: u32) -> Result<(), LegError> {
        self.inner.stack.order(leg, Order::AcceptReferral(referral))
    }

    /// Answers a REFER with a failure.
    pub fn refuse_referral(&self, leg: LegId, referral: u32, status: u16) -> Result<(), LegError> {
        self.inner
            .stack
            .order(leg, Order::RefuseReferral(referral, status))
    }

    /// Tells the transferor how it goes: NOTIFY with `message/sipfrag`; a final status ends the subscription.
    pub fn notify_referral(&self, leg: LegId, referral: u32, status: u16) -> Result<(), LegError> {
        self.inner
            .stack
            .order(leg, Order::NotifyReferral(referral, status))
    }

    /// Presses keys towards the peer: telephone-event, else INFO.
    pub fn send_digits(&self, leg: LegId, digits: &str) -> Result<(), LegError> {
        self.inner
            .stack
            .order(leg, Order::SendDigits(digits.to_owned()))
    }

    /// Passes on a key that the party bridged to this leg pressed as telephone-event: a peer that agreed
    /// on none gets INFO, if it takes that.
    pub fn relay_digit(&self, leg: LegId, key: char) -> Result<(), LegError> {
        self.inner.stack.order(leg, Order::RelayDigit(key))
    }

    /// Everything about the leg that is needed to go on with it in another process: dialog, route set,
    /// session timer, media ports and keys.
    pub fn leg_snapshot(&self, leg: LegId) -> Result<serde_json::Value, LegError> {
        self.inner.stack.leg_snapshot(leg)
    }

    // Audio

    /// Joins two legs; ends whatever either was hearing.
    pub fn bridge(&self, a: LegId, b: LegId) -> Result<(), LegError> {
        self.inner.stack.bridge(a, b)
    }

    /// Plays to the peer until told otherwise.
    pub fn play(&self, leg: LegId, prompt: Prompt) -> Result<(), LegError> {
        self.inner.stack.play(leg, prompt)
    }

    /// Sends the peer's own audio back.
    pub fn echo(&self, leg: LegId) -> Result<(), LegError> {
        self.inner.stack.echo(leg)
    }

    /// Plays nothing and joins nothing.
    pub fn quiet(&self, leg: LegId) -> Result<(), LegError> {
        self.inner.stack.quiet(leg)
    }

    /// Audio figures so far.
    pub fn quality(&self, leg: LegId) -> Option<Quality> {
        self.inner.stack.quality(leg)
    }

    /// Listens to what the peer says, for a tone of this frequency in Hz (below 4,000), or stops
    /// listening. Costs a decoder while it lasts and changes nothing else.
    pub fn listen(&self, leg: LegId, hz: Option<u16>) -> Result<(), LegError> {
        self.inner.stack.listen(leg, hz)
    }

    /// What was heard in the last 200 ms, while it is listened to.
    pub fn heard(&self, leg: LegId) -> Option<Sound> {
        self.inner.stack.heard(leg)
    }

    // Requests outside any call

    /// Sends a request and waits for its final response, answering one challenge. For OPTIONS probes and
    /// for REGISTER towards a trunk.
    pub async fn request(&self, request: Request) -> Result<Answer, RequestError> {
        self.inner.stack.ask(request).await
    }
}
