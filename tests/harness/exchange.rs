//! A whole exchange on free ports of loopback, with a data directory and a database of its own.

use crate::{Api, Database, Login, Phone, database, phone::SOON};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// The platform key of every test exchange.
pub const KEY: &str = "sk_live_0123456789abcdefghijklmn";
/// The realm of every test exchange.
pub const DOMAIN: &str = "exchange.test";

/// A running exchange. Stopped by [`stop`](Self::stop), or roughly by its drop.
pub struct Exchange {
    running: Option<web::Running>,
    config: web::Config,
    database: Database,
}

impl Exchange {
    /// Starts one on this kind of database.
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, |_| ()).await
    }

    /// Starts one with settings of the test's own.
    pub async fn start_with(database: Database, shape: impl Fn(&mut web::Config)) -> Self {
        let mut config = web::Config {
            data_dir: directory(),
            database_url: database.url().await,
            api_key: Some(KEY.to_owned()),
            ..web::Config::default()
        };
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        config.http.listen = any;
        config.http.rate_limit = 0;
        config.http.workers = 1;
        config.sip.udp = Some(any);
        config.sip.tcp = Some(any);
        config.webrtc.udp = Some(any);
        config.sip.domain = Some(DOMAIN.to_owned());
        config.media.ports = 20_000..=39_999;
        shape(&mut config);
        let running = web::start(config.clone())
            .await
            .expect("the exchange starts");
        Self {
            running: Some(running),
            config,
            database,
        }
    }

    /// Stops it and starts it again on the same data.
    pub async fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        let running = web::start(self.config.clone()).await;
        self.running = Some(running.expect("the exchange starts again"));
    }

    /// The handle itself.
    pub fn running(&self) -> &web::Running {
        self.running.as_ref().expect("it runs")
    }

    /// A client with the platform key.
    pub fn api(&self) -> Api {
        Api::new(&format!("http://{}", self.running().http()), KEY)
    }

    /// The SIP address over UDP.
    pub fn sip(&self) -> SocketAddr {
        self.running().exchange().bound().sip_udp[0]
    }

    /// The SIP address over TCP.
    pub fn sip_tcp(&self) -> SocketAddr {
        self.running().exchange().bound().sip_tcp[0]
    }

    /// The SIP address over TLS.
    pub fn sip_tls(&self) -> SocketAddr {
        let bound = self.running().exchange().bound();
        bound.sip_tls.expect("a TLS listener")
    }

    /// A shape for [`start_with`](Self::start_with): SIP over TLS, too.
    pub fn with_tls(config: &mut web::Config) {
        let (chain, key) = crate::sip::tls::write(&config.data_dir);
        config.sip.tls = Some("127.0.0.1:0".parse().expect("an address"));
        config.sip.tls_cert = Some(chain);
        config.sip.tls_key = Some(key);
    }

    /// The data directory.
    pub fn data_dir(&self) -> &PathBuf {
        &self.config.data_dir
    }

    /// A phone with a login that the exchange does not know of itself.
    pub async fn phone(&self, username: &str, password: &str) -> Phone {
        let login = Login {
            username: username.to_owned(),
            password: password.to_owned(),
        };
        Phone::new(self.sip(), DOMAIN, login).await
    }

    /// A metric's value: the sum of all lines that begin with this text; 0 when there are none.
    pub async fn metric(&self, starts_with: &str) -> f64 {
        self.samples(starts_with).await.iter().sum()
    }

    /// Whether any line of the metrics begins with this text.
    pub async fn has_metric(&self, starts_with: &str) -> bool {
        !self.samples(starts_with).await.is_empty()
    }

    async fn samples(&self, starts_with: &str) -> Vec<f64> {
        let text = self.api().get("/metrics").await.text;
        let lines = text.lines().filter(|line| line.starts_with(starts_with));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect()
    }

    /// Waits until a metric has this value. One that does not exist has none, not even 0.
    pub async fn metric_becomes(&self, starts_with: &str, value: f64) {
        let end = std::time::Instant::now() + SOON;
        loop {
            let now = self.samples(starts_with).await;
            if !now.is_empty() && (now.iter().sum::<f64>() - value).abs() < 1e-9 {
                return;
            }
            assert!(
                std::time::Instant::now() < end,
                "{starts_with} is {now:?}, not {value}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Takes no new calls and lets live ones run, then stops.
    pub async fn drain(mut self, limit: Duration) {
        if let Some(running) = self.running.take() {
            running.drain(limit, std::future::pending()).await;
        }
        self.stop().await;
    }

    /// Stops it and takes its data away.
    pub async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        if let (Database::Postgres, Some(url)) = (self.database, &self.config.database_url) {
            database::drop_database(url).await;
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        drop(self.running.take());
        drop(std::fs::remove_dir_all(&self.config.data_dir));
    }
}

fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("strowger-test-{}", crate::sip::token()))
}
