//! Several sessions in one browser: a browser context for each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chromiumoxide_cdp::cdp::browser_protocol::target::{
    CreateBrowserContextParams, DisposeBrowserContextParams,
};
use serde::Deserialize;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::home::remove;
use super::process::Process;
use crate::cdp::{CallError, Cdp, Event, EventSink, Events, SessionId, channel};
use crate::page::{INTEREST, watch_targets};

const INBOX: usize = 8192;

/// A browser that several sessions of one tenant share.
pub struct SharedBrowser {
    process: Arc<Process>,
    routes: Arc<Mutex<Routes>>,
    _router: AbortOnDropHandle<()>,
}

/// Which context a target's events go to.
#[derive(Default)]
struct Routes {
    contexts: HashMap<String, EventSink>,
    sessions: HashMap<SessionId, String>,
}

/// One session's part of a shared browser. Dropping it closes its pages and forgets its cookies and storage.
pub struct Context {
    id: String,
    process: Arc<Process>,
    routes: Arc<Mutex<Routes>>,
    events: Option<Events>,
    user_agent: String,
}

impl SharedBrowser {
    pub async fn open(process: impl Into<Arc<Process>>) -> Result<Self, CallError> {
        let process = process.into();
        if !process.is_shared() {
            return Err(CallError::Decode("the browser was not started to be shared".to_owned()));
        }
        let routes: Arc<Mutex<Routes>> = Arc::default();
        let root = process.cdp().clone();
        let events = root.events(INTEREST, INBOX);
        let router = AbortOnDropHandle::new(tokio::spawn(route(root.clone(), events, routes.clone())));
        watch_targets(&root).await?;
        Ok(Self { process, routes, _router: router })
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// How many contexts it holds.
    pub fn len(&self) -> usize {
        lock(&self.routes).contexts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub async fn create_context(&self) -> Result<Context, CallError> {
        let created = self.process.cdp().call(CreateBrowserContextParams::default()).await?;
        let id = created.browser_context_id.inner().clone();
        let (sink, events) = channel(INBOX);
        lock(&self.routes).contexts.insert(id.clone(), sink);
        let user_agent = self.process.version().map(|version| version.user_agent.clone()).unwrap_or_default();
        let context = Context {
            id,
            process: self.process.clone(),
            routes: self.routes.clone(),
            events: Some(events),
            user_agent,
        };
        context.forbid_clipboard().await?;
        Ok(context)
    }
}

impl Context {
    /// The browser's clipboard is that of all contexts: no page may reach it through `navigator.clipboard`, ever.
    /// What a session may do there is judged where its own clipboard is kept.
    async fn forbid_clipboard(&self) -> Result<(), CallError> {
        let forbid = async |name: &str| {
            let params = json!({
                "permission": { "name": name }, "setting": "denied", "browserContextId": self.id,
            });
            self.root().call_answer("Browser.setPermission", &params).await
        };
        let (read, write) = tokio::join!(forbid("clipboard-read"), forbid("clipboard-write"));
        read.and(write).map(drop)
    }

    /// As Chromium names it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The root of the browser, which others share.
    pub fn root(&self) -> &Cdp {
        self.process.cdp()
    }

    pub(crate) fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// Chromium makes this directory with the first download.
    pub fn downloads(&self) -> PathBuf {
        self.process.downloads().join(&self.id)
    }

    /// The events of its targets; there is one taker.
    pub(crate) fn take_events(&mut self) -> Option<Events> {
        self.events.take()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut routes = lock(&self.routes);
        routes.contexts.remove(&self.id);
        routes.sessions.retain(|_, context| *context != self.id);
        drop(routes);
        self.root().notify(DisposeBrowserContextParams::new(self.id.clone()));
        remove(&self.downloads());
    }
}

fn lock(routes: &Mutex<Routes>) -> MutexGuard<'_, Routes> {
    routes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fields by which an event of the root is routed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    session_id: Option<String>,
    target_info: Option<Info>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    browser_context_id: Option<String>,
}

async fn route(root: Cdp, mut events: Events, routes: Arc<Mutex<Routes>>) {
    while let Some(event) = events.next().await {
        if event.method().starts_with("Browser.download") {
            // They name no context; each knows its own by the frame.
            lock(&routes).contexts.values().for_each(|sink| {
                sink.offer(&event);
            });
            continue;
        }
        if let Some(params) = event.decode::<Params>() {
            pass_on(&root, &routes, &event, params);
        }
    }
}

fn pass_on(root: &Cdp, routes: &Mutex<Routes>, event: &Event, params: Params) {
    let mut routes = lock(routes);
    let announced = params.target_info.and_then(|info| info.browser_context_id);
    let session: Option<SessionId> = params.session_id.map(Into::into);
    let context = announced.or_else(|| session.as_ref().and_then(|id| routes.sessions.get(id).cloned()));
    let Some((context, sink)) = context.and_then(|context| routes.contexts.get_key_value(&context)) else {
        // The first page of the browser, or one of a context that is being disposed of.
        if let (Some(session), "Target.attachedToTarget") = (session, event.method()) {
            root.on_session(&session).resume();
        }
        return;
    };
    let (context, sink) = (context.clone(), sink.clone());
    match (event.method(), session) {
        ("Target.attachedToTarget", Some(session)) => {
            // Before the context hears of it, so that it misses nothing.
            root.on_session(&session).subscribe_tree(&sink, INTEREST);
            routes.sessions.insert(session, context);
        }
        ("Target.detachedFromTarget", Some(session)) => {
            routes.sessions.remove(&session);
        }
        _ => {}
    }
    sink.offer(event);
}
