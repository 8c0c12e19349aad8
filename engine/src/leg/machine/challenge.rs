//! Answers to 401 and 407 (RFC 3261 §22.2, §22.3), for the INVITE and for requests within the dialog.

use super::{
    Leg, Turn, calling,
    desk::{MAX_CHALLENGES, Purpose, Sent},
    door::ClientTx,
    state::Phase,
};
use crate::sip::{Message, Name, digest};

impl Leg {
    /// Sends a refused request again with credentials. False when there are none, or when they have
    /// been refused already.
    pub(super) fn answer_challenge(
        &mut self,
        tx: ClientTx,
        refusal: &Message,
        turn: &mut Turn<'_>,
    ) -> bool {
        let Some(client) = &mut self.desk.client else {
            return false;
        };
        let Some(sent) = self.desk.requests.get(&tx) else {
            return false;
        };
        // Nobody wants a call any more that was given up.
        let waits = sent.purpose != Purpose::Invite || matches!(self.phase, Phase::Calling(_));
        if !waits || !is_worth_it(sent, refusal) {
            return false;
        }
        let mut request = sent.request.clone();
        if !client.authorize(&mut request, refusal) {
            return false;
        }
        let Some(sent) = self.desk.requests.get_mut(&tx) else {
            return false;
        };
        sent.challenges += 1;
        if sent.purpose == Purpose::Invite {
            self.invite_again(
                |invite| {
                    let cseq = invite.header(Name::CSeq).map(str::to_owned);
                    *invite = request;
                    if let Some(cseq) = cseq {
                        invite.set(Name::CSeq, cseq);
                    }
                },
                turn,
            );
            return true;
        }
        sent.request = request;
        self.send_counted(tx, turn);
        true
    }

    /// Sends a request within the dialog again under the dialog's next CSeq.
    fn send_counted(&mut self, tx: ClientTx, turn: &mut Turn<'_>) {
        let Some(mut sent) = self.desk.requests.remove(&tx) else {
            return;
        };
        calling::next_cseq(&mut sent.request);
        let number = sent.request.cseq().map(|cseq| cseq.number);
        let tag = sent.request.to_tag().unwrap_or_default();
        let dialog = match &mut self.phase {
            Phase::Up(up) => Some(&mut up.dialog),
            Phase::Closing(closing) => Some(&mut closing.dialog),
            Phase::Incoming(incoming) => Some(&mut incoming.dialog),
            Phase::Calling(calling) => calling
                .forks
                .iter_mut()
                .map(|fork| &mut fork.dialog)
                .find(|dialog| dialog.remote_tag() == tag),
            _ => None,
        };
        if let (Some(dialog), Ok(number)) = (dialog, number) {
            // Other requests may have been sent meanwhile.
            let next = number.max(dialog.local_cseq().wrapping_add(1));
            if let Ok(mut cseq) = sent.request.cseq() {
                cseq.number = next;
                sent.request.set(Name::CSeq, cseq.to_string());
            }
            dialog.counted(next);
        }
        let again = self.desk.send_again(sent, turn);
        match &mut self.phase {
            Phase::Up(up) if up.refreshing == Some(tx) => up.refreshing = Some(again),
            Phase::Closing(closing) if closing.bye == Some(tx) => closing.bye = Some(again),
            _ => {}
        }
    }
}

/// Once; again only when the nonce was too old, or when the other kind of server asks now.
fn is_worth_it(sent: &Sent, refusal: &Message) -> bool {
    let answered = match refusal.status() {
        Some(407) => Name::ProxyAuthorization,
        _ => Name::Authorization,
    };
    let news = sent.request.header(answered).is_none() || digest::Client::is_stale(refusal);
    sent.challenges < MAX_CHALLENGES && news
}
