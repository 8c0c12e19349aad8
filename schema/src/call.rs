//! Call records: one row for each ended call, written exactly once.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::endpoint::Endpoint;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::phone_number::PhoneNumber;
use crate::tables::{accounts, calls};
use crate::trunk::Trunk;
use crate::types::{CallDirection, CallStatus, Json, QualityMetric, Sentiment, Time};
use crate::user::User;

/// The record of an ended call.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Call {
    /// Its id, given when the call began; also the order of the list.
    pub id: Id<Call>,
    /// Whose call.
    pub account_id: Id<Account>,
    /// Where it came from and went.
    pub direction: CallDirection,
    /// How it ended.
    pub status: CallStatus,
    /// Who spoke with whom.
    #[diesel(embed)]
    pub parties: CallParties,
    /// What happened when.
    #[diesel(embed)]
    pub times: CallTimes,
    /// Q.850 cause of the destination when it was not connected, 0 to 127.
    pub hangup_cause: Option<i32>,
    /// How it sounded: one entry a leg, none when unanswered.
    pub quality_metrics: Json<Vec<QualityMetric>>,
    /// What was made of its words.
    #[diesel(embed)]
    pub insight: CallInsight,
    /// For the operator's eyes.
    #[diesel(embed)]
    pub trace: CallTrace,
}

impl Kind for Call {
    const PREFIX: &'static str = "call";
}

/// Who spoke with whom. Ids may be of resources that were deleted since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CallParties {
    /// The user on the call.
    pub user_id: Option<Id<User>>,
    /// The endpoint that handled it.
    pub endpoint_id: Option<Id<Endpoint>>,
    /// The account's number involved.
    pub did_id: Option<Id<PhoneNumber>>,
    /// Caller number or extension, at most 20 characters; empty when unknown.
    pub from_number: String,
    /// Name of the caller.
    pub from_label: Option<String>,
    /// Where it was routed: E.164 or extension, at most 20 characters; empty when unknown.
    pub to_number: String,
    /// Name of the destination.
    pub to_label: Option<String>,
    /// What was dialled, before it was normalised.
    pub dialed_number: String,
}

/// What happened when.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CallTimes {
    /// The call began.
    pub started_at: Time,
    /// It was answered, by whatever.
    pub answered_at: Option<Time>,
    /// A person or outside party was connected.
    pub connected_at: Option<Time>,
    /// It ended.
    pub ended_at: Time,
    /// Seconds from answer to end; absent when unanswered.
    pub duration_seconds: Option<i32>,
}

/// What was made of a call's words.
#[derive(Debug, Clone, Default, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CallInsight {
    /// A summary.
    pub summary: Option<String>,
    /// The mood.
    pub sentiment: Option<Json<Sentiment>>,
}

/// What the API does not show but an operator asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CallTrace {
    /// SIP Call-ID of the first leg.
    pub sip_call_id: Option<String>,
    /// The trunk it came by.
    pub inbound_trunk_id: Option<Id<Trunk>>,
    /// The trunk it went by.
    pub outbound_trunk_id: Option<Id<Trunk>>,
    /// Why it ended, in our words.
    pub end_reason: Option<String>,
}

/// What became of a record that was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is written.
    New,
    /// It had been written before; the old one stays.
    Known,
    /// Its account was deleted meanwhile, and the record with it.
    NoAccount,
}

/// Which of the calls that a user took part in are wanted; all given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCalls {
    /// Who.
    pub user: Id<User>,
    /// Their extensions: a record of a call between colleagues names the one who called as its user.
    pub numbers: Vec<String>,
    /// To them, or else from them.
    pub inbound: Option<bool>,
    /// Began then or later.
    pub from: Option<Time>,
    /// Began earlier.
    pub to: Option<Time>,
}

/// The records of an account that a user took part in, as a boxed query.
macro_rules! of_user {
    ($account:expr, $wanted:expr) => {{
        let wanted: UserCalls = $wanted;
        let mut query = calls::table
            .filter(calls::account_id.eq($account))
            .into_boxed::<Backend>();
        let mine = calls::user_id
            .assume_not_null()
            .eq(wanted.user)
            .and(calls::user_id.is_not_null());
        let between = calls::direction.eq(CallDirection::Internal);
        let to_me = between.and(calls::to_number.eq_any(wanted.numbers));
        query = match wanted.inbound {
            None => query.filter(mine.or(to_me)),
            Some(true) => {
                query.filter(to_me.or(mine.and(calls::direction.eq(CallDirection::Inbound))))
            }
            Some(false) => query.filter(mine.and(calls::direction.ne(CallDirection::Inbound))),
        };
        if let Some(from) = wanted.from {
            query = query.filter(calls::started_at.ge(from));
        }
        if let Some(to) = wanted.to {
            query = query.filter(calls::started_at.lt(to));
        }
        query
    }};
}

