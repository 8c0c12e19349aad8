//! A real WebRTC peer, by the async `webrtc` crate: complete descriptions with loopback candidates, ICE,
//! DTLS-SRTP, and the tests' own mouth and ear for the audio.

use super::{SOON, sdp, sdp::Formats, tap::Tap};
use crate::audio::{Ear, Format, Mouth, OPUS, Rtp, Wire};
use async_trait::async_trait;
use rtc::{
    ice::mdns::MulticastDnsMode,
    interceptor::Slot,
    media_stream::MediaStreamTrack,
    peer_connection::configuration::interceptor_registry::configure_rtcp_reports,
    rtp_transceiver::rtp_sender::{
        RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RtpCodecKind,
    },
};
use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinHandle};
use webrtc::{
    media_stream::{
        track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP},
        track_remote::TrackRemote,
    },
    peer_connection::{
        MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
        RTCConfigurationBuilder, RTCPeerConnectionState, RTCSessionDescription, Registry,
        SettingEngineBuilder,
    },
};

/// What browsers offer, in their order.
pub const CODECS: [Format; 4] = [Format::Opus, Format::G722, Format::Pcmu, Format::Pcma];

/// One connection. It dereferences to its [`Ear`].
pub struct Peer {
    connection: Arc<dyn PeerConnection>,
    mouth: Mouth,
    ear: Ear,
    formats: Arc<Mutex<Formats>>,
    state: watch::Receiver<RTCPeerConnectionState>,
    codecs: Vec<Format>,
    speaker: JoinHandle<()>,
}

impl Deref for Peer {
    type Target = Ear;
    fn deref(&self) -> &Ear {
        &self.ear
    }
}

impl Peer {
    /// A connection that knows these codecs, best first, and telephone-event.
    pub async fn open(name: &str, codecs: &[Format]) -> Self {
        let ear = Ear::new(name);
        let formats = Arc::<Mutex<Formats>>::default();
        let mut engine = MediaEngine::default();
        let known = RTCRtpCodecParameters {
            rtp_codec: opus(),
            payload_type: OPUS,
        };
        let added = engine.register_codec(known, RtpCodecKind::Audio);
        added.expect("a codec");
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_ice_timeouts(Some(SOON), Some(SOON * 3), Some(Duration::from_millis(500)))
            .build();
        let tap = Tap::new(ear.clone(), formats.clone());
        let registry = configure_rtcp_reports(Registry::new()).with(Slot::from(14_000), tap);
        let (sender, state) = watch::channel(RTCPeerConnectionState::New);
        let connection = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Watcher(sender)))
            .with_udp_addrs(vec!["127.0.0.1:0"])
            .build()
            .await;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection.expect("a peer connection"));
        let ssrc = rand::random();
        let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
            "page".to_owned(),
            "microphone".to_owned(),
            "microphone".to_owned(),
            RtpCodecKind::Audio,
            vec![RTCRtpEncodingParameters {
                rtp_coding_parameters: RTCRtpCodingParameters {
                    ssrc: Some(ssrc),
                    ..Default::default()
                },
                codec: opus(),
                ..Default::default()
            }],
        )));
        let added = connection.add_track(track.clone()).await;
        added.expect("a track is added");
        let mouth = Mouth::default();
        let wire = Secure {
            track,
            ssrc,
            state: state.clone(),
        };
        let speaker = tokio::spawn(mouth.clone().run(wire));
        Self {
            connection,
            mouth,
            ear,
            formats,
            state,
            codecs: codecs.to_vec(),
            speaker,
        }
    }

    /// A complete offer: gathering is over.
    pub async fn offers(&self) -> String {
        let offer = self.connection.create_offer(None).await;
        let offer = self.describes_itself(offer.expect("an offer")).await;
        Formats::offered(&self.codecs).write_into(&offer)
    }

    /// The complete answer to an offer.
    pub async fn answers(&self, offer: &str) -> String {
        let formats = Formats::answered(offer, &self.codecs);
        let offer = RTCSessionDescription::offer(simplified(offer)).expect("an offer");
        let set = self.connection.set_remote_description(offer).await;
        set.expect("the offer is taken");
        let answer = self.connection.create_answer(None).await;
        let answer = self.describes_itself(answer.expect("an answer")).await;
        let answer = formats.write_into(&answer);
        self.agrees_on(&answer);
        answer
    }

    /// Takes the answer to its offer, or what comes before it: the crate cannot take more than one, so the
    /// next must name the same transport, as it has to for every browser.
    pub async fn accepts(&self, answer: &str) {
        if let Some(earlier) = self.connection.remote_description().await {
            for name in ["ice-ufrag", "ice-pwd", "fingerprint"] {
                let before = sdp::attribute(&earlier.sdp, name);
                assert_eq!(sdp::attribute(answer, name), before, "{answer}");
            }
            return self.agrees_on(answer);
        }
        let parsed = RTCSessionDescription::answer(simplified(answer)).expect("an answer");
        let set = self.connection.set_remote_description(parsed).await;
        set.unwrap_or_else(|error| panic!("{error}: {answer}"));
        self.agrees_on(answer);
    }

    fn agrees_on(&self, answer: &str) {
        let formats = Formats::read(answer);
        let choice = formats.choice();
        *self.formats.lock().expect("formats") = formats;
        self.mouth
            .choose(choice.unwrap_or_else(|| panic!("no codec: {answer}")));
    }

    async fn describes_itself(&self, description: RTCSessionDescription) -> String {
        let set = self.connection.set_local_description(description).await;
        set.expect("its own description is taken");
        let end = Instant::now() + SOON;
        loop {
            let now = self.connection.local_description().await;
            let sdp = now.expect("a description").sdp;
            if !sdp::candidates(&sdp).is_empty() {
                return sdp;
            }
            assert!(Instant::now() < end, "no candidate was found: {sdp}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until ICE and DTLS are up.
    pub async fn is_connected(&self) {
        self.becomes(RTCPeerConnectionState::Connected).await;
    }

    /// Waits for a state of the connection.
    pub async fn becomes(&self, wanted: RTCPeerConnectionState) {
        let mut state = self.state.clone();
        let waited = tokio::time::timeout(SOON * 2, state.wait_for(|now| *now == wanted)).await;
        let now = *self.state.borrow();
        assert!(waited.is_ok(), "the connection is {now}, not {wanted}");
    }

    /// Speaks this tone, in Hz; 0 is digital silence.
    pub fn speak(&self, hz: u16) {
        self.mouth.speak(hz);
    }

    /// Stops or goes on sending packets.
    pub fn falls_silent(&self, silent: bool) {
        self.mouth.mute(silent);
    }

    /// Sends one key as telephone-event.
    pub fn press(&self, key: char) {
        self.mouth.press(key);
    }

    /// The last payloads of audio that were sent, oldest first.
    pub fn spoken(&self) -> Vec<Vec<u8>> {
        self.mouth.spoken()
    }

    /// The codec it speaks.
    pub fn speaks(&self) -> Option<Format> {
        self.mouth.choice().map(|choice| choice.format)
    }

    /// Ends the connection, telling the other side (DTLS close).
    pub async fn closes(&self) {
        self.speaker.abort();
        drop(self.connection.close().await);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.speaker.abort();
        let connection = self.connection.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { drop(connection.close().await) });
        }
    }
}

