//! The machine of a call as tables of inputs and effects.

mod connect;
mod in_call;
mod property;
mod ringing;
mod transfer;

use super::{Call, PartyId, Phase};
use crate::{
    call::{Effect, Input, Opening, Origin, Outcome, Record},
    events::Event,
    target::{Answer, Candidate, Contact, Lead, Outside, Proposal, Question, Shown},
};
use engine::leg::{
    EndedBy, Ending, Hop, LegEvent, LegId, Party as SipParty, Referral, Refusal, Transport,
};
use schema::{Endpoint, Id, TargetId, Time, User};
use std::time::Duration;

/// The leg of the caller; dialled legs are numbered from 100 by party.
const CALLER: LegId = LegId(1);

/// A call under test with everything it ordered so far.
struct Bench {
    call: Call,
    now: Time,
    log: Vec<Effect>,
}

fn contact(user: Id<User>) -> Contact {
    Contact {
        user,
        endpoint: Some(Id::new()),
        uri: "sip:x@192.0.2.1".into(),
        hop: Hop::Flow {
            transport: Transport::Udp,
            local: "192.0.2.9:5060".parse().unwrap(),
            remote: "192.0.2.1:5060".parse().unwrap(),
        },
        path: Vec::new(),
        instance: None,
    }
}

fn phone(user: Id<User>) -> Candidate {
    Candidate::Phone(contact(user))
}

fn outside(trunks: usize) -> Candidate {
    Candidate::Outside(Outside {
        number: "+12075550199".into(),
        trunks: (0..trunks).map(|_| Id::new()).collect(),
        presented: Some("+12075550110".into()),
        emergency: false,
        confirm: false,
    })
}

fn ring(candidates: Vec<Candidate>) -> Proposal {
    Proposal {
        candidates,
        seconds: 30,
        then: None,
        otherwise: Outcome::Unavailable,
        ignore_forwarding: false,
    }
}

fn to_user(user: Id<User>, phones: usize) -> Lead {
    let mut lead = Lead::ring("204", ring((0..phones).map(|_| phone(user)).collect()));
    lead.user = Some(user);
    lead.label = Some("Noor".into());
    lead.extension = Some("204".into());
    lead.caller = Shown {
        number: "203".into(),
        name: Some("Sam".into()),
    };
    lead
}

fn to_network(trunks: usize) -> Lead {
    let mut lead = Lead::ring("+12075550199", ring(vec![outside(trunks)]));
    lead.outbound = true;
    lead.did = Some(Id::new());
    lead.caller.number = "+12075550110".into();
    lead
}

fn refusal(status: u16) -> LegEvent {
    LegEvent::Refused(Refusal {
        status,
        q850: None,
        redirects: Vec::new(),
        retry_after: None,
    })
}

fn redirect(to: &str) -> LegEvent {
    LegEvent::Refused(Refusal {
        status: 302,
        q850: None,
        redirects: vec![SipParty {
            name: None,
            user: to.into(),
            uri: format!("sip:{to}@x"),
        }],
        retry_after: None,
    })
}

fn ended(by: EndedBy) -> LegEvent {
    LegEvent::Ended(Ending {
        by,
        q850: None,
        quality: Some(engine::rtp::Quality {
            rx_packets: 500,
            mos: Some(4.3),
            ..Default::default()
        }),
    })
}

impl Bench {
    fn open(origin: Origin, lead: Lead) -> Self {
        let now = Time::now();
        let call = Call::open(Opening {
            id: Id::new(),
            account: Id::new(),
            at: now,
            sip_call_id: "abc".into(),
            origin,
            lead,
            private: false,
            reach: engine::leg::Reach::default(),
            history: Vec::new(),
        });
        let mut bench = Self {
            call,
            now,
            log: Vec::new(),
        };
        bench.tell(Input::Begin);
        bench
    }

    fn from_phone(lead: Lead) -> Self {
        let origin = Origin::Phone {
            leg: CALLER,
            user: Id::new(),
            endpoint: Some(Id::new()),
        };
        Self::open(origin, lead)
    }

