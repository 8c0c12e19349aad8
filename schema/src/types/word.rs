//! Closed sets of words, stored and written as text.

/// A text was not one of the words of its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of: {}", .allowed.join(", "))]
pub struct UnknownWord {
    /// Every word of the set.
    pub allowed: &'static [&'static str],
}

/// Declares an enum whose variants are words of the API, alike in JSON and in the database.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize,
            serde::Deserialize, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every word of the set, in the API's order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
            /// Every value, in the API's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for the value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        $crate::types::word::word_as_text!($name);
    };
}

/// Reads and writes a word by `as_str` and `ALL`.
macro_rules! word_as_text {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::types::word::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.iter().find(|known| known.as_str() == word);
                known.copied().ok_or(Self::Err {
                    allowed: Self::WORDS,
                })
            }
        }
        $crate::types::word::stored_as_text!($name, |value| value.as_str().to_owned());
    };
}

/// Stores a type in a text column by its `FromStr` and the given printer.
macro_rules! stored_as_text {
    ($name:ty, $print:expr) => {
        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                let print: fn(&$name) -> String = $print;
                std::io::Write::write_all(out, print(self).as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::sqlite::Sqlite> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::sqlite::Sqlite>,
            ) -> diesel::serialize::Result {
                let print: fn(&$name) -> String = $print;
                out.set_value(print(self));
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text: String = diesel::deserialize::FromSql::from_sql(bytes)?;
                Ok(text.parse()?)
            }
        }
    };
}

pub(crate) use {stored_as_text, word_as_text, words};
