//! Who is registered where, in memory: the bindings of each identity, and the identities of each user.

use super::{
    decide::{Decision, Refusal},
    flow,
};
use crate::target::Contact;
use dashmap::DashMap;
use engine::leg::Hop;
use schema::{Binding, BindingChange, Endpoint, Id, Time, User};
use std::{net::IpAddr, sync::Arc};

/// The bindings of an identity, oldest first.
pub(super) type Held = Vec<Arc<Binding>>;

/// The table. Shared, answers at once.
#[derive(Default)]
pub(super) struct Table {
    by_endpoint: DashMap<Id<Endpoint>, Held>,
    by_user: DashMap<Id<User>, Vec<Id<Endpoint>>>,
    by_name: DashMap<String, Id<Endpoint>>,
}

/// What a REGISTER changed.
pub(super) struct Applied {
    /// The bindings now.
    pub held: Held,
    /// The bindings before.
    pub before: Held,
    /// What must be made durable.
    pub changes: Vec<BindingChange>,
}

impl Table {
    /// Takes up bindings that the database kept. No WebSocket outlived the process that it led to; whoever
    /// held it registers again.
    pub(super) fn load(&self, bindings: Vec<Binding>) {
        let lives = |binding: &Binding| !flow::is_web_socket(&binding.flow);
        for binding in bindings.into_iter().filter(lives) {
            self.introduce(&binding);
            let mut held = self.by_endpoint.entry(binding.endpoint_id).or_default();
            held.push(Arc::new(binding));
        }
    }

    /// The number of bindings.
    pub(super) fn len(&self) -> usize {
        self.by_endpoint.iter().map(|held| held.len()).sum()
    }

    /// Decides on a REGISTER for an identity; nothing else happens to it meanwhile.
    pub(super) fn apply(
        &self,
        endpoint: Id<Endpoint>,
        now: Time,
        decide: impl FnOnce(&Held, Time) -> Result<Decision, Refusal>,
    ) -> Result<Applied, Refusal> {
        let mut entry = self.by_endpoint.entry(endpoint).or_default();
        let before = entry.clone();
        let decision = match decide(&before, now) {
            Ok(decision) => decision,
            Err(refusal) => {
                let empty = entry.is_empty();
                drop(entry);
                if empty {
                    self.by_endpoint
                        .remove_if(&endpoint, |_, held| held.is_empty());
                }
                return Err(refusal);
            }
        };
        entry.clone_from(&decision.held);
        drop(entry);
        match decision.held.first() {
            Some(binding) => self.introduce(binding),
            None => self.tidy(endpoint, before.first().map(Arc::as_ref)),
        }
        Ok(Applied {
            held: decision.held,
            before,
            changes: decision.changes,
        })
    }

    /// Takes a change back that could not be made durable, unless another one followed.
    pub(super) fn undo(&self, endpoint: Id<Endpoint>, applied: Applied) {
        let mut entry = self.by_endpoint.entry(endpoint).or_default();
        if *entry == applied.held {
            entry.clone_from(&applied.before);
        }
        drop(entry);
        if let Some(binding) = applied.before.first() {
            self.introduce(binding);
        } else {
            self.by_endpoint
                .remove_if(&endpoint, |_, held| held.is_empty());
        }
    }

    /// Whether a phone of this name is registered from this address.
    pub(super) fn is_known(&self, name: &str, source: IpAddr) -> bool {
        let Some(endpoint) = self.by_name.get(name).map(|id| *id) else {
            return false;
        };
        let source = source.to_canonical();
        self.by_endpoint.get(&endpoint).is_some_and(|held| {
            held.iter().any(|binding| {
                flow::remote(&binding.flow).is_some_and(|at| at.ip().to_canonical() == source)
            })
        })
    }

    /// The live contacts of a user, oldest first.
    pub(super) fn contacts_of(&self, user: Id<User>, now: Time) -> Vec<Contact> {
        let endpoints = self.by_user.get(&user).map(|ids| ids.clone());
        let mut found: Held = Vec::new();
        for endpoint in endpoints.unwrap_or_default() {
            if let Some(held) = self.by_endpoint.get(&endpoint) {
                found.extend(held.iter().filter(|b| b.expires_at > now).cloned());
            }
        }
        found.sort_by_key(|binding| binding.id);
        found
            .iter()
            .filter_map(|binding| contact(binding))
            .collect()
    }

