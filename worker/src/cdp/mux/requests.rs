//! What clients ask for, and what becomes of it.

use std::sync::Arc;
use std::time::Instant;

use bus_schema::{ErrorCode, model::validate};
use bytes::Bytes;
use serde_json::{Value, json};

use super::message::{self, INVALID_PARAMS, NO_SESSION, NOT_FOUND, REFUSED, Request, Unreadable};
use super::own::{self, Dialect, Own};
use super::spare::Spare;
use super::{Look, Mux, Out, RESUME, Wait};
use crate::cdp::MAX_OUTBOUND;
use crate::cdp::gate::{self, Class, Method, Params, Role};
use crate::cdp::route::{ClientId, WORKER};

/// What is left to do about a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Done,
    /// It acted on this target.
    Touched(Arc<str>),
    /// It asked for a blank page, such as may be there already.
    Blank,
    /// It names files: they are to be found, and the message handed back by [`Mux::named`].
    Name(Naming),
    /// It is not for the browser.
    Own(OwnCall),
    /// It ends the session.
    End,
    /// The page is gone that this is a client of.
    Gone,
    /// This client does not speak the protocol.
    Noise,
}

/// A message that is not for the browser, and what its answer needs.
#[derive(Debug, PartialEq, Eq)]
pub struct OwnCall {
    pub dialect: Dialect,
    pub own: Own,
    id: i64,
    pub session: Option<String>,
}

impl OwnCall {
    pub fn answer(&self, result: &Value) -> Bytes {
        message::answer(self.id, "result", result.to_string().as_bytes(), self.session.as_deref())
    }

    pub fn refusal(&self, why: &str) -> Bytes {
        message::refusal(Some(self.id), REFUSED, why, self.session.as_deref())
    }
}

/// A message that names files of the client's.
#[derive(Debug, PartialEq, Eq)]
pub struct Naming {
    pub names: Vec<String>,
    text: Bytes,
}

type Refusal = (i64, String);

fn refusal<T>(code: i64, why: impl Into<String>) -> Result<T, Refusal> {
    Err((code, why.into()))
}

impl<W> Mux<W> {
    /// Takes a message of a client.
    pub fn request(&mut self, client: ClientId, text: &Bytes, now: Instant) -> Step {
        self.take(client, text, now, None)
    }

    /// Takes one whose files were looked for: where each of them lies, or why not.
    pub fn named(
        &mut self,
        client: ClientId,
        naming: &Naming,
        found: Result<Vec<String>, String>,
        now: Instant,
    ) {
        match found {
            Ok(paths) => drop(self.take(client, &naming.text, now, Some(paths))),
            Err(why) => self.refuse_message(client, &naming.text, &why),
        }
    }

    fn take(&mut self, client: ClientId, text: &Bytes, now: Instant, paths: Option<Vec<String>>) -> Step {
        let request = match message::read(text) {
            Ok(request) => request,
            Err(Unreadable::Noise) => return Step::Noise,
            Err(Unreadable::Refused { id, why }) => {
                self.tell(client, message::refusal(id, message::INVALID_REQUEST, why, None));
                return Step::Done;
            }
        };
        match self.judge(client, &request, text, now, paths) {
            Ok(step) => step,
            Err((code, why)) => {
                let refused = message::refusal(Some(request.id), code, &why, request.session.as_deref());
                self.tell(client, refused);
                Step::Done
            }
        }
    }

    fn judge(
        &mut self,
        client: ClientId,
        request: &Request<'_>,
        text: &Bytes,
        now: Instant,
        paths: Option<Vec<String>>,
    ) -> Result<Step, Refusal> {
        let session = request.session.as_deref();
        if session.is_some_and(|session| self.table.owner(session) != Some(client)) {
            return refusal(NO_SESSION, "Session with given id not found.");
        }
        if let Some(own) = own::read(&request.method, request.params) {
            let (dialect, own) = own.map_err(|why| (INVALID_PARAMS, why))?;
            let session = session.map(str::to_owned);
            return Ok(Step::Own(OwnCall { dialect, own, id: request.id, session }));
        }
        let Some(method) = gate::method(&request.method) else {
            return refusal(NOT_FOUND, format!("'{}' wasn't found", shortened(&request.method)));
        };
        match method.class {
            Class::Refused => return refusal(NOT_FOUND, format!("'{}' is not offered here", method.name)),
            Class::Browser => {
                self.tell(client, message::answer(request.id, "result", b"{}", session));
                return Ok(Step::End);
            }
            Class::Input | Class::Change if self.person_drives => {
                if self.held.hold(client, text.clone(), now) {
                    return Ok(Step::Done);
                }
                return refusal(REFUSED, "A person drives this session, and too much is waiting already");
            }
            Class::Read | Class::Input | Class::Change => {}
        }
        if !method.roles.is_empty() {
            let params = Params::read(request.params).map_err(invalid)?;
            return self.look_into(client, request, text, method, &params, paths);
        }
        self.perform(client, request, method)
    }