/// What the crate is told that is spoken, see [`Tap`].
fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: "audio/opus".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

/// A description as the crate is to see it.
fn simplified(sdp: &str) -> String {
    Formats::only_opus(OPUS).write_into(sdp)
}

struct Watcher(watch::Sender<RTCPeerConnectionState>);

#[async_trait]
impl PeerConnectionEventHandler for Watcher {
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.0.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        tokio::spawn(async move { while track.poll().await.is_some() {} });
    }
}

struct Secure {
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    state: watch::Receiver<RTCPeerConnectionState>,
}

impl Wire for Secure {
    async fn send(&self, rtp: Rtp) {
        if *self.state.borrow() != RTCPeerConnectionState::Connected {
            return;
        }
        let mut payload = vec![rtp.kind];
        payload.extend(rtp.payload);
        let mut packet = rtc::rtp::Packet {
            payload: payload.into(),
            ..Default::default()
        };
        let header = &mut packet.header;
        header.version = 2;
        header.ssrc = self.ssrc;
        header.payload_type = OPUS;
        header.marker = rtp.mark;
        header.sequence_number = rtp.seq;
        header.timestamp = rtp.stamp;
        drop(self.track.write_rtp(packet).await);
    }
}

#[cfg(test)]
mod tests {
    use super::{CODECS, Peer};
    use crate::audio::Format;

    async fn pair(one: &[Format], other: &[Format]) -> (Peer, Peer) {
        let (one, other) = (
            Peer::open("one", one).await,
            Peer::open("other", other).await,
        );
        let answer = other.answers(&one.offers().await).await;
        one.accepts(&answer).await;
        one.is_connected().await;
        other.is_connected().await;
        (one, other)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_peers_hear_each_other_and_each_others_keys() {
        let (one, other) = pair(&CODECS, &CODECS).await;
        one.speak(440);
        other.speak(660);
        other.hears(440).await;
        one.hears(660).await;
        assert_eq!(other.formats(), [Format::Opus]);
        one.press('5');
        one.press('#');
        other.gets_keys("5#").await;
        one.falls_silent(true);
        other.hears_nothing().await;
        one.closes().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_one_who_answers_chooses_the_codec() {
        for format in [Format::Pcma, Format::G722, Format::Pcmu] {
            let (one, other) = pair(&CODECS, &[format]).await;
            one.speak(440);
            other.speak(660);
            other.hears(440).await;
            one.hears(660).await;
            assert_eq!(
                (one.formats(), other.formats()),
                (vec![format], vec![format])
            );
            other.press('7');
            one.gets_keys("7").await;
        }
    }
}
