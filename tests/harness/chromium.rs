//! Debian's Chromium without a window, driven over its own protocol (CDP), with a tone for a microphone.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_tungstenite::tungstenite::{
    Message, client::IntoClientRequest, protocol::WebSocketConfig,
};

/// How long a browser may take for anything; a loaded machine starts one in some seconds.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What keeps it small, quiet and off the network, and gives pages a microphone without asking.
const FLAGS: [&str; 20] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--remote-debugging-port=0",
];

/// A running Chromium. It ends, and its folder goes, when this is dropped.
pub struct Chromium {
    child: Child,
    home: PathBuf,
    wire: Arc<Wire>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    answers: HashMap<u64, oneshot::Sender<Value>>,
    console: HashMap<String, Vec<String>>,
}

struct Wire {
    shared: Arc<Mutex<Shared>>,
    going: mpsc::UnboundedSender<Value>,
    next: AtomicU64,
}

/// A page in a tab of its own.
pub struct Page {
    wire: Arc<Wire>,
    session: String,
}

impl Chromium {
    /// Whether it is installed. Its absence fails the test when peers are required.
    pub fn is_here() -> bool {
        crate::is_here("chromium")
    }

    /// Starts one whose microphone hears this tone, in Hz.
    pub async fn start(hz: u16) -> Self {
        let name = format!("strowger-chromium-{}", crate::sip::token());
        let home = std::env::temp_dir().join(name);
        fs::create_dir_all(&home).expect("a folder");
        let microphone = home.join("microphone.wav");
        fs::write(&microphone, wave(hz)).expect("a tone");
        let log = fs::File::create(home.join("log")).expect("a log");
        let child = Command::new("chromium")
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", home.display()))
            .arg(format!(
                "--use-file-for-fake-audio-capture={}",
                microphone.display()
            ))
            .arg("about:blank")
            .env("HOME", &home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("chromium starts");
        let mut starting = Starting(Some((child, home)));
        let (port, path) = starting.door().await;
        let (wire, task) = Wire::open(port, &path).await;
        let (child, home) = starting.0.take().expect("started");
        Self {
            child,
            home,
            wire,
            task,
        }
    }

    /// Opens a page and waits until it is loaded.
    pub async fn opens(&self, url: &str) -> Page {
        let blank = json!({ "url": "about:blank" });
        let target = self.wire.ask(None, "Target.createTarget", blank).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.wire.ask(None, "Target.attachToTarget", attach).await;
        let session = attached["sessionId"].as_str().expect("a session");
        let page = Page {
            wire: self.wire.clone(),
            session: session.to_owned(),
        };
        page.ask("Runtime.enable", json!({})).await;
        page.ask("Page.enable", json!({})).await;
        page.goes_to(url).await;
        page
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.task.abort();
        ends(&mut self.child, &self.home);
    }
}

fn ends(child: &mut Child, home: &PathBuf) {
    drop(child.kill());
    drop(child.wait());
    // Its helpers may still be writing for a moment.
    for _ in 0..20 {
        if fs::remove_dir_all(home).is_ok() || !home.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A browser that does not survive a failure to start.
struct Starting(Option<(Child, PathBuf)>);

impl Starting {
    /// Port and path of the protocol, once it has written them down.
    async fn door(&mut self) -> (u16, String) {
        let (child, home) = self.0.as_mut().expect("starting");
        let end = Instant::now() + PATIENCE;
        loop {
            let text = fs::read_to_string(home.join("DevToolsActivePort")).unwrap_or_default();
            let mut lines = text.lines();
            if let (Some(port), Some(path)) = (lines.next(), lines.next()) {
                return (port.parse().expect("a port"), path.to_owned());
            }
            let ended = child.try_wait().expect("a child");
            let log = || fs::read_to_string(home.join("log")).unwrap_or_default();
            assert!(ended.is_none(), "chromium ended: {}", log());
            assert!(Instant::now() < end, "chromium did not start: {}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some((child, home)) = &mut self.0 {
            ends(child, home);
        }
    }
}

impl Wire {
    async fn open(port: u16, path: &str) -> (Arc<Self>, JoinHandle<()>) {
        let request = format!("ws://127.0.0.1:{port}{path}").into_client_request();
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let opened = tokio_tungstenite::client_async_with_config(
            request.expect("a request"),
            stream.expect("it listens"),
            Some(config),
        );
        let (mut sink, mut source) = opened.await.expect("a socket").0.split();
        let (going, mut queue) = mpsc::unbounded_channel::<Value>();
        let shared = Arc::<Mutex<Shared>>::default();
        let task = {
            let shared = shared.clone();
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        Some(order) = queue.recv() => {
                            drop(sink.send(Message::text(order.to_string())).await);
                        }
                        message = source.next() => match message {
                            Some(Ok(Message::Text(text))) => {
                                let said = serde_json::from_str(&text).expect("JSON");
                                shared.lock().expect("shared").takes(said);
                            }
                            Some(Ok(_)) => {}
                            _ => return,
                        },
                    }
                }
            })
        };
        let wire = Self {
            shared,
            going,
            next: AtomicU64::new(1),
        };
        (Arc::new(wire), task)
    }

    async fn ask(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.shared
            .lock()
            .expect("shared")
            .answers
            .insert(id, sender);
        let mut order = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            order["sessionId"] = json!(session);
        }
        drop(self.going.send(order));
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("chromium did not answer {method}"));
        let answer = answer.expect("an answer");
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }
}

