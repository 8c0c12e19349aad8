//! One call as a phone sees it.

use super::PhoneError;
use engine::{
    Endpoint,
    leg::{Delivery, HangUp, LegEvent, LegId, LegSink},
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::{Instant, interval, timeout_at},
};

/// News that may wait on one line.
const NEWS: usize = 32;

/// How often the ear is read while something is listened for.
const LOOK: Duration = Duration::from_millis(20);

/// Share of the sound that a tone must have to count as heard.
const CLEAR: f64 = 0.9;

/// Q.850 cause of a call that ends because somebody hung up.
const NORMAL_CLEARING: u8 = 16;

/// What an ear heard in 200 ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// The tone listened for, in Hz.
    pub hz: u16,
    /// Share of the sound that is this tone, 0–1.
    pub share: f64,
    /// Level of the sound, in dBm0.
    pub level_dbm0: f64,
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} Hz with {:.1} % of the sound at {:.1} dBm0",
            self.hz,
            self.share * 100.0,
            self.level_dbm0
        )
    }
}

/// One call of one phone. Dropping it hangs nothing up, but the phone ends a line nobody holds.
pub struct Line {
    endpoint: Endpoint,
    leg: LegId,
    news: mpsc::Receiver<LegEvent>,
    over: bool,
}

/// Hands a leg's news to its line.
struct Sink(mpsc::Sender<LegEvent>);

impl LegSink for Sink {
    fn deliver(&self, _: LegId, event: &LegEvent) -> Delivery {
        match self.0.try_send(event.clone()) {
            Ok(()) => Delivery::Taken,
            Err(TrySendError::Full(_)) => Delivery::Full,
            Err(TrySendError::Closed(_)) => Delivery::Gone,
        }
    }
}

impl Line {
    pub(super) fn news() -> (Arc<dyn LegSink>, mpsc::Receiver<LegEvent>) {
        let (sender, news) = mpsc::channel(NEWS);
        (Arc::new(Sink(sender)), news)
    }

    pub(super) fn new(endpoint: Endpoint, leg: LegId, news: mpsc::Receiver<LegEvent>) -> Self {
        Self {
            endpoint,
            leg,
            news,
            over: false,
        }
    }

    pub(super) fn leg(&self) -> LegId {
        self.leg
    }

    /// Waits until the called side rings.
    ///
    /// # Errors
    /// Refused, ended, or not within the limit.
    pub async fn is_ringing(&mut self, limit: Duration) -> Result<(), PhoneError> {
        let rings = |event: &LegEvent| matches!(event, LegEvent::Ringing | LegEvent::EarlyMedia);
        self.until("the ringing", limit, rings).await
    }

    /// Waits until the call is answered, from either side.
    ///
    /// # Errors
    /// Refused, ended, or not within the limit.
    pub async fn is_answered(&mut self, limit: Duration) -> Result<(), PhoneError> {
        let answered = |event: &LegEvent| matches!(event, LegEvent::Answered | LegEvent::Confirmed);
        self.until("the answer", limit, answered).await
    }

    /// Waits until the other side has hung up.
    ///
    /// # Errors
    /// Not within the limit.
    pub async fn is_over_within(&mut self, limit: Duration) -> Result<(), PhoneError> {
        match self.until("the end of the call", limit, |_| false).await {
            Ok(()) | Err(PhoneError::Ended) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Listens until a tone fills what is heard, and says how well.
    ///
    /// # Errors
    /// It does not within the limit, or the call has ended.
    pub async fn hears(&self, hz: u16, limit: Duration) -> Result<Heard, PhoneError> {
        self.endpoint.listen(self.leg, Some(hz))?;
        let end = Instant::now() + limit;
        let mut looks = interval(LOOK);
        loop {
            looks.tick().await;
            let heard = self.endpoint.heard(self.leg).map(|sound| Heard {
                hz,
                share: sound.tone_share,
                level_dbm0: sound.level_dbm0,
            });
            match heard {
                Some(heard) if heard.share >= CLEAR => {
                    self.endpoint.listen(self.leg, None)?;
                    return Ok(heard);
                }
                heard if Instant::now() >= end => return Err(PhoneError::NotHeard { hz, heard }),
                _ => {}
            }
        }
    }

    /// Hangs up.
    ///
    /// # Errors
    /// The call has ended by itself.
    pub fn hang_up(&self) -> Result<(), PhoneError> {
        let how = HangUp {
            q850: Some(NORMAL_CLEARING),
            ..HangUp::default()
        };
        Ok(self.endpoint.hang_up(self.leg, how)?)
    }

    /// Whether the call has ended. Reads the news that came.
    pub(super) fn is_over(&mut self) -> bool {
        while let Ok(event) = self.news.try_recv() {
            self.over |= matches!(event, LegEvent::Ended(_) | LegEvent::Refused(_));
        }
        self.over
    }

    async fn until(
        &mut self,
        what: &'static str,
        limit: Duration,
        happened: impl Fn(&LegEvent) -> bool,
    ) -> Result<(), PhoneError> {
        let end = Instant::now() + limit;
        while !self.over {
            let event = timeout_at(end, self.news.recv()).await;
            let event = event.map_err(|_| PhoneError::Late { what, limit })?;
            match event {
                Some(event) if happened(&event) => return Ok(()),
                Some(LegEvent::Refused(refusal)) => {
                    self.over = true;
                    return Err(PhoneError::Refused(refusal.status));
                }
                Some(LegEvent::Ended(_)) | None => self.over = true,
                Some(_) => {}
            }
        }
        Err(PhoneError::Ended)
    }
}
