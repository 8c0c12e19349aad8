//! The three things a partial update can say about a field: nothing, clear it, or a new value.

use serde::{Deserialize, Deserializer};

/// One field of an update. Absent is `Keep`, null is `Clear`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// The member was not sent: the stored value stays.
    #[default]
    Keep,
    /// The member was null: the stored value goes.
    Clear,
    /// The member had a value.
    Set(T),
}

impl<T> Change<T> {
    /// The other spelling's word when this one was silent; so the first spelling wins.
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Keep => other,
            said => said,
        }
    }

    /// What the row should get: `None` keeps, `Some(None)` clears, `Some(Some(value))` sets.
    pub fn into_column(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }

    /// The new value, when there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            _ => None,
        }
    }

    /// Turns the new value into another type, or fails with it.
    pub fn try_map<U, E>(self, with: impl FnOnce(T) -> Result<U, E>) -> Result<Change<U>, E> {
        Ok(match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(with(value)?),
        })
    }
}

/// Used with `#[serde(default)]`, which is what makes an absent member `Keep`.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<T>::deserialize(deserializer)? {
            Some(value) => Self::Set(value),
            None => Self::Clear,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Update {
        #[serde(default)]
        clip: Change<String>,
        #[serde(default)]
        clip_id: Change<String>,
    }

    #[test]
    fn tells_absent_from_null() {
        let cases = [
            ("{}", None),
            (r#"{"clip":null}"#, Some(None)),
            (r#"{"clip_id":"b"}"#, Some(Some("b"))),
            (r#"{"clip":"a","clip_id":"b"}"#, Some(Some("a"))),
            (r#"{"clip":null,"clip_id":"b"}"#, Some(None)),
        ];
        for (json, expected) in cases {
            let update: Update = serde_json::from_str(json).unwrap();
            let column = update.clip.or(update.clip_id).into_column();
            assert_eq!(
                column.as_ref().map(|inner| inner.as_deref()),
                expected,
                "{json}"
            );
        }
    }

    #[test]
    fn carries_failures_through() {
        let changed = Change::Set("7").try_map(str::parse::<u8>);
        assert_eq!(changed, Ok(Change::Set(7)));
        assert!(Change::Set("x").try_map(str::parse::<u8>).is_err());
        assert_eq!(
            Change::<&str>::Clear.try_map(str::parse::<u8>),
            Ok(Change::Clear)
        );
    }
}
