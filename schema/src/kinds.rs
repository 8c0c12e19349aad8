//! Kinds of id whose rows come later, so that ids and targets can already name them.

use crate::id::Kind;

/// Declares kinds without rows.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {
        $($(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Kind for $name {
            const PREFIX: &'static str = $prefix;
        })+
    };
}

kinds! {
    /// A dial plan.
    DialPlan = "dp";
    /// An application that drives calls by REST.
    VoiceApp = "va";
    /// A waiting queue.
    Queue = "qu";
    /// A voicemail box of several users.
    SharedVoicemailBox = "svm";
    /// A place with an address.
    Location = "loc";
    /// A stored sound.
    AudioClip = "aud";
}
