//! Copying and pasting by key in a session that shares its browser: from and into the session's own clipboard. And what
//! a person brings to paste, wherever the clipboard is.

use bus_schema::model::command::Modifier;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Context;
use super::keymap::{Key, bit};
use super::world::Returned;
use crate::cdp::{CallError, Cdp};
use crate::inject;
use crate::page::{CLIPBOARD_WORLD, Items};

/// Frames within frames that are followed to where the focus is.
const DEPTH: usize = 32;

/// What a key does to the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Copy,
    Cut,
    Paste,
    PastePlain,
}

/// A command of the browser's editor that does nothing, and in whose place it does nothing else about the key. It is
/// always enabled, whatever the page is and has focused.
const NOTHING: &str = "defaultParagraphSeparator";

/// Keeps a key from the clipboard of the browser. The page gets it all the same.
pub(super) fn guard(event: &mut Value, key: &Key, modifiers: u8) {
    if may_edit(key, modifiers) {
        event["commands"] = json!([NOTHING]);
    }
}

const INSERT: u32 = 45;
const DELETE: u32 = 46;
const C: u32 = 'C' as u32;
const V: u32 = 'V' as u32;
const X: u32 = 'X' as u32;

/// Whether Chromium might take a key for one of the clipboard. It goes by the virtual key.
fn may_edit(key: &Key, modifiers: u8) -> bool {
    match key.virtual_key {
        C | V | X => modifiers & !bit(Modifier::Shift) != 0,
        INSERT | DELETE => modifiers != 0,
        _ => matches!(key.key.as_str(), "Copy" | "Cut" | "Paste") || of_key(key, modifiers).is_some(),
    }
}

/// What a key with these modifiers does to the clipboard.
pub(super) fn of_key(key: &Key, modifiers: u8) -> Option<Edit> {
    let (control, shift) = (bit(Modifier::Control), bit(Modifier::Shift));
    let letter = key.key.to_ascii_lowercase();
    match (modifiers, key.virtual_key, letter.as_str()) {
        (m, C, _) | (m, _, "c") | (m, INSERT, _) if m == control => Some(Edit::Copy),
        (m, X, _) | (m, _, "x") if m == control => Some(Edit::Cut),
        (m, V, _) | (m, _, "v") if m == control => Some(Edit::Paste),
        (m, V, _) | (m, _, "v") if m == control | shift => Some(Edit::PastePlain),
        (m, DELETE, _) if m == shift => Some(Edit::Cut),
        (m, INSERT, _) if m == shift => Some(Edit::Paste),
        _ => None,
    }
}

/// Does it where the focus is, unless the page took the key for itself. `cdp` brings the deadline. What cannot be
/// copied or pasted is left, as a browser does.
pub(super) async fn perform(ctx: &Context, n: u32, cdp: &Cdp, edit: Edit) {
    if let Err(error) = try_perform(ctx, n, cdp, edit).await {
        tracing::debug!(%error, ?edit, "the clipboard was not used");
    }
}

async fn try_perform(ctx: &Context, n: u32, cdp: &Cdp, edit: Edit) -> Result<(), CallError> {
    let Some(clipboard) = ctx.tabs.clipboard() else { return Ok(()) };
    let Some(document) = Document::focused(ctx, n, cdp).await? else { return Ok(()) };
    match edit {
        Edit::Copy | Edit::Cut => {
            let kind = if edit == Edit::Cut { "cut" } else { "copy" };
            let taken: Option<Items> = document.call("take", json!([{ "value": kind }])).await?;
            if let Some(items) = taken {
                clipboard.keep(items);
            }
        }
        Edit::Paste | Edit::PastePlain => {
            let items = clipboard.items().await;
            let args = json!([{ "value": items }, { "value": edit == Edit::PastePlain }]);
            document.call::<Value>("paste", args).await?;
        }
    }
    Ok(())
}

/// Lays text on the session's clipboard. `cdp` brings the deadline.
pub(super) async fn lay(ctx: &Context, n: u32, cdp: &Cdp, text: &str) {
    if let Some(clipboard) = ctx.tabs.clipboard() {
        clipboard.lay(Items::from([("text/plain".to_owned(), text.to_owned())]));
        return;
    }
    if let Err(error) = lay_in_browser(ctx, n, cdp, text).await {
        tracing::debug!(%error, "nothing was laid on the clipboard");
    }
}

/// A browser lets its clipboard be written by a page alone, so a page does it, on its own behalf as it seems. Of its
/// scripts only those that listen at the window already hear that something is copied, and none what it is.
async fn lay_in_browser(ctx: &Context, n: u32, cdp: &Cdp, text: &str) -> Result<(), CallError> {
    let frames = ctx.tabs.frames(n).map_err(|_| CallError::Detached)?;
    let main = frames.into_iter().next().ok_or(CallError::Detached)?;
    let document = Document::of(&main.id, cdp.clone()).await?;
    let params = json!({
        "executionContextId": document.context, "functionDeclaration": *inject::LAY,
        "arguments": [{ "value": text }], "userGesture": true, "returnByValue": true,
    });
    let answer = document.cdp.call_answer("Runtime.callFunctionOn", &params).await?;
    returned(answer.bytes()).map(drop)
}

