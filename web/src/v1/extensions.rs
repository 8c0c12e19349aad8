//! Extensions: dial codes that lead to a target. Addressed by number.

use std::collections::HashMap;

use actix_web::{delete, get, post, web::Data};
use schema::{
    Account, DbError, Extension, ExtensionChanges, Id, NewExtension, TargetId, Time, page::Slice,
    types::ExtensionStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    accounts::known,
    body::{Body, Check, given},
    error::{Error, Fields, Result},
    ids::{At, EntityId},
    reply::{Created, Deleted, Found, LIST, List, ListObject},
    validate::{blame, text},
    words,
};
use crate::{
    caller::Caller,
    db::Db,
    expand::Expand,
    page::{Page, PageParams},
    query::Query,
    state::State,
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_extension)
        .service(list_extensions)
        .service(find_extension)
        .service(update_extension)
        .service(delete_extension);
}

/// The filter of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
struct ExtensionFilter {
    /// Only those that lead there.
    #[param(value_type = EntityId, required = false)]
    target: String,
}

/// A new extension.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ExtensionCreate {
    /// Dial code, unique in the account.
    #[schema(min_length = 1, max_length = 32)]
    number: String,
    /// Where it leads.
    target: EntityId,
}

/// What to change of an extension.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ExtensionUpdate {
    /// Another dial code.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 32)]
    number: Option<String>,
    /// Another target.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    target: Option<EntityId>,
    /// Whether it can be dialled.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = words::ExtensionState)]
    status: Option<ExtensionStatus>,
}

impl Check for ExtensionCreate {
    fn check(&self, faults: &mut Fields) {
        dial_code(faults, Some(&self.number));
    }
}

impl Check for ExtensionUpdate {
    fn check(&self, faults: &mut Fields) {
        dial_code(faults, self.number.as_ref());
    }
}

/// What a phone can dial and a URL can name.
fn dial_code(faults: &mut Fields, number: Option<&String>) {
    text(faults, "number", number, 1..=32);
    let dialable = |c: char| c.is_ascii_alphanumeric() || "*#+-._".contains(c);
    if number.is_some_and(|number| !number.chars().all(dialable)) {
        blame(faults, "number", "must consist of digits, letters, * and #");
    }
}

/// A dial code of an account. It has no id on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Extension)]
pub struct ExtensionBody {
    /// Dial code.
    #[schema(min_length = 1, max_length = 32)]
    number: String,
    /// Where it leads.
    #[schema(value_type = EntityId)]
    target: TargetId,
    /// Whether it can be dialled.
    #[schema(value_type = words::ExtensionState)]
    status: ExtensionStatus,
    /// When it was added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

impl From<Extension> for ExtensionBody {
    fn from(extension: Extension) -> Self {
        Self {
            number: extension.number,
            target: extension.target,
            status: extension.status,
            created_at: extension.created_at,
            updated_at: extension.updated_at,
        }
    }
}

/// Extensions inside another resource.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExpandedExtensionList)]
pub struct ExtensionList {
    /// Always `list`.
    object: ListObject,
    /// Path of the list of extensions.
    url: String,
    /// Always null: all are here.
    next_page_url: Option<String>,
    /// Always null: all are here.
    previous_page_url: Option<String>,
    /// The extensions.
    data: Vec<ExtensionBody>,
}

/// The extensions of a page of users or ring groups, when they were asked for.
pub struct Extensions(Option<HashMap<TargetId, Vec<ExtensionBody>>>);

impl Extensions {
    /// Loads them in one query.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(
        db: &Db,
        account: Id<Account>,
        expand: &Expand,
        targets: Vec<TargetId>,
    ) -> Result<Self> {
        if !expand.has("extensions") {
            return Ok(Self(None));
        }
        let mut of: HashMap<TargetId, Vec<ExtensionBody>> = HashMap::new();
        for extension in db.list_extensions_of(account, targets).await? {
            of.entry(extension.target)
                .or_default()
                .push(extension.into());
        }
        Ok(Self(Some(of)))
    }

    /// Those of one target; `None` when they were not asked for.
    pub fn take(&mut self, target: TargetId) -> Option<ExtensionList> {
        let of = self.0.as_mut()?;
        Some(ExtensionList {
            object: LIST,
            url: "/v1/extensions".to_owned(),
            next_page_url: None,
            previous_page_url: None,
            data: of.remove(&target).unwrap_or_default(),
        })
    }
}

