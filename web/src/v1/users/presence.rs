//! Whether a user can be reached, checked at the moment of asking.

use actix_web::{get, web::Data};
use schema::{Id, User};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::Caller,
    db::Db,
    state::State,
    v1::{
        error::{Error, Result},
        ids::{At, EntityId},
        reply::Found,
    },
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find_presence);
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

/// Retrieve a user's live presence.
#[utoipa::path(tag = "presence", params(("user_id" = EntityId, Path)), responses(
    (status = 200, body = PresenceBody), (status = 503),
))]
#[get("/{user_id}/presence")]
async fn find_presence(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<User>>,
) -> Result<Found<PresenceBody>> {
    let user = db.find_user(caller.account, *id).await?;
    let live = state.exchange.presence(caller.account, *id).await;
    let live = live.map_err(|_| Error::Unavailable("Presence cannot be verified just now"))?;
    Ok(Found(PresenceBody {
        object: PresenceObject::UserPresence,
        state: match live.state {
            actors::PresenceState::Available => PresenceState::Available,
            actors::PresenceState::OnCall => PresenceState::OnCall,
            actors::PresenceState::Offline => PresenceState::Offline,
        },
        notifiable: false,
        do_not_disturb: user.do_not_disturb,
        webrtc: WebRtcReachability {
            state: PresenceState::Offline,
            sessions: 0,
        },
    }))
}