    /// A method with parameters that are not let through unseen.
    fn look_into(
        &mut self,
        client: ClientId,
        request: &Request<'_>,
        text: &Bytes,
        method: &'static Method,
        params: &Params<'_>,
        paths: Option<Vec<String>>,
    ) -> Result<Step, Refusal> {
        let mut params_now = None;
        for (role, name) in &method.roles {
            match role {
                Role::Url => params_now = judged_url(method, name, params)?,
                Role::Context => self.check_context(client, method, params.get(name).map_err(invalid)?)?,
                Role::Target => {
                    let target: Option<String> = params.get(name).map_err(invalid)?;
                    if target.is_some_and(|target| !self.contexts.sees_target(client, &target)) {
                        return refusal(INVALID_PARAMS, "No target with given id found");
                    }
                }
                Role::Session => {
                    let session: Option<String> = params.get(name).map_err(invalid)?;
                    if session.is_some_and(|session| self.table.owner(&session) != Some(client)) {
                        return refusal(INVALID_PARAMS, "No session with given id");
                    }
                }
                Role::Path if method.name.ends_with(".setDownloadBehavior") => {
                    return self.on_download_behavior(client, request, method, params);
                }
                Role::Path => match (names(method, name, params)?, &paths) {
                    (None, _) => {}
                    (Some(names), None) => return Ok(Step::Name(Naming { names, text: text.clone() })),
                    (Some(_), Some(paths)) => params_now = Some(with_paths(method, name, params, paths)?),
                },
            }
        }
        if method.name == "Target.attachToTarget"
            && params.get::<bool>("flatten").map_err(invalid)? != Some(true)
        {
            return refusal(INVALID_PARAMS, "Only sessions with `flatten: true` are offered here");
        }
        match params_now {
            Some(params) => self.perform(client, &Request { params: &params, ..borrowed(request) }, method),
            None => self.perform(client, request, method),
        }
    }

    fn check_context(
        &self,
        client: ClientId,
        method: &Method,
        context: Option<String>,
    ) -> Result<(), Refusal> {
        let Some(context) = context else { return Ok(()) };
        let allowed = match method.name {
            "Target.disposeBrowserContext" => self.contexts.is_own(client, &context),
            _ => self.contexts.sees_context(client, &context),
        };
        if allowed {
            Ok(())
        } else {
            refusal(REFUSED, format!("Failed to find context with id {}", shortened(&context)))
        }
    }

    /// Does what is asked: passes it on, or what is the multiplexer's own to do.
    fn perform(&mut self, client: ClientId, request: &Request<'_>, method: &Method) -> Result<Step, Refusal> {
        let mut look = Look::Nothing;
        match method.name {
            RESUME => {
                if let Some(session) = self.session_of(client, request) {
                    let target = self.waiting.asked(&session);
                    self.look_at(target);
                }
                self.tell(client, message::answer(request.id, "result", b"{}", request.session.as_deref()));
                return Ok(Step::Done);
            }
            "Target.getTargets" => look = Look::Targets,
            "Target.getBrowserContexts" => look = Look::Contexts,
            "Target.createBrowserContext" => return self.on_new_context(client, request),
            "Target.setAutoAttach" => {
                must_be_flat(request.params)?;
                self.note_attaching(client, request);
            }
            "Target.setDiscoverTargets" => self.note_discovering(client, request),
            "Target.createTarget" if Spare::is_blank(request.params) => {
                if !self.hand_out(client, request) {
                    self.pass_on(client, request, request.params, look)?;
                }
                return Ok(Step::Blank);
            }
            "Fetch.enable" | "Fetch.disable" | "Page.enable" | "Page.disable" => self.note(client, request),
            _ => {}
        }
        self.pass_on(client, request, request.params, look)?;
        Ok(self.touched(client, request, method))
    }

