#![doc = include_str!("../README.md")]

pub mod auth;
pub mod caller;
pub mod change;
pub mod cli;
pub mod client;
pub mod config;
pub mod db;
pub mod demo;
pub mod expand;
pub mod health;
pub mod keys;
pub mod log;
pub mod metrics;
pub mod middleware;
pub mod page;
pub mod query;
pub mod server;
mod sip_socket;
mod softphone;
pub mod state;
pub mod v1;

pub use config::Config;
pub use server::{Running, StartError, start};
