//! `strowger check`: what is wrong with the configuration beyond what reading it finds.

use std::process::ExitCode;

use crate::config::Config;

/// Says what is wrong; reading the configuration has already succeeded.
pub fn check(config: &Config) -> ExitCode {
    let faults = faults(config);
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() {
        println!("The configuration is good.");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn faults(config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    if config.data_dir.exists() && !config.data_dir.is_dir() {
        faults.push(format!(
            "data.dir: {} is not a directory",
            config.data_dir.display()
        ));
    }
    if [config.sip.udp, config.sip.tcp, config.sip.tls]
        .iter()
        .all(Option::is_none)
    {
        faults.push("sip: every listener is off".to_owned());
    }
    let tcp = [
        ("http.listen", Some(config.http.listen)),
        ("sip.tcp", config.sip.tcp),
        ("sip.tls", config.sip.tls),
    ];
    for (place, (name, address)) in tcp.iter().enumerate() {
        for (other, taken) in &tcp[..place] {
            if address.is_some_and(|address| address.port() != 0 && *taken == Some(address)) {
                faults.push(format!("{name}: is the same address as {other}"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_listeners_that_collide() {
        let mut config = Config::default();
        assert!(faults(&config).is_empty());
        config.sip.tcp = Some(config.http.listen);
        assert_eq!(
            faults(&config),
            ["sip.tcp: is the same address as http.listen"]
        );
        config.sip.tcp = None;
        config.sip.udp = None;
        assert_eq!(faults(&config), ["sip: every listener is off"]);
    }
}
