//! Between a browser's mouth and ear and the `webrtc` crate. The crate is told of Opus only, since it
//! confuses telephone-event's two clocks; the formats really agreed on are put in and read here.

use super::sdp::Formats;
use crate::audio::{Arrived, Ear};
use rtc::{
    interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket},
    sansio::Protocol,
    shared::error::Error,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Instant,
};

/// Hands every packet on: tells the ear of it, or gives it the payload type that its first byte names.
pub struct Tap {
    ear: Ear,
    formats: Arc<Mutex<Formats>>,
    came: VecDeque<TaggedPacket>,
    going: VecDeque<TaggedPacket>,
}

impl Tap {
    /// One for this ear, which knows payload types once they are agreed on.
    pub fn new(ear: Ear, formats: Arc<Mutex<Formats>>) -> Self {
        Self {
            ear,
            formats,
            came: VecDeque::new(),
            going: VecDeque::new(),
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Tap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, tagged: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(packet) = &tagged.message.packet {
            let arrived = Arrived {
                kind: packet.header.payload_type,
                stamp: packet.header.timestamp,
                source: packet.header.ssrc,
                payload: &packet.payload,
            };
            let formats = self.formats.lock().expect("formats");
            if formats.is_event(arrived.kind) {
                self.ear.take_event(&arrived);
            } else if let Some(format) = formats.of(arrived.kind) {
                self.ear.take(format, &arrived);
            }
        }
        self.came.push_back(tagged);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.came.pop_front()
    }

    fn handle_write(&mut self, mut tagged: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(packet) = &mut tagged.message.packet
            && !packet.payload.is_empty()
        {
            packet.header.payload_type = packet.payload[0];
            packet.payload = packet.payload.slice(1..);
        }
        self.going.push_back(tagged);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.going.pop_front()
    }
}

impl Interceptor for Tap {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
