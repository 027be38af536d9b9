//! The task behind [`super::Tabs`]: feeds the tracker and performs its effects.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;

use super::event::Event;
use super::input::{Input, TargetInfo, read};
use super::setup;
use super::tabs::Inner;
use super::tracker::Effect;
use super::worker;
use crate::cdp::{self, CallError, Cdp, Events};

/// How long a page may take to say its title.
const DOCUMENT: Duration = Duration::from_millis(400);

/// Requests that were answered with credentials; asked again, they were the wrong ones.
const REMEMBERED_CHALLENGES: usize = 1024;

pub(super) async fn drive(inner: Arc<Inner>, mut events: Events) {
    let mut tasks = JoinSet::new();
    let mut challenged = HashSet::new();
    let mut dropped = 0;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) if event.method().starts_with("Fetch.") => {
                    answer_fetch(&inner, &event, &mut challenged).await;
                }
                Some(event) => {
                    if let Some(input) = read(&event) {
                        let guid = download(&input);
                        // Looked up before and after: the first report begins it, the last one ends it.
                        let before = guid.as_deref().and_then(|guid| inner.tracker().downloads.context(guid));
                        step(&inner, &mut tasks, input).await;
                        if let Some(guid) = guid {
                            let context = inner.tracker().downloads.context(&guid).or(before);
                            tell_clients(&inner, &event, context);
                        }
                    }
                }
                None => break,
            },
            input = inner.next_input() => match input {
                Some(input) => step(&inner, &mut tasks, input).await,
                None => break,
            },
            Some(_) = tasks.join_next() => {}
        }
        if events.dropped() != dropped {
            dropped = events.dropped();
            tracing::warn!(dropped, "a page reports more than can be followed");
        }
    }
}

async fn step(inner: &Arc<Inner>, tasks: &mut JoinSet<()>, input: Input) {
    let effects = inner.tracker().apply(input);
    inner.changed.send_modify(|version| *version += 1);
    for effect in effects {
        match effect {
            Effect::SetUp { session, page, own } => {
                tasks.spawn(setup::set_up(inner.clone(), session, page, own));
            }
            Effect::SetUpWorker { session, script, own } => {
                tasks.spawn(worker::set_up(inner.clone(), session, script, own));
            }
            Effect::Release { session } => inner.root.on_session(&session).resume(),
            Effect::AskTitle { target } => {
                let asked = ask_title(inner.clone(), target);
                // It fails when the tab is closed, and then there is no title to know.
                tasks.spawn(async move { drop(asked.await) });
            }
            Effect::Committed { url } => {
                let gone = inner.seeds.lock().unwrap_or_else(PoisonError::into_inner).sprout(&url);
                for (session, identifier) in gone {
                    let cdp = inner.root.on_session(&session);
                    let params = json!({ "identifier": identifier });
                    tasks.spawn(async move {
                        let _ = cdp.call_answer("Page.removeScriptToEvaluateOnNewDocument", &params).await;
                    });
                }
            }
            Effect::Emit(event) => emit(inner, event).await,
        }
    }
}

/// The download that an input is about.
fn download(input: &Input) -> Option<String> {
    if let Input::DownloadBegins(begins) = input {
        return Some(begins.guid.clone());
    }
    if let Input::DownloadMoves(moves) = input { Some(moves.guid.clone()) } else { None }
}

/// Clients hear of downloads from here, for where these go is not theirs to say. Where the file lies is not told.
fn tell_clients(inner: &Inner, event: &cdp::Event, context: Option<Option<String>>) {
    let Some(context) = context else { return };
    let Ok(mut params) = serde_json::from_slice::<serde_json::Value>(event.params()) else { return };
    if let Some(params) = params.as_object_mut() {
        params.remove("filePath");
    }
    inner.root.tell_download(context.as_deref(), event.method(), params.to_string().as_bytes());
}