impl Shared {
    fn takes(&mut self, said: Value) {
        if let Some(id) = said["id"].as_u64() {
            if let Some(waiting) = self.answers.remove(&id) {
                drop(waiting.send(said));
            }
            return;
        }
        let params = &said["params"];
        let line = match said["method"].as_str() {
            Some("Runtime.consoleAPICalled") => {
                let args = params["args"].as_array().into_iter().flatten();
                let words = args.map(|arg| match arg["value"].as_str() {
                    Some(text) => text.to_owned(),
                    None if arg["value"].is_null() => arg["description"].to_string(),
                    None => arg["value"].to_string(),
                });
                words.collect::<Vec<_>>().join(" ")
            }
            Some("Runtime.exceptionThrown") => params["exceptionDetails"].to_string(),
            _ => return,
        };
        let session = said["sessionId"].as_str().unwrap_or("").to_owned();
        self.console.entry(session).or_default().push(line);
    }
}

impl Page {
    async fn ask(&self, method: &str, params: Value) -> Value {
        self.wire.ask(Some(&self.session), method, params).await
    }

    /// Goes to another address and waits until it is loaded.
    pub async fn goes_to(&self, url: &str) {
        let went = self.ask("Page.navigate", json!({ "url": url })).await;
        assert!(went["errorText"].is_null(), "{url}: {went}");
        self.sees(&format!(
            "location.href !== 'about:blank' && document.readyState === 'complete' /* {url} */"
        ))
        .await;
    }

    /// The value of an expression; a promise is awaited. What it throws fails the test.
    pub async fn evaluate(&self, script: &str) -> Value {
        match self.try_evaluate(script).await {
            Ok(value) => value,
            Err(thrown) => panic!("{script}: {thrown}; console: {:#?}", self.console()),
        }
    }

    async fn try_evaluate(&self, script: &str) -> Result<Value, Value> {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true,
            "userGesture": true });
        let answer = self.ask("Runtime.evaluate", params).await;
        match &answer["exceptionDetails"] {
            Value::Null => Ok(answer["result"]["value"].clone()),
            thrown => Err(thrown.clone()),
        }
    }

    /// Waits until an expression is true.
    pub async fn sees(&self, condition: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let now = self.try_evaluate(condition).await;
            if let Ok(now) = &now
                && truthy(now)
            {
                return;
            }
            assert!(
                Instant::now() < end,
                "never true: {condition}, now {now:?}; console: {:#?}",
                self.console()
            );
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until the element is there, can be seen and is not disabled, and clicks it with the mouse.
    pub async fn clicks(&self, selector: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        self.sees(&format!(
            "(e => e && !e.disabled && e.getClientRects().length > 0)({element})"
        ))
        .await;
        let place = self
            .evaluate(&format!(
                "(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect(); \
                 return [r.x + r.width / 2, r.y + r.height / 2]; }})({element})"
            ))
            .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left",
                "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", params).await;
        }
    }

    /// Types text into an element.
    pub async fn types(&self, selector: &str, text: &str) {
        self.sees(&format!("document.querySelector({})", json!(selector)))
            .await;
        self.evaluate(&format!(
            "document.querySelector({}).focus()",
            json!(selector)
        ))
        .await;
        self.ask("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses one key of the keyboard, e.g. `Enter`, `Escape` or `5`.
    pub async fn presses(&self, key: &str) {
        let text = match key {
            "Enter" => "\r",
            one if one.chars().count() == 1 => one,
            _ => "",
        };
        let down = json!({ "type": "keyDown", "key": key, "text": text });
        self.ask("Input.dispatchKeyEvent", down).await;
        let up = json!({ "type": "keyUp", "key": key });
        self.ask("Input.dispatchKeyEvent", up).await;
    }

    /// The text of an element.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!("document.querySelector({}).innerText", json!(selector));
        self.evaluate(&script)
            .await
            .as_str()
            .unwrap_or("")
            .to_owned()
    }

    /// What the page wrote to its console, and what it threw.
    pub fn console(&self) -> Vec<String> {
        let shared = self.wire.shared.lock().expect("shared");
        shared
            .console
            .get(&self.session)
            .cloned()
            .unwrap_or_default()
    }

    /// Brings the tab to the front: what is not seen is not drawn.
    pub async fn is_looked_at(&self) {
        self.ask("Page.bringToFront", json!({})).await;
    }

    /// Closes the tab, as a user does.
    pub async fn closes(self) {
        self.ask("Page.close", json!({})).await;
    }
}

fn truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// Ten seconds of a tone at 48 kHz, 16 bits, mono; the browser plays it over and over.
fn wave(hz: u16) -> Vec<u8> {
    let (rate, count) = (48_000_u32, 480_000_u32);
    let mut bytes = Vec::with_capacity(44 + 2 * count as usize);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + 2 * count).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(2 * rate).to_le_bytes());
    bytes.extend_from_slice(b"\x02\0\x10\0data");
    bytes.extend_from_slice(&(2 * count).to_le_bytes());
    for n in 0..count {
        let phase = std::f64::consts::TAU * f64::from(hz) * f64::from(n) / f64::from(rate);
        bytes.extend_from_slice(&((phase.sin() * 8_000.0) as i16).to_le_bytes());
    }
    bytes
}
