//! URIs, addresses, Via and the other typed values of headers: what is read prints as a text that is
//! read as the same value, and changing one part leaves the others alone.
#![no_main]

use std::fmt::{Debug, Display};

use engine::sip::{
    CSeq, Method, MinSe, Name, NameAddr, Params, RAck, Reason, Replaces, SessionExpires, Uri, Via,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Values stand in one line.
    if text.contains(['\r', '\n']) {
        return;
    }
    stable(text, NameAddr::parse);
    stable(text, Via::parse);
    stable(text, Params::parse);
    stable(text, CSeq::parse);
    stable(text, RAck::parse);
    stable(text, Reason::parse);
    stable(text, Replaces::parse);
    stable(text, SessionExpires::parse);
    stable(text, MinSe::parse);
    stable(text, Method::parse);
    if let Some(name) = Name::parse(text) {
        assert_eq!(Name::parse(name.as_str()), Some(name));
    }
    if let Ok(uri) = Uri::parse(text) {
        assert_eq!(uri.as_str(), text, "a URI keeps its text");
        uri_can_be_changed(&uri);
    }
    if let Some(address) = NameAddr::parse(text) {
        let _ = (address.tag(), address.expires(), address.q());
        uri_can_be_changed(&address.uri);
        let tagged = address.with_tag("a-tag");
        assert_eq!(tagged.tag(), Some("a-tag"));
        assert_eq!(NameAddr::parse(&tagged.to_string()).as_ref(), Some(&tagged));
    }
    if let Some(via) = Via::parse(text) {
        let _ = (via.branch(), via.rfc3261_branch());
    }
});

#[track_caller]
fn stable<T: Display + Debug + PartialEq>(text: &str, parse: impl Fn(&str) -> Option<T>) {
    if let Some(value) = parse(text) {
        let printed = value.to_string();
        assert_eq!(parse(&printed), Some(value), "printed as {printed:?}");
    }
}

fn uri_can_be_changed(uri: &Uri) {
    assert!(uri.equivalent(uri), "a URI is itself: {uri}");
    let _ = (
        uri.user_unescaped(),
        uri.password(),
        uri.host_ip(),
        uri.port(),
    );
    let _ = (
        uri.params().count(),
        uri.headers().count(),
        uri.header("Replaces"),
    );
    if !uri.is_sip() {
        return;
    }
    let mut changed = uri.clone();
    if changed.set_user(Some("new user@:")).is_ok() {
        assert_eq!(changed.user_unescaped().as_deref(), Some("new user@:"));
        assert_eq!((changed.host(), changed.port()), (uri.host(), uri.port()));
        same_text(&changed);
    }
    if changed.set_host("2001:db8::1", Some(5070)).is_ok() {
        assert_eq!(
            (changed.host(), changed.port()),
            ("[2001:db8::1]", Some(5070))
        );
        same_text(&changed);
    }
    changed.set_param("x y", Some("a;b"));
    assert!(changed.has_param("x y"), "{changed}");
    changed.remove_param("x y");
    assert!(!changed.has_param("x y"), "{changed}");
    changed.push_header("Replaces", "a&b=c");
    same_text(&changed);
    changed.clear_headers();
    assert!(!changed.has_headers());
    same_text(&changed);
}

/// A changed URI has the parts that its text has.
fn same_text(uri: &Uri) {
    let again = Uri::parse(uri.as_str()).expect("a changed URI is one");
    assert_eq!(
        (again.user(), again.password()),
        (uri.user(), uri.password())
    );
    assert_eq!((again.host(), again.port()), (uri.host(), uri.port()));
    assert!(again.params().eq(uri.params()));
    assert!(again.headers().eq(uri.headers()));
}
