//! The tests' own side of the world: an exchange to test, phones and carriers that call it, a client that
//! drives it. Nothing here uses the engine's SIP or RTP.

pub mod api;
pub mod audio;
pub mod baresip;
pub mod browser;
pub mod carrier;
pub mod chromium;
pub mod contract;
pub mod database;
pub mod events;
pub mod exchange;
mod installed;
pub mod phone;
pub mod proxy;
pub mod sip;
pub mod world;

pub use api::{Answer, Api};
pub use baresip::Baresip;
pub use browser::{Browser, Generation};
pub use carrier::Carrier;
pub use chromium::Chromium;
pub use database::Database;
pub use events::{Event, Events};
pub use exchange::{DOMAIN, Exchange, KEY};
pub use installed::{is_built, is_here};
pub use phone::{Call, Offer, Phone, SOON, SdpSide};
pub use sip::{Agent, Algorithm, Link, Login, Message};
pub use world::{Person, World};

/// Makes each story, an `async fn(Database)`, two tests: `story::sqlite` and `story::postgres`.
#[macro_export]
macro_rules! stories {
    ($($story:ident),* $(,)?) => {$(
        mod $story {
            use $crate::Database;
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$story(Database::Sqlite).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if Database::Postgres.is_here(stringify!($story)) {
                    super::$story(Database::Postgres).await;
                }
            }
        }
    )*};
}
