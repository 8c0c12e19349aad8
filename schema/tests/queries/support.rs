//! A fresh, migrated database of each kind for each test, and rows to begin with.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use strowger_schema::types::AccountConfigChanges;
use strowger_schema::{
    Account, Db, DbConfig, Digest, Endpoint, FirstKey, NewAccount, NewEndpoint, NewUser, Platform,
    User,
};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

/// Names the server: the URL of a user that may create databases.
pub const SERVER: &str = "STROWGER_TEST_POSTGRES";

/// Held while the template is being made; the number means nothing.
const TEMPLATE_LOCK: i64 = 7_240_912;

/// Runs a test on both databases.
pub fn both(test: impl AsyncFn(Db)) {
    let runtime = Runtime::new().unwrap();
    for database in Database::each() {
        runtime.block_on(async { test(database.connect().await).await });
    }
}

/// A database of a test's own; gone when dropped.
pub enum Database {
    Sqlite(PathBuf),
    Postgres { server: String, name: String },
}

impl Database {
    /// A fresh one of each kind that there is.
    pub fn each() -> Vec<Self> {
        let mut all = vec![Self::sqlite()];
        match std::env::var(SERVER) {
            Ok(server) => all.push(Self::postgres(server)),
            Err(_) => eprintln!("SKIPPED on PostgreSQL: {SERVER} is not set"),
        }
        all
    }

    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(unique("strowger_test"));
        let database = Self::Sqlite(folder);
        strowger_schema::migrate(&database.url()).unwrap();
        database
    }

    fn postgres(server: String) -> Self {
        let name = unique("strowger_test");
        let template = template();
        on(&server, async |admin| {
            let lock = format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})");
            admin.batch_execute(&lock).await.unwrap();
            let known = "SELECT 1 FROM pg_database WHERE datname = $1";
            if admin
                .query_opt(known, &[&template])
                .await
                .unwrap()
                .is_none()
            {
                let building = unique("strowger_template");
                admin
                    .batch_execute(&format!("CREATE DATABASE {building}"))
                    .await
                    .unwrap();
                strowger_schema::migrate(&url_of(&server, &building)).unwrap();
                // The migration's connection may still be on its way out.
                let leave = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{building}'"
                );
                admin.batch_execute(&leave).await.unwrap();
                let rename = format!("ALTER DATABASE {building} RENAME TO {template}");
                while admin.batch_execute(&rename).await.is_err() {}
            }
            let clone = format!("CREATE DATABASE {name} TEMPLATE {template}");
            admin.batch_execute(&clone).await.unwrap();
        });
        Self::Postgres { server, name }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.join("test.db").display()),
            Self::Postgres { server, name } => url_of(server, name),
        }
    }

    pub async fn connect(&self) -> Db {
        Db::connect(&DbConfig::new(self.url())).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(folder) => drop(std::fs::remove_dir_all(folder)),
            Self::Postgres { server, name } => {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                on(server, async |admin| {
                    admin.batch_execute(&drop).await.unwrap()
                });
            }
        }
    }
}

/// Runs something as the server's administrator, wherever the caller is.
pub fn on(server: &str, run: impl AsyncFn(Client) + Sync) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            Runtime::new().unwrap().block_on(async {
                let (client, connection) = tokio_postgres::connect(server, NoTls).await.unwrap();
                tokio::spawn(connection);
                run(client).await;
            });
        });
    });
}

/// The server's URL with another database.
fn url_of(server: &str, database: &str) -> String {
    let (host, _) = server
        .rsplit_once('/')
        .filter(|(host, _)| !host.ends_with('/'))
        .unwrap_or((server, ""));
    format!("{host}/{database}")
}

fn unique(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let id = strowger_schema::Id::<User>::new()
        .uuid()
        .simple()
        .to_string();
    format!("{what}_{id}_{count}")
}

/// The template's name changes with the migrations.
fn template() -> String {
    let mut hasher = DefaultHasher::new();
    for (name, up, _) in migrations("postgres") {
        (name, up).hash(&mut hasher);
    }
    format!("strowger_template_{:016x}", hasher.finish())
}

/// Name, `up.sql` and `down.sql` of each migration, in order.
pub fn migrations(kind: &str) -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(kind);
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let all = names.into_iter().map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, read(path.join("up.sql")), read(path.join("down.sql")))
    });
    all.collect()
}

pub async fn platform(db: &Db) -> Platform {
    let key = FirstKey {
        name: None,
        hash: vec![7; 32].into(),
        last4: "abcd".into(),
        livemode: true,
    };
    db.bootstrap_platform("Acme".into(), key).await.unwrap().0
}

pub async fn account(db: &Db) -> Account {
    let new = NewAccount {
        platform_id: platform(db).await.id,
        livemode: true,
        email: None,
        name: None,
        phone: None,
        primary_contact_name: None,
        config: AccountConfigChanges::default(),
        billing_address: None,
    };
    db.insert_account(new).await.unwrap()
}

pub async fn user(db: &Db, account: &Account, name: &str) -> User {
    let new = NewUser {
        account_id: account.id,
        name: Some(name.into()),
        email: None,
    };
    db.insert_user(new).await.unwrap()
}

pub async fn endpoint(db: &Db, user: &User, sip_username: &str) -> Endpoint {
    let new = NewEndpoint {
        account_id: user.account_id,
        user_id: user.id,
        name: None,
        sip_username: sip_username.into(),
        digest: digest("a"),
    };
    db.insert_endpoint(new).await.unwrap()
}

pub fn digest(letter: &str) -> Digest {
    Digest {
        realm: "example.com".into(),
        ha1_md5: letter.repeat(32).into(),
        ha1_sha256: letter.repeat(64).into(),
    }
}

/// Asserts that a query failed in a certain way.
#[macro_export]
macro_rules! fails {
    ($query:expr, $pattern:pat) => {
        match $query.await {
            Err($pattern) => {}
            other => panic!("wanted {}, got {other:?}", stringify!($pattern)),
        }
    };
}