/// Which records are wanted; all given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// See [`CallParties::user_id`].
    pub user_id: Option<Id<User>>,
    /// See [`CallParties::endpoint_id`].
    pub endpoint_id: Option<Id<Endpoint>>,
    /// See [`CallParties::did_id`].
    pub did_id: Option<Id<PhoneNumber>>,
    /// See [`Call::direction`].
    pub direction: Option<CallDirection>,
    /// Exactly this caller.
    pub from_number: Option<String>,
    /// Exactly this destination, as dialled or as routed.
    pub to_number: Option<String>,
    /// See [`Call::status`].
    pub status: Option<CallStatus>,
    /// Began then or later.
    pub from: Option<Time>,
    /// Began earlier.
    pub to: Option<Time>,
}

queries! {
    /// A page of an account's records.
    read fn list_calls(c, account: Id<Account>, filter: CallFilter, window: Window<Call>) -> Slice<Call> {
        let query = || {
            let wanted = filter.clone();
            let mut query = calls::table.filter(calls::account_id.eq(account)).into_boxed::<Backend>();
            if let Some(user) = wanted.user_id {
                query = query.filter(calls::user_id.eq(user));
            }
            if let Some(endpoint) = wanted.endpoint_id {
                query = query.filter(calls::endpoint_id.eq(endpoint));
            }
            if let Some(did) = wanted.did_id {
                query = query.filter(calls::did_id.eq(did));
            }
            if let Some(direction) = wanted.direction {
                query = query.filter(calls::direction.eq(direction));
            }
            if let Some(number) = wanted.from_number {
                query = query.filter(calls::from_number.eq(number));
            }
            if let Some(number) = wanted.to_number {
                query = query.filter(calls::to_number.eq(number.clone()).or(calls::dialed_number.eq(number)));
            }
            if let Some(status) = wanted.status {
                query = query.filter(calls::status.eq(status));
            }
            if let Some(from) = wanted.from {
                query = query.filter(calls::started_at.ge(from));
            }
            if let Some(to) = wanted.to {
                query = query.filter(calls::started_at.lt(to));
            }
            query
        };
        slice!(c, window, Call, calls::id, query)
    }

    /// A page of the records of calls that a user took part in.
    read fn list_calls_of_user(c, account: Id<Account>, wanted: UserCalls, window: Window<Call>) -> Slice<Call> {
        let query = || of_user!(account, wanted.clone());
        slice!(c, window, Call, calls::id, query)
    }

    /// One of them.
    read fn find_call_of_user(c, account: Id<Account>, wanted: UserCalls, id: Id<Call>) -> Call {
        let found = of_user!(account, wanted).filter(calls::id.eq(id));
        Ok(found.select(Call::as_select()).first(c).await?)
    }

    /// Deletes some records of an account, at most so many; gives how many.
    write fn delete_some_calls(c, account: Id<Account>, most: u32) -> usize {
        write_tx!(c, {
            let some = calls::table.filter(calls::account_id.eq(account)).limit(most.into());
            let ids: Vec<Id<Call>> = some.select(calls::id).load(c).await?;
            Ok(diesel::delete(calls::table.filter(calls::id.eq_any(ids))).execute(c).await?)
        })
    }

    /// One record of an account.
    read fn find_call(c, account: Id<Account>, id: Id<Call>) -> Call {
        let found = calls::table.filter(calls::account_id.eq(account)).filter(calls::id.eq(id));
        Ok(found.select(Call::as_select()).first(c).await?)
    }

    /// Writes a record; writing it again changes nothing.
    write fn insert_call(c, call: Call) -> Recorded {
        let recorded = insert_calls(c, vec![call]).await?;
        recorded.into_iter().next().ok_or(DbError::NotFound)
    }

    /// Writes records, all or none, and says of each what became of it, in their order.
    write fn insert_calls(c, records: Vec<Call>) -> Vec<Recorded> {
        write_tx!(c, {
            let mut wanted: Vec<Id<Account>> = records.iter().map(|call| call.account_id).collect();
            wanted.sort_unstable();
            wanted.dedup();
            let there: Vec<Id<Account>> = accounts::table.filter(accounts::id.eq_any(wanted))
                .order(accounts::id.asc()).select(accounts::id).load(c).await?;
            let now = Time::now();
            let mut recorded = Vec::with_capacity(records.len());
            for call in records {
                if there.binary_search(&call.account_id).is_err() {
                    recorded.push(Recorded::NoAccount);
                    continue;
                }
                let row = (&call, calls::created_at.eq(now), calls::updated_at.eq(now));
                let written = diesel::insert_into(calls::table).values(row)
                    .on_conflict_do_nothing().execute(c).await?;
                recorded.push(if written == 1 { Recorded::New } else { Recorded::Known });
            }
            Ok(recorded)
        })
    }
}
