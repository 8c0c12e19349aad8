//! Trunks: the operator's ways to the public network.

use diesel::prelude::*;

use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::platform::Platform;
use crate::tables::trunks;
use crate::types::{Json, Secret, Time, TrunkTransport};

/// A carrier's address, and how it is used.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = trunks)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Trunk {
    /// Its id.
    pub id: Id<Trunk>,
    /// Whose it is.
    pub platform_id: Id<Platform>,
    /// Its name, for people.
    pub name: String,
    /// How the carrier is reached.
    #[diesel(embed)]
    pub access: TrunkAccess,
    /// When it is chosen.
    #[diesel(embed)]
    pub choice: TrunkChoice,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for Trunk {
    const PREFIX: &'static str = "trk";
}

/// How a carrier is reached, and known when it calls.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = trunks)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct TrunkAccess {
    /// Host, with `:port` unless found by DNS.
    pub address: String,
    /// UDP, TCP or TLS.
    pub transport: TrunkTransport,
    /// Name for digest, both ways.
    pub username: Option<String>,
    /// The password, sealed with a key that is not in the database.
    pub password_sealed: Option<Secret<Vec<u8>>>,
    /// Whether we register there.
    pub register: bool,
    /// Addresses (IP or CIDR) whose calls are trusted.
    pub inbound_addresses: Json<Vec<String>>,
}

/// When a trunk is chosen for an outbound call.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = trunks)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct TrunkChoice {
    /// Lower ones first.
    pub priority: i32,
    /// Share among those of one priority.
    pub weight: i32,
    /// Calls at once at most; unlimited when absent.
    pub max_channels: Option<i32>,
    /// Codecs offered, best first; all of ours when absent.
    pub codecs: Option<Json<Vec<String>>>,
    /// Whether it is used at all.
    pub enabled: bool,
}

/// A trunk to add.
#[derive(Debug, Clone)]
pub struct NewTrunk {
    /// Whose it is.
    pub platform_id: Id<Platform>,
    /// Its name.
    pub name: String,
    /// How the carrier is reached.
    pub access: TrunkAccess,
    /// When it is chosen.
    pub choice: TrunkChoice,
}

impl From<NewTrunk> for Trunk {
    fn from(new: NewTrunk) -> Self {
        let now = Time::now();
        Self {
            id: Id::new(),
            platform_id: new.platform_id,
            name: new.name,
            access: new.access,
            choice: new.choice,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What to change of a trunk; `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = trunks)]
pub struct TrunkChanges {
    /// See [`Trunk::name`].
    pub name: Option<String>,
    /// See [`TrunkAccess::address`].
    pub address: Option<String>,
    /// See [`TrunkAccess::transport`].
    pub transport: Option<TrunkTransport>,
    /// See [`TrunkAccess::username`].
    pub username: Option<Option<String>>,
    /// See [`TrunkAccess::password_sealed`].
    pub password_sealed: Option<Option<Secret<Vec<u8>>>>,
    /// See [`TrunkAccess::register`].
    pub register: Option<bool>,
    /// See [`TrunkAccess::inbound_addresses`].
    pub inbound_addresses: Option<Json<Vec<String>>>,
    /// See [`TrunkChoice::priority`].
    pub priority: Option<i32>,
    /// See [`TrunkChoice::weight`].
    pub weight: Option<i32>,
    /// See [`TrunkChoice::max_channels`].
    pub max_channels: Option<Option<i32>>,
    /// See [`TrunkChoice::codecs`].
    pub codecs: Option<Option<Json<Vec<String>>>>,
    /// See [`TrunkChoice::enabled`].
    pub enabled: Option<bool>,
}

queries! {
    /// A page of a platform's trunks.
    read fn list_trunks(c, platform: Id<Platform>, window: Window<Trunk>) -> Slice<Trunk> {
        let query = || trunks::table.filter(trunks::platform_id.eq(platform)).into_boxed::<Backend>();
        slice!(c, window, Trunk, trunks::id, query)
    }

    /// Every enabled trunk, first choice first.
    read fn list_enabled_trunks(c) -> Vec<Trunk> {
        let found = trunks::table.filter(trunks::enabled.eq(true));
        Ok(found.order((trunks::priority.asc(), trunks::weight.desc(), trunks::id.asc()))
            .select(Trunk::as_select()).load(c).await?)
    }

    /// One trunk of a platform.
    read fn find_trunk(c, platform: Id<Platform>, id: Id<Trunk>) -> Trunk {
        let found = trunks::table.filter(trunks::platform_id.eq(platform)).filter(trunks::id.eq(id));
        Ok(found.select(Trunk::as_select()).first(c).await?)
    }

    /// Adds a trunk.
    write fn insert_trunk(c, new: NewTrunk) -> Trunk {
        let trunk = Trunk::from(new);
        diesel::insert_into(trunks::table).values(&trunk).execute(c).await?;
        Ok(trunk)
    }

    /// Changes a trunk.
    write fn update_trunk(c, platform: Id<Platform>, id: Id<Trunk>, changes: TrunkChanges) -> Trunk {
        let row = trunks::table.filter(trunks::platform_id.eq(platform)).filter(trunks::id.eq(id));
        Ok(diesel::update(row).set((&changes, trunks::updated_at.eq(Time::now())))
            .returning(Trunk::as_returning()).get_result(c).await?)
    }

    /// Deletes a trunk.
    write fn delete_trunk(c, platform: Id<Platform>, id: Id<Trunk>) -> Trunk {
        let row = trunks::table.filter(trunks::platform_id.eq(platform)).filter(trunks::id.eq(id));
        Ok(diesel::delete(row).returning(Trunk::as_returning()).get_result(c).await?)
    }
}
