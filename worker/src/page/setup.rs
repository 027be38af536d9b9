//! Bringing a new session of a target into order, before its first script runs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::emulation::{ADD_SCRIPT, ApplyError, Emulation, Step, script_params, storage_script};
use super::input::{FrameInput, Input, frames};
use super::tabs::Inner;
use crate::cdp::{CallError, Cdp, SessionId};

/// How long the calls of one round may take. Their answers come at once unless a dialog is open.
pub(super) const ROUND: Duration = Duration::from_secs(10);

/// Local storage that waits for its origins to be visited.
#[derive(Default)]
pub(super) struct Seeds {
    scripts: HashMap<String, String>,
    /// The scripts installed in each session, by origin.
    installed: HashMap<SessionId, Vec<(String, String)>>,
}

/// What a new session of a page, or of a frame in its own process, is told first.
fn basics(network: bool) -> Vec<Step> {
    let step = |method, params| Step { method, params, field: "session" };
    let mut steps = vec![
        step("Page.enable", json!({})),
        step("Page.setLifecycleEventsEnabled", json!({ "enabled": true })),
        step("Runtime.enable", json!({})),
        step("Inspector.enable", json!({})),
        step("Target.setAutoAttach", attach_all()),
    ];
    if network {
        steps.push(step("Network.enable", json!({})));
    }
    steps
}

/// Frames in other processes, and workers. All kinds there are: one that is filtered out waits all the same, and
/// nobody is told that it must be let go.
pub(super) fn attach_all() -> Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}

/// Sets a session up in one round of pipelined calls and lets its target run.
pub(super) async fn set_up(inner: Arc<Inner>, session: SessionId, page: bool, own: bool) {
    let emulation = inner.emulation.read().await;
    let cdp = inner.root.on_session(&session).with_timeout(ROUND);
    let mut steps = basics(inner.network.load(std::sync::atomic::Ordering::Relaxed));
    if let Some(clipboard) = &inner.clipboard {
        // In front of the session's own scripts, so that they find it in place.
        steps.extend(clipboard.steps());
        clipboard.follow(&cdp);
    }
    let agent = &inner.user_agent;
    let mut seeds = HashMap::new();
    if own {
        steps.extend(if page {
            emulation.page_steps(None, agent)
        } else {
            emulation.frame_steps(None, agent)
        });
        seeds.clone_from(&inner.seeds.lock().unwrap_or_else(PoisonError::into_inner).scripts);
    }
    // The futures are polled in this order, so this is the order on the pipe; the resume comes last.
    let configure = join_all(steps.iter().map(|step| cdp.call_answer(step.method, &step.params)));
    let seed = install_seeds(&inner, &cdp, &session, seeds);
    let hand = inner.hand.arrange(&inner, &session);
    let tree = cdp.call_answer("Page.getFrameTree", &Value::Null);
    let resume = async { cdp.resume() };
    let (outcomes, (), (), tree, ()) = tokio::join!(biased; configure, seed, hand, tree, resume);
    for (step, outcome) in steps.iter().zip(outcomes) {
        if let Err(error) = outcome
            && !error.is_gone()
        {
            // A frame shares with its page what was set there already, and Chromium says so by an error.
            tracing::debug!(method = step.method, %error, "not applied to a new page");
        }
    }
    if let Some(frames) = tree.ok().and_then(|answer| frames(answer.bytes())) {
        inner.feed(Input::Frame(FrameInput::Found { session: session.clone(), frames })).await;
    }
    inner.feed(Input::Ready { session }).await;
}

async fn install_seeds(inner: &Inner, cdp: &Cdp, session: &SessionId, seeds: HashMap<String, String>) {
    #[derive(serde::Deserialize)]
    struct Added {
        identifier: String,
    }
    let added = join_all(seeds.into_iter().map(async |(origin, script)| {
        let answer = cdp.call_answer(ADD_SCRIPT, &script_params(&script)).await.ok()?;
        Some((origin, answer.decode::<Added>().ok()?.identifier))
    }));
    let added: Vec<(String, String)> = added.await.into_iter().flatten().collect();
    if !added.is_empty() {
        let mut seeds = inner.seeds.lock().unwrap_or_else(PoisonError::into_inner);
        seeds.installed.entry(session.clone()).or_default().extend(added);
    }
}

