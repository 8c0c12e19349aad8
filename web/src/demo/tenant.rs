//! The people of the demonstration, made through the API as any integrator would.

use actors::demo::Login;
use serde_json::json;

use super::client::{ApiError, Client, text};

/// A user with an extension and a SIP identity.
pub(super) struct Person {
    pub user: String,
    pub number: &'static str,
    pub login: Login,
}

/// Makes the account, and answers with a client that acts on it, and its id.
pub(super) async fn account(client: &Client) -> Result<(Client, String), ApiError> {
    let made = client
        .post("/v1/accounts", json!({ "name": "Demo" }))
        .await?;
    let id = text(&made, "id")?;
    Ok((client.on(id.clone()), id))
}

/// How long a link to the softphone page is good, in seconds.
const DAY: u32 = 24 * 60 * 60;

/// A token with which a browser is this user's phone.
pub(super) async fn token(client: &Client, user: &str) -> Result<String, ApiError> {
    let wish = json!({ "user": user, "ttl_seconds": DAY });
    let made = client.post("/v1/user_sessions", wish).await?;
    text(&made, "client_secret")
}

/// Makes a user, its extension and its endpoint.
pub(super) async fn person(
    client: &Client,
    name: &str,
    number: &'static str,
) -> Result<Person, ApiError> {
    let made = client.post("/v1/users", json!({ "name": name })).await?;
    let user = text(&made, "id")?;
    let extension = json!({ "number": number, "target": user });
    client.post("/v1/extensions", extension).await?;
    let path = format!("/v1/users/{user}/endpoints");
    let endpoint = client.post(&path, json!({ "name": "Phone" })).await?;
    Ok(Person {
        user,
        number,
        login: Login {
            name: name.to_owned(),
            username: text(&endpoint, "sip_username")?,
            password: text(&endpoint, "sip_password")?,
            domain: text(&endpoint, "sip_domain")?,
        },
    })
}
