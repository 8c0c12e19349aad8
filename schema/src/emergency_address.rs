//! Emergency addresses: where a user's softphone is, as responders are told.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::tables::emergency_addresses;
use crate::types::{Address, Json, Time};
use crate::user::User;

/// A place from which a user calls.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = emergency_addresses)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct EmergencyAddress {
    /// Its id.
    pub id: Id<EmergencyAddress>,
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Whose it is.
    pub user_id: Id<User>,
    /// The place.
    pub address: Json<Address>,
    /// The network it is bound to, an IP address; none until a softphone presents it.
    pub registered_ip: Option<String>,
    /// When it was saved.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for EmergencyAddress {
    const PREFIX: &'static str = "emerg";
}

/// An address to save.
#[derive(Debug, Clone)]
pub struct NewEmergencyAddress {
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Whose it is.
    pub user_id: Id<User>,
    /// The place.
    pub address: Address,
}

impl From<NewEmergencyAddress> for EmergencyAddress {
    fn from(new: NewEmergencyAddress) -> Self {
        let now = Time::now();
        Self {
            id: Id::new(),
            account_id: new.account_id,
            user_id: new.user_id,
            address: Json(new.address),
            registered_ip: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Those of one user, as a filter over the table.
macro_rules! of_user {
    ($account:expr, $user:expr) => {
        emergency_addresses::table
            .filter(emergency_addresses::account_id.eq($account))
            .filter(emergency_addresses::user_id.eq($user))
    };
}

queries! {
    /// A page of a user's addresses.
    read fn list_emergency_addresses(
        c, account: Id<Account>, user: Id<User>, window: Window<EmergencyAddress>
    ) -> Slice<EmergencyAddress> {
        let query = || of_user!(account, user).into_boxed::<Backend>();
        slice!(c, window, EmergencyAddress, emergency_addresses::id, query)
    }

    /// One address of a user.
    read fn find_emergency_address(
        c, account: Id<Account>, user: Id<User>, id: Id<EmergencyAddress>
    ) -> EmergencyAddress {
        let found = of_user!(account, user).filter(emergency_addresses::id.eq(id));
        Ok(found.select(EmergencyAddress::as_select()).first(c).await?)
    }

    /// The address that a user saved last.
    read fn find_last_emergency_address(c, account: Id<Account>, user: Id<User>) -> EmergencyAddress {
        let found = of_user!(account, user).order(emergency_addresses::id.desc());
        Ok(found.select(EmergencyAddress::as_select()).first(c).await?)
    }

    /// Saves an address, unless the user has `most` already.
    write fn insert_emergency_address(c, new: NewEmergencyAddress, most: i64) -> Option<EmergencyAddress> {
        write_tx!(c, {
            let address = EmergencyAddress::from(new);
            let there: i64 = of_user!(address.account_id, address.user_id).count().get_result(c).await?;
            if there >= most {
                return Ok(None);
            }
            diesel::insert_into(emergency_addresses::table).values(&address).execute(c).await?;
            Ok(Some(address))
        })
    }

    /// Replaces the address that a user saved last and unbinds it, or saves their first.
    write fn replace_last_emergency_address(c, new: NewEmergencyAddress) -> EmergencyAddress {
        write_tx!(c, {
            let new = EmergencyAddress::from(new);
            let last: Option<Id<EmergencyAddress>> = of_user!(new.account_id, new.user_id)
                .select(emergency_addresses::id).order(emergency_addresses::id.desc())
                .first(c).await.optional()?;
            let Some(last) = last else {
                diesel::insert_into(emergency_addresses::table).values(&new).execute(c).await?;
                return Ok(new);
            };
            let row = of_user!(new.account_id, new.user_id).filter(emergency_addresses::id.eq(last));
            Ok(diesel::update(row).set((
                emergency_addresses::address.eq(&new.address),
                emergency_addresses::registered_ip.eq(None::<String>),
                emergency_addresses::updated_at.eq(new.updated_at),
            )).returning(EmergencyAddress::as_returning()).get_result(c).await?)
        })
    }

    /// Binds an address that is bound nowhere to a network, and gives it as it then is: whoever presents it
    /// from elsewhere sees by `registered_ip` that it stayed where it was.
    write fn bind_emergency_address(
        c, account: Id<Account>, user: Id<User>, id: Id<EmergencyAddress>, ip: String
    ) -> EmergencyAddress {
        write_tx!(c, {
            let row = of_user!(account, user).filter(emergency_addresses::id.eq(id));
            diesel::update(row.filter(emergency_addresses::registered_ip.is_null())).set((
                emergency_addresses::registered_ip.eq(&ip),
                emergency_addresses::updated_at.eq(Time::now()),
            )).execute(c).await?;
            Ok(row.select(EmergencyAddress::as_select()).first(c).await?)
        })
    }

    /// Unbinds an address, so that the next connection that presents it binds it again.
    write fn unbind_emergency_address(
        c, account: Id<Account>, user: Id<User>, id: Id<EmergencyAddress>
    ) -> EmergencyAddress {
        let row = of_user!(account, user).filter(emergency_addresses::id.eq(id));
        Ok(diesel::update(row).set((
            emergency_addresses::registered_ip.eq(None::<String>),
            emergency_addresses::updated_at.eq(Time::now()),
        )).returning(EmergencyAddress::as_returning()).get_result(c).await?)
    }

    /// Deletes an address.
    write fn delete_emergency_address(
        c, account: Id<Account>, user: Id<User>, id: Id<EmergencyAddress>
    ) -> EmergencyAddress {
        let row = of_user!(account, user).filter(emergency_addresses::id.eq(id));
        Ok(diesel::delete(row).returning(EmergencyAddress::as_returning()).get_result(c).await?)
    }
}
