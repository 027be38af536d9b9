//! Commands that read, wait or run a script.

use super::{
    enums::{Enumerated, optional_number},
    field::{enum_or_default, json, optional, optional_enum, optional_finite, present},
    v1,
};
use crate::{
    error::Error,
    model::command::{Content, CookiesGet, Evaluate, Observe, Pdf, Screenshot, WaitFor},
};

impl From<&WaitFor> for v1::WaitFor {
    fn from(c: &WaitFor) -> Self {
        Self {
            target: c.target.as_ref().map(Into::into),
            state: c.state.number(),
            url: c.url.clone(),
            expression: c.expression.clone(),
            load_state: optional_number(c.load_state),
            ms: c.ms,
        }
    }
}

impl TryFrom<v1::WaitFor> for WaitFor {
    type Error = Error;

    fn try_from(c: v1::WaitFor) -> Result<Self, Error> {
        Ok(Self {
            target: optional("target", c.target)?,
            state: enum_or_default("state", c.state)?,
            url: c.url,
            expression: c.expression,
            load_state: optional_enum("load_state", c.load_state)?,
            ms: c.ms,
        })
    }
}

impl From<&Evaluate> for v1::Evaluate {
    fn from(c: &Evaluate) -> Self {
        Self {
            expression: Some(c.expression.clone()),
            args: c.args.iter().map(ToString::to_string).collect(),
            target: c.target.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::Evaluate> for Evaluate {
    type Error = Error;

    fn try_from(c: v1::Evaluate) -> Result<Self, Error> {
        let arg = |(i, text): (usize, &String)| json(&format!("args[{i}]"), text);
        Ok(Self {
            expression: present("expression", c.expression)?,
            args: c.args.iter().enumerate().map(arg).collect::<Result<_, Error>>()?,
            target: optional("target", c.target)?,
        })
    }
}

impl From<&Content> for v1::Content {
    fn from(c: &Content) -> Self {
        Self { format: c.format.number() }
    }
}

impl TryFrom<v1::Content> for Content {
    type Error = Error;

    fn try_from(c: v1::Content) -> Result<Self, Error> {
        Ok(Self { format: enum_or_default("format", c.format)? })
    }
}

impl From<&Screenshot> for v1::Screenshot {
    fn from(c: &Screenshot) -> Self {
        Self {
            format: c.format.number(),
            quality: c.quality,
            full_page: c.full_page,
            target: c.target.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::Screenshot> for Screenshot {
    type Error = Error;

    fn try_from(c: v1::Screenshot) -> Result<Self, Error> {
        Ok(Self {
            format: enum_or_default("format", c.format)?,
            quality: c.quality,
            full_page: c.full_page,
            target: optional("target", c.target)?,
        })
    }
}

impl From<&Pdf> for v1::Pdf {
    fn from(c: &Pdf) -> Self {
        Self {
            landscape: c.landscape,
            print_background: c.print_background,
            scale: c.scale,
            paper_width: c.paper_width,
            paper_height: c.paper_height,
            margin_top: c.margin_top,
            margin_bottom: c.margin_bottom,
            margin_left: c.margin_left,
            margin_right: c.margin_right,
            page_ranges: c.page_ranges.clone(),
            prefer_css_page_size: c.prefer_css_page_size,
        }
    }
}

impl TryFrom<v1::Pdf> for Pdf {
    type Error = Error;

    fn try_from(c: v1::Pdf) -> Result<Self, Error> {
        Ok(Self {
            landscape: c.landscape,
            print_background: c.print_background,
            scale: optional_finite("scale", c.scale)?,
            paper_width: optional_finite("paper_width", c.paper_width)?,
            paper_height: optional_finite("paper_height", c.paper_height)?,
            margin_top: optional_finite("margin_top", c.margin_top)?,
            margin_bottom: optional_finite("margin_bottom", c.margin_bottom)?,
            margin_left: optional_finite("margin_left", c.margin_left)?,
            margin_right: optional_finite("margin_right", c.margin_right)?,
            page_ranges: c.page_ranges,
            prefer_css_page_size: c.prefer_css_page_size,
        })
    }
}

impl From<&CookiesGet> for v1::CookiesGet {
    fn from(c: &CookiesGet) -> Self {
        Self { urls: c.urls.clone() }
    }
}

impl From<v1::CookiesGet> for CookiesGet {
    fn from(c: v1::CookiesGet) -> Self {
        Self { urls: c.urls }
    }
}

impl From<&Observe> for v1::Observe {
    fn from(c: &Observe) -> Self {
        Self {
            max_bytes: c.max_bytes,
            cursor: c.cursor.clone(),
            screenshot: c.screenshot,
            preset: c.preset.number(),
        }
    }
}

impl TryFrom<v1::Observe> for Observe {
    type Error = Error;

    fn try_from(c: v1::Observe) -> Result<Self, Error> {
        Ok(Self {
            max_bytes: c.max_bytes,
            cursor: c.cursor,
            screenshot: c.screenshot,
            preset: enum_or_default("preset", c.preset)?,
        })
    }
}
