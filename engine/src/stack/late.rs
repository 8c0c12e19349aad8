//! INVITEs to addresses that stayed silent and were left for the next one. Who wakes up there after all is
//! cancelled, or gets ACK and BYE, so that nobody rings on or talks to nobody.

use super::{client::Owner, turn::Turn};
use crate::{
    leg::machine::Target,
    sip::{Message, Method, Name, dialog::Dialog, transaction::TimerName},
};

/// Callees of one such INVITE that are told of its end.
const MAX_CALLEES: usize = 8;

/// What came of it so far.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// The CANCEL was sent.
    cancelled: bool,
    /// To tags of those that answered and got their BYE.
    ended: Vec<String>,
}

impl Turn<'_> {
    /// Leaves a silent address for the next one. An INVITE is not repeated there any more, but remembered
    /// until it times out; anything else is forgotten.
    pub(super) fn leave(&mut self, id: u64) {
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        tracing::debug!(remote = %entry.peer.remote, "An address stays silent, trying the next one");
        entry.next_address = None;
        entry.running.clear(&TimerName::A);
        let invites = entry.request.method() == Some(&Method::Invite);
        let owner = std::mem::replace(&mut entry.owner, Owner::Late(Late::default()));
        let (rest, request) = (std::mem::take(&mut entry.rest), entry.request.clone());
        if !invites {
            self.forget_client(id);
        }
        self.send(owner, request, rest, false);
    }

    /// A response from an address that was left.
    pub(super) fn too_late(&mut self, id: u64, message: &Message) {
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        let Owner::Late(late) = &mut entry.owner else {
            return;
        };
        let status = message.status().unwrap_or_default();
        if status < 200 {
            if !std::mem::replace(&mut late.cancelled, true) {
                self.cancel_client(id, |_| {});
            }
            return;
        }
        if status >= 300 {
            return;
        }
        let tag = message.to_tag().unwrap_or_default();
        let known = late.ended.iter().any(|ended| ended == tag);
        if !known && late.ended.len() >= MAX_CALLEES {
            return;
        }
        let Ok(mut dialog) = Dialog::as_client(&entry.request, message) else {
            return;
        };
        let mut ack = dialog.ack(dialog.local_cseq());
        for name in [Name::Authorization, Name::ProxyAuthorization] {
            ack.copy(&entry.request, name);
        }
        let target = Target {
            uri: dialog.next_hop().to_string(),
            hop: None,
        };
        if !known {
            late.ended.push(tag.to_owned());
        }
        self.send_ack(ack, &target);
        if !known {
            let bye = dialog.request(Method::Bye);
            self.request_of(Owner::Nobody, bye, &target);
        }
    }
}
