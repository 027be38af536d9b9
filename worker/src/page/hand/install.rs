//! Bringing the script into the documents of a session, and taking it away.

use futures::future::join_all;
use serde::Deserialize;
use serde_json::json;

use super::super::emulation::{ADD_SCRIPT, script_params};
use super::super::tabs::Inner;
use super::{HEARD, Hand, WORLD};
use crate::cdp::{Answer, CallError, Cdp};
use crate::inject;

const REMOVE_SCRIPT: &str = "Page.removeScriptToEvaluateOnNewDocument";
pub(crate) const INTERCEPT: &str = "Page.setInterceptFileChooserDialog";

/// What one session has of it.
#[derive(Default)]
pub(super) struct Installed {
    is_on: bool,
    is_heard: bool,
    scripts: Vec<String>,
}

#[derive(Deserialize)]
struct Added {
    identifier: String,
}

impl Installed {
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    pub async fn begin(&mut self, hand: &Hand, inner: &Inner, cdp: &Cdp) {
        self.is_on = true;
        if !std::mem::replace(&mut self.is_heard, true) {
            cdp.subscribe(&hand.sink, HEARD);
        }
        let (channel, binding) = (json!(hand.channel), json!(hand.binding));
        // In a shared browser the session's own clipboard knows what is copied.
        let copies = inner.clipboard.is_none();
        let mut own = script_params(&format!("{}({channel}, {binding}, {copies})", *inject::HAND));
        own["worldName"] = WORLD.into();
        let mut scripts = vec![own];
        if copies {
            scripts.push(script_params(&format!("{}({channel})", *inject::HAND_PAGE)));
        }
        for script in &mut scripts {
            script["runImmediately"] = true.into();
        }
        let bind = json!({ "name": hand.binding, "executionContextName": WORLD });
        let intercept = json!({ "enabled": true });
        // Polled in this order, so that the script finds its binding.
        let (bound, added, intercepted) = tokio::join!(
            biased;
            cdp.call_answer("Runtime.addBinding", &bind),
            join_all(scripts.iter().map(|script| cdp.call_answer(ADD_SCRIPT, script))),
            cdp.call_answer(INTERCEPT, &intercept),
        );
        let added = added.into_iter().map(|answer| answer.and_then(|answer| answer.decode::<Added>()));
        for outcome in added {
            match outcome {
                Ok(added) => self.scripts.push(added.identifier),
                Err(error) => log(&error),
            }
        }
        [bound, intercepted].iter().filter_map(|outcome| outcome.as_ref().err()).for_each(log);
    }

    pub async fn end(&mut self, hand: &Hand, inner: &Inner, cdp: &Cdp) {
        self.is_on = false;
        let scripts: Vec<_> =
            self.scripts.drain(..).map(|identifier| json!({ "identifier": identifier })).collect();
        let intercept = json!({ "enabled": false });
        let (removed, intercepted) = tokio::join!(
            biased;
            join_all(scripts.iter().map(|script| cdp.call_answer(REMOVE_SCRIPT, script))),
            cdp.call_answer(INTERCEPT, &intercept),
        );
        let failed = |outcome: Result<Answer, CallError>| outcome.err();
        removed.into_iter().chain([intercepted]).filter_map(failed).for_each(|error| log(&error));
        let frames: Vec<String> = match cdp.session().and_then(|session| frames(inner, session)) {
            Some(frames) => frames,
            None => return,
        };
        join_all(frames.iter().map(|frame| end_in_frame(cdp, frame))).await;
        let unbind = json!({ "name": hand.binding });
        if let Err(error) = cdp.call_answer("Runtime.removeBinding", &unbind).await {
            log(&error);
        }
    }
}

/// The frames that a session speaks for.
fn frames(inner: &Inner, session: &str) -> Option<Vec<String>> {
    let tracker = inner.tracker();
    let tab = tracker.tab_of_session(session)?;
    let of_session = tab.frames.in_order().into_iter().filter(|frame| &*frame.session == session);
    Some(of_session.map(|frame| frame.id.clone()).collect())
}

async fn end_in_frame(cdp: &Cdp, frame: &str) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Created {
        execution_context_id: i64,
    }
    // The one that is there: worlds of one name are one world.
    let params = json!({ "frameId": frame, "worldName": WORLD });
    let created = cdp.call_answer("Page.createIsolatedWorld", &params).await;
    match created.and_then(|answer| answer.decode::<Created>()) {
        Ok(created) => end_document(cdp, created.execution_context_id),
        Err(error) => log(&error),
    }
}

/// Takes away what the script has brought into a document.
pub(super) fn end_document(cdp: &Cdp, context: i64) {
    let params = json!({ "contextId": context, "expression": "globalThis.rookeryHand?.end()" });
    cdp.notify_raw("Runtime.evaluate", &params);
}

fn log(error: &CallError) {
    if !error.is_gone() {
        tracing::debug!(%error, "a page is not as a person needs it");
    }
}
