//! Who asks and for which account: what every handler of a tenant's resource starts from.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Data};
use schema::{Account, DbError, Id, Platform};

use crate::{
    auth::{Credential, Remembered, user_token::UserClaims},
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
/// What others hear where only a user can ask.
const NOT_FOR_OTHERS: &str = "This needs a user token";

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

/// Accounts that were found a moment ago.
#[derive(Debug)]
pub struct KnownAccounts {
    /// By platform and mode, as keys ask for them.
    of_keys: Remembered<(Id<Platform>, bool, Id<Account>), ()>,
    /// With platform and mode, as tokens name them.
    of_tokens: Remembered<Id<Account>, (Id<Platform>, bool)>,
}

impl Default for KnownAccounts {
    fn default() -> Self {
        Self {
            of_keys: Remembered::new(TRUST, KNOWN),
            of_tokens: Remembered::new(TRUST, KNOWN),
        }
    }
}

impl KnownAccounts {
    /// Makes sure that the account belongs to the key's platform and mode.
    ///
    /// # Errors
    /// 404 when it does not.
    pub async fn confirm(
        &self,
        state: &State,
        platform: Id<Platform>,
        livemode: bool,
        id: Id<Account>,
    ) -> Result<()> {
        let entry = (platform, livemode, id);
        if self.of_keys.get(&entry).is_some() {
            return Ok(());
        }
        let found = state.db.find_account(platform, livemode, id).await;
        match found {
            Ok(_) => {
                self.of_keys.put(entry, ());
                Ok(())
            }
            Err(DbError::NotFound) => Err(Error::NotFound("Account")),
            Err(error) => Err(error.into()),
        }
    }

    /// Platform and mode of the account that a token names; `None` when it is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn place(
        &self,
        db: &schema::Db,
        id: Id<Account>,
    ) -> std::result::Result<Option<(Id<Platform>, bool)>, DbError> {
        if let Some(place) = self.of_tokens.get(&id) {
            return Ok(Some(place));
        }
        match db.load_account(id).await {
            Ok(account) => {
                let place = (account.platform_id, account.livemode);
                self.of_tokens.put(id, place);
                Ok(Some(place))
            }
            Err(DbError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets an account that was deleted.
    pub fn forget(&self, platform: Id<Platform>, livemode: bool, id: Id<Account>) {
        self.of_keys.forget(&(platform, livemode, id));
        self.of_tokens.forget(&id);
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
            let key = match credential {
                Credential::Platform(key) => key,
                // The token says it; a header changes nothing.
                Credential::Account(claims) => {
                    let account = tracing::field::display(claims.account);
                    tracing::Span::current().record("account.id", account);
                    return Ok(Self {
                        account: claims.account,
                        livemode: claims.livemode,
                        credential,
                    });
                }
                Credential::User(_) => return Err(Error::Forbidden(NOT_FOR_TOKENS)),
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
            state
                .accounts
                .confirm(&state, key.platform, key.livemode, account)
                .await?;
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
            Some(_) => Err(Error::Forbidden(NOT_FOR_OTHERS)),
            None => Err(Error::Unauthorized),
        })
    }
}

/// A request about an account by its id: of its platform, or of a token that acts within it.
#[derive(Debug, Clone, Copy)]
pub struct AccountCaller {
    /// Whose account it must be.
    pub platform: Id<Platform>,
    /// Whether it must be a live account, or a sandbox.
    pub livemode: bool,
    only: Option<Id<Account>>,
}

impl AccountCaller {
    /// Makes sure that this account may be asked about.
    ///
    /// # Errors
    /// 404 when a token acts within another.
    pub fn reaches(&self, id: Id<Account>) -> Result<()> {
        match self.only {
            Some(only) if only != id => Err(Error::NotFound("Resource")),
            _ => Ok(()),
        }
    }
}

impl FromRequest for AccountCaller {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let credential = request.extensions().get::<Credential>().copied();
        std::future::ready(match credential {
            Some(Credential::Platform(key)) => Ok(Self {
                platform: key.platform,
                livemode: key.livemode,
                only: None,
            }),
            Some(Credential::Account(claims)) => Ok(Self {
                platform: claims.platform,
                livemode: claims.livemode,
                only: Some(claims.account),
            }),
            Some(Credential::User(_)) => Err(Error::Forbidden(NOT_FOR_TOKENS)),
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
            Some(_) => Err(Error::Forbidden(NOT_FOR_TOKENS)),
            None => Err(Error::Unauthorized),
        })
    }
}
