//! Every query, run on SQLite and, when `STROWGER_TEST_POSTGRES` names a server, on PostgreSQL.

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
mod store;
mod support;
mod trunks;
mod users;
