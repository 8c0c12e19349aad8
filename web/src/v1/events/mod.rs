//! `GET /v1/events`: the facts of an account as server-sent events.
//!
//! A frame is `id:`, `event:` and one `data:` line, in this order, because the published client takes the
//! last line that begins with `data: `. A reader that does not keep up is cut off; it resumes by
//! `Last-Event-ID`.

pub mod shapes;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::Data,
};
use actors::{Fact, Subscription};
use bytes::Bytes;
use schema::{Account, Id};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    auth::{self, Credential, api_key::PlatformKey},
    caller::Caller,
    metrics::Metrics,
    state::State,
    v1::error::{Error, Result},
};

/// How long the right of a stream to go on is looked into.
const PATIENCE: Duration = Duration::from_secs(1);
/// The header of a client that comes back.
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// Seconds to wait when too many streams are open.
const RETRY: u32 = 5;
/// The first frame.
const CONNECTED: &str = "event: connected\ndata: {\"message\":\"Connected to event stream\"}\n\n";
/// A comment, which clients skip.
const COMMENT: &str = ": keepalive\n\n";

/// Registers this route.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(stream_events);
}

/// Open streams by credential.
#[derive(Debug)]
pub struct Streams {
    limit: usize,
    open: Mutex<HashMap<String, usize>>,
    metrics: Metrics,
}

/// One open stream; closes by being dropped.
struct Seat {
    streams: Arc<Streams>,
    credential: String,
}

impl Streams {
    /// None yet; at most so many a credential.
    pub fn new(limit: usize, metrics: Metrics) -> Self {
        Self {
            limit,
            open: Mutex::default(),
            metrics,
        }
    }

    fn sit(self: &Arc<Self>, credential: &Credential) -> Result<Seat> {
        let name = credential.name();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(name.clone()).or_default();
        if *count >= self.limit {
            return Err(Error::TooMany(RETRY));
        }
        *count += 1;
        self.metrics.stream_opened();
        Ok(Seat {
            streams: Arc::clone(self),
            credential: name,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.credential) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.credential);
            }
        }
        self.streams.metrics.stream_closed();
    }
}

/// Stream the account's events, until the client leaves.
#[utoipa::path(tag = "events", params(
    ("Last-Event-ID" = Option<String>, Header, description = "The last `id:` seen; what came after is sent first."),
), responses(
    (status = 200, body = String, content_type = "text/event-stream"),
))]
#[get("/events")]
async fn stream_events(
    caller: Caller,
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let seat = state.streams.sit(&caller.credential)?;
    let resume = request.headers().get(LAST_EVENT_ID);
    let resume = resume.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let token = auth::bearer(request.headers()).map(str::to_owned);
    let mut heartbeat = interval_at(Instant::now() + state.heartbeat, state.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener {
        facts: state.exchange.subscribe(caller.account, resume),
        token: token.ok_or(Error::Unauthorized)?,
        account: caller.account,
        heartbeat,
        state,
        begun: false,
        _seat: seat,
    };
    let frames = futures_util::stream::unfold(listener, |mut listener| async move {
        let frame = listener.next().await?;
        Some((Ok::<_, Error>(frame), listener))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(frames))
}

/// One stream.
struct Listener {
    facts: Subscription,
    heartbeat: Interval,
    state: Data<State>,
    token: String,
    account: Id<Account>,
    begun: bool,
    _seat: Seat,
}

impl Listener {
    /// The next frame; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            return Some(Bytes::from_static(CONNECTED.as_bytes()));
        }
        tokio::select! {
            fact = self.facts.recv() => match fact {
                Ok(fact) => Some(frame(&fact)),
                Err(reason) => {
                    tracing::debug!(account.id = %self.account, %reason, "An event stream is closed.");
                    None
                }
            },
            _ = self.heartbeat.tick() => {
                // Facts wait meanwhile, so a database that says nothing is not waited for.
                let asked = tokio::time::timeout(PATIENCE, self.may_go_on()).await;
                asked.unwrap_or(true).then(|| Bytes::from_static(COMMENT.as_bytes()))
            }
        }
    }

    /// Whether the credential and the account are still good. A database that is away ends no stream.
    async fn may_go_on(&self) -> bool {
        let account = self.account;
        let confirmed = match auth::recognize(&self.state, &self.token).await {
            Ok(Credential::Platform(key)) => {
                let PlatformKey {
                    platform, livemode, ..
                } = key;
                let accounts = &self.state.accounts;
                accounts
                    .confirm(&self.state, platform, livemode, account)
                    .await
            }
            // Its own account was looked for just now.
            Ok(Credential::Account(_)) => Ok(()),
            Ok(Credential::User(_)) => Err(Error::Unauthorized),
            Err(error) => Err(error),
        };
        matches!(confirmed, Ok(()) | Err(Error::Unavailable(_)))
    }
}

/// A fact as one frame.
fn frame(fact: &Fact) -> Bytes {
    format!(
        "id: {}\nevent: {}\ndata: {}\n\n",
        fact.id, fact.name, fact.json
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_end_with_their_data() {
        let fact = Fact {
            id: 7,
            name: "call.end",
            json: "{\"event\":\"call.end\"}".to_owned(),
        };
        assert_eq!(
            frame(&fact),
            "id: 7\nevent: call.end\ndata: {\"event\":\"call.end\"}\n\n"
        );
    }

    #[test]
    fn seats_are_limited_and_given_back() {
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        let streams = Arc::new(Streams::new(1, metrics));
        let credential = Credential::Platform(crate::auth::api_key::PlatformKey {
            id: Id::new(),
            platform: Id::new(),
            livemode: true,
        });
        let seat = streams.sit(&credential).ok();
        assert!(seat.is_some());
        assert!(matches!(streams.sit(&credential), Err(Error::TooMany(_))));
        drop(seat);
        assert!(streams.sit(&credential).is_ok());
        assert!(streams.open.lock().unwrap().is_empty());
    }
}
