//! What tokens reach: the one table of operations that anything but a platform key may ask for. What is not in
//! it is refused with 403.

use std::str::FromStr;

use actix_web::http::Method;

use super::Credential;
use crate::v1::error::{Error, Result};

/// An embedded component, by the name that clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Component {
    /// `call_logs`
    CallLogs,
    /// `call_history`
    CallHistory,
    /// `voicemails`
    Voicemails,
    /// `phone_numbers`
    PhoneNumbers,
    /// `phone_number_ordering`
    PhoneNumberOrdering,
    /// `account_onboarding`
    AccountOnboarding,
    /// `dial_plan`
    DialPlan,
    /// `ai_agent`
    AiAgent,
    /// `agreement_acceptance`
    AgreementAcceptance,
}

use Component::{
    AccountOnboarding, AgreementAcceptance, AiAgent, CallHistory, CallLogs, DialPlan,
    PhoneNumberOrdering, PhoneNumbers, Voicemails,
};

/// Every component, by name.
const NAMES: [(&str, Component); 9] = [
    ("call_logs", CallLogs),
    ("call_history", CallHistory),
    ("voicemails", Voicemails),
    ("phone_numbers", PhoneNumbers),
    ("phone_number_ordering", PhoneNumberOrdering),
    ("account_onboarding", AccountOnboarding),
    ("dial_plan", DialPlan),
    ("ai_agent", AiAgent),
    ("agreement_acceptance", AgreementAcceptance),
];

/// Not a component that is known here; such a name is tolerated and opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownComponent;

impl FromStr for Component {
    type Err = UnknownComponent;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownComponent> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, component)| *component)
            .ok_or(UnknownComponent)
    }
}

/// Several components.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Components(u16);

impl Components {
    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let known = NAMES
            .iter()
            .filter(move |(_, component)| self.has(*component));
        known.map(|(name, _)| *name)
    }

    fn has(self, component: Component) -> bool {
        self.0 >> component as u8 & 1 == 1
    }
}

