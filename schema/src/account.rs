//! Accounts: the tenants. All else of a tenant hangs on one and goes with it.

use diesel::prelude::*;

use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::phone_number::{CallerIdSettings, Directory, PhoneNumber, Placement};
use crate::platform::Platform;
use crate::tables::{accounts, phone_numbers};
use crate::types::{AccountConfig, AccountConfigChanges, Address, Json, PhoneNumberStatus, Time};
use crate::{AudioClip, Location};

/// A customer of a platform.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Account {
    /// Its id.
    pub id: Id<Account>,
    /// Whose customer.
    pub platform_id: Id<Platform>,
    /// Live, or a sandbox; fixed by the key that made it.
    pub livemode: bool,
    /// Contact address.
    pub email: Option<String>,
    /// Name of the company.
    pub name: Option<String>,
    /// Contact number, E.164.
    pub phone: Option<String>,
    /// Contact person.
    pub primary_contact_name: Option<String>,
    /// What it has set.
    pub config: Json<AccountConfig>,
    /// Number shown on outbound calls; the first that may be shown when absent.
    pub default_outbound_did_id: Option<Id<PhoneNumber>>,
    /// Sound for waiting callers; the platform's when absent.
    pub hold_music_clip_id: Option<Id<AudioClip>>,
    /// Place used for emergency calls.
    pub main_location_id: Option<Id<Location>>,
    /// Postal address.
    pub billing_address: Option<Json<Address>>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for Account {
    const PREFIX: &'static str = "acct";
}

/// An account to add.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Whose customer.
    pub platform_id: Id<Platform>,
    /// Live, or a sandbox.
    pub livemode: bool,
    /// Contact address.
    pub email: Option<String>,
    /// Name of the company.
    pub name: Option<String>,
    /// Contact number, E.164.
    pub phone: Option<String>,
    /// Contact person.
    pub primary_contact_name: Option<String>,
    /// What differs from the defaults.
    pub config: AccountConfigChanges,
    /// Postal address.
    pub billing_address: Option<Address>,
}

impl From<NewAccount> for Account {
    fn from(new: NewAccount) -> Self {
        let now = Time::now();
        let mut config = AccountConfig::default();
        new.config.apply(&mut config);
        Self {
            id: Id::new(),
            platform_id: new.platform_id,
            livemode: new.livemode,
            email: new.email,
            name: new.name,
            phone: new.phone,
            primary_contact_name: new.primary_contact_name,
            config: Json(config),
            default_outbound_did_id: None,
            hold_music_clip_id: None,
            main_location_id: None,
            billing_address: new.billing_address.map(Json),
            created_at: now,
            updated_at: now,
        }
    }
}

/// What to change of an account; `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = accounts)]
pub struct AccountChanges {
    /// See [`Account::email`].
    pub email: Option<Option<String>>,
    /// See [`Account::name`].
    pub name: Option<Option<String>>,
    /// See [`Account::phone`].
    pub phone: Option<Option<String>>,
    /// See [`Account::primary_contact_name`].
    pub primary_contact_name: Option<Option<String>>,
    /// See [`Account::default_outbound_did_id`].
    pub default_outbound_did_id: Option<Option<Id<PhoneNumber>>>,
    /// See [`Account::hold_music_clip_id`].
    pub hold_music_clip_id: Option<Option<Id<AudioClip>>>,
    /// See [`Account::main_location_id`].
    pub main_location_id: Option<Option<Id<Location>>>,
    /// See [`Account::billing_address`].
    pub billing_address: Option<Option<Json<Address>>>,
}

queries! {
    /// A page of a platform's accounts of one mode.
    read fn list_accounts(c, platform: Id<Platform>, livemode: bool, window: Window<Account>) -> Slice<Account> {
        let query = || accounts::table
            .filter(accounts::platform_id.eq(platform))
            .filter(accounts::livemode.eq(livemode))
            .into_boxed::<Backend>();
        slice!(c, window, Account, accounts::id, query)
    }

    /// One account of a platform and mode.
    read fn find_account(c, platform: Id<Platform>, livemode: bool, id: Id<Account>) -> Account {
        let found = accounts::table.filter(accounts::platform_id.eq(platform)).filter(accounts::livemode.eq(livemode));
        Ok(found.filter(accounts::id.eq(id)).select(Account::as_select()).first(c).await?)
    }

    /// One account by its id alone, for those who already know that they may: tokens and live calls.
    read fn load_account(c, id: Id<Account>) -> Account {
        Ok(accounts::table.find(id).select(Account::as_select()).first(c).await?)
    }

    /// Adds an account.
    write fn insert_account(c, new: NewAccount) -> Account {
        let account = Account::from(new);
        diesel::insert_into(accounts::table).values(&account).execute(c).await?;
        Ok(account)
    }

    /// Changes an account; members of the configuration that are not given stay.
    write fn update_account(
        c, platform: Id<Platform>, livemode: bool, id: Id<Account>,
        changes: AccountChanges, config: AccountConfigChanges
    ) -> Account {
        write_tx!(c, {
            let row = accounts::table.filter(accounts::platform_id.eq(platform))
                .filter(accounts::livemode.eq(livemode)).filter(accounts::id.eq(id));
            // The update locks the row, so that nobody else merges into the same old configuration.
            let mut account: Account = diesel::update(row)
                .set((&changes, accounts::updated_at.eq(Time::now())))
                .returning(Account::as_returning()).get_result(c).await?;
            let old = account.config.clone();
            config.apply(&mut account.config);
            if account.config != old {
                diesel::update(row).set(accounts::config.eq(&account.config)).execute(c).await?;
            }
            Ok(account)
        })
    }

    /// Deletes an account with all that is its own, call records included; its phone numbers go back
    /// to the stock.
    write fn delete_account(c, platform: Id<Platform>, livemode: bool, id: Id<Account>) -> Account {
        write_tx!(c, {
            let row = accounts::table.filter(accounts::platform_id.eq(platform))
                .filter(accounts::livemode.eq(livemode)).filter(accounts::id.eq(id));
            let account: Account = diesel::update(row).set(accounts::updated_at.eq(Time::now()))
                .returning(Account::as_returning()).get_result(c).await?;
            let numbers = phone_numbers::table.filter(phone_numbers::account_id.eq(id))
                .filter(phone_numbers::status.ne(PhoneNumberStatus::Released));
            diesel::update(numbers).set((
                Placement::in_stock(),
                CallerIdSettings::unset(),
                Directory::unset(),
                phone_numbers::updated_at.eq(Time::now()),
            )).execute(c).await?;
            diesel::delete(accounts::table.find(id)).execute(c).await?;
            Ok(account)
        })
    }
}
