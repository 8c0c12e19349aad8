//! Ids as the API carries them, and how a body's mention of another resource is resolved.

use actix_web::web;
use schema::{Id, Kind, TargetId};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// Path parameters. Named so, and not `Path`, because the document's macro would guess wrongly at it.
pub type At<T> = web::Path<T>;

/// An opaque identifier: a type's prefix, an underscore, and 26 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct EntityId(String);

/// Why a text cannot be an id at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 255 characters")]
pub struct NoId;

impl TryFrom<String> for EntityId {
    type Error = NoId;

    fn try_from(text: String) -> Result<Self, NoId> {
        if (1..=255).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(NoId)
        }
    }
}

impl<T: Kind> From<Id<T>> for EntityId {
    fn from(id: Id<T>) -> Self {
        Self(id.to_string())
    }
}

impl PartialSchema for EntityId {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.min_length(Some(1)).max_length(Some(255)).into()
    }
}

impl ToSchema for EntityId {}

impl EntityId {
    /// The id, when it is one of this kind. Any other text names nothing.
    pub fn of<T: Kind>(&self) -> Option<Id<T>> {
        self.0.parse().ok()
    }

    /// The id of something that takes calls.
    pub fn target(&self) -> Option<TargetId> {
        self.0.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::User;

    #[test]
    fn tells_kinds_apart() {
        let id = Id::<User>::new();
        let entity = EntityId::try_from(id.to_string()).unwrap();
        assert_eq!(entity.of::<User>(), Some(id));
        assert_eq!(entity.of::<schema::Call>(), None);
        assert_eq!(entity.target(), Some(TargetId::User(id)));
        assert!(EntityId::try_from(String::new()).is_err());
        assert!(EntityId::try_from("x".repeat(256)).is_err());
    }
}
