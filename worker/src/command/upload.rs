//! `upload`: staged files into a file input, or into the file chooser that an element opens.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::Upload;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::click::{Press, once_met};
use super::element::{Element, Search, Wish, find};
use super::error::of_call;
use super::job::Job;
use crate::cdp::{Cdp, Interest};
use crate::page::Tabs;

const INTERCEPT: &str = "Page.setInterceptFileChooserDialog";
const SET_FILES: &str = "DOM.setFileInputFiles";

/// How long a file chooser may take to open after the click.
const CHOOSER: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Input {
    kind: String,
    #[serde(default)]
    sketch: String,
    #[serde(default)]
    token: u64,
    #[serde(default)]
    multiple: bool,
    #[serde(default)]
    folder: bool,
}

pub(super) async fn run(job: &Job<'_>, c: &Upload) -> Result<Outcome, Error> {
    let files = staged(&job.ctx.uploads, &c.files).await?;
    let search = Search::of(&c.target, "target")?;
    job.ctx.tabs.touch(job.n).await;
    // File inputs are mostly hidden behind something prettier, so they need not be visible.
    let element = find(job, &search).await?;
    let input: Input = element.call("fileInput", json!([element.token])).await?;
    if input.kind == "other" {
        let detail = format!("{} is no file input, nor does it open a file chooser", input.sketch);
        return Err(Error::invalid_argument("target", detail).not_started());
    }
    if input.kind == "input" {
        check_count(&files, input.multiple || input.folder)?;
        if files.is_empty() {
            // The browser takes an empty list for no wish at all.
            let _: Value = element.call("clearFiles", json!([input.token])).await?;
        } else {
            set_files(&element, input.token, &files).await?;
        }
    } else {
        choose(job, &search, &element.world.cdp, &files).await?;
    }
    Outcome::of(&json!({ "files": c.files }))
}

async fn set_files(element: &Element, token: u64, files: &[PathBuf]) -> Result<(), Error> {
    let object = element
        .world
        .object("element", vec![json!({ "value": token })])
        .await
        .map_err(|error| error.into_error("the file input"))?;
    let params = json!({ "files": files, "objectId": object });
    element.world.cdp.call_answer(SET_FILES, &params).await.map_err(of_call)?;
    Ok(())
}

/// The paths of staged files. A name is a name and never leads anywhere else.
pub(super) async fn staged(uploads: &Path, names: &[String]) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        let field = format!("files[{i}]");
        let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
        if !plain {
            return Err(Error::invalid_argument(field, "the name of a staged file, without a path"));
        }
        let path = uploads.join(name);
        let is_file = tokio::fs::symlink_metadata(&path).await.is_ok_and(|meta| meta.is_file());
        if !is_file {
            return Err(Error::invalid_argument(
                field,
                format!("no file `{name}` is staged; put it to the session's files/uploads first"),
            ));
        }
        paths.push(path);
    }
    Ok(paths)
}

fn check_count(files: &[PathBuf], multiple: bool) -> Result<(), Error> {
    if files.len() > 1 && !multiple {
        return Err(Error::invalid_argument("files", "this input takes one file"));
    }
    Ok(())
}

/// Clicks what opens the file chooser and answers it.
async fn choose(job: &Job<'_>, search: &Search, cdp: &Cdp, files: &[PathBuf]) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Opened {
        mode: String,
        backend_node_id: Option<i64>,
    }
    let mut events = cdp.events(Interest(&["Page.fileChooserOpened"]), 4);
    let _intercepting = Intercepting::begin(&job.ctx.tabs, cdp).await?;
    once_met(job, search, Wish::CLICK, Press::PLAIN).await?;
    let none = || {
        Error::browser_error(format!("{} was clicked and opened no file chooser", search.shown))
            .with_field("target")
            .outcome_unknown()
    };
    job.waits_for(none());
    let opens = async {
        loop {
            let Some(event) = events.next().await else {
                return Err(
                    Error::browser_error("the tab was closed while the command ran").outcome_unknown()
                );
            };
            if let Some(opened) = event.decode::<Opened>() {
                return Ok(opened);
            }
        }
    };
    let opened = tokio::time::timeout(CHOOSER, opens).await.unwrap_or_else(|_| Err(none()))?;
    check_count(files, opened.mode == "selectMultiple")?;
    let Some(node) = opened.backend_node_id else {
        return Err(Error::browser_error(
            "the page's file chooser belongs to no input and cannot be answered",
        ));
    };
    let params = json!({ "files": files, "backendNodeId": node });
    cdp.call_answer(SET_FILES, &params).await.map_err(of_call)?;
    Ok(())
}

/// While it lives the file choosers of a session come to the worker. So they do anyway while a person drives.
struct Intercepting {
    tabs: Tabs,
    cdp: Cdp,
}

impl Intercepting {
    async fn begin(tabs: &Tabs, cdp: &Cdp) -> Result<Self, Error> {
        let guard = Self { tabs: tabs.clone(), cdp: cdp.clone() };
        cdp.call_answer(INTERCEPT, &json!({ "enabled": true })).await.map_err(of_call)?;
        Ok(guard)
    }
}

impl Drop for Intercepting {
    fn drop(&mut self) {
        let params = json!({ "enabled": self.tabs.takes_file_choosers() });
        self.cdp.notify_raw(INTERCEPT, &params);
    }
}
