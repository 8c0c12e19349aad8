//! What phones and browsers speak and hear with: tones in G.711, G.722 and Opus, keys as telephone-event.

mod ear;
mod format;
mod g711;
mod g722;
mod mouth;

pub use ear::{Arrived, Ear, share};
pub use format::Format;
pub use mouth::{Choice, Mouth, Rtp, Wire};

use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, Mutex},
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// G.711 by payload type.
pub const PCMU: u8 = 0;
/// G.711 A-law.
pub const PCMA: u8 = 8;
/// G.722.
pub const G722: u8 = 9;
/// The number under which the phones write telephone-event.
pub const EVENT: u8 = 101;
/// The number under which the phones write Opus.
pub const OPUS: u8 = 111;

type Peer = Arc<Mutex<Option<SocketAddr>>>;

/// One RTP socket that speaks a tone every 20 ms and listens all the time. It dereferences to its [`Ear`].
pub struct Audio {
    local: SocketAddr,
    peer: Peer,
    mouth: Mouth,
    ear: Ear,
    tasks: [JoinHandle<()>; 2],
}

impl Deref for Audio {
    type Target = Ear;
    fn deref(&self) -> &Ear {
        &self.ear
    }
}

impl Audio {
    /// Opens a port on the loopback of `like`'s family.
    pub async fn open(like: SocketAddr) -> Self {
        let any = if like.is_ipv6() {
            "[::1]:0"
        } else {
            "127.0.0.1:0"
        };
        let socket = Arc::new(UdpSocket::bind(any).await.expect("a free port"));
        let local = socket.local_addr().expect("bound");
        let (mouth, ear, peer) = (
            Mouth::default(),
            Ear::new(&local.to_string()),
            Peer::default(),
        );
        let wire = Plain {
            socket: socket.clone(),
            peer: peer.clone(),
            ssrc: rand::random(),
        };
        let tasks = [
            tokio::spawn(listen(socket, ear.clone())),
            tokio::spawn(mouth.clone().run(wire)),
        ];
        Self {
            local,
            peer,
            mouth,
            ear,
            tasks,
        }
    }

    /// Our RTP address.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends to `peer` from now on, in this way.
    pub fn send_to(&self, peer: SocketAddr, choice: Choice) {
        *self.peer.lock().expect("peer") = Some(peer);
        self.mouth.choose(choice);
    }

    /// Speaks this tone, in Hz; 0 is digital silence.
    pub fn speak(&self, hz: u16) {
        self.mouth.speak(hz);
    }

    /// Stops or goes on sending packets.
    pub fn mute(&self, muted: bool) {
        self.mouth.mute(muted);
    }

    /// Sends one key as telephone-event.
    pub fn press(&self, key: char) {
        self.mouth.press(key);
    }

    /// The last payloads of audio that were sent, oldest first.
    pub fn spoken(&self) -> Vec<Vec<u8>> {
        self.mouth.spoken()
    }
}

impl Drop for Audio {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn listen(socket: Arc<UdpSocket>, ear: Ear) {
    let mut buffer = [0; 2048];
    while let Ok((size, _)) = socket.recv_from(&mut buffer).await {
        let start = 12 + 4 * usize::from(buffer[0] & 15);
        if size < start || buffer[0] >> 6 != 2 {
            continue;
        }
        let packet = Arrived {
            kind: buffer[1] & 0x7f,
            stamp: u32::from_be_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]),
            source: u32::from_be_bytes([buffer[8], buffer[9], buffer[10], buffer[11]]),
            payload: &buffer[start..size],
        };
        match Format::of_kind(packet.kind) {
            _ if packet.kind == EVENT => ear.take_event(&packet),
            Some(format) => ear.take(format, &packet),
            None => {}
        }
    }
}

struct Plain {
    socket: Arc<UdpSocket>,
    peer: Peer,
    ssrc: u32,
}

impl Wire for Plain {
    async fn send(&self, rtp: Rtp) {
        let Some(to) = *self.peer.lock().expect("peer") else {
            return;
        };
        let mut packet = vec![0x80, rtp.kind | if rtp.mark { 0x80 } else { 0 }];
        packet.extend_from_slice(&rtp.seq.to_be_bytes());
        packet.extend_from_slice(&rtp.stamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(&rtp.payload);
        drop(self.socket.send_to(&packet, to).await);
    }
}
