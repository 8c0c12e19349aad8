//! Bindings: where registered phones are reached. The registrar owns them, these rows keep them
//! across a restart.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::endpoint::Endpoint;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::tables::{bindings, endpoints};
use crate::types::{Json, Time};
use crate::user::User;

/// A registered contact (RFC 3261 §10.3).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = bindings, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Binding {
    /// Its id, given by the registrar.
    pub id: Id<Binding>,
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Whose phone.
    pub user_id: Id<User>,
    /// Which identity.
    pub endpoint_id: Id<Endpoint>,
    /// The identity's registration name.
    pub aor: String,
    /// The contact, as it came.
    pub contact_uri: String,
    /// `+sip.instance`, without brackets (RFC 5626 §4.1).
    pub instance: Option<String>,
    /// `reg-id` (RFC 5626 §4.2).
    pub reg_id: Option<i32>,
    /// Call-ID of the last REGISTER.
    pub call_id: String,
    /// CSeq of the last REGISTER.
    pub cseq: i64,
    /// When it lapses.
    pub expires_at: Time,
    /// Path of the last REGISTER (RFC 3327), nearest first.
    pub path: Json<Vec<String>>,
    /// Transport, remote and local address it came by.
    pub flow: String,
    /// User-Agent of the last REGISTER.
    pub user_agent: Option<String>,
    /// Source address, when it differs from the contact.
    pub received: Option<String>,
    /// When it was first made.
    pub created_at: Time,
    /// When it was last refreshed.
    pub updated_at: Time,
}

impl Kind for Binding {
    const PREFIX: &'static str = "bnd";
}

/// A step of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingChange {
    /// Adds the binding, or replaces the one with its id.
    Put(Box<Binding>),
    /// Writes anew when it lapses and which request said so; nothing else of it changed. Adds the binding
    /// when it is not there.
    Refresh(Box<Binding>),
    /// Takes it away; nothing happens when it is not there.
    Remove(Id<Binding>),
}

queries! {
    /// All bindings that have not lapsed, for the start: up to `limit` with ids above `after`, in the
    /// order of their ids.
    read fn list_all_bindings(c, now: Time, after: Option<Id<Binding>>, limit: u32) -> Vec<Binding> {
        let mut query = bindings::table.filter(bindings::expires_at.gt(now)).into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(bindings::id.gt(after));
        }
        Ok(query.order(bindings::id.asc()).limit(limit.into()).select(Binding::as_select()).load(c).await?)
    }

    /// An endpoint's bindings, lapsed ones too, oldest first.
    read fn list_bindings(c, account: Id<Account>, endpoint: Id<Endpoint>) -> Vec<Binding> {
        let found = bindings::table.filter(bindings::account_id.eq(account)).filter(bindings::endpoint_id.eq(endpoint));
        Ok(found.order(bindings::id.asc()).select(Binding::as_select()).load(c).await?)
    }

    /// Adds a binding, or replaces the one with its id.
    write fn put_binding(c, binding: Binding) -> () {
        diesel::insert_into(bindings::table).values(&binding)
            .on_conflict(bindings::id).do_update().set(&binding).execute(c).await?;
        Ok(())
    }

    /// Carries out a batch in order, all or nothing. A binding whose endpoint is not there any more is
    /// left out.
    write fn write_bindings(c, changes: Vec<BindingChange>) -> () {
        write_tx!(c, {
            let mut wanted: Vec<Id<Endpoint>> = changes.iter().filter_map(|change| match change {
                BindingChange::Put(binding) => Some(binding.endpoint_id),
                BindingChange::Refresh(_) | BindingChange::Remove(_) => None,
            }).collect();
            wanted.sort_unstable();
            wanted.dedup();
            let mut there: Vec<Id<Endpoint>> = Vec::new();
            if !wanted.is_empty() {
                there = endpoints::table.filter(endpoints::id.eq_any(wanted))
                    .order(endpoints::id.asc()).select(endpoints::id).load(c).await?;
            }
            for change in changes {
                match change {
                    BindingChange::Put(binding) => {
                        if there.binary_search(&binding.endpoint_id).is_ok() {
                            put_binding(c, *binding).await?;
                        }
                    }
                    BindingChange::Refresh(binding) => {
                        let row = bindings::table.find(binding.id);
                        let refreshed = diesel::update(row).set((
                            bindings::call_id.eq(&binding.call_id),
                            bindings::cseq.eq(binding.cseq),
                            bindings::expires_at.eq(binding.expires_at),
                            bindings::updated_at.eq(binding.updated_at),
                        )).execute(c).await?;
                        if refreshed == 0 {
                            let endpoint = endpoints::table.find(binding.endpoint_id);
                            let there: Option<Id<Endpoint>> =
                                endpoint.select(endpoints::id).first(c).await.optional()?;
                            if there.is_some() {
                                put_binding(c, *binding).await?;
                            }
                        }
                    }
                    BindingChange::Remove(id) => {
                        diesel::delete(bindings::table.find(id)).execute(c).await?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Deletes what lapsed before `now`; gives how many.
    write fn delete_lapsed_bindings(c, now: Time) -> usize {
        Ok(diesel::delete(bindings::table.filter(bindings::expires_at.le(now))).execute(c).await?)
    }
}
