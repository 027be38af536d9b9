//! What Chromium reports, reduced to what the tracker needs. Only the fields that are used are named, so that a
//! newer Chromium with more or other fields is read all the same.

use serde::Deserialize;

use super::event::Note;
use crate::cdp::{Event, Interest, SessionId};

/// The events that a tracker reads.
pub const INTEREST: Interest = Interest(&[
    "Browser.downloadProgress",
    "Browser.downloadWillBegin",
    "Fetch.authRequired",
    "Fetch.requestPaused",
    "Inspector.targetCrashed",
    "Inspector.targetReloadedAfterCrash",
    "Network.loadingFailed",
    "Network.requestWillBeSent",
    "Network.responseReceived",
    "Page.frameAttached",
    "Page.frameDetached",
    "Page.frameNavigated",
    "Page.frameStartedNavigating",
    "Page.frameStoppedLoading",
    "Page.javascriptDialogClosed",
    "Page.javascriptDialogOpening",
    "Page.lifecycleEvent",
    "Page.navigatedWithinDocument",
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
    "Runtime.executionContextCreated",
    "Runtime.executionContextDestroyed",
    "Runtime.executionContextsCleared",
    "Target.attachedToTarget",
    "Target.detachedFromTarget",
    "Target.targetInfoChanged",
]);

/// One input of the tracker. The session is the one it was reported under.
#[derive(Clone, Debug)]
pub enum Input {
    Attached {
        parent: Option<SessionId>,
        attached: Attached,
    },
    Detached {
        session: String,
    },
    Info(TargetInfo),
    /// What a page says that its title is.
    Titled {
        target: String,
        title: String,
    },
    /// The set-up of a session is done.
    Ready {
        session: SessionId,
    },
    Frame(FrameInput),
    DialogOpening {
        session: SessionId,
        dialog: Dialog,
    },
    DialogClosed {
        session: SessionId,
        accepted: bool,
    },
    Crashed {
        session: SessionId,
    },
    Reloaded {
        session: SessionId,
    },
    DownloadBegins(DownloadBegins),
    DownloadMoves(DownloadMoves),
    Note {
        session: SessionId,
        note: Note,
    },
    /// A command, a person or a client acted on a tab.
    Touched {
        n: u32,
    },
}

