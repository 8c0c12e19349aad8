//! An instant with the precision that both databases keep.

use std::fmt;
use std::io::Write as _;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::{Deserialize, Serialize};

use super::sql::Timestamptz;

/// 1970-01-01 to 2000-01-01, PostgreSQL's epoch, in microseconds.
const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// An instant in UTC, in whole microseconds; reads and writes RFC 3339 (`2026-01-05T12:00:00.000000Z`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow, Deserialize,
)]
#[diesel(sql_type = Timestamptz)]
#[serde(from = "DateTime<Utc>")]
pub struct Time(DateTime<Utc>);

impl Time {
    /// The present instant.
    pub fn now() -> Self {
        Utc::now().into()
    }

    /// The instant this many microseconds after 1970-01-01; `None` past the calendar's ends.
    pub fn from_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(Self)
    }

    /// Microseconds since 1970-01-01.
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// The instant as chrono has it.
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The instant `by` later; stays put at the calendar's end.
    pub fn after(self, by: Duration) -> Self {
        let moved = chrono::TimeDelta::from_std(by)
            .ok()
            .and_then(|by| self.0.checked_add_signed(by));
        moved.map_or(self, Self::from)
    }

    /// The instant `by` earlier; stays put at the calendar's beginning.
    pub fn before(self, by: Duration) -> Self {
        let moved = chrono::TimeDelta::from_std(by)
            .ok()
            .and_then(|by| self.0.checked_sub_signed(by));
        moved.map_or(self, Self::from)
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Time) -> Duration {
        (self.0 - earlier.0).to_std().unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(6))
    }
}

impl From<Time> for DateTime<Utc> {
    fn from(time: Time) -> Self {
        time.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl FromStr for Time {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(DateTime::parse_from_rfc3339(text)?.to_utc().into())
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ToSql<Timestamptz, Pg> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.micros().saturating_sub(PG_EPOCH_MICROS);
        out.write_all(&micros.to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Timestamptz, Pg> for Time {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?);
        let micros = micros.saturating_add(PG_EPOCH_MICROS);
        Self::from_micros(micros).ok_or_else(|| "instant past the calendar's ends".into())
    }
}

impl ToSql<Timestamptz, Sqlite> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Timestamptz, Sqlite> for Time {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<diesel::sql_types::BigInt, Sqlite>>::from_sql(value)?;
        Self::from_micros(micros).ok_or_else(|| "instant past the calendar's ends".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_the_round_trip() {
        let time = Time::now();
        assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(serde_json::from_str::<Time>(&json).unwrap(), time);
        assert_eq!(Time::from_micros(time.micros()), Some(time));
    }

    #[test]
    fn other_zones_are_read_as_utc() {
        let time: Time = "2026-01-05T13:00:00+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-05T12:00:00.000000Z");
    }

    #[test]
    fn arithmetic_never_panics() {
        let time = Time::now();
        assert_eq!(time.after(Duration::MAX), time);
        assert_eq!(time.before(Duration::MAX), time);
        assert_eq!(
            time.since(time.after(Duration::from_secs(5))),
            Duration::ZERO
        );
        assert_eq!(
            time.after(Duration::from_secs(5)).since(time),
            Duration::from_secs(5)
        );
    }
}
