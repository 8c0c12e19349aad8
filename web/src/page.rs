//! Pages of a list: `limit`, the opaque `page` cursor and its two links, and the ids of the older clients.
//!
//! A cursor carries a check (HMAC over the list's path and itself), so a made-up one is told from ours.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use actors::secrets::Secrets;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schema::{
    Id, Kind,
    page::{Slice, Window},
};
use utoipa::IntoParams;

use crate::{
    query::{Query, encode},
    state::State,
    v1::{
        error::{Error, Result},
        reply::List,
    },
};

/// Fewest and most rows of a page, and how many without `limit`.
pub const LIMITS: std::ops::RangeInclusive<u32> = 1..=100;
/// Rows of a page when `limit` is not sent.
pub const DEFAULT_LIMIT: u32 = 10;

/// Longest cursor that is looked at.
const CURSOR_LIMIT: usize = 2048;
/// Bytes of the check in front of a cursor.
const CHECK: usize = 12;

/// Parameters of every list, as the document shows them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
pub struct PageParams {
    /// Rows of a page.
    #[param(minimum = 1, maximum = 100, default = 10, required = false)]
    limit: u32,
    /// Cursor from a page link.
    #[param(min_length = 1, max_length = 2048, required = false)]
    page: String,
    /// Id of the list after which the page starts; not together with `ending_before` or `page`.
    #[param(min_length = 1, max_length = 255, required = false)]
    starting_after: String,
    /// Id of the list before which the page ends.
    #[param(min_length = 1, max_length = 255, required = false)]
    ending_before: String,
}

/// Which way a page lies from an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    After,
    Before,
}

/// Where a page lies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    First,
    /// From one of our own cursors: the id was in the list once.
    Cursor(Side, String),
    /// From the caller: the id must be looked up.
    Named(Side, String),
}

/// The page a request asks for.
#[derive(Debug, Clone)]
pub struct Page {
    path: String,
    query: Query,
    place: Place,
    limit: u32,
    secrets: Secrets,
}

impl Page {
    fn read(path: &str, query: Query, secrets: Secrets) -> Result<Self> {
        let limit = match query.get("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| LIMITS.contains(limit))
                .ok_or(Error::Pagination("limit must be a number from 1 to 100"))?,
        };
        let given = ["page", "starting_after", "ending_before"].map(|name| query.get(name));
        let place = match given {
            [None, None, None] => Place::First,
            [Some(cursor), None, None] => {
                let (side, id) = open(&secrets, path, cursor)
                    .ok_or(Error::Pagination("page is not a cursor of this list"))?;
                Place::Cursor(side, id)
            }
            [None, Some(id), None] => Place::Named(Side::After, id.to_owned()),
            [None, None, Some(id)] => Place::Named(Side::Before, id.to_owned()),
            _ => {
                return Err(Error::Pagination(
                    "page, starting_after and ending_before exclude each other",
                ));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            query,
            place,
            limit,
            secrets,
        })
    }

    /// The part of the list to load. `known` says whether an id that the caller named is in the list.
    ///
    /// # Errors
    /// [`Error::Pagination`] when the id is of another kind or not in the list.
    pub async fn window<T: Kind>(
        &self,
        known: impl AsyncFnOnce(Id<T>) -> Result<bool>,
    ) -> Result<Window<T>> {
        let named = async |name: &str| match name.parse() {
            Ok(id) => Ok(known(id).await?.then_some(id)),
            Err(_) => Ok(None),
        };
        self.window_by(named).await
    }

    /// As [`Page::window`], for lists whose rows the caller names by something other than an id.
    ///
    /// # Errors
    /// [`Error::Pagination`] when nothing in the list has this name.
    pub async fn window_by<T: Kind>(
        &self,
        named: impl AsyncFnOnce(&str) -> Result<Option<Id<T>>>,
    ) -> Result<Window<T>> {
        let (side, id) = match &self.place {
            Place::First => return Ok(Window::first(self.limit)),
            Place::Cursor(side, id) => {
                let wrong = Error::Pagination("page is not a cursor of this list");
                (side, id.parse().map_err(|_| wrong)?)
            }
            Place::Named(side, name) => {
                let wrong = Error::Pagination("starting_after or ending_before names nothing here");
                (side, named(name).await?.ok_or(wrong)?)
            }
        };
        Ok(match side {
            Side::After => Window::after(id, self.limit),
            Side::Before => Window::before(id, self.limit),
        })
    }

