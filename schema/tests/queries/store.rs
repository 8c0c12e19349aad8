//! The store itself: writes at once, failures within a group, restarts, lost connections.

use std::sync::{Arc, Mutex};

use strowger_schema::page::Window;
use strowger_schema::{Constraint, Db, DbConfig, DbError, NewUser, Observation};

use crate::fails;
use crate::support::{Database, SERVER, account, both, on, user};

#[test]
fn many_writes_at_once_all_hold_and_a_failing_one_fails_alone() {
    both(async |db| {
        let ours = account(&db).await;
        let new = |email: String| NewUser {
            account_id: ours.id,
            name: None,
            email: Some(email),
        };
        // Every address is asked for twice, so half of the writes must fail, each by itself.
        let tasks = (0..200).map(|n| {
            let (db, new) = (db.clone(), new(format!("{}@example.com", n / 2)));
            tokio::spawn(async move { db.insert_user(new).await })
        });
        let mut taken = 0;
        for task in tasks.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(_) => {}
                Err(DbError::Conflict {
                    constraint: Constraint::UserEmail,
                }) => taken += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(taken, 100);
        let kept = db
            .list_users(ours.id, None, Window::first(1000))
            .await
            .unwrap();
        assert_eq!(kept.rows.len(), 100);
    });
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for database in Database::each() {
        runtime.block_on(async {
            let db = database.connect().await;
            let ours = account(&db).await;
            let ann = user(&db, &ours, "Ann").await;
            drop(db);
            assert!(
                strowger_schema::migrate(&database.url())
                    .unwrap()
                    .is_empty()
            );
            let db = database.connect().await;
            assert_eq!(db.find_user(ours.id, ann.id).await.unwrap(), ann);
        });
    }
}

#[test]
fn any_runtime_may_ask_and_may_end() {
    let database = Database::each();
    for database in database {
        let dbs: Arc<Mutex<Option<Db>>> = Arc::default();
        for _ in 0..2 {
            // A runtime like an arbiter's; the second must not need what the first opened.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let kept = dbs.lock().unwrap().clone();
                let db = match kept {
                    Some(db) => db,
                    None => database.connect().await,
                };
                db.ping().await.unwrap();
                account(&db).await;
                *dbs.lock().unwrap() = Some(db);
            });
        }
    }
}

#[test]
fn every_query_is_observed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for database in Database::each() {
        let heard: Arc<Mutex<Vec<Observation>>> = Arc::default();
        let ear = Arc::clone(&heard);
        let mut config = DbConfig::new(database.url());
        config.observer = Some(Arc::new(move |seen| ear.lock().unwrap().push(seen)));
        runtime.block_on(async {
            let db = Db::connect(&config).await.unwrap();
            let ours = account(&db).await;
            fails!(
                db.find_user(ours.id, strowger_schema::Id::new()),
                DbError::NotFound
            );
        });
        let heard = heard.lock().unwrap();
        let names: Vec<_> = heard.iter().map(|seen| seen.query).collect();
        assert_eq!(
            names,
            ["ping", "bootstrap_platform", "insert_account", "find_user"]
        );
        assert!(heard.iter().all(|seen| !seen.failed));
    }
}

#[test]
fn a_url_that_makes_no_sense_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for url in ["", "sqlite://", "sqlite::memory:", "mysql://localhost/x"] {
        assert!(
            matches!(strowger_schema::migrate(url), Err(DbError::Internal(_))),
            "{url}"
        );
        let connected = runtime.block_on(Db::connect(&DbConfig::new(url)));
        assert!(matches!(connected, Err(DbError::Internal(_))), "{url}");
    }
    let absent = runtime.block_on(Db::connect(&DbConfig::new("/nonexistent/folder/x.db")));
    assert!(matches!(absent, Err(DbError::Unavailable(_))));
    let nobody = DbConfig::new("postgres://nobody@127.0.0.1:1/x");
    let absent = runtime.block_on(Db::connect(&nobody));
    assert!(matches!(absent, Err(DbError::Unavailable(_))), "{absent:?}");
    assert!(matches!(
        strowger_schema::migrate(&nobody.url),
        Err(DbError::Unavailable(_))
    ));
}

#[test]
fn lost_connections_are_replaced() {
    let Ok(server) = std::env::var(SERVER) else {
        eprintln!("SKIPPED: {SERVER} is not set");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for database in Database::each() {
        let Database::Postgres { name, .. } = &database else {
            continue;
        };
        runtime.block_on(async {
            let db = database.connect().await;
            let ours = account(&db).await;
            on(&server, async |admin| {
                let kill =
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
                admin.query(kill, &[name]).await.unwrap();
            });
            // At most the one pooled connection may still pass for alive.
            let mut failures = 0;
            while let Err(error) = db.load_account(ours.id).await {
                assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
                failures += 1;
                assert!(failures < 5);
            }
        });
    }
}

#[test]
fn a_reader_cannot_write_and_a_locked_file_is_unavailable() {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    let database = Database::sqlite();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = database.connect().await;
        let ours = account(&db).await;
        let path = database.url().replace("sqlite://", "");
        let mut other = SqliteConnection::establish(&path).unwrap();
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        // Readers go on while somebody else writes; a write waits, then is refused.
        assert_eq!(db.load_account(ours.id).await.unwrap(), ours);
        let refused = db.insert_user(NewUser {
            account_id: ours.id,
            name: None,
            email: None,
        });
        fails!(refused, DbError::Unavailable(_));
        other.batch_execute("ROLLBACK").unwrap();
        user(&db, &ours, "Ann").await;
    });
}
