//! Somebody who hears a leg's news, and can be busy or gone.

use crate::peer::LIMIT;
use engine::leg::{Delivery, LegEvent, LegId, LegSink};
use std::sync::{Arc, Mutex};
use strowger_engine as engine;
use tokio::sync::mpsc;

pub struct Listener {
    sender: mpsc::UnboundedSender<LegEvent>,
    mood: Mutex<Delivery>,
}

pub struct News(mpsc::UnboundedReceiver<LegEvent>);

impl Listener {
    pub fn new() -> (Arc<Listener>, News) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let listener = Listener {
            sender,
            mood: Mutex::new(Delivery::Taken),
        };
        (Arc::new(listener), News(receiver))
    }

    pub fn is(&self, mood: Delivery) {
        *self.mood.lock().unwrap() = mood;
    }
}

impl LegSink for Listener {
    fn deliver(&self, _: LegId, event: &LegEvent) -> Delivery {
        let mood = *self.mood.lock().unwrap();
        if mood == Delivery::Taken {
            let _ = self.sender.send(event.clone());
        }
        mood
    }
}

impl News {
    pub async fn next(&mut self) -> LegEvent {
        tokio::time::timeout(LIMIT, self.0.recv())
            .await
            .expect("news in time")
            .expect("a listener")
    }

    pub fn is_empty(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}
