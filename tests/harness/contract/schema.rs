//! A small JSON Schema checker (2020-12, the words that the two documents use), so that the answers are
//! held to what is written without asking the code that wrote them.

use chrono::{DateTime, FixedOffset};
use regex_lite::Regex;
use serde_json::{Map, Value};

/// Checks a value, noting under `place` what does not fit.
pub struct Checker<'a> {
    /// Where references lead.
    pub root: &'a Value,
    /// Whether an object may have members that its schema does not name.
    pub open: bool,
    /// What was found.
    pub faults: Vec<String>,
}

impl<'a> Checker<'a> {
    /// Follows references.
    pub fn resolve(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => {
                let target = self.root.pointer(path.trim_start_matches('#'));
                self.resolve(target.unwrap_or_else(|| panic!("{path} leads nowhere")))
            }
            None => schema,
        }
    }

    fn fault(&mut self, place: &str, what: impl std::fmt::Display) {
        self.faults.push(format!("{place}: {what}"));
    }

    /// Whether a value fits, without noting anything.
    fn fits(&self, schema: &'a Value, value: &Value, open: bool) -> bool {
        let mut trial = Checker {
            root: self.root,
            open,
            faults: Vec::new(),
        };
        trial.check(schema, value, "");
        trial.faults.is_empty()
    }

    /// Checks one value.
    pub fn check(&mut self, schema: &'a Value, value: &Value, place: &str) {
        let schema = self.resolve(schema);
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|kind| is(kind, value)) {
            self.fault(place, format!("{value} is not {types:?}"));
            return;
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            self.fault(place, format!("{value} is none of {words:?}"));
        }
        if let Some(word) = schema.get("const")
            && word != value
        {
            self.fault(place, format!("{value} is not {word}"));
        }
        self.choices(schema, value, place);
        match value {
            Value::String(text) => self.text(schema, text, place),
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if schema["minimum"]
                    .as_f64()
                    .is_some_and(|least| number < least)
                    || schema["maximum"].as_f64().is_some_and(|most| number > most)
                {
                    self.fault(place, format!("{number} is out of bounds"));
                }
            }
            Value::Array(items) => {
                self.length(schema, ["minItems", "maxItems"], items.len(), place);
                if let Some(of) = schema.get("items") {
                    for (at, item) in items.iter().enumerate() {
                        self.check(of, item, &format!("{place}[{at}]"));
                    }
                }
            }
            Value::Object(members) => self.object(schema, members, place),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn choices(&mut self, schema: &'a Value, value: &Value, place: &str) {
        for (key, one) in [("oneOf", true), ("anyOf", false)] {
            let Some(choices) = schema[key].as_array() else {
                continue;
            };
            let fitting = choices
                .iter()
                .filter(|choice| self.fits(choice, value, self.open));
            let fitting = fitting.count();
            if fitting == 0 || one && fitting > 1 {
                self.fault(place, format!("{value} fits {fitting} choices of {key}"));
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.check(part, value, place);
        }
        if let Some(condition) = schema.get("if") {
            let way = if self.fits(condition, value, true) {
                "then"
            } else {
                "else"
            };
            if let Some(part) = schema.get(way) {
                self.check(part, value, place);
            }
        }
    }

    fn length(&mut self, schema: &Value, words: [&str; 2], length: usize, place: &str) {
        let bound = |word: &str| schema[word].as_u64().map(|bound| bound as usize);
        if bound(words[0]).is_some_and(|least| length < least)
            || bound(words[1]).is_some_and(|most| length > most)
        {
            self.fault(place, format!("a length of {length} is out of bounds"));
        }
    }

    fn text(&mut self, schema: &Value, text: &str, place: &str) {
        let length = text.chars().count();
        self.length(schema, ["minLength", "maxLength"], length, place);
        if let Some(pattern) = schema["pattern"].as_str() {
            let regex = Regex::new(pattern).expect("a pattern of the documents");
            if !regex.is_match(text) {
                self.fault(place, format!("{text:?} does not match {pattern}"));
            }
        }
        let good = match schema["format"].as_str() {
            // RFC 3339, and always UTC.
            Some("date-time") => {
                text.ends_with('Z') && DateTime::<FixedOffset>::parse_from_rfc3339(text).is_ok()
            }
            Some("email") => text
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
            Some("uri") => text.split_once(':').is_some_and(|(scheme, rest)| {
                !rest.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }),
            _ => true,
        };
        if !good {
            self.fault(place, format!("{text:?} is no {}", schema["format"]));
        }
    }

    fn object(&mut self, schema: &'a Value, members: &Map<String, Value>, place: &str) {
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            if !members.contains_key(name) {
                self.fault(place, format!("{name} is missing"));
            }
        }
        let dependent = schema["dependentRequired"].as_object();
        for (name, others) in dependent.into_iter().flatten() {
            for other in others.as_array().into_iter().flatten() {
                let other = other.as_str().unwrap_or_default();
                if members.contains_key(name) && !members.contains_key(other) {
                    self.fault(place, format!("{name} is there without {other}"));
                }
            }
        }
        let known = schema["properties"].as_object();
        for (name, value) in members {
            let place = format!("{place}.{name}");
            match known.and_then(|known| known.get(name)) {
                Some(of) => self.check(of, value, &place),
                None => match &schema["additionalProperties"] {
                    Value::Bool(true) => {}
                    of @ Value::Object(_) => self.check(of, value, &place),
                    _ if self.open || known.is_none() => {}
                    _ => self.fault(&place, "is not documented"),
                },
            }
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    }
}
