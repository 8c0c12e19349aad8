//! baresip, a real phone from Debian that nobody here wrote, with a tone for a microphone.

use crate::{Link, Person, SOON, World, audio};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running baresip; it ends with this.
pub struct Baresip {
    child: Child,
    home: PathBuf,
}

impl Baresip {
    /// Starts one on this person's login, whose microphone hears this tone; it answers by itself or not.
    pub fn start(world: &World, person: &Person, link: Link, hz: u16, answers: bool) -> Self {
        let home = world
            .exchange
            .data_dir()
            .join(format!("baresip-{}", person.number));
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("tone.wav"), wave(hz)).unwrap();
        let (address, transport) = match link {
            Link::Udp => (world.exchange.sip(), "udp"),
            Link::Tcp => (world.exchange.sip_tcp(), "tcp"),
            Link::Tls => (world.exchange.sip_tls(), "tls"),
            Link::Ws => panic!("a desk phone is on no WebSocket"),
        };
        let login = &person.login;
        let account = format!(
            "<sip:{}@{address};transport={transport}>;auth_pass={};answermode={};regint=120\n",
            login.username,
            login.password,
            if answers { "auto" } else { "manual" }
        );
        fs::write(home.join("accounts"), account).unwrap();
        let config = format!(
            "sip_listen 127.0.0.1:0\nmodule_path {}\naudio_source aufile,{tone}\n\
             audio_player aufile,{dir}/out.wav\naudio_alert aufile,{dir}/alert.wav\nsnd_path {dir}\n\
             module g711.so\nmodule aufile.so\nmodule sndfile.so\nmodule stdio.so\n\
             module_app account.so\nmodule_app menu.so\n",
            modules(),
            tone = home.join("tone.wav").display(),
            dir = home.display(),
        );
        fs::write(home.join("config"), config).unwrap();
        let log = fs::File::create(home.join("log")).unwrap();
        let child = Command::new("baresip")
            .arg("-f")
            .arg(&home)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, home }
    }

    /// Types into its terminal.
    pub fn types(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits for a word in its log.
    pub async fn says(&self, word: &str) {
        let end = Instant::now() + SOON;
        loop {
            let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
            if log.contains(word) {
                return;
            }
            assert!(Instant::now() < end, "baresip never said {word:?}:\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The share of a tone in the last second that it heard.
    pub fn heard(&self, hz: u16) -> f64 {
        let mut dumps = fs::read_dir(&self.home).unwrap().flatten();
        let dump = dumps.find(|entry| entry.file_name().to_string_lossy().ends_with("-dec.wav"));
        let bytes = dump
            .map(|entry| fs::read(entry.path()).unwrap())
            .unwrap_or_default();
        let samples: Vec<f64> = bytes
            .get(44..)
            .unwrap_or_default()
            .chunks_exact(2)
            .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])))
            .collect();
        let last = samples.len().saturating_sub(8_000);
        audio::share(&samples[last..], hz)
    }
}

impl Baresip {
    /// Waits until this tone fills the last second that it heard.
    pub async fn hears(&self, hz: u16) {
        let end = Instant::now() + SOON * 2;
        while self.heard(hz) < 0.5 {
            let share = self.heard(hz);
            assert!(Instant::now() < end, "{hz} Hz was not heard: {share:.2}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn modules() -> &'static str {
    let places = [
        "/usr/lib/baresip/modules",
        "/usr/lib/x86_64-linux-gnu/baresip/modules",
    ];
    places
        .into_iter()
        .find(|place| Path::new(place).is_dir())
        .unwrap_or(places[0])
}

/// Half a minute of a tone, 8 kHz, 16 bits, mono.
fn wave(hz: u16) -> Vec<u8> {
    let count = 8_000 * 30_u32;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + 2 * count).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend_from_slice(&8_000_u32.to_le_bytes());
    bytes.extend_from_slice(&16_000_u32.to_le_bytes());
    bytes.extend_from_slice(b"\x02\0\x10\0data");
    bytes.extend_from_slice(&(2 * count).to_le_bytes());
    for n in 0..count {
        let phase = std::f64::consts::TAU * f64::from(hz) * f64::from(n) / 8_000.0;
        bytes.extend_from_slice(&((phase.sin() * 8_000.0) as i16).to_le_bytes());
    }
    bytes
}
