//! Where a call from the network leads: by the number it was sent to.

use super::{Closed, Directory, numbering};
use crate::{
    call::Outcome,
    device,
    target::{Dialler, Lead, Shown},
};
use schema::{Account, Id, PhoneNumber, types::InboundRouting};
use std::sync::Arc;

/// A call from the network, as far as the directory knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inbound {
    /// Whose number it is.
    pub account: Id<Account>,
    /// The number.
    pub did: Id<PhoneNumber>,
    /// E.164.
    pub number: String,
    /// Put in front of the caller's name on phones.
    pub prefix: Option<String>,
    /// Where it leads.
    pub lead: Lead,
}

impl Directory {
    /// Looks a called number up, in whatever form the network writes it. `None` when it is not in
    /// service here.
    pub(crate) async fn inbound(&self, called: &str) -> Result<Option<Inbound>, Closed> {
        for number in numbering::as_called(called) {
            let ask = self.db.find_number_in_service(number.clone());
            if let Some(did) = self.dids.get(&number, ask).await? {
                return self.inbound_to(did).await;
            }
        }
        Ok(None)
    }

    async fn inbound_to(&self, did: Arc<PhoneNumber>) -> Result<Option<Inbound>, Closed> {
        let Some(account) = did.placement.account_id else {
            return Ok(None);
        };
        let by = Dialler {
            account,
            user: None,
            did: None,
        };
        let number = did.phone_number.clone();
        let lead = match (did.placement.inbound_routing, did.placement.routing_target) {
            (InboundRouting::Drop, _) => Lead::nowhere(&number, Outcome::Refused),
            (InboundRouting::Default, Some(target)) => self.target(&by, target, None).await?,
            (InboundRouting::Default, None) => {
                let users = self.everyone(account).await?;
                let all = device::of_users(&self.phones(), &users, self.user_rings);
                Lead::ring(&number, all)
            }
        };
        Ok(Some(Inbound {
            account,
            did: did.id,
            number,
            prefix: did.caller_id.caller_id_prefix.clone(),
            lead,
        }))
    }
}

impl Inbound {
    /// The caller as phones show it.
    pub(crate) fn shown(&self, from: &Shown) -> Shown {
        let prefix = self.prefix.as_deref().map(str::trim);
        let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else {
            return from.clone();
        };
        let name = from.name.as_deref().unwrap_or(&from.number);
        Shown {
            number: from.number.clone(),
            name: Some(format!("{prefix} {name}").trim_end().to_owned()),
        }
    }
}
