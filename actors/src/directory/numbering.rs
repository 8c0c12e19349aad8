//! Numbering plans: emergency numbers, national formats, E.164 (ITU-T E.164 and E.129).

/// A region: ISO 3166 code, country code, international prefix, national prefix, shortest national
/// number, emergency numbers beside 911 and 933.
type Plan = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    usize,
    &'static [&'static str],
);

/// Regions whose national format is known; others dial E.164 or with 00.
const PLANS: &[Plan] = &[
    ("US", "1", "011", "1", 10, &[]),
    ("CA", "1", "011", "1", 10, &[]),
    ("PR", "1", "011", "1", 10, &[]),
    ("JM", "1", "011", "1", 10, &["119", "110"]),
    ("DO", "1", "011", "1", 10, &[]),
    ("MX", "52", "00", "", 10, &["112"]),
    ("BR", "55", "00", "0", 10, &["190", "192", "193"]),
    ("AR", "54", "00", "0", 10, &["100", "101", "107"]),
    ("CL", "56", "00", "", 9, &["131", "132", "133"]),
    ("CO", "57", "00", "0", 8, &["112", "123"]),
    ("GB", "44", "00", "0", 9, &["999", "112"]),
    ("IE", "353", "00", "0", 7, &["999", "112"]),
    ("DE", "49", "00", "0", 6, &["110", "112"]),
    ("AT", "43", "00", "0", 6, &["112", "122", "133", "144"]),
    ("CH", "41", "00", "0", 9, &["112", "117", "118", "144"]),
    ("FR", "33", "00", "0", 9, &["112", "15", "17", "18"]),
    ("BE", "32", "00", "0", 8, &["112", "100", "101"]),
    ("NL", "31", "00", "0", 9, &["112"]),
    ("LU", "352", "00", "", 6, &["112", "113"]),
    ("ES", "34", "00", "", 9, &["112"]),
    ("PT", "351", "00", "", 9, &["112"]),
    ("IT", "39", "00", "", 6, &["112", "113", "115", "118"]),
    ("DK", "45", "00", "", 8, &["112"]),
    ("NO", "47", "00", "", 8, &["110", "112", "113"]),
    ("SE", "46", "00", "0", 7, &["112"]),
    ("FI", "358", "00", "0", 6, &["112"]),
    ("PL", "48", "00", "", 9, &["112", "997", "998", "999"]),
    ("CZ", "420", "00", "", 9, &["112", "150", "155", "158"]),
    ("SK", "421", "00", "0", 9, &["112", "150", "155", "158"]),
    ("HU", "36", "00", "06", 8, &["112", "104", "105", "107"]),
    ("RO", "40", "00", "0", 9, &["112"]),
    ("BG", "359", "00", "0", 7, &["112"]),
    ("GR", "30", "00", "", 10, &["112", "100", "166", "199"]),
    ("HR", "385", "00", "0", 8, &["112", "192", "193", "194"]),
    ("SI", "386", "00", "0", 8, &["112", "113"]),
    ("EE", "372", "00", "", 7, &["112"]),
    ("LV", "371", "00", "", 8, &["112"]),
    ("LT", "370", "00", "0", 8, &["112"]),
    ("TR", "90", "00", "0", 10, &["112"]),
    ("IL", "972", "00", "0", 8, &["100", "101", "102", "112"]),
    ("AE", "971", "00", "0", 8, &["998", "997", "999", "112"]),
    ("ZA", "27", "00", "0", 9, &["10111", "10177", "112"]),
    ("IN", "91", "00", "0", 10, &["112", "100", "101", "102"]),
    ("JP", "81", "010", "0", 9, &["110", "119"]),
    ("KR", "82", "00", "0", 8, &["112", "119"]),
    ("SG", "65", "00", "", 8, &["995", "999", "112"]),
    ("HK", "852", "001", "", 8, &["999", "112"]),
    ("AU", "61", "0011", "0", 9, &["000", "112", "106"]),
    ("NZ", "64", "00", "0", 8, &["111", "112"]),
];

/// Emergency numbers everywhere: 911, and 933 that reads the registered address back.
const ANYWHERE: [&str; 2] = ["911", "933"];

/// Shortest and longest number with its country code.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

fn plan(region: &str) -> Option<&'static Plan> {
    PLANS
        .iter()
        .find(|plan| plan.0.eq_ignore_ascii_case(region))
}

/// Whether this is an emergency number in the region.
pub(super) fn is_emergency(region: &str, text: &str) -> bool {
    ANYWHERE.contains(&text) || plan(region).is_some_and(|plan| plan.5.contains(&text))
}

