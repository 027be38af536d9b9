//! A form control behind an element.

use bus_schema::error::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use super::element::Element;
use super::job::Job;
use super::keyboard;

/// A form control behind an element, its label's control if it is a label.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Control {
    pub token: u64,
    pub kind: String,
    pub sketch: String,
    /// What to click to change it: itself, or its label where it is hidden.
    click: u64,
    #[serde(skip)]
    element: Option<Element>,
}

impl Control {
    pub async fn of(element: &Element) -> Result<Self, Error> {
        let mut control: Self = element.call("aboutControl", json!([element.token])).await?;
        control.element = Some(Element { token: control.token, ..element.clone() });
        Ok(control)
    }

    pub async fn call<T: serde::de::DeserializeOwned>(
        &self,
        function: &str,
        args: Value,
    ) -> Result<T, Error> {
        let Some(element) = &self.element else {
            return Err(Error::internal("a control without its element"));
        };
        element.call(function, args).await
    }

    /// What to click to change it.
    pub fn clickable(&self) -> Result<Element, Error> {
        let Some(element) = &self.element else {
            return Err(Error::internal("a control without its element"));
        };
        Ok(Element { token: self.click, ..element.clone() })
    }

    /// Gives it the focus: with the caret at the end, or emptied.
    pub async fn focus(&self, job: &Job<'_>, clear: bool) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Focused {
            status: String,
            #[serde(default)]
            empty: bool,
        }
        let focused: Focused = self.call("focusFor", json!([self.token, clear])).await?;
        match focused.status.as_str() {
            "focused" => {}
            "detached" => return Err(super::element::detached(&self.sketch)),
            _ => return Err(Error::browser_error(format!("{} cannot have the focus", self.sketch))),
        }
        if clear && !focused.empty {
            keyboard::press_all(job, "Delete").await?;
        }
        Ok(())
    }

    /// Empties it and puts a text in.
    pub async fn fill(&self, job: &Job<'_>, text: &str) -> Result<(), Error> {
        self.focus(job, true).await?;
        if text.is_empty() { Ok(()) } else { keyboard::insert(job, text).await }
    }

    /// Sets what a person picks, such as a date.
    pub async fn pick(&self, value: &str, field: &str) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Picked {
            ok: bool,
            #[serde(default)]
            detail: String,
        }
        let picked: Picked = self.call("pick", json!([self.token, value])).await?;
        if picked.ok { Ok(()) } else { Err(Error::invalid_argument(field, picked.detail)) }
    }
}
