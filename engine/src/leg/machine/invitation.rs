//! An incoming INVITE as the switchboard sees it.

use super::{door::Path, identity};
use crate::{
    Authorization, Invitation,
    leg::{DialogKey, LegId, Party, Privacy},
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
        authorization: authorization(invite),
        replaces: replaces(invite),
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