impl FromIterator<Component> for Components {
    fn from_iter<I: IntoIterator<Item = Component>>(components: I) -> Self {
        let bits = components.into_iter().map(|component| 1 << component as u8);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

/// Who else than a platform key may ask for an operation.
#[derive(Debug, Clone, Copy)]
pub enum Reach {
    /// Account tokens with one of these components, and platform keys.
    Components(&'static [Component]),
    /// Account tokens with whatever component, and platform keys.
    Any,
    /// User tokens, and nobody else: it is about the user.
    User,
}

/// The components that show calls and whose they were.
const CALLS: Reach = Reach::Components(&[CallLogs, CallHistory]);
/// The components that show people and where numbers lead.
const PEOPLE: Reach = Reach::Components(&[CallLogs, CallHistory, AccountOnboarding, DialPlan]);
/// The components that choose where calls go.
const TARGETS: Reach = Reach::Components(&[DialPlan]);
/// The component that sets an account up.
const SET_UP: Reach = Reach::Components(&[AccountOnboarding]);
/// The components that handle phone numbers.
const NUMBERS: Reach = Reach::Components(&[PhoneNumbers, PhoneNumberOrdering]);

/// Method, path as the document has it, and who may ask.
pub const TABLE: &[(&str, &str, Reach)] = &[
    ("GET", "/v1/events", Reach::Any),
    ("POST", "/v1/calls", Reach::Any),
    ("GET", "/v1/calls", CALLS),
    ("GET", "/v1/calls/{call_id}", CALLS),
    ("GET", "/v1/users", PEOPLE),
    ("GET", "/v1/users/{user_id}", PEOPLE),
    ("GET", "/v1/users/{user_id}/presence", PEOPLE),
    ("GET", "/v1/presence", PEOPLE),
    ("GET", "/v1/extensions", PEOPLE),
    ("GET", "/v1/extensions/{number}", PEOPLE),
    ("POST", "/v1/users", SET_UP),
    ("POST", "/v1/users/{user_id}", SET_UP),
    ("DELETE", "/v1/users/{user_id}", SET_UP),
    ("GET", "/v1/users/{user_id}/endpoints", SET_UP),
    ("POST", "/v1/users/{user_id}/endpoints", SET_UP),
    ("GET", "/v1/users/{user_id}/endpoints/{endpoint_id}", SET_UP),
    (
        "POST",
        "/v1/users/{user_id}/endpoints/{endpoint_id}",
        SET_UP,
    ),
    (
        "DELETE",
        "/v1/users/{user_id}/endpoints/{endpoint_id}",
        SET_UP,
    ),
    ("POST", "/v1/extensions", SET_UP),
    ("POST", "/v1/extensions/{number}", SET_UP),
    ("DELETE", "/v1/extensions/{number}", SET_UP),
    ("GET", "/v1/accounts/{account_id}", SET_UP),
    ("POST", "/v1/accounts/{account_id}", SET_UP),
    ("GET", "/v1/ring_groups", TARGETS),
    ("GET", "/v1/ring_groups/{ring_group_id}", TARGETS),
    ("GET", "/v1/phone-numbers", NUMBERS),
    ("GET", "/v1/phone-numbers/{phone_number_id}", NUMBERS),
    ("POST", "/v1/phone-numbers/{phone_number_id}", NUMBERS),
    ("POST", "/v1/phone-numbers/{phone_number_id}/route", NUMBERS),
    ("GET", "/v1/me", Reach::User),
    ("GET", "/v1/me/calls", Reach::User),
    ("GET", "/v1/me/presence", Reach::User),
    ("POST", "/v1/me/presence", Reach::User),
    ("GET", "/v1/me/directory", Reach::User),
    ("GET", "/v1/me/emergency-address", Reach::User),
    ("POST", "/v1/me/emergency-address", Reach::User),
    ("GET", "/v1/me/emergency-addresses", Reach::User),
    ("POST", "/v1/me/emergency-addresses", Reach::User),
    (
        "GET",
        "/v1/me/emergency-addresses/{emergency_address_id}",
        Reach::User,
    ),
    (
        "DELETE",
        "/v1/me/emergency-addresses/{emergency_address_id}",
        Reach::User,
    ),
    (
        "DELETE",
        "/v1/me/emergency-addresses/{emergency_address_id}/registered_ip",
        Reach::User,
    ),
    ("GET", "/v1/webrtc/ice-servers", Reach::User),
];

/// Who else than a platform key may ask for an operation; nobody when it is not in the table.
pub fn reach(method: &str, path: &str) -> Option<Reach> {
    let found = TABLE
        .iter()
        .find(|(known, route, _)| *known == method && *route == path);
    found.map(|(.., reach)| *reach)
}

/// Whether the credential may ask for the operation at this route.
///
/// # Errors
/// 403 when it may not.
pub fn permit(credential: &Credential, method: &Method, path: &str) -> Result<()> {
    match (credential, reach(method.as_str(), path)) {
        (Credential::Platform(_), Some(Reach::User)) => {
            Err(Error::Forbidden("This needs a user token"))
        }
        (Credential::Platform(_), _) | (Credential::User(_), Some(Reach::User)) => Ok(()),
        (Credential::User(_), _) => Err(Error::Forbidden("A user token does not reach this")),
        (Credential::Account(_), Some(Reach::Any)) => Ok(()),
        (Credential::Account(claims), Some(Reach::Components(needed)))
            if needed
                .iter()
                .any(|component| claims.components.has(*component)) =>
        {
            Ok(())
        }
        (Credential::Account(_), _) => Err(Error::Forbidden(
            "No component of this session reaches this",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for (name, component) in NAMES {
            assert_eq!(name.parse(), Ok(component));
            let one: Components = [component].into_iter().collect();
            assert_eq!(one.names().collect::<Vec<_>>(), [name]);
        }
        assert_eq!("other".parse::<Component>(), Err(UnknownComponent));
    }

    #[test]
    fn every_operation_is_listed_once_and_is_served() {
        let document: serde_json::Value =
            serde_json::from_slice(&crate::server::document().document).unwrap();
        for (place, (method, path, _)) in TABLE.iter().enumerate() {
            let operation = &document["paths"][path][method.to_lowercase()];
            assert!(operation.is_object(), "{method} {path} is not served");
            let again = TABLE[place + 1..]
                .iter()
                .any(|(m, p, _)| m == method && p == path);
            assert!(!again, "{method} {path} is there twice");
        }
    }
}