impl Seeds {
    fn plant(seeds: &Mutex<Self>, emulation: &Emulation) -> HashMap<String, String> {
        let scripts: HashMap<String, String> =
            emulation.storage_state.origins.iter().filter_map(storage_script).collect();
        seeds.lock().unwrap_or_else(PoisonError::into_inner).scripts.extend(scripts.clone());
        scripts
    }

    /// A document of this origin was there: from now on its storage is the page's own. Gives the scripts that
    /// must go.
    pub fn sprout(&mut self, url: &str) -> Vec<(SessionId, String)> {
        if self.scripts.is_empty() {
            return Vec::new();
        }
        let Ok(url) = url::Url::parse(url) else { return Vec::new() };
        let origin = url.origin().ascii_serialization();
        if self.scripts.remove(&origin).is_none() {
            return Vec::new();
        }
        let mut gone = Vec::new();
        for (session, scripts) in &mut self.installed {
            scripts.retain(|(of, identifier)| {
                let goes = *of == origin;
                if goes {
                    gone.push((session.clone(), identifier.clone()));
                }
                !goes
            });
        }
        gone
    }
}

/// Sets everything once more that takes being set twice. What a page refuses for being in effect is in effect.
pub(super) async fn assert_again(inner: &Inner) {
    let emulation = inner.emulation.read().await;
    let mut calls: Vec<(Cdp, Step)> = Vec::new();
    for (session, page) in inner.tracker().sessions() {
        let cdp = inner.root.on_session(&session).with_timeout(ROUND);
        let steps = match page {
            true => emulation.page_steps(None, &inner.user_agent),
            false => emulation.frame_steps(None, &inner.user_agent),
        };
        // A script that was added twice would run twice.
        let steps = steps.into_iter().filter(|step| step.method != ADD_SCRIPT);
        calls.extend(steps.map(|step| (cdp.clone(), step)));
    }
    let asserting = join_all(calls.iter().map(|(cdp, step)| cdp.call_answer(step.method, &step.params)));
    for ((_, step), outcome) in calls.iter().zip(asserting.await) {
        if let Err(error) = outcome
            && !error.is_gone()
        {
            tracing::debug!(method = step.method, %error, "not asserted again");
        }
    }
}

/// Brings all sessions from one emulation to the next: what differs, in one round.
pub(super) async fn apply(inner: &Inner, wish: Emulation) -> Result<(), ApplyError> {
    let mut current = inner.emulation.write().await;
    let before = current.clone();
    if let Some(clipboard) = &inner.clipboard {
        clipboard.allow(&wish.permissions);
    }
    let mut calls: Vec<(Cdp, Step)> = Vec::new();
    for step in wish.browser_steps(Some(&before), inner.context_id().as_deref())? {
        calls.push((inner.root.clone(), step));
    }
    let sessions = inner.tracker().sessions();
    for (session, page) in &sessions {
        let cdp = inner.root.on_session(session).with_timeout(ROUND);
        let own = &inner.user_agent;
        let steps = match page {
            true => wish.page_steps(Some(&before), own),
            false => wish.frame_steps(Some(&before), own),
        };
        calls.extend(steps.into_iter().map(|step| (cdp.clone(), step)));
    }
    let scripts = Seeds::plant(&inner.seeds, &wish);
    let seeding = join_all(sessions.iter().map(async |(session, _)| {
        let cdp = inner.root.on_session(session).with_timeout(ROUND);
        install_seeds(inner, &cdp, session, scripts.clone()).await;
    }));
    let pages: HashSet<SessionId> =
        sessions.iter().filter(|(_, page)| *page).map(|(session, _)| session.clone()).collect();
    let applying = join_all(calls.iter().map(|(cdp, step)| cdp.call_answer(step.method, &step.params)));
    let (outcomes, _) = tokio::join!(applying, seeding);
    *current = wish;
    for ((cdp, step), outcome) in calls.iter().zip(outcomes) {
        let matters = cdp.session().is_none_or(|session| pages.contains(session));
        match outcome {
            Err(reason) if matters && reason != CallError::Detached => {
                return Err(ApplyError { field: step.field, reason });
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}
