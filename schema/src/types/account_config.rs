//! The settings of an account, with the defaults of those never set.

use serde::{Deserialize, Serialize};

/// What an account has set; absent members have their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountConfig {
    /// ISO 3166-1 alpha-2 country of the numbering plan and tones. Default `US`.
    pub region: String,
    /// Digits of newly allotted extension numbers, 3 to 6. Default 4.
    pub extension_length: u8,
    /// Whether calls are transcribed. Default true.
    pub transcription_enabled: bool,
    /// Whether the audio of recorded calls is kept. Default true.
    pub recording_enabled: bool,
    /// Whether sensitive data is silenced and masked. Default false.
    pub redaction_enabled: bool,
    /// Days that transcripts are kept, 1 to 2555. Default 90.
    pub transcript_retention_days: u16,
    /// IANA zone of schedules that name none. Default `UTC`.
    pub timezone: String,
    /// The most phone numbers the account may hold; unlimited when absent.
    pub max_phone_numbers: Option<u32>,
    /// Seconds a parked call waits before it rings back, 60 to 3600. Default 300.
    pub parking_timeout_seconds: u32,
    /// Who is told of emergency calls.
    pub e911_notification: E911Notification,
    /// Whether voice apps are offered the managed agent; the platform's setting when absent.
    pub default_agent_visible: Option<bool>,
}

impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            region: "US".to_owned(),
            extension_length: 4,
            transcription_enabled: true,
            recording_enabled: true,
            redaction_enabled: false,
            transcript_retention_days: 90,
            timezone: "UTC".to_owned(),
            max_phone_numbers: None,
            parking_timeout_seconds: 300,
            e911_notification: E911Notification::default(),
            default_agent_visible: None,
        }
    }
}

/// Who is told when an emergency number is dialled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct E911Notification {
    /// E-mail addresses, at most 50.
    pub emails: Vec<String>,
}

/// Members to replace in an [`AccountConfig`]; the others stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountConfigChanges {
    /// See [`AccountConfig::region`].
    pub region: Option<String>,
    /// See [`AccountConfig::extension_length`].
    pub extension_length: Option<u8>,
    /// See [`AccountConfig::transcription_enabled`].
    pub transcription_enabled: Option<bool>,
    /// See [`AccountConfig::recording_enabled`].
    pub recording_enabled: Option<bool>,
    /// See [`AccountConfig::redaction_enabled`].
    pub redaction_enabled: Option<bool>,
    /// See [`AccountConfig::transcript_retention_days`].
    pub transcript_retention_days: Option<u16>,
    /// See [`AccountConfig::timezone`].
    pub timezone: Option<String>,
    /// See [`AccountConfig::max_phone_numbers`]; the inner `None` clears.
    pub max_phone_numbers: Option<Option<u32>>,
    /// See [`AccountConfig::parking_timeout_seconds`].
    pub parking_timeout_seconds: Option<u32>,
    /// See [`AccountConfig::e911_notification`].
    pub e911_notification: Option<E911Notification>,
    /// See [`AccountConfig::default_agent_visible`]; the inner `None` clears.
    pub default_agent_visible: Option<Option<bool>>,
}

impl AccountConfigChanges {
    /// Replaces the members that are given.
    pub fn apply(self, config: &mut AccountConfig) {
        super::put(&mut config.region, self.region);
        super::put(&mut config.extension_length, self.extension_length);
        super::put(
            &mut config.transcription_enabled,
            self.transcription_enabled,
        );
        super::put(&mut config.recording_enabled, self.recording_enabled);
        super::put(&mut config.redaction_enabled, self.redaction_enabled);
        super::put(
            &mut config.transcript_retention_days,
            self.transcript_retention_days,
        );
        super::put(&mut config.timezone, self.timezone);
        super::put(&mut config.max_phone_numbers, self.max_phone_numbers);
        super::put(
            &mut config.parking_timeout_seconds,
            self.parking_timeout_seconds,
        );
        super::put(&mut config.e911_notification, self.e911_notification);
        super::put(
            &mut config.default_agent_visible,
            self.default_agent_visible,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_document_gets_the_defaults() {
        let config: AccountConfig = serde_json::from_str(r#"{"region":"DE","gone":1}"#).unwrap();
        assert_eq!(config.region, "DE");
        assert_eq!(config.extension_length, 4);
        assert_eq!(config.parking_timeout_seconds, 300);
    }

    #[test]
    fn changes_keep_what_they_do_not_name() {
        let mut config = AccountConfig {
            max_phone_numbers: Some(3),
            ..AccountConfig::default()
        };
        let changes = AccountConfigChanges {
            timezone: Some("Europe/Berlin".to_owned()),
            max_phone_numbers: Some(None),
            ..AccountConfigChanges::default()
        };
        changes.apply(&mut config);
        let wanted = AccountConfig {
            timezone: "Europe/Berlin".to_owned(),
            ..AccountConfig::default()
        };
        assert_eq!(config, wanted);
    }
}
