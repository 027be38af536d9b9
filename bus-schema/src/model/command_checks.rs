//! Ranges of commands that serde cannot express.

use super::{
    command::{Command, Pdf, Scroll, SelectOption, WaitFor},
    validate::{range, url},
};
use crate::{error::Error, model::create::Viewport};

/// The longest text that one `type` inserts and the longest script that one `evaluate` takes.
const MAX_TEXT: usize = 1 << 20;

impl Command {
    /// Fails with the field that is out of range or contradicts another.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Command::Navigate(c) => url("url", &c.url).map(drop),
            Command::NewTab(c) => c.url.as_deref().map_or(Ok(()), |u| url("url", u).map(drop)),
            Command::Click(c) => range("click_count", c.click_count, 1, 3),
            Command::Type(c) => {
                at_most("text", c.text.len(), MAX_TEXT)?;
                range("delay_ms", c.delay_ms, 0, 1_000)
            }
            Command::Evaluate(c) => at_most("expression", c.expression.len(), MAX_TEXT),
            Command::Press(c) if c.keys.trim().is_empty() => {
                Err(Error::invalid_argument("keys", "names no key"))
            }
            Command::SelectOption(c) => select_option(c),
            Command::FillForm(c) if c.fields.is_empty() => {
                Err(Error::invalid_argument("fields", "names no field"))
            }
            Command::Mouse(c) => point(c.x, c.y),
            Command::Scroll(c) => scroll(c),
            Command::Screenshot(c) => {
                if let Some(q) = c.quality {
                    range("quality", q, 0, 100)?;
                }
                if c.full_page && c.target.is_some() {
                    return Err(Error::invalid_argument("target", "either `full_page` or a `target`"));
                }
                Ok(())
            }
            Command::Pdf(c) => pdf(c),
            Command::WaitFor(c) => wait_for(c),
            Command::SetViewport(c) => {
                let viewport = Viewport {
                    width: c.width,
                    height: c.height,
                    scale: c.scale.unwrap_or(1.0),
                    ..Viewport::default()
                };
                // The fields stand at the top of this command.
                viewport.validate("viewport").map_err(|e| {
                    let field = e.field.clone().unwrap_or_default();
                    e.with_field(field.trim_start_matches("viewport.").to_owned())
                })
            }
            Command::Observe(c) => match c.max_bytes {
                Some(n) => range("max_bytes", n, 1_000, 1_000_000),
                None => Ok(()),
            },
            Command::CookiesSet(c) => {
                for (i, cookie) in c.cookies.iter().enumerate() {
                    if cookie.url.is_none() && cookie.domain.is_none() {
                        return Err(Error::invalid_argument(
                            format!("cookies[{i}]"),
                            "a cookie needs a `url` or a `domain`",
                        ));
                    }
                }
                Ok(())
            }
            Command::Reload(_)
            | Command::Back(_)
            | Command::Forward(_)
            | Command::Hover(_)
            | Command::Press(_)
            | Command::Check(_)
            | Command::Uncheck(_)
            | Command::FillForm(_)
            | Command::Drag(_)
            | Command::Key(_)
            | Command::Upload(_)
            | Command::Content(_)
            | Command::CookiesGet(_)
            | Command::CookiesClear(_)
            | Command::StorageGet(_)
            | Command::StorageSet(_)
            | Command::Dialog(_)
            | Command::Tabs(_)
            | Command::ActivateTab(_)
            | Command::CloseTab(_) => Ok(()),
        }
    }
}

fn at_most(field: &str, size: usize, max: usize) -> Result<(), Error> {
    if size <= max { Ok(()) } else { Err(Error::invalid_argument(field, format!("at most {max} bytes"))) }
}

fn finite(field: &str, value: f64) -> Result<(), Error> {
    if value.is_finite() { Ok(()) } else { Err(Error::invalid_argument(field, "must be finite")) }
}

fn scroll(c: &Scroll) -> Result<(), Error> {
    finite("delta_x", c.delta_x).and(finite("delta_y", c.delta_y))?;
    let Some(at) = &c.wheel_at else { return Ok(()) };
    if c.target.is_some() || c.to.is_some() {
        return Err(Error::invalid_argument("wheel_at", "not together with `target` or `to`"));
    }
    point(at.x, at.y).map_err(|error| error.within("wheel_at"))
}

fn select_option(c: &SelectOption) -> Result<(), Error> {
    match (&c.values, &c.labels) {
        (Some(_), Some(_)) => Err(Error::invalid_argument("labels", "either `values` or `labels`")),
        (None, None) => Err(Error::invalid_argument("values", "give `values` or `labels`")),
        (Some(_), None) | (None, Some(_)) => Ok(()),
    }
}

fn point(x: f64, y: f64) -> Result<(), Error> {
    range("x", x, 0.0, 100_000.0)?;
    range("y", y, 0.0, 100_000.0)
}

fn pdf(c: &Pdf) -> Result<(), Error> {
    for (field, value, from, to) in [
        ("scale", c.scale, 0.1, 2.0),
        ("paper_width", c.paper_width, 0.1, 200.0),
        ("paper_height", c.paper_height, 0.1, 200.0),
        ("margin_top", c.margin_top, 0.0, 100.0),
        ("margin_bottom", c.margin_bottom, 0.0, 100.0),
        ("margin_left", c.margin_left, 0.0, 100.0),
        ("margin_right", c.margin_right, 0.0, 100.0),
    ] {
        if let Some(v) = value {
            range(field, v, from, to)?;
        }
    }
    Ok(())
}

fn wait_for(c: &WaitFor) -> Result<(), Error> {
    let waits_for_something = c.target.is_some()
        || c.url.is_some()
        || c.expression.is_some()
        || c.load_state.is_some()
        || c.ms.is_some();
    if waits_for_something {
        return Ok(());
    }
    Err(Error::invalid_argument("target", "give one of `target`, `url`, `expression`, `load_state` or `ms`"))
}
