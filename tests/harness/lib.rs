//! The tests' own side of the world: an exchange to test, phones and carriers that call it, a client that
//! drives it. Nothing here uses the engine's SIP or RTP.

pub mod api;
pub mod audio;
pub mod carrier;
pub mod contract;
pub mod database;
pub mod events;
pub mod exchange;
pub mod phone;
pub mod sip;
pub mod world;

pub use api::{Answer, Api};
pub use carrier::Carrier;
pub use database::Database;
pub use events::{Event, Events};
pub use exchange::{DOMAIN, Exchange, KEY};
pub use phone::{Call, Offer, Phone, SOON};
pub use sip::{Agent, Algorithm, Link, Login, Message};
pub use world::{Person, World};
