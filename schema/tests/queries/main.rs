//! Every query, run on SQLite and, when `STROWGER_TEST_POSTGRES` names a server, on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "a test ends at the first thing that is not as told; rows are compared as arrays"
)]

mod accounts;
mod bindings;
mod calls;
mod endpoints;
mod extensions;
mod idempotency;
mod migrations;
mod pages;
mod phone_numbers;
mod platforms;
mod ring_groups;
mod sessions;
mod store;
mod support;
mod trunks;
mod users;
