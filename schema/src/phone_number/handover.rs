//! Numbers change hands: claimed from the stock, placed by the operator, reassigned, released.

use diesel::prelude::*;

use super::{CallerIdSettings, Directory, Origin, PhoneNumber, Placement};
use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::Id;
use crate::platform::Platform;
use crate::tables::{accounts, phone_numbers, users};
use crate::types::{InboundRouting, PhoneNumberStatus, TargetId, Time};

/// What became of the wish to have a number.
#[derive(Debug, Clone, PartialEq)]
pub enum NumberClaim {
    /// It is the account's now, in service.
    Claimed(Box<PhoneNumber>),
    /// It was the account's before.
    AlreadyOurs,
    /// Another account has it.
    InServiceElsewhere,
    /// It is not in stock.
    Unknown,
}

queries! {
    /// Hands a number to another account of the same platform and mode, without its routing and not for
    /// outgoing use. `NotFound` when either is not there.
    write fn reassign_phone_number(
        c, account: Id<Account>, id: Id<PhoneNumber>, to: Id<Account>
    ) -> PhoneNumber {
        write_tx!(c, {
            let (platform, livemode): (Id<Platform>, bool) = accounts::table.find(account)
                .select((accounts::platform_id, accounts::livemode)).first(c).await?;
            accounts::table.filter(accounts::platform_id.eq(platform)).filter(accounts::livemode.eq(livemode))
                .filter(accounts::id.eq(to)).select(accounts::id).first::<Id<Account>>(c).await?;
            let row = phone_numbers::table.filter(phone_numbers::account_id.eq(account))
                .filter(phone_numbers::id.eq(id)).filter(phone_numbers::status.ne(PhoneNumberStatus::Released));
            let number: PhoneNumber = diesel::update(row).set((
                phone_numbers::account_id.eq(to),
                phone_numbers::outbound_enabled.eq(false),
                phone_numbers::inbound_routing.eq(InboundRouting::Default),
                phone_numbers::routing_target.eq(None::<TargetId>),
                phone_numbers::updated_at.eq(Time::now()),
            )).returning(PhoneNumber::as_returning()).get_result(c).await?;
            forget_caller_id(c, id).await?;
            Ok(number)
        })
    }

    /// Gives a number back to the carrier for good. A row of its own stays as the history.
    write fn release_phone_number(c, account: Id<Account>, id: Id<PhoneNumber>) -> PhoneNumber {
        write_tx!(c, {
            let now = Time::now();
            let row = phone_numbers::table.filter(phone_numbers::account_id.eq(account))
                .filter(phone_numbers::id.eq(id)).filter(phone_numbers::status.ne(PhoneNumberStatus::Released));
            let released = Placement {
                account_id: Some(account),
                status: PhoneNumberStatus::Released,
                disconnected_at: Some(now),
                ..Placement::in_stock()
            };
            let number: PhoneNumber = diesel::update(row).set((released, phone_numbers::updated_at.eq(now)))
                .returning(PhoneNumber::as_returning()).get_result(c).await?;
            forget_caller_id(c, id).await?;
            Ok(number)
        })
    }

    /// Puts a number of the stock in service on an account, unless somebody else was faster.
    write fn claim_phone_number(c, account: Id<Account>, phone_number: String) -> NumberClaim {
        write_tx!(c, {
            let known = phone_numbers::table.filter(phone_numbers::phone_number.eq(&phone_number))
                .filter(phone_numbers::status.ne(PhoneNumberStatus::Released));
            let claimed = diesel::update(known.filter(phone_numbers::account_id.is_null()))
                .set((
                    Placement::in_service(account),
                    CallerIdSettings::unset(),
                    Directory::unset(),
                    phone_numbers::updated_at.eq(Time::now()),
                )).returning(PhoneNumber::as_returning()).get_result::<PhoneNumber>(c).await.optional()?;
            if let Some(number) = claimed {
                return Ok(NumberClaim::Claimed(Box::new(number)));
            }
            let owner = known.select(phone_numbers::account_id).first::<Option<Id<Account>>>(c).await.optional()?;
            Ok(match owner {
                Some(Some(owner)) if owner == account => NumberClaim::AlreadyOurs,
                Some(_) => NumberClaim::InServiceElsewhere,
                None => NumberClaim::Unknown,
            })
        })
    }

    /// The operator's say over a number: on an account (in service, routing reset) or back in stock.
    write fn place_phone_number(
        c, id: Id<PhoneNumber>, account: Option<Id<Account>>, origin: Option<Origin>
    ) -> PhoneNumber {
        write_tx!(c, {
            let row = phone_numbers::table.find(id);
            let mut number: PhoneNumber = diesel::update(row)
                .set(phone_numbers::updated_at.eq(Time::now()))
                .returning(PhoneNumber::as_returning()).get_result(c).await?;
            if number.placement.account_id != account {
                number.placement = match account {
                    Some(account) => Placement::in_service(account),
                    None => Placement::in_stock(),
                };
                number.caller_id = CallerIdSettings::unset();
                number.directory = Directory::unset();
                let clean = (&number.placement, &number.caller_id, &number.directory);
                diesel::update(row).set(clean).execute(c).await?;
                forget_caller_id(c, id).await?;
            }
            if let Some(origin) = origin {
                diesel::update(row).set((
                    phone_numbers::city.eq(&origin.city),
                    phone_numbers::state.eq(&origin.state),
                    phone_numbers::rate_center.eq(&origin.rate_center),
                    phone_numbers::lata.eq(&origin.lata),
                )).execute(c).await?;
                number.origin = origin;
            }
            Ok(number)
        })
    }

    /// Forgets a number altogether.
    write fn delete_phone_number(c, id: Id<PhoneNumber>) -> PhoneNumber {
        write_tx!(c, {
            let row = phone_numbers::table.find(id);
            let number: PhoneNumber = diesel::delete(row).returning(PhoneNumber::as_returning()).get_result(c).await?;
            forget_caller_id(c, id).await?;
            Ok(number)
        })
    }

    /// Takes a number out of every place that presents it on outgoing calls.
    write fn forget_caller_id(c, id: Id<PhoneNumber>) -> () {
        diesel::update(accounts::table.filter(accounts::default_outbound_did_id.eq(id)))
            .set(accounts::default_outbound_did_id.eq(None::<Id<PhoneNumber>>)).execute(c).await?;
        diesel::update(users::table.filter(users::outbound_caller_id_did_id.eq(id)))
            .set(users::outbound_caller_id_did_id.eq(None::<Id<PhoneNumber>>)).execute(c).await?;
        Ok(())
    }
}
