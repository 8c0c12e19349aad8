//! Requests that were routed by way of us (RFC 3261 §16.4): a strict router has put our address into the
//! Request-URI and the real target last, a loose one has left our address on top of Route.

use super::Stack;
use crate::leg::Transport;
use crate::sip::{Message, Name, Uri, resolve::default_port};

impl Stack {
    /// Restores the Request-URI that a strict router moved, and takes our own address off Route.
    pub(super) fn fix_routes(&self, request: &mut Message, transport: Transport) {
        if request.header(Name::Route).is_none() {
            return;
        }
        let Ok(mut routes) = request.routes() else {
            return;
        };
        let strict = request
            .uri()
            .is_some_and(|uri| uri.has_param("lr") && self.names_us(uri, transport));
        if strict && let Some(target) = routes.pop() {
            request.set_uri(target.uri);
        }
        let mut changed = strict;
        while routes
            .first()
            .is_some_and(|top| self.names_us(&top.uri, transport))
        {
            routes.remove(0);
            changed = true;
        }
        if changed {
            request.remove(Name::Route);
            for route in &routes {
                request.push(Name::Route, route.to_string());
            }
        }
    }

    /// Says whether a URI names this engine: one of our addresses, or our domain.
    fn names_us(&self, uri: &Uri, came_by: Transport) -> bool {
        if !uri.is_sip() {
            return false;
        }
        // Whoever names a WebSocket, and came by one, means the one it opened: we open none ourselves,
        // and the host is that of the page's server, or of a proxy in front of it.
        let named = uri.param("transport").unwrap_or_default();
        if came_by.is_web_socket()
            && ["ws", "wss"]
                .iter()
                .any(|ws| named.eq_ignore_ascii_case(ws))
        {
            return true;
        }
        let transport = match uri.scheme() {
            crate::sip::Scheme::Sips => Transport::Tls,
            _ => Transport::Udp,
        };
        let port = uri.port().unwrap_or(default_port(transport));
        let shown = |host: &str| {
            uri.host()
                .trim_matches(['[', ']'])
                .eq_ignore_ascii_case(host)
        };
        if self.config.advertised.as_deref().is_some_and(shown) && self.hub.is_our_port(port) {
            return true;
        }
        match uri.host_ip() {
            Some(ip) => self.hub.is_ours(ip, port),
            None => uri.host().eq_ignore_ascii_case(&self.config.domain),
        }
    }
}