/// Without what people write between digits; `None` when there is anything else.
fn digits(text: &str) -> Option<(bool, String)> {
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut digits = String::with_capacity(rest.len());
    for letter in rest.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '-' | '.' | ' ' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some((plus, digits))
}

/// E.164 with its plus, from what a user of the region dialled. `None` when it cannot be a number.
pub(super) fn e164(region: &str, text: &str) -> Option<String> {
    let (plus, digits) = digits(text)?;
    let whole = |digits: &str| {
        let fits = DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        fits.then(|| format!("+{digits}"))
    };
    if plus {
        return whole(&digits);
    }
    let Some((_, country, abroad, trunk, shortest, _)) = plan(region) else {
        return whole(digits.strip_prefix("00")?);
    };
    if let Some(rest) = digits.strip_prefix(abroad) {
        return whole(rest);
    }
    if *country == "1" {
        // North America: ten digits, area code and exchange begin with 2 to 9.
        let national = match digits.len() {
            11 => digits.strip_prefix('1')?,
            10 => &digits,
            _ => return None,
        };
        let fits = |at: usize| matches!(national.as_bytes().get(at), Some(b'2'..=b'9'));
        return (fits(0) && fits(3)).then(|| format!("+1{national}"));
    }
    let national = match trunk.is_empty() {
        true => &digits,
        false => digits.strip_prefix(trunk)?,
    };
    (national.len() >= *shortest).then(|| whole(&format!("{country}{national}")))?
}

/// The forms in which a called number may be in service here, likeliest first.
pub(super) fn as_called(text: &str) -> Vec<String> {
    let Some((plus, digits)) = digits(text) else {
        return Vec::new();
    };
    let digits = match digits.strip_prefix("00") {
        Some(rest) if !plus => rest.to_owned(),
        _ => digits,
    };
    let mut forms = vec![format!("+{digits}")];
    if !plus && digits.len() == 10 {
        forms.insert(0, format!("+1{digits}"));
    }
    forms
}

/// E.164 when the network's caller can be read as one, else as it came.
pub(crate) fn caller(text: &str) -> String {
    match digits(text) {
        Some((true, digits)) => format!("+{digits}"),
        Some((false, digits)) if digits.len() == 11 && digits.starts_with('1') => {
            format!("+{digits}")
        }
        Some((false, digits)) if digits.len() == 10 && !digits.starts_with('0') => {
            format!("+1{digits}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emergency_numbers_by_region() {
        for region in ["US", "DE", "XX"] {
            assert!(is_emergency(region, "911") && is_emergency(region, "933"));
        }
        assert!(
            is_emergency("de", "112") && is_emergency("GB", "999") && is_emergency("AU", "000")
        );
        assert!(!is_emergency("US", "112") && !is_emergency("US", "9911"));
    }

    #[test]
    fn what_people_dial_becomes_e164() {
        let table = [
            ("US", "+1 (207) 555-0199", Some("+12075550199")),
            ("US", "12075550199", Some("+12075550199")),
            ("US", "2075550199", Some("+12075550199")),
            ("US", "011442079460000", Some("+442079460000")),
            ("US", "5550199", None),
            ("US", "1075550199", None),
            ("US", "105", None),
            ("GB", "02079460000", Some("+442079460000")),
            ("GB", "0044 20 7946 0000", Some("+442079460000")),
            ("DE", "030123456", Some("+4930123456")),
            ("IT", "0612345678", Some("+390612345678")),
            ("FR", "0123456789", Some("+33123456789")),
            ("FR", "123456789", None),
            ("ZZ", "0033123456789", Some("+33123456789")),
            ("ZZ", "123456789", None),
            ("US", "alice", None),
            ("US", "+", None),
            ("US", "+123", None),
            ("US", "+1234567890123456", None),
        ];
        for (region, text, wanted) in table {
            assert_eq!(e164(region, text).as_deref(), wanted, "{region} {text}");
        }
    }

    #[test]
    fn called_numbers_are_tried_in_their_likely_forms() {
        assert_eq!(as_called("+12075550110"), ["+12075550110"]);
        assert_eq!(as_called("12075550110"), ["+12075550110"]);
        assert_eq!(as_called("2075550110"), ["+12075550110", "+2075550110"]);
        assert_eq!(as_called("00442079460000"), ["+442079460000"]);
        assert!(as_called("alice").is_empty());
    }

    #[test]
    fn callers_are_shown_as_e164_where_possible() {
        assert_eq!(caller("2075550199"), "+12075550199");
        assert_eq!(caller("+442079460000"), "+442079460000");
        assert_eq!(caller("anonymous"), "anonymous");
    }
}
