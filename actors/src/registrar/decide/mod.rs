//! What a proven REGISTER does to the bindings of its identity (RFC 3261 §10.3). Pure.

use super::{flow, table::Held};
use engine::{leg::Transport, sip::Uri};
use schema::{Binding, BindingChange, Endpoint, Id, Json, Time};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// Bindings of one identity at most; one more takes the place of the oldest.
pub(super) const BINDINGS: usize = 10;
/// Shortest registration in seconds; less is refused with 423.
pub(super) const SHORTEST: u32 = 60;
/// Longest registration in seconds, and the one granted when none is asked for; more is cut.
pub(super) const LONGEST: u32 = 3600;
/// Longest Contact URI taken, in bytes.
const URI_LENGTH: usize = 1024;
/// Longest header values kept beside a binding, in bytes.
const TEXT_LENGTH: usize = 255;

/// Why a REGISTER is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No proof, or one that is too old.
    Challenge {
        /// The password was right, the nonce is not any more.
        stale: bool,
    },
    /// Wrong name or wrong password: nobody learns which.
    Forbidden,
    /// A Contact or a header that cannot be read, or `*` with other contacts.
    Malformed,
    /// Older than what is held (RFC 3261 §10.3 step 7).
    OutOfOrder,
    /// Asked for less than [`SHORTEST`].
    TooBrief,
    /// It cannot be made durable now.
    Later,
}

impl Refusal {
    /// As status and headers.
    pub(super) fn reading(self) -> (u16, Vec<(String, String)>) {
        match self {
            Self::Challenge { .. } => (401, Vec::new()),
            Self::Forbidden => (403, Vec::new()),
            Self::Malformed => (400, Vec::new()),
            Self::OutOfOrder => (500, Vec::new()),
            Self::TooBrief => (423, vec![("Min-Expires".to_owned(), SHORTEST.to_string())]),
            Self::Later => (503, Vec::new()),
        }
    }
}

/// A REGISTER without its proof and its answer.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Contacts as written.
    pub contacts: Vec<engine::Contact>,
    /// `Expires` header in seconds.
    pub expires: Option<u32>,
    /// Call-ID.
    pub call_id: String,
    /// CSeq number.
    pub cseq: u32,
    /// Path headers.
    pub path: Vec<String>,
    /// User-Agent.
    pub agent: Option<String>,
    /// How it came.
    pub transport: Transport,
    /// Source address.
    pub source: SocketAddr,
    /// Our address it came to.
    pub local: SocketAddr,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// The list of bindings.
    List,
    /// Every binding away.
    Clear,
    /// These bound, for that many seconds; 0 takes one away.
    Bind(Vec<(engine::Contact, u32)>),
}

impl Wish {
    /// Reads it.
    pub(super) fn read(asked: &Asked) -> Result<Self, Refusal> {
        let contacts = &asked.contacts;
        let mut kept = contacts.iter().flat_map(|contact| &contact.instance);
        let mut also = asked.agent.iter().chain(&asked.path);
        if kept.any(|text| text.contains('\0')) || also.any(|text| text.contains('\0')) {
            return Err(Refusal::Malformed);
        }
        if contacts.is_empty() {
            return Ok(Self::List);
        }
        if contacts.iter().any(|contact| contact.uri == "*") {
            // §10.2.2: alone, and with an expiry of 0.
            let fits = contacts.len() == 1 && asked.expires == Some(0);
            return if fits {
                Ok(Self::Clear)
            } else {
                Err(Refusal::Malformed)
            };
        }
        let mut wishes = Vec::with_capacity(contacts.len());
        for contact in contacts {
            let usable = contact.uri.len() <= URI_LENGTH
                && Uri::parse(&contact.uri).is_ok_and(|uri| uri.is_sip());
            if !usable {
                return Err(Refusal::Malformed);
            }
            let seconds = contact.expires.or(asked.expires).unwrap_or(LONGEST);
            if seconds > 0 && seconds < SHORTEST {
                return Err(Refusal::TooBrief);
            }
            wishes.push((contact.clone(), seconds.min(LONGEST)));
        }
        Ok(Self::Bind(wishes))
    }
}

/// The bindings after it, and what must be written.
#[derive(Debug, PartialEq)]
pub(super) struct Decision {
    pub(super) held: Held,
    pub(super) changes: Vec<BindingChange>,
}

/// Carries out a wish on what is held.
pub(super) fn decide(
    endpoint: &Endpoint,
    asked: &Asked,
    wish: &Wish,
    held: &Held,
    now: Time,
) -> Result<Decision, Refusal> {
    let mut after = held.clone();
    let mut changes = Vec::new();
    match wish {
        Wish::List => {}
        Wish::Clear => {
            if held.iter().any(|binding| is_older(asked, binding)) {
                return Err(Refusal::OutOfOrder);
            }
            after.clear();
        }
        Wish::Bind(wishes) => {
            for (contact, seconds) in wishes {
                let at = same(contact, &after);
                let known = at.map(|at| after.remove(at));
                if known
                    .as_ref()
                    .is_some_and(|binding| is_older(asked, binding))
                {
                    return Err(Refusal::OutOfOrder);
                }
                if *seconds > 0 {
                    let put = bound(endpoint, asked, contact, *seconds, known.as_deref(), now);
                    changes.push(change(&put, known.as_deref()));
                    after.push(Arc::new(put));
                }
            }
            let surplus = after.len().saturating_sub(BINDINGS);
            after.drain(..surplus);
            after.sort_by_key(|binding| binding.id);
        }
    }
    let gone = held
        .iter()
        .filter(|was| !after.iter().any(|is| is.id == was.id));
    changes.extend(gone.map(|binding| BindingChange::Remove(binding.id)));
    Ok(Decision {
        held: after,
        changes,
    })
}

