//! Where a dialled string or a target leads.

use super::{Closed, Directory, numbering};
use crate::{
    call::Outcome,
    device,
    ring_group::{self, Member},
    target::{
        Answer, Dialler, ECHO_CODE, Lead, OUTSIDE_RINGS_FOR, Outside, Proposal, Question, Route,
        Shown,
    },
};
use schema::{Id, RingGroup, RingGroupMember, TargetId, User};

/// Region of an account that cannot be read: emergency calls go out even then.
const ANY_REGION: &str = "US";

impl Directory {
    /// Answers a call's question.
    pub(crate) async fn answer(&self, question: Question) -> Answer {
        self.fuse.burn();
        match question {
            Question::Dialled { by, text } => self.dialled(&by, &text).await,
            Question::Target { by, target } => Ok(self.target(&by, target, None).await?),
        }
    }

    /// Classifies what was dialled: emergency, feature code, extension, number outside, nothing.
    pub(crate) async fn dialled(&self, by: &Dialler, text: &str) -> Answer {
        let text = text.trim();
        let account = self.account(by.account).await;
        let region = match &account {
            Ok(Some(account)) => account.config.region.clone(),
            _ => ANY_REGION.to_owned(),
        };
        if numbering::is_emergency(&region, text) {
            return Ok(self.emergency(by, text).await);
        }
        account?;
        if text == ECHO_CODE {
            return Ok(self.shown_inside(by, Lead::echo(text)).await?);
        }
        if text.starts_with('*') {
            let lead = Lead::nowhere(text, Outcome::Unallocated);
            return Ok(self.shown_inside(by, lead).await?);
        }
        if let Some(extension) = self.extension(by.account, text).await? {
            let lead = self.target(by, extension.target, Some(text)).await?;
            return Ok(lead);
        }
        match numbering::e164(&region, text) {
            Some(number) => Ok(self.outside(by, number).await?),
            None => {
                let lead = Lead::nowhere(text, Outcome::Unallocated);
                Ok(self.shown_inside(by, lead).await?)
            }
        }
    }

    /// What ringing a target means. `typed` is the extension that led there.
    pub(crate) async fn target(
        &self,
        by: &Dialler,
        target: TargetId,
        typed: Option<&str>,
    ) -> Result<Lead, Closed> {
        let extension = match typed {
            Some(typed) => Some(typed.to_owned()),
            None => self.extension_of(by.account, target).await?,
        };
        let number = extension.clone().unwrap_or_default();
        let mut lead = match target {
            TargetId::User(id) => self.to_user(by, id, &number).await?,
            TargetId::RingGroup(id) => self.to_group(by, id, &number).await?,
            TargetId::DialPlan(_)
            | TargetId::VoiceApp(_)
            | TargetId::Queue(_)
            | TargetId::SharedVoicemailBox(_) => Lead::nowhere(&number, Outcome::NotOffered),
        };
        lead.extension = extension;
        self.shown_inside(by, lead).await
    }

    async fn to_user(&self, by: &Dialler, id: Id<User>, number: &str) -> Result<Lead, Closed> {
        let Some(user) = self.user(by.account, id).await? else {
            return Ok(Lead::nowhere(number, Outcome::Unallocated));
        };
        let proposal = device::of_user(&self.phones(), &user, self.user_rings);
        let mut lead = Lead::ring(number, proposal);
        lead.label = user.name.clone();
        lead.user = Some(id);
        Ok(lead)
    }

    async fn to_group(
        &self,
        by: &Dialler,
        id: Id<RingGroup>,
        number: &str,
    ) -> Result<Lead, Closed> {
        let Some(found) = self.group(by.account, id).await? else {
            return Ok(Lead::nowhere(number, Outcome::Unallocated));
        };
        let (group, rows) = &*found;
        let mut members = Vec::with_capacity(rows.len());
        for row in rows {
            members.extend(self.member(by, row).await?);
        }
        let mut lead = Lead::ring(number, ring_group::propose(&self.phones(), group, members));
        lead.label = Some(group.name.clone());
        Ok(lead)
    }

    /// A member of a group, as far as it can be rung.
    async fn member(&self, by: &Dialler, row: &RingGroupMember) -> Result<Option<Member>, Closed> {
        let user = match (&row.extension, &row.phone_number) {
            (Some(TargetId::User(user)), _) => Some(*user),
            (Some(_), _) | (None, None) => return Ok(None),
            (None, Some(number)) => match self.extension(by.account, number).await? {
                Some(extension) => match extension.target {
                    TargetId::User(user) => Some(user),
                    _ => return Ok(None),
                },
                None => return self.outside_member(by, number).await,
            },
        };
        let Some(user) = user else {
            return Ok(None);
        };
        let found = self.user(by.account, user).await?;
        Ok(found.map(|user| Member::User(Box::new((*user).clone()))))
    }

