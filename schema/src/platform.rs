//! Platforms: who integrates, holds the API keys and owns the accounts. Made at the first start.

use diesel::prelude::*;

use crate::api_key::ApiKey;
use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::tables::{api_keys, platforms, settings};
use crate::types::{Secret, Time};

/// The setting under which the first platform is remembered; whoever writes it makes the platform.
const FIRST: &str = "platform";

/// An integrator.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = platforms)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Platform {
    /// Its id.
    pub id: Id<Platform>,
    /// Its name, for people.
    pub name: String,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for Platform {
    const PREFIX: &'static str = "plat";
}

/// The first key of a platform, before the platform is known.
#[derive(Debug, Clone)]
pub struct FirstKey {
    /// What it is for.
    pub name: Option<String>,
    /// SHA-256 of the key.
    pub hash: Secret<Vec<u8>>,
    /// The key's last four characters.
    pub last4: String,
    /// Whether it is a live key (`sk_live_`).
    pub livemode: bool,
}

queries! {
    /// The one platform of this exchange, made when absent. The key is taken up, and then returned,
    /// only when the platform never had one.
    write fn bootstrap_platform(c, name: String, first: FirstKey) -> (Platform, Option<ApiKey>) {
        write_tx!(c, {
            let now = Time::now();
            let platform = Platform { id: Id::new(), name, created_at: now, updated_at: now };
            let claim = (
                settings::name.eq(FIRST),
                settings::value.eq(platform.id.uuid().as_bytes().to_vec()),
                settings::created_at.eq(now),
                settings::updated_at.eq(now),
            );
            let claimed = diesel::insert_into(settings::table).values(claim)
                .on_conflict_do_nothing().execute(c).await?;
            let platform = if claimed == 1 {
                diesel::insert_into(platforms::table).values(&platform).execute(c).await?;
                platform
            } else {
                let id: Vec<u8> = settings::table.find(FIRST).select(settings::value).first(c).await?;
                let id = uuid::Uuid::from_slice(&id).map_err(DbError::internal)?;
                platforms::table.find(Id::<Platform>::from_uuid(id)).select(Platform::as_select()).first(c).await?
            };
            let keys: i64 = api_keys::table.filter(api_keys::platform_id.eq(platform.id)).count().get_result(c).await?;
            if keys > 0 {
                return Ok((platform, None));
            }
            let key = ApiKey {
                id: Id::new(),
                platform_id: platform.id,
                name: first.name,
                hash: first.hash,
                livemode: first.livemode,
                last4: first.last4,
                revoked_at: None,
                created_at: now,
                updated_at: now,
            };
            diesel::insert_into(api_keys::table).values(&key).execute(c).await?;
            Ok((platform, Some(key)))
        })
    }

    /// The one platform of this exchange.
    read fn find_platform(c) -> Platform {
        let id: Vec<u8> = settings::table.find(FIRST).select(settings::value).first(c).await?;
        let id = uuid::Uuid::from_slice(&id).map_err(DbError::internal)?;
        Ok(platforms::table.find(Id::<Platform>::from_uuid(id)).select(Platform::as_select()).first(c).await?)
    }
}
