//! A user's endpoints: the names and passwords with which phones register.

use actix_web::{delete, get, post, web::Data};
use actors::secrets::random;
use md5::Digest as _;
use ring::digest::{SHA256, digest};
use schema::{Constraint, DbError, Digest, Endpoint, EndpointChanges, Id, NewEndpoint, Time, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::Caller,
    db::Db,
    page::{Page, PageParams},
    state::State,
    v1::{
        accounts::known,
        body::{Body, Check, OptionalBody, given},
        error::{Error, Fields, Result},
        ids::{At, EntityId},
        reply::{Created, Deleted, Found, List},
        validate::text,
    },
};

/// Letters and digits that are not mistaken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
/// Random characters behind a user name: 40 bits.
const NAME_TAIL: usize = 8;
/// Characters of a generated password: 100 bits.
const PASSWORD: usize = 20;
/// Characters of the user's name that a user name shows.
const NAME_HEAD: usize = 16;
/// How often another user name is tried when one is taken.
const TRIES: usize = 5;

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_endpoints)
        .service(create_endpoint)
        .service(find_endpoint)
        .service(update_endpoint)
        .service(delete_endpoint);
}

/// A new endpoint; `{}` will do.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct EndpointCreate {
    /// What it is called.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Password; one is made and shown once when it is left out.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 8, max_length = 128, write_only)]
    sip_password: Option<String>,
}

/// What to change of an endpoint.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EndpointUpdate {
    /// What it is called.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Another password.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 8, max_length = 128, write_only)]
    sip_password: Option<String>,
}

impl Check for EndpointCreate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", self.name.as_ref(), 1..=255);
        text(faults, "sip_password", self.sip_password.as_ref(), 8..=128);
    }
}

impl Check for EndpointUpdate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", self.name.as_ref(), 1..=255);
        text(faults, "sip_password", self.sip_password.as_ref(), 8..=128);
    }
}

/// A SIP identity of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointBody {
    /// Prefix `ep`.
    #[schema(value_type = EntityId)]
    id: Id<Endpoint>,
    /// Whose it is.
    #[schema(value_type = EntityId)]
    user_id: Id<User>,
    /// Same as `user_id`.
    #[schema(value_type = EntityId)]
    user: Id<User>,
    /// What it is called.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// The name with which a phone registers.
    #[schema(read_only)]
    sip_username: String,
    /// The realm of the password; any domain a phone uses is accepted.
    sip_domain: String,
    /// The password that was made; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, read_only)]
    sip_password: Option<String>,
    /// When it was added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

impl EndpointBody {
    fn new(endpoint: Endpoint, sip_password: Option<String>) -> Self {
        Self {
            id: endpoint.id,
            user_id: endpoint.user_id,
            user: endpoint.user_id,
            name: endpoint.name,
            sip_username: endpoint.sip_username,
            sip_domain: endpoint.digest.realm,
            sip_password,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

/// List a user's endpoints.
#[utoipa::path(tag = "endpoints", params(("user_id" = EntityId, Path), PageParams), responses(
    (status = 200, body = List<EndpointBody>),
))]
#[get("/{user_id}/endpoints")]
async fn list_endpoints(
    caller: Caller,
    db: Db,
    user: At<Id<User>>,
    page: Page,
) -> Result<List<EndpointBody>> {
    db.find_user(caller.account, *user).await?;
    let known = async |id| known(db.find_endpoint(caller.account, *user, id).await);
    let window = page.window::<Endpoint>(known).await?;
    let slice = db.list_endpoints(caller.account, *user, window).await?;
    Ok(page.list(
        slice,
        |endpoint| endpoint.id,
        |endpoint| EndpointBody::new(endpoint, None),
    ))
}

/// Create an endpoint.
#[utoipa::path(tag = "endpoints", params(("user_id" = EntityId, Path)), request_body = Option<EndpointCreate>, responses(
    (status = 201, body = EndpointBody),
))]
#[post("/{user_id}/endpoints")]
async fn create_endpoint(
    caller: Caller,
    db: Db,
    state: Data<State>,
    user: At<Id<User>>,
    OptionalBody(body): OptionalBody<EndpointCreate>,
) -> Result<Created<EndpointBody>> {
    let owner = db.find_user(caller.account, *user).await?;
    let made = match &body.sip_password {
        Some(_) => None,
        None => Some(letters::<PASSWORD>()?),
    };
    let password = body
        .sip_password
        .as_ref()
        .or(made.as_ref())
        .ok_or(Error::Internal)?;
    for _ in 0..TRIES {
        let sip_username = username(owner.name.as_deref())?;
        let new = NewEndpoint {
            account_id: caller.account,
            user_id: *user,
            name: body.name.clone(),
            digest: prove(&sip_username, &state.domain, password),
            sip_username,
        };
        match db.insert_endpoint(new).await {
            Err(DbError::Conflict {
                constraint: Constraint::SipUsername,
            }) => {}
            outcome => return Ok(Created(EndpointBody::new(outcome?, made))),
        }
    }
    Err(DbError::Conflict {
        constraint: Constraint::SipUsername,
    }
    .into())
}

