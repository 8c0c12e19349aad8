//! Queries of an account's numbers, and the routing of inbound and outbound calls.

use diesel::prelude::*;

use super::{PhoneNumber, PhoneNumberChanges};
use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::Id;
use crate::page::{Slice, Window, slice};
use crate::tables::phone_numbers;
use crate::types::{InboundRouting, PhoneNumberStatus, TargetId, Time};

queries! {
    /// A page of an account's numbers, in one status when given.
    read fn list_phone_numbers(
        c, account: Id<Account>, status: Option<PhoneNumberStatus>, window: Window<PhoneNumber>
    ) -> Slice<PhoneNumber> {
        let query = || {
            let query = phone_numbers::table
                .filter(phone_numbers::account_id.eq(account)).into_boxed::<Backend>();
            match status {
                Some(status) => query.filter(phone_numbers::status.eq(status)),
                None => query,
            }
        };
        slice!(c, window, PhoneNumber, phone_numbers::id, query)
    }

    /// One number of an account.
    read fn find_phone_number(c, account: Id<Account>, id: Id<PhoneNumber>) -> PhoneNumber {
        let found = phone_numbers::table.filter(phone_numbers::account_id.eq(account)).filter(phone_numbers::id.eq(id));
        Ok(found.select(PhoneNumber::as_select()).first(c).await?)
    }

    /// Those of these numbers that the account has, in no order.
    read fn find_phone_numbers(c, account: Id<Account>, ids: Vec<Id<PhoneNumber>>) -> Vec<PhoneNumber> {
        let found = phone_numbers::table.filter(phone_numbers::account_id.eq(account)).filter(phone_numbers::id.eq_any(ids));
        Ok(found.select(PhoneNumber::as_select()).load(c).await?)
    }

    /// The number an inbound call was dialled to, when it is in service on some account: the one
    /// question before the account is known.
    read fn find_number_in_service(c, phone_number: String) -> PhoneNumber {
        let found = phone_numbers::table
            .filter(phone_numbers::phone_number.eq(phone_number))
            .filter(phone_numbers::status.eq(PhoneNumberStatus::Active))
            .filter(phone_numbers::account_id.is_not_null());
        Ok(found.select(PhoneNumber::as_select()).first(c).await?)
    }

    /// The account's oldest number that may be presented on outgoing calls.
    read fn find_first_outbound_number(c, account: Id<Account>) -> PhoneNumber {
        let found = phone_numbers::table.filter(phone_numbers::account_id.eq(account))
            .filter(phone_numbers::status.eq(PhoneNumberStatus::Active))
            .filter(phone_numbers::outbound_enabled.eq(true));
        Ok(found.order(phone_numbers::id.asc()).select(PhoneNumber::as_select()).first(c).await?)
    }

    /// How many numbers an account holds, released ones not counted.
    read fn count_phone_numbers(c, account: Id<Account>) -> i64 {
        let held = phone_numbers::table.filter(phone_numbers::account_id.eq(account))
            .filter(phone_numbers::status.ne(PhoneNumberStatus::Released));
        Ok(held.count().get_result(c).await?)
    }

    /// Changes a number that is not released (else `NotFound`).
    write fn update_phone_number(
        c, account: Id<Account>, id: Id<PhoneNumber>, changes: PhoneNumberChanges
    ) -> PhoneNumber {
        let row = phone_numbers::table.filter(phone_numbers::account_id.eq(account))
            .filter(phone_numbers::id.eq(id)).filter(phone_numbers::status.ne(PhoneNumberStatus::Released));
        Ok(diesel::update(row).set((&changes, phone_numbers::updated_at.eq(Time::now())))
            .returning(PhoneNumber::as_returning()).get_result(c).await?)
    }

    /// Says where inbound calls go. `Drop` takes the target away.
    write fn route_phone_number(
        c, account: Id<Account>, id: Id<PhoneNumber>, inbound: InboundRouting, target: Option<TargetId>
    ) -> PhoneNumber {
        let row = phone_numbers::table.filter(phone_numbers::account_id.eq(account))
            .filter(phone_numbers::id.eq(id)).filter(phone_numbers::status.ne(PhoneNumberStatus::Released));
        let target = target.filter(|_| inbound != InboundRouting::Drop);
        Ok(diesel::update(row).set((
            phone_numbers::inbound_routing.eq(inbound),
            phone_numbers::routing_target.eq(target),
            phone_numbers::updated_at.eq(Time::now()),
        )).returning(PhoneNumber::as_returning()).get_result(c).await?)
    }
}
