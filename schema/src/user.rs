//! Users: people with phone service.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::phone_number::PhoneNumber;
use crate::tables::{extensions, phone_numbers, ring_group_members, ring_groups, users};
use crate::types::{Json, TargetId, Time, TimeoutAction, UserConfig, UserConfigChanges};

/// The most users that are rung at once when a number leads to everybody.
pub const RING_ALL_MAX: i64 = 200;

/// A seat of an account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct User {
    /// Their id.
    pub id: Id<User>,
    /// Where they belong.
    pub account_id: Id<Account>,
    /// Name to show, 1 to 255 characters.
    pub name: Option<String>,
    /// E-mail address, unique in the account whatever its case.
    pub email: Option<String>,
    /// Number shown on their outbound calls; the account's when absent.
    pub outbound_caller_id_did_id: Option<Id<PhoneNumber>>,
    /// Digits that open their mailbox by phone.
    pub voicemail_pin: Option<String>,
    /// Whether calls to them are declined.
    pub do_not_disturb: bool,
    /// What they have set.
    pub config: Json<UserConfig>,
    /// When they were added.
    pub created_at: Time,
    /// When they last changed.
    pub updated_at: Time,
    /// What they say of themselves.
    #[diesel(embed)]
    pub presence: PresenceSetting,
}

/// What a user says of themselves, beside not wanting to be disturbed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PresenceSetting {
    /// Away from their phones; calls ring all the same.
    pub away: bool,
    /// Free text, up to 100 characters.
    pub status_text: Option<String>,
    /// When any of it, or do-not-disturb, was last set; never when absent.
    pub presence_set_at: Option<Time>,
}

impl Kind for User {
    const PREFIX: &'static str = "user";
}

impl User {
    /// What a search looks through: name and address in lower case, on lines of their own.
    fn search_text(&self) -> String {
        let parts = [self.name.as_deref(), self.email.as_deref()];
        parts
            .map(Option::unwrap_or_default)
            .join("\n")
            .to_lowercase()
    }
}

/// A pattern for `LIKE` that finds this text anywhere; its own wildcards stand for themselves.
fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// A user to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Where they belong.
    pub account_id: Id<Account>,
    /// Name to show.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

impl From<NewUser> for User {
    fn from(new: NewUser) -> Self {
        let now = Time::now();
        Self {
            id: Id::new(),
            account_id: new.account_id,
            name: new.name,
            email: new.email,
            outbound_caller_id_did_id: None,
            voicemail_pin: None,
            do_not_disturb: false,
            config: Json::default(),
            created_at: now,
            updated_at: now,
            presence: PresenceSetting::default(),
        }
    }
}

/// What to change of a user; `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = users)]
pub struct UserChanges {
    /// See [`User::name`].
    pub name: Option<Option<String>>,
    /// See [`User::email`].
    pub email: Option<Option<String>>,
    /// See [`User::outbound_caller_id_did_id`].
    pub outbound_caller_id_did_id: Option<Option<Id<PhoneNumber>>>,
    /// See [`User::voicemail_pin`].
    pub voicemail_pin: Option<Option<String>>,
    /// See [`User::do_not_disturb`].
    pub do_not_disturb: Option<bool>,
    /// See [`PresenceSetting::away`].
    pub away: Option<bool>,
    /// See [`PresenceSetting::status_text`].
    pub status_text: Option<Option<String>>,
    /// See [`PresenceSetting::presence_set_at`].
    pub presence_set_at: Option<Time>,
}

queries! {
    /// A page of an account's users; `search` is looked for in name and e-mail address, whatever the case.
    read fn list_users(c, account: Id<Account>, search: Option<String>, window: Window<User>) -> Slice<User> {
        let pattern = search.as_deref().map(contains);
        let query = || {
            let query = users::table.filter(users::account_id.eq(account)).into_boxed::<Backend>();
            match pattern.clone() {
                Some(pattern) => query.filter(users::search_text.like(pattern).escape('\\')),
                None => query,
            }
        };
        slice!(c, window, User, users::id, query)
    }

    /// One user of an account.
    read fn find_user(c, account: Id<Account>, id: Id<User>) -> User {
        let found = users::table.filter(users::account_id.eq(account)).filter(users::id.eq(id));
        Ok(found.select(User::as_select()).first(c).await?)
    }

    /// Those of these users that the account has, in no order.
    read fn find_users(c, account: Id<Account>, ids: Vec<Id<User>>) -> Vec<User> {
        let found = users::table.filter(users::account_id.eq(account)).filter(users::id.eq_any(ids));
        Ok(found.select(User::as_select()).load(c).await?)
    }

    /// All users of an account, oldest first; [`RING_ALL_MAX`] at most.
    read fn list_users_to_ring(c, account: Id<Account>) -> Vec<User> {
        let found = users::table.filter(users::account_id.eq(account)).order(users::id.asc());
        Ok(found.limit(RING_ALL_MAX).select(User::as_select()).load(c).await?)
    }

    /// Adds a user; `Conflict` when the e-mail address is taken.
    write fn insert_user(c, new: NewUser) -> User {
        let user = User::from(new);
        let row = (&user, users::search_text.eq(user.search_text()));
        diesel::insert_into(users::table).values(row).execute(c).await?;
        Ok(user)
    }

    /// Changes a user; members of the configuration that are not given stay.
    write fn update_user(
        c, account: Id<Account>, id: Id<User>, changes: UserChanges, config: UserConfigChanges
    ) -> User {
        write_tx!(c, {
            let row = users::table.filter(users::account_id.eq(account)).filter(users::id.eq(id));
            // The update locks the row, so that nobody else merges into the same old configuration.
            let mut user: User = diesel::update(row)
                .set((&changes, users::updated_at.eq(Time::now())))
                .returning(User::as_returning()).get_result(c).await?;
            config.apply(&mut user.config);
            let rest = (users::config.eq(&user.config), users::search_text.eq(user.search_text()));
            diesel::update(row).set(rest).execute(c).await?;
            Ok(user)
        })
    }

    /// Deletes a user with their endpoints, bindings and extensions, takes them out of ring groups and
    /// clears what led to them. Call records stay.
    write fn delete_user(c, account: Id<Account>, id: Id<User>) -> User {
        write_tx!(c, {
            let row = users::table.filter(users::account_id.eq(account)).filter(users::id.eq(id));
            let user: User = diesel::delete(row).returning(User::as_returning()).get_result(c).await?;
            let (target, now) = (TargetId::User(id), Time::now());
            diesel::delete(extensions::table
                .filter(extensions::account_id.eq(account)).filter(extensions::target.eq(target)))
                .execute(c).await?;
            diesel::delete(ring_group_members::table
                .filter(ring_group_members::account_id.eq(account)).filter(ring_group_members::extension.eq(target)))
                .execute(c).await?;
            let groups = ring_groups::table
                .filter(ring_groups::account_id.eq(account)).filter(ring_groups::timeout_target.eq(target));
            diesel::update(groups).set((
                ring_groups::timeout_action.eq(None::<TimeoutAction>),
                ring_groups::timeout_target.eq(None::<TargetId>),
                ring_groups::updated_at.eq(now),
            )).execute(c).await?;
            let numbers = phone_numbers::table
                .filter(phone_numbers::account_id.eq(account)).filter(phone_numbers::routing_target.eq(target));
            diesel::update(numbers).set((
                phone_numbers::routing_target.eq(None::<TargetId>),
                phone_numbers::updated_at.eq(now),
            )).execute(c).await?;
            Ok(user)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(contains("50%_\\Ä"), "%50\\%\\_\\\\ä%");
    }
}
