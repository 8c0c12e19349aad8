//! REFER from the peer (RFC 3515) and the NOTIFYs that tell it how the transfer goes.

use super::{
    Leg, Turn,
    desk::Purpose,
    door::{Output, ServerTx, TimerName},
    identity,
    state::Phase,
};
use crate::{
    LegError,
    leg::{DialogKey, LegEvent, Referral},
    sip::{Message, Method, Name, NameAddr, Replaces, Scheme, reason_phrase},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Referrals of one leg that may be open at a time.
const MAX_REFERRALS: usize = 4;
/// Life of the subscription that a REFER makes, in seconds.
const SUBSCRIPTION: u32 = 180;
/// Time to decide about a REFER; the peer's transaction lives for 64·T1.
const DECISION: Duration = Duration::from_secs(20);

/// The open referrals of a leg.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Referrals {
    /// Number of the last one.
    count: u32,
    open: Vec<Open>,
}

/// A referral that is not over.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Open {
    id: u32,
    /// CSeq number of the REFER, the subscription's id (RFC 3515 §2.4.6).
    cseq: u32,
    state: State,
    /// The peer wants no NOTIFY (RFC 4488).
    quiet: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum State {
    /// Nobody has decided yet.
    Asked {
        tx: ServerTx,
        #[serde(with = "super::text::message")]
        refer: Message,
    },
    /// Accepted; the status told last.
    Active(u16),
}

