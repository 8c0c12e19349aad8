//! The words of a call record.

use super::word::words;

words! {
    /// Where a call came from and went.
    CallDirection {
        /// From the public network.
        Inbound = "inbound",
        /// To the public network.
        Outbound = "outbound",
        /// Between extensions.
        Internal = "internal",
    }
}

words! {
    /// How a call ended.
    CallStatus {
        /// A person or an application answered.
        Completed = "completed",
        /// Given up or timed out.
        NoAnswer = "no-answer",
        /// All who rang were busy or declined.
        Busy = "busy",
        /// It could not be connected.
        Failed = "failed",
        /// A message box took it.
        Voicemail = "voicemail",
    }
}
