//! The server's side of an INVITE (RFC 3261 §13.3): 180, 183, 200, refusal, CANCEL and ACK.

use super::{
    Incoming as Arrival, Leg, Settings, Turn,
    clock::Names,
    desk::{Desk, Facts},
    door::{Output, ServerTx, TimerName},
    ending::How,
    offer_answer::Wishes,
    reliable::is_sent_reliably,
    session_timer::{SessionTimer, TooSmall},
    state::{Incoming, Phase, Reliable, Unacked, Up},
    wire,
};
use crate::{
    LegError,
    leg::{EndedBy, LegEvent, SrtpPolicy},
    sdp::Agreed,
    sip::{Message, Method, Name, dialog::Dialog},
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Time between repetitions of a provisional response, so that no proxy gives up (RFC 3261 §13.3.1.1).
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_secs(60);

/// Makes a leg of a new INVITE, or the response that refuses it.
pub(super) fn begin(
    settings: Arc<Settings>,
    arrival: Arrival,
    out: &mut Vec<Output>,
) -> Result<Leg, Box<Message>> {
    let invite = arrival.invite;
    let mut names = Names::new(arrival.seed);
    let tag = names.token();
    let refuse = |status| Box::new(Message::response_to(&invite, status, "", Some(&tag)));
    let dialog = Dialog::as_server(&invite, &tag).map_err(|_| refuse(400))?;
    let offer = wire::description(&invite).map_err(|error| refuse(error.status()))?;
    let asked = wire::asked(&invite);
    let timer = SessionTimer::answer(asked, None, settings.session_interval, settings.min_session)
        .map_err(|TooSmall(min)| {
            // RFC 4028 §9.
            let mut response = refuse(422);
            response.push(Name::MinSe, min.to_string());
            response
        })?;
    let facts = Facts {
        path: Some(arrival.path),
        outgoing: false,
        contact_user: contact_user(&invite),
        next_tx: 0,
        peer_updates: invite.allows(&Method::Update),
        peer_infos: invite.allows(&Method::Info),
        registered: false,
    };
    let required = invite.requires("100rel");
    let reliable = Reliable {
        able: required || invite.supports("100rel"),
        required,
        // RFC 3262 §3: the first RSeq is drawn from the lower half.
        next: 1 + u32::try_from(names.below(0x7fff_fff0)).unwrap_or_default(),
        unacked: None,
        queue: VecDeque::new(),
    };
    let wishes = Wishes {
        group: arrival.group,
        // RFC 3264 §5: a number that fits 63 bits, here 31 for old parsers.
        session_id: names.below(1 << 31),
        codecs: settings.codecs.clone(),
        srtp: SrtpPolicy::WhenOffered,
    };
    out.push(Output::Index(dialog.key().clone()));
    let phase = Phase::Incoming(Box::new(Incoming {
        tx: arrival.tx,
        invite,
        dialog,
        timer,
        reliable,
        sent: 0,
        described: false,
        answering: false,
    }));
    let mut leg = Leg::new(Desk::new(settings, names, facts), wishes, phase);
    if let Some(offer) = offer {
        leg.talk.receive(offer);
    }
    Ok(leg)
}

/// The user part our Contact gets: what was dialled, when it needs no escaping.
fn contact_user(invite: &Message) -> Option<String> {
    let user = invite.uri()?.user()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_');
    user.bytes().all(plain).then(|| user.to_owned())
}

impl Leg {
    /// 180.
    pub(super) fn ring(&mut self, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let incoming = self.waiting()?;
        // RFC 3262 §5: the first reliable response to an INVITE without offer has one.
        let body = match incoming.reliable.required && self.lacks_offer() {
            true => Some(self.make_offer(None, turn)?),
            false => None,
        };
        self.provide(180, body, turn);
        Ok(())
    }

    /// 183 with a description, so that audio flows before the answer.
    pub(super) fn progress(
        &mut self,
        like: Option<&Agreed>,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        let incoming = self.waiting()?;
        let able = incoming.reliable.able;
        let body = if self.talk.asked() {
            Some(self.make_answer(like, turn)?)
        } else if self.lacks_offer() {
            // An offer of ours needs a reliable response; without, there is no early audio.
            match able {
                true => Some(self.make_offer(like, turn)?),
                false => None,
            }
        } else {
            self.talk.description()
        };
        self.provide(183, body, turn);
        Ok(())
    }

    /// 200, as soon as RFC 3262 §3 allows it.
    pub(super) fn answer(
        &mut self,
        like: Option<&Agreed>,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        self.waiting()?;
        let late = self.lacks_offer();
        let Phase::Incoming(incoming) = &mut self.phase else {
            return Err(LegError::State);
        };
        if incoming.reliable.holds_answer() {
            incoming.answering = true;
            return Ok(());
        }
        let described = incoming.described;
        let body = if self.talk.asked() {
            Some(self.make_answer(like, turn)?)
        } else if late {
            Some(self.make_offer(like, turn)?)
        } else if described {
            None
        } else {
            self.talk.description()
        };
        self.accept_call(body, turn);
        Ok(())
    }

    /// Sends the 200 and waits for the ACK.
    pub(super) fn accept_call(&mut self, body: Option<String>, turn: &mut Turn<'_>) {
        let Phase::Incoming(incoming) = std::mem::replace(&mut self.phase, Phase::Gone) else {
            return;
        };
        let Incoming {
            tx,
            invite,
            dialog,
            timer,
            ..
        } = *incoming;
        for name in [
            TimerName::RepeatReliable,
            TimerName::AwaitPrack,
            TimerName::RepeatProgress,
        ] {
            self.desk.clock.cancel(name, turn.out);
        }
        let mut response = self.desk.respond(&invite, 200, Some(dialog.local_tag()));
        wire::push_timer(&mut response, timer, wire::asked(&invite).supported);
        if let Some(body) = body {
            wire::describe(&mut response, body);
        }
        let cseq = invite.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let unacked = self.send_answer(tx, cseq, response, turn);
        self.phase = Phase::Up(Box::new(Up {
            dialog,
            confirmed: false,
            won: None,
            acks: Vec::new(),
            unacked: Some(unacked),
            refreshing: None,
            asked_longer: false,
        }));
        self.run_session(Some(timer), turn);
    }

    /// Sends a 2xx to an INVITE and repeats it until the ACK comes (RFC 3261 §13.3.1.4).
    pub(super) fn send_answer(
        &mut self,
        tx: ServerTx,
        cseq: u32,
        response: Message,
        turn: &mut Turn<'_>,
    ) -> Unacked {
        let timers = self.desk.settings.timers;
        let clock = &mut self.desk.clock;
        clock.set(TimerName::RepeatAnswer, timers.t1, turn.now, turn.out);
        clock.set(TimerName::AwaitAck, timers.t1 * 64, turn.now, turn.out);
        turn.out.push(Output::Respond {
            tx,
            response: response.clone(),
        });
        Unacked {
            tx,
            cseq,
            response,
            interval: timers.t1,
        }
    }

    /// CANCEL (RFC 3261 §9.2): always 200, and 487 to an INVITE that has no final response yet.
    pub(super) fn cancelled(
        &mut self,
        tx: ServerTx,
        invite: ServerTx,
        message: &Message,
        turn: &mut Turn<'_>,
    ) {
        let tag = self.local_tag().map(str::to_owned);
        let response = self.desk.respond(message, 200, tag.as_deref());
        turn.out.push(Output::Respond { tx, response });
        self.abandoned(invite, wire::q850(message), turn);
    }

    /// The caller has given up before the answer.
    pub(super) fn abandoned(
        &mut self,
        invite: ServerTx,
        peer_q850: Option<u8>,
        turn: &mut Turn<'_>,
    ) {
        if matches!(&self.phase, Phase::Incoming(incoming) if incoming.tx == invite) {
            let how = How {
                status: Some(487),
                peer_q850,
                ..How::default()
            };
            self.end(EndedBy::Peer, how, turn);
        }
    }

    /// The ACK to a 2xx (RFC 3261 §13.3.1.4), with the answer when the 2xx had an offer.
    pub(super) fn acknowledged(&mut self, ack: &Message, turn: &mut Turn<'_>) {
        let unacked = match &mut self.phase {
            Phase::Up(up) if up.dialog.has_request(ack) => &mut up.unacked,
            Phase::Closing(closing) if closing.dialog.has_request(ack) => &mut closing.unacked,
            _ => return,
        };
        let number = ack.cseq().map(|cseq| cseq.number);
        if !matches!(unacked, Some(waiting) if Ok(waiting.cseq) == number) {
            return;
        }
        *unacked = None;
        self.desk.clock.cancel(TimerName::RepeatAnswer, turn.out);
        self.desk.clock.cancel(TimerName::AwaitAck, turn.out);
        let Phase::Up(up) = &mut self.phase else {
            // Hung up before the ACK: now the BYE may go (RFC 3261 §15).
            self.say_bye(turn);
            return;
        };
        let first = !std::mem::replace(&mut up.confirmed, true);
        if self.talk.offered() {
            let answer = wire::description(ack).ok().flatten();
            let accepted = answer.is_some_and(|answer| self.talk.accept(&answer, turn).is_ok());
            if !accepted {
                self.talk.withdraw();
                if first {
                    self.end(EndedBy::Failure, How::default(), turn);
                    return;
                }
            }
        }
        if first {
            turn.tell(LegEvent::Confirmed);
        }
        self.talk.tell_hold(turn);
    }

    /// An INVITE that came without offer, to which we have made none yet.
    pub(super) fn lacks_offer(&self) -> bool {
        !self.talk.asked() && !self.talk.offered() && self.talk.agreed().is_none()
    }

    /// The unanswered INVITE, unless an answer is on its way.
    fn waiting(&self) -> Result<&Incoming, LegError> {
        match &self.phase {
            Phase::Incoming(incoming) if !incoming.answering => Ok(incoming),
            _ => Err(LegError::State),
        }
    }

    fn make_offer(
        &mut self,
        like: Option<&Agreed>,
        turn: &mut Turn<'_>,
    ) -> Result<String, LegError> {
        self.open_port(turn)?;
        self.talk.offer(like).ok_or(LegError::Ports)
    }

    fn make_answer(
        &mut self,
        like: Option<&Agreed>,
        turn: &mut Turn<'_>,
    ) -> Result<String, LegError> {
        self.open_port(turn)?;
        self.talk.answer(like, turn).map_err(|error| {
            tracing::debug!(%error, "The offer leads to no agreement");
            LegError::Codec
        })
    }

    pub(super) fn open_port(&mut self, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let path = self.desk.facts.path.ok_or(LegError::State)?;
        self.talk
            .open_for(path.remote.ip(), path.transport.is_web_socket(), turn)
    }

    /// Sends a provisional response, reliably when the caller can (RFC 3262 §3).
    fn provide(&mut self, status: u16, body: Option<String>, turn: &mut Turn<'_>) {
        let lacks_offer = self.lacks_offer();
        let Phase::Incoming(incoming) = &mut self.phase else {
            return;
        };
        incoming.sent = status;
        self.desk.clock.set(
            TimerName::RepeatProgress,
            PROGRESS_INTERVAL,
            turn.now,
            turn.out,
        );
        if is_sent_reliably(&incoming.reliable, lacks_offer) {
            incoming.described |= body.is_some();
            incoming.reliable.queue.push_back((status, body));
            self.send_reliable(turn);
            return;
        }
        let tag = incoming.dialog.local_tag();
        let mut response = self.desk.respond(&incoming.invite, status, Some(tag));
        if let Some(body) = body {
            wire::describe(&mut response, body);
        }
        turn.out.push(Output::Respond {
            tx: incoming.tx,
            response,
        });
    }

    /// Repeats what was said last (RFC 3261 §13.3.1.1).
    pub(super) fn repeat_progress(&mut self, turn: &mut Turn<'_>) {
        if let Phase::Incoming(incoming) = &self.phase {
            let status = incoming.sent;
            // Early audio that was promised without guarantee is promised again.
            let body = match incoming.reliable.able {
                false if status == 183 => self.talk.description(),
                _ => None,
            };
            self.provide(status, body, turn);
        }
    }
}