    fn from_network(lead: Lead) -> Self {
        let origin = Origin::Trunk {
            leg: CALLER,
            trunk: Id::new(),
            from: Shown {
                number: "+12075550188".into(),
                name: Some("ACME".into()),
            },
            shown: Shown {
                number: "+12075550188".into(),
                name: Some("[Desk] ACME".into()),
            },
            did: Id::new(),
            number: "+12075550110".into(),
        };
        Self::open(origin, lead)
    }

    fn by_api(lead: Lead) -> Self {
        let origin = Origin::Api {
            user: lead.user.unwrap(),
            dial: "204".into(),
            did: None,
        };
        Self::open(origin, lead)
    }

    /// Applies an input; dialled and answered legs come into being as the engine would make them.
    fn tell(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.call.apply(input, self.now);
        self.log.extend(effects.iter().cloned());
        let mut all = effects.clone();
        for effect in effects {
            let own = match effect {
                Effect::Dial(dialling) => {
                    let leg = LegId(100 + u64::from(dialling.party.0));
                    Input::Dialled(dialling.party, leg)
                }
                Effect::Answer(party, ..) => Input::Accepted(party, Ok(())),
                Effect::Measure(party, _) => Input::Measured(party, None),
                _ => continue,
            };
            all.extend(self.tell(own));
        }
        all
    }

    fn leg(&mut self, party: u32, event: LegEvent) -> Vec<Effect> {
        let leg = match self.call.party(PartyId(party)).and_then(|p| p.leg) {
            Some(leg) => leg,
            None => LegId(100 + u64::from(party)),
        };
        self.tell(Input::Leg(PartyId(party), leg, event))
    }

    fn later(&mut self, seconds: u64) -> Vec<Effect> {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.tell(Input::Tick)
    }

    /// Answers the last question.
    fn found(&mut self, answer: Answer) -> Vec<Effect> {
        let asked = self.log.iter().rev().find_map(|effect| match effect {
            Effect::Ask(id, _) => Some(*id),
            _ => None,
        });
        self.tell(Input::Found(asked.unwrap(), answer))
    }

    fn question(&self) -> Option<&Question> {
        self.log.iter().rev().find_map(|effect| match effect {
            Effect::Ask(_, question) => Some(question),
            _ => None,
        })
    }

    /// Lets every leg that was hung up report its end, then the ledger.
    fn finish(&mut self) {
        for party in self.call.parties.clone() {
            if party.stage == super::Stage::Leaving {
                self.leg(party.id.0, ended(EndedBy::Us));
            }
        }
        self.tell(Input::Recorded);
        assert_eq!(self.call.phase, Phase::Over, "{:#?}", self.call);
        assert_eq!(self.log.iter().filter(|e| **e == Effect::Finish).count(), 1);
    }

    fn record(&self) -> Record {
        let mut records = self.log.iter().filter_map(|effect| match effect {
            Effect::Record(record) => Some((**record).clone()),
            _ => None,
        });
        let record = records.next().expect("a record");
        assert!(records.next().is_none(), "one record");
        record
    }

    /// Names of the events so far.
    fn events(&self) -> Vec<&'static str> {
        self.published().map(Event::name).collect()
    }

    fn published(&self) -> impl Iterator<Item = &Event> {
        self.log.iter().filter_map(|effect| match effect {
            Effect::Publish(event) => Some(event),
            _ => None,
        })
    }

    fn referral(&mut self, party: u32, to: &str) -> Vec<Effect> {
        self.leg(
            party,
            LegEvent::Referred(Referral {
                id: 7,
                target: SipParty {
                    name: None,
                    user: to.into(),
                    uri: format!("sip:{to}@x"),
                },
                replaces: None,
            }),
        )
    }
}

fn has(effects: &[Effect], wanted: &Effect) -> bool {
    effects.contains(wanted)
}

fn hung_up(effects: &[Effect]) -> Vec<LegId> {
    let legs = effects.iter().filter_map(|effect| match effect {
        Effect::HangUp(leg, _) => Some(*leg),
        _ => None,
    });
    legs.collect()
}

fn target(user: Id<User>) -> TargetId {
    TargetId::User(user)
}

fn endpoint() -> Id<Endpoint> {
    Id::new()
}
