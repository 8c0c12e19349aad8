//! The operator's stock of numbers, and which account has which.

use actix_web::{delete, get, post, web::Data};
use schema::{
    Account, DbError, Id, NewPhoneNumber, Origin, PhoneNumber, Time, types::PhoneNumberStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::PlatformCaller,
    change::Change,
    db::Db,
    page::{Page, PageParams},
    state::State,
    v1::{
        accounts::known,
        body::{Body, Check},
        error::{Error, Fields, Result},
        ids::{At, EntityId},
        reply::{Created, Deleted, Found, List},
        validate::{e164, text},
        words,
    },
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_stock_number)
        .service(list_stock_numbers)
        .service(find_stock_number)
        .service(update_stock_number)
        .service(delete_stock_number);
}

/// A number to add.
#[derive(Debug, Deserialize, ToSchema)]
struct StockNumberCreate {
    /// E.164.
    #[schema(max_length = 20, pattern = r"^\+[1-9][0-9]{1,14}$")]
    phone_number: String,
    /// Puts it in service there at once; in stock without.
    #[schema(value_type = Option<EntityId>)]
    account: Option<EntityId>,
    /// Other spelling of `account`.
    #[schema(value_type = Option<EntityId>)]
    account_id: Option<EntityId>,
    /// City of the rate centre.
    city: Option<String>,
    /// State or province.
    state: Option<String>,
    /// Rate centre.
    rate_center: Option<String>,
    /// LATA code.
    lata: Option<String>,
}

/// What to change of a number.
#[derive(Debug, Deserialize, ToSchema)]
struct StockNumberUpdate {
    /// Puts it in service there; null puts it back in stock.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    account: Change<EntityId>,
    /// Other spelling of `account`.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    account_id: Change<EntityId>,
    /// City of the rate centre.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    city: Change<String>,
    /// State or province.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    state: Change<String>,
    /// Rate centre.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    rate_center: Change<String>,
    /// LATA code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    lata: Change<String>,
}

impl Check for StockNumberCreate {
    fn check(&self, faults: &mut Fields) {
        e164(faults, "phone_number", Some(&self.phone_number));
        place(
            faults,
            [&self.city, &self.state, &self.rate_center, &self.lata].map(Option::as_ref),
        );
    }
}

impl Check for StockNumberUpdate {
    fn check(&self, faults: &mut Fields) {
        place(
            faults,
            [&self.city, &self.state, &self.rate_center, &self.lata].map(Change::value),
        );
    }
}

fn place(faults: &mut Fields, texts: [Option<&String>; 4]) {
    for (name, value) in ["city", "state", "rate_center", "lata"]
        .into_iter()
        .zip(texts)
    {
        text(faults, name, value, 0..=255);
    }
}

/// A number of the exchange, in stock or in service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockNumber)]
struct StockNumberBody {
    /// Prefix `did`.
    #[schema(value_type = EntityId)]
    id: Id<PhoneNumber>,
    /// E.164.
    phone_number: String,
    /// Whose it is; null in stock.
    #[schema(value_type = Option<EntityId>)]
    account: Option<Id<Account>>,
    /// Same as `account`.
    #[schema(value_type = Option<EntityId>)]
    account_id: Option<Id<Account>>,
    /// Where it is in its life.
    #[schema(value_type = words::NumberState)]
    status: PhoneNumberStatus,
    /// City of the rate centre.
    city: Option<String>,
    /// State or province.
    state: Option<String>,
    /// Rate centre.
    rate_center: Option<String>,
    /// LATA code.
    lata: Option<String>,
    /// When it was added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

impl From<PhoneNumber> for StockNumberBody {
    fn from(number: PhoneNumber) -> Self {
        Self {
            id: number.id,
            phone_number: number.phone_number,
            account: number.placement.account_id,
            account_id: number.placement.account_id,
            status: number.placement.status,
            city: number.origin.city,
            state: number.origin.state,
            rate_center: number.origin.rate_center,
            lata: number.origin.lata,
            created_at: number.created_at,
            updated_at: number.updated_at,
        }
    }
}

/// Add a number, to the stock or to an account.
#[utoipa::path(tag = "operator", request_body = StockNumberCreate, responses(
    (status = 201, body = StockNumberBody), (status = 422),
))]
#[post("")]
async fn create_stock_number(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    Body(body): Body<StockNumberCreate>,
) -> Result<Created<StockNumberBody>> {
    let account = match body.account.or(body.account_id) {
        Some(account) => Some(receiver(&db, &caller, &account, &body.phone_number).await?),
        None => None,
    };
    let new = NewPhoneNumber {
        phone_number: body.phone_number,
        account_id: account,
        origin: Origin {
            city: body.city,
            state: body.state,
            rate_center: body.rate_center,
            lata: body.lata,
        },
    };
    let number = db
        .insert_phone_number(new)
        .await
        .map_err(|error| match error {
            DbError::Reference => no_account(),
            other => other.into(),
        })?;
    state
        .exchange
        .changed(actors::Change::NumberChanged(number.id));
    Ok(Created(number.into()))
}

