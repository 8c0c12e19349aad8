//! One call on a test phone, either side.

mod callee;
mod caller;
mod early;
mod talking;
mod transfer;

use super::{Offer, Phone, SOON, SdpSide, dialog::Dialog};
use crate::{
    audio::{Audio, Choice, EVENT, Format},
    browser::sdp::Formats,
    sip::{Message, token},
};
use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{Mutex, atomic::AtomicU32},
};

/// Which side the phone is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It called.
    Caller,
    /// It was called.
    Callee,
}

/// A call. It dereferences to its [`Audio`], so `call.hears(440)` reads well.
pub struct Call {
    phone: Phone,
    side: Side,
    invite: Mutex<Message>,
    peer: SocketAddr,
    tag: String,
    offer: Offer,
    version: AtomicU32,
    dialog: Mutex<Option<Dialog>>,
    audio: Audio,
}

impl Deref for Call {
    type Target = Audio;
    fn deref(&self) -> &Audio {
        &self.audio
    }
}

impl Call {
    pub(super) async fn outgoing(
        phone: Phone,
        uri: &str,
        offer: Offer,
        shape: impl Fn(&mut Message),
    ) -> Self {
        let audio = Audio::open(phone.exchange).await;
        let mut invite = phone.request("INVITE", uri, uri);
        invite.add(
            "Allow",
            "INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY, INFO, UPDATE",
        );
        if !offer.delayed {
            invite.add("Content-Type", "application/sdp");
            invite.body = offer.write(audio.local(), 1);
        }
        shape(&mut invite);
        phone.agent.send(&invite, phone.exchange).await;
        let call = Self {
            side: Side::Caller,
            peer: phone.exchange,
            tag: invite.param("From", "tag").unwrap_or_default(),
            invite: Mutex::new(invite),
            offer,
            version: AtomicU32::new(1),
            dialog: Mutex::new(None),
            audio,
            phone,
        };
        // A carrier without login is not asked for one.
        if !call.phone.login.username.is_empty() {
            call.answer_challenge().await;
        }
        call
    }

    pub(super) async fn incoming(phone: Phone, invite: Message, peer: SocketAddr) -> Self {
        let audio = Audio::open(phone.exchange).await;
        let tag = token();
        let dialog = Dialog::of_callee(&invite, &tag);
        Self {
            phone,
            side: Side::Callee,
            invite: Mutex::new(invite),
            peer,
            tag,
            offer: Offer::default(),
            version: AtomicU32::new(1),
            dialog: Mutex::new(Some(dialog)),
            audio,
        }
    }

    /// Answers with this offer's codecs instead of the usual ones.
    pub fn with_offer(mut self, offer: Offer) -> Self {
        self.offer = offer;
        self
    }

    /// The INVITE that began the call, as sent or received.
    pub fn invite(&self) -> Message {
        self.invite.lock().expect("invite").clone()
    }

    /// The dialog, once there is one.
    pub fn dialog(&self) -> Dialog {
        self.dialog
            .lock()
            .expect("dialog")
            .clone()
            .expect("a dialog")
    }

    /// Which side the phone is on.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Sends audio where this SDP wants it, in the first codec both know and under its numbers.
    fn listen_to(&self, sdp: &str) {
        let Some(side) = SdpSide::read(sdp) else {
            return;
        };
        let own = self.offer.codecs.iter().filter_map(|c| Format::of_kind(*c));
        let own: Vec<Format> = own.collect();
        let choice = Formats::answered(sdp, &own).choice();
        self.audio.send_to(
            side.rtp,
            choice.unwrap_or(Choice {
                format: own[0],
                kind: self.offer.codecs[0],
                events: EVENT,
            }),
        );
    }
}
