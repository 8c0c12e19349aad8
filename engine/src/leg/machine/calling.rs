//! The client's side of an INVITE up to its final response (RFC 3261 §13.2).

use super::{
    Leg, Settings, Turn,
    clock::Names,
    desk::{ALLOW, Desk, Facts, Purpose, SUPPORTED},
    door::{Output, Path},
    ending::How,
    identity::Plan,
    offer_answer::Wishes,
    state::{Calling, Phase},
    wire,
};
use crate::{
    LegError,
    leg::{Dial, EndedBy, Hop, MOST_BRANCHES, Refusal},
    sdp::Agreed,
    sip::{Message, Method, Name},
};
use std::sync::Arc;

/// How many branches a request may still have (RFC 5393 §5.3).
pub(super) const MAX_BREADTH: &str = "Max-Breadth";

/// Reads the order and asks for the path.
pub(super) fn begin(
    settings: Arc<Settings>,
    dial: Dial,
    like: Option<Agreed>,
    seed: u64,
    out: &mut Vec<Output>,
) -> Result<Leg, LegError> {
    let mut plan = Plan::read(&dial, &settings.domain)?;
    plan.like = like;
    let mut names = Names::new(seed);
    plan.call_id = format!("{}{}", names.token(), names.token());
    let wishes = Wishes {
        group: dial.group,
        session_id: names.below(1 << 31),
        codecs: if dial.codecs.is_empty() {
            settings.codecs.clone()
        } else {
            dial.codecs
        },
        srtp: dial.srtp,
    };
    let facts = Facts {
        path: None,
        outgoing: true,
        contact_user: plan.contact_user.clone(),
        next_tx: 0,
        peer_updates: false,
        peer_infos: false,
        registered: matches!(plan.hop, Some(Hop::Flow { .. })),
    };
    out.push(Output::Locate(plan.target()));
    let mut desk = Desk::new(settings, names, facts);
    desk.trust(dial.credentials.as_ref());
    Ok(Leg::new(desk, wishes, Phase::Locating(Box::new(plan))))
}

impl Leg {
    /// The path is known: opens the port and sends the INVITE with an offer.
    pub(super) fn located(&mut self, path: Path, turn: &mut Turn<'_>) {
        let plan = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Locating(plan) => *plan,
            other => {
                self.phase = other;
                return;
            }
        };
        self.desk.facts.path = Some(path);
        let offer = match self
            .talk
            .open_for(path.remote.ip(), path.transport.is_web_socket(), turn)
        {
            Ok(()) => self.talk.offer(plan.like.as_ref()),
            Err(_) => None,
        };
        let Some(offer) = offer else {
            self.refuse(unavailable(), turn);
            return;
        };
        let mut invite = self.first_invite(&plan);
        wire::describe(&mut invite, offer);
        let target = plan.target();
        let tx = self
            .desk
            .send(invite.clone(), target.clone(), Purpose::Invite, turn);
        self.phase = Phase::Calling(Box::new(Calling {
            tx,
            invite,
            target,
            provisional: false,
            rang: false,
            early: false,
            forks: Vec::new(),
        }));
    }

    /// There is no path.
    pub(super) fn unreachable(&mut self, turn: &mut Turn<'_>) {
        if matches!(self.phase, Phase::Locating(_)) {
            self.refuse(unavailable(), turn);
        }
    }

    /// The INVITE as RFC 3261 §8.1.1 and §13.2.1 want it.
    fn first_invite(&mut self, plan: &Plan) -> Message {
        let desk = &mut self.desk;
        let tag = desk.names.token();
        // §8.1.1.5: below 2³¹; a small one leaves room.
        let cseq = 1 + desk.names.below(1 << 16);
        let mut invite = Message::request(Method::Invite, plan.uri.clone());
        invite.push(Name::MaxForwards, plan.reach.hops.to_string());
        // All of them is what one without the header has.
        if plan.reach.branches < MOST_BRANCHES {
            invite.push(MAX_BREADTH, plan.reach.branches.to_string());
        }
        for route in &plan.routes {
            invite.push(Name::Route, route.to_string());
        }
        invite.push(Name::From, plan.from.clone().with_tag(&tag).to_string());
        invite.push(Name::To, plan.to.to_string());
        invite.push(Name::CallId, &plan.call_id);
        invite.push(Name::CSeq, format!("{cseq} INVITE"));
        desk.push_contact(&mut invite);
        invite.push(Name::Allow, ALLOW);
        invite.push(Name::Supported, SUPPORTED);
        let settings = &desk.settings;
        wire::ask_timer(
            &mut invite,
            settings.session_interval,
            settings.min_session,
            false,
        );
        desk.push_agent(&mut invite);
        for (name, value) in &plan.headers {
            invite.push(name.as_str(), value);
        }
        invite
    }

    /// The call failed while an INVITE is still under way: ends that and tells why.
    pub(super) fn give_up(&mut self, refusal: Refusal, turn: &mut Turn<'_>) {
        let how = How {
            refusal: Some(refusal),
            ..How::default()
        };
        self.end(EndedBy::Peer, how, turn);
    }

    /// Sends the INVITE again with something changed: next CSeq, same dialog-to-be (RFC 3261 §8.1.3.5,
    /// §22.2).
    pub(super) fn invite_again(&mut self, change: impl FnOnce(&mut Message), turn: &mut Turn<'_>) {
        let Phase::Calling(calling) = &mut self.phase else {
            return;
        };
        let Some(mut sent) = self.desk.requests.remove(&calling.tx) else {
            return;
        };
        next_cseq(&mut sent.request);
        change(&mut sent.request);
        calling.invite = sent.request.clone();
        // Early dialogs of the refused attempt are over.
        for fork in calling.forks.drain(..) {
            turn.out.push(Output::Unindex(fork.dialog.key().clone()));
        }
        calling.provisional = false;
        calling.tx = self.desk.send_again(sent, turn);
    }
}

/// Counts a request on (RFC 3261 §8.1.3.5).
pub(super) fn next_cseq(request: &mut Message) {
    if let Ok(mut cseq) = request.cseq() {
        cseq.number = cseq.number.wrapping_add(1) & 0x7fff_ffff;
        request.set(Name::CSeq, cseq.to_string());
    }
}

/// The refusal of a call that could not be sent.
pub(super) fn unavailable() -> Refusal {
    Refusal {
        status: 503,
        q850: None,
        redirects: Vec::new(),
        retry_after: None,
    }
}
