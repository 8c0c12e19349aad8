//! What session tokens rest on: the keys that sign them, and since when a user's older ones are refused.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::platform::Platform;
use crate::tables::{accounts, session_keys, users};
use crate::types::{Secret, Time};
use crate::user::User;

/// A key that signs session tokens, or did.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = session_keys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct SessionKey {
    /// Its id, which tokens name as `kid`.
    pub id: Id<SessionKey>,
    /// The key, sealed with one that is not in the database.
    pub secret_sealed: Secret<Vec<u8>>,
    /// Since when it signs no more; absent for the one that signs.
    pub retired_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
}

impl Kind for SessionKey {
    const PREFIX: &'static str = "skey";
}

impl SessionKey {
    fn new(sealed: Vec<u8>, now: Time) -> Self {
        Self {
            id: Id::new(),
            secret_sealed: sealed.into(),
            retired_at: None,
            created_at: now,
        }
    }
}

/// A user as their token is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct TokenUser {
    /// Who.
    pub user: Id<User>,
    /// Where they belong.
    pub account: Id<Account>,
    /// Whether it is a live account, or a sandbox.
    pub livemode: bool,
    /// Tokens made until then are refused.
    pub revoked_at: Option<Time>,
}

queries! {
    /// The key that signs: the candidate when there was none before. All nodes get the same.
    write fn find_or_insert_session_key(c, sealed: Vec<u8>) -> SessionKey {
        write_tx!(c, {
            let key = SessionKey::new(sealed, Time::now());
            diesel::insert_into(session_keys::table).values(&key).on_conflict_do_nothing().execute(c).await?;
            let current = session_keys::table.filter(session_keys::retired_at.is_null());
            Ok(current.select(SessionKey::as_select()).first(c).await?)
        })
    }

    /// Has a new key sign from now on, and forgets those retired before `lapsed`, whose last token is over.
    /// Of two at once only one makes a key; both get it.
    write fn rotate_session_key(c, sealed: Vec<u8>, lapsed: Time) -> SessionKey {
        write_tx!(c, {
            let now = Time::now();
            diesel::delete(session_keys::table.filter(session_keys::retired_at.lt(lapsed))).execute(c).await?;
            diesel::update(session_keys::table.filter(session_keys::retired_at.is_null()))
                .set(session_keys::retired_at.eq(now)).execute(c).await?;
            let key = SessionKey::new(sealed, now);
            diesel::insert_into(session_keys::table).values(&key).on_conflict_do_nothing().execute(c).await?;
            let current = session_keys::table.filter(session_keys::retired_at.is_null());
            Ok(current.select(SessionKey::as_select()).first(c).await?)
        })
    }

    /// The key that signs, and those retired after `lapsed`, whose tokens may still be good.
    read fn list_session_keys(c, lapsed: Time) -> Vec<SessionKey> {
        let keys = session_keys::table.filter(
            session_keys::retired_at.is_null().or(session_keys::retired_at.gt(lapsed)));
        Ok(keys.select(SessionKey::as_select()).load(c).await?)
    }

    /// The user that a token names, before the account is known.
    read fn find_token_user(c, id: Id<User>) -> TokenUser {
        let found = users::table.inner_join(accounts::table).filter(users::id.eq(id));
        Ok(found.select((users::id, users::account_id, accounts::livemode, users::sessions_revoked_at))
            .first(c).await?)
    }

    /// A user of any account of the platform, for which it may make tokens.
    read fn find_platform_user(c, platform: Id<Platform>, livemode: bool, id: Id<User>) -> TokenUser {
        let found = users::table.inner_join(accounts::table).filter(users::id.eq(id))
            .filter(accounts::platform_id.eq(platform)).filter(accounts::livemode.eq(livemode));
        Ok(found.select((users::id, users::account_id, accounts::livemode, users::sessions_revoked_at))
            .first(c).await?)
    }

    /// Refuses every token of a user that was made until now; gives that instant.
    write fn revoke_sessions(c, account: Id<Account>, id: Id<User>) -> Time {
        let now = Time::now();
        let row = users::table.filter(users::account_id.eq(account)).filter(users::id.eq(id));
        match diesel::update(row).set(users::sessions_revoked_at.eq(now)).execute(c).await? {
            0 => Err(DbError::NotFound),
            _ => Ok(now),
        }
    }
}
