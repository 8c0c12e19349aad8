//! Extensions: short numbers that lead to a target. The API knows them by number, not by id.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::tables::{extensions, ring_groups, users};
use crate::types::{ExtensionStatus, TargetId, Time};

/// A dial code of an account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = extensions)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Extension {
    /// Its id, which orders lists and serves as their cursor.
    pub id: Id<Extension>,
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// The code, 1 to 32 characters, unique in the account.
    pub number: String,
    /// Where it leads.
    pub target: TargetId,
    /// Whether it can be dialled.
    pub status: ExtensionStatus,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for Extension {
    const PREFIX: &'static str = "ext";
}

/// An extension to add; it is active at once.
#[derive(Debug, Clone)]
pub struct NewExtension {
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// The code.
    pub number: String,
    /// Where it leads.
    pub target: TargetId,
}

impl From<NewExtension> for Extension {
    fn from(new: NewExtension) -> Self {
        let now = Time::now();
        Self {
            id: Id::new(),
            account_id: new.account_id,
            number: new.number,
            target: new.target,
            status: ExtensionStatus::Active,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What to change of an extension; `None` keeps.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = extensions)]
pub struct ExtensionChanges {
    /// See [`Extension::number`].
    pub number: Option<String>,
    /// See [`Extension::target`].
    pub target: Option<TargetId>,
    /// See [`Extension::status`].
    pub status: Option<ExtensionStatus>,
}

/// A target that is not there is a wrong reference, unlike an extension that is not there.
fn absent(error: DbError) -> DbError {
    match error {
        DbError::NotFound => DbError::Reference,
        other => other,
    }
}

queries! {
    /// A page of an account's extensions, of one target when given.
    read fn list_extensions(
        c, account: Id<Account>, target: Option<TargetId>, window: Window<Extension>
    ) -> Slice<Extension> {
        let query = || {
            let query = extensions::table.filter(extensions::account_id.eq(account)).into_boxed::<Backend>();
            match target {
                Some(target) => query.filter(extensions::target.eq(target)),
                None => query,
            }
        };
        slice!(c, window, Extension, extensions::id, query)
    }

    /// All extensions that lead to any of these targets, newest first.
    read fn list_extensions_of(c, account: Id<Account>, targets: Vec<TargetId>) -> Vec<Extension> {
        let found = extensions::table.filter(extensions::account_id.eq(account)).filter(extensions::target.eq_any(targets));
        Ok(found.order(extensions::id.desc()).select(Extension::as_select()).load(c).await?)
    }

    /// The extension with this number, active or not.
    read fn find_extension(c, account: Id<Account>, number: String) -> Extension {
        let found = extensions::table.filter(extensions::account_id.eq(account)).filter(extensions::number.eq(number));
        Ok(found.select(Extension::as_select()).first(c).await?)
    }

    /// What a target is called, for the labels of calls; `NotFound` when the account does not have it.
    read fn find_target_name(c, account: Id<Account>, target: TargetId) -> Option<String> {
        match target {
            TargetId::User(id) => {
                let found = users::table.filter(users::account_id.eq(account)).filter(users::id.eq(id));
                Ok(found.select(users::name).first(c).await?)
            }
            TargetId::RingGroup(id) => {
                let found = ring_groups::table.filter(ring_groups::account_id.eq(account)).filter(ring_groups::id.eq(id));
                Ok(Some(found.select(ring_groups::name).first(c).await?))
            }
            // Nothing makes these yet, so no account has one.
            TargetId::DialPlan(_) | TargetId::VoiceApp(_) | TargetId::Queue(_)
            | TargetId::SharedVoicemailBox(_) => Err(DbError::NotFound),
        }
    }

    /// Adds an extension; `Conflict` when the number is taken, `Reference` when the account has no
    /// such target.
    write fn insert_extension(c, new: NewExtension) -> Extension {
        write_tx!(c, {
            find_target_name(c, new.account_id, new.target).await.map_err(absent)?;
            let extension = Extension::from(new);
            diesel::insert_into(extensions::table).values(&extension).execute(c).await?;
            Ok(extension)
        })
    }

    /// Changes an extension; `Conflict` when the new number is taken, `Reference` when the account has
    /// no such target.
    write fn update_extension(
        c, account: Id<Account>, number: String, changes: ExtensionChanges
    ) -> Extension {
        write_tx!(c, {
            if let Some(target) = changes.target {
                find_target_name(c, account, target).await.map_err(absent)?;
            }
            let row = extensions::table.filter(extensions::account_id.eq(account)).filter(extensions::number.eq(number));
            Ok(diesel::update(row).set((&changes, extensions::updated_at.eq(Time::now())))
                .returning(Extension::as_returning()).get_result(c).await?)
        })
    }

    /// Deletes an extension; its target stays.
    write fn delete_extension(c, account: Id<Account>, number: String) -> Extension {
        let row = extensions::table.filter(extensions::account_id.eq(account)).filter(extensions::number.eq(number));
        Ok(diesel::delete(row).returning(Extension::as_returning()).get_result(c).await?)
    }
}
