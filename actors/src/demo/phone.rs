//! A phone: one identity, one address, registered as long as it is switched on.

use super::{Line, PhoneError};
use engine::{
    Arrival, Arrivals, Config, Endpoint, Invitation, Limits, Media, Request, Timers,
    leg::{Credentials, Dial, Hop, Party, Prompt, Rejection, SrtpPolicy, Transport},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};
use tokio::time::timeout;

/// RTP ports of the phones, beside those of an exchange with its usual range.
const MEDIA_PORTS: RangeInclusive<u16> = 40_000..=40_999;

/// Binding asked for, in seconds; renewed at half time.
const EXPIRES: u32 = 600;

/// Before a refresh that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Loudness of a phone's voice, in dBm0: that of a person speaking up.
const VOICE: i8 = -15;

/// Calls a phone holds at once when it is left alone; one more hears that it is busy.
const LINES: usize = 4;

/// Who a phone is.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Name shown to those it calls.
    pub name: String,
    /// Digest user name.
    pub username: String,
    /// Password; never printed.
    pub password: String,
    /// Domain of its address.
    pub domain: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A phone that is switched on. Dropping it switches it off without a word.
pub struct Phone {
    endpoint: Endpoint,
    arrivals: Arrivals,
    login: Login,
    exchange: SocketAddr,
    voice: u16,
}

impl Phone {
    /// Switches a phone on: opens its ports beside those of the exchange, which listens on `exchange` for
    /// UDP. `voice` is the frequency, in Hz, of the tone it speaks with. Runs on the caller's runtime.
    ///
    /// # Errors
    /// See [`PhoneError::Start`].
    pub async fn switch_on(
        login: Login,
        exchange: SocketAddr,
        voice: u16,
    ) -> Result<Self, PhoneError> {
        let exchange = SocketAddr::new(reachable(exchange.ip()), exchange.port());
        let config = Config {
            udp: vec![SocketAddr::new(exchange.ip(), 0)],
            tcp: Vec::new(),
            tls: None,
            trust: None,
            advertised: None,
            domain: login.domain.clone(),
            agent: concat!("Strowger-demo-phone/", env!("CARGO_PKG_VERSION")).to_owned(),
            webrtc: engine::WebRtc::default(),
            media: Media {
                address: Some(exchange.ip()),
                ports: MEDIA_PORTS,
                threads: 1,
                ..Media::default()
            },
            timers: Timers::default(),
            limits: Limits::default(),
        };
        let (endpoint, arrivals) = engine::bind(config, &prometheus::Registry::new()).await?;
        Ok(Self {
            endpoint,
            arrivals,
            login,
            exchange,
            voice,
        })
    }

    /// Frequency of its voice, in Hz.
    pub fn voice(&self) -> u16 {
        self.voice
    }

    /// The address it listens on.
    pub fn address(&self) -> Option<SocketAddr> {
        self.endpoint.bound().udp.first().copied()
    }