    /// Puts a loaded slice into the envelope of a list.
    pub fn list<R, T: Kind, B>(
        &self,
        slice: Slice<R>,
        id: impl Fn(&R) -> Id<T>,
        body: impl FnMut(R) -> B,
    ) -> List<B> {
        let backwards = matches!(
            self.place,
            Place::Cursor(Side::Before, _) | Place::Named(Side::Before, _)
        );
        let next = slice.rows.last().filter(|_| slice.has_next);
        let previous = slice.rows.first().filter(|_| slice.has_previous);
        List {
            object: crate::v1::reply::LIST,
            url: self.path.clone(),
            next_page_url: next.map(|row| self.link(Side::After, &id(row).to_string())),
            previous_page_url: previous.map(|row| self.link(Side::Before, &id(row).to_string())),
            has_more: if backwards {
                slice.has_previous
            } else {
                slice.has_next
            },
            data: slice.rows.into_iter().map(body).collect(),
        }
    }

    /// The relative URL of a neighbouring page: this request's filters, then limit and cursor.
    fn link(&self, side: Side, id: &str) -> String {
        let mut url = format!("{}?", self.path);
        let own = ["limit", "page", "starting_after", "ending_before"];
        for (name, value) in self.query.pairs() {
            if !own.contains(&name) {
                url.push_str(&format!("{}={}&", encode(name), encode(value)));
            }
        }
        let cursor = close(&self.secrets, &self.path, side, id);
        url.push_str(&format!("limit={}&page={cursor}", self.limit));
        url
    }
}

impl FromRequest for Page {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(state) = request.app_data::<Data<State>>() else {
            return ready(Err(Error::Internal));
        };
        let query = Query::parse(request.query_string());
        ready(Self::read(request.path(), query, state.secrets.clone()))
    }
}

/// Writes a cursor of this list.
fn close(secrets: &Secrets, path: &str, side: Side, id: &str) -> String {
    let mark = match side {
        Side::After => 'a',
        Side::Before => 'b',
    };
    let payload = format!("{mark}{id}");
    let mut bytes = secrets.check("cursor", &[path, &payload])[..CHECK].to_vec();
    bytes.extend_from_slice(payload.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor; `None` when we never wrote it for this list.
fn open(secrets: &Secrets, path: &str, cursor: &str) -> Option<(Side, String)> {
    if cursor.len() > CURSOR_LIMIT {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (check, payload) = bytes.split_at_checked(CHECK)?;
    let payload = std::str::from_utf8(payload).ok()?;
    if secrets.check("cursor", &[path, payload])[..CHECK] != *check {
        return None;
    }
    let side = match payload.as_bytes().first()? {
        b'a' => Side::After,
        b'b' => Side::Before,
        _ => return None,
    };
    Some((side, payload.get(1..)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(raw: &str) -> Result<Page> {
        Page::read("/v1/users", Query::parse(raw), Secrets::from_key([7; 32]))
    }

    #[test]
    fn takes_limits_in_range_only() {
        assert_eq!(page("").unwrap().limit, 10);
        assert_eq!(page("limit=100").unwrap().limit, 100);
        for raw in [
            "limit=0",
            "limit=101",
            "limit=",
            "limit=x",
            "limit=-1",
            "limit=1.5",
        ] {
            assert!(matches!(page(raw), Err(Error::Pagination(_))), "{raw}");
        }
    }

    #[test]
    fn reads_back_its_own_cursors_and_no_others() {
        let secrets = Secrets::from_key([7; 32]);
        let cursor = close(&secrets, "/v1/users", Side::Before, "user_1");
        assert_eq!(
            open(&secrets, "/v1/users", &cursor),
            Some((Side::Before, "user_1".to_owned()))
        );
        assert_eq!(open(&secrets, "/v1/calls", &cursor), None);
        for at in 0..cursor.len() {
            let mut forged = cursor.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            let read = open(&secrets, "/v1/users", &forged);
            assert!(read.is_none(), "{forged}");
        }
        for junk in ["", "x", "====", "AAAA", &"A".repeat(5000)] {
            assert_eq!(open(&secrets, "/v1/users", junk), None);
        }
    }

    #[test]
    fn links_keep_every_filter() {
        let page =
            page("search=a%26b&limit=2&expand%5B%5D=extensions&starting_after=user_x").unwrap();
        let link = page.link(Side::After, "user_1");
        let (path, query) = link.split_once('?').unwrap();
        assert_eq!(path, "/v1/users");
        let query = Query::parse(query);
        assert_eq!(query.get("search"), Some("a&b"));
        assert_eq!(query.get("expand[]"), Some("extensions"));
        assert_eq!(query.get("limit"), Some("2"));
        assert_eq!(query.get("starting_after"), None);
        assert!(query.get("page").is_some());
    }

    #[test]
    fn the_three_places_exclude_each_other() {
        assert!(page("starting_after=a&ending_before=b").is_err());
        let cursor = close(
            &Secrets::from_key([7; 32]),
            "/v1/users",
            Side::After,
            "user_1",
        );
        assert!(page(&format!("page={cursor}")).is_ok());
        assert!(page(&format!("page={cursor}&starting_after=a")).is_err());
        assert!(page("page=").is_err());
    }
}
