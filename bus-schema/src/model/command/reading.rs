//! Waiting, and finding out.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::navigation::WaitUntil;
use crate::model::target::Target;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ElementState {
    #[default]
    Visible,
    Hidden,
    Attached,
    Detached,
}

/// Waits until all that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WaitFor {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    pub state: ElementState,
    /// A glob such as `**/checkout*`, or a part of the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// JavaScript that becomes truthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_state: Option<WaitUntil>,
    /// Only waits this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// An expression, or a function that is called with `args` (after the element, where there is a `target`).
    pub expression: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContentFormat {
    #[default]
    Html,
    Text,
    Markdown,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Content {
    pub format: ContentFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    #[default]
    Png,
    Jpeg,
    Webp,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Screenshot {
    pub format: ImageFormat,
    /// 0 to 100, for jpeg and webp; 80 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u32>,
    pub full_page: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

/// Lengths in inches. What is absent is Chromium's default: US Letter, margins of 0.4.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pdf {
    pub landscape: bool,
    pub print_background: bool,
    /// 0.1 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper_width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper_height: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_top: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_bottom: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_left: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_right: Option<f64>,
    /// E.g. `1-5, 8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_ranges: Option<String>,
    pub prefer_css_page_size: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ObservePreset {
    /// What can be acted on and what is read, without wrappers.
    #[default]
    Compact,
    /// The whole accessibility tree.
    Full,
    /// Only what can be acted on.
    Interactive,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Observe {
    /// Size of the outline; 1 000 to 1 000 000, 20 000 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u32>,
    /// `next_cursor` of the answer before: continues the same outline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    pub screenshot: bool,
    pub preset: ObservePreset,
}
