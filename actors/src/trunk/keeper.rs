//! Keeps one trunk known to be up, and us registered with it.

use super::{Line, metrics::Metrics};
use crate::{
    config::Times,
    metrics::Metrics as Figures,
    supervision::{Kind, keep},
};
use engine::{
    Endpoint, Request,
    leg::{Party, Transport},
};
use schema::{Id, Trunk};
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::JoinHandle;

/// Seconds asked for in a registration.
const EXPIRES: u32 = 600;
/// A registration is refreshed this long before it would lapse, or at half its time if that is sooner.
const BEFORE_LAPSE: Duration = Duration::from_secs(60);

/// The keepers of all trunks; dropping them stops them.
pub(super) struct Keepers {
    endpoint: Endpoint,
    domain: Arc<str>,
    times: Times,
    figures: Arc<Figures>,
    running: HashMap<Id<Trunk>, (Trunk, JoinHandle<()>)>,
}

impl Keepers {
    pub(super) fn new(
        endpoint: Endpoint,
        domain: String,
        times: Times,
        figures: Arc<Figures>,
    ) -> Self {
        Self {
            endpoint,
            domain: domain.into(),
            times,
            figures,
            running: HashMap::new(),
        }
    }

    /// Starts, restarts and stops keepers so that exactly these trunks are kept.
    pub(super) fn set(&mut self, lines: &[Line], metrics: &Metrics) {
        self.running.retain(|id, (row, task)| {
            let stays = lines
                .iter()
                .any(|line| line.trunk.id == *id && line.trunk == *row);
            if !stays {
                task.abort();
                metrics.forget(&row.name);
            }
            stays
        });
        for line in lines {
            if self.running.contains_key(&line.trunk.id) {
                continue;
            }
            let taken = line.state.channels.load(Ordering::Relaxed);
            metrics.channels(&line.trunk.name, taken);
            let keeper = Arc::new(Keeper {
                endpoint: self.endpoint.clone(),
                domain: self.domain.clone(),
                times: self.times,
                line: line.clone(),
                metrics: metrics.clone(),
            });
            let figures = self.figures.clone();
            let task = tokio::spawn(keep(Kind::TrunkKeeper, figures, move || {
                keeper.clone().run()
            }));
            self.running
                .insert(line.trunk.id, (line.trunk.clone(), task));
        }
    }
}

impl Drop for Keepers {
    fn drop(&mut self) {
        for (_, task) in self.running.values() {
            task.abort();
        }
    }
}

struct Keeper {
    endpoint: Endpoint,
    domain: Arc<str>,
    times: Times,
    line: Line,
    metrics: Metrics,
}

impl Keeper {
    async fn run(self: Arc<Self>) {
        if self.line.trunk.access.register {
            tokio::join!(self.probe(), self.register());
        } else {
            self.probe().await;
        }
    }

    /// OPTIONS: any answer but 408 and 503 shows that it is there.
    async fn probe(&self) {
        let name = &self.line.trunk.name;
        loop {
            let answer = self.endpoint.request(self.request("OPTIONS", None)).await;
            let up = answer
                .as_ref()
                .is_ok_and(|answer| !matches!(answer.status, 408 | 503));
            let was_down = self.line.state.down.swap(!up, Ordering::Relaxed);
            self.metrics.up(name, up);
            if up == was_down {
                tracing::info!(trunk.id = %self.line.trunk.id, up, "a trunk changed its state");
            }
            let pause = match up {
                true => self.times.trunk_probe,
                false => self.times.trunk_retry,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.line.state.fuse.lit() => {}
            }
            self.line.state.fuse.burn();
        }
    }

    async fn register(&self) {
        let name = &self.line.trunk.name;
        loop {
            let answer = self
                .endpoint
                .request(self.request("REGISTER", Some(EXPIRES)))
                .await;
            let pause = match answer {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    self.metrics.registered(name, true);
                    let granted = Duration::from_secs(answer.expires.unwrap_or(EXPIRES).into());
                    granted
                        .saturating_sub(BEFORE_LAPSE)
                        .max(granted / 2)
                        .max(Duration::from_secs(1))
                }
                Ok(answer) => self.refused(&format!("status {}", answer.status)),
                Err(error) => self.refused(&error.to_string()),
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn refused(&self, why: &str) -> Duration {
        self.metrics.registered(&self.line.trunk.name, false);
        tracing::warn!(trunk.id = %self.line.trunk.id, why, "cannot register with the trunk");
        self.times.trunk_retry
    }

    fn request(&self, method: &str, expires: Option<u32>) -> Request {
        let route = &self.line.route;
        let transport = match &route.hop {
            engine::leg::Hop::Host {
                transport: Some(Transport::Tcp),
                ..
            } => ";transport=tcp",
            engine::leg::Hop::Host {
                transport: Some(Transport::Tls),
                ..
            } => ";transport=tls",
            _ => "",
        };
        let at_trunk = format!("sip:{}{transport}", route.host);
        let user = self.line.trunk.access.username.clone();
        let party = match (&user, expires) {
            (Some(user), Some(_)) => party(user, &route.host),
            _ => party("strowger", &self.domain),
        };
        let to = match expires {
            Some(_) => party.clone(),
            None => Party {
                uri: at_trunk.clone(),
                ..Party::default()
            },
        };
        let seconds = expires.map(|seconds| ("Expires".to_owned(), seconds.to_string()));
        Request {
            method: method.to_owned(),
            uri: at_trunk,
            hop: Some(route.hop.clone()),
            from: party,
            to,
            headers: seconds.into_iter().collect(),
            credentials: route.credentials.clone(),
        }
    }
}

fn party(user: &str, host: &str) -> Party {
    Party {
        name: None,
        user: user.to_owned(),
        uri: format!("sip:{user}@{host}"),
    }
}