/// Create an extension.
#[utoipa::path(tag = "extensions", request_body = ExtensionCreate, responses(
    (status = 201, body = ExtensionBody), (status = 422),
))]
#[post("")]
async fn create_extension(
    caller: Caller,
    db: Db,
    state: Data<State>,
    Body(body): Body<ExtensionCreate>,
) -> Result<Created<ExtensionBody>> {
    let new = NewExtension {
        account_id: caller.account,
        number: body.number,
        target: body.target.target().ok_or_else(no_target)?,
    };
    let extension = db.insert_extension(new).await.map_err(or_no_target)?;
    state
        .exchange
        .changed(actors::Change::ExtensionChanged(caller.account));
    Ok(Created(extension.into()))
}

/// List extensions.
#[utoipa::path(tag = "extensions", params(ExtensionFilter, PageParams), responses(
    (status = 200, body = List<ExtensionBody>),
))]
#[get("")]
async fn list_extensions(
    caller: Caller,
    db: Db,
    page: Page,
    query: Query,
) -> Result<List<ExtensionBody>> {
    // An extension has no id on the wire: its number names it.
    let named =
        async |number: &str| match db.find_extension(caller.account, number.to_owned()).await {
            Ok(extension) => Ok(Some(extension.id)),
            Err(DbError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        };
    let window = page.window_by::<Extension>(named).await?;
    let target = query.get("target").filter(|text| !text.is_empty());
    let slice = match target.map(str::parse::<TargetId>) {
        // Nothing can lead to what is not a target.
        Some(Err(_)) => Slice {
            rows: Vec::new(),
            has_next: false,
            has_previous: false,
        },
        Some(Ok(target)) => {
            db.list_extensions(caller.account, Some(target), window)
                .await?
        }
        None => db.list_extensions(caller.account, None, window).await?,
    };
    Ok(page.list(slice, |extension| extension.id, ExtensionBody::from))
}

/// Retrieve an extension.
#[utoipa::path(tag = "extensions", params(("number" = String, Path, min_length = 1, max_length = 32)), responses(
    (status = 200, body = ExtensionBody),
))]
#[get("/{number}")]
async fn find_extension(
    caller: Caller,
    db: Db,
    number: At<String>,
) -> Result<Found<ExtensionBody>> {
    let extension = db
        .find_extension(caller.account, number.into_inner())
        .await?;
    Ok(Found(extension.into()))
}

/// Retarget or renumber an extension.
#[utoipa::path(tag = "extensions", params(("number" = String, Path, min_length = 1, max_length = 32)),
    request_body = ExtensionUpdate, responses((status = 200, body = ExtensionBody), (status = 422)))]
#[post("/{number}")]
async fn update_extension(
    caller: Caller,
    db: Db,
    state: Data<State>,
    number: At<String>,
    Body(body): Body<ExtensionUpdate>,
) -> Result<Found<ExtensionBody>> {
    let number = number.into_inner();
    known(db.find_extension(caller.account, number.clone()).await)?
        .then_some(())
        .ok_or(Error::NotFound("Extension"))?;
    let target = match body.target {
        Some(target) => Some(target.target().ok_or_else(no_target)?),
        None => None,
    };
    let changes = ExtensionChanges {
        number: body.number,
        target,
        status: body.status,
    };
    let extension = db.update_extension(caller.account, number, changes).await;
    let extension = extension.map_err(or_no_target)?;
    state
        .exchange
        .changed(actors::Change::ExtensionChanged(caller.account));
    Ok(Found(extension.into()))
}

/// Delete an extension; its target stays.
#[utoipa::path(tag = "extensions", params(("number" = String, Path, min_length = 1, max_length = 32)), responses(
    (status = 204),
))]
#[delete("/{number}")]
async fn delete_extension(
    caller: Caller,
    db: Db,
    state: Data<State>,
    number: At<String>,
) -> Result<Deleted> {
    db.delete_extension(caller.account, number.into_inner())
        .await?;
    state
        .exchange
        .changed(actors::Change::ExtensionChanged(caller.account));
    Ok(Deleted)
}

fn no_target() -> Error {
    Error::unusable("target", "is not a routing target of this account")
}

fn or_no_target(error: DbError) -> Error {
    match error {
        DbError::Reference => no_target(),
        other => other.into(),
    }
}