    /// Gives a client the page that is there; `false`: there is none.
    fn hand_out(&mut self, client: ClientId, request: &Request<'_>) -> bool {
        let Some((target, told)) = self.spare.take(request.params) else { return false };
        self.out.extend(told.into_iter().map(Out::Again));
        let made = json!({ "targetId": &*target }).to_string();
        self.tell(client, message::answer(request.id, "result", made.as_bytes(), request.session.as_deref()));
        true
    }

    /// Whether new pages wait for a client.
    fn note_attaching(&mut self, client: ClientId, request: &Request<'_>) {
        let root = self.table.root(client).filter(|_| request.session.is_none());
        let (Some(root), Ok(params)) = (root, Params::read(request.params)) else { return };
        let is_true = |name| params.get::<bool>(name).ok().flatten().unwrap_or(false);
        self.spare.attaches(root, is_true("autoAttach") && is_true("waitForDebuggerOnStart"));
    }

    fn note_discovering(&mut self, client: ClientId, request: &Request<'_>) {
        let root = self.table.root(client).filter(|_| request.session.is_none());
        let (Some(root), Ok(params)) = (root, Params::read(request.params)) else { return };
        if params.get::<bool>("discover").ok().flatten() == Some(false) {
            self.spare.hears_no_more(&root);
        }
    }

    fn pass_on(
        &mut self,
        client: ClientId,
        request: &Request<'_>,
        params: &[u8],
        look: Look,
    ) -> Result<(), Refusal> {
        if params.len() > MAX_OUTBOUND {
            return refusal(REFUSED, "This message is larger than the browser takes");
        }
        let call = self
            .table
            .call(client, request.id, request.session.as_deref(), Wait::Client(look))
            .map_err(|_| (NO_SESSION, "Session with given id not found.".to_owned()))?;
        self.write(&call, &request.method, params);
        Ok(())
    }

    /// Whose page somebody acts on comes to the front.
    fn touched(&self, client: ClientId, request: &Request<'_>, method: &Method) -> Step {
        let acts = method.class == Class::Input
            || matches!(method.name, "Page.navigate" | "Page.reload" | "Page.bringToFront");
        let target =
            self.session_of(client, request).filter(|_| acts).and_then(|session| self.table.target(&session));
        match target {
            Some(target) => Step::Touched(target),
            None => Step::Done,
        }
    }

    /// Notes what has to be undone, or counted with, when this client goes.
    fn note(&mut self, client: ClientId, request: &Request<'_>) {
        let session = self.session_of(client, request).unwrap_or_else(|| "".into());
        let Some(state) = self.clients.get_mut(&client) else { return };
        match &*request.method {
            "Fetch.enable" => drop(state.intercepts.insert(session)),
            "Fetch.disable" => drop(state.intercepts.remove(&session)),
            "Page.enable" => drop(state.pages.insert(session)),
            _ => drop(state.pages.remove(&session)),
        }
    }

    /// A context of a client's lives until the client is gone for good, and has the session's proxy.
    fn on_new_context(&mut self, client: ClientId, request: &Request<'_>) -> Result<Step, Refusal> {
        let params = Params::read(request.params).map_err(invalid)?;
        if params.has("proxyServer") || params.has("proxyBypassList") {
            let why = "A proxy is the session's: it is given when that is created, as `proxy.server`";
            return refusal(INVALID_PARAMS, why);
        }
        let params = params.with("disposeOnDetach", &Value::Bool(false));
        self.pass_on(client, request, &params, Look::NewContext)?;
        Ok(Step::Done)
    }

