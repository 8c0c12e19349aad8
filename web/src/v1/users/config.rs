//! The settings of a user on the wire.

use schema::{
    Account, Id,
    types::{UserConfig, UserConfigChanges, VoicemailNotifications, VoicemailNotificationsChanges},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::find_me::{FindMeBody, FindMeInput};
use crate::{
    change::Change,
    db::Db,
    v1::{
        body::given,
        error::{Fields, Result},
    },
};

/// Settings of a user; those left out keep their value.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UserConfigUpdate {
    /// Mail about new voicemail; its members are replaced one by one.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = VoicemailNotificationsUpdate)]
    voicemail_notifications: Option<VoicemailNotificationsUpdate>,
    /// Places to ring in turn; replaced as a whole. No steps, or null, turn it off.
    #[serde(default)]
    #[schema(value_type = FindMeInput)]
    find_me_follow_me: Change<FindMeInput>,
    /// Whether calls wait for a push to wake the user's app.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    mobile_push_wakeup: Option<bool>,
}

/// Mail about new voicemail; members left out keep their value.
#[derive(Debug, Deserialize, ToSchema)]
pub struct VoicemailNotificationsUpdate {
    /// Whether mail is sent.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    enabled: Option<bool>,
    /// Whether it carries the audio.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = true)]
    attach_audio: Option<bool>,
    /// Whether it carries a summary.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = true)]
    include_summary: Option<bool>,
    /// Whether it carries the text.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = true)]
    include_transcript: Option<bool>,
    /// Whether the message is deleted once the mail is out.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    delete_after_email: Option<bool>,
}

impl UserConfigUpdate {
    /// Notes what is wrong.
    pub fn check(&self, faults: &mut Fields) {
        if let Some(find_me) = self.find_me_follow_me.value() {
            find_me.check(faults, "config.find_me_follow_me");
        }
    }

    /// Looks up whom it names.
    ///
    /// # Errors
    /// 422 when the account does not have them.
    pub async fn resolve(self, db: &Db, account: Id<Account>) -> Result<UserConfigChanges> {
        let find_me_follow_me = match self.find_me_follow_me {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(given) if given.is_off() => Some(None),
            Change::Set(given) => Some(Some(given.resolve(db, account).await?)),
        };
        let mail = self.voicemail_notifications;
        Ok(UserConfigChanges {
            voicemail_notifications: mail.map(|mail| VoicemailNotificationsChanges {
                enabled: mail.enabled,
                attach_audio: mail.attach_audio,
                include_summary: mail.include_summary,
                include_transcript: mail.include_transcript,
                delete_after_email: mail.delete_after_email,
            }),
            find_me_follow_me,
            mobile_push_wakeup: self.mobile_push_wakeup,
        })
    }
}

/// Settings of a user, defaults included.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserConfig)]
pub struct UserConfigBody {
    /// Mail about new voicemail.
    voicemail_notifications: VoicemailNotificationsBody,
    /// Places to ring in turn; absent when it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = FindMeBody)]
    find_me_follow_me: Option<FindMeBody>,
    /// Whether calls wait for a push to wake the user's app.
    #[schema(default = false)]
    mobile_push_wakeup: bool,
}

/// Mail about new voicemail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VoicemailNotificationsConfig)]
pub struct VoicemailNotificationsBody {
    /// Whether mail is sent.
    #[schema(default = false)]
    enabled: bool,
    /// Whether it carries the audio.
    #[schema(default = true)]
    attach_audio: bool,
    /// Whether it carries a summary.
    #[schema(default = true)]
    include_summary: bool,
    /// Whether it carries the text.
    #[schema(default = true)]
    include_transcript: bool,
    /// Whether the message is deleted once the mail is out.
    #[schema(default = false)]
    delete_after_email: bool,
}

impl From<UserConfig> for UserConfigBody {
    fn from(config: UserConfig) -> Self {
        Self {
            voicemail_notifications: config.voicemail_notifications.into(),
            find_me_follow_me: config.find_me_follow_me.map(FindMeBody::from),
            mobile_push_wakeup: config.mobile_push_wakeup,
        }
    }
}

impl From<VoicemailNotifications> for VoicemailNotificationsBody {
    fn from(mail: VoicemailNotifications) -> Self {
        Self {
            enabled: mail.enabled,
            attach_audio: mail.attach_audio,
            include_summary: mail.include_summary,
            include_transcript: mail.include_transcript,
            delete_after_email: mail.delete_after_email,
        }
    }
}
