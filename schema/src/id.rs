//! Ids: a UUIDv7 in the database, `prefix_` and 26 characters everywhere else (TypeID).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::marker::PhantomData;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::sql::Uuid as SqlUuid;

/// Crockford's base 32 in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters after the prefix: 128 bits in groups of five, two zero bits in front.
const LENGTH: usize = 26;

/// What an id can be of. A kind is usually the row itself.
pub trait Kind: 'static {
    /// What stands before the underscore, as `rg`.
    const PREFIX: &'static str;
}

/// A text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The part before the underscore is missing or names another kind.
    #[error("the id does not begin with {expected}_")]
    Prefix {
        /// The prefix that was wanted.
        expected: &'static str,
    },
    /// What follows the prefix is not 26 lower-case base-32 characters of 128 bits.
    #[error("the id is malformed")]
    Malformed,
}

/// The id of one `T`. Sorts by time of creation, also within a millisecond of one process.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = SqlUuid)]
pub struct Id<T> {
    uuid: uuid::Uuid,
    kind: PhantomData<fn() -> T>,
}

impl<T: Kind> Id<T> {
    /// A fresh id of the present moment, greater than all that this process made before.
    #[allow(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        Self::from_uuid(uuid::Uuid::now_v7())
    }
}

impl<T> Id<T> {
    /// The id over this UUID.
    pub const fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self {
            uuid,
            kind: PhantomData,
        }
    }

    /// The UUID beneath.
    pub const fn uuid(self) -> uuid::Uuid {
        self.uuid
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<T: Kind> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bits = self.uuid.as_u128();
        let mut letters = [0; LENGTH];
        for letter in letters.iter_mut().rev() {
            *letter = ALPHABET.get((bits & 31) as usize).copied().unwrap_or(b'0');
            bits >>= 5;
        }
        f.write_str(T::PREFIX)?;
        f.write_str("_")?;
        f.write_str(std::str::from_utf8(&letters).unwrap_or_default())
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

impl<T: Kind> FromStr for Id<T> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text
            .strip_prefix(T::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or(IdError::Prefix {
                expected: T::PREFIX,
            })?;
        if digits.len() != LENGTH {
            return Err(IdError::Malformed);
        }
        let mut bits: u128 = 0;
        for letter in digits.bytes() {
            let digit = ALPHABET.iter().position(|&known| known == letter);
            let digit = digit.ok_or(IdError::Malformed)?;
            // The first character carries three bits: anything above 7 does not fit.
            if bits >> 123 != 0 {
                return Err(IdError::Malformed);
            }
            bits = bits << 5 | digit as u128;
        }
        Ok(Self::from_uuid(uuid::Uuid::from_u128(bits)))
    }
}

impl<T: Kind> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: Kind> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<T> ToSql<SqlUuid, Pg> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.uuid.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<T> FromSql<SqlUuid, Pg> for Id<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::from_uuid(uuid::Uuid::from_slice(value.as_bytes())?))
    }
}

impl<T> ToSql<SqlUuid, Sqlite> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.uuid.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl<T> FromSql<SqlUuid, Sqlite> for Id<T> {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self::from_uuid(uuid::Uuid::from_slice(value.read_blob())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RingGroup, User};
    use proptest::prelude::*;

    #[test]
    fn writes_the_known_vectors() {
        // From the TypeID specification's list of valid ids.
        let cases = [
            (
                "00000000-0000-0000-0000-000000000000",
                "user_00000000000000000000000000",
            ),
            (
                "00000000-0000-0000-0000-000000000020",
                "user_00000000000000000000000010",
            ),
            (
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "user_7zzzzzzzzzzzzzzzzzzzzzzzzz",
            ),
            (
                "0110c853-1d09-52d8-d73e-1194e95b5f19",
                "user_0123456789abcdefghjkmnpqrs",
            ),
            (
                "01890a5d-ac96-774b-bcce-b302099a8057",
                "user_01h455vb4pex5vsknk084sn02q",
            ),
        ];
        for (uuid, text) in cases {
            let id = Id::<User>::from_uuid(uuid.parse().unwrap());
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
        }
    }

    #[test]
    fn refuses_what_is_not_an_id() {
        let group = Id::<RingGroup>::new().to_string();
        assert_eq!(
            group.parse::<Id<User>>(),
            Err(IdError::Prefix { expected: "user" })
        );
        for bad in [
            "user_",
            "user_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "user_0123456789ABCDEFGHJKMNPQRS",
            "user_0123456789abcdefghijklmnop",
            "user_0123456789abcdefghjkmnpqr",
            "user_0123456789abcdefghjkmnpqrst",
            "user_0123456789abcdefghjkmnpqré",
        ] {
            assert_eq!(bad.parse::<Id<User>>(), Err(IdError::Malformed), "{bad}");
        }
    }

    #[test]
    fn new_ids_only_grow() {
        let ids: Vec<Id<User>> = (0..10_000).map(|_| Id::new()).collect();
        assert!(ids.is_sorted());
    }

    proptest! {
        #[test]
        fn text_and_order_agree_with_the_bits(a: u128, b: u128) {
            let [x, y] = [a, b].map(|bits| Id::<User>::from_uuid(uuid::Uuid::from_u128(bits)));
            prop_assert_eq!(x.to_string().parse(), Ok(x));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            let _ = text.parse::<Id<User>>();
            let _ = format!("user_{text}").parse::<Id<User>>();
        }
    }
}
