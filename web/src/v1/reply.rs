//! What handlers answer when all is well: found, created, deleted, accepted, or a list.

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody};
use serde::Serialize;
use utoipa::ToSchema;

/// The word every list carries as its `object`.
pub const LIST: ListObject = ListObject::List;

/// Marks a body as a list.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListObject {
    /// Always this word.
    List,
}

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// Always `list`.
    pub object: ListObject,
    /// Path of the list, without a query.
    pub url: String,
    /// Relative URL of the next page; null on the last.
    #[schema(required = true)]
    pub next_page_url: Option<String>,
    /// Relative URL of the page before; null on the first.
    #[schema(required = true)]
    pub previous_page_url: Option<String>,
    /// Whether more rows lie in the direction that was asked for.
    pub has_more: bool,
    /// The rows.
    pub data: Vec<T>,
}

/// 200 with a body.
pub struct Found<T>(pub T);
/// 201 with the new resource.
pub struct Created<T>(pub T);
/// 204 without a body.
pub struct Deleted;
/// 202 without a body.
pub struct Accepted;

impl<T: Serialize> Responder for Found<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().json(self.0)
    }
}

impl<T: Serialize> Responder for List<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self)
    }
}

impl Responder for Deleted {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

impl Responder for Accepted {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Accepted().finish()
    }
}
