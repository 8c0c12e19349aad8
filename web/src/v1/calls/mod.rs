//! Calls: placing one, and the records of those that were.

mod body;

use std::collections::HashMap;

use actix_web::{get, post, web::Data};
use schema::{
    Call, CallFilter, DbError, Id, PhoneNumber, Time, User, page::Slice, types::PhoneNumberStatus,
};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::CallCreate;
pub use self::body::{CallBody, DidBody};
use super::{
    accounts::known,
    body::Body,
    error::{Error, Result},
    ids::{At, EntityId},
    reply::{Accepted, Found, List},
    words,
};
use crate::{
    caller::Caller,
    db::Db,
    expand::Expand,
    page::{Page, PageParams},
    query::Query,
    state::State,
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_call)
        .service(list_calls)
        .service(find_call);
}

/// The filters of the list; all that are given must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
struct CallFilters {
    /// Calls of this user.
    #[param(value_type = EntityId, required = false)]
    user_id: String,
    /// Calls of this endpoint.
    #[param(value_type = EntityId, required = false)]
    endpoint_id: String,
    /// Calls over this phone number.
    #[param(value_type = EntityId, required = false)]
    did: String,
    /// Where it came from and went.
    #[param(value_type = words::Direction, inline, required = false)]
    direction: String,
    /// Exactly this caller.
    #[param(max_length = 20, required = false)]
    from_number: String,
    /// Exactly this destination, as dialled or as routed.
    #[param(max_length = 20, required = false)]
    to_number: String,
    /// How it ended.
    #[param(value_type = words::Outcome, inline, required = false)]
    status: String,
    /// Began then or later.
    #[param(required = false)]
    from_date: chrono::DateTime<chrono::Utc>,
    /// Began earlier.
    #[param(required = false)]
    to_date: chrono::DateTime<chrono::Utc>,
    /// Other name of `from_date`.
    #[param(required = false)]
    from: chrono::DateTime<chrono::Utc>,
    /// Other name of `to_date`.
    #[param(required = false)]
    to: chrono::DateTime<chrono::Utc>,
}

/// What `expand[]` can add to a call.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
struct ExpandDid {
    /// `did` turns the phone number's id into an object.
    #[param(rename = "expand[]", required = false, inline, style = Form, explode)]
    expand: Vec<DidRelation>,
}

/// The relation `did`.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "read only by the document's generator")]
enum DidRelation {
    Did,
}

/// Ring a user's phones, and dial when one answers. Promises neither a call nor an answer.
#[utoipa::path(tag = "calls", request_body = CallCreate, responses(
    (status = 202), (status = 404), (status = 422),
))]
#[post("")]
async fn create_call(
    caller: Caller,
    db: Db,
    state: Data<State>,
    Body(body): Body<CallCreate>,
) -> Result<Accepted> {
    let unknown = Error::NotFound("User");
    let user = body
        .user
        .as_ref()
        .or(body.user_id.as_ref())
        .and_then(EntityId::of::<User>);
    let Some(user) = user else {
        return Err(unknown);
    };
    let user = match db.find_user(caller.account, user).await {
        Err(DbError::NotFound) => return Err(unknown),
        found => found?,
    };
    let did = match body.did.as_ref().or(body.did_id.as_ref()) {
        Some(did) => Some(shown_number(&db, &caller, did).await?),
        None => None,
    };
    if let Some(key) = &body.find_me_follow_me_key {
        let find_me = user.config.find_me_follow_me.as_ref();
        let alternates = find_me.map(|find_me| find_me.alternates.as_slice());
        if !alternates
            .unwrap_or_default()
            .iter()
            .any(|alternate| &alternate.key == key)
        {
            return Err(Error::field(
                "find_me_follow_me_key",
                "is not a key of this user",
            ));
        }
    }
    let order = actors::ClickToCall {
        account: caller.account,
        user: user.id,
        dial_string: body.dial_string,
        did,
        find_me_key: body.find_me_follow_me_key,
    };
    state.exchange.click_to_call(order).await.map_err(refused)?;
    Ok(Accepted)
}

/// A number of the account that may be shown.
async fn shown_number(db: &Db, caller: &Caller, did: &EntityId) -> Result<Id<PhoneNumber>> {
    let wrong = |reason| Error::field("did", reason);
    let unknown = || wrong("is not a phone number of this account");
    let id = did.of::<PhoneNumber>().ok_or_else(unknown)?;
    let number = match db.find_phone_number(caller.account, id).await {
        Err(DbError::NotFound) => return Err(unknown()),
        found => found?.placement,
    };
    if number.status != PhoneNumberStatus::Active || !number.outbound_enabled {
        return Err(wrong("is not in service for outgoing calls"));
    }
    Ok(id)
}

/// How a refused order reads on the wire.
fn refused(error: actors::ClickToCallError) -> Error {
    use actors::ClickToCallError as Why;
    match error {
        Why::UnknownUser => Error::NotFound("User"),
        Why::UnusableNumber => Error::field("did", "cannot be shown on this call"),
        Why::DialString => Error::unusable("dial_string", "cannot be dialled"),
        Why::UnknownFindMeKey => Error::field("find_me_follow_me_key", "is not a key of this user"),
        Why::Unavailable => Error::Unavailable("No call can be placed just now"),
    }
}

