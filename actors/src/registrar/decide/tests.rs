//! REGISTER by REGISTER, what is held afterwards.

use super::*;
use schema::Digest;

fn endpoint() -> Endpoint {
    let digest = Digest {
        realm: "example.org".to_owned(),
        ha1_md5: String::new().into(),
        ha1_sha256: String::new().into(),
    };
    Endpoint {
        id: Id::new(),
        account_id: Id::new(),
        user_id: Id::new(),
        name: None,
        sip_username: "alice".to_owned(),
        digest,
        created_at: Time::now(),
        updated_at: Time::now(),
    }
}

fn contact(uri: &str) -> engine::Contact {
    engine::Contact {
        uri: uri.to_owned(),
        expires: None,
        instance: None,
        reg_id: None,
        q: None,
    }
}

fn asked(cseq: u32, expires: Option<u32>, contacts: Vec<engine::Contact>) -> Asked {
    Asked {
        contacts,
        expires,
        call_id: "one".to_owned(),
        cseq,
        path: Vec::new(),
        agent: None,
        transport: Transport::Udp,
        source: ([192, 0, 2, 7], 5060).into(),
        local: ([192, 0, 2, 1], 5060).into(),
    }
}

fn go(endpoint: &Endpoint, held: &Held, asked: &Asked) -> Result<Decision, Refusal> {
    decide(endpoint, asked, &Wish::read(asked)?, held, Time::now())
}

#[test]
fn binds_refreshes_and_takes_away() {
    let alice = endpoint();
    let uri = || vec![contact("sip:alice@192.0.2.7")];
    let first = go(&alice, &Vec::new(), &asked(1, None, uri())).unwrap();
    assert_eq!(first.held.len(), 1);
    assert!(matches!(first.changes[..], [BindingChange::Put(_)]));

    let again = go(&alice, &first.held, &asked(2, None, uri())).unwrap();
    assert_eq!(again.held.len(), 1);
    assert_eq!(
        again.held[0].id, first.held[0].id,
        "a refresh keeps the binding"
    );

    let old = go(&alice, &again.held, &asked(2, None, uri()));
    assert_eq!(old, Err(Refusal::OutOfOrder));

    let gone = go(&alice, &again.held, &asked(3, Some(0), uri())).unwrap();
    assert!(gone.held.is_empty());
    assert_eq!(gone.changes, [BindingChange::Remove(first.held[0].id)]);
}

#[test]
fn a_star_clears_all_and_stands_alone() {
    let alice = endpoint();
    let two = vec![contact("sip:a@192.0.2.7"), contact("sip:a@192.0.2.8")];
    let held = go(&alice, &Vec::new(), &asked(1, None, two)).unwrap().held;
    let star = go(&alice, &held, &asked(2, Some(0), vec![contact("*")])).unwrap();
    assert_eq!((star.held.len(), star.changes.len()), (0, 2));
    for wrong in [
        asked(2, None, vec![contact("*")]),
        asked(2, Some(0), vec![contact("*"), contact("sip:a@192.0.2.7")]),
        asked(2, None, vec![contact("tel:+12125550100")]),
    ] {
        assert_eq!(go(&alice, &held, &wrong), Err(Refusal::Malformed));
    }
}

#[test]
fn the_eleventh_pushes_the_oldest_out() {
    let alice = endpoint();
    let mut held = Vec::new();
    for number in 0..12_u32 {
        let uri = format!("sip:alice@192.0.2.7:{}", 5060 + number);
        held = go(&alice, &held, &asked(number + 1, None, vec![contact(&uri)]))
            .unwrap()
            .held;
    }
    assert_eq!(held.len(), BINDINGS);
    assert_eq!(held[0].contact_uri, "sip:alice@192.0.2.7:5062");
}

#[test]
fn an_instance_keeps_its_binding_when_its_address_changes() {
    let alice = endpoint();
    let at = |uri: &str| engine::Contact {
        instance: Some("urn:uuid:1".to_owned()),
        reg_id: Some(1),
        ..contact(uri)
    };
    let held = go(
        &alice,
        &Vec::new(),
        &asked(1, None, vec![at("sip:a@192.0.2.7")]),
    )
    .unwrap()
    .held;
    let held = go(&alice, &held, &asked(2, None, vec![at("sip:a@192.0.2.99")]))
        .unwrap()
        .held;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].contact_uri, "sip:a@192.0.2.99");
}

#[test]
fn expiry_stays_between_its_bounds() {
    let alice = endpoint();
    let uri = || vec![contact("sip:alice@192.0.2.7")];
    let brief = go(&alice, &Vec::new(), &asked(1, Some(59), uri()));
    assert_eq!(brief, Err(Refusal::TooBrief));
    let long = asked(1, Some(100_000), uri());
    let held = go(&alice, &Vec::new(), &long).unwrap().held;
    let headers = grant(&held, &long, Time::now());
    assert_eq!(headers[0].1, "<sip:alice@192.0.2.7>;expires=3600");
}