/// What happens to the frames within a tab.
#[derive(Clone, Debug)]
pub enum FrameInput {
    /// The frames that were there when a session was set up. Told later than what has happened since.
    Found {
        session: SessionId,
        frames: Vec<Frame>,
    },
    Attached {
        session: SessionId,
        frame: String,
        parent: String,
    },
    Navigated {
        session: SessionId,
        frame: Frame,
    },
    NavigatedWithin {
        frame: String,
        url: String,
    },
    /// Another document was asked for. Until the server answers, the browser passes nothing on to the present one.
    Leaving {
        frame: String,
        url: String,
    },
    Detached {
        session: SessionId,
        frame: String,
        swap: bool,
    },
    Lifecycle {
        frame: String,
        loader: String,
        name: String,
    },
    /// Nothing more of its document comes, whole or not.
    Stopped {
        frame: String,
    },
    World {
        session: SessionId,
        id: i64,
        frame: String,
    },
    WorldGone {
        session: SessionId,
        id: i64,
    },
    WorldsGone {
        session: SessionId,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    pub session_id: String,
    pub target_info: TargetInfo,
    pub waiting_for_debugger: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetInfo {
    pub target_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub url: String,
    pub opener_id: Option<String>,
    pub browser_context_id: Option<String>,
}

impl TargetInfo {
    /// The title; empty where the page has none, for which Chromium gives the address without its scheme.
    pub fn shown_title(&self) -> &str {
        let plain = |text: &str| text.trim_end_matches('/').to_owned();
        let is_address = plain(&self.url).ends_with(&plain(&self.title)) && !self.url.starts_with("about:");
        if is_address || self.title == "about:blank" { "" } else { &self.title }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    pub id: String,
    pub parent_id: Option<String>,
    #[serde(default)]
    pub loader_id: String,
    #[serde(default)]
    pub name: String,
    pub url: String,
    #[serde(default)]
    pub url_fragment: String,
    /// It was put away when it was left, and is shown again as it was.
    #[serde(skip)]
    pub restored: bool,
    /// On a page that says of another that it could not be had: the address of that.
    pub unreachable_url: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dialog {
    #[serde(rename = "type")]
    pub kind: bus_schema::model::command::DialogKind,
    pub message: String,
    #[serde(default)]
    pub default_prompt: String,
    pub url: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownloadBegins {
    pub frame_id: String,
    pub guid: String,
    pub url: String,
    pub suggested_filename: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownloadMoves {
    pub guid: String,
    pub total_bytes: f64,
    pub received_bytes: f64,
    pub state: String,
}

#[derive(Deserialize)]
struct FrameTree {
    frame: Frame,
    #[serde(default, rename = "childFrames")]
    children: Vec<FrameTree>,
}

/// The answer of `Page.getFrameTree`, parents before children.
pub(super) fn frames(answer: &[u8]) -> Option<Vec<Frame>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        frame_tree: FrameTree,
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let mut frames = Vec::new();
    let mut trees = vec![answer.frame_tree];
    while let Some(tree) = trees.pop() {
        frames.push(tree.frame);
        trees.extend(tree.children);
    }
    Some(frames)
}

/// Reads an event. `None` for what the tracker has no use for, and for what cannot be read.
pub(super) fn read(event: &Event) -> Option<Input> {
    match event.method() {
        "Target.attachedToTarget" => {
            Some(Input::Attached { parent: event.session().cloned(), attached: event.decode()? })
        }
        "Target.detachedFromTarget" => {
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct Params {
                session_id: String,
            }
            Some(Input::Detached { session: event.decode::<Params>()?.session_id })
        }
        "Target.targetInfoChanged" => {
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct Params {
                target_info: TargetInfo,
            }
            Some(Input::Info(event.decode::<Params>()?.target_info))
        }
        "Browser.downloadWillBegin" => Some(Input::DownloadBegins(event.decode()?)),
        "Browser.downloadProgress" => Some(Input::DownloadMoves(event.decode()?)),
        _ => read_of_session(event, event.session()?.clone()),
    }
}

fn read_of_session(event: &Event, session: SessionId) -> Option<Input> {
    match event.method() {
        "Inspector.targetCrashed" => Some(Input::Crashed { session }),
        "Inspector.targetReloadedAfterCrash" => Some(Input::Reloaded { session }),
        "Page.javascriptDialogOpening" => Some(Input::DialogOpening { session, dialog: event.decode()? }),
        "Page.javascriptDialogClosed" => {
            #[derive(Deserialize)]
            struct Params {
                result: bool,
            }
            Some(Input::DialogClosed { session, accepted: event.decode::<Params>()?.result })
        }
        method if method.starts_with("Page.") => read_frame_event(event, session).map(Input::Frame),
        method if method.starts_with("Runtime.execution") => read_world(event, session).map(Input::Frame),
        _ => Some(Input::Note { session, note: read_note(event)? }),
    }
}

fn read_frame_event(event: &Event, session: SessionId) -> Option<FrameInput> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        frame_id: String,
        #[serde(default)]
        parent_frame_id: String,
        #[serde(default)]
        loader_id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        url: String,
        #[serde(default)]
        reason: String,
        #[serde(default)]
        navigation_type: String,
    }
    #[derive(Deserialize)]
    struct Navigated {
        frame: Frame,
        #[serde(default, rename = "type")]
        kind: String,
    }
    if event.method() == "Page.frameNavigated" {
        let Navigated { frame, kind } = event.decode()?;
        let frame = Frame { restored: kind == "BackForwardCacheRestore", ..frame };
        return Some(FrameInput::Navigated { session, frame });
    }
    let params: Params = event.decode()?;
    let frame = params.frame_id;
    match event.method() {
        "Page.frameAttached" => Some(FrameInput::Attached { session, frame, parent: params.parent_frame_id }),
        "Page.frameDetached" => Some(FrameInput::Detached { session, frame, swap: params.reason == "swap" }),
        "Page.frameStartedNavigating" => {
            let within = matches!(params.navigation_type.as_str(), "sameDocument" | "historySameDocument");
            (!within).then_some(FrameInput::Leaving { frame, url: params.url })
        }
        "Page.frameStoppedLoading" => Some(FrameInput::Stopped { frame }),
        "Page.navigatedWithinDocument" => Some(FrameInput::NavigatedWithin { frame, url: params.url }),
        "Page.lifecycleEvent" => {
            Some(FrameInput::Lifecycle { frame, loader: params.loader_id, name: params.name })
        }
        _ => None,
    }
}

fn read_world(event: &Event, session: SessionId) -> Option<FrameInput> {
    #[derive(Deserialize)]
    struct Created {
        context: World,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct World {
        id: i64,
        aux_data: Option<Aux>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Aux {
        #[serde(default)]
        is_default: bool,
        #[serde(default)]
        frame_id: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Destroyed {
        execution_context_id: i64,
    }
    match event.method() {
        "Runtime.executionContextCreated" => {
            let world = event.decode::<Created>()?.context;
            let aux = world.aux_data.filter(|aux| aux.is_default)?;
            Some(FrameInput::World { session, id: world.id, frame: aux.frame_id })
        }
        "Runtime.executionContextDestroyed" => {
            Some(FrameInput::WorldGone { session, id: event.decode::<Destroyed>()?.execution_context_id })
        }
        "Runtime.executionContextsCleared" => Some(FrameInput::WorldsGone { session }),
        _ => None,
    }
}

fn read_note(event: &Event) -> Option<Note> {
    let params: serde_json::Value = event.decode()?;
    let text = |pointer: &str| {
        params.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let id = text("/requestId");
    match event.method() {
        "Runtime.consoleAPICalled" => {
            Some(Note::Console { level: text("/type"), text: console_text(&params) })
        }
        "Runtime.exceptionThrown" => {
            let thrown = text("/exceptionDetails/exception/description");
            let text = if thrown.is_empty() { text("/exceptionDetails/text") } else { thrown };
            Some(Note::Exception { text: shorten(text) })
        }
        "Network.requestWillBeSent" => Some(Note::Request {
            id,
            method: text("/request/method"),
            url: shorten(text("/request/url")),
            resource: text("/type"),
        }),
        "Network.responseReceived" => Some(Note::Response {
            id,
            status: params.pointer("/response/status").and_then(serde_json::Value::as_u64).unwrap_or(0)
                as u16,
            url: shorten(text("/response/url")),
            mime_type: text("/response/mimeType"),
        }),
        "Network.loadingFailed" => Some(Note::Failed { id, error: text("/errorText") }),
        _ => None,
    }
}

/// The arguments of a console call as a person would see them, without asking the page for more.
fn console_text(params: &serde_json::Value) -> String {
    let arguments = params.get("args").and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
    let texts: Vec<String> = arguments
        .iter()
        .take(32)
        .map(|argument| match (argument.get("value"), argument.get("description")) {
            (Some(serde_json::Value::String(text)), _) => text.clone(),
            (Some(value), _) => value.to_string(),
            (None, Some(serde_json::Value::String(text))) => text.clone(),
            (None, _) => argument.get("type").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned(),
        })
        .collect();
    shorten(texts.join(" "))
}

/// Live notes are for reading, not for moving data: 4 KiB of a text are enough.
fn shorten(mut text: String) -> String {
    const LIMIT: usize = 4 << 10;
    if text.len() > LIMIT {
        let end = (0..=LIMIT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
