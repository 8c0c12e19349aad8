//! The end of a leg: CANCEL, BYE or a final response, whatever its state asks for (RFC 3261 §9, §15).

use super::{
    Leg, Turn,
    desk::Purpose,
    door::{Output, TimerName},
    state::{Cancelling, Closing, Phase},
};
use crate::{
    leg::{DialogKey, EndedBy, Ending, LegEvent, Refusal},
    sip::{Method, Name, dialog::Dialog},
};

/// Final status for an incoming INVITE that is ended without one.
const DECLINE: u16 = 603;

/// What an end says to the peer and to the listener.
#[derive(Debug, Clone, Default)]
pub(super) struct How {
    /// Status for an incoming INVITE without final response.
    pub status: Option<u16>,
    /// Its phrase.
    pub phrase: Option<String>,
    /// Its further headers.
    pub headers: Vec<(String, String)>,
    /// Value of a Reason header of ours.
    pub reason: Option<String>,
    /// Cause that the peer gave.
    pub peer_q850: Option<u8>,
    /// An outgoing leg that never was answered says this instead.
    pub refusal: Option<Refusal>,
}

impl Leg {
    /// Ends the leg and tells so, unless that happened before.
    pub(super) fn end(&mut self, by: EndedBy, how: How, turn: &mut Turn<'_>) {
        self.drop_referrals(turn);
        let mut over = false;
        match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Locating(_) => over = true,
            Phase::Calling(calling) => {
                let mut cancelling = Cancelling {
                    calling: *calling,
                    reason: how.reason.clone(),
                    sent: false,
                };
                // §9.1: no CANCEL before a provisional response.
                if cancelling.calling.provisional {
                    self.send_cancel(&mut cancelling, turn);
                } else {
                    let invite = cancelling.calling.tx;
                    turn.out.push(Output::Settle { invite });
                }
                self.phase = Phase::Cancelling(Box::new(cancelling));
            }
            Phase::Incoming(incoming) => {
                let status = how.status.unwrap_or(DECLINE);
                let tag = incoming.dialog.local_tag();
                let phrase = how.phrase.as_deref().unwrap_or_default();
                let mut response =
                    self.desk
                        .respond_as(&incoming.invite, status, phrase, Some(tag));
                for (name, value) in &how.headers {
                    response.push(name.as_str(), value);
                }
                if let Some(reason) = &how.reason {
                    response.push(Name::Reason, reason);
                }
                turn.out.push(Output::Respond {
                    tx: incoming.tx,
                    response,
                });
                turn.out
                    .push(Output::Unindex(incoming.dialog.key().clone()));
                over = true;
            }
            Phase::Up(up) => {
                let mut timers = vec![TimerName::Refresh, TimerName::Expire, TimerName::Glare];
                if up.confirmed {
                    timers.extend([TimerName::RepeatAnswer, TimerName::AwaitAck]);
                }
                self.phase = Phase::Closing(Box::new(Closing {
                    dialog: up.dialog,
                    bye: None,
                    // §15: only the ACK to the first 2xx must be waited for.
                    unacked: up.unacked.filter(|_| !up.confirmed),
                    reason: how.reason.clone(),
                    won: up.won,
                    acks: up.acks,
                }));
                for name in timers {
                    self.desk.clock.cancel(name, turn.out);
                }
                self.say_bye(turn);
            }
            // Told already.
            told @ (Phase::Cancelling(_) | Phase::Closing(_) | Phase::Gone) => {
                self.phase = told;
                return;
            }
        }
        match how.refusal {
            None => self.tell_end(by, how.peer_q850, turn),
            Some(refusal) => {
                self.talk.close(turn);
                turn.tell(LegEvent::Refused(refusal));
            }
        }
        if over {
            self.finish(turn);
        }
    }

    /// Closes the audio and tells the end.
    pub(super) fn tell_end(&mut self, by: EndedBy, q850: Option<u8>, turn: &mut Turn<'_>) {
        let quality = self.talk.close(turn);
        turn.tell(LegEvent::Ended(Ending { by, q850, quality }));
    }

    /// Tells that an outgoing leg failed; nothing is left to be done.
    pub(super) fn refuse(&mut self, refusal: Refusal, turn: &mut Turn<'_>) {
        self.talk.close(turn);
        turn.tell(LegEvent::Refused(refusal));
        self.finish(turn);
    }

    /// Sends the BYE, unless an ACK must come first (RFC 3261 §15).
    pub(super) fn say_bye(&mut self, turn: &mut Turn<'_>) {
        let Phase::Closing(closing) = &mut self.phase else {
            return;
        };
        if closing.unacked.is_some() || closing.bye.is_some() {
            return;
        }
        let mut bye = self.desk.request(&mut closing.dialog, Method::Bye);
        if let Some(reason) = &closing.reason {
            bye.push(Name::Reason, reason);
        }
        let tx = self.desk.send_in(&closing.dialog, bye, Purpose::Bye, turn);
        closing.bye = Some(tx);
    }

    /// Sends the CANCEL and limits the wait for the INVITE's final response (RFC 3261 §9.1).
    pub(super) fn send_cancel(&mut self, cancelling: &mut Cancelling, turn: &mut Turn<'_>) {
        if std::mem::replace(&mut cancelling.sent, true) {
            return;
        }
        turn.out.push(Output::Cancel {
            invite: cancelling.calling.tx,
            reason: cancelling.reason.clone(),
        });
        let after = self.desk.settings.timers.t1 * 64;
        let clock = &mut self.desk.clock;
        clock.set(TimerName::AwaitCancelled, after, turn.now, turn.out);
    }

    /// Forgets everything.
    pub(super) fn finish(&mut self, turn: &mut Turn<'_>) {
        let phase = std::mem::replace(&mut self.phase, Phase::Gone);
        turn.out
            .extend(phase.keys().into_iter().map(Output::Unindex));
        self.talk.close(turn);
        self.desk.requests.clear();
        self.desk.clock.clear(turn.out);
        turn.out.push(Output::Gone);
    }
}

impl Phase {
    /// The dialogs whose requests are this leg's.
    pub(super) fn keys(&self) -> Vec<DialogKey> {
        let key = |dialog: &Dialog| dialog.key().clone();
        match self {
            Phase::Locating(_) | Phase::Gone => Vec::new(),
            Phase::Calling(calling) => calling.forks.iter().map(|f| key(&f.dialog)).collect(),
            Phase::Cancelling(cancelling) => {
                let forks = &cancelling.calling.forks;
                forks.iter().map(|f| key(&f.dialog)).collect()
            }
            Phase::Incoming(incoming) => vec![key(&incoming.dialog)],
            Phase::Up(up) => vec![key(&up.dialog)],
            Phase::Closing(closing) => vec![key(&closing.dialog)],
        }
    }
}
