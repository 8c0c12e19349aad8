//! The leg's audio: its port, and offer and answer about it (RFC 3264).

use super::{Turn, audio::Port, door::Output};
use crate::{
    LegError,
    leg::{LegEvent, SrtpPolicy},
    media::MediaId,
    rtp::{Codec, Quality},
    sdp::{self, Agreed, Direction, Local, SdpError, Session},
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What a leg brings to its negotiations.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::leg) struct Wishes {
    /// Legs of one group share a media thread.
    pub group: u64,
    /// `o=` session id.
    pub session_id: u64,
    /// Codecs, best first.
    pub codecs: Vec<Codec>,
    /// Encryption.
    pub srtp: SrtpPolicy,
}

/// Port, descriptions and agreement of one leg.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::leg) struct Talk {
    wishes: Wishes,
    port: Option<Port>,
    /// Our description in force, or offered.
    #[serde(with = "super::text::session")]
    local: Option<Session>,
    exchange: Exchange,
    agreed: Option<Agreed>,
    /// `Held` was told and `Resumed` was not.
    held: bool,
}

/// Who waits for whom (RFC 3264 §4: one offer at a time).
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Exchange {
    /// Nobody.
    Idle,
    /// We, for the answer; with the description to go back to when the offer is refused.
    Sent(#[serde(with = "super::text::session")] Option<Session>),
    /// The peer, for our answer to this.
    Received(#[serde(with = "super::text::session")] Option<Session>),
}

impl Talk {
    pub fn new(wishes: Wishes) -> Talk {
        Talk {
            wishes,
            port: None,
            local: None,
            exchange: Exchange::Idle,
            agreed: None,
            held: false,
        }
    }

    /// The stream, once a port is open.
    pub fn id(&self) -> Option<MediaId> {
        self.port.as_ref().map(|port| port.id)
    }

    /// The agreement in force.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// The agreement in force, else what the peer's offer lets expect.
    pub fn expected(&self) -> Option<Agreed> {
        match (&self.agreed, &self.exchange) {
            (None, Exchange::Received(Some(offer))) => sdp::expect(offer, &self.wishes.codecs),
            (agreed, _) => agreed.clone(),
        }
    }

    /// Our offer is not answered yet.
    pub fn offered(&self) -> bool {
        matches!(self.exchange, Exchange::Sent(_))
    }

    /// The peer's offer is not answered yet.
    pub fn asked(&self) -> bool {
        matches!(self.exchange, Exchange::Received(_))
    }

    /// Keeps an offer to be answered later.
    pub fn receive(&mut self, offer: Session) {
        self.exchange = Exchange::Received(Some(offer));
    }

    /// Opens the port, once.
    pub fn open(&mut self, towards: IpAddr, turn: &mut Turn<'_>) -> Result<(), LegError> {
        if self.port.is_some() {
            return Ok(());
        }
        let port = turn
            .audio
            .open(self.wishes.group, towards)
            .ok_or(LegError::Ports)?;
        self.opened(port, turn);
        Ok(())
    }

    /// Opens a stream through the WebRTC gateway, once.
    pub fn open_web(&mut self, turn: &mut Turn<'_>) -> Result<(), LegError> {
        if self.port.is_some() {
            return Ok(());
        }
        let port = turn
            .audio
            .open_web(self.wishes.group)
            .ok_or(LegError::Ports)?;
        self.opened(port, turn);
        Ok(())
    }

    fn opened(&mut self, port: Port, turn: &mut Turn<'_>) {
        turn.out.push(Output::MediaOpened(port.id));
        self.port = Some(port);
    }

    /// Opens what the peer can use: a stream of the kind that its offer asks for; to a peer that has
    /// offered nothing, one through the gateway when `browser` says that it is a browser.
    pub fn open_for(
        &mut self,
        towards: IpAddr,
        browser: bool,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        let web = match &self.exchange {
            Exchange::Received(Some(offer)) => offer.is_web(),
            _ => browser,
        };
        // Where the gateway is off the offer leads to no agreement, and its own refusal says so.
        match web && self.open_web(turn).is_ok() {
            true => Ok(()),
            false => self.open(towards, turn),
        }
    }

    /// Makes an offer of all we can (RFC 3264 §5); none without a port.
    pub fn offer(&mut self, like: Option<&Agreed>) -> Option<String> {
        let local = self.local()?;
        let offer = sdp::offer(&local, like.or(self.agreed.as_ref()));
        let text = offer.to_string();
        self.exchange = Exchange::Sent(self.local.replace(offer));
        Some(text)
    }

    /// Offers the description in force once more, unchanged (RFC 4028 §7.4).
    pub fn repeat(&mut self) -> Option<String> {
        let text = self.local.as_ref()?.to_string();
        self.exchange = Exchange::Sent(self.local.clone());
        Some(text)
    }

    /// Our description as it stands.
    pub fn description(&self) -> Option<String> {
        self.local.as_ref().map(Session::to_string)
    }

    /// Answers the offer that was kept (RFC 3264 §6).
    pub fn answer(
        &mut self,
        like: Option<&Agreed>,
        turn: &mut Turn<'_>,
    ) -> Result<String, SdpError> {
        let Exchange::Received(Some(offer)) = &self.exchange else {
            return Err(SdpError::Mismatch);
        };
        let local = self.local().ok_or(SdpError::NoAudio)?;
        let (answer, agreed) = sdp::answer(offer, &local, like.or(self.agreed.as_ref()))?;
        let text = answer.to_string();
        self.local = Some(answer);
        self.exchange = Exchange::Idle;
        self.settle(agreed, turn);
        Ok(text)
    }

    /// Answers an offer within a running session; a failure changes nothing (RFC 3261 §14.2).
    pub fn answer_now(&mut self, offer: Session, turn: &mut Turn<'_>) -> Result<String, SdpError> {
        self.receive(offer);
        let answer = self.answer(None, turn);
        self.exchange = Exchange::Idle;
        answer
    }

    /// Takes the answer to our offer; also that of another fork to the same offer.
    pub fn accept(&mut self, answer: &Session, turn: &mut Turn<'_>) -> Result<(), SdpError> {
        let offer = self.local.as_ref().ok_or(SdpError::Mismatch)?;
        let local = self.local().ok_or(SdpError::NoAudio)?;
        let agreed = sdp::accept(offer, answer, &local)?;
        self.exchange = Exchange::Idle;
        self.settle(agreed, turn);
        Ok(())
    }

    /// Our offer was refused: what held before holds on (RFC 3261 §14.1).
    pub fn withdraw(&mut self) {
        if let Exchange::Sent(before) = &mut self.exchange {
            self.local = before.take();
        }
        self.exchange = Exchange::Idle;
    }

    /// Tells when the peer put us on hold or took us back.
    pub fn tell_hold(&mut self, turn: &mut Turn<'_>) {
        let holds = self.agreed.as_ref().is_some_and(|agreed| agreed.peer_holds);
        if holds != self.held {
            self.held = holds;
            turn.tell(if holds {
                LegEvent::Held
            } else {
                LegEvent::Resumed
            });
        }
    }

    /// Gives the port back.
    pub fn close(&mut self, turn: &mut Turn<'_>) -> Option<Quality> {
        let port = self.port.take()?;
        turn.out.push(Output::MediaClosed(port.id));
        turn.audio.close(port.id)
    }

    fn settle(&mut self, agreed: Agreed, turn: &mut Turn<'_>) {
        if let Some(port) = &self.port {
            turn.audio.configure(port.id, &agreed);
        }
        self.agreed = Some(agreed);
    }

    fn local(&self) -> Option<Local> {
        let port = self.port.as_ref()?;
        Some(Local {
            ip: port.rtp.ip(),
            rtp_port: port.rtp.port(),
            rtcp_port: port.rtcp.port(),
            session_id: self.wishes.session_id,
            codecs: self.wishes.codecs.clone(),
            srtp: self.wishes.srtp,
            direction: Direction::SendRecv,
            dtmf: true,
            previous: self.local.clone(),
            web: port.web.as_deref().cloned(),
            peer: self.agreed.as_ref().and_then(|agreed| agreed.dtls.clone()),
        })
    }
}
