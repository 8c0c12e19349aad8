//! Single rows: endpoints, users, accounts, extensions, groups.

use super::{Closed, Directory};
use schema::{
    Account, Endpoint, Extension, Id, RingGroup, RingGroupMember, TargetId, User,
    types::ExtensionStatus,
};
use std::sync::Arc;

impl Directory {
    /// The SIP identity that registers and calls under this name.
    pub(crate) async fn endpoint(&self, username: &str) -> Result<Option<Arc<Endpoint>>, Closed> {
        let key = username.to_owned();
        let ask = self.db.find_endpoint_by_username(key.clone());
        self.endpoints.get(&key, ask).await
    }

    /// An account.
    pub(crate) async fn account(&self, id: Id<Account>) -> Result<Option<Arc<Account>>, Closed> {
        self.accounts.get(&id, self.db.load_account(id)).await
    }

    /// A user of the account.
    pub(crate) async fn user(
        &self,
        account: Id<Account>,
        id: Id<User>,
    ) -> Result<Option<Arc<User>>, Closed> {
        let found = self.users.get(&id, self.db.find_user(account, id)).await?;
        Ok(found.filter(|user| user.account_id == account))
    }

    /// Everybody who rings when a number leads to the whole account.
    pub(super) async fn everyone(&self, account: Id<Account>) -> Result<Arc<Vec<User>>, Closed> {
        let ask = self.db.list_users_to_ring(account);
        Ok(self.everyone.get(&account, ask).await?.unwrap_or_default())
    }

    /// The active extension with exactly this number.
    pub(super) async fn extension(
        &self,
        account: Id<Account>,
        number: &str,
    ) -> Result<Option<Arc<Extension>>, Closed> {
        if number.contains('\0') {
            return Ok(None);
        }
        let key = (account, number.to_owned());
        let ask = self.db.find_extension(account, key.1.clone());
        let found = self.extensions.get(&key, ask).await?;
        Ok(found.filter(|extension| extension.status == ExtensionStatus::Active))
    }

    /// The oldest active extension that leads to the target: its identity on internal calls.
    pub(crate) async fn extension_of(
        &self,
        account: Id<Account>,
        target: TargetId,
    ) -> Result<Option<String>, Closed> {
        let ask = self.db.list_extensions_of(account, vec![target]);
        let found = self.numbers_of.get(&(account, target), ask).await?;
        let all = found.unwrap_or_default();
        let mut active = all.iter().filter(|e| e.status == ExtensionStatus::Active);
        let oldest = active.by_ref().min_by_key(|extension| extension.id);
        Ok(oldest.map(|extension| extension.number.clone()))
    }

    /// A ring group with its members.
    pub(super) async fn group(
        &self,
        account: Id<Account>,
        id: Id<RingGroup>,
    ) -> Result<Option<Arc<(RingGroup, Vec<RingGroupMember>)>>, Closed> {
        let ask = async {
            let group = self.db.find_ring_group(account, id).await?;
            let members = self.db.list_ring_group_members(account, vec![id]).await?;
            Ok((group, members))
        };
        let found = self.groups.get(&id, ask).await?;
        Ok(found.filter(|found| found.0.account_id == account))
    }
}