/// Notes give way to what the owner must know: they only get the first half of the channel.
async fn emit(inner: &Inner, event: Event) {
    use std::sync::atomic::Ordering::Relaxed;
    let is_note = matches!(event, Event::Note { .. });
    if is_note {
        if inner.events.capacity() < inner.events.max_capacity() / 2 {
            inner.notes_dropped.fetch_add(1, Relaxed);
            return;
        }
        let count = inner.notes_dropped.swap(0, Relaxed);
        if count > 0 {
            let _ = inner.events.send(Event::NotesDropped { count }).await;
        }
    }
    // An owner that no longer listens needs no events.
    let _ = inner.events.send(event).await;
}

/// The title of what a target shows now, for the caller and for the tracker.
pub(super) async fn ask_title(inner: Arc<Inner>, target: String) -> Result<String, CallError> {
    let session = inner.tracker().tab_of_target(&target).map(|tab| tab.session.clone());
    let own = match session {
        Some(session) => document_title(&inner.root.on_session(&session).with_timeout(DOCUMENT)).await,
        None => None,
    };
    let title = match own {
        Some(title) => title,
        None => target_title(&inner, &target).await?,
    };
    inner.feed(Input::Titled { target, title: title.clone() }).await;
    Ok(title)
}

/// As the page itself knows it. None while it does not answer.
async fn document_title(page: &Cdp) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        result: Title,
    }
    #[derive(Deserialize)]
    struct Title {
        value: String,
    }
    let params = json!({ "expression": "document.title", "returnByValue": true });
    let answer = page.call_answer("Runtime.evaluate", &params).await.ok()?;
    Some(answer.decode::<Answer>().ok()?.result.value)
}

/// As the browser knows it, which hears of a page's title some time after the page has it.
async fn target_title(inner: &Inner, target: &str) -> Result<String, CallError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        target_info: TargetInfo,
    }
    let params = json!({ "targetId": target });
    let answer: Answer = inner.root.call_answer("Target.getTargetInfo", &params).await?.decode()?;
    Ok(answer.target_info.shown_title().to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paused {
    request_id: String,
    auth_challenge: Option<Challenge>,
    request: Option<Request>,
}

#[derive(Deserialize)]
struct Request {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Challenge {
    source: Option<String>,
    origin: String,
}

/// Requests only pause where credentials are set, and the scripts of service workers; all but those and challenges
/// go on as they are.
async fn answer_fetch(inner: &Arc<Inner>, event: &cdp::Event, challenged: &mut HashSet<String>) {
    let (Some(session), Some(paused)) = (event.session(), event.decode::<Paused>()) else { return };
    let cdp = inner.root.on_session(session);
    let Some(challenge) = paused.auth_challenge else {
        let mut params = json!({ "requestId": paused.request_id });
        let is_script = |request: &Request| {
            inner.tracker().worker_script(session).is_some_and(|script| script == request.url)
        };
        if let Some(request) = paused.request.filter(is_script) {
            let emulation = inner.emulation.read().await;
            params["headers"] = worker::script_headers(&emulation, &request.headers);
        }
        cdp.notify_raw("Fetch.continueRequest", &params);
        return;
    };
    if challenged.len() >= REMEMBERED_CHALLENGES {
        challenged.clear();
    }
    let first = challenged.insert(paused.request_id.clone());
    let emulation = inner.emulation.read().await;
    let fits = |origin: &Option<String>| {
        let same = |a: &str, b: &str| match (url::Url::parse(a), url::Url::parse(b)) {
            (Ok(a), Ok(b)) => a.origin() == b.origin(),
            (Ok(_) | Err(_), _) => false,
        };
        origin.as_ref().is_none_or(|origin| same(origin, &challenge.origin))
    };
    let credentials = emulation.http_credentials.as_ref().filter(|credentials| {
        first && fits(&credentials.origin) && challenge.source.as_deref() != Some("Proxy")
    });
    let response = match credentials {
        Some(credentials) => json!({
            "response": "ProvideCredentials",
            "username": credentials.username, "password": credentials.password,
        }),
        None => json!({ "response": "CancelAuth" }),
    };
    let params = json!({ "requestId": paused.request_id, "authChallengeResponse": response });
    cdp.notify_raw("Fetch.continueWithAuth", &params);
}
