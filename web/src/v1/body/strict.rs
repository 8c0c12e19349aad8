//! JSON as its description means it, where serde's own reading is more generous or narrower: an object is
//! never written as an array of its members, and a whole number may be written `5.0`.

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Map, Number, Value};

/// Largest whole number that a double holds exactly.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Reads a value.
pub struct Strict(pub Value);

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            Value::Object(members) => visitor.visit_map(Members::new(members)),
            Value::Number(number) => whole(number).deserialize_any(visitor),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(_) => Err(serde::de::Error::invalid_type(
                Unexpected::Seq,
                &"an object",
            )),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// `5.0` is 5. Fractions, and what a double cannot count, stay as they are.
fn whole(number: Number) -> Number {
    match number.as_f64() {
        Some(double) if number.is_f64() && double.fract() == 0.0 && double.abs() <= WHOLE => {
            // In range: checked just above.
            Number::from(double as i64)
        }
        _ => number,
    }
}

struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0
            .next()
            .map(|item| seed.deserialize(Strict(item)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members {
    rest: serde_json::map::IntoIter,
    value: Option<Value>,
}

impl Members {
    fn new(members: Map<String, Value>) -> Self {
        Self {
            rest: members.into_iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let name: StrDeserializer<'_, Error> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take().unwrap_or_default();
        seed.deserialize(Strict(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        count: Option<i64>,
        words: Vec<String>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Outer {
        inner: Option<Inner>,
        ratio: f64,
        #[serde(flatten)]
        rest: Map<String, Value>,
    }

    fn read(value: Value) -> Result<Outer, Error> {
        Outer::deserialize(Strict(value))
    }

    #[test]
    fn takes_objects_as_objects_only() {
        assert!(Inner::deserialize(Strict(json!([]))).is_err());
        assert!(Inner::deserialize(Strict(json!([5, []]))).is_err());
        assert!(read(json!({"inner": []})).is_err());
        let outer = read(json!({"inner": {"count": 5, "words": ["a"]}, "more": [1]}));
        let outer = outer.unwrap();
        assert_eq!(outer.inner.unwrap().words, ["a"]);
        assert_eq!(outer.rest["more"], json!([1]));
    }

    #[test]
    fn counts_whole_numbers_however_they_are_written() {
        let count = |value| Inner::deserialize(Strict(json!({"count": value}))).map(|it| it.count);
        assert_eq!(count(json!(5.0)).unwrap(), Some(5));
        assert_eq!(count(json!(-5.0)).unwrap(), Some(-5));
        assert_eq!(count(Value::Null).unwrap(), None);
        for value in [json!(5.5), json!(1e300), json!("5"), json!(true)] {
            assert!(count(value).is_err());
        }
        let ratio = |value| read(json!({"ratio": value})).map(|it| it.ratio);
        assert!((ratio(json!(2)).unwrap() - 2.0).abs() < f64::EPSILON);
        assert!((ratio(json!(2.5)).unwrap() - 2.5).abs() < f64::EPSILON);
    }
}