/// The same Call-ID with a CSeq that is not newer.
fn is_older(asked: &Asked, binding: &Binding) -> bool {
    asked.call_id == binding.call_id && i64::from(asked.cseq) <= binding.cseq
}

/// What is to be written: little when only the time and the request are new, as for nearly every REGISTER.
fn change(put: &Binding, known: Option<&Binding>) -> BindingChange {
    let whole = Box::new(put.clone());
    match known.is_some_and(|known| differs_in_time_only(put, known)) {
        true => BindingChange::Refresh(whole),
        false => BindingChange::Put(whole),
    }
}

/// What the cheap write leaves out is the same.
fn differs_in_time_only(put: &Binding, known: &Binding) -> bool {
    let Binding {
        id,
        account_id,
        user_id,
        endpoint_id,
        aor,
        contact_uri,
        instance,
        reg_id,
        call_id: _,
        cseq: _,
        expires_at: _,
        path,
        flow,
        user_agent,
        received,
        created_at,
        updated_at: _,
    } = known;
    let owner = (
        &put.id,
        &put.account_id,
        &put.user_id,
        &put.endpoint_id,
        &put.aor,
    );
    let way = (&put.path, &put.flow, &put.received);
    let phone = (
        &put.contact_uri,
        &put.instance,
        &put.reg_id,
        &put.user_agent,
    );
    owner == (id, account_id, user_id, endpoint_id, aor)
        && way == (path, flow, received)
        && phone == (contact_uri, instance, reg_id, user_agent)
        && put.created_at == *created_at
}

/// Where the same phone stands: by instance and flow (RFC 5626 §6) when it gives them, else by its URI
/// (RFC 3261 §19.1.4), which nearly always is the very same text.
fn same(contact: &engine::Contact, held: &Held) -> Option<usize> {
    let reg_id = contact.reg_id.and_then(|id| i32::try_from(id).ok());
    let is_instance = |b: &Binding| contact.instance.is_some() && contact.instance == b.instance;
    let by_flow = held
        .iter()
        .position(|b| is_instance(b) && b.reg_id == reg_id);
    let by_text = || {
        held.iter()
            .position(|b| !is_instance(b) && b.contact_uri == contact.uri)
    };
    let by_meaning = || {
        let uri = Uri::parse(&contact.uri).ok()?;
        held.iter().position(|b| {
            !is_instance(b) && Uri::parse(&b.contact_uri).is_ok_and(|other| uri.equivalent(&other))
        })
    };
    by_flow.or_else(by_text).or_else(by_meaning)
}

fn bound(
    endpoint: &Endpoint,
    asked: &Asked,
    contact: &engine::Contact,
    seconds: u32,
    known: Option<&Binding>,
    now: Time,
) -> Binding {
    let cut = |text: &String| text.chars().take(TEXT_LENGTH).collect();
    let (source, local) = (asked.source, asked.local);
    Binding {
        id: known.map_or_else(Id::new, |binding| binding.id),
        account_id: endpoint.account_id,
        user_id: endpoint.user_id,
        endpoint_id: endpoint.id,
        aor: endpoint.sip_username.clone(),
        contact_uri: contact.uri.clone(),
        instance: contact.instance.as_ref().map(cut),
        reg_id: contact.reg_id.and_then(|id| i32::try_from(id).ok()),
        call_id: cut(&asked.call_id),
        cseq: i64::from(asked.cseq),
        expires_at: now.after(Duration::from_secs(seconds.into())),
        path: Json(asked.path.clone()),
        flow: flow::write(asked.transport, source, local),
        user_agent: asked.agent.as_ref().map(cut),
        received: Some(source.to_string()),
        created_at: known.map_or(now, |binding| binding.created_at),
        updated_at: now,
    }
}

/// The headers of a 200: every binding with the seconds it has left (§10.3 step 8).
pub(super) fn grant(held: &Held, asked: &Asked, now: Time) -> Vec<(String, String)> {
    let mut headers = Vec::with_capacity(held.len() + asked.path.len() + 1);
    for binding in held.iter().filter(|binding| binding.expires_at > now) {
        let left = binding.expires_at.since(now).as_millis().div_ceil(1000);
        let mut value = format!("<{}>;expires={left}", binding.contact_uri);
        if let Some(instance) = &binding.instance {
            value.push_str(&format!(";+sip.instance=\"<{instance}>\""));
        }
        if let Some(reg_id) = binding.reg_id {
            value.push_str(&format!(";reg-id={reg_id}"));
        }
        headers.push(("Contact".to_owned(), value));
    }
    for hop in &asked.path {
        headers.push(("Path".to_owned(), hop.clone()));
    }
    headers
}

#[cfg(test)]
mod tests;
