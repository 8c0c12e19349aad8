//! Whether users can be reached, and who is parked, checked at the moment of asking: one user below `/v1/users`,
//! several at once here.

use actix_web::{get, web::Data};
use schema::{Account, Call, Id, Time, User};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::Caller,
    db::Db,
    query::Query,
    state::State,
    v1::{
        error::{Error, Result},
        ids::{At, EntityId},
        reply::{Found, LIST, List},
    },
};

/// Most users, and most slots, of one request.
const MOST: usize = 100;
/// Path of the list.
const PATH: &str = "/v1/presence";

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_presence);
}

/// Whether a user can be reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserPresence)]
struct PresenceBody {
    /// Always `user_presence`.
    object: PresenceObject,
    /// Over all of the user's phones.
    state: PresenceState,
    /// Whether a push could wake an app although nothing is registered.
    notifiable: bool,
    /// Whether calls are declined.
    do_not_disturb: bool,
    /// Browsers and apps.
    webrtc: WebRtcReachability,
}

/// Marks a body as presence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PresenceObject {
    /// Always this word.
    UserPresence,
}

/// How reachable somebody is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PresenceState {
    /// A phone is registered, and not in a call.
    Available,
    /// In a call.
    OnCall,
    /// No phone is registered.
    Offline,
}

/// Reachability by browsers and apps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebRTCReachability)]
struct WebRtcReachability {
    /// Over all sessions.
    state: PresenceState,
    /// Live sessions.
    #[schema(value_type = i64, minimum = 0)]
    sessions: u32,
}

/// Whether a user can be reached, within a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserPresenceItem)]
struct UserItem {
    /// Always `user_presence`.
    object: PresenceObject,
    /// Over all of the user's phones.
    state: PresenceState,
    /// Whether a push could wake an app although nothing is registered.
    notifiable: bool,
    /// Whether calls are declined.
    do_not_disturb: bool,
    /// Browsers and apps.
    webrtc: WebRtcReachability,
    /// Who.
    #[schema(value_type = EntityId)]
    user: Id<User>,
}

/// Marks a body as a parking slot.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SlotObject {
    /// Always this word.
    ParkSlot,
}

/// A parking slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParkSlotPresence)]
struct SlotItem {
    /// Always `park_slot`.
    object: SlotObject,
    /// Its number.
    #[schema(value_type = i64, minimum = 1)]
    slot: u32,
    /// Who waits there; null when it is free.
    #[schema(required = true)]
    parked_call: Option<ParkedCall>,
}

/// Who waits in a slot.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedCall {
    /// The call.
    #[schema(value_type = Option<EntityId>, required = true)]
    call: Option<Id<Call>>,
    /// Its number.
    #[schema(max_length = 20)]
    from_number: String,
    /// Its name.
    from_label: String,
    /// Whether the parker is called back.
    #[schema(inline)]
    status: ParkedStatus,
    /// Who parked it.
    #[schema(value_type = Option<EntityId>, required = true)]
    parked_by: Option<Id<User>>,
    /// Their extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    parked_by_extension: Option<String>,
    /// Since when.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    parked_at: Time,
    /// When the parker is called back.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    rings_back_at: Time,
}

/// How a parked call is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the document names it, no call can be parked here yet"
)]
enum ParkedStatus {
    /// Waits.
    Parked,
    /// Its parker is called back.
    RingingBack,
}

/// A user or a slot.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum PresenceItem {
    /// A user.
    User(UserItem),
    /// A slot.
    Slot(SlotItem),
}

/// Who and what is asked about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
struct PresenceFilter {
    /// Users to read.
    #[param(rename = "user[]", value_type = Vec<EntityId>, required = false, style = Form, explode, max_items = 100)]
    user: Vec<String>,
    /// Parking slots to read: `all` for those that are taken, or numbers.
    #[param(rename = "park_slot[]", value_type = Vec<SlotName>, inline, required = false, style = Form, explode)]
    park_slot: Vec<String>,
}

/// `all`, or the number of a slot.
#[derive(ToSchema)]
#[schema(pattern = "^(all|[0-9]+)$")]
#[expect(dead_code, reason = "read only by the document's generator")]
struct SlotName(String);