    /// Registers, answering the digest challenge; says for how long it was granted.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn register(&self) -> Result<Duration, PhoneError> {
        let own = self.own();
        let request = Request {
            method: "REGISTER".to_owned(),
            uri: format!("sip:{}", self.login.domain),
            hop: Some(self.hop()),
            from: own.clone(),
            to: own,
            headers: vec![("Expires".to_owned(), EXPIRES.to_string())],
            credentials: Some(self.credentials()),
        };
        let answer = self.endpoint.request(request).await?;
        match answer.status {
            200..=299 => Ok(Duration::from_secs(
                answer.expires.unwrap_or(EXPIRES).into(),
            )),
            status => Err(PhoneError::RegistrationRefused(status)),
        }
    }

    /// Dials a number.
    ///
    /// # Errors
    /// See [`PhoneError::Line`].
    pub fn dial(&self, number: &str) -> Result<Line, PhoneError> {
        let uri = format!("sip:{number}@{}", self.login.domain);
        let (sink, news) = Line::news();
        let dial = Dial {
            uri: uri.clone(),
            hop: Some(self.hop()),
            route: Vec::new(),
            from: self.own(),
            to: Party {
                name: None,
                user: number.to_owned(),
                uri,
            },
            identity: None,
            privacy: engine::leg::Privacy::default(),
            headers: Vec::new(),
            reach: engine::leg::Reach::default(),
            codecs: Vec::new(),
            srtp: SrtpPolicy::default(),
            like: None,
            credentials: Some(self.credentials()),
            group: 0,
            call: String::new(),
        };
        let leg = self.endpoint.dial(dial, sink)?;
        Ok(Line::new(self.endpoint.clone(), leg, news))
    }

    /// Waits for a call and rings.
    ///
    /// # Errors
    /// None came within the limit.
    pub async fn rings(&mut self, limit: Duration) -> Result<Line, PhoneError> {
        let what = "a call";
        let late = |_| PhoneError::Late { what, limit };
        let invitation = timeout(limit, self.invitation()).await.map_err(late)?;
        let line = self.pick(invitation.ok_or(PhoneError::Ended)?)?;
        self.endpoint.ring(line.leg())?;
        Ok(line)
    }

    /// Answers an incoming call and begins to speak.
    ///
    /// # Errors
    /// The caller has hung up.
    pub fn answer(&self, line: &Line) -> Result<(), PhoneError> {
        self.endpoint.answer(line.leg(), None)?;
        self.speak(line)
    }

    /// Speaks, with its own tone, until the call ends.
    ///
    /// # Errors
    /// The call has ended, or has no audio.
    pub fn speak(&self, line: &Line) -> Result<(), PhoneError> {
        let voice = Prompt::Tone {
            hz: self.voice,
            level: VOICE,
        };
        Ok(self.endpoint.play(line.leg(), voice)?)
    }

    /// Stays registered, answers whoever calls with its tone, and never returns; dropping the future
    /// switches the phone off.
    pub async fn attend(mut self) {
        let mut renew = Box::pin(tokio::time::sleep(Duration::from_secs(EXPIRES.into()) / 2));
        let mut lines: Vec<Line> = Vec::new();
        loop {
            tokio::select! {
                () = &mut renew => {
                    let next = match self.register().await {
                        Ok(granted) => granted / 2,
                        Err(error) => {
                            tracing::warn!(%error, "A built-in phone could not renew its registration.");
                            AGAIN
                        }
                    };
                    renew.as_mut().reset(tokio::time::Instant::now() + next);
                }
                invitation = self.invitation() => {
                    let Some(invitation) = invitation else {
                        return std::future::pending().await;
                    };
                    lines.retain_mut(|line| !line.is_over());
                    self.welcome(invitation, &mut lines);
                }
            }
        }
    }

    fn welcome(&self, invitation: Invitation, lines: &mut Vec<Line>) {
        let leg = invitation.leg;
        let outcome = if lines.len() < LINES {
            self.pick(invitation).and_then(|line| {
                self.answer(&line)?;
                lines.push(line);
                Ok(())
            })
        } else {
            let busy = Rejection {
                status: 486,
                phrase: None,
                q850: None,
                headers: Vec::new(),
            };
            self.endpoint.reject(leg, busy).map_err(PhoneError::from)
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "A built-in phone missed a call.");
        }
    }

    /// The next call; `None` when the engine ended. A phone is nobody's registrar.
    async fn invitation(&mut self) -> Option<Invitation> {
        loop {
            match self.arrivals.recv().await? {
                Arrival::Invite(invitation) => return Some(invitation),
                Arrival::HungUp { .. } => {}
                Arrival::Register(registration) => registration.reply.send(405, None, Vec::new()),
            }
        }
    }

    fn pick(&self, invitation: Invitation) -> Result<Line, PhoneError> {
        let (sink, news) = Line::news();
        self.endpoint.claim(invitation.leg, sink)?;
        Ok(Line::new(self.endpoint.clone(), invitation.leg, news))
    }

    fn own(&self) -> Party {
        Party {
            name: Some(self.login.name.clone()),
            user: self.login.username.clone(),
            uri: format!("sip:{}@{}", self.login.username, self.login.domain),
        }
    }

    fn hop(&self) -> Hop {
        Hop::Host {
            host: match self.exchange.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            },
            port: Some(self.exchange.port()),
            transport: Some(Transport::Udp),
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            username: self.login.username.clone(),
            password: self.login.password.clone(),
        }
    }
}

/// Where a listener on this address is reached from the same machine.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
