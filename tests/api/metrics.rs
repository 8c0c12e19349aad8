//! What `/metrics` tells of a story that is known.

use harness::{Carrier, Database, Events, World};
use serde_json::json;

/// The value of the one line with exactly these labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.trim().parse().expect("a number")
}

/// Lines whose labels hold what they must not, or whose names end in what is no base unit.
fn faults(text: &str) -> Vec<&str> {
    let id = |label: &str| {
        let long = label.split(|c: char| !c.is_ascii_alphanumeric());
        let digits = label.chars().filter(char::is_ascii_digit).count();
        long.into_iter().any(|word| word.len() >= 20) || digits > 8
    };
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let bad = samples.filter(|line| {
        let (name, rest) = line.split_once(['{', ' ']).unwrap_or((line, ""));
        let labels = rest.rsplit_once('}').map_or("", |(labels, _)| labels);
        let values = labels.split('"').skip(1).step_by(2);
        let units = ["_ms", "_us", "_millis", "_micros", "_minutes", "_kb"];
        let mut name = name;
        for end in ["_bucket", "_sum", "_count", "_total"] {
            name = name.strip_suffix(end).unwrap_or(name);
        }
        let unit = units.iter().any(|unit| name.ends_with(unit));
        !name.starts_with("strowger_") || unit || values.into_iter().any(id)
    });
    bad.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_of_a_known_story_is_right() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let _carrier = Carrier::open(&world, 71, json!({})).await;
    let up = "strowger_actors_trunk_up{trunk=\"carrier 71\"} ";
    world.exchange.metric_becomes(up, 1.0).await;
    let _events = Events::open(&world.api).await;

    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    call.speak(440);
    answer.speak(660);
    answer.hears(440).await;
    call.hears(660).await;
    let active = "strowger_actors_calls_active{direction=\"internal\"} ";
    assert_eq!(world.exchange.metric(active).await, 1.0);
    assert!(
        world
            .exchange
            .metric("strowger_engine_rtp_ports_in_use")
            .await
            >= 2.0
    );
    call.hangs_up().await;
    answer.is_hung_up().await;
    let call = alice.phone.calls("1002").await;
    let no = bob.phone.rings().await;
    no.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    world.records(2).await;
    world.exchange.metric_becomes(active, 0.0).await;
    world
        .exchange
        .metric_becomes("strowger_engine_rtp_ports_in_use", 0.0)
        .await;
    world
        .exchange
        .metric_becomes("strowger_engine_legs ", 0.0)
        .await;

    let text = world.exchange.api().get("/metrics").await.text;
    for (name, expected) in [
        ("strowger_actors_registrations ", 2.0),
        (
            "strowger_actors_calls_started_total{direction=\"internal\"} ",
            2.0,
        ),
        (
            "strowger_actors_calls_started_total{direction=\"inbound\"} ",
            0.0,
        ),
        (
            "strowger_actors_calls_ended_total{direction=\"internal\",status=\"completed\"} ",
            1.0,
        ),
        (
            "strowger_actors_calls_ended_total{direction=\"internal\",status=\"busy\"} ",
            1.0,
        ),
        ("strowger_actors_call_setup_seconds_count ", 2.0),
        ("strowger_actors_call_duration_seconds_count ", 1.0),
        // Each asked for a password first.
        (
            "strowger_engine_sip_requests_total{direction=\"in\",method=\"REGISTER\"} ",
            4.0,
        ),
        (
            "strowger_engine_sip_requests_total{direction=\"in\",method=\"INVITE\"} ",
            4.0,
        ),
        (
            "strowger_engine_sip_requests_total{direction=\"out\",method=\"INVITE\"} ",
            2.0,
        ),
        (
            "strowger_engine_sip_requests_total{direction=\"in\",method=\"BYE\"} ",
            1.0,
        ),
        (
            "strowger_engine_sip_requests_total{direction=\"out\",method=\"BYE\"} ",
            1.0,
        ),
        (
            "strowger_engine_sip_responses_total{class=\"4xx\",direction=\"out\",method=\"INVITE\"} ",
            3.0,
        ),
        (
            "strowger_engine_sip_responses_total{class=\"2xx\",direction=\"out\",method=\"INVITE\"} ",
            1.0,
        ),
        (
            "strowger_engine_sip_responses_total{class=\"4xx\",direction=\"in\",method=\"INVITE\"} ",
            1.0,
        ),
        (
            "strowger_engine_sip_responses_total{class=\"2xx\",direction=\"out\",method=\"REGISTER\"} ",
            2.0,
        ),
        ("strowger_engine_sip_udp_receive_errors_total ", 0.0),
        ("strowger_engine_sip_parse_errors_total ", 0.0),
        ("strowger_engine_sip_shed_total ", 0.0),
        ("strowger_actors_leg_mos_count ", 2.0),
        ("strowger_actors_restarts_total{kind=\"call\"} ", 0.0),
        ("strowger_actors_restarts_total{kind=\"registrar\"} ", 0.0),
        ("strowger_actors_trunk_channels{trunk=\"carrier 71\"} ", 0.0),
        ("strowger_actors_ledger_waiting ", 0.0),
        ("strowger_web_event_streams ", 1.0),
    ] {
        assert_eq!(value(&text, name), expected, "{name}\n{text}");
    }
    // Seconds, marks and packets: not exact, but of the right size.
    let duration = value(&text, "strowger_actors_call_duration_seconds_sum ");
    let setup = value(&text, "strowger_actors_call_setup_seconds_sum ");
    assert!(
        setup > 0.0 && setup < 30.0 && duration < 60.0,
        "{setup} {duration}"
    );
    let mos = value(&text, "strowger_actors_leg_mos_sum ") / 2.0;
    assert!((3.5..=4.5).contains(&mos), "{mos}");
    for (name, least) in [
        ("strowger_engine_rtp_packets_received_total ", 20.0),
        ("strowger_engine_rtp_packets_sent_total ", 20.0),
        ("strowger_engine_rtp_packets_lost_total ", 0.0),
        ("strowger_engine_rtp_jitter_seconds_count ", 0.0),
        ("strowger_engine_rtp_ports ", 100.0),
        (
            "strowger_actors_mailbox_age_seconds_count{kind=\"call\"} ",
            10.0,
        ),
        (
            "strowger_engine_sip_retransmissions_total{kind=\"request\"} ",
            0.0,
        ),
        (
            "strowger_engine_sip_retransmissions_total{kind=\"response\"} ",
            0.0,
        ),
        (
            "strowger_web_database_query_duration_seconds_count{query=\"insert_calls\"} ",
            1.0,
        ),
        (
            "strowger_web_request_duration_seconds_count{method=\"GET\",route=\"/v1/calls\"} ",
            1.0,
        ),
    ] {
        assert!(value(&text, name) >= least, "{name}\n{text}");
    }
    assert_eq!(faults(&text), Vec::<&str>::new());
    world.exchange.stop().await;
}
