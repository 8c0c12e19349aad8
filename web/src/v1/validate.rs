//! Rules that several bodies share. Each notes a fault under the field's name and goes on.

use super::error::Fields;

/// ISO 3166-1 alpha-2 codes.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Names of the IANA time zone database (2025b), links included.
const ZONES: &str = include_str!("timezones.txt");

/// Longest e-mail address (RFC 5321 §4.5.3.1.3, without the brackets).
const EMAIL_LIMIT: usize = 254;

/// Notes a fault.
pub fn blame(faults: &mut Fields, name: &str, reason: impl Into<String>) {
    faults
        .entry(name.to_owned())
        .or_insert_with(|| reason.into());
}

/// A text of so many characters, without control characters.
pub fn text(
    faults: &mut Fields,
    name: &str,
    value: Option<&String>,
    lengths: std::ops::RangeInclusive<usize>,
) {
    let Some(value) = value else { return };
    let length = value.chars().count();
    if length < *lengths.start() {
        let reason = match lengths.start() {
            1 => "must not be empty".to_owned(),
            least => format!("must have at least {least} characters"),
        };
        blame(faults, name, reason);
    } else if length > *lengths.end() {
        blame(
            faults,
            name,
            format!("must have at most {} characters", lengths.end()),
        );
    } else if value.chars().any(char::is_control) {
        blame(faults, name, "must not contain control characters");
    }
}

/// A whole number in a range.
pub fn number(
    faults: &mut Fields,
    name: &str,
    value: Option<i64>,
    range: std::ops::RangeInclusive<i64>,
) {
    if value.is_some_and(|value| !range.contains(&value)) {
        let (least, most) = (range.start(), range.end());
        blame(
            faults,
            name,
            format!("must be a number from {least} to {most}"),
        );
    }
}

/// An e-mail address.
pub fn email(faults: &mut Fields, name: &str, value: Option<&String>) {
    if value.is_some_and(|value| !is_email(value)) {
        blame(faults, name, "is not an e-mail address");
    }
}

/// A phone number in E.164 form.
pub fn e164(faults: &mut Fields, name: &str, value: Option<&String>) {
    if value.is_some_and(|value| !is_e164(value)) {
        blame(
            faults,
            name,
            "is not a phone number in E.164 form, as +14155550123",
        );
    }
}

/// A country.
pub fn country(faults: &mut Fields, name: &str, value: Option<&String>) {
    if value.is_some_and(|value| !is_country(value)) {
        blame(faults, name, "is not an ISO 3166-1 alpha-2 code, as US");
    }
}

/// A time zone.
pub fn timezone(faults: &mut Fields, name: &str, value: Option<&String>) {
    if value.is_some_and(|value| !is_timezone(value)) {
        blame(faults, name, "is not an IANA time zone, as America/Chicago");
    }
}

/// A plus sign and 2 to 15 digits, the first not zero (E.164 §6).
pub fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else {
        return false;
    };
    (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A local part, an at sign and a dotted or single-label domain, as RFC 5321 §4.1.2 without quoted parts.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let word = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= EMAIL_LIMIT
        && (1..=64).contains(&local.len())
        && local
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(word))
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// Two capital letters that stand for a country.
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && COUNTRIES.split(' ').any(|known| known == text)
}

/// A name of the time zone database.
pub fn is_timezone(text: &str) -> bool {
    !text.is_empty() && ZONES.lines().any(|known| known == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_phone_numbers() {
        for good in ["+14155550123", "+4930123456", "+12", "+123456789012345"] {
            assert!(is_e164(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "14155550123",
            "+0123",
            "+1",
            "+1234567890123456",
            "+1415555 0123",
            "+1415x",
        ] {
            assert!(!is_e164(bad), "{bad}");
        }
    }

    #[test]
    fn knows_addresses() {
        for good in [
            "a@b.co",
            "first.last+tag@sub.example.com",
            "ü@exämple.de",
            "o'neil@example.org",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "", "a", "@b.co", "a@", "a@b", "a@@b.co", "a b@c.de", "a@b..co", ".a@b.co", "a@-b.co",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn knows_places() {
        assert!(is_country("DE") && is_country("US") && !is_country("XX") && !is_country("us"));
        assert!(!is_country("A ") && !is_country(""));
        for zone in [
            "UTC",
            "America/Chicago",
            "Europe/Berlin",
            "Asia/Kolkata",
            "Etc/GMT+5",
        ] {
            assert!(is_timezone(zone), "{zone}");
        }
        assert!(!is_timezone("Mars/Olympus") && !is_timezone(""));
    }

    #[test]
    fn texts_have_bounds_in_characters() {
        let mut faults = Fields::new();
        text(&mut faults, "a", Some(&"ü".repeat(255)), 1..=255);
        assert!(faults.is_empty());
        text(&mut faults, "a", Some(&"ü".repeat(256)), 1..=255);
        text(&mut faults, "b", Some(&String::new()), 1..=255);
        text(&mut faults, "c", Some(&"x\ny".to_owned()), 1..=255);
        number(&mut faults, "d", Some(2), 3..=6);
        assert_eq!(faults.len(), 4);
    }
}
