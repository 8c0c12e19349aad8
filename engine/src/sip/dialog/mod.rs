//! Dialogs (RFC 3261 §12): tags, sequence numbers, route set and remote target of one peer-to-peer
//! relationship. Pure data; who sends what and when is the leg's business.

mod request;

use crate::{
    leg::DialogKey,
    sip::{HeaderError, Message, Name, NameAddr, Uri},
};
use serde::{Deserialize, Serialize};

/// A request came out of order (RFC 3261 §12.2.2); it is answered 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("CSeq is not higher than that of the request before")]
pub(crate) struct OutOfOrder;

/// One dialog, early or confirmed, seen from our side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dialog {
    key: DialogKey,
    local: NameAddr,
    remote: NameAddr,
    /// CSeq number of our last request.
    local_cseq: u32,
    /// CSeq number of the peer's last request; none before its first.
    remote_cseq: Option<u32>,
    /// Next hop first.
    routes: Vec<NameAddr>,
    target: Uri,
}

impl Dialog {
    /// The dialog that an answer of ours to this request makes (RFC 3261 §12.1.1).
    ///
    /// # Errors
    /// The request has no usable Contact, or another header of the dialog is malformed.
    pub fn as_server(request: &Message, local_tag: &str) -> Result<Dialog, HeaderError> {
        let remote = request.from()?;
        Ok(Dialog {
            key: DialogKey {
                call_id: request.call_id()?.to_owned(),
                local_tag: local_tag.to_owned(),
                // A tag is missing only with RFC 2543 peers (§12.1.1).
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            local: request.to()?.with_tag(local_tag),
            remote,
            local_cseq: 0,
            remote_cseq: Some(request.cseq()?.number),
            routes: request.record_routes()?,
            target: request
                .contact_uri()
                .ok_or(HeaderError::Missing("Contact"))?,
        })
    }

    /// The dialog that this answer to our request makes (RFC 3261 §12.1.2).
    ///
    /// # Errors
    /// A header of the dialog is missing or malformed. An answer without Contact is forgiven: the
    /// peer stays where the request went.
    pub fn as_client(request: &Message, response: &Message) -> Result<Dialog, HeaderError> {
        let local = request.from()?;
        let remote = response.to()?;
        let uri = request.uri().ok_or(HeaderError::Malformed("request"))?;
        Ok(Dialog {
            key: DialogKey {
                call_id: request.call_id()?.to_owned(),
                local_tag: local.tag().unwrap_or_default().to_owned(),
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            local,
            remote,
            local_cseq: request.cseq()?.number,
            remote_cseq: None,
            routes: reversed(response)?,
            target: response.contact_uri().unwrap_or_else(|| uri.clone()),
        })
    }

    /// What names the dialog.
    pub fn key(&self) -> &DialogKey {
        &self.key
    }

    /// Our tag.
    pub fn local_tag(&self) -> &str {
        &self.key.local_tag
    }

    /// The peer's tag.
    pub fn remote_tag(&self) -> &str {
        &self.key.remote_tag
    }

    /// The message's tags and Call-ID are those of this dialog, seen as a request of the peer.
    pub fn has_request(&self, request: &Message) -> bool {
        request.to_tag().unwrap_or_default() == self.key.local_tag
            && request.from_tag().unwrap_or_default() == self.key.remote_tag
            && request.call_id() == Ok(&self.key.call_id)
    }

    /// The tags are those of this dialog, seen as an answer of the peer.
    pub fn has_response(&self, response: &Message) -> bool {
        response.to_tag().unwrap_or_default() == self.key.remote_tag
    }

    /// No route lies between us and the remote target.
    pub fn is_direct(&self) -> bool {
        self.routes.is_empty()
    }

    /// CSeq number of our last request.
    pub fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// Takes the CSeq number of a request of ours that was counted elsewhere.
    pub fn counted(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(cseq);
    }

    /// Takes the sequence number of a request (RFC 3261 §12.2.2). Gaps are allowed.
    ///
    /// # Errors
    /// [`OutOfOrder`] when the number is not higher than the one before.
    pub fn sequence(&mut self, request: &Message) -> Result<(), OutOfOrder> {
        let number = request.cseq().map_err(|_| OutOfOrder)?.number;
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return Err(OutOfOrder);
        }
        self.remote_cseq = Some(number);
        Ok(())
    }

    /// Takes the Contact of a target refresh request or of its answer (RFC 3261 §12.2.1.2, §12.2.2).
    pub fn refresh_target(&mut self, message: &Message) {
        if let Some(target) = message.contact_uri() {
            self.target = target;
        }
    }

    /// Confirms an early dialog by the 2xx: target and route set are taken from it anew
    /// (RFC 3261 §13.2.2.4).
    pub fn confirm(&mut self, response: &Message) {
        self.refresh_target(response);
        if response.header(Name::RecordRoute).is_some()
            && let Ok(routes) = reversed(response)
        {
            self.routes = routes;
        }
    }
}

/// The route set of a client: Record-Route backwards (RFC 3261 §12.1.2).
fn reversed(response: &Message) -> Result<Vec<NameAddr>, HeaderError> {
    let mut routes = response.record_routes()?;
    routes.reverse();
    Ok(routes)
}
