//! Commands that act on a page or on the session.

use super::{
    enums::{Enumerated, numbers, optional_number},
    field::{
        enum_or_default, enums, finite, list, optional, optional_enum, optional_finite, present, required,
        required_enum, required_finite,
    },
    v1,
};
use crate::{
    error::Error,
    model::command::{
        Back, Check, Click, CookiesSet, Dialog, Drag, FieldValue, FillForm, Forward, Hover, Key, Mouse,
        Navigate, NewTab, Press, Reload, Scroll, SelectOption, SetViewport, StorageSet, Type, Uncheck,
        Upload,
    },
};

impl From<&Navigate> for v1::Navigate {
    fn from(c: &Navigate) -> Self {
        Self { url: Some(c.url.clone()), wait_until: c.wait_until.number(), referrer: c.referrer.clone() }
    }
}

impl TryFrom<v1::Navigate> for Navigate {
    type Error = Error;

    fn try_from(c: v1::Navigate) -> Result<Self, Error> {
        Ok(Self {
            url: present("url", c.url)?,
            wait_until: enum_or_default("wait_until", c.wait_until)?,
            referrer: c.referrer,
        })
    }
}

macro_rules! history {
    ($($name:ident),*) => {$(
        impl From<&$name> for v1::History {
            fn from(c: &$name) -> Self {
                Self { wait_until: c.wait_until.number() }
            }
        }

        impl TryFrom<v1::History> for $name {
            type Error = Error;

            fn try_from(c: v1::History) -> Result<Self, Error> {
                Ok(Self { wait_until: enum_or_default("wait_until", c.wait_until)? })
            }
        }
    )*};
}

history!(Reload, Back, Forward);

