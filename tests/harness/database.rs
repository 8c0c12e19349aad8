//! A database for each exchange: a file of its own, or a database of its own on the server of
//! `STROWGER_TEST_POSTGRES`.

use tokio_postgres::NoTls;

/// Which kind a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in the exchange's data directory.
    Sqlite,
    /// A database made for the test.
    Postgres,
}

/// The server's URL; `None` when the tests run without PostgreSQL.
pub fn server() -> Option<String> {
    std::env::var("STROWGER_TEST_POSTGRES")
        .ok()
        .filter(|url| !url.is_empty())
}

/// The `host:port` of a URL.
pub fn host(url: &str) -> String {
    let (_, rest) = url.split_once("://").expect("a URL");
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    host.to_owned()
}

impl Database {
    /// The kinds that can be had here. Says so when PostgreSQL is left out.
    pub fn all() -> Vec<Self> {
        match server() {
            Some(_) => vec![Self::Sqlite, Self::Postgres],
            None => {
                eprintln!("PostgreSQL is left out: STROWGER_TEST_POSTGRES is not set");
                vec![Self::Sqlite]
            }
        }
    }

    /// Whether this kind can be had here; says which story is left out when it cannot.
    pub fn is_here(self, story: &str) -> bool {
        let here = self == Self::Sqlite || server().is_some();
        if !here {
            eprintln!("{story}: left out, STROWGER_TEST_POSTGRES is not set");
        }
        here
    }

    /// The URL for a new exchange; `None` is SQLite's own default.
    pub(crate) async fn url(self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(create().await),
        }
    }
}

async fn create() -> String {
    let server = server().expect("STROWGER_TEST_POSTGRES");
    let name = format!("strowger_{}", crate::sip::token());
    ask(&server, &format!("CREATE DATABASE {name}")).await;
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{base}/{name}")
}

/// Drops the database of a stopped exchange.
pub(crate) async fn drop_database(url: &str) {
    let Some((_, name)) = url.rsplit_once('/') else {
        return;
    };
    let server = server().expect("STROWGER_TEST_POSTGRES");
    ask(
        &server,
        &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
    )
    .await;
}

async fn ask(server: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(server, NoTls)
        .await
        .expect("PostgreSQL");
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.expect(statement);
    drop(client);
    drop(connection.await);
}
