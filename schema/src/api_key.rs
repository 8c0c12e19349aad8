//! API keys of a platform. Only a hash is kept.

use diesel::prelude::*;

use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::platform::Platform;
use crate::tables::api_keys;
use crate::types::{Secret, Time};

/// A key that opens every account of its mode.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ApiKey {
    /// Its id.
    pub id: Id<ApiKey>,
    /// Whose it is.
    pub platform_id: Id<Platform>,
    /// What it is for, in its maker's words.
    pub name: Option<String>,
    /// SHA-256 of the key.
    pub hash: Secret<Vec<u8>>,
    /// Whether it opens live accounts (`sk_live_`) or sandbox ones (`sk_test_`).
    pub livemode: bool,
    /// The key's last four characters, to tell keys apart.
    pub last4: String,
    /// Since when it is refused.
    pub revoked_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for ApiKey {
    const PREFIX: &'static str = "key";
}

/// A key to add.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Whose it is.
    pub platform_id: Id<Platform>,
    /// What it is for.
    pub name: Option<String>,
    /// SHA-256 of the key.
    pub hash: Secret<Vec<u8>>,
    /// Whether it is a live key.
    pub livemode: bool,
    /// The key's last four characters.
    pub last4: String,
}

impl From<NewApiKey> for ApiKey {
    fn from(new: NewApiKey) -> Self {
        let now = Time::now();
        Self {
            id: Id::new(),
            platform_id: new.platform_id,
            name: new.name,
            hash: new.hash,
            livemode: new.livemode,
            last4: new.last4,
            revoked_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

queries! {
    /// The key with this hash; `NotFound` when there is none or it was revoked.
    read fn find_api_key_by_hash(c, hash: Vec<u8>) -> ApiKey {
        let keys = api_keys::table.filter(api_keys::hash.eq(hash)).filter(api_keys::revoked_at.is_null());
        Ok(keys.select(ApiKey::as_select()).first(c).await?)
    }

    /// Every key of a platform, revoked ones too, newest first.
    read fn list_api_keys(c, platform: Id<Platform>) -> Vec<ApiKey> {
        let keys = api_keys::table.filter(api_keys::platform_id.eq(platform));
        Ok(keys.order(api_keys::id.desc()).select(ApiKey::as_select()).load(c).await?)
    }

    /// Adds a key; `Conflict` when it exists.
    write fn insert_api_key(c, new: NewApiKey) -> ApiKey {
        let key = ApiKey::from(new);
        diesel::insert_into(api_keys::table).values(&key).execute(c).await?;
        Ok(key)
    }

    /// Refuses a key from now on; revoking it again keeps the first instant.
    write fn revoke_api_key(c, platform: Id<Platform>, id: Id<ApiKey>) -> ApiKey {
        write_tx!(c, {
            let now = Time::now();
            let key = api_keys::table.filter(api_keys::platform_id.eq(platform)).filter(api_keys::id.eq(id));
            diesel::update(key.filter(api_keys::revoked_at.is_null()))
                .set((api_keys::revoked_at.eq(now), api_keys::updated_at.eq(now))).execute(c).await?;
            Ok(key.select(ApiKey::as_select()).first(c).await?)
        })
    }
}
