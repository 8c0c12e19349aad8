//! The order in which records are tried (RFC 2782, RFC 3263 §4.1, §4.4). Pure: chance is passed in.

use crate::leg::Transport;

/// A NAPTR record as far as SIP needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Naptr {
    pub(super) order: u16,
    pub(super) preference: u16,
    pub(super) flags: String,
    pub(super) service: String,
    pub(super) replacement: String,
}

/// An SRV record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Srv {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    pub(super) target: String,
}

/// The SRV names that NAPTR records lead to, best first. Services we do not speak are left out, and those
/// that are not secure when only TLS will do.
pub(super) fn services(mut records: Vec<Naptr>, secure: bool) -> Vec<(Transport, String)> {
    records.retain(|r| r.flags.eq_ignore_ascii_case("s"));
    records.sort_by_key(|r| (r.order, r.preference));
    let transport = |service: &str| match service.to_ascii_uppercase().as_str() {
        "SIP+D2U" if !secure => Some(Transport::Udp),
        "SIP+D2T" if !secure => Some(Transport::Tcp),
        "SIPS+D2T" => Some(Transport::Tls),
        _ => None,
    };
    records
        .into_iter()
        .filter_map(|r| Some((transport(&r.service)?, r.replacement)))
        .collect()
}

/// The SRV name of a domain for a transport.
pub(super) fn srv_name(transport: Transport, domain: &str) -> String {
    let prefix = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        // RFC 7118 §6; nobody asks, since we dial no WebSocket.
        Transport::Ws => "_sip._ws",
        Transport::Wss => "_sips._wss",
        Transport::Tls => "_sips._tcp",
    };
    format!("{prefix}.{domain}")
}

/// Orders SRV records: by priority, and at random in proportion to their weights within one (RFC 2782).
/// `random` returns a number from 0 to its argument, both included. A single record with the target `.`
/// means that the service does not exist.
pub(super) fn order(mut records: Vec<Srv>, mut random: impl FnMut(u32) -> u32) -> Vec<Srv> {
    records.retain(|r| r.target != "." && !r.target.is_empty());
    // Weight 0 first, so that it has its small chance.
    records.sort_by_key(|r| (r.priority, r.weight));
    let mut out = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|r| r.priority) {
        let same = records
            .iter()
            .take_while(|r| r.priority == priority)
            .count();
        let sum: u32 = records.iter().take(same).map(|r| u32::from(r.weight)).sum();
        let drawn = random(sum);
        let mut running = 0;
        let at = records.iter().take(same).position(|r| {
            running += u32::from(r.weight);
            running >= drawn
        });
        out.push(records.remove(at.unwrap_or(0)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn srv(priority: u16, weight: u16, target: &str) -> Srv {
        Srv {
            priority,
            weight,
            port: 5060,
            target: target.to_owned(),
        }
    }

    fn targets(records: Vec<Srv>) -> Vec<String> {
        records.into_iter().map(|r| r.target).collect()
    }

    #[test]
    fn priority_goes_before_weight_and_chance() {
        let records = vec![srv(20, 100, "c"), srv(10, 60, "a"), srv(10, 40, "b")];
        assert_eq!(targets(order(records.clone(), |_| 0)), ["b", "a", "c"]);
        assert_eq!(targets(order(records, |sum| sum)), ["a", "b", "c"]);
        assert!(order(vec![srv(0, 0, ".")], |_| 0).is_empty());
    }

    #[test]
    fn weights_are_kept_in_the_long_run() {
        let mut seed = 12_345_u32;
        let mut random = |sum: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % (sum + 1)
        };
        let records = vec![srv(1, 75, "a"), srv(1, 25, "b")];
        let first = (0..4000)
            .filter(|_| order(records.clone(), &mut random)[0].target == "a")
            .count();
        assert!((2800..3200).contains(&first), "{first}");
    }

    #[test]
    fn naptr_leads_to_services_we_speak() {
        let naptr = |order, preference, service: &str| Naptr {
            order,
            preference,
            flags: "s".to_owned(),
            service: service.to_owned(),
            replacement: format!("{service}.example.org"),
        };
        let records = vec![
            naptr(50, 50, "SIP+D2S"),
            naptr(90, 50, "SIP+D2T"),
            naptr(50, 60, "SIPS+D2T"),
            naptr(100, 50, "sip+d2u"),
        ];
        let found: Vec<Transport> = services(records.clone(), false)
            .into_iter()
            .map(|s| s.0)
            .collect();
        assert_eq!(found, [Transport::Tls, Transport::Tcp, Transport::Udp]);
        assert_eq!(services(records, true).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_priorities_rise(records in prop::collection::vec((0_u16..4, any::<u16>()), 0..12), draws: u32) {
            let records: Vec<Srv> = records.into_iter().map(|(p, w)| srv(p, w, "h")).collect();
            let out = order(records.clone(), |sum| draws % (sum.saturating_add(1)).max(1));
            prop_assert_eq!(out.len(), records.len());
            prop_assert!(out.windows(2).all(|w| w[0].priority <= w[1].priority));
        }
    }
}
