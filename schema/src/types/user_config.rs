//! The settings of a user: mail about voicemail, and where else to ring.

use serde::{Deserialize, Serialize};

use super::TargetId;
use super::word::words;
use crate::{Endpoint, Id, User};

/// What a user has set; absent members have their defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserConfig {
    /// Mail about new voicemail.
    pub voicemail_notifications: VoicemailNotifications,
    /// Where to ring in turn; absent rings the user's own endpoints.
    pub find_me_follow_me: Option<FindMe>,
    /// Whether calls wait for a push to wake the user's app. Default false.
    pub mobile_push_wakeup: bool,
}

/// Mail about new voicemail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoicemailNotifications {
    /// Whether mail is sent. Default false.
    pub enabled: bool,
    /// Whether it carries the audio. Default true.
    pub attach_audio: bool,
    /// Whether it carries a summary. Default true.
    pub include_summary: bool,
    /// Whether it carries the text. Default true.
    pub include_transcript: bool,
    /// Whether the message is deleted once the mail is out. Default false.
    pub delete_after_email: bool,
}

impl Default for VoicemailNotifications {
    fn default() -> Self {
        Self {
            enabled: false,
            attach_audio: true,
            include_summary: true,
            include_transcript: true,
            delete_after_email: false,
        }
    }
}

/// Places to ring in turn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindMe {
    /// Tried in order, at most 20; none turns it off.
    pub steps: Vec<FindMeStep>,
    /// What follows when nobody answers.
    pub fallback: FindMeFallback,
    /// For whom; absent means the user's own mailbox.
    pub fallback_target_id: Option<TargetId>,
    /// Whether an outside party must press a key to be connected.
    pub confirm_external: bool,
    /// Other ways, chosen by key when the user places a call by REST.
    pub alternates: Vec<FindMeAlternate>,
}

/// Another way to find a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindMeAlternate {
    /// By what it is chosen.
    pub key: String,
    /// Tried in order.
    pub steps: Vec<FindMeStep>,
    /// What follows when nobody answers.
    #[serde(default)]
    pub fallback: FindMeFallback,
    /// Whether an outside party must press a key to be connected.
    #[serde(default)]
    pub confirm_external: bool,
}

/// Places that ring together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindMeStep {
    /// The places, at least one.
    pub targets: Vec<FindMeTarget>,
    /// Seconds to ring, 1 to 300.
    pub timeout: u16,
}

/// One place to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FindMeTarget {
    /// A dial string, normally E.164.
    External {
        /// What to dial, at most 20 characters.
        number: String,
    },
    /// All endpoints of a user.
    User {
        /// The user.
        id: Id<User>,
    },
    /// One endpoint.
    Endpoint {
        /// The endpoint.
        id: Id<Endpoint>,
    },
}

words! {
    /// What follows when a user is found nowhere.
    #[derive(Default)]
    FindMeFallback {
        /// A mailbox records.
        #[default]
        Voicemail = "voicemail",
        /// Another user rings.
        RingUser = "ring_user",
        /// A queue takes the call.
        Queue = "queue",
        /// The call ends.
        HangUp = "hang_up",
    }
}

/// Members to replace in a [`UserConfig`]; the others stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserConfigChanges {
    /// Members of the mail settings to replace.
    pub voicemail_notifications: Option<VoicemailNotificationsChanges>,
    /// Replaces the whole; the inner `None` clears.
    pub find_me_follow_me: Option<Option<FindMe>>,
    /// See [`UserConfig::mobile_push_wakeup`].
    pub mobile_push_wakeup: Option<bool>,
}

/// Members to replace in [`VoicemailNotifications`]; the others stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoicemailNotificationsChanges {
    /// See [`VoicemailNotifications::enabled`].
    pub enabled: Option<bool>,
    /// See [`VoicemailNotifications::attach_audio`].
    pub attach_audio: Option<bool>,
    /// See [`VoicemailNotifications::include_summary`].
    pub include_summary: Option<bool>,
    /// See [`VoicemailNotifications::include_transcript`].
    pub include_transcript: Option<bool>,
    /// See [`VoicemailNotifications::delete_after_email`].
    pub delete_after_email: Option<bool>,
}

impl UserConfigChanges {
    /// Replaces the members that are given.
    pub fn apply(self, config: &mut UserConfig) {
        if let Some(mail) = self.voicemail_notifications {
            let kept = &mut config.voicemail_notifications;
            super::put(&mut kept.enabled, mail.enabled);
            super::put(&mut kept.attach_audio, mail.attach_audio);
            super::put(&mut kept.include_summary, mail.include_summary);
            super::put(&mut kept.include_transcript, mail.include_transcript);
            super::put(&mut kept.delete_after_email, mail.delete_after_email);
        }
        super::put(&mut config.find_me_follow_me, self.find_me_follow_me);
        super::put(&mut config.mobile_push_wakeup, self.mobile_push_wakeup);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_me_reads_the_apis_own_words() {
        let json =
            r#"{"steps":[{"targets":[{"type":"external","number":"+14155550101"}],"timeout":20}]}"#;
        let found: FindMe = serde_json::from_str(json).unwrap();
        assert_eq!(found.fallback, FindMeFallback::Voicemail);
        let number = "+14155550101".to_owned();
        assert_eq!(found.steps[0].targets, [FindMeTarget::External { number }]);
    }

    #[test]
    fn changes_reach_into_the_mail_settings() {
        let mut config = UserConfig::default();
        let changes = UserConfigChanges {
            voicemail_notifications: Some(VoicemailNotificationsChanges {
                enabled: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        };
        changes.apply(&mut config);
        assert!(config.voicemail_notifications.enabled);
        assert!(config.voicemail_notifications.attach_audio);
    }
}
