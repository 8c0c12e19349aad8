//! Migrations: the same for both databases, reversible, and what `tables.rs` says.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{Connection, SqliteConnection};

use crate::support::{Database, migrations, on};

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |kind| {
        migrations(kind)
            .into_iter()
            .map(|(name, ..)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn every_migration_can_be_taken_back() {
    for database in Database::each() {
        let kind = match &database {
            Database::Sqlite(_) => "sqlite",
            Database::Postgres { .. } => "postgres",
        };
        let all = migrations(kind);
        let downs: String = all.iter().rev().map(|(_, _, down)| down.as_str()).collect();
        let ups: String = all.iter().map(|(_, up, _)| up.as_str()).collect();
        let url = database.url();
        match &database {
            Database::Sqlite(_) => {
                let mut c = SqliteConnection::establish(&url.replace("sqlite://", "")).unwrap();
                c.batch_execute(&downs).unwrap();
                c.batch_execute(&ups).unwrap();
            }
            Database::Postgres { .. } => on(&url, async |client| {
                client.batch_execute(&downs).await.unwrap();
                client.batch_execute(&ups).await.unwrap();
            }),
        }
    }
}

/// Table and column, type, whether it may be null; as `tables.rs` has them.
type Columns = BTreeMap<String, Vec<(String, String, bool)>>;

fn printed() -> Columns {
    let mut all = Columns::new();
    let mut table = String::new();
    for line in include_str!("../../src/tables.rs").lines() {
        let line = line.trim();
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            table = name.to_owned();
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            if line.starts_with("diesel::") {
                continue;
            }
            let inner = kind
                .strip_prefix("Nullable<")
                .and_then(|kind| kind.strip_suffix('>'));
            let row = (
                column.to_owned(),
                inner.unwrap_or(kind).to_owned(),
                inner.is_some(),
            );
            all.entry(table.clone()).or_default().push(row);
        }
    }
    all
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = diesel::sql_types::Text)]
    table: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    optional: bool,
}

#[test]
fn sqlite_has_the_printed_tables() {
    let database = Database::sqlite();
    let mut c = SqliteConnection::establish(&database.url().replace("sqlite://", "")).unwrap();
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT m.name AS \"table\", c.name AS name, c.type AS kind,
            c.\"notnull\" = 0 AND c.pk = 0 AS optional
        FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%'
        ORDER BY m.name, c.cid",
    )
    .load(&mut c)
    .unwrap();
    let mut found = Columns::new();
    for column in columns {
        found
            .entry(column.table)
            .or_default()
            .push((column.name, column.kind, column.optional));
    }
    let kind = |kind: &str| match kind {
        "Uuid" | "Bytea" => "BLOB",
        "Text" | "Jsonb" => "TEXT",
        "Bool" | "Int4" | "Int8" | "Timestamptz" => "INTEGER",
        other => panic!("{other}"),
    };
    let wanted = printed().into_iter().map(|(table, columns)| {
        let columns = columns
            .into_iter()
            .map(|(name, of, optional)| (name, kind(&of).to_owned(), optional));
        (table, columns.collect())
    });
    assert_eq!(found, wanted.collect::<Columns>());
}

#[test]
fn postgres_has_the_printed_tables() {
    for database in Database::each() {
        let Database::Postgres { .. } = &database else {
            continue;
        };
        on(&database.url(), async |client| {
            let query =
                "SELECT table_name::text, column_name::text, udt_name::text, is_nullable = 'YES'
                FROM information_schema.columns
                WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'
                ORDER BY table_name, ordinal_position";
            let mut found = Columns::new();
            for row in client.query(query, &[]).await.unwrap() {
                let columns = found.entry(row.get(0)).or_default();
                columns.push((row.get(1), row.get(2), row.get(3)));
            }
            let wanted = printed().into_iter().map(|(table, columns)| {
                let columns = columns
                    .into_iter()
                    .map(|(name, of, optional)| (name, of.to_lowercase(), optional));
                (table, columns.collect())
            });
            assert_eq!(found, wanted.collect::<Columns>());
        });
    }
}