/// Retrieve an endpoint.
#[utoipa::path(tag = "endpoints", params(("user_id" = EntityId, Path), ("endpoint_id" = EntityId, Path)), responses(
    (status = 200, body = EndpointBody),
))]
#[get("/{user_id}/endpoints/{endpoint_id}")]
async fn find_endpoint(
    caller: Caller,
    db: Db,
    ids: At<(Id<User>, Id<Endpoint>)>,
) -> Result<Found<EndpointBody>> {
    let endpoint = db.find_endpoint(caller.account, ids.0, ids.1).await?;
    Ok(Found(EndpointBody::new(endpoint, None)))
}

/// Rename an endpoint or give it another password.
#[utoipa::path(tag = "endpoints", params(("user_id" = EntityId, Path), ("endpoint_id" = EntityId, Path)),
    request_body = EndpointUpdate, responses((status = 200, body = EndpointBody)))]
#[post("/{user_id}/endpoints/{endpoint_id}")]
async fn update_endpoint(
    caller: Caller,
    db: Db,
    state: Data<State>,
    ids: At<(Id<User>, Id<Endpoint>)>,
    Body(body): Body<EndpointUpdate>,
) -> Result<Found<EndpointBody>> {
    let (user, id) = *ids;
    let endpoint = db.find_endpoint(caller.account, user, id).await?;
    let prove = |password: &String| prove(&endpoint.sip_username, &state.domain, password);
    let change = match body.sip_password {
        Some(_) => actors::Change::EndpointPasswordChanged(id),
        None => actors::Change::EndpointChanged(id),
    };
    let changes = EndpointChanges {
        name: body.name.map(Some),
        digest: body.sip_password.as_ref().map(prove),
    };
    let endpoint = db
        .update_endpoint(caller.account, user, id, changes)
        .await?;
    state.exchange.changed(change);
    Ok(Found(EndpointBody::new(endpoint, None)))
}

/// Delete an endpoint with its registrations.
#[utoipa::path(tag = "endpoints", params(("user_id" = EntityId, Path), ("endpoint_id" = EntityId, Path)), responses(
    (status = 204),
))]
#[delete("/{user_id}/endpoints/{endpoint_id}")]
async fn delete_endpoint(
    caller: Caller,
    db: Db,
    state: Data<State>,
    ids: At<(Id<User>, Id<Endpoint>)>,
) -> Result<Deleted> {
    db.delete_endpoint(caller.account, ids.0, ids.1).await?;
    state
        .exchange
        .changed(actors::Change::EndpointDeleted(ids.1));
    Ok(Deleted)
}

/// What is kept of a password (RFC 7616 §3.4.2): `H(username:realm:password)` by MD5 and SHA-256.
fn prove(username: &str, realm: &str, password: &str) -> Digest {
    let text = format!("{username}:{realm}:{password}");
    Digest {
        realm: realm.to_owned(),
        ha1_md5: hex(&md5::Md5::digest(text.as_bytes())).into(),
        ha1_sha256: hex(digest(&SHA256, text.as_bytes()).as_ref()).into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A registration name people can read out: the user's name and random characters.
fn username(name: Option<&str>) -> Result<String> {
    let head: String = name
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(NAME_HEAD)
        .collect();
    let head = if head.is_empty() {
        "phone".to_owned()
    } else {
        head.to_ascii_lowercase()
    };
    Ok(format!("{head}-{}", letters::<NAME_TAIL>()?))
}

/// Random characters, five bits each.
fn letters<const N: usize>() -> Result<String> {
    let bytes = random::<N>().map_err(|_| Error::Internal)?;
    let letter = |byte: u8| char::from(ALPHABET[usize::from(byte & 31)]);
    Ok(bytes.into_iter().map(letter).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proves_as_the_rfc_does() {
        // RFC 2617 §3.5 and RFC 7616 §3.9.1 use these names; the hashes are of the texts themselves.
        let proof = prove("Mufasa", "testrealm@host.com", "Circle Of Life");
        assert_eq!(proof.ha1_md5.reveal(), "939e7578ed9e3c518a452acee763bce9");
        let proof = prove("Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(proof.ha1_md5.reveal(), "3d78807defe7de2157e2b0b6573a855f");
        assert_eq!(
            proof.ha1_sha256.reveal(),
            "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
        );
    }

    #[test]
    fn names_are_readable_and_differ() {
        let name = username(Some("Zoë van der Berg")).unwrap();
        assert!(name.starts_with("zovanderberg-"), "{name}");
        assert_ne!(name, username(Some("Zoë van der Berg")).unwrap());
        assert!(username(None).unwrap().starts_with("phone-"));
        assert!(username(Some("李")).unwrap().starts_with("phone-"));
    }
}
