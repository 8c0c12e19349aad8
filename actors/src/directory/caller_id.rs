//! Which number is shown outside: the one asked for, the user's, the account's, the first there is.

use super::{Closed, Directory};
use crate::target::Dialler;
use schema::{Account, Id, PhoneNumber, types::PhoneNumberStatus};
use std::sync::Arc;

impl Directory {
    /// A number of the account, active or not.
    pub(crate) async fn did(
        &self,
        account: Id<Account>,
        id: Id<PhoneNumber>,
    ) -> Result<Option<Arc<PhoneNumber>>, Closed> {
        let ask = self.db.find_phone_number(account, id);
        let found = self.dids_by_id.get(&id, ask).await?;
        Ok(found.filter(|did| did.placement.account_id == Some(account)))
    }

    /// The number to present on a call to the outside; `None` when the account has none that may be.
    pub(super) async fn presented(&self, by: &Dialler) -> Result<Option<Arc<PhoneNumber>>, Closed> {
        let of_user = match by.user {
            Some(user) => self
                .user(by.account, user)
                .await?
                .and_then(|user| user.outbound_caller_id_did_id),
            None => None,
        };
        let account = self.account(by.account).await?;
        let of_account = account.and_then(|account| account.default_outbound_did_id);
        for id in [by.did, of_user, of_account].into_iter().flatten() {
            if let Some(did) = self.did(by.account, id).await?
                && may_be_presented(&did)
            {
                return Ok(Some(did));
            }
        }
        let ask = self.db.find_first_outbound_number(by.account);
        self.first_did.get(&by.account, ask).await
    }
}

/// Whether the network may be told this number.
pub(crate) fn may_be_presented(did: &PhoneNumber) -> bool {
    did.placement.status == PhoneNumberStatus::Active && did.placement.outbound_enabled
}
