//! The calls that a user took part in.

use actix_web::get;
use schema::{Call, TargetId, UserCalls};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::Me,
    db::Db,
    page::{Page, PageParams},
    query::Query,
    v1::{
        accounts::known,
        calls::{CallBody, DidBody, instant},
        error::Result,
        reply::List,
    },
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_my_calls);
}

/// The filters of the list; all that are given must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
struct MyCallFilters {
    /// As the user saw it: a call from a colleague is inbound.
    #[param(inline, required = false)]
    direction: MyDirection,
    /// Began then or later.
    #[param(required = false)]
    from_date: chrono::DateTime<chrono::Utc>,
    /// Began earlier.
    #[param(required = false)]
    to_date: chrono::DateTime<chrono::Utc>,
}

/// Which way a call went, as the user saw it.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "read only by the document's generator")]
enum MyDirection {
    Inbound,
    Outbound,
}

/// List my calls, newest first.
#[utoipa::path(tag = "me", params(PageParams, MyCallFilters), responses((status = 200, body = List<CallBody>)))]
#[get("/calls")]
async fn list_my_calls(Me(me): Me, db: Db, page: Page, query: Query) -> Result<List<CallBody>> {
    let inbound = query.value("direction", |word| match word {
        "inbound" => Some(true),
        "outbound" => Some(false),
        _ => None,
    })?;
    let extensions = db
        .list_extensions_of(me.account, vec![TargetId::User(me.user)])
        .await?;
    let wanted = UserCalls {
        user: me.user,
        numbers: extensions
            .into_iter()
            .map(|extension| extension.number)
            .collect(),
        inbound,
        from: query.value("from_date", instant)?,
        to: query.value("to_date", instant)?,
    };
    let mine = async |id| known(db.find_call_of_user(me.account, wanted.clone(), id).await);
    let window = page.window::<Call>(mine).await?;
    let slice = db
        .list_calls_of_user(me.account, wanted.clone(), window)
        .await?;
    let body = |call: Call| {
        let did = call.parties.did_id.map(|id| DidBody::new(id, None));
        CallBody::from_record(call, did)
    };
    Ok(page.list(slice, |call| call.id, body))
}
