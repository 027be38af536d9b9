//! Which methods a client may call, and what of their parameters has to be looked at.
//!
//! The table is made from the browser's own description of its protocol; a method that is not in it is unknown here,
//! whatever the browser would do. A test compares it with the browser that is installed.

mod params;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use params::Params;

/// What a method does, as far as it matters who drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Looks, or arranges what the client itself is told.
    Read,
    /// Acts like a person's hands.
    Input,
    /// Changes what a page is or shows.
    Change,
    /// Ends the browser.
    Browser,
    /// Offered to nobody: it reaches beyond the browser, or around this gate.
    Refused,
}

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An address that the browser will load.
    Url,
    /// Names of files.
    Path,
    /// A browser context.
    Context,
    /// A CDP session.
    Session,
    Target,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    pub name: &'static str,
    pub class: Class,
    pub roles: Vec<(Role, &'static str)>,
}

const TEXT: &str = include_str!("methods.txt");

static METHODS: LazyLock<HashMap<&'static str, Method>> =
    LazyLock::new(|| TEXT.lines().filter_map(read).map(|method| (method.name, method)).collect());

/// A method by its full name, for example `Page.navigate`.
pub fn method(name: &str) -> Option<&'static Method> {
    METHODS.get(name)
}

/// The names in the table, in its order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXT.lines().filter_map(|line| line.split(' ').next())
}

fn read(line: &'static str) -> Option<Method> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let class = match words.next()? {
        "read" => Class::Read,
        "input" => Class::Input,
        "change" => Class::Change,
        "browser" => Class::Browser,
        "refused" => Class::Refused,
        _ => return None,
    };
    let roles = words.map(|word| {
        let (role, parameter) = word.split_once('=')?;
        let role = match role {
            "url" => Role::Url,
            "path" => Role::Path,
            "context" => Role::Context,
            "session" => Role::Session,
            "target" => Role::Target,
            _ => return None,
        };
        Some((role, parameter))
    });
    Some(Method { name, class, roles: roles.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_in_order() {
        assert_eq!(TEXT.lines().filter_map(read).count(), TEXT.lines().count());
        let names: Vec<&str> = names().collect();
        assert!(names.is_sorted() && names.len() > 600, "{} names", names.len());
        assert_eq!(METHODS.len(), names.len());
    }

    #[test]
    fn what_matters_is_classed_as_it_must_be() {
        for (name, class) in [
            ("Page.navigate", Class::Change),
            ("Page.reload", Class::Change),
            ("Page.close", Class::Change),
            ("Page.handleJavaScriptDialog", Class::Change),
            ("Target.createTarget", Class::Change),
            ("Target.closeTarget", Class::Change),
            ("Runtime.evaluate", Class::Change),
            ("Runtime.callFunctionOn", Class::Change),
            ("DOM.setAttributeValue", Class::Change),
            ("Emulation.setUserAgentOverride", Class::Change),
            ("Storage.setCookies", Class::Change),
            ("Input.dispatchMouseEvent", Class::Input),
            ("Page.enable", Class::Read),
            ("Page.addScriptToEvaluateOnNewDocument", Class::Read),
            ("Page.createIsolatedWorld", Class::Read),
            ("Runtime.runIfWaitingForDebugger", Class::Read),
            ("Fetch.continueRequest", Class::Read),
            ("Fetch.fulfillRequest", Class::Read),
            ("Fetch.failRequest", Class::Read),
            ("Browser.close", Class::Browser),
            ("Browser.crash", Class::Browser),
            ("Target.sendMessageToTarget", Class::Refused),
            ("Target.exposeDevToolsProtocol", Class::Refused),
            ("Target.setRemoteLocations", Class::Refused),
            ("Tethering.bind", Class::Refused),
            ("Extensions.loadUnpacked", Class::Refused),
            ("PWA.install", Class::Refused),
            ("SystemInfo.getInfo", Class::Refused),
        ] {
            assert_eq!(method(name).map(|m| m.class), Some(class), "{name}");
        }
        assert!(method("Page.doesNotExist").is_none() && method("").is_none());
    }

    #[test]
    fn what_must_be_looked_at_is_marked() {
        for (name, role, parameter) in [
            ("Page.navigate", Role::Url, "url"),
            ("Target.createTarget", Role::Url, "url"),
            ("Target.createTarget", Role::Context, "browserContextId"),
            ("DOM.setFileInputFiles", Role::Path, "files"),
            ("Storage.getCookies", Role::Context, "browserContextId"),
            ("Target.detachFromTarget", Role::Session, "sessionId"),
            ("Target.attachToTarget", Role::Target, "targetId"),
        ] {
            assert!(method(name).unwrap().roles.contains(&(role, parameter)), "{name}");
        }
    }
}
