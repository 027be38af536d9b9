//! How a command names an element.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One element, named in exactly one of these ways: `ref`, `role` (with `name`), `text`, `label`, `placeholder`,
/// `test_id`, `selector`, or `x` and `y`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Target {
    pub locator: Locator,
    pub frame: Option<FrameRef>,
    /// Picks one of several matches, counted from 0.
    pub nth: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Locator {
    /// `e1`, `e2` … from the last `observe`.
    Ref(String),
    /// ARIA role, and accessible name if given.
    Role {
        role: String,
        name: Option<String>,
    },
    /// Visible text: a substring, case-insensitive, white space folded.
    Text(String),
    /// Text of the label of a form control.
    Label(String),
    Placeholder(String),
    /// `data-testid`.
    TestId(String),
    /// CSS, or `text=`, `role=`, `xpath=`.
    Selector(String),
    /// A point in CSS pixels of the viewport.
    Point {
        x: f64,
        y: f64,
    },
}

impl Default for Locator {
    fn default() -> Self {
        Locator::Selector(String::new())
    }
}

/// A frame, by number in tree order (0 is the main frame) or by its name or a part of its URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum FrameRef {
    Number(u32),
    Name(String),
}

/// The JSON form of a target: flat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
}

const WAYS: &str =
    "exactly one of `ref`, `role`, `text`, `label`, `placeholder`, `test_id`, `selector`, or `x` with `y`";

impl utoipa::PartialSchema for Target {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Fields as utoipa::PartialSchema>::schema()
    }
}

impl ToSchema for Target {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        <Fields as ToSchema>::schemas(schemas);
    }
}

impl TryFrom<Fields> for Target {
    type Error = String;

    fn try_from(f: Fields) -> Result<Self, String> {
        if f.name.is_some() && f.role.is_none() {
            return Err("`name` goes with `role`".into());
        }
        let point = match (f.x, f.y) {
            (Some(x), Some(y)) if x.is_finite() && y.is_finite() => Some(Locator::Point { x, y }),
            (None, None) => None,
            (Some(_) | None, Some(_) | None) => return Err("`x` and `y` go together and are finite".into()),
        };
        let name = f.name;
        let ways = [
            f.reference.map(Locator::Ref),
            f.role.map(|role| Locator::Role { role, name }),
            f.text.map(Locator::Text),
            f.label.map(Locator::Label),
            f.placeholder.map(Locator::Placeholder),
            f.test_id.map(Locator::TestId),
            f.selector.map(Locator::Selector),
            point,
        ];
        let mut given = ways.into_iter().flatten();
        let (Some(locator), None) = (given.next(), given.next()) else {
            return Err(format!("a target has {WAYS}"));
        };
        Ok(Target { locator, frame: f.frame, nth: f.nth })
    }
}

impl From<Target> for Fields {
    fn from(t: Target) -> Self {
        let mut f = Fields { frame: t.frame, nth: t.nth, ..Fields::default() };
        match t.locator {
            Locator::Ref(r) => f.reference = Some(r),
            Locator::Role { role, name } => (f.role, f.name) = (Some(role), name),
            Locator::Text(s) => f.text = Some(s),
            Locator::Label(s) => f.label = Some(s),
            Locator::Placeholder(s) => f.placeholder = Some(s),
            Locator::TestId(s) => f.test_id = Some(s),
            Locator::Selector(s) => f.selector = Some(s),
            Locator::Point { x, y } => (f.x, f.y) = (Some(x), Some(y)),
        }
        f
    }
}

impl Target {
    pub fn selector(css: impl Into<String>) -> Self {
        Self { locator: Locator::Selector(css.into()), ..Self::default() }
    }
}
