//! Idempotency keys: what was answered to a POST, so that repeating it answers the same.

use std::time::Duration;

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::Id;
use crate::tables::idempotency_keys;
use crate::types::Time;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// After this time without an answer a request counts as cut off by a crash, and the key may be
/// claimed anew. Longer than any request may take and than the published client's time-out (80 s).
const ABANDONED: Duration = Duration::from_secs(120);

/// Which requests count as the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyScope {
    /// Who asks: the id of the API key, or the subject of the token.
    pub credential: String,
    /// For which account, when for one.
    pub account: Option<Id<Account>>,
    /// The method.
    pub method: String,
    /// The path without its query; with the key at most some 2,000 bytes.
    pub path: String,
    /// The header's value.
    pub key: String,
}

impl IdempotencyScope {
    fn account(&self) -> String {
        self.account.map(|id| id.to_string()).unwrap_or_default()
    }
}

/// An answer, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`, when there was one.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What became of the wish to carry out a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the first: carry it out, then finish or release it.
    New,
    /// The first is still being carried out.
    Running,
    /// It was carried out and answered.
    Finished(StoredResponse),
    /// The key was used with another body.
    OtherBody,
}

type Row = (Vec<u8>, Option<i32>, Option<String>, Option<Vec<u8>>);

/// Reads a row that could not be claimed.
fn judge((hash, status, content_type, body): Row, body_hash: &[u8]) -> Claim {
    if hash != body_hash {
        return Claim::OtherBody;
    }
    match status.map(u16::try_from) {
        Some(Ok(status)) => Claim::Finished(StoredResponse {
            status,
            content_type,
            body: body.unwrap_or_default(),
        }),
        Some(Err(_)) | None => Claim::Running,
    }
}

/// The row of a scope; borrows it.
macro_rules! row {
    ($scope:expr) => {
        idempotency_keys::table
            .filter(idempotency_keys::credential.eq(&$scope.credential))
            .filter(idempotency_keys::account.eq($scope.account()))
            .filter(idempotency_keys::method.eq(&$scope.method))
            .filter(idempotency_keys::path.eq(&$scope.path))
            .filter(idempotency_keys::key.eq(&$scope.key))
    };
}

queries! {
    /// Claims a key for a request, of which exactly one becomes `New`.
    write fn claim_idempotency_key(c, scope: IdempotencyScope, body_hash: Vec<u8>, now: Time) -> Claim {
        write_tx!(c, {
            let abandoned = idempotency_keys::status.is_null().and(idempotency_keys::claimed_at.lt(now.before(ABANDONED)));
            diesel::delete(row!(scope).filter(idempotency_keys::expires_at.le(now).or(abandoned))).execute(c).await?;
            let claim = (
                idempotency_keys::credential.eq(&scope.credential),
                idempotency_keys::account.eq(scope.account()),
                idempotency_keys::method.eq(&scope.method),
                idempotency_keys::path.eq(&scope.path),
                idempotency_keys::key.eq(&scope.key),
                idempotency_keys::body_hash.eq(&body_hash),
                idempotency_keys::claimed_at.eq(now),
                idempotency_keys::expires_at.eq(now.after(KEPT)),
            );
            let claimed = diesel::insert_into(idempotency_keys::table).values(claim)
                .on_conflict_do_nothing().execute(c).await?;
            if claimed == 1 {
                return Ok(Claim::New);
            }
            let row: Option<Row> = row!(scope).select((
                idempotency_keys::body_hash,
                idempotency_keys::status,
                idempotency_keys::content_type,
                idempotency_keys::body,
            )).first(c).await.optional()?;
            // Given up between the two statements: the next attempt will have it.
            Ok(row.map_or(Claim::Running, |row| judge(row, &body_hash)))
        })
    }

    /// Keeps the answer to a claimed request.
    write fn finish_idempotency_key(c, scope: IdempotencyScope, response: StoredResponse) -> () {
        let done = diesel::update(row!(scope)).set((
            idempotency_keys::status.eq(i32::from(response.status)),
            idempotency_keys::content_type.eq(response.content_type),
            idempotency_keys::body.eq(response.body),
        )).execute(c).await?;
        if done == 0 { Err(DbError::NotFound) } else { Ok(()) }
    }

    /// Gives up a claim without an answer, so that the request may be tried again.
    write fn release_idempotency_key(c, scope: IdempotencyScope) -> () {
        diesel::delete(row!(scope).filter(idempotency_keys::status.is_null())).execute(c).await?;
        Ok(())
    }

    /// Deletes answers older than 24 hours; gives how many.
    write fn delete_expired_idempotency_keys(c, now: Time) -> usize {
        Ok(diesel::delete(idempotency_keys::table.filter(idempotency_keys::expires_at.le(now))).execute(c).await?)
    }
}