impl Leg {
    /// REFER (RFC 3515 §2.4.2).
    pub(super) fn referred(&mut self, tx: ServerTx, refer: &Message, turn: &mut Turn<'_>) {
        if !matches!(self.phase, Phase::Up(_)) {
            self.reply(tx, refer, 403, turn);
            return;
        }
        if self.referrals.open.len() >= MAX_REFERRALS {
            self.reply(tx, refer, 503, turn);
            return;
        }
        let Ok(to) = refer.refer_to() else {
            self.reply(tx, refer, 400, turn);
            return;
        };
        if to.uri.scheme() == Scheme::Other {
            self.reply(tx, refer, 416, turn);
            return;
        }
        let replaces = match to.uri.header("Replaces").map(|text| Replaces::parse(&text)) {
            None => None,
            Some(Some(replaces)) => Some(replaces),
            Some(None) => {
                self.reply(tx, refer, 400, turn);
                return;
            }
        };
        let invites = to
            .uri
            .param("method")
            .is_none_or(|method| method.eq_ignore_ascii_case("INVITE"));
        if !invites {
            // A transfer is an INVITE; other errands are not run.
            self.reply(tx, refer, 501, turn);
            return;
        }
        self.referrals.count += 1;
        let id = self.referrals.count;
        // RFC 4488 §4; norefersub alone is a mere ability, required it is a wish.
        let quiet = refer
            .header("Refer-Sub")
            .is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("false"))
            || refer.requires("norefersub");
        self.referrals.open.push(Open {
            id,
            cseq: refer.cseq().map(|cseq| cseq.number).unwrap_or_default(),
            state: State::Asked {
                tx,
                refer: refer.clone(),
            },
            quiet,
        });
        let clock = &mut self.desk.clock;
        clock.set(TimerName::Referral(id), DECISION, turn.now, turn.out);
        turn.tell(LegEvent::Referred(Referral {
            id,
            target: identity::party(&without_headers(to)),
            replaces: replaces.map(|replaces| DialogKey {
                call_id: replaces.call_id.into(),
                local_tag: replaces.to_tag.into(),
                remote_tag: replaces.from_tag.into(),
            }),
        }));
    }

    /// 202 and the first NOTIFY (RFC 3515 §2.4.4).
    pub(super) fn accept_referral(&mut self, id: u32, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let (tx, refer, quiet) = self.decide(id)?;
        let mut response = self.response(&refer, 202);
        self.desk.push_contact(&mut response);
        if quiet {
            response.push("Refer-Sub", "false");
        }
        turn.out.push(Output::Respond { tx, response });
        if let Some(open) = self.referrals.find(id) {
            open.state = State::Active(100);
        }
        let after = Duration::from_secs(SUBSCRIPTION.into());
        let clock = &mut self.desk.clock;
        clock.set(TimerName::Referral(id), after, turn.now, turn.out);
        self.notify(id, 100, None, turn);
        Ok(())
    }

    /// A final refusal of a REFER.
    pub(super) fn refuse_referral(
        &mut self,
        id: u32,
        status: u16,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        let (tx, refer, _) = self.decide(id)?;
        let status = if (300..700).contains(&status) {
            status
        } else {
            603
        };
        self.reply(tx, &refer, status, turn);
        self.close_referral(id, turn);
        Ok(())
    }

    /// Tells how a transfer goes; a final status ends the subscription.
    pub(super) fn notify_referral(
        &mut self,
        id: u32,
        status: u16,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        match self.referrals.find(id) {
            Some(Open {
                state: State::Active(last),
                ..
            }) => *last = status,
            _ => return Err(LegError::State),
        }
        let over = status >= 200;
        self.notify(id, status, over.then_some("noresource"), turn);
        if over {
            self.close_referral(id, turn);
        }
        Ok(())
    }

    /// Nobody decided in time, or the transfer took longer than its subscription.
    pub(super) fn referral_timer(&mut self, id: u32, turn: &mut Turn<'_>) {
        match self.referrals.find(id).map(|open| &open.state) {
            Some(State::Asked { .. }) => {
                // The order cannot fail: the referral was just found waiting.
                let _ = self.refuse_referral(id, 503, turn);
            }
            Some(State::Active(last)) => {
                let last = *last;
                self.notify(id, last, Some("timeout"), turn);
                self.close_referral(id, turn);
            }
            None => {}
        }
    }

    /// The session ends: whoever still waits is told so (RFC 3261 §15.1.2).
    pub(super) fn drop_referrals(&mut self, turn: &mut Turn<'_>) {
        for open in std::mem::take(&mut self.referrals.open) {
            self.desk
                .clock
                .cancel(TimerName::Referral(open.id), turn.out);
            if let State::Asked { tx, refer } = open.state {
                self.reply(tx, &refer, 487, turn);
            }
        }
    }

    /// The response to a NOTIFY of ours: whoever does not want it gets no more (RFC 6665 §4.2.2).
    pub(super) fn notified(&mut self, id: u32, status: u16, turn: &mut Turn<'_>) {
        if status >= 300 {
            self.close_referral(id, turn);
        }
    }

    /// SUBSCRIBE to a referral: prolongs or ends it (RFC 3515 §2.4.4).
    pub(super) fn subscribed(&mut self, tx: ServerTx, subscribe: &Message, turn: &mut Turn<'_>) {
        let refer = subscribe
            .event()
            .is_some_and(|event| event.eq_ignore_ascii_case("refer"));
        let id = subscribe.header(Name::Event).and_then(event_id);
        let found = self.referrals.open.iter().find(|open| {
            matches!(open.state, State::Active(_)) && id.is_none_or(|id| id == open.cseq)
        });
        let Some(open) = found.filter(|_| refer) else {
            self.bad_event(tx, subscribe, turn);
            return;
        };
        let id = open.id;
        let last = match open.state {
            State::Active(last) => last,
            State::Asked { .. } => 100,
        };
        let seconds = subscribe
            .expires()
            .unwrap_or(SUBSCRIPTION)
            .min(SUBSCRIPTION);
        let mut response = self.response(subscribe, 200);
        self.desk.push_contact(&mut response);
        response.push(Name::Expires, seconds.to_string());
        turn.out.push(Output::Respond { tx, response });
        if seconds == 0 {
            self.notify(id, last, Some("timeout"), turn);
            self.close_referral(id, turn);
        } else {
            let after = Duration::from_secs(seconds.into());
            let clock = &mut self.desk.clock;
            clock.set(TimerName::Referral(id), after, turn.now, turn.out);
            self.notify(id, last, None, turn);
        }
    }

    /// NOTIFY with the status line as `message/sipfrag` (RFC 3515 §2.4.5).
    fn notify(&mut self, id: u32, status: u16, ended: Option<&str>, turn: &mut Turn<'_>) {
        let Some(open) = self.referrals.find(id) else {
            return;
        };
        let (quiet, cseq) = (open.quiet, open.cseq);
        let Phase::Up(up) = &mut self.phase else {
            return;
        };
        if quiet {
            return;
        }
        let mut notify = self.desk.request(&mut up.dialog, Method::Notify);
        // §2.4.6: every REFER after the first of a dialog needs the id.
        let event = match id {
            1 => "refer".to_owned(),
            _ => format!("refer;id={cseq}"),
        };
        notify.push(Name::Event, event);
        let state = match ended {
            Some(reason) => format!("terminated;reason={reason}"),
            None => format!("active;expires={SUBSCRIPTION}"),
        };
        notify.push(Name::SubscriptionState, state);
        let body = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status));
        notify.set_body("message/sipfrag;version=2.0", body);
        self.desk
            .send_in(&up.dialog, notify, Purpose::Notify(id), turn);
    }

    fn decide(&mut self, id: u32) -> Result<(ServerTx, Message, bool), LegError> {
        match self.referrals.find(id) {
            Some(Open {
                state: State::Asked { tx, refer },
                quiet,
                ..
            }) => Ok((*tx, refer.clone(), *quiet)),
            _ => Err(LegError::State),
        }
    }

    fn close_referral(&mut self, id: u32, turn: &mut Turn<'_>) {
        self.referrals.open.retain(|open| open.id != id);
        self.desk.clock.cancel(TimerName::Referral(id), turn.out);
    }
}

impl Referrals {
    fn find(&mut self, id: u32) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.id == id)
    }
}

/// The `id` of an Event header.
fn event_id(event: &str) -> Option<u32> {
    let mut params = event.split(';').skip(1);
    params.find_map(|param| param.trim().strip_prefix("id=")?.trim().parse().ok())
}

/// The target without what belongs into the INVITE's headers.
fn without_headers(mut to: NameAddr) -> NameAddr {
    to.uri.clear_headers();
    to.uri.remove_param("method");
    to
}