/// List every number, in stock or in service.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = List<StockNumberBody>)))]
#[get("")]
async fn list_stock_numbers(
    _caller: PlatformCaller,
    db: Db,
    page: Page,
) -> Result<List<StockNumberBody>> {
    let known = async |id| known(db.find_stock_number(id).await);
    let window = page.window::<PhoneNumber>(known).await?;
    let slice = db.list_number_stock(window).await?;
    Ok(page.list(slice, |number| number.id, StockNumberBody::from))
}

/// Retrieve a number.
#[utoipa::path(tag = "operator", params(("phone_number_id" = EntityId, Path)), responses(
    (status = 200, body = StockNumberBody),
))]
#[get("/{phone_number_id}")]
async fn find_stock_number(
    caller: PlatformCaller,
    db: Db,
    id: At<Id<PhoneNumber>>,
) -> Result<Found<StockNumberBody>> {
    Ok(Found(within_reach(&db, &caller, *id).await?.into()))
}

/// Give a number to an account, take it back, or correct where it is from.
#[utoipa::path(tag = "operator", params(("phone_number_id" = EntityId, Path)), request_body = StockNumberUpdate,
    responses((status = 200, body = StockNumberBody), (status = 422)))]
#[post("/{phone_number_id}")]
async fn update_stock_number(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<PhoneNumber>>,
    Body(body): Body<StockNumberUpdate>,
) -> Result<Found<StockNumberBody>> {
    let number = within_reach(&db, &caller, *id).await?;
    if number.placement.status == PhoneNumberStatus::Released {
        return Err(Error::Conflict {
            code: "phone_number_released",
            message: "The number was given back to the carrier",
        });
    }
    let account = match body.account.or(body.account_id) {
        Change::Keep => number.placement.account_id,
        Change::Clear => None,
        Change::Set(account)
            if account
                .of::<Account>()
                .is_some_and(|given| number.placement.account_id == Some(given)) =>
        {
            number.placement.account_id
        }
        Change::Set(account) => Some(receiver(&db, &caller, &account, &number.phone_number).await?),
    };
    let origin = Origin {
        city: body.city.into_column().unwrap_or(number.origin.city),
        state: body.state.into_column().unwrap_or(number.origin.state),
        rate_center: body
            .rate_center
            .into_column()
            .unwrap_or(number.origin.rate_center),
        lata: body.lata.into_column().unwrap_or(number.origin.lata),
    };
    let number = db.place_phone_number(*id, account, Some(origin)).await?;
    state.exchange.changed(actors::Change::NumberChanged(*id));
    Ok(Found(number.into()))
}

/// Forget a number altogether.
#[utoipa::path(tag = "operator", params(("phone_number_id" = EntityId, Path)), responses((status = 204)))]
#[delete("/{phone_number_id}")]
async fn delete_stock_number(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<PhoneNumber>>,
) -> Result<Deleted> {
    within_reach(&db, &caller, *id).await?;
    db.delete_phone_number(*id).await?;
    state.exchange.changed(actors::Change::NumberChanged(*id));
    Ok(Deleted)
}

/// A number in stock, or on an account that the key reaches: a sandbox key touches nothing live.
async fn within_reach(
    db: &Db,
    caller: &PlatformCaller,
    id: Id<PhoneNumber>,
) -> Result<PhoneNumber> {
    let number = db.find_stock_number(id).await?;
    if let Some(account) = number.placement.account_id {
        let (platform, livemode) = (caller.platform, caller.livemode);
        db.find_account(platform, livemode, account).await?;
    }
    Ok(number)
}

/// The account that is to have a number: one of the key's, with room for it.
async fn receiver(
    db: &Db,
    caller: &PlatformCaller,
    id: &EntityId,
    phone_number: &str,
) -> Result<Id<Account>> {
    let id = id.of::<Account>().ok_or_else(no_account)?;
    let account = match db.find_account(caller.platform, caller.livemode, id).await {
        Err(DbError::NotFound) => return Err(no_account()),
        found => found?,
    };
    if !account.livemode && !is_sandbox(phone_number) {
        return Err(Error::Refused {
            code: "invalid_sandbox_phone_number",
            message: "Sandbox accounts have numbers of the form +1AAA55501XX".to_owned(),
        });
    }
    if let Some(most) = account.config.max_phone_numbers
        && db.count_phone_numbers(id).await? >= i64::from(most)
    {
        return Err(Error::Conflict {
            code: "phone_number_limit_exceeded",
            message: "The account has as many numbers as it may",
        });
    }
    Ok(id)
}

fn no_account() -> Error {
    Error::unusable("account", "is not an account of this platform")
}

/// Numbers reserved for fiction: `+1`, an area code, `55501` and two digits.
fn is_sandbox(number: &str) -> bool {
    number.len() == 12
        && number.starts_with("+1")
        && number.get(5..10) == Some("55501")
        && number.bytes().skip(1).all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_fictional_numbers() {
        assert!(is_sandbox("+12075550199"));
        for real in [
            "+12075551199",
            "+442075550199",
            "+1207555019",
            "+120755501999",
        ] {
            assert!(!is_sandbox(real), "{real}");
        }
    }
}
