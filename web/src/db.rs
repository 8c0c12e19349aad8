//! The database as handlers receive it.

use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};

use schema::{Account, DbError, Id, TargetId};

use crate::{state::State, v1::error::Error};

/// Every query of `schema`, as methods.
#[derive(Debug, Clone)]
pub struct Db(schema::Db);

impl Db {
    /// Whether the account has such a target.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_target(&self, account: Id<Account>, target: TargetId) -> Result<bool, Error> {
        match self.0.find_target_name(account, target).await {
            Ok(_) => Ok(true),
            Err(DbError::NotFound) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Deref for Db {
    type Target = schema::Db;

    fn deref(&self) -> &schema::Db {
        &self.0
    }
}

impl FromRequest for Db {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<State>>();
        ready(
            state
                .map(|state| Self(state.db.clone()))
                .ok_or(Error::Internal),
        )
    }
}
