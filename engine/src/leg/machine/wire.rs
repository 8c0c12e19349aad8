//! What a leg reads from and writes into messages, beyond single headers.

use super::{
    desk::SUPPORTED,
    session_timer::{Asked, SessionTimer},
};
use crate::{
    leg::HangUp,
    sdp::{SdpError, Session},
    sip::{Message, Name, Reason, Refresher, SessionExpires},
};

/// Media type of session descriptions.
pub(super) const SDP: &str = "application/sdp";

/// The session description in a message, if there is one.
pub(super) fn description(message: &Message) -> Result<Option<Session>, SdpError> {
    message.sdp().map(Session::parse).transpose()
}

/// Adds a session description.
pub(super) fn describe(message: &mut Message, description: String) {
    message.set_body(SDP, description);
}

/// What a request asks about session timers (RFC 4028 §4, §5).
pub(super) fn asked(message: &Message) -> Asked {
    let expires = message.session_expires();
    Asked {
        interval: expires.map(|e| e.seconds),
        refresher: expires.and_then(|e| e.refresher),
        min: message.min_se().map(|min| min.0),
        supported: message.supports("timer") || message.requires("timer"),
    }
}

/// Writes the session timer into a 2xx of ours (RFC 4028 §9).
pub(super) fn push_timer(response: &mut Message, timer: SessionTimer, peer_knows: bool) {
    let refresher = if timer.ours {
        Refresher::Uas
    } else {
        Refresher::Uac
    };
    let value = SessionExpires {
        seconds: timer.interval,
        refresher: Some(refresher),
    };
    if peer_knows {
        response.push(Name::Require, "timer");
    }
    response.push(Name::SessionExpires, value.to_string());
}

/// Writes what a request of ours asks of session timers (RFC 4028 §7.1, §7.4).
pub(super) fn ask_timer(request: &mut Message, interval: u32, min: u32, ours: bool) {
    let value = SessionExpires {
        seconds: interval,
        refresher: ours.then_some(Refresher::Uac),
    };
    request.set(Name::Supported, SUPPORTED);
    request.set(Name::SessionExpires, value.to_string());
    request.set(Name::MinSe, min.to_string());
}

/// The Q.850 cause that a message gives (RFC 3326).
pub(super) fn q850(message: &Message) -> Option<u8> {
    let reasons = message.reasons();
    let reason = reasons
        .iter()
        .find(|reason| reason.protocol.eq_ignore_ascii_case("Q.850"))?;
    reason
        .cause
        .and_then(|cause| u8::try_from(cause).ok())
        .filter(|cause| (1..128).contains(cause))
}

/// The Reason of a CANCEL or BYE of ours (RFC 3326 §2).
pub(super) fn reason(how: &HangUp) -> Option<String> {
    if how.answered_elsewhere {
        return Some(Reason::sip(200, "Call completed elsewhere").to_string());
    }
    how.q850
        .map(|cause| Reason::q850(cause.into(), "").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse_datagram;

    #[test]
    fn causes_outside_q850_are_left_out() {
        let read = |reason: &str| {
            let text = format!("BYE sip:a@b SIP/2.0\r\nReason: {reason}\r\n\r\n");
            q850(&parse_datagram(text.as_bytes()).unwrap())
        };
        assert_eq!(read("SIP;cause=200, Q.850;cause=16;text=\"bye\""), Some(16));
        assert_eq!(read("Q.850;cause=300"), None);
        assert_eq!(read("SIP;cause=487"), None);
    }

    #[test]
    fn a_call_answered_elsewhere_says_so() {
        let how = HangUp {
            answered_elsewhere: true,
            q850: Some(26),
            ..HangUp::default()
        };
        assert!(reason(&how).is_some_and(|r| r.starts_with("SIP;cause=200")));
    }
}