/// Retrieve a user's live presence.
#[utoipa::path(tag = "presence", params(("user_id" = EntityId, Path)), responses(
    (status = 200, body = PresenceBody), (status = 503),
))]
#[get("/{user_id}/presence")]
pub async fn find_presence(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<User>>,
) -> Result<Found<PresenceBody>> {
    let user = db.find_user(caller.account, *id).await?;
    Ok(Found(live(&state, caller.account, user).await?))
}

/// Read the presence of several users and parking slots, in the order asked for; all or nothing.
#[utoipa::path(tag = "presence", params(PresenceFilter), responses(
    (status = 200, body = List<PresenceItem>), (status = 503),
))]
#[get("")]
async fn list_presence(
    caller: Caller,
    db: Db,
    state: Data<State>,
    query: Query,
) -> Result<Found<List<PresenceItem>>> {
    let users: Vec<&str> = query.all("user[]").collect();
    let slots = slots(query.all("park_slot[]"))?;
    if users.len() > MOST {
        return Err(Error::field("user[]", "must be at most 100"));
    }
    let mut data = Vec::with_capacity(users.len() + slots.len());
    let ids = users
        .iter()
        .map(|text| text.parse().map_err(|_| Error::NotFound("User")));
    let ids: Vec<Id<User>> = ids.collect::<Result<_>>()?;
    let found = match ids.is_empty() {
        true => Vec::new(),
        false => db.find_users(caller.account, ids.clone()).await?,
    };
    for id in ids {
        let user = found.iter().find(|user| user.id == id);
        let user = user.ok_or(Error::NotFound("User"))?.clone();
        let PresenceBody {
            object,
            state,
            notifiable,
            do_not_disturb,
            webrtc,
        } = live(&state, caller.account, user).await?;
        data.push(PresenceItem::User(UserItem {
            object,
            state,
            notifiable,
            do_not_disturb,
            webrtc,
            user: id,
        }));
    }
    let free = |slot| SlotItem {
        object: SlotObject::ParkSlot,
        slot,
        parked_call: None,
    };
    data.extend(slots.into_iter().map(free).map(PresenceItem::Slot));
    Ok(Found(List {
        object: LIST,
        url: PATH.to_owned(),
        next_page_url: None,
        previous_page_url: None,
        has_more: false,
        data,
    }))
}

/// The slots asked for by number; `all` are those that are taken, and none is.
fn slots<'a>(named: impl Iterator<Item = &'a str>) -> Result<Vec<u32>> {
    let wrong = |reason| Error::field("park_slot[]", reason);
    let named: Vec<&str> = named.collect();
    if named.len() > MOST {
        return Err(wrong("must be at most 100"));
    }
    if named.contains(&"all") {
        return match named.iter().all(|name| *name == "all") {
            true => Ok(Vec::new()),
            false => Err(wrong("must be all or numbers, not both")),
        };
    }
    let number = |name: &&str| {
        let digits = name.bytes().all(|byte| byte.is_ascii_digit());
        let slot = name.parse().ok().filter(|slot| digits && *slot > 0);
        slot.ok_or_else(|| wrong("must be all or numbers"))
    };
    named.iter().map(number).collect()
}

/// What is known at this moment.
async fn live(state: &State, account: Id<Account>, user: User) -> Result<PresenceBody> {
    let live = state.exchange.presence(account, user.id).await;
    let live = live.map_err(|_| Error::Unavailable("Presence cannot be verified just now"))?;
    let seen = match live.state {
        actors::PresenceState::Available => PresenceState::Available,
        actors::PresenceState::OnCall => PresenceState::OnCall,
        actors::PresenceState::Offline => PresenceState::Offline,
    };
    Ok(PresenceBody {
        object: PresenceObject::UserPresence,
        state: seen,
        notifiable: false,
        do_not_disturb: user.do_not_disturb,
        webrtc: WebRtcReachability {
            // Whether a call is one of a browser is not told apart.
            state: if live.sessions == 0 {
                PresenceState::Offline
            } else {
                seen
            },
            sessions: u32::try_from(live.sessions).unwrap_or(u32::MAX),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_all_or_numbers() {
        let read = |names: &[&str]| slots(names.iter().copied()).ok();
        assert_eq!(read(&[]), Some(vec![]));
        assert_eq!(read(&["all"]), Some(vec![]));
        assert_eq!(read(&["2", "10"]), Some(vec![2, 10]));
        for wrong in [
            &["all", "1"][..],
            &["0"],
            &["x"],
            &["+1"],
            &[""],
            &["99999999999"],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