impl From<&Click> for v1::Click {
    fn from(c: &Click) -> Self {
        Self {
            target: Some((&c.target).into()),
            button: c.button.number(),
            click_count: Some(c.click_count),
            modifiers: numbers(&c.modifiers),
            position: c.position.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::Click> for Click {
    type Error = Error;

    fn try_from(c: v1::Click) -> Result<Self, Error> {
        Ok(Self {
            target: required("target", c.target)?,
            button: enum_or_default("button", c.button)?,
            click_count: c.click_count.unwrap_or(1),
            modifiers: enums("modifiers", c.modifiers)?,
            position: optional("position", c.position)?,
        })
    }
}

impl From<&Hover> for v1::Hover {
    fn from(c: &Hover) -> Self {
        Self { target: Some((&c.target).into()), position: c.position.as_ref().map(Into::into) }
    }
}

impl TryFrom<v1::Hover> for Hover {
    type Error = Error;

    fn try_from(c: v1::Hover) -> Result<Self, Error> {
        Ok(Self { target: required("target", c.target)?, position: optional("position", c.position)? })
    }
}

impl From<&Type> for v1::Type {
    fn from(c: &Type) -> Self {
        Self {
            target: c.target.as_ref().map(Into::into),
            text: Some(c.text.clone()),
            clear: c.clear,
            submit: c.submit,
            delay_ms: c.delay_ms,
            sensitive: c.sensitive,
        }
    }
}

impl TryFrom<v1::Type> for Type {
    type Error = Error;

    fn try_from(c: v1::Type) -> Result<Self, Error> {
        Ok(Self {
            target: optional("target", c.target)?,
            text: present("text", c.text)?,
            clear: c.clear,
            submit: c.submit,
            delay_ms: c.delay_ms,
            sensitive: c.sensitive,
        })
    }
}

impl From<&Press> for v1::Press {
    fn from(c: &Press) -> Self {
        Self { keys: Some(c.keys.clone()), target: c.target.as_ref().map(Into::into) }
    }
}

impl TryFrom<v1::Press> for Press {
    type Error = Error;

    fn try_from(c: v1::Press) -> Result<Self, Error> {
        Ok(Self { keys: present("keys", c.keys)?, target: optional("target", c.target)? })
    }
}

impl From<&SelectOption> for v1::SelectOption {
    fn from(c: &SelectOption) -> Self {
        let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
        Self {
            target: Some((&c.target).into()),
            values: c.values.clone().unwrap_or_default(),
            labels: c.labels.clone().unwrap_or_default(),
            no_values: is_empty(&c.values),
            no_labels: is_empty(&c.labels),
        }
    }
}

impl TryFrom<v1::SelectOption> for SelectOption {
    type Error = Error;

    fn try_from(c: v1::SelectOption) -> Result<Self, Error> {
        let given = |list: Vec<String>, empty: bool| (empty || !list.is_empty()).then_some(list);
        Ok(Self {
            target: required("target", c.target)?,
            values: given(c.values, c.no_values),
            labels: given(c.labels, c.no_labels),
        })
    }
}

macro_rules! checks {
    ($($name:ident),*) => {$(
        impl From<&$name> for v1::Check {
            fn from(c: &$name) -> Self {
                Self { target: Some((&c.target).into()) }
            }
        }

        impl TryFrom<v1::Check> for $name {
            type Error = Error;

            fn try_from(c: v1::Check) -> Result<Self, Error> {
                Ok(Self { target: required("target", c.target)? })
            }
        }
    )*};
}

checks!(Check, Uncheck);

impl From<&FillForm> for v1::FillForm {
    fn from(c: &FillForm) -> Self {
        let field = |(label, value): (&str, &FieldValue)| v1::FormField {
            label: label.to_owned(),
            value: Some(value.into()),
        };
        Self { fields: c.fields.iter().map(field).collect() }
    }
}

impl TryFrom<v1::FillForm> for FillForm {
    type Error = Error;

    fn try_from(c: v1::FillForm) -> Result<Self, Error> {
        let field = |v1::FormField { label, value }| match required("value", value) {
            Ok(value) => Ok((label, value)),
            Err(e) => Err(Error::within(e, &format!("fields.{label}"))),
        };
        Ok(Self { fields: c.fields.into_iter().map(field).collect::<Result<_, Error>>()? })
    }
}

impl From<&FieldValue> for v1::FieldValue {
    fn from(v: &FieldValue) -> Self {
        use v1::field_value::{Texts, Value};
        let value = match v.clone() {
            FieldValue::Checked(checked) => Value::Checked(checked),
            FieldValue::Text(text) => Value::Text(text),
            FieldValue::Texts(texts) => Value::Texts(Texts { texts }),
        };
        Self { value: Some(value) }
    }
}

impl TryFrom<v1::FieldValue> for FieldValue {
    type Error = Error;

    fn try_from(v: v1::FieldValue) -> Result<Self, Error> {
        use v1::field_value::Value;
        Ok(match present("value", v.value)? {
            Value::Checked(checked) => FieldValue::Checked(checked),
            Value::Text(text) => FieldValue::Text(text),
            Value::Texts(t) => FieldValue::Texts(t.texts),
        })
    }
}

impl From<&Scroll> for v1::Scroll {
    fn from(c: &Scroll) -> Self {
        Self {
            target: c.target.as_ref().map(Into::into),
            delta_x: c.delta_x,
            delta_y: c.delta_y,
            to: optional_number(c.to),
            wheel_at: c.wheel_at.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::Scroll> for Scroll {
    type Error = Error;

    fn try_from(c: v1::Scroll) -> Result<Self, Error> {
        Ok(Self {
            target: optional("target", c.target)?,
            delta_x: finite("delta_x", c.delta_x)?,
            delta_y: finite("delta_y", c.delta_y)?,
            to: optional_enum("to", c.to)?,
            wheel_at: optional("wheel_at", c.wheel_at)?,
        })
    }
}

impl From<&Drag> for v1::Drag {
    fn from(c: &Drag) -> Self {
        Self { from: Some((&c.from).into()), to: Some((&c.to).into()) }
    }
}

impl TryFrom<v1::Drag> for Drag {
    type Error = Error;

    fn try_from(c: v1::Drag) -> Result<Self, Error> {
        Ok(Self { from: required("from", c.from)?, to: required("to", c.to)? })
    }
}

impl From<&Mouse> for v1::Mouse {
    fn from(c: &Mouse) -> Self {
        Self { event: c.event.number(), x: Some(c.x), y: Some(c.y), button: c.button.number() }
    }
}

impl TryFrom<v1::Mouse> for Mouse {
    type Error = Error;

    fn try_from(c: v1::Mouse) -> Result<Self, Error> {
        Ok(Self {
            event: required_enum("event", c.event)?,
            x: required_finite("x", c.x)?,
            y: required_finite("y", c.y)?,
            button: enum_or_default("button", c.button)?,
        })
    }
}

impl From<&Key> for v1::Key {
    fn from(c: &Key) -> Self {
        Self { event: c.event.number(), key: Some(c.key.clone()) }
    }
}

impl TryFrom<v1::Key> for Key {
    type Error = Error;

    fn try_from(c: v1::Key) -> Result<Self, Error> {
        Ok(Self { event: required_enum("event", c.event)?, key: present("key", c.key)? })
    }
}

impl From<&Upload> for v1::Upload {
    fn from(c: &Upload) -> Self {
        Self { target: Some((&c.target).into()), files: c.files.clone() }
    }
}

impl TryFrom<v1::Upload> for Upload {
    type Error = Error;

    fn try_from(c: v1::Upload) -> Result<Self, Error> {
        Ok(Self { target: required("target", c.target)?, files: c.files })
    }
}

impl From<&SetViewport> for v1::SetViewport {
    fn from(c: &SetViewport) -> Self {
        Self { width: Some(c.width), height: Some(c.height), scale: c.scale }
    }
}

impl TryFrom<v1::SetViewport> for SetViewport {
    type Error = Error;

    fn try_from(c: v1::SetViewport) -> Result<Self, Error> {
        Ok(Self {
            width: present("width", c.width)?,
            height: present("height", c.height)?,
            scale: optional_finite("scale", c.scale)?,
        })
    }
}

impl From<&CookiesSet> for v1::CookiesSet {
    fn from(c: &CookiesSet) -> Self {
        Self { cookies: c.cookies.iter().map(Into::into).collect() }
    }
}

impl TryFrom<v1::CookiesSet> for CookiesSet {
    type Error = Error;

    fn try_from(c: v1::CookiesSet) -> Result<Self, Error> {
        Ok(Self { cookies: list("cookies", c.cookies)? })
    }
}

impl From<&StorageSet> for v1::StorageSet {
    fn from(c: &StorageSet) -> Self {
        Self { storage_state: Some((&c.storage_state).into()) }
    }
}

impl TryFrom<v1::StorageSet> for StorageSet {
    type Error = Error;

    fn try_from(c: v1::StorageSet) -> Result<Self, Error> {
        Ok(Self { storage_state: required("storage_state", c.storage_state)? })
    }
}

impl From<&Dialog> for v1::Dialog {
    fn from(c: &Dialog) -> Self {
        Self { accept: Some(c.accept), text: c.text.clone() }
    }
}

impl TryFrom<v1::Dialog> for Dialog {
    type Error = Error;

    fn try_from(c: v1::Dialog) -> Result<Self, Error> {
        Ok(Self { accept: present("accept", c.accept)?, text: c.text })
    }
}

impl From<&NewTab> for v1::NewTab {
    fn from(c: &NewTab) -> Self {
        Self { url: c.url.clone() }
    }
}

impl From<v1::NewTab> for NewTab {
    fn from(c: v1::NewTab) -> Self {
        Self { url: c.url }
    }
}
