//! The parameters of a message that has to be looked into.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Parameters by their names, each still as text. A name that stands twice is an error: whoever reads the message
/// next might take the other one.
#[derive(Debug, Default)]
pub struct Params<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Params<'a> {
    pub fn read(text: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(of, _)| of == name).map(|(_, value)| *value)
    }

    /// A parameter as a type; `Ok(None)` where it is absent.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, serde_json::Error> {
        self.raw(name).map(|value| serde_json::from_str(value.get())).transpose()
    }

    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The same parameters, but one of them with another value.
    pub fn with(&self, name: &str, value: &serde_json::Value) -> Vec<u8> {
        let others = self.0.iter().filter(|(of, _)| of != name);
        let mut text = String::from("{");
        for (of, value) in others {
            text.push_str(&serde_json::Value::from(of.as_ref()).to_string());
            text.push(':');
            text.push_str(value.get());
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name).to_string());
        text.push(':');
        text.push_str(&value.to_string());
        text.push('}');
        text.into_bytes()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Params<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Params<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params<'de>, A::Error> {
                let mut params = Params::default();
                while let Some(Name(name)) = map.next_key()? {
                    if params.has(&name) {
                        return Err(A::Error::custom(format!("`{name}` is there twice")));
                    }
                    params.0.push((name, map.next_value()?));
                }
                Ok(params)
            }
        }

        deserializer.deserialize_map(Names)
    }
}

/// A key, borrowed where it needs no unescaping.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Text).map(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_replaced_and_the_rest_stays_as_it_was() {
        let params = Params::read(br#"{"a": 1.50, "\u0075rl": "x", "b":[ 1 ]}"#).unwrap();
        assert_eq!(
            params.get::<String>("url").unwrap().as_deref(),
            Some("x"),
            "names are read as the browser does"
        );
        assert_eq!(params.get::<String>("c").unwrap(), None);
        assert!(params.get::<String>("b").is_err());
        let replaced = params.with("url", &"y\"".into());
        assert_eq!(std::str::from_utf8(&replaced).unwrap(), r#"{"a":1.50,"b":[ 1 ],"url":"y\""}"#);
        assert_eq!(Params::read(b"{}").unwrap().with("a", &1.into()), br#"{"a":1}"#);
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        for text in [r#"{"url":"a","url":"b"}"#, r#"{"url":"a","\u0075rl":"b"}"#, "[]", "1", r#""x""#] {
            assert!(Params::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
