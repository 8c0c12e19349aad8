//! Values the exchange makes once and keeps, as keys of cursors and nonces.

use diesel::prelude::*;

use crate::db::queries;
use crate::error::DbError;
use crate::tables::settings;
use crate::types::Time;

queries! {
    /// The value kept under this name: the candidate when there was none before. All nodes get the same.
    write fn find_or_insert_setting(c, name: String, candidate: Vec<u8>) -> Vec<u8> {
        write_tx!(c, {
            let now = Time::now();
            let row = (
                settings::name.eq(&name),
                settings::value.eq(&candidate),
                settings::created_at.eq(now),
                settings::updated_at.eq(now),
            );
            diesel::insert_into(settings::table).values(row).on_conflict_do_nothing().execute(c).await?;
            Ok(settings::table.find(&name).select(settings::value).first(c).await?)
        })
    }
}