    async fn outside_member(&self, by: &Dialler, text: &str) -> Result<Option<Member>, Closed> {
        let account = self.account(by.account).await?;
        let region = account.map_or(ANY_REGION.to_owned(), |account| {
            account.config.region.clone()
        });
        let Some(number) = numbering::e164(&region, text) else {
            return Ok(None);
        };
        let lead = self.outside(by, number).await?;
        let Route::Ring(proposal) = lead.route else {
            return Ok(None);
        };
        let first = proposal.candidates.into_iter().next();
        Ok(first.and_then(|candidate| match candidate {
            crate::target::Candidate::Outside(outside) => Some(Member::Outside(outside)),
            crate::target::Candidate::Phone(_) => None,
        }))
    }

    /// A number outside.
    async fn outside(&self, by: &Dialler, number: String) -> Result<Lead, Closed> {
        let presented = self.presented(by).await?;
        let mut lead = Lead::nowhere(&number, Outcome::NoCallerId);
        lead.outbound = true;
        let Some(did) = presented else {
            return Ok(lead);
        };
        lead.did = Some(did.id);
        lead.caller = Shown {
            number: did.phone_number.clone(),
            name: did.caller_id.caller_id_name.clone(),
        };
        let trunks = self.trunks.choose(false);
        if trunks.is_empty() {
            lead.route = Route::Refuse(Outcome::NoTrunk);
            return Ok(lead);
        }
        let presented = Some(did.phone_number.clone());
        lead.route = Route::Ring(to_network(number, trunks, presented, false));
        Ok(lead)
    }

    /// An emergency number: whatever else fails, it goes out over the first trunk that takes it.
    async fn emergency(&self, by: &Dialler, number: &str) -> Lead {
        let presented = self.presented(by).await.ok().flatten();
        let mut lead = Lead::nowhere(number, Outcome::NoTrunk);
        lead.outbound = true;
        if let Some(did) = &presented {
            lead.did = Some(did.id);
            lead.caller.number = did.phone_number.clone();
            lead.caller.name = did.caller_id.caller_id_name.clone();
        }
        let trunks = self.trunks.choose(true);
        if !trunks.is_empty() {
            let presented = presented.map(|did| did.phone_number.clone());
            lead.route = Route::Ring(to_network(number.to_owned(), trunks, presented, true));
        }
        lead
    }

    /// Inside the account a caller is shown by extension and name.
    async fn shown_inside(&self, by: &Dialler, mut lead: Lead) -> Result<Lead, Closed> {
        let Some(user) = by.user else {
            return Ok(lead);
        };
        let extension = self.extension_of(by.account, TargetId::User(user)).await?;
        let user = self.user(by.account, user).await?;
        lead.caller = Shown {
            number: extension.unwrap_or_default(),
            name: user.and_then(|user| user.name.clone()),
        };
        Ok(lead)
    }

    /// The phones of the user who asked for a call, showing what will be dialled.
    pub(crate) async fn summon(&self, by: &Dialler, dial: &str) -> Result<Option<Lead>, Closed> {
        let Some(id) = by.user else {
            return Ok(None);
        };
        let Some(user) = self.user(by.account, id).await? else {
            return Ok(None);
        };
        // Who asks for a call wants to be disturbed.
        let mut user = (*user).clone();
        user.do_not_disturb = false;
        let mut lead = Lead::ring(
            dial,
            device::of_user(&self.phones(), &user, self.user_rings),
        );
        lead.user = Some(id);
        lead.caller = Shown {
            number: dial.to_owned(),
            name: None,
        };
        Ok(Some(lead))
    }
}

fn to_network(
    number: String,
    trunks: Vec<Id<schema::Trunk>>,
    presented: Option<String>,
    emergency: bool,
) -> Proposal {
    let outside = Outside {
        number,
        trunks,
        presented,
        emergency,
        confirm: false,
    };
    Proposal {
        candidates: vec![crate::target::Candidate::Outside(outside)],
        seconds: OUTSIDE_RINGS_FOR,
        then: None,
        otherwise: Outcome::NoTrunk,
        ignore_forwarding: false,
    }
}
