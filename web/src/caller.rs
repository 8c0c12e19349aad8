//! Who asks and for which account: what every handler of a tenant's resource starts from.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Data};
use schema::{Account, DbError, Id, Platform};

use crate::{
    auth::{Credential, Remembered, api_key::PlatformKey, user_token::UserClaims},
    state::State,
    v1::error::{Error, Result},
};

/// The header by which a platform key names the account.
pub const ACCOUNT_HEADER: &str = "DialStack-Account";

/// How long an account that was found is known to be there.
const TRUST: Duration = Duration::from_secs(1);
/// Accounts known at once.
const KNOWN: usize = 10_000;

/// What a token hears where it reaches nothing.
const NOT_FOR_TOKENS: &str = "This needs a platform key";
/// What a key hears where only a user can ask.
const NOT_FOR_KEYS: &str = "This needs a user token";

/// A request within one account.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The tenant. Every query starts from it.
    pub account: Id<Account>,
    /// Whether the account is a live one, or a sandbox.
    pub livemode: bool,
    /// How the caller showed who it is.
    pub credential: Credential,
}

/// A request of a platform itself, above its accounts.
#[derive(Debug, Clone, Copy)]
pub struct PlatformCaller {
    /// Whose key it is.
    pub platform: Id<Platform>,
    /// Whether the key reaches live accounts, or sandbox ones.
    pub livemode: bool,
}

/// Accounts that were found a moment ago, by platform and mode.
#[derive(Debug)]
pub struct KnownAccounts(Remembered<(Id<Platform>, bool, Id<Account>), ()>);

impl Default for KnownAccounts {
    fn default() -> Self {
        Self(Remembered::new(TRUST, KNOWN))
    }
}

impl KnownAccounts {
    /// Makes sure that the account belongs to the key's platform and mode.
    ///
    /// # Errors
    /// 404 when it does not.
    pub async fn confirm(&self, state: &State, key: PlatformKey, id: Id<Account>) -> Result<()> {
        let entry = (key.platform, key.livemode, id);
        if self.0.get(&entry).is_some() {
            return Ok(());
        }
        let found = state.db.find_account(key.platform, key.livemode, id).await;
        match found {
            Ok(_) => {
                self.0.put(entry, ());
                Ok(())
            }
            Err(DbError::NotFound) => Err(Error::NotFound("Account")),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets an account that was deleted.
    pub fn forget(&self, platform: Id<Platform>, livemode: bool, id: Id<Account>) {
        self.0.forget(&(platform, livemode, id));
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<State>>().cloned();
        let credential = request.extensions().get::<Credential>().copied();
        let header = request.headers().get(ACCOUNT_HEADER).cloned();
        Box::pin(async move {
            let state = state.ok_or(Error::Internal)?;
            let credential = credential.ok_or(Error::Unauthorized)?;
            let Credential::Platform(key) = credential else {
                return Err(Error::Forbidden(NOT_FOR_TOKENS));
            };
            let header = header.filter(|value| !value.is_empty()).ok_or_else(|| {
                Error::field(
                    ACCOUNT_HEADER,
                    "this header is required with a platform key",
                )
            })?;
            let text = header.to_str().map_err(|_| Error::NotFound("Account"))?;
            let account = text
                .trim()
                .parse()
                .map_err(|_| Error::NotFound("Account"))?;
            state.accounts.confirm(&state, key, account).await?;
            tracing::Span::current().record("account.id", tracing::field::display(account));
            Ok(Self {
                account,
                livemode: key.livemode,
                credential,
            })
        })
    }
}

/// A request of a user, by their token.
#[derive(Debug, Clone, Copy)]
pub struct Me(pub UserClaims);

impl FromRequest for Me {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let credential = request.extensions().get::<Credential>().copied();
        std::future::ready(match credential {
            Some(Credential::User(claims)) => {
                let account = tracing::field::display(claims.account);
                tracing::Span::current().record("account.id", account);
                Ok(Self(claims))
            }
            Some(Credential::Platform(_)) => Err(Error::Forbidden(NOT_FOR_KEYS)),
            None => Err(Error::Unauthorized),
        })
    }
}

impl FromRequest for PlatformCaller {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let credential = request.extensions().get::<Credential>().copied();
        std::future::ready(match credential {
            Some(Credential::Platform(key)) => Ok(Self {
                platform: key.platform,
                livemode: key.livemode,
            }),
            Some(Credential::User(_)) => Err(Error::Forbidden(NOT_FOR_TOKENS)),
            None => Err(Error::Unauthorized),
        })
    }
}