/// List call records.
#[utoipa::path(tag = "calls", params(PageParams, CallFilters, ExpandDid), responses(
    (status = 200, body = List<CallBody>),
))]
#[get("")]
async fn list_calls(
    caller: Caller,
    db: Db,
    page: Page,
    query: Query,
    expand: Expand,
) -> Result<List<CallBody>> {
    let known = async |id| known(db.find_call(caller.account, id).await);
    let window = page.window::<Call>(known).await?;
    let slice = match filter(&query)? {
        Some(filter) => db.list_calls(caller.account, filter, window).await?,
        None => Slice {
            rows: Vec::new(),
            has_next: false,
            has_previous: false,
        },
    };
    let mut dids = HashMap::new();
    if expand.has("did") {
        let ids = slice
            .rows
            .iter()
            .filter_map(|call| call.parties.did_id)
            .collect();
        for number in db.find_phone_numbers(caller.account, ids).await? {
            dids.insert(number.id, number.phone_number);
        }
    }
    let body = |call: Call| {
        let did = call
            .parties
            .did_id
            .map(|id| DidBody::new(id, dids.get(&id).cloned()));
        CallBody::from_record(call, did)
    };
    Ok(page.list(slice, |call| call.id, body))
}

/// Retrieve a call, also while it is live.
#[utoipa::path(tag = "calls", params(("call_id" = EntityId, Path), ExpandDid), responses(
    (status = 200, body = CallBody),
))]
#[get("/{call_id}")]
async fn find_call(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<Call>>,
    expand: Expand,
) -> Result<Found<CallBody>> {
    tracing::Span::current().record("call.id", tracing::field::display(*id));
    let live = state.exchange.live_call(caller.account, *id);
    let record = match &live {
        Some(_) => None,
        None => Some(db.find_call(caller.account, *id).await?),
    };
    let did_id = match (&live, &record) {
        (Some(live), _) => live.did,
        (None, Some(record)) => record.parties.did_id,
        (None, None) => None,
    };
    let did = match did_id {
        None => None,
        Some(id) if !expand.has("did") => Some(DidBody::new(id, None)),
        Some(id) => {
            let found = db.find_phone_numbers(caller.account, vec![id]).await?;
            Some(DidBody::new(
                id,
                found.into_iter().next().map(|number| number.phone_number),
            ))
        }
    };
    match (live, record) {
        (Some(live), _) => Ok(Found(CallBody::from_live(live, did))),
        (None, Some(record)) => Ok(Found(CallBody::from_record(record, did))),
        (None, None) => Err(Error::NotFound("Call")),
    }
}

/// Reads the filters; `None` when one names what no call can have.
fn filter(query: &Query) -> Result<Option<CallFilter>> {
    fn id<T: schema::Kind>(
        query: &Query,
        names: [&str; 2],
    ) -> std::result::Result<Option<Id<T>>, ()> {
        let text = names
            .iter()
            .find_map(|name| query.get(name).filter(|text| !text.is_empty()));
        text.map(|text| text.parse().map_err(|_| ())).transpose()
    }
    let ids = (
        id(query, ["user", "user_id"]),
        id(query, ["endpoint", "endpoint_id"]),
        id(query, ["did", "did_id"]),
    );
    let direction = query.value("direction", |word| word.parse().ok())?;
    let status = query.value("status", |word| word.parse().ok())?;
    let from_number = query.value("from_number", number)?;
    let to_number = query.value("to_number", number)?;
    let from = query
        .value("from_date", instant)?
        .or(query.value("from", instant)?);
    let to = query
        .value("to_date", instant)?
        .or(query.value("to", instant)?);
    let (Ok(user_id), Ok(endpoint_id), Ok(did_id)) = ids else {
        return Ok(None);
    };
    Ok(Some(CallFilter {
        user_id,
        endpoint_id,
        did_id,
        direction,
        from_number,
        to_number,
        status,
        from,
        to,
    }))
}

/// A number to look for. A plus sign that was not encoded arrives as a space.
fn number(text: &str) -> Option<String> {
    let text = match text.strip_prefix(' ') {
        Some(rest) => format!("+{rest}"),
        None => text.to_owned(),
    };
    (text.chars().count() <= 20).then_some(text)
}

/// An instant, or the beginning of a day in UTC. A plus sign that was not encoded arrives as a space.
pub fn instant(text: &str) -> Option<Time> {
    if text.len() == "2026-01-05".len() {
        return format!("{text}T00:00:00Z").parse().ok();
    }
    text.replace(' ', "+").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_filters_as_clients_write_them() {
        let user = Id::<User>::new();
        let raw = format!(
            "user_id={user}&direction=inbound&status=no-answer&from_number=+14155550123&from=2026-01-05&to_date=2026-01-06T00:00:00%2B01:00&x=y"
        );
        let filter = filter(&Query::parse(&raw)).unwrap().unwrap();
        assert_eq!(filter.user_id, Some(user));
        assert_eq!(filter.from_number.as_deref(), Some("+14155550123"));
        assert_eq!(filter.from, "2026-01-05T00:00:00Z".parse().ok());
        assert_eq!(filter.to, "2026-01-05T23:00:00Z".parse().ok());
    }

    #[test]
    fn tells_wrong_values_from_values_nobody_has() {
        for raw in [
            "direction=up",
            "status=good",
            "from_date=yesterday",
            "to=2026-13-01",
        ] {
            assert!(filter(&Query::parse(raw)).is_err(), "{raw}");
        }
        assert_eq!(filter(&Query::parse("user_id=nobody")).unwrap(), None);
        assert!(filter(&Query::parse("user_id=&status=")).unwrap().is_some());
    }
}
