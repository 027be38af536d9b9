//! The fields of a form, in the order in which they are filled.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a text, true or false, or a list of texts")]
pub enum FieldValue {
    Checked(bool),
    Text(String),
    /// Of a multiple select.
    Texts(Vec<String>),
}

/// Fields by their label, each once: what is filled first may be what brings the next.
///
/// A JSON object that was read into a `serde_json::Value` has lost its order; `arrange` gives it back.
#[derive(Clone, Default, PartialEq)]
pub struct FormFields(Vec<(String, FieldValue)>);

impl FormFields {
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldValue)> {
        self.0.iter().map(|(label, value)| (label.as_str(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the fields in the order of these labels.
    pub(crate) fn arrange(&mut self, labels: &[String]) {
        let mut places = HashMap::new();
        for (i, label) in labels.iter().enumerate() {
            places.entry(label.as_str()).or_insert(i);
        }
        self.0.sort_by_key(|(label, _)| places.get(label.as_str()).copied().unwrap_or(usize::MAX));
    }
}

/// A label that comes again keeps its place and takes the later value.
impl FromIterator<(String, FieldValue)> for FormFields {
    fn from_iter<I: IntoIterator<Item = (String, FieldValue)>>(fields: I) -> Self {
        let mut places = HashMap::<String, usize>::new();
        let mut ordered: Vec<(String, FieldValue)> = Vec::new();
        for (label, value) in fields {
            match places.get(&label) {
                Some(at) => ordered[*at].1 = value,
                None => {
                    places.insert(label.clone(), ordered.len());
                    ordered.push((label, value));
                }
            }
        }
        Self(ordered)
    }
}

impl Serialize for FormFields {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for FormFields {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = FormFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FormFields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields.into_iter().collect())
            }
        }

        d.deserialize_map(Fields)
    }
}