/// The clipboard's script in one document.
struct Document {
    cdp: Cdp,
    context: i64,
}

/// What the script says of the focus.
#[derive(Deserialize)]
struct Look {
    /// It is in a frame inside this document.
    inside: bool,
    /// The page did something of its own about the key.
    kept: bool,
}

impl Document {
    /// The one that has the focus; none if its page kept the key.
    async fn focused(ctx: &Context, n: u32, cdp: &Cdp) -> Result<Option<Self>, CallError> {
        let frames = || ctx.tabs.frames(n).map_err(|_| CallError::Detached);
        let mut frame = frames()?.into_iter().next().ok_or(CallError::Detached)?;
        for _ in 0..DEPTH {
            let session = frame.cdp.session().ok_or(CallError::Detached)?;
            let document = Self::of(&frame.id, cdp.on_session(session)).await?;
            // A document of its own that is being made has no script yet, and no focus.
            let Some(look) = document.call::<Option<Look>>("look", json!([])).await? else {
                return Ok(None);
            };
            if !look.inside {
                return Ok((!look.kept).then_some(document));
            }
            let inner = document.focused_frame().await?;
            frame = frames()?.into_iter().find(|frame| frame.id == inner).ok_or(CallError::Detached)?;
        }
        Ok(None)
    }

    async fn of(frame: &str, cdp: Cdp) -> Result<Self, CallError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            execution_context_id: i64,
        }
        // The one that is there: worlds of one name are one world.
        let params = json!({ "frameId": frame, "worldName": CLIPBOARD_WORLD });
        let created: Created = cdp.call_answer("Page.createIsolatedWorld", &params).await?.decode()?;
        Ok(Self { cdp, context: created.execution_context_id })
    }

    async fn call_on(
        &self,
        function: &str,
        arguments: Value,
        by_value: bool,
    ) -> Result<bytes::Bytes, CallError> {
        let params = json!({
            "executionContextId": self.context,
            "functionDeclaration": format!("function (...args) {{ return globalThis.rookeryClipboard?.{function}(...args); }}"),
            "arguments": arguments,
            "returnByValue": by_value,
        });
        Ok(self.cdp.call_answer("Runtime.callFunctionOn", &params).await?.bytes().clone())
    }

    async fn call<T: DeserializeOwned>(&self, function: &str, arguments: Value) -> Result<T, CallError> {
        let answer = self.call_on(function, arguments, true).await?;
        let returned = returned(&answer)?;
        let value = returned.result.value.map_or("null", serde_json::value::RawValue::get);
        serde_json::from_str(value).map_err(|error| CallError::Decode(error.to_string()))
    }

    /// The id of the frame that has the focus in this document.
    async fn focused_frame(&self) -> Result<String, CallError> {
        #[derive(Deserialize)]
        struct Described {
            node: Node,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Node {
            frame_id: Option<String>,
        }
        let answer = self.call_on("frame", json!([]), false).await?;
        let object = returned(&answer)?.result.object_id.ok_or(CallError::Detached)?;
        let described: Described =
            self.cdp.call_answer("DOM.describeNode", &json!({ "objectId": object })).await?.decode()?;
        described.node.frame_id.ok_or(CallError::Detached)
    }
}

fn returned(answer: &[u8]) -> Result<Returned<'_>, CallError> {
    let returned = Returned::of(answer).map_err(|error| CallError::Decode(error.detail))?;
    match &returned.exception_details {
        Some(thrown) => Err(CallError::Decode(thrown.first_line())),
        None => Ok(returned),
    }
}

#[cfg(test)]
mod tests {
    use super::super::keymap::of_name;
    use super::*;

    #[test]
    fn keys_of_the_clipboard_are_known_and_kept_from_the_browser() {
        let (control, shift, alt) = (bit(Modifier::Control), bit(Modifier::Shift), bit(Modifier::Alt));
        for (name, modifiers, edit, guarded) in [
            ("c", control, Some(Edit::Copy), true),
            ("KeyX", control, Some(Edit::Cut), true),
            ("V", control, Some(Edit::Paste), true),
            ("v", control | shift, Some(Edit::PastePlain), true),
            ("Insert", control, Some(Edit::Copy), true),
            ("Insert", shift, Some(Edit::Paste), true),
            ("Delete", shift, Some(Edit::Cut), true),
            ("v", control | alt, None, true),
            ("Delete", 0, None, false),
            ("v", 0, None, false),
            ("V", shift, None, false),
            ("a", control, None, false),
        ] {
            let key = of_name(name).unwrap();
            let mut event = json!({ "commands": ["selectAll"] });
            guard(&mut event, &key, modifiers);
            assert_eq!(of_key(&key, modifiers), edit, "{name}");
            assert_eq!(event["commands"] == json!([NOTHING]), guarded, "{name}");
        }
        assert_eq!(of_name("Paste"), None, "a key that no keyboard here has");
    }
}
