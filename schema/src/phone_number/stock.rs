//! The operator's stock of numbers, and how an account takes one from it.

use diesel::prelude::*;

use super::{CallerIdSettings, Directory, Origin, PhoneNumber, Placement};
use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::Id;
use crate::page::{Slice, Window, slice};
use crate::tables::phone_numbers;
use crate::types::{CallerIdVisibility, ListingType, PhoneNumberStatus, Time};

/// A number to add.
#[derive(Debug, Clone)]
pub struct NewPhoneNumber {
    /// The number, E.164.
    pub phone_number: String,
    /// In service on this account at once; in stock when absent.
    pub account_id: Option<Id<Account>>,
    /// Where it comes from.
    pub origin: Origin,
}

impl From<NewPhoneNumber> for PhoneNumber {
    fn from(new: NewPhoneNumber) -> Self {
        let now = Time::now();
        Self {
            id: Id::new(),
            phone_number: new.phone_number,
            placement: match new.account_id {
                Some(account) => Placement::in_service(account),
                None => Placement::in_stock(),
            },
            caller_id: CallerIdSettings {
                caller_id_name: None,
                caller_id_visibility: CallerIdVisibility::Public,
                caller_id_prefix: None,
            },
            directory: Directory {
                directory_listing_name: None,
                directory_listing_type: ListingType::NonRegistered,
                directory_listing_location_id: None,
            },
            origin: new.origin,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What is looked for in the stock; all given must hold.
#[derive(Debug, Clone, Default)]
pub struct StockSearch {
    /// How the number begins, as `+1415`.
    pub prefix: Option<String>,
    /// City, whatever the case.
    pub city: Option<String>,
    /// Two-letter state.
    pub state: Option<String>,
    /// Rows at most, 1 to 100.
    pub quantity: u32,
}

define_sql_function! {
    /// `lower` as both databases have it; SQLite's knows only ASCII.
    fn lower(text: diesel::sql_types::Nullable<diesel::sql_types::Text>) -> diesel::sql_types::Nullable<diesel::sql_types::Text>;
}

queries! {
    /// A page of every number that is not released: stock and numbers in service.
    read fn list_number_stock(c, window: Window<PhoneNumber>) -> Slice<PhoneNumber> {
        let query = || phone_numbers::table
            .filter(phone_numbers::status.ne(PhoneNumberStatus::Released))
            .into_boxed::<Backend>();
        slice!(c, window, PhoneNumber, phone_numbers::id, query)
    }

    /// One number of the stock or in service, released or not.
    read fn find_stock_number(c, id: Id<PhoneNumber>) -> PhoneNumber {
        Ok(phone_numbers::table.find(id).select(PhoneNumber::as_select()).first(c).await?)
    }

    /// Numbers that nobody has, in the order of the digits.
    read fn search_stock(c, search: StockSearch) -> Vec<PhoneNumber> {
        let mut query = phone_numbers::table.filter(phone_numbers::account_id.is_null())
            .filter(phone_numbers::status.ne(PhoneNumberStatus::Released)).into_boxed::<Backend>();
        if let Some(prefix) = search.prefix {
            // Digits only, so nothing in it is a wildcard.
            let digits: String = prefix.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            query = query.filter(phone_numbers::phone_number.like(format!("{digits}%")));
        }
        if let Some(state) = search.state {
            query = query.filter(phone_numbers::state.eq(state));
        }
        if let Some(city) = search.city {
            query = query.filter(lower(phone_numbers::city).eq(city.to_lowercase()));
        }
        let found = query.order(phone_numbers::phone_number.asc()).limit(search.quantity.clamp(1, 100).into());
        Ok(found.select(PhoneNumber::as_select()).load(c).await?)
    }

    /// Adds a number; `Conflict` when it is known, `Reference` when the account is not there.
    write fn insert_phone_number(c, new: NewPhoneNumber) -> PhoneNumber {
        let number = PhoneNumber::from(new);
        diesel::insert_into(phone_numbers::table).values(&number).execute(c).await?;
        Ok(number)
    }
}
