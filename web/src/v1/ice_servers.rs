//! STUN and TURN servers for a user's browser. TURN credentials are made for each answer, by the scheme that coturn
//! calls `use-auth-secret`: the name says until when, the password is an HMAC over the name.

use std::time::Duration;

use actix_web::{get, web::Data};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ring::hmac;
use schema::{Id, Time, User};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{error::Result, reply::Found};
use crate::{caller::Me, config::Turn, state::State};

/// The shortest life of credentials. A client does not ask again when it reconnects, so they live as long as
/// its token at least.
const LEAST: Duration = Duration::from_secs(3_600);

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find_ice_servers);
}

/// Servers for a peer connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IceServersResponse)]
struct IceServersBody {
    /// None when none is configured.
    ice_servers: Vec<IceServer>,
    /// When the credentials lapse.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: Time,
}

/// One server, in the shape of the browser's RTCIceServer.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct IceServer {
    /// One URL or several.
    urls: Urls,
    /// TURN only: expiry in seconds since 1970, a colon, the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    username: Option<String>,
    /// TURN only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    credential: Option<String>,
}

/// One URL or several.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = IceServerUrls)]
enum Urls {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// Retrieve ICE servers.
#[utoipa::path(tag = "webrtc", responses((status = 200, body = IceServersBody)))]
#[get("/ice-servers")]
async fn find_ice_servers(Me(me): Me, state: Data<State>) -> Result<Found<IceServersBody>> {
    let expires_at = me.expires_at.max(Time::now().after(LEAST));
    Ok(Found(IceServersBody {
        ice_servers: servers(&state.turn, me.user, expires_at),
        expires_at,
    }))
}

fn servers(turn: &Turn, user: Id<User>, expires_at: Time) -> Vec<IceServer> {
    let (relays, mirrors): (Vec<&String>, Vec<&String>) =
        turn.urls.iter().partition(|url| url.starts_with("turn"));
    let urls = |mut urls: Vec<&String>| match urls.len() {
        0 => None,
        1 => urls.pop().cloned().map(Urls::One),
        _ => Some(Urls::Many(urls.into_iter().cloned().collect())),
    };
    let mut servers = Vec::new();
    if let Some(urls) = urls(mirrors) {
        servers.push(IceServer {
            urls,
            username: None,
            credential: None,
        });
    }
    if let (Some(urls), Some(secret)) = (urls(relays), &turn.secret) {
        let seconds = expires_at.micros().div_euclid(1_000_000);
        let username = format!("{seconds}:{user}");
        let key = hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            secret.reveal().as_bytes(),
        );
        let credential = BASE64.encode(hmac::sign(&key, username.as_bytes()));
        servers.push(IceServer {
            urls,
            username: Some(username),
            credential: Some(credential),
        });
    }
    servers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relays_need_credentials() {
        let turn = |urls: &[&str]| Turn {
            urls: urls.iter().map(|&url| url.to_owned()).collect(),
            secret: Some("north".to_owned().into()),
        };
        let (user, at) = (Id::new(), Time::from_micros(1_772_446_500_999_999).unwrap());
        assert_eq!(servers(&turn(&[]), user, at), []);
        let both = servers(
            &turn(&["turn:t.example:3478", "stun:s.example", "turns:t.example"]),
            user,
            at,
        );
        assert_eq!(both[0].urls, Urls::One("stun:s.example".into()));
        assert_eq!((&both[0].username, &both[0].credential), (&None, &None));
        let relays = ["turn:t.example:3478", "turns:t.example"].map(str::to_owned);
        assert_eq!(both[1].urls, Urls::Many(relays.to_vec()));
        assert_eq!(both[1].username, Some(format!("1772446500:{user}")));
        // 20 bytes of SHA-1.
        assert_eq!(both[1].credential.as_ref().map(String::len), Some(28));
    }
}
