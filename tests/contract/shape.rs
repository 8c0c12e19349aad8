//! Schemas in one plain form, so that two ways of saying the same compare equal.

use serde_json::{Map, Value, json};

/// What a schema may say beside its type.
const KEPT: [&str; 12] = [
    "format",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "default",
    "readOnly",
    "writeOnly",
    "additionalProperties",
];

/// What a schema may require of its members together.
const RULES: [&str; 6] = ["dependentRequired", "if", "then", "else", "oneOf", "anyOf"];

/// Brings a schema of an OpenAPI 3.1 document into plain form: references resolved, `null` among the types,
/// words sorted.
pub fn plain(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    let mut out = Map::new();
    let mut types: Vec<String> = match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    let mut choices = Vec::new();
    let rules = rules(schema);
    for key in ["oneOf", "anyOf"] {
        let listed = schema[key].as_array().filter(|_| rules.get(key).is_none());
        for choice in listed.into_iter().flatten() {
            let choice = plain(document, choice);
            if choice["types"] == json!(["null"]) {
                types.push("null".to_owned());
            } else {
                choices.push(choice);
            }
        }
    }
    if let [one] = choices.as_slice() {
        merge(&mut out, &mut types, one);
    } else if !choices.is_empty() {
        out.insert("any".to_owned(), Value::Array(choices));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        merge(&mut out, &mut types, &plain(document, part));
    }
    if let Some(words) = schema["enum"].as_array() {
        let mut words: Vec<Value> = words
            .iter()
            .filter(|word| !word.is_null())
            .cloned()
            .collect();
        words.sort_by_key(Value::to_string);
        out.insert("enum".to_owned(), Value::Array(words));
    }
    if let Some(word) = schema.get("const") {
        out.insert("enum".to_owned(), json!([word]));
    }
    if !rules.is_empty() {
        out.insert("rules".to_owned(), Value::Object(rules));
    }
    for key in KEPT {
        if let Some(value) = schema.get(key) {
            out.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(items) = schema.get("items") {
        out.insert("items".to_owned(), plain(document, items));
    }
    if let Some(members) = schema["properties"].as_object() {
        let members = members
            .iter()
            .map(|(name, member)| (name.clone(), plain(document, member)));
        out.insert("properties".to_owned(), Value::Object(members.collect()));
    }
    if let Some(required) = schema.get("required") {
        out.insert("required".to_owned(), required.clone());
    }
    types.sort();
    types.dedup();
    if !types.is_empty() {
        out.insert("types".to_owned(), json!(types));
    }
    Value::Object(out)
}

/// The rules of a schema: a choice counts as one when it only says which members there must be.
fn rules(schema: &Value) -> Map<String, Value> {
    let mut rules = Map::new();
    for key in RULES {
        let Some(rule) = schema.get(key) else {
            continue;
        };
        let only_required = |choice: &Value| {
            let members = choice.as_object();
            members.is_some_and(|members| members.keys().all(|key| key == "required"))
        };
        if rule
            .as_array()
            .is_none_or(|choices| choices.iter().all(only_required))
        {
            rules.insert(key.to_owned(), rule.clone());
        }
    }
    rules
}

fn merge(out: &mut Map<String, Value>, types: &mut Vec<String>, part: &Value) {
    for (key, value) in part.as_object().into_iter().flatten() {
        if key == "types" {
            types.extend(
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        } else {
            out.insert(key.clone(), value.clone());
        }
    }
}

/// What a reference leads to.
pub fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => {
            let target = document.pointer(path.trim_start_matches('#'));
            resolve(
                document,
                target.unwrap_or_else(|| panic!("{path} leads nowhere")),
            )
        }
        None => schema,
    }
}

/// Which way a body travels: what is served may promise more in an answer, and must not ask for more in a
/// request.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// From the client.
    Request,
    /// To the client.
    Answer,
}

/// Notes where what is served falls short of what the contract says, under the given place.
pub fn compare(
    shapes: &Value,
    wanted: &Value,
    served: &Value,
    way: Way,
    place: &str,
    faults: &mut Vec<String>,
) {
    let wanted = match wanted["shape"].as_str() {
        Some(name) => &shapes[name],
        None => wanted,
    };
    if let Some(types) = wanted.get("types")
        && types != &served["types"]
    {
        faults.push(format!(
            "{place}: types are {}, not {types}",
            served["types"]
        ));
    }
    let mut words = wanted["enum"].as_array().cloned();
    if let Some(words) = &mut words {
        words.sort_by_key(Value::to_string);
        if Some(&Value::Array(words.clone())) != served.get("enum") {
            faults.push(format!(
                "{place}: words are {}, not {}",
                served["enum"],
                json!(words)
            ));
        }
    }
    for key in KEPT {
        if let Some(value) = wanted.get(key)
            && !same(value, &served[key])
        {
            faults.push(format!("{place}: {key} is {}, not {value}", served[key]));
        }
    }
    if let Some(items) = wanted.get("items") {
        compare(
            shapes,
            items,
            &served["items"],
            way,
            &format!("{place}[]"),
            faults,
        );
    }
    for (place_of, choice) in wanted["any"].as_array().into_iter().flatten().enumerate() {
        let fits = |served: &Value| {
            let mut faults = Vec::new();
            compare(shapes, choice, served, way, "", &mut faults);
            faults.is_empty()
        };
        if !served["any"]
            .as_array()
            .is_some_and(|choices| choices.iter().any(fits))
        {
            faults.push(format!("{place}: choice {place_of} is not served"));
        }
    }
    for (name, rule) in wanted["rules"].as_object().into_iter().flatten() {
        if &served["rules"][name] != rule {
            faults.push(format!(
                "{place}: {name} is {}, not {rule}",
                served["rules"][name]
            ));
        }
    }
    if way == Way::Request && served.get("rules").is_some() && wanted.get("rules").is_none() {
        faults.push(format!("{place}: has rules that the contract has not"));
    }
    for (name, member) in wanted["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        match served["properties"].get(name) {
            Some(served) => compare(shapes, member, served, way, &place, faults),
            None => faults.push(format!("{place}: is missing")),
        }
    }
    let (needed, given) = (names(&wanted["required"]), names(&served["required"]));
    for name in &needed {
        if !given.contains(name) {
            faults.push(format!("{place}.{name}: is not required"));
        }
    }
    if way == Way::Request && wanted.get("properties").is_some() {
        for name in given.iter().filter(|name| !needed.contains(name)) {
            faults.push(format!(
                "{place}.{name}: is required, but not by the contract"
            ));
        }
    }
}

/// Numbers compare as numbers, whatever their notation.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON,
        _ => a == b,
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
