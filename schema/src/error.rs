//! What can go wrong with a query, told apart as far as a caller can act on it.

use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The cause beneath a [`DbError`]; shared, because several writes may fail as one.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why a query gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// No such row, or not of this account.
    #[error("there is no such row")]
    NotFound,
    /// Another row already has what must be unique.
    #[error("{constraint} is already taken")]
    Conflict {
        /// What must be unique.
        constraint: Constraint,
    },
    /// The row names another one that is not there (any more).
    #[error("a referenced row is not there")]
    Reference,
    /// The database cannot be reached, or is too busy; trying again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// Anything else: a defect here or a damaged database.
    #[error("the query failed")]
    Internal(#[source] Cause),
}

/// What must be unique, by what a caller would call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Constraint {
    /// An e-mail address within an account.
    #[error("the e-mail address")]
    UserEmail,
    /// A SIP registration name, anywhere.
    #[error("the SIP user name")]
    SipUsername,
    /// An extension number within an account.
    #[error("the extension number")]
    ExtensionNumber,
    /// A phone number in stock or in service, anywhere.
    #[error("the phone number")]
    PhoneNumber,
    /// A target or number within a ring group.
    #[error("the ring group member")]
    RingGroupMember,
    /// An API key.
    #[error("the API key")]
    ApiKey,
    /// The key of a row, which is made so that this does not happen.
    #[error("the row's key")]
    Key,
}

impl Constraint {
    /// Names as PostgreSQL gives them: table, columns, `key`.
    fn from_name(name: &str) -> Self {
        match name {
            "users_account_id_email_key" => Self::UserEmail,
            "endpoints_sip_username_key" => Self::SipUsername,
            "extensions_account_id_number_key" => Self::ExtensionNumber,
            "phone_numbers_phone_number_key" => Self::PhoneNumber,
            "ring_group_members_ring_group_id_extension_key"
            | "ring_group_members_ring_group_id_phone_number_key" => Self::RingGroupMember,
            "api_keys_hash_key" => Self::ApiKey,
            _ => Self::Key,
        }
    }

    /// SQLite tells no name but either the columns or, for an index over an expression, the index.
    fn from_sqlite(message: &str) -> Self {
        let what = message.split_once("failed: ").map_or("", |(_, what)| what);
        if let Some(index) = what.strip_prefix("index '") {
            return Self::from_name(index.trim_end_matches('\''));
        }
        let mut name = String::new();
        for column in what.split(", ") {
            let (table, column) = column.split_once('.').unwrap_or(("", column));
            if name.is_empty() {
                name.push_str(table);
            }
            name.push('_');
            name.push_str(column);
        }
        name.push_str("_key");
        Self::from_name(&name)
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        use DatabaseErrorKind as Kind;
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(Kind::UniqueViolation, ref told) => Self::Conflict {
                constraint: match told.constraint_name() {
                    Some(name) => Constraint::from_name(name),
                    None => Constraint::from_sqlite(told.message()),
                },
            },
            DieselError::DatabaseError(Kind::ForeignKeyViolation, _) => Self::Reference,
            // PostgreSQL's texts hold no NUL: no row can have what was asked for.
            DieselError::DatabaseError(Kind::Unknown, ref told)
                if told.message().contains(NO_TEXT) =>
            {
                Self::NotFound
            }
            error if is_transient(&error) => Self::Unavailable(Arc::new(error)),
            error => Self::Internal(Arc::new(error)),
        }
    }
}

/// Whether the same query may succeed later.
fn is_transient(error: &DieselError) -> bool {
    use DatabaseErrorKind as Kind;
    match error {
        DieselError::BrokenTransactionManager
        | DieselError::NotInTransaction
        | DieselError::RollbackErrorOnCommit { .. } => true,
        DieselError::DatabaseError(kind, told) => match kind {
            Kind::UnableToSendCommand
            | Kind::ClosedConnection
            | Kind::SerializationFailure
            | Kind::ReadOnlyTransaction => true,
            Kind::Unknown => TRANSIENT.iter().any(|known| told.message().contains(known)),
            _ => false,
        },
        _ => false,
    }
}

/// What PostgreSQL says to a text with a NUL in it.
const NO_TEXT: &str = "invalid byte sequence for encoding";

/// Messages of faults that pass: SQLite has no codes here, PostgreSQL says these when it stops,
/// starts, fails over or breaks off a statement.
const TRANSIENT: [&str; 15] = [
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "terminating connection",
    "the database system is",
    "connection closed",
    "too many clients",
    "canceling statement",
    "No space left on device",
    "out of memory",
    "no such savepoint",
    "deadlock detected",
];

impl DbError {
    /// A fault of the way to the database.
    pub(crate) fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }

    /// A fault that nobody expected.
    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_tells_what_was_taken() {
        let cases = [
            (
                "UNIQUE constraint failed: extensions.account_id, extensions.number",
                Constraint::ExtensionNumber,
            ),
            (
                "UNIQUE constraint failed: endpoints.sip_username",
                Constraint::SipUsername,
            ),
            (
                "UNIQUE constraint failed: index 'users_account_id_email_key'",
                Constraint::UserEmail,
            ),
            ("UNIQUE constraint failed: calls.id", Constraint::Key),
            ("", Constraint::Key),
        ];
        for (message, constraint) in cases {
            assert_eq!(Constraint::from_sqlite(message), constraint, "{message}");
        }
    }
}
