//! The part of a dialog a phone must remember (RFC 3261 §12).

use crate::sip::Message;

/// One side's view of a dialog.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// Our From or To value, tag included.
    pub local: String,
    /// Theirs.
    pub remote: String,
    /// Their Contact URI.
    pub target: String,
    /// Route headers, first hop first.
    pub route: Vec<String>,
}

impl Dialog {
    /// After a response to our INVITE.
    pub fn of_caller(response: &Message) -> Self {
        let mut route: Vec<String> = response
            .all("Record-Route")
            .iter()
            .map(|r| (*r).to_owned())
            .collect();
        route.reverse();
        Self {
            call_id: response.get("Call-ID").to_owned(),
            local: response.get("From").to_owned(),
            remote: response.get("To").to_owned(),
            target: response.uri_in("Contact"),
            route,
        }
    }

    /// After an INVITE to us, answered with this tag.
    pub fn of_callee(invite: &Message, tag: &str) -> Self {
        Self {
            call_id: invite.get("Call-ID").to_owned(),
            local: format!("{};tag={tag}", invite.get("To")),
            remote: invite.get("From").to_owned(),
            target: invite.uri_in("Contact"),
            route: invite
                .all("Record-Route")
                .iter()
                .map(|r| (*r).to_owned())
                .collect(),
        }
    }

    /// The tag in one of the two names.
    pub fn tag(value: &str) -> String {
        value.rsplit_once(";tag=").map_or(String::new(), |(_, t)| {
            t.split(';').next().unwrap_or("").to_owned()
        })
    }
}
