//! What a person has to choose for a page: the value of a field, or files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::event::{Choice, Chooser, Event, Picker};
use super::super::tabs::Inner;
use crate::cdp::{self, CallError, Cdp, SessionId};

/// How long a page may take to say where a field is, or to take an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is open.
pub(in super::super) struct Open {
    pub(super) chooser: Chooser,
    session: SessionId,
    place: Place,
}

enum Place {
    /// A field that the script in a document knows by a number.
    Field { context: i64, id: u64 },
    /// An input for files, as the browser knows it, in a frame.
    Files { node: i64, frame: String, document: u64 },
}

impl Open {
    /// Whether it goes with this execution context, or with all of its session.
    pub(super) fn is_in(&self, session: &str, context: Option<i64>) -> bool {
        let here = &*self.session == session;
        match (&self.place, context) {
            (_, None) => here,
            (Place::Field { context: own, .. }, Some(context)) => here && *own == context,
            (Place::Files { .. }, Some(_)) => false,
        }
    }

    pub(super) fn is_picker(&self, session: &str, context: i64, id: u64) -> bool {
        let here = &*self.session == session;
        here && matches!(self.place, Place::Field { context: c, id: i } if (c, i) == (context, id))
    }
}

/// What a person has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    Value(String),
    /// Paths that the browser can read.
    Files(Vec<PathBuf>),
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChooserError {
    #[error("there is no such chooser any more")]
    Gone,
    #[error("this is no value that the field can have")]
    BadValue,
    #[error("the field takes one file")]
    OneFile,
    #[error("a {0} is to be chosen")]
    Other(&'static str),
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Closes what is open if it is meant.
pub(super) async fn close(inner: &Inner, is_meant: impl Fn(&Open) -> bool) {
    let closed = inner.hand.opened().take_if(|open| is_meant(open));
    if let Some(open) = closed {
        let _ = inner.events.send(Event::ChooserClosed { id: open.chooser.id }).await;
    }
}

pub(super) async fn close_of_gone_tabs(inner: &Inner) {
    if inner.hand.opened().is_none() {
        return;
    }
    let is_gone = |open: &Open| {
        let tracker = inner.tracker();
        let Some(tab) = tracker.tab_of_session(&open.session) else { return true };
        match &open.place {
            Place::Field { .. } => false,
            Place::Files { frame, document, .. } => {
                tab.frames.get(frame).is_none_or(|frame| frame.document != *document)
            }
        }
    };
    close(inner, is_gone).await;
}

async fn open(inner: &Inner, session: SessionId, place: Place, what: Choice) {
    let Some(n) = inner.tracker().tab_of_session(&session).map(|tab| tab.n) else { return };
    close(inner, |_| true).await;
    let chooser = Chooser { id: inner.hand.next_id(), n, what };
    *inner.hand.opened() = Some(Open { chooser: chooser.clone(), session, place });
    let _ = inner.events.send(Event::ChooserOpened(chooser)).await;
}

pub(super) async fn open_picker(
    inner: &Arc<Inner>,
    session: SessionId,
    context: i64,
    id: u64,
    mut picker: Picker,
) {
    let cdp = inner.root.on_session(&session).with_timeout(PATIENCE);
    match rect(inner, &cdp, context, id).await {
        Ok(rect) => picker.rect = rect,
        // It is chosen from all the same, only elsewhere on the person's screen.
        Err(error) => tracing::debug!(%error, "the place of a field is not known"),
    }
    open(inner, session, Place::Field { context, id }, Choice::Value(picker)).await;
}

pub(super) async fn open_files(inner: &Arc<Inner>, session: &SessionId, event: &cdp::Event) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Opened {
        frame_id: String,
        mode: String,
        backend_node_id: Option<i64>,
    }
    let Some(opened) = event.decode::<Opened>() else { return };
    // Without a node it is no input's, and nothing can answer it.
    let Some(node) = opened.backend_node_id else { return };
    let cdp = inner.root.on_session(session).with_timeout(PATIENCE);
    let attributes = attributes(&cdp, node).await.unwrap_or_default();
    let of = |name: &str| {
        let mut pairs = attributes.chunks_exact(2);
        pairs.find(|pair| pair[0].eq_ignore_ascii_case(name)).map(|pair| pair[1].clone())
    };
    let accept = of("accept").unwrap_or_default();
    let accept = accept.split(',').map(str::trim).filter(|part| (1..=100).contains(&part.len())).take(100);
    let what = Choice::Files {
        multiple: opened.mode == "selectMultiple",
        accept: accept.map(str::to_owned).collect(),
        directory: of("webkitdirectory").is_some(),
    };
    let document = {
        let tracker = inner.tracker();
        let tab = tracker.tab_of_session(session);
        tab.and_then(|tab| tab.frames.get(&opened.frame_id)).map_or(0, |frame| frame.document)
    };
    open(inner, session.clone(), Place::Files { node, frame: opened.frame_id, document }, what).await;
}

/// Names and values in turn.
async fn attributes(cdp: &Cdp, node: i64) -> Result<Vec<String>, CallError> {
    #[derive(Deserialize)]
    struct Described {
        node: Node,
    }
    #[derive(Deserialize)]
    struct Node {
        #[serde(default)]
        attributes: Vec<String>,
    }
    let params = json!({ "backendNodeId": node });
    Ok(cdp.call_answer("DOM.describeNode", &params).await?.decode::<Described>()?.node.attributes)
}

#[derive(Deserialize)]
struct Boxed {
    model: Model,
}

/// Corners from the top left on, clockwise.
#[derive(Deserialize)]
struct Model {
    content: [f64; 8],
    border: [f64; 8],
}

/// Where a field is in the viewport of its tab. A process counts from the corner of its own topmost frame.
async fn rect(inner: &Inner, cdp: &Cdp, context: i64, id: u64) -> Result<[f64; 4], CallError> {
    #[derive(Deserialize)]
    struct Evaluated {
        result: Object,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Object {
        object_id: Option<String>,
    }
    let params =
        json!({ "contextId": context, "expression": format!("globalThis.rookeryHand?.element({id})") });
    let found: Evaluated = cdp.call_answer("Runtime.evaluate", &params).await?.decode()?;
    let object = found.result.object_id.ok_or(CallError::Detached)?;
    let params = json!({ "objectId": object });
    let field: Boxed = cdp.call_answer("DOM.getBoxModel", &params).await?.decode()?;
    let [x, y, right, _, _, bottom, _, _] = field.model.border;
    let session = cdp.session().ok_or(CallError::Detached)?;
    let (mut left, mut top) = (x, y);
    for (outer, frame) in owners(inner, session) {
        let cdp = inner.root.on_session(&outer).with_timeout(PATIENCE);
        let owner: Owner =
            cdp.call_answer("DOM.getFrameOwner", &json!({ "frameId": frame })).await?.decode()?;
        let params = json!({ "backendNodeId": owner.backend_node_id });
        let around: Boxed = cdp.call_answer("DOM.getBoxModel", &params).await?.decode()?;
        left += around.model.content[0];
        top += around.model.content[1];
    }
    Ok([left, top, right - x, bottom - y])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    backend_node_id: i64,
}

/// The frames through which one looks from the page into what a session speaks for, inside out, each with the session
/// that shows it: those where the process changes.
fn owners(inner: &Inner, session: &SessionId) -> Vec<(SessionId, String)> {
    let tracker = inner.tracker();
    let Some(tab) = tracker.tab_of_session(session) else { return Vec::new() };
    let mut owners = Vec::new();
    let frames = tab.frames.in_order();
    let mut at = frames.iter().find(|frame| &frame.session == session);
    while let Some(frame) = at {
        let outer = frames.iter().find(|outer| Some(&outer.id) == frame.parent.as_ref());
        if let Some(outer) = outer.filter(|outer| outer.session != frame.session) {
            owners.push((outer.session.clone(), frame.id.clone()));
        }
        at = outer;
    }
    owners
}

/// Gives what is open the person's answer. What cannot be is left open.
pub async fn answer(inner: &Inner, id: &str, answer: Option<Chosen>) -> Result<(), ChooserError> {
    let (session, call, file) = {
        let opened = inner.hand.opened();
        let open = opened.as_ref().filter(|open| open.chooser.id == id).ok_or(ChooserError::Gone)?;
        let call = match (&open.place, &open.chooser.what, answer) {
            (Place::Field { context, id }, _, None) => picked(*context, *id, &Value::Null),
            (Place::Field { context, id }, _, Some(Chosen::Value(value))) => {
                picked(*context, *id, &value.into())
            }
            (Place::Field { .. }, _, Some(Chosen::Files(_))) => return Err(ChooserError::Other("value")),
            (Place::Files { node, .. }, _, None) => Call::Cancel { node: *node },
            (Place::Files { .. }, _, Some(Chosen::Value(_))) => return Err(ChooserError::Other("file")),
            (Place::Files { node, .. }, what, Some(Chosen::Files(paths))) => {
                let several = matches!(
                    what,
                    Choice::Files { multiple, directory, .. } if *multiple || *directory
                );
                if paths.len() > 1 && !several {
                    return Err(ChooserError::OneFile);
                }
                Call::Files { node: *node, paths }
            }
        };
        (open.session.clone(), call, matches!(open.place, Place::Files { .. }))
    };
    let cdp = inner.root.on_session(&session).with_timeout(PATIENCE);
    perform(&cdp, call).await.map_err(|error| {
        let is_gone = matches!(error, ChooserError::Call(CallError::Protocol { .. } | CallError::Detached));
        if is_gone && !file { ChooserError::Gone } else { error }
    })?;
    close(inner, |open| open.chooser.id == id).await;
    Ok(())
}

enum Call {
    Field { params: Value },
    Files { node: i64, paths: Vec<PathBuf> },
    Cancel { node: i64 },
}

fn picked(context: i64, id: u64, value: &Value) -> Call {
    let params = json!({
        "executionContextId": context, "returnByValue": true,
        "functionDeclaration": "function (id, value) { return globalThis.rookeryHand?.answer(id, value); }",
        "arguments": [{ "value": id }, { "value": value }],
    });
    Call::Field { params }
}

async fn perform(cdp: &Cdp, call: Call) -> Result<(), ChooserError> {
    #[derive(Deserialize)]
    struct Returned {
        result: Problem,
    }
    #[derive(Deserialize)]
    struct Problem {
        #[serde(default)]
        value: Option<String>,
    }
    match call {
        Call::Field { params } => {
            let answer = cdp.call_answer("Runtime.callFunctionOn", &params).await?;
            match answer.decode::<Returned>()?.result.value.as_deref() {
                None => Ok(()),
                Some("bad") => Err(ChooserError::BadValue),
                Some(_) => Err(ChooserError::Gone),
            }
        }
        Call::Files { node, paths } if !paths.is_empty() => {
            let params = json!({ "files": paths, "backendNodeId": node });
            cdp.call_answer("DOM.setFileInputFiles", &params).await?;
            Ok(())
        }
        Call::Files { node, .. } | Call::Cancel { node } => Ok(cancel(cdp, node).await?),
    }
}

/// The page hears that nothing was chosen, as from the browser's own chooser.
async fn cancel(cdp: &Cdp, node: i64) -> Result<(), CallError> {
    #[derive(Deserialize)]
    struct Resolved {
        object: Object,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Object {
        object_id: String,
    }
    let resolved: Resolved =
        cdp.call_answer("DOM.resolveNode", &json!({ "backendNodeId": node })).await?.decode()?;
    let params = json!({
        "objectId": resolved.object.object_id,
        "functionDeclaration": "function () { this.dispatchEvent(new Event('cancel', { bubbles: true })); }",
    });
    cdp.call_answer("Runtime.callFunctionOn", &params).await.map(drop)
}
