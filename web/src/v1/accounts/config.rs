//! The settings of an account on the wire.

use schema::types::{AccountConfig, AccountConfigChanges, E911Notification};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    change::Change,
    v1::{
        body::given,
        error::Fields,
        validate::{blame, country, is_email, number, timezone},
    },
};

/// Most addresses told of emergency calls.
const EMAILS: usize = 50;
/// Longest time transcripts are kept, in days.
const RETENTION: i64 = 2555;
/// Time transcripts are kept unless said otherwise, in days.
const RETENTION_DEFAULT: u16 = 90;

/// Settings of an account; those left out keep their value, or their default in a new account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct AccountConfigUpdate {
    /// ISO 3166-1 alpha-2 country of the numbering plan and tones.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, default = "US", min_length = 2, max_length = 2)]
    region: Option<String>,
    /// Digits of newly allotted extension numbers.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 3, maximum = 6, default = 4)]
    extension_length: Option<i64>,
    /// Whether calls are transcribed.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = true)]
    transcription_enabled: Option<bool>,
    /// Whether the audio of recorded calls is kept.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = true)]
    recording_enabled: Option<bool>,
    /// IANA zone of schedules that name none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, default = "UTC")]
    timezone: Option<String>,
    /// Most phone numbers the account may hold.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 0)]
    max_phone_numbers: Option<i64>,
    /// Seconds a parked call waits before it rings back.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 60, maximum = 3600, default = 300)]
    parking_timeout_seconds: Option<i64>,
    /// Who is told of emergency calls.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = E911NotificationConfig)]
    e911_notification: Option<E911NotificationConfig>,
    /// Whether sensitive data is silenced and masked.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    redaction_enabled: Option<bool>,
    /// Whether voice apps are offered the managed agent; null leaves it to the platform.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    default_agent_visible: Change<bool>,
    /// Days that transcripts are kept; 0 or less is the default.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, maximum = 2555, default = 90)]
    transcript_retention_days: Option<i64>,
}

/// Who is told when an emergency number is dialled.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct E911NotificationConfig {
    /// E-mail addresses.
    #[serde(default)]
    #[schema(max_items = 50, value_type = Vec<Email>)]
    emails: Vec<String>,
}

/// An e-mail address, for the document.
#[derive(ToSchema)]
#[schema(format = "email", value_type = String)]
#[expect(dead_code, reason = "read only by the document's generator")]
pub struct Email(String);

impl AccountConfigUpdate {
    /// Notes what is wrong.
    pub fn check(&self, faults: &mut Fields) {
        country(faults, "config.region", self.region.as_ref());
        number(
            faults,
            "config.extension_length",
            self.extension_length,
            3..=6,
        );
        timezone(faults, "config.timezone", self.timezone.as_ref());
        number(
            faults,
            "config.max_phone_numbers",
            self.max_phone_numbers,
            0..=i64::from(u32::MAX),
        );
        number(
            faults,
            "config.parking_timeout_seconds",
            self.parking_timeout_seconds,
            60..=3600,
        );
        number(
            faults,
            "config.transcript_retention_days",
            self.transcript_retention_days,
            i64::MIN..=RETENTION,
        );
        let Some(notified) = &self.e911_notification else {
            return;
        };
        if notified.emails.len() > EMAILS {
            blame(
                faults,
                "config.e911_notification.emails",
                format!("must have at most {EMAILS} entries"),
            );
        }
        for (place, email) in notified.emails.iter().enumerate() {
            if !is_email(email) {
                let name = format!("config.e911_notification.emails[{place}]");
                blame(faults, &name, "is not an e-mail address");
            }
        }
    }
}

/// Numbers are in range here: `check` has run.
impl From<AccountConfigUpdate> for AccountConfigChanges {
    fn from(update: AccountConfigUpdate) -> Self {
        let days = |days: i64| u16::try_from(days).ok().filter(|days| *days > 0);
        Self {
            region: update.region,
            extension_length: update.extension_length.and_then(|n| n.try_into().ok()),
            transcription_enabled: update.transcription_enabled,
            recording_enabled: update.recording_enabled,
            redaction_enabled: update.redaction_enabled,
            transcript_retention_days: update
                .transcript_retention_days
                .map(|given| days(given).unwrap_or(RETENTION_DEFAULT)),
            timezone: update.timezone,
            max_phone_numbers: update.max_phone_numbers.map(|n| n.try_into().ok()),
            parking_timeout_seconds: update
                .parking_timeout_seconds
                .and_then(|n| n.try_into().ok()),
            e911_notification: update.e911_notification.map(|told| E911Notification {
                emails: told.emails,
            }),
            default_agent_visible: update.default_agent_visible.into_column(),
        }
    }
}

/// Settings of an account, defaults included.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountConfig)]
pub struct AccountConfigBody {
    /// ISO 3166-1 alpha-2 country of the numbering plan and tones.
    #[schema(default = "US", min_length = 2, max_length = 2)]
    region: String,
    /// Digits of newly allotted extension numbers.
    #[schema(value_type = i64, minimum = 3, maximum = 6, default = 4)]
    extension_length: u8,
    /// Whether calls are transcribed.
    #[schema(default = true)]
    transcription_enabled: bool,
    /// Whether the audio of recorded calls is kept.
    #[schema(default = true)]
    recording_enabled: bool,
    /// IANA zone of schedules that name none.
    #[schema(default = "UTC")]
    timezone: String,
    /// Most phone numbers the account may hold; unlimited when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, minimum = 0)]
    max_phone_numbers: Option<u32>,
    /// Seconds a parked call waits before it rings back.
    #[schema(value_type = i64, minimum = 60, maximum = 3600, default = 300)]
    parking_timeout_seconds: u32,
    /// Who is told of emergency calls.
    e911_notification: E911NotificationConfig,
    /// Whether sensitive data is silenced and masked.
    #[schema(default = false)]
    redaction_enabled: bool,
    /// Whether voice apps are offered the managed agent; null leaves it to the platform.
    default_agent_visible: Option<bool>,
    /// Days that transcripts are kept.
    #[schema(value_type = i64, maximum = 2555, default = 90)]
    transcript_retention_days: u16,
}

impl From<AccountConfig> for AccountConfigBody {
    fn from(config: AccountConfig) -> Self {
        Self {
            region: config.region,
            extension_length: config.extension_length,
            transcription_enabled: config.transcription_enabled,
            recording_enabled: config.recording_enabled,
            timezone: config.timezone,
            max_phone_numbers: config.max_phone_numbers,
            parking_timeout_seconds: config.parking_timeout_seconds,
            e911_notification: E911NotificationConfig {
                emails: config.e911_notification.emails,
            },
            redaction_enabled: config.redaction_enabled,
            default_agent_visible: config.default_agent_visible,
            transcript_retention_days: config.transcript_retention_days,
        }
    }
}
