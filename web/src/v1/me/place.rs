//! Whether an address can be one that responders are sent to: decided offline, by the rules of the United States
//! and Canada where it is there, else only by what is always needed.

use schema::types::Address;

use crate::v1::{
    error::Fields,
    validate::{blame, is_country},
};

/// States, districts and territories of the United States that have ZIP codes, and those of the forces.
const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM \
    NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI UM AA AE AP";
/// Provinces and territories of Canada.
const PROVINCES: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";
/// First letters of Canadian postal codes.
const DISTRICTS: &str = "ABCEGHJKLMNPRSTVXY";
/// Other letters of Canadian postal codes.
const LETTERS: &str = "ABCEGHJKLMNPRSTVWXYZ";

/// What the fields are called in the request, as there are two spellings.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// The house number.
    pub number: &'static str,
    /// The postal code.
    pub code: &'static str,
}

/// Brings an address into its usual form, and notes what makes it useless.
pub fn check(given: Address, names: Names) -> Result<Address, Fields> {
    let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let filled =
        |text: Option<String>| text.map(|text| tidy(&text)).filter(|text| !text.is_empty());
    let mut address = Address {
        address_number: filled(given.address_number),
        street: filled(given.street),
        unit: filled(given.unit),
        city: tidy(&given.city),
        state: tidy(&given.state).to_ascii_uppercase(),
        postal_code: tidy(&given.postal_code).to_ascii_uppercase(),
        country: tidy(&given.country).to_ascii_uppercase(),
        place_id: None,
        latitude: None,
        longitude: None,
        formatted_address: None,
    };
    let mut faults = Fields::new();
    if address.street.is_none() {
        blame(&mut faults, "street", "is needed");
    }
    if address.city.is_empty() {
        blame(&mut faults, "city", "is needed");
    }
    if address.postal_code.is_empty() {
        blame(&mut faults, names.code, "is needed");
    }
    let listed = |list: &str, word: &str| list.split_whitespace().any(|known| known == word);
    match address.country.as_str() {
        "US" => {
            if !listed(STATES, &address.state) {
                blame(
                    &mut faults,
                    "state",
                    "is not a state of the United States, as ME",
                );
            }
            if !is_zip(&address.postal_code) {
                blame(
                    &mut faults,
                    names.code,
                    "is not a ZIP code, as 04101 or 04101-1234",
                );
            }
        }
        "CA" => {
            if !listed(PROVINCES, &address.state) {
                blame(&mut faults, "state", "is not a province of Canada, as ON");
            }
            match canadian(&address.postal_code) {
                Some(code) => address.postal_code = code,
                None => blame(
                    &mut faults,
                    names.code,
                    "is not a Canadian postal code, as K1A 0B1",
                ),
            }
        }
        other if !is_country(other) => {
            blame(
                &mut faults,
                "country",
                "is not an ISO 3166-1 alpha-2 code, as US",
            );
        }
        _ => {}
    }
    if matches!(address.country.as_str(), "US" | "CA") && !has_number(&address) {
        blame(&mut faults, names.number, "needs the number of the house");
    }
    address.formatted_address = Some(line(&address));
    match faults.is_empty() {
        true => Ok(address),
        false => Err(faults),
    }
}

fn has_number(address: &Address) -> bool {
    let digit = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        text.bytes().any(|byte| byte.is_ascii_digit())
    };
    digit(&address.address_number) || digit(&address.street)
}

/// Five digits, or nine with a dash.
fn is_zip(code: &str) -> bool {
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    match code.split_once('-') {
        Some((zip, more)) => digits(zip, 5) && digits(more, 4),
        None => digits(code, 5),
    }
}

/// Letter, digit, letter, space, digit, letter, digit; the space is put in where it is missing.
fn canadian(code: &str) -> Option<String> {
    let plain: Vec<char> = code.chars().filter(|letter| *letter != ' ').collect();
    let [a, b, c, d, e, f] = plain[..] else {
        return None;
    };
    let digits = [b, d, f].iter().all(char::is_ascii_digit);
    let letters = DISTRICTS.contains(a) && LETTERS.contains(c) && LETTERS.contains(e);
    (digits && letters).then(|| format!("{a}{b}{c} {d}{e}{f}"))
}

/// Number and street, as people write them.
pub fn street(address: &Address) -> String {
    let parts = [address.address_number.as_deref(), address.street.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The whole in one line.
fn line(address: &Address) -> String {
    let street = street(address);
    let parts = [
        Some(street.as_str()),
        address.unit.as_deref(),
        Some(&address.city),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    let Address {
        state,
        postal_code,
        country,
        ..
    } = address;
    format!("{}, {state} {postal_code}, {country}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names {
        number: "address_number",
        code: "postal_code",
    };

    fn address(number: &str, street: &str, state: &str, code: &str, country: &str) -> Address {
        Address {
            place_id: None,
            address_number: Some(number.to_owned()),
            street: Some(street.to_owned()),
            unit: None,
            city: "Town".to_owned(),
            state: state.to_owned(),
            postal_code: code.to_owned(),
            country: country.to_owned(),
            latitude: None,
            longitude: None,
            formatted_address: None,
        }
    }

    #[test]
    fn tells_what_is_wrong_by_its_field() {
        let table: [([&str; 5], &[&str]); 14] = [
            (["48", "Harbour Street", "ME", "04101", "US"], &[]),
            (["", "48 Harbour Street", "me", "04101-1234", "us"], &[]),
            (
                ["", "Harbour Street", "ME", "04101", "US"],
                &["address_number"],
            ),
            (["48", " ", "ME", "04101", "US"], &["street"]),
            (["48", "Harbour Street", "ON", "04101", "US"], &["state"]),
            (
                ["48", "Harbour Street", "ME", "4101", "US"],
                &["postal_code"],
            ),
            (
                ["48", "Harbour Street", "ME", "04101-12", "US"],
                &["postal_code"],
            ),
            (
                ["48", "Harbour Street", "XX", "K1A 0B1", "US"],
                &["postal_code", "state"],
            ),
            (["111", "Wellington Street", "ON", "k1a0b1", "CA"], &[]),
            (
                ["111", "Wellington Street", "ME", "K1A 0B1", "CA"],
                &["state"],
            ),
            (
                ["111", "Wellington Street", "ON", "D1A 0B1", "CA"],
                &["postal_code"],
            ),
            (
                ["111", "Wellington Street", "ON", "K1A 0O1", "CA"],
                &["postal_code"],
            ),
            (["", "Hauptstrasse", "BE", "10115", "DE"], &[]),
            (["1", "Street", "XX", "1", "QQ"], &["country"]),
        ];
        for ([number, street, state, code, country], wanted) in table {
            let told = check(address(number, street, state, code, country), NAMES);
            let told: Vec<String> = told
                .err()
                .into_iter()
                .flatten()
                .map(|(name, _)| name)
                .collect();
            assert_eq!(told, wanted, "{number} {street} {state} {code} {country}");
        }
    }

    #[test]
    fn writes_it_as_it_is_usual() {
        let kept = check(
            address("111", " Wellington  Street", "on", "k1a0b1", "ca"),
            NAMES,
        )
        .unwrap();
        assert_eq!(kept.postal_code, "K1A 0B1");
        let line = kept.formatted_address.as_deref();
        assert_eq!(line, Some("111 Wellington Street, Town, ON K1A 0B1, CA"));
    }
}
