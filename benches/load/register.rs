//! Phones that register with digest and refresh, at a steady rate.

use super::{Outcome, cpu, wire};
use md5::{Digest as _, Md5};
use std::{
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

/// Where the phones are.
const PHONES: &str = "127.0.0.4";
/// Nothing is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests that may be under way at once.
const WINDOW: usize = 64;

/// What a phone logs in with.
pub struct Login {
    /// SIP user name.
    pub username: String,
    /// SIP password.
    pub password: String,
}

/// What happened.
#[derive(Default)]
pub struct Report {
    /// Refreshes that were accepted.
    pub good: usize,
    /// What the load itself used.
    pub used: Duration,
}

/// A registered contact.
struct Phone<'l> {
    login: &'l Login,
    number: usize,
    /// Realm and nonce of the challenge, and how often it was used.
    challenge: Option<(String, String)>,
    uses: u32,
    cseq: u32,
}

/// Phones, several contacts to a login.
pub struct Phones<'l> {
    socket: UdpSocket,
    exchange: SocketAddr,
    phones: Vec<Phone<'l>>,
}

impl<'l> Phones<'l> {
    /// Registers every contact once, each after its own challenge.
    pub fn register(exchange: SocketAddr, logins: &'l [Login], contacts: usize) -> Outcome<Self> {
        let socket = wire::socket(&format!("{PHONES}:0"), Duration::from_millis(1))?;
        let all = logins
            .iter()
            .flat_map(|login| std::iter::repeat_n(login, contacts));
        let phones = all.enumerate().map(|(number, login)| Phone {
            login,
            number,
            challenge: None,
            uses: 0,
            cseq: 0,
        });
        let mut phones = Self {
            socket,
            exchange,
            phones: phones.collect(),
        };
        let count = phones.phones.len();
        phones.round(0..count, f64::MAX)?;
        Ok(phones)
    }

    /// Refreshes `count` bindings, one after the other, round and round.
    pub fn refresh(&mut self, count: usize, rate: f64) -> Outcome<Report> {
        super::to_the_last_core();
        let used = cpu::of_this_thread();
        let phones = self.phones.len();
        let good = self.round((0..count).map(|at| at % phones), rate)?;
        let used = cpu::of_this_thread().saturating_sub(used);
        Ok(Report { good, used })
    }

    /// Sends one REGISTER for each of these and answers what is challenged; how many were accepted.
    fn round(&mut self, these: impl Iterator<Item = usize>, rate: f64) -> Outcome<usize> {
        let (mut these, mut begun, mut good) = (these.peekable(), 0_usize, 0);
        let mut buffer = vec![0; 65_535];
        let start = Instant::now();
        let mut heard = Instant::now();
        while good < begun || these.peek().is_some() {
            while begun - good < WINDOW && (begun as f64) < start.elapsed().as_secs_f64() * rate {
                let Some(at) = these.next() else { break };
                self.send(at)?;
                begun += 1;
            }
            if let Some((message, _)) = wire::receive(&self.socket, &mut buffer)? {
                heard = Instant::now();
                good += usize::from(self.hear(&message)?);
            }
            if heard.elapsed() > PATIENCE {
                return Err(format!("{} phones were not answered", begun - good).into());
            }
        }
        Ok(good)
    }

    /// Takes an answer; whether it was the last word.
    fn hear(&mut self, message: &str) -> Outcome<bool> {
        let number =
            wire::header(message, "Call-ID").and_then(|id| id.rsplit('-').next()?.parse().ok());
        let number: usize = number.ok_or("an answer to nobody")?;
        let phone = self.phones.get_mut(number).ok_or("an answer to nobody")?;
        match wire::status(message) {
            Some(200) => Ok(true),
            Some(401) => {
                let line = wire::header(message, "WWW-Authenticate").unwrap_or_default();
                let value = |name: &str| {
                    let (_, rest) = line.split_once(&format!("{name}=\""))?;
                    Some(rest.split('"').next()?.to_owned())
                };
                phone.challenge = value("realm").zip(value("nonce"));
                phone.uses = 0;
                self.send(number).map(|()| false)
            }
            _ => Err(format!("the exchange refused: {message}").into()),
        }
    }

    fn send(&mut self, number: usize) -> Outcome<()> {
        let exchange = self.exchange;
        let address = self.socket.local_addr()?;
        let phone = self.phones.get_mut(number).ok_or("no such phone")?;
        phone.cseq += 1;
        let Phone { login, cseq, .. } = phone;
        let user = &login.username;
        let cseq = *cseq;
        let authorization = phone.authorization(&format!("sip:{exchange}"));
        let text = format!(
            "REGISTER sip:{exchange} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bKr{number}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{exchange}>;tag=r{number}\r\nTo: <sip:{user}@{exchange}>\r\n\
             Call-ID: register-{number}\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:{user}@{address};line={number}>\r\nExpires: 3600\r\n{authorization}Content-Length: 0\r\n\r\n"
        );
        self.socket.send_to(text.as_bytes(), exchange)?;
        Ok(())
    }
}

impl Phone<'_> {
    /// RFC 7616 with MD5 and `qop=auth`; empty before the first challenge.
    fn authorization(&mut self, uri: &str) -> String {
        let Some((realm, nonce)) = &self.challenge else {
            return String::new();
        };
        self.uses += 1;
        let Login { username, password } = self.login;
        let (nc, cnonce) = (format!("{:08x}", self.uses), format!("c{}", self.number));
        let secret = md5(&format!("{username}:{realm}:{password}"));
        let what = md5(&format!("REGISTER:{uri}"));
        let response = md5(&format!("{secret}:{nonce}:{nc}:{cnonce}:auth:{what}"));
        format!(
            "Authorization: Digest username=\"{username}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             algorithm=MD5, qop=auth, nc={nc}, cnonce=\"{cnonce}\", response=\"{response}\"\r\n"
        )
    }
}

fn md5(text: &str) -> String {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
