//! What a user says of their own presence, beside what the exchange sees.

use actix_web::{get, post, web::Data};
use schema::{Id, Time, User, UserChanges, types::UserConfigChanges};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::Me,
    change::Change,
    db::Db,
    state::State,
    v1::{
        body::{Body, Check},
        error::{Error, Fields, Result},
        ids::EntityId,
        reply::Found,
        validate::text,
    },
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find_my_presence).service(set_my_presence);
}

/// How somebody is, as they say and as the exchange sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PresenceStatus {
    /// Can be reached.
    Available,
    /// In a call; seen, not set.
    OnCall,
    /// Wants no calls: their phones do not ring.
    Dnd,
    /// Away; their phones ring all the same.
    Away,
    /// No phone is registered; seen, not set.
    Offline,
}

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SettableStatus {
    /// Can be reached.
    Available,
    /// Wants no calls.
    Dnd,
    /// Away.
    Away,
}

/// A user's presence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyPresence)]
struct MyPresenceBody {
    /// The user.
    #[schema(value_type = EntityId)]
    user_id: Id<User>,
    /// In a call before what was set, that before whether a phone is registered.
    status: PresenceStatus,
    /// Free text.
    status_text: Option<String>,
    /// When it was last set.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

/// What to say.
#[derive(Debug, Deserialize, ToSchema)]
struct MyPresenceUpdate {
    /// `on_call` and `offline` are seen, not set.
    #[schema(inline)]
    status: SettableStatus,
    /// Free text; null clears it, and without it the old one stays.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    status_text: Change<String>,
}

impl Check for MyPresenceUpdate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "status_text", self.status_text.value(), 0..=100);
    }
}

/// Retrieve my presence.
#[utoipa::path(tag = "me", responses((status = 200, body = MyPresenceBody), (status = 503)))]
#[get("/presence")]
async fn find_my_presence(Me(me): Me, db: Db, state: Data<State>) -> Result<Found<MyPresenceBody>> {
    let user = db.find_user(me.account, me.user).await?;
    Ok(Found(body(&state, user).await?))
}

/// Set my presence. PUT does the same.
#[utoipa::path(tag = "me", request_body = MyPresenceUpdate, responses(
    (status = 200, body = MyPresenceBody), (status = 503),
))]
#[post("/presence")]
async fn set_my_presence(
    Me(me): Me,
    db: Db,
    state: Data<State>,
    Body(body_): Body<MyPresenceUpdate>,
) -> Result<Found<MyPresenceBody>> {
    let changes = UserChanges {
        do_not_disturb: Some(body_.status == SettableStatus::Dnd),
        away: Some(body_.status == SettableStatus::Away),
        status_text: body_.status_text.into_column(),
        presence_set_at: Some(Time::now()),
        ..UserChanges::default()
    };
    let config = UserConfigChanges::default();
    let user = db.update_user(me.account, me.user, changes, config).await?;
    state.exchange.changed(actors::Change::UserChanged(me.user));
    Ok(Found(body(&state, user).await?))
}

async fn body(state: &State, user: User) -> Result<MyPresenceBody> {
    let live = state.exchange.presence(user.account_id, user.id).await;
    let live = live.map_err(|_| Error::Unavailable("Presence cannot be verified just now"))?;
    Ok(MyPresenceBody {
        user_id: user.id,
        status: status(live.state, user.do_not_disturb, user.presence.away),
        status_text: user.presence.status_text,
        updated_at: user.presence.presence_set_at.unwrap_or(user.created_at),
    })
}

fn status(seen: actors::PresenceState, do_not_disturb: bool, away: bool) -> PresenceStatus {
    match seen {
        actors::PresenceState::OnCall => PresenceStatus::OnCall,
        _ if do_not_disturb => PresenceStatus::Dnd,
        _ if away => PresenceStatus::Away,
        actors::PresenceState::Available => PresenceStatus::Available,
        actors::PresenceState::Offline => PresenceStatus::Offline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_comes_before_what_was_set_and_that_before_the_phones() {
        use actors::PresenceState::{Available, Offline, OnCall};
        let table = [
            (OnCall, true, true, PresenceStatus::OnCall),
            (Available, true, true, PresenceStatus::Dnd),
            (Offline, false, true, PresenceStatus::Away),
            (Available, false, false, PresenceStatus::Available),
            (Offline, false, false, PresenceStatus::Offline),
        ];
        for (seen, quiet, away, wanted) in table {
            assert_eq!(status(seen, quiet, away), wanted, "{seen:?}");
        }
    }
}
