//! Why an exchange does not start, or does not answer.

/// The exchange could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener, the certificate or the media plane.
    #[error(transparent)]
    Engine(#[from] engine::BindError),
    /// The database did not answer a question that start-up depends on.
    #[error("the database does not answer")]
    Database(#[from] schema::DbError),
    /// The spool of call records cannot be used.
    #[error("cannot use {path}")]
    Spool {
        /// File or directory.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The installation's key cannot be read or made.
    #[error("cannot use {path}")]
    Secrets {
        /// File.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Threads could not be started.
    #[error("cannot start threads")]
    Threads(#[source] std::io::Error),
    /// A metric name is taken on the registry given.
    #[error("cannot register metrics")]
    Metrics(#[from] prometheus::Error),
}

/// The truth cannot be told right now; nothing is guessed instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the live state cannot be verified")]
pub struct Unavailable;
