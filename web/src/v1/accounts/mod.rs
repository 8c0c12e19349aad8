//! Accounts: the tenants of a platform. No account header here, the id is in the path.

mod body;
mod config;

use actix_web::{delete, get, post, web::Data};
use schema::{
    Account, AccountChanges, Id, Json, NewAccount, PhoneNumber,
    types::{AccountConfigChanges, Address},
};
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{AccountBody, AccountCreate, AccountUpdate};
pub use self::config::Email;
use super::{
    body::Body,
    error::{Error, Result},
    ids::{At, EntityId},
    reply::{Created, Deleted, Found, List},
};
use crate::{
    caller::{AccountCaller, PlatformCaller},
    change::Change,
    db::Db,
    page::{Page, PageParams},
    state::State,
};

/// Call records deleted in one transaction.
const RECORDS: u32 = 1_000;

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_account)
        .service(list_accounts)
        .service(find_account)
        .service(update_account)
        .service(delete_account);
}

/// Create an account, in the mode of the key.
#[utoipa::path(tag = "accounts", request_body = AccountCreate, responses(
    (status = 201, body = AccountBody), (status = 422),
))]
#[post("")]
async fn create_account(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    Body(body): Body<AccountCreate>,
) -> Result<Created<AccountBody>> {
    let new = NewAccount {
        platform_id: caller.platform,
        livemode: caller.livemode,
        email: body.email,
        name: body.name,
        phone: body.phone,
        primary_contact_name: body.primary_contact_name,
        config: body
            .config
            .map(AccountConfigChanges::from)
            .unwrap_or_default(),
        billing_address: body.address.or(body.billing_address).map(Address::from),
    };
    let account = db.insert_account(new).await?;
    Ok(Created(AccountBody::new(account, &state.public_url)))
}

/// List the platform's accounts of the key's mode.
#[utoipa::path(tag = "accounts", params(PageParams), responses((status = 200, body = List<AccountBody>)))]
#[get("")]
async fn list_accounts(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    page: Page,
) -> Result<List<AccountBody>> {
    let (platform, livemode) = (caller.platform, caller.livemode);
    let known = async |id| known(db.find_account(platform, livemode, id).await);
    let window = page.window::<Account>(known).await?;
    let slice = db.list_accounts(platform, livemode, window).await?;
    let body = |account| AccountBody::new(account, &state.public_url);
    Ok(page.list(slice, |account| account.id, body))
}

/// Retrieve an account.
#[utoipa::path(tag = "accounts", params(("account_id" = EntityId, Path)), responses((status = 200, body = AccountBody)))]
#[get("/{account_id}")]
async fn find_account(
    caller: AccountCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<Account>>,
) -> Result<Found<AccountBody>> {
    caller.reaches(*id)?;
    let account = db
        .find_account(caller.platform, caller.livemode, *id)
        .await?;
    Ok(Found(AccountBody::new(account, &state.public_url)))
}

/// Update an account; what is not sent stays.
#[utoipa::path(tag = "accounts", params(("account_id" = EntityId, Path)), request_body = AccountUpdate, responses(
    (status = 200, body = AccountBody), (status = 422),
))]
#[post("/{account_id}")]
async fn update_account(
    caller: AccountCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<Account>>,
    Body(body): Body<AccountUpdate>,
) -> Result<Found<AccountBody>> {
    caller.reaches(*id)?;
    let (platform, livemode) = (caller.platform, caller.livemode);
    db.find_account(platform, livemode, *id).await?;
    let did = body.default_outbound_did.or(body.default_outbound_did_id);
    let changes = AccountChanges {
        email: body.email.map(Some),
        name: body.name.map(Some),
        phone: body.phone.map(Some),
        primary_contact_name: body.primary_contact_name.map(Some),
        default_outbound_did_id: outbound_number(&db, *id, did, "default_outbound_did_id").await?,
        hold_music_clip_id: none_yet(
            body.hold_music_clip.or(body.hold_music_clip_id),
            "hold_music_clip_id",
        )?,
        main_location_id: none_yet(
            body.main_location.or(body.main_location_id),
            "main_location_id",
        )?,
        billing_address: body
            .address
            .or(body.billing_address)
            .into_column()
            .map(|address| address.map(|address| Json(address.into()))),
    };
    none_yet::<schema::AudioClip>(body.default_button_template, "default_button_template")?;
    let config = body
        .config
        .map(AccountConfigChanges::from)
        .unwrap_or_default();
    let account = db
        .update_account(platform, livemode, *id, changes, config)
        .await?;
    state.exchange.changed(actors::Change::AccountChanged(*id));
    Ok(Found(AccountBody::new(account, &state.public_url)))
}

/// Delete an account with all that is its own, and end its calls.
#[utoipa::path(tag = "accounts", params(("account_id" = EntityId, Path)), responses((status = 204)))]
#[delete("/{account_id}")]
async fn delete_account(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<Account>>,
) -> Result<Deleted> {
    let (platform, livemode) = (caller.platform, caller.livemode);
    db.find_account(platform, livemode, *id).await?;
    // Years of records in one go would keep others from writing.
    while db.delete_some_calls(*id, RECORDS).await? > 0 {}
    db.delete_account(platform, livemode, *id).await?;
    state.accounts.forget(platform, livemode, *id);
    // Its event streams hear how its calls end, and are closed by the exchange.
    state.exchange.changed(actors::Change::AccountDeleted(*id));
    Ok(Deleted)
}

/// Resolves a number of the account that may be shown on outbound calls.
pub async fn outbound_number(
    db: &Db,
    account: Id<Account>,
    change: Change<EntityId>,
    field: &str,
) -> Result<Option<Option<Id<PhoneNumber>>>> {
    let id = match change {
        Change::Keep => return Ok(None),
        Change::Clear => return Ok(Some(None)),
        Change::Set(id) => id.of::<PhoneNumber>(),
    };
    let unknown = || Error::unusable(field, "is not a phone number of this account");
    let id = id.ok_or_else(unknown)?;
    match db.find_phone_number(account, id).await {
        Ok(_) => Ok(Some(Some(id))),
        Err(schema::DbError::NotFound) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

/// A reference to a kind of resource that no account has yet: it can only be cleared.
fn none_yet<T>(change: Change<EntityId>, field: &str) -> Result<Option<Option<Id<T>>>> {
    match change {
        Change::Keep => Ok(None),
        Change::Clear => Ok(Some(None)),
        Change::Set(_) => Err(Error::unusable(field, "names nothing on this account")),
    }
}

/// Whether a row was found.
pub fn known<T>(found: std::result::Result<T, schema::DbError>) -> Result<bool> {
    match found {
        Ok(_) => Ok(true),
        Err(schema::DbError::NotFound) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