    /// Takes out what is not wanted any more, and gives it.
    pub(super) fn forget(&self, unwanted: impl Fn(&Binding) -> bool) -> Held {
        let mut gone = Vec::new();
        let mut emptied = Vec::new();
        for mut held in self.by_endpoint.iter_mut() {
            let before = gone.len();
            let first = held.first().cloned();
            held.retain(|binding| {
                let unwanted = unwanted(binding);
                if unwanted {
                    gone.push(binding.clone());
                }
                !unwanted
            });
            if held.is_empty() && gone.len() > before {
                emptied.push((*held.key(), first));
            }
        }
        for (endpoint, binding) in emptied {
            self.tidy(endpoint, binding.as_deref());
        }
        gone
    }

    /// Knows the identity by its user and its name.
    fn introduce(&self, binding: &Binding) {
        if self
            .by_name
            .get(&binding.aor)
            .is_some_and(|id| *id == binding.endpoint_id)
        {
            return;
        }
        self.enter(binding);
    }

    fn enter(&self, binding: &Binding) {
        self.by_name
            .insert(binding.aor.clone(), binding.endpoint_id);
        let mut endpoints = self.by_user.entry(binding.user_id).or_default();
        if !endpoints.contains(&binding.endpoint_id) {
            endpoints.push(binding.endpoint_id);
        }
    }

    /// Forgets an identity that has no bindings any more.
    fn tidy(&self, endpoint: Id<Endpoint>, last: Option<&Binding>) {
        let removed = self
            .by_endpoint
            .remove_if(&endpoint, |_, held| held.is_empty());
        if let (Some(_), Some(last)) = (removed, last) {
            self.strike(endpoint, last);
        }
    }

    /// Forgets the user and the name of an identity. A REGISTER may have come since its bindings were
    /// taken out, and found both still there: then they are entered again.
    fn strike(&self, endpoint: Id<Endpoint>, last: &Binding) {
        self.by_name.remove_if(&last.aor, |_, id| *id == endpoint);
        if let Some(mut endpoints) = self.by_user.get_mut(&last.user_id) {
            endpoints.retain(|id| *id != endpoint);
        }
        self.by_user
            .remove_if(&last.user_id, |_, endpoints| endpoints.is_empty());
        let held = self.by_endpoint.get(&endpoint);
        let since = held.and_then(|held| held.first().cloned());
        if let Some(binding) = since {
            self.enter(&binding);
        }
    }
}

/// A binding as calls need it; `None` when its flow cannot be read.
fn contact(binding: &Binding) -> Option<Contact> {
    let hop: Hop = flow::read(&binding.flow)?;
    Some(Contact {
        user: binding.user_id,
        endpoint: Some(binding.endpoint_id),
        uri: binding.contact_uri.clone(),
        hop,
        path: binding.path.to_vec(),
        instance: binding.instance.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::Json;
    use std::time::Duration;

    fn binding() -> Binding {
        let now = Time::now();
        Binding {
            id: Id::new(),
            account_id: Id::new(),
            user_id: Id::new(),
            endpoint_id: Id::new(),
            aor: "alice".to_owned(),
            contact_uri: "sip:alice@192.0.2.7".to_owned(),
            instance: None,
            reg_id: None,
            call_id: "one".to_owned(),
            cseq: 1,
            expires_at: now.after(Duration::from_secs(60)),
            path: Json(Vec::new()),
            flow: "udp 192.0.2.7:5060 192.0.2.1:5060".to_owned(),
            user_agent: None,
            received: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_register_in_the_middle_of_a_sweep_is_reachable() {
        let (table, alice) = (Table::default(), binding());
        table.load(vec![alice.clone()]);
        // The sweep has taken the bindings out, and not yet the names.
        table.by_endpoint.remove(&alice.endpoint_id);
        let again = |_: &Held, _| {
            Ok(Decision {
                held: vec![Arc::new(alice.clone())],
                changes: Vec::new(),
            })
        };
        assert!(table.apply(alice.endpoint_id, Time::now(), again).is_ok());
        table.strike(alice.endpoint_id, &alice);
        assert_eq!(table.contacts_of(alice.user_id, Time::now()).len(), 1);
        assert!(table.is_known("alice", "192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn what_lapsed_leaves_nothing_behind() {
        let (table, alice) = (Table::default(), binding());
        table.load(vec![alice.clone()]);
        table.forget(|binding| binding.expires_at <= alice.expires_at);
        assert!(table.by_endpoint.is_empty() && table.by_user.is_empty());
        assert!(table.by_name.is_empty());
    }
}
