//! Sending a call on: REFER, Replaces, and how it went.

use super::{Call, Dialog};
use crate::sip::Message;

impl Call {
    /// REFER to a number; gives the response to the REFER.
    pub async fn refers_to(&self, number: &str) -> Message {
        let mut refer = self.in_dialog("REFER");
        refer
            .add("Refer-To", format!("<sip:{number}@{}>", self.phone.domain))
            .add("Referred-By", format!("<{}>", self.phone.aor()));
        self.asks(&refer).await
    }

    /// What a Replaces header says to take our place in this call (RFC 3891): the tags as the far side,
    /// the exchange, has them.
    pub fn replaces(&self) -> String {
        let dialog = self.dialog();
        format!(
            "{};to-tag={};from-tag={}",
            dialog.call_id,
            Dialog::tag(&dialog.remote),
            Dialog::tag(&dialog.local)
        )
    }

    /// REFER that joins this call's far side with `other`'s far side.
    pub async fn refers_to_call(&self, number: &str, other: &Call) -> Message {
        let replaces = other.replaces();
        let replaces = replaces
            .replace('@', "%40")
            .replace(';', "%3B")
            .replace('=', "%3D");
        let mut refer = self.in_dialog("REFER");
        refer.add(
            "Refer-To",
            format!("<sip:{number}@{}?Replaces={replaces}>", self.phone.domain),
        );
        self.asks(&refer).await
    }

    /// Waits for a NOTIFY and gives the status in its sipfrag.
    pub async fn is_notified(&self) -> u16 {
        let notify = self.is_asked("NOTIFY").await;
        let status = notify
            .body
            .strip_prefix("SIP/2.0 ")
            .and_then(|s| s.get(..3));
        status.and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    /// Waits for NOTIFYs until one carries a final status, and gives it.
    pub async fn hears_how_the_transfer_went(&self) -> u16 {
        loop {
            let status = self.is_notified().await;
            if status >= 200 {
                return status;
            }
        }
    }
}