    /// Where downloads go is the worker's; what a client gets of it is the news.
    fn on_download_behavior(
        &mut self,
        client: ClientId,
        request: &Request<'_>,
        method: &Method,
        params: &Params<'_>,
    ) -> Result<Step, Refusal> {
        if method.name == "Browser.setDownloadBehavior" {
            let context: Option<String> = params.get("browserContextId").map_err(invalid)?;
            let wants_events = params.get::<bool>("eventsEnabled").map_err(invalid)?.unwrap_or(false);
            let behavior: String = params.get("behavior").map_err(invalid)?.unwrap_or_default();
            if let Some(context) = &context {
                let denies = behavior == "deny";
                self.set_downloads(context, if denies { "deny" } else { "allowAndName" });
            }
            if let Some(state) = self.clients.get_mut(&client) {
                match wants_events {
                    true => {
                        drop(state.downloads.insert(context, request.session.as_deref().map(str::to_owned)));
                    }
                    false => drop(state.downloads.remove(&context)),
                }
            }
        }
        self.tell(client, message::answer(request.id, "result", b"{}", request.session.as_deref()));
        Ok(Step::Done)
    }

    /// Has the browser keep the downloads of a context that a client made with those of the session.
    pub(super) fn set_downloads(&mut self, context: &str, behavior: &str) {
        let Some(directory) = &self.downloads else { return };
        let is_made = self.clients.keys().any(|client| self.contexts.is_own(*client, context));
        if !is_made {
            return;
        }
        let mut params = json!({ "behavior": behavior, "browserContextId": context, "eventsEnabled": true });
        if behavior != "deny" {
            params["downloadPath"] = directory.as_str().into();
        }
        self.notice(None, "Browser.setDownloadBehavior", params.to_string().as_bytes());
    }

    fn tell(&mut self, client: ClientId, text: Bytes) {
        if client != WORKER {
            self.out.push(Out::Client(client, text));
        }
    }

    /// Answers a message that was held or whose files are not there.
    pub(super) fn refuse_message(&mut self, client: ClientId, text: &[u8], why: &str) {
        if let Ok(request) = message::read(text) {
            let refused = message::refusal(Some(request.id), REFUSED, why, request.session.as_deref());
            self.tell(client, refused);
        }
    }
}

fn borrowed<'a>(request: &'a Request<'_>) -> Request<'a> {
    Request {
        id: request.id,
        method: request.method.as_ref().into(),
        session: request.session.as_deref().map(Into::into),
        params: request.params,
    }
}

fn invalid(error: serde_json::Error) -> Refusal {
    (INVALID_PARAMS, format!("Invalid parameters: {error}"))
}

/// What comes from a client and is said again is bounded.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The browser is given what was judged, not what it could be read as. `None`: no address is given.
fn judged_url(method: &Method, name: &str, params: &Params<'_>) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(given) = params.get::<String>(name).map_err(invalid)? else { return Ok(None) };
    if given.is_empty() && method.name == "Target.createTarget" {
        return Ok(None);
    }
    match validate::url(name, &given) {
        Ok(url) => Ok(Some(params.with(name, &Value::from(url.as_str())))),
        Err(error) if error.code == ErrorCode::Forbidden => refusal(REFUSED, error.detail),
        Err(_) => refusal(REFUSED, "Cannot navigate to invalid URL"),
    }
}

fn must_be_flat(params: &[u8]) -> Result<(), Refusal> {
    let params = Params::read(params).map_err(invalid)?;
    let get = |name| params.get::<bool>(name).map_err(invalid);
    if get("autoAttach")? == Some(true) && get("flatten")? != Some(true) {
        return refusal(INVALID_PARAMS, "Only sessions with `flatten: true` are offered here");
    }
    Ok(())
}

/// The files that a message names; `None`: it names none.
fn names(method: &Method, name: &str, params: &Params<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let names: Vec<String> = match method.name {
        "DOM.setFileInputFiles" => params.get(name).map_err(invalid)?.unwrap_or_default(),
        _ => {
            let data: Value = params.get(name).map_err(invalid)?.unwrap_or_default();
            serde_json::from_value(data.get("files").cloned().unwrap_or_else(|| json!([])))
                .map_err(invalid)?
        }
    };
    Ok((!names.is_empty()).then_some(names))
}

fn with_paths(
    method: &Method,
    name: &str,
    params: &Params<'_>,
    paths: &[String],
) -> Result<Vec<u8>, Refusal> {
    if method.name == "DOM.setFileInputFiles" {
        return Ok(params.with(name, &json!(paths)));
    }
    let mut data: Value = params.get(name).map_err(invalid)?.unwrap_or_default();
    data["files"] = json!(paths);
    Ok(params.with(name, &data))
}
