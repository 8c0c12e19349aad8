//! A migrated SQLite file with a platform and an account, for tests.

use schema::{
    Account, Db, DbConfig, FirstKey, Id, NewAccount, Platform, types::AccountConfigChanges,
};
use std::path::PathBuf;

/// An empty database in a file of its own.
pub(crate) async fn test_db() -> (Db, PathBuf) {
    let name = format!("strowger-{}.db", Id::<Account>::new());
    let file = std::env::temp_dir().join(name);
    let url = format!("sqlite://{}", file.display());
    schema::migrate(&url).unwrap();
    (Db::connect(&DbConfig::new(url)).await.unwrap(), file)
}

/// The platform.
async fn test_platform(db: &Db) -> Id<Platform> {
    let key = FirstKey {
        name: None,
        hash: vec![1; 32].into(),
        last4: "abcd".into(),
        livemode: true,
    };
    db.bootstrap_platform("Test".into(), key)
        .await
        .unwrap()
        .0
        .id
}

/// An account of the platform.
pub(crate) async fn test_account(db: &Db) -> Id<Account> {
    let new = NewAccount {
        platform_id: test_platform(db).await,
        livemode: true,
        email: None,
        name: Some("Lighthouse".into()),
        phone: None,
        primary_contact_name: None,
        config: AccountConfigChanges::default(),
        billing_address: None,
    };
    db.insert_account(new).await.unwrap().id
}
