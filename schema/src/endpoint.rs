//! Endpoints: the names under which phones register, with what proves a password.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::tables::endpoints;
use crate::types::{Secret, Time};
use crate::user::User;

/// A SIP identity of a user.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = endpoints)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Endpoint {
    /// Its id.
    pub id: Id<Endpoint>,
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Whose it is.
    pub user_id: Id<User>,
    /// What it is called, 1 to 255 characters.
    pub name: Option<String>,
    /// The registration name, unique on the whole exchange.
    pub sip_username: String,
    /// What proves the password.
    #[diesel(embed)]
    pub digest: Digest,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for Endpoint {
    const PREFIX: &'static str = "ep";
}

/// Hashes of user name, realm and password (RFC 7616 §3.4.2), in lower-case hex. The password itself
/// is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = endpoints)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Digest {
    /// The realm they hold for.
    pub realm: String,
    /// By MD5, 32 characters.
    pub ha1_md5: Secret<String>,
    /// By SHA-256, 64 characters.
    pub ha1_sha256: Secret<String>,
}

/// An endpoint to add.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Whose it is.
    pub user_id: Id<User>,
    /// What it is called.
    pub name: Option<String>,
    /// The registration name.
    pub sip_username: String,
    /// What proves the password.
    pub digest: Digest,
}

impl From<NewEndpoint> for Endpoint {
    fn from(new: NewEndpoint) -> Self {
        let now = Time::now();
        Self {
            id: Id::new(),
            account_id: new.account_id,
            user_id: new.user_id,
            name: new.name,
            sip_username: new.sip_username,
            digest: new.digest,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What to change of an endpoint; `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct EndpointChanges {
    /// See [`Endpoint::name`].
    pub name: Option<Option<String>>,
    /// Another password.
    pub digest: Option<Digest>,
}

#[derive(AsChangeset)]
#[diesel(table_name = endpoints)]
struct Changes {
    name: Option<Option<String>>,
    realm: Option<String>,
    ha1_md5: Option<Secret<String>>,
    ha1_sha256: Option<Secret<String>>,
    updated_at: Time,
}

impl From<EndpointChanges> for Changes {
    fn from(changes: EndpointChanges) -> Self {
        let (realm, ha1_md5, ha1_sha256) = match changes.digest {
            Some(digest) => (
                Some(digest.realm),
                Some(digest.ha1_md5),
                Some(digest.ha1_sha256),
            ),
            None => (None, None, None),
        };
        Self {
            name: changes.name,
            realm,
            ha1_md5,
            ha1_sha256,
            updated_at: Time::now(),
        }
    }
}

queries! {
    /// A page of a user's endpoints.
    read fn list_endpoints(
        c, account: Id<Account>, user: Id<User>, window: Window<Endpoint>
    ) -> Slice<Endpoint> {
        let query = || endpoints::table
            .filter(endpoints::account_id.eq(account))
            .filter(endpoints::user_id.eq(user))
            .into_boxed::<Backend>();
        slice!(c, window, Endpoint, endpoints::id, query)
    }

    /// One endpoint of a user.
    read fn find_endpoint(c, account: Id<Account>, user: Id<User>, id: Id<Endpoint>) -> Endpoint {
        let found = endpoints::table.filter(endpoints::account_id.eq(account)).filter(endpoints::user_id.eq(user));
        Ok(found.filter(endpoints::id.eq(id)).select(Endpoint::as_select()).first(c).await?)
    }

    /// One endpoint of an account, whosever it is.
    read fn find_account_endpoint(c, account: Id<Account>, id: Id<Endpoint>) -> Endpoint {
        let found = endpoints::table.filter(endpoints::account_id.eq(account)).filter(endpoints::id.eq(id));
        Ok(found.select(Endpoint::as_select()).first(c).await?)
    }

    /// The endpoint that registers under this name: the one question before the account is known.
    read fn find_endpoint_by_username(c, sip_username: String) -> Endpoint {
        let found = endpoints::table.filter(endpoints::sip_username.eq(sip_username));
        Ok(found.select(Endpoint::as_select()).first(c).await?)
    }

    /// Adds an endpoint; `Conflict` when the name is taken, `NotFound` when the account has no such user.
    write fn insert_endpoint(c, new: NewEndpoint) -> Endpoint {
        write_tx!(c, {
            let user = crate::tables::users::table.filter(crate::tables::users::account_id.eq(new.account_id));
            let user = user.filter(crate::tables::users::id.eq(new.user_id));
            user.select(crate::tables::users::id).first::<Id<User>>(c).await?;
            let endpoint = Endpoint::from(new);
            diesel::insert_into(endpoints::table).values(&endpoint).execute(c).await?;
            Ok(endpoint)
        })
    }

    /// Changes an endpoint.
    write fn update_endpoint(
        c, account: Id<Account>, user: Id<User>, id: Id<Endpoint>, changes: EndpointChanges
    ) -> Endpoint {
        let row = endpoints::table.filter(endpoints::account_id.eq(account))
            .filter(endpoints::user_id.eq(user)).filter(endpoints::id.eq(id));
        Ok(diesel::update(row).set(Changes::from(changes))
            .returning(Endpoint::as_returning()).get_result(c).await?)
    }

    /// Deletes an endpoint with its bindings.
    write fn delete_endpoint(c, account: Id<Account>, user: Id<User>, id: Id<Endpoint>) -> Endpoint {
        let row = endpoints::table.filter(endpoints::account_id.eq(account))
            .filter(endpoints::user_id.eq(user)).filter(endpoints::id.eq(id));
        Ok(diesel::delete(row).returning(Endpoint::as_returning()).get_result(c).await?)
    }
}
