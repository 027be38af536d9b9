//! Going to a page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitUntil {
    #[default]
    Load,
    Domcontentloaded,
    /// No request for 500 ms.
    Networkidle,
    /// The response has begun and the document is the new one.
    Commit,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Navigate {
    pub url: String,
    #[serde(default)]
    pub wait_until: WaitUntil,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
}

macro_rules! history {
    ($($name:ident),*) => {$(
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            pub wait_until: WaitUntil,
        }
    )*};
}

history!(Reload, Back, Forward);
