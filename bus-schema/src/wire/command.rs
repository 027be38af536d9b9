//! A command with what goes for all of them. The actions themselves are in `actions` and `reads`.

use super::{
    enums::optional_number,
    field::{optional_enum, present},
    v1::{self, command_request as wire},
};
use crate::{
    error::Error,
    model::command::{ActivateTab, CloseTab, Command, CommandRequest, CookiesClear, StorageGet, Tabs},
};

impl From<&CommandRequest> for v1::CommandRequest {
    fn from(r: &CommandRequest) -> Self {
        Self {
            tab: r.tab,
            timeout_ms: r.timeout_ms,
            key: r.key.clone(),
            on_human_control: optional_number(r.on_human_control),
            command: Some((&r.command).into()),
        }
    }
}

impl TryFrom<v1::CommandRequest> for CommandRequest {
    type Error = Error;

    fn try_from(r: v1::CommandRequest) -> Result<Self, Error> {
        Ok(Self {
            // Named as in JSON, where the fields of the action stand beside those of the request.
            command: present("action", r.command)?.try_into()?,
            tab: r.tab,
            timeout_ms: r.timeout_ms,
            key: r.key,
            on_human_control: optional_enum("on_human_control", r.on_human_control)?,
        })
    }
}

impl From<&Command> for wire::Command {
    fn from(c: &Command) -> Self {
        use Command as M;
        match c {
            M::Navigate(c) => Self::Navigate(c.into()),
            M::Reload(c) => Self::Reload(c.into()),
            M::Back(c) => Self::Back(c.into()),
            M::Forward(c) => Self::Forward(c.into()),
            M::Click(c) => Self::Click(c.into()),
            M::Hover(c) => Self::Hover(c.into()),
            M::Type(c) => Self::Type(c.into()),
            M::Press(c) => Self::Press(c.into()),
            M::SelectOption(c) => Self::SelectOption(c.into()),
            M::Check(c) => Self::Check(c.into()),
            M::Uncheck(c) => Self::Uncheck(c.into()),
            M::FillForm(c) => Self::FillForm(c.into()),
            M::Scroll(c) => Self::Scroll(c.into()),
            M::Drag(c) => Self::Drag(c.into()),
            M::Mouse(c) => Self::Mouse(c.into()),
            M::Key(c) => Self::PressKey(c.into()),
            M::Upload(c) => Self::Upload(c.into()),
            M::WaitFor(c) => Self::WaitFor(c.into()),
            M::Evaluate(c) => Self::Evaluate(c.into()),
            M::Content(c) => Self::Content(c.into()),
            M::Screenshot(c) => Self::Screenshot(c.into()),
            M::Pdf(c) => Self::Pdf(c.into()),
            M::SetViewport(c) => Self::SetViewport(c.into()),
            M::CookiesGet(c) => Self::CookiesGet(c.into()),
            M::CookiesSet(c) => Self::CookiesSet(c.into()),
            M::CookiesClear(CookiesClear {}) => Self::CookiesClear(v1::NoFields {}),
            M::StorageGet(StorageGet {}) => Self::StorageGet(v1::NoFields {}),
            M::StorageSet(c) => Self::StorageSet(c.into()),
            M::Dialog(c) => Self::Dialog(c.into()),
            M::Tabs(Tabs {}) => Self::Tabs(v1::NoFields {}),
            M::NewTab(c) => Self::NewTab(c.into()),
            M::ActivateTab(c) => Self::ActivateTab(v1::TabNumber { tab: Some(c.tab) }),
            M::CloseTab(c) => Self::CloseTab(v1::TabNumber { tab: Some(c.tab) }),
            M::Observe(c) => Self::Observe(c.into()),
        }
    }
}

impl TryFrom<wire::Command> for Command {
    type Error = Error;

    fn try_from(c: wire::Command) -> Result<Self, Error> {
        use wire::Command as W;
        Ok(match c {
            W::Navigate(c) => Self::Navigate(c.try_into()?),
            W::Reload(c) => Self::Reload(c.try_into()?),
            W::Back(c) => Self::Back(c.try_into()?),
            W::Forward(c) => Self::Forward(c.try_into()?),
            W::Click(c) => Self::Click(c.try_into()?),
            W::Hover(c) => Self::Hover(c.try_into()?),
            W::Type(c) => Self::Type(c.try_into()?),
            W::Press(c) => Self::Press(c.try_into()?),
            W::SelectOption(c) => Self::SelectOption(c.try_into()?),
            W::Check(c) => Self::Check(c.try_into()?),
            W::Uncheck(c) => Self::Uncheck(c.try_into()?),
            W::FillForm(c) => Self::FillForm(c.try_into()?),
            W::Scroll(c) => Self::Scroll(c.try_into()?),
            W::Drag(c) => Self::Drag(c.try_into()?),
            W::Mouse(c) => Self::Mouse(c.try_into()?),
            W::PressKey(c) => Self::Key(c.try_into()?),
            W::Upload(c) => Self::Upload(c.try_into()?),
            W::WaitFor(c) => Self::WaitFor(c.try_into()?),
            W::Evaluate(c) => Self::Evaluate(c.try_into()?),
            W::Content(c) => Self::Content(c.try_into()?),
            W::Screenshot(c) => Self::Screenshot(c.try_into()?),
            W::Pdf(c) => Self::Pdf(c.try_into()?),
            W::SetViewport(c) => Self::SetViewport(c.try_into()?),
            W::CookiesGet(c) => Self::CookiesGet(c.into()),
            W::CookiesSet(c) => Self::CookiesSet(c.try_into()?),
            W::CookiesClear(v1::NoFields {}) => Self::CookiesClear(CookiesClear {}),
            W::StorageGet(v1::NoFields {}) => Self::StorageGet(StorageGet {}),
            W::StorageSet(c) => Self::StorageSet(c.try_into()?),
            W::Dialog(c) => Self::Dialog(c.try_into()?),
            W::Tabs(v1::NoFields {}) => Self::Tabs(Tabs {}),
            W::NewTab(c) => Self::NewTab(c.into()),
            W::ActivateTab(c) => Self::ActivateTab(ActivateTab { tab: present("tab", c.tab)? }),
            W::CloseTab(c) => Self::CloseTab(CloseTab { tab: present("tab", c.tab)? }),
            W::Observe(c) => Self::Observe(c.try_into()?),
        })
    }
}
