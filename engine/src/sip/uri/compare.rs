//! When two URIs mean the same (RFC 3261 §19.1.4, RFC 3966 §4).

use super::{Scheme, Uri, parse::hex};

/// Parameters that make URIs differ when only one of them has it.
const SIGNIFICANT: [&str; 6] = ["user", "ttl", "method", "maddr", "transport", "lr"];

pub(super) fn equivalent(a: &Uri, b: &Uri) -> bool {
    // Also where a parameter stands twice with two values, which no rule speaks of.
    if a.as_str() == b.as_str() {
        return true;
    }
    if a.scheme() != b.scheme() {
        return false;
    }
    match a.scheme() {
        Scheme::Other => a.as_str() == b.as_str(),
        Scheme::Tel => same_number(a, b) && params_agree(a, b, &["phone-context", "ext", "isub"]),
        Scheme::Sip | Scheme::Sips => {
            same(a.user(), b.user())
                && same(a.password(), b.password())
                && a.host().eq_ignore_ascii_case(b.host())
                && a.port() == b.port()
                && params_agree(a, b, &SIGNIFICANT)
                && headers_agree(a, b)
        }
    }
}

fn same(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => normal(a, false).eq(normal(b, false)),
        (None, None) => true,
        _ => false,
    }
}

fn same_number(a: &Uri, b: &Uri) -> bool {
    let digits = |uri: &Uri| -> String {
        let number = uri.user().unwrap_or_default().chars();
        number
            .filter(|c| !matches!(c, '-' | '.' | '(' | ')'))
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    digits(a) == digits(b)
}

/// Parameters in both must be equal; of `significant` none may be in one alone.
fn params_agree(a: &Uri, b: &Uri, significant: &[&str]) -> bool {
    let one_way = |a: &Uri, b: &Uri| {
        a.params().all(|(name, value)| match find_param(b, name) {
            Some(other) => normal(value.unwrap_or_default(), true).eq(normal(other, true)),
            None => !significant
                .iter()
                .any(|s| normal(name, true).eq(normal(s, true))),
        })
    };
    one_way(a, b) && one_way(b, a)
}

fn find_param<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let mut params = uri.params();
    params
        .find(|(n, _)| normal(n, true).eq(normal(name, true)))
        .map(|(_, v)| v.unwrap_or_default())
}

/// Headers must be the same on both sides, in any order.
fn headers_agree(a: &Uri, b: &Uri) -> bool {
    let one_way = |a: &Uri, b: &Uri| {
        a.headers().all(|(name, value)| {
            b.headers().any(|(n, v)| {
                normal(n, true).eq(normal(name, true)) && normal(v, false).eq(normal(value, false))
            })
        })
    };
    a.headers().count() == b.headers().count() && one_way(a, b) && one_way(b, a)
}

/// The bytes of a text with escapes resolved, except those of reserved characters, which must not
/// equal the bare character. Each comes with a mark for "was an escaped reserved character".
fn normal(text: &str, fold_case: bool) -> impl Iterator<Item = (u8, bool)> + '_ {
    let mut bytes = text.as_bytes();
    std::iter::from_fn(move || {
        let (first, rest) = bytes.split_first()?;
        let mut found = (*first, false);
        bytes = rest;
        if let (b'%', [high, low, tail @ ..]) = (first, rest)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            let byte = high << 4 | low;
            found = (byte, b";/?:@&=+$,".contains(&byte));
            bytes = tail;
        }
        if fold_case {
            found.0.make_ascii_lowercase();
        }
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &str, b: &str) -> bool {
        let (a, b) = (Uri::parse(a).unwrap(), Uri::parse(b).unwrap());
        assert_eq!(a.equivalent(&b), b.equivalent(&a), "not symmetric");
        a.equivalent(&b)
    }

    #[test]
    fn a_uri_is_itself_however_odd() {
        for text in ["tel:1;ext=1;ext=2", "sip:a@b;x=1;x=2", "x:y"] {
            assert!(check(text, text), "{text}");
        }
    }

    #[test]
    fn equivalent_uris_of_the_rfc() {
        for (a, b) in [
            (
                "sip:%61lice@atlanta.com;transport=TCP",
                "sip:alice@AtLanTa.CoM;Transport=tcp",
            ),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:carol@chicago.com;security=on",
                "sip:carol@chicago.com;newparam=5",
            ),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("tel:+1-201-555-0123", "tel:+12015550123"),
        ] {
            assert!(check(a, b), "{a} {b}");
        }
    }

    #[test]
    fn different_uris_of_the_rfc() {
        for (a, b) in [
            (
                "SIP:ALICE@AtLanTa.CoM;Transport=udp",
                "sip:alice@AtLanTa.CoM;Transport=UDP",
            ),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            (
                "sip:bob@biloxi.com",
                "sip:bob@biloxi.com:6000;transport=tcp",
            ),
            (
                "sip:carol@chicago.com",
                "sip:carol@chicago.com?Subject=next%20meeting",
            ),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            (
                "sip:carol@chicago.com;security=on",
                "sip:carol@chicago.com;security=off",
            ),
            ("sip:a@b", "sips:a@b"),
            ("sip:a@b", "sip:b"),
            ("sip:a%3Ab@c", "sip:a:b@c"),
            ("tel:123;phone-context=+1", "tel:123"),
        ] {
            assert!(!check(a, b), "{a} {b}");
        }
    }
}
