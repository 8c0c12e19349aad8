//! `strowger demo --exit` as a newcomer sees it: what it prints is what happened.

use serde_json::Value;
use std::{
    io::{self, Write},
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    time::Duration,
};
use web::{cli::serve::StopSignals, demo};

/// A sheet of paper that can be read afterwards.
#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the sheet").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settings() -> web::Config {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let mut config = web::Config::default();
    config.http.listen = any;
    config.http.workers = 1;
    config.sip.udp = Some(any);
    config.webrtc.udp = Some(any);
    config.sip.tcp = Some(any);
    config
}

/// Claims that these come one after the other.
#[track_caller]
fn tells(story: &str, parts: &[&str]) {
    let mut rest = story;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("\"{part}\" is not told, or not in its turn:\n{story}");
        };
        rest = after;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_call_each_other_and_are_heard_and_recorded() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut config = settings();
    config.sip.udp = taken.local_addr().ok();
    let sheet = Sheet::default();
    let paper = demo::Paper::new(sheet.clone());
    let outcome = demo::play(config, true, &paper, StopSignals::new()).await;
    let story = String::from_utf8(sheet.0.lock().expect("the sheet").clone()).expect("text");
    println!("{story}");
    outcome.expect("the demonstration succeeds");

    tells(
        &story,
        &["is taken; SIP uses", "REST ", "1001 ", "1002 ", "1003 "],
    );
    tells(
        &story,
        &[
            "register over SIP",
            "1001 ",
            " for 600 s",
            "1002 ",
            " for 600 s",
        ],
    );
    tells(
        &story,
        &[
            "call.incoming",
            "call.ringing",
            "call.answered",
            "call.end",
            ": completed",
        ],
    );
    tells(
        &story,
        &["1002     rings", "1002     answers", "1001     hangs up"],
    );
    tells(&story, &["1002     hears 440 Hz with"]);
    tells(&story, &["1001     hears 660 Hz with"]);
    tells(
        &story,
        &[
            "From       1001 Alice",
            "To         1002 Bob",
            "internal, completed",
        ],
    );
    let scores: Vec<f64> = story
        .split(" MOS ")
        .skip(1)
        .filter_map(|rest| rest.split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(scores.len(), 2, "{story}");
    assert!(scores.iter().all(|mos| *mos > 4.0), "{scores:?}");
}

/// The first links to the softphone page, as soon as they are told: number, page and token.
async fn links(sheet: &Sheet) -> Vec<(String, String, String)> {
    let told = async {
        loop {
            let story = String::from_utf8(sheet.0.lock().expect("the sheet").clone());
            let story = story.expect("text");
            if let Some((all, _)) = story.split_once("Or open both") {
                let link = |line: &str| {
                    let (number, link) = line.trim().split_once(' ')?;
                    let (page, token) = link.trim().split_once("#token=")?;
                    Some((number.to_owned(), page.to_owned(), token.to_owned()))
                };
                return all.lines().filter_map(link).collect();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    told.expect("the links are told")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_is_given_two_links_that_open_a_softphone() {
    let sheet = Sheet::default();
    let paper = demo::Paper::new(sheet.clone());
    let play = async move { demo::play(settings(), false, &paper, StopSignals::new()).await };
    let show = tokio::spawn(play);
    let links = links(&sheet).await;
    let numbers: Vec<&str> = links.iter().map(|(number, ..)| number.as_str()).collect();
    assert_eq!(numbers, ["1003", "1004"]);
    for (number, page, token) in &links {
        let shown = reqwest::get(page).await.expect("a page");
        assert_eq!(shown.status(), 200, "{page}");
        let url = page.replace("/softphone", "/v1/me");
        let me = reqwest::Client::new().get(url).bearer_auth(token);
        let me = me.send().await.expect("an answer");
        let me: Value = me.json().await.expect("a profile");
        assert_eq!(me["extensions"][0]["number"], *number, "{me}");
    }
    show.abort();
    drop(show.await);
}
