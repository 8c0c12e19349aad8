//! The free-standing settings of a phone number.

use serde::{Deserialize, Serialize};

/// What is set for a number; unknown members are kept as they came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DidConfig {
    /// Mail about faxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fax_notifications: Option<FaxNotifications>,
    /// Members this version does not know.
    #[serde(flatten)]
    pub others: serde_json::Map<String, serde_json::Value>,
}

/// Mail about faxes on a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FaxNotifications {
    /// E-mail addresses.
    pub recipients: Vec<String>,
    /// Whether documents are dropped once mailed.
    pub delete_documents: bool,
}
