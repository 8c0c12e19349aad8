//! The SQL types that Diesel does not have for both databases at once.
//! `tables.rs` imports them under the names that PostgreSQL's own types have.

use diesel::query_builder::QueryId;
use diesel::sql_types::ops::{Add, Sub};
use diesel::sql_types::{Interval, SqlType};

/// An instant: `timestamptz` in PostgreSQL, microseconds since 1970 in SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct Timestamptz;

// `table!` knows the name and gives such columns arithmetic, as with PostgreSQL's own type.
impl Add for Timestamptz {
    type Rhs = Interval;
    type Output = Timestamptz;
}

impl Sub for Timestamptz {
    type Rhs = Interval;
    type Output = Timestamptz;
}

/// A 128-bit id: `uuid` in PostgreSQL, sixteen bytes in SQLite. Both sort it bytewise, so by time.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Uuid;

/// A JSON document: `jsonb` in PostgreSQL, text in SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(sqlite_type(name = "Text"))]
pub struct Jsonb;
