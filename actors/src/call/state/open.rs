//! How a call begins: from a phone, from the network, or by click-to-call.

use super::{About, Call, Heard, Phase, Purpose, Seek, Stage, Times, Who};
use crate::{
    call::{Effect, Opening, Origin, messages::Figure},
    events::{Ends, Event},
    target::{HOPS, Lead, Shown},
};
use schema::{Time, types::CallDirection};

impl Call {
    /// A call that has not begun.
    pub(crate) fn open(opening: Opening) -> Self {
        let Opening {
            id,
            account,
            at,
            sip_call_id,
            origin,
            lead,
            private,
            reach,
            history,
        } = opening;
        let direction = match &origin {
            Origin::Trunk { .. } => CallDirection::Inbound,
            _ if lead.outbound => CallDirection::Outbound,
            _ => CallDirection::Internal,
        };
        let mut call = Self {
            id,
            account,
            about: About {
                direction,
                by_api: false,
                from: Shown::default(),
                from_label: None,
                from_user: None,
                from_endpoint: None,
                dialled: String::new(),
                to_number: String::new(),
                to_label: None,
                to_user: None,
                to_endpoint: None,
                did: None,
                shown: Shown::default(),
                private,
                reach,
                history,
                sip_call_id,
                inbound_trunk: None,
                outbound_trunk: None,
            },
            times: Times {
                started: at,
                alerted: None,
                answered: None,
                connected: None,
                ended: None,
            },
            parties: Vec::new(),
            phase: Phase::Over,
            rung: Vec::new(),
            hops_left: HOPS,
            asked: 0,
            announced: false,
            taken_as: None,
        };
        call.introduce(origin, &lead);
        call.phase = Phase::New(Box::new(lead));
        call
    }

    /// Fills in who begins the call, and its first leg.
    fn introduce(&mut self, origin: Origin, lead: &Lead) {
        match origin {
            Origin::Phone {
                leg,
                user,
                endpoint,
            } => {
                self.about.from_user = Some(user);
                self.about.from_endpoint = endpoint;
                self.add(Who::Phone { user, endpoint }, Stage::Offered, Some(leg));
                self.describe(lead);
            }
            Origin::Trunk {
                leg,
                trunk,
                from,
                shown,
                did,
                number,
            } => {
                self.about.from = from;
                self.about.shown = shown;
                self.about.did = Some(did);
                self.about.inbound_trunk = Some(trunk);
                self.about.dialled = number;
                let who = Who::Outside {
                    trunk,
                    left: None,
                    shown: None,
                };
                self.add(who, Stage::Offered, Some(leg));
                self.describe(lead);
            }
            Origin::Api { user, dial, did } => {
                self.about.by_api = true;
                self.about.from_user = Some(user);
                self.about.did = did;
                self.about.shown = lead.caller.clone();
                self.about.dialled = dial;
            }
        }
    }

    /// Fills in where the call leads.
    pub(super) fn describe(&mut self, lead: &Lead) {
        self.about.to_label = lead.label.clone();
        self.about.to_user = lead.user;
        if self.about.direction == CallDirection::Inbound {
            let routed = lead.extension.as_ref();
            self.about.to_number = routed.unwrap_or(&self.about.dialled).clone();
            return;
        }
        self.about.direction = match lead.outbound {
            true => CallDirection::Outbound,
            false => CallDirection::Internal,
        };
        self.about.dialled = lead.number.clone();
        self.about.to_number = lead.number.clone();
        self.about.from = lead.caller.clone();
        self.about.shown = lead.caller.clone();
        if lead.outbound {
            self.about.did = lead.did;
            self.about.from_label = None;
        } else {
            self.about.did = None;
            self.about.from_label = lead.caller.name.clone();
        }
    }

    /// Begins.
    pub(super) fn begin(&mut self, now: Time, out: &mut Vec<Effect>) {
        let Phase::New(lead) = std::mem::replace(&mut self.phase, Phase::Over) else {
            return;
        };
        let anchor = self.parties.first().map(|party| party.id);
        if let Some(party) = self.parties.first()
            && let Some(leg) = party.leg
        {
            out.push(Effect::Claim(party.id, leg));
        }
        let purpose = match (anchor, self.about.from_user) {
            (None, Some(user)) => Purpose::Summon {
                dial: self.about.dialled.clone(),
                user,
                did: self.about.did,
            },
            _ => Purpose::Connect,
        };
        if purpose == Purpose::Connect {
            out.push(Effect::Count(Figure::Started(self.about.direction)));
            self.announce(&lead, out);
            self.note_standing(now, out);
        }
        self.phase = Phase::Seeking(Box::new(Seek::new(anchor, purpose)));
        self.follow(*lead, now, out);
    }

    /// The first event of a call that comes in or is dialled.
    fn announce(&self, lead: &Lead, out: &mut Vec<Effect>) {
        let ends = self.ends();
        let refused = matches!(lead.route, crate::target::Route::Refuse(_));
        let event = match self.about.direction {
            CallDirection::Outbound => Event::Initiated { ends },
            // An extension that leads nowhere reaches nobody.
            CallDirection::Internal if refused && lead.label.is_none() && lead.user.is_none() => {
                return;
            }
            _ => Event::Incoming {
                ends,
                from_name: self.about.from.name.clone(),
            },
        };
        out.push(Effect::Publish(event));
    }

    /// Both ends, for events.
    pub(crate) fn ends(&self) -> Ends {
        Ends {
            from_number: self.about.from.number.clone(),
            to_number: self.about.dialled.clone(),
            from_user: self.about.from_user,
            to_user: self.about.to_user,
        }
    }
}

impl Seek {
    /// A search that has just begun.
    pub(super) fn new(anchor: Option<super::PartyId>, purpose: Purpose) -> Self {
        Self {
            anchor,
            purpose,
            questions: Vec::new(),
            forks: Vec::new(),
            asking: Vec::new(),
            until: None,
            then: None,
            ignore_forwarding: false,
            outside: 0,
            worst: None,
            heard: Heard::Nothing,
        }
    }
}
