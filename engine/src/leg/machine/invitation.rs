//! An incoming INVITE as the switchboard sees it.

use super::{calling::MAX_BREADTH, door::Path, identity};
use crate::{
    Authorization, Invitation,
    leg::{DialogKey, LegId, MOST_BRANCHES, MOST_HOPS, Party, Privacy, Reach},
    sip::{Message, Name, NameAddr},
};

/// Most history headers kept of one INVITE.
const MAX_HISTORY: usize = 16;

/// Reads a checked INVITE; the leg has been made of it already.
pub(crate) fn invitation(leg: LegId, invite: &Message, path: &Path) -> Invitation {
    let address = |address: Option<NameAddr>| {
        address.map_or_else(Party::default, |address| identity::party(&address))
    };
    let dialled = invite.uri().cloned().map(NameAddr::new);
    let from = invite.from().ok();
    let identities = invite.asserted_identities();
    Invitation {
        leg,
        dialled: address(dialled),
        privacy: Privacy {
            id: wants_privacy(invite, from.as_ref()),
        },
        from: address(from),
        to: address(invite.to().ok()),
        identity: identities.first().map(identity::party),
        source: path.remote,
        local: path.local,
        transport: path.transport,
        call_id: invite.call_id().unwrap_or_default().to_owned(),
        session: None,
        authorization: authorization(invite),
        replaces: replaces(invite),
        reach: reach(invite),
        diversions: diversions(invite),
        history: history(invite),
    }
}

/// `Privacy: id`, `user` or `header` (RFC 3323 §4.2, RFC 3325 §9.3), or a From that names nobody.
fn wants_privacy(invite: &Message, from: Option<&NameAddr>) -> bool {
    let asked = ["id", "user", "header"]
        .iter()
        .any(|kind| invite.has_privacy(kind));
    let nobody = from.is_some_and(|from| {
        let host = from.uri.host();
        host.eq_ignore_ascii_case("anonymous.invalid")
            || from
                .uri
                .user()
                .is_some_and(|user| user.eq_ignore_ascii_case("anonymous"))
    });
    asked || nobody
}

fn authorization(invite: &Message) -> Option<Authorization> {
    let value = invite
        .header(Name::Authorization)
        .or_else(|| invite.header(Name::ProxyAuthorization))?;
    Some(Authorization {
        method: invite.method()?.to_string(),
        value: value.to_owned(),
    })
}

/// The dialog to be replaced, from our side: its `to-tag` is ours (RFC 3891 §3).
fn replaces(invite: &Message) -> Option<(DialogKey, bool)> {
    let replaces = invite.replaces().ok()??;
    let key = DialogKey {
        call_id: replaces.call_id.into(),
        local_tag: replaces.to_tag.into(),
        remote_tag: replaces.from_tag.into(),
    };
    Some((key, replaces.early_only))
}

/// A request without the headers has all that a new one has, and none is believed to have more.
fn reach(invite: &Message) -> Reach {
    let hops = invite.max_forwards().ok().flatten();
    let branches = invite
        .header(MAX_BREADTH)
        .and_then(|value| value.parse().ok());
    Reach {
        hops: hops.map_or(MOST_HOPS, |hops| hops.min(MOST_HOPS)),
        branches: branches.map_or(MOST_BRANCHES, |branches: u8| branches.min(MOST_BRANCHES)),
    }
}

/// Each entry of Diversion counts as often as its `counter` says; the first of History-Info is where the
/// call began.
fn diversions(invite: &Message) -> u32 {
    let counted = |entry: &NameAddr| -> u32 {
        let counter = entry.params.get("counter");
        counter.and_then(|n| n.parse().ok()).unwrap_or(1).max(1)
    };
    let diverted = invite.addresses(Name::Diversion).unwrap_or_default();
    let diverted = diverted.iter().map(counted).fold(0, u32::saturating_add);
    let visited = invite.list(Name::HistoryInfo).count().saturating_sub(1);
    diverted.max(u32::try_from(visited).unwrap_or(u32::MAX))
}

fn history(invite: &Message) -> Vec<(String, String)> {
    [Name::Diversion, Name::HistoryInfo]
        .into_iter()
        .flat_map(|name| {
            invite
                .headers_named(name)
                .map(move |value| (name.as_str().to_owned(), value.to_owned()))
        })
        .take(MAX_HISTORY)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse_datagram;

    fn invite(headers: &str) -> Message {
        parse_datagram(format!("INVITE sip:a@b SIP/2.0\r\n{headers}\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn what_is_left_is_read_and_never_believed_to_be_more() {
        let left = |headers: &str| {
            let reach = reach(&invite(headers));
            (reach.hops, reach.branches)
        };
        assert_eq!(left(""), (70, 60));
        assert_eq!(left("Max-Forwards: 5\r\nMax-Breadth: 3\r\n"), (5, 3));
        assert_eq!(left("Max-Forwards: 255\r\nMax-Breadth: 999\r\n"), (70, 60));
    }

    #[test]
    fn diversions_are_counted_however_they_are_written() {
        let count = |headers: &str| diversions(&invite(headers));
        assert_eq!(count(""), 0);
        assert_eq!(count("Diversion: <sip:1@h>, <sip:2@h>;counter=4\r\n"), 5);
        assert_eq!(
            count("Diversion: <sip:1@h>;counter=4294967295\r\nDiversion: <sip:2@h>\r\n"),
            u32::MAX
        );
        assert_eq!(
            count("History-Info: <sip:1@h>;index=1,<sip:2@h>;index=1.1\r\n"),
            1
        );
        assert_eq!(count("Diversion: nonsense\r\n"), 0);
    }
}
