//! Where a client wants its downloads, and what it is told of them. Pure.

use std::{collections::HashMap, path::PathBuf};

use serde_json::Value;

/// What a client has asked for, of one browser context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub directory: PathBuf,
    /// Files are named by their guid, not as the site names them.
    pub by_guid: bool,
    /// The client wants to be told.
    pub events: bool,
}

/// A download that has begun.
#[derive(Debug)]
pub struct Begun {
    name: String,
    wish: Option<Wish>,
}

#[derive(Debug, Default)]
pub struct Downloads {
    /// By browser context, `None` for the default one.
    wishes: HashMap<Option<String>, Wish>,
    /// What was asked for last, where the context of a download is not known.
    last: Option<Wish>,
    /// The contexts of pages, by target, which is their main frame too.
    contexts: HashMap<String, String>,
    begun: HashMap<String, Begun>,
}

/// What an event of a download means for the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// It is passed on.
    As,
    /// The client has not asked for it.
    Not,
    /// The file is fetched. Then it is passed on, if the client wants to be told.
    Behind { guid: String, file: PathBuf, events: bool },
}

impl Downloads {
    /// The client says where downloads go. Gives the parameters that are passed on: events are needed here.
    pub fn set(&mut self, mut params: Value) -> Value {
        let context = params["browserContextId"].as_str().map(str::to_owned);
        let behavior = params["behavior"].as_str().unwrap_or_default();
        let wish =
            params["downloadPath"].as_str().filter(|_| behavior.starts_with("allow")).map(|path| Wish {
                directory: path.into(),
                by_guid: behavior == "allowAndName",
                events: params["eventsEnabled"].as_bool().unwrap_or(false),
            });
        if wish.is_some() {
            params["eventsEnabled"] = true.into();
        }
        match &wish {
            Some(wish) => drop(self.wishes.insert(context, wish.clone())),
            None => drop(self.wishes.remove(&context)),
        }
        self.last = wish;
        params
    }

    /// A page is there.
    pub fn page(&mut self, params: &Value) {
        let info = &params["targetInfo"];
        if let (Some(target), Some(context)) = (info["targetId"].as_str(), info["browserContextId"].as_str())
        {
            self.contexts.insert(target.to_owned(), context.to_owned());
        }
    }

    pub fn page_gone(&mut self, params: &Value) {
        if let Some(target) = params["targetId"].as_str() {
            self.contexts.remove(target);
        }
    }

    pub fn begins(&mut self, params: &Value) -> Told {
        let context = params["frameId"].as_str().and_then(|frame| self.contexts.get(frame));
        let of_context = context.and_then(|context| self.wishes.get(&Some(context.clone())));
        let wish = of_context.or_else(|| self.wishes.get(&None)).or(self.last.as_ref()).cloned();
        let told = if wish.as_ref().is_none_or(|wish| wish.events) { Told::As } else { Told::Not };
        if let Some(guid) = params["guid"].as_str() {
            let name = params["suggestedFilename"].as_str().unwrap_or("download").to_owned();
            self.begun.insert(guid.to_owned(), Begun { name, wish });
        }
        told
    }

    pub fn moves(&mut self, params: &Value) -> Told {
        let guid = params["guid"].as_str().unwrap_or_default();
        let ends = params["state"] != "inProgress";
        let begun = if ends { self.begun.remove(guid) } else { None };
        let wish = match &begun {
            Some(begun) => begun.wish.as_ref(),
            None => self.begun.get(guid).and_then(|begun| begun.wish.as_ref()),
        };
        let Some(wish) = wish else { return Told::As };
        match begun.as_ref().filter(|_| params["state"] == "completed") {
            Some(begun) => {
                let name = if wish.by_guid { guid.to_owned() } else { plain(&begun.name) };
                Told::Behind { guid: guid.to_owned(), file: wish.directory.join(name), events: wish.events }
            }
            None if wish.events => Told::As,
            None => Told::Not,
        }
    }
}

/// A site's name for a file, without a way out of the directory.
fn plain(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_control() || c == '/' || c == '\\' { '_' } else { c })
        .take(120)
        .collect();
    if plain.trim_matches(['.', ' ']).is_empty() { "download".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_end_is_told_behind_the_file() {
        let mut downloads = Downloads::default();
        let wish = json!({ "behavior": "allowAndName", "downloadPath": "/tmp/a", "eventsEnabled": true, "browserContextId": "c" });
        assert_eq!(downloads.set(wish.clone()), wish);
        let quiet = downloads.set(json!({ "behavior": "allow", "downloadPath": "/tmp/b" }));
        assert_eq!(quiet["eventsEnabled"], true, "needed here");
        downloads.page(&json!({ "targetInfo": { "targetId": "page", "browserContextId": "c" } }));
        let begins = |guid: &str, frame: &str| json!({ "guid": guid, "frameId": frame, "suggestedFilename": "../x/y.txt" });
        assert_eq!(downloads.begins(&begins("1", "page")), Told::As);
        assert_eq!(downloads.begins(&begins("2", "elsewhere")), Told::Not);
        let moves = |guid: &str, state: &str| json!({ "guid": guid, "state": state });
        assert_eq!(downloads.moves(&moves("1", "inProgress")), Told::As);
        assert_eq!(downloads.moves(&moves("2", "inProgress")), Told::Not);
        let behind =
            |guid: &str, file: &str, events| Told::Behind { guid: guid.into(), file: file.into(), events };
        assert_eq!(downloads.moves(&moves("1", "completed")), behind("1", "/tmp/a/1", true));
        assert_eq!(downloads.moves(&moves("2", "completed")), behind("2", "/tmp/b/.._x_y.txt", false));
        assert_eq!(downloads.begins(&begins("3", "page")), Told::As);
        assert_eq!(downloads.moves(&moves("3", "canceled")), Told::As);
    }

    #[test]
    fn who_does_not_want_files_gets_none() {
        let mut downloads = Downloads::default();
        let deny = json!({ "behavior": "deny", "eventsEnabled": true });
        assert_eq!(downloads.set(deny.clone()), deny);
        assert_eq!(downloads.begins(&json!({ "guid": "1" })), Told::As);
        assert_eq!(downloads.moves(&json!({ "guid": "1", "state": "completed" })), Told::As);
    }
}
