//! The clipboard of a session that shares its browser.
//!
//! A browser has one clipboard for all its contexts. In a shared one no page ever reads it: the permission is denied
//! for each context, what would let a script or a middle click past that is switched off when it starts, and keys
//! that would paste are kept from doing so (`command::clipboard`). What a session copies is kept here instead, as
//! long as the session lives, and comes back into its pages by a script in a world of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::emulation::{ADD_SCRIPT, Step, script_params};
use super::event::Event as Told;
use crate::cdp::{CallError, Cdp, Event, EventSink, Events, Interest, channel};
use crate::inject;

/// The world of the script in each document.
pub(crate) const WORLD: &str = "rookery clipboard";

/// All that a clipboard may hold. The script knows this limit too.
const BYTES: usize = 1 << 20;
const TYPES: usize = 32;

/// Calls that may wait. A document makes one at a time.
const INBOX: usize = 1024;

/// Contents by media type: text as it is, images and what the web calls custom formats in base64.
pub(crate) type Items = BTreeMap<String, String>;

pub(crate) struct Clipboard {
    shared: Arc<Shared>,
    sink: EventSink,
    rounds: mpsc::Sender<oneshot::Sender<()>>,
    _keeper: AbortOnDropHandle<()>,
}

/// Who is told what pages copy: the owner, while a person drives.
pub(super) struct Copies {
    pub person: watch::Receiver<bool>,
    pub events: mpsc::Sender<Told>,
}

impl Copies {
    /// Lost to the person alone where the owner is slow.
    fn tell(&self, items: &Items) {
        let text = items.get("text/plain").filter(|text| !text.is_empty() && *self.person.borrow());
        if let Some(text) = text {
            let _ = self.events.try_send(Told::Copied { text: text.clone(), truncated: false });
        }
    }
}

struct Shared {
    copies: Copies,
    /// The names by which the scripts find each other and this worker. No page can guess them.
    channel: String,
    binding: String,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    items: Items,
    /// What the session's pages may do without a person: read, write; and what others they are told.
    reads: bool,
    writes: bool,
    otherwise: Otherwise,
}

/// What a page hears about a permission that it has not, as in a browser of its own.
#[derive(Clone, Copy, Default)]
enum Otherwise {
    #[default]
    Prompt,
    Denied,
}

impl Clipboard {
    pub(super) fn open(root: Cdp, copies: Copies) -> Result<Self, CallError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| CallError::Decode(format!("no randomness: {error}")))?;
        let name = format!("{:032x}", u128::from_ne_bytes(random));
        let shared = Arc::new(Shared {
            copies,
            channel: format!("clipboard{name}"),
            binding: format!("rookery{name}"),
            kept: Mutex::default(),
        });
        let (sink, events) = channel(INBOX);
        let (rounds, asked) = mpsc::channel(8);
        let keeper = AbortOnDropHandle::new(tokio::spawn(keep(shared.clone(), root, events, asked)));
        Ok(Self { shared, sink, rounds, _keeper: keeper })
    }

    /// What brings it into the documents of a page or frame, before their own scripts.
    pub(super) fn steps(&self) -> [Step; 3] {
        let step = |method, params| Step { method, params, field: "isolation" };
        let Shared { channel, binding, .. } = &*self.shared;
        let own = format!("{}({}, {})", *inject::CLIPBOARD, json!(channel), json!(binding));
        let mut in_own_world = script_params(&own);
        in_own_world["worldName"] = WORLD.into();
        let api = format!("{}({})", *inject::CLIPBOARD_API, json!(channel));
        [
            step("Runtime.addBinding", json!({ "name": binding, "executionContextName": WORLD })),
            step(ADD_SCRIPT, in_own_world),
            step(ADD_SCRIPT, script_params(&api)),
        ]
    }

    /// Hears what the documents of this session ask for. Before they run.
    pub(super) fn follow(&self, cdp: &Cdp) {
        cdp.subscribe(&self.sink, Interest(&["Runtime.bindingCalled"]));
    }

    /// The permissions of the session.
    pub(super) fn allow(&self, permissions: &[String]) {
        let has = |name: &str| permissions.iter().any(|permission| permission == name);
        let mut kept = self.shared.kept();
        kept.reads = has("clipboard-read");
        kept.writes = has("clipboard-write");
        kept.otherwise = if permissions.is_empty() { Otherwise::Prompt } else { Otherwise::Denied };
    }

    /// What it holds, everything included that was reported before this call.
    pub async fn items(&self) -> Items {
        let (done, round) = oneshot::channel();
        if self.rounds.send(done).await.is_ok() {
            let _ = round.await;
        }
        self.shared.kept().items.clone()
    }

    /// Takes what was copied in place of what it holds.
    pub fn keep(&self, items: Items) {
        if let Err(problem) = self.shared.copied(items) {
            tracing::debug!(problem, "nothing was copied");
        }
    }

    /// The same of what does not come from a page.
    pub fn lay(&self, items: Items) {
        if let Err(problem) = self.shared.put(items) {
            tracing::debug!(problem, "nothing was laid on the clipboard");
        }
    }
}

/// One call from a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Called {
    name: String,
    payload: String,
    execution_context_id: i64,
}

#[derive(Deserialize)]
struct Ask {
    id: u64,
    op: Op,
    items: Option<Items>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    /// A person or a script copied or cut what is selected.
    Copied,
    /// `navigator.clipboard`.
    Write,
    Read,
    /// `navigator.permissions`.
    Rights,
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, items: Items) -> Result<(), &'static str> {
        let bytes: usize = items.iter().map(|(kind, text)| kind.len() + text.len()).sum();
        if bytes > BYTES || items.len() > TYPES {
            return Err("it is larger than 1 MiB");
        }
        self.kept().items = items;
        Ok(())
    }

    fn copied(&self, items: Items) -> Result<(), &'static str> {
        let copy = items.clone();
        self.put(items)?;
        self.copies.tell(&copy);
        Ok(())
    }

    fn answer(&self, ask: Ask) -> Value {
        let done = |outcome: Result<(), &str>| match outcome {
            Ok(()) => json!({}),
            Err(problem) => json!({ "error": problem }),
        };
        let Kept { reads, writes, otherwise, .. } = *self.kept();
        match ask.op {
            Op::Copied => done(self.copied(ask.items.unwrap_or_default())),
            Op::Write if writes => done(self.copied(ask.items.unwrap_or_default())),
            Op::Write => json!({ "error": "Write permission denied." }),
            Op::Read if reads => json!({ "items": self.kept().items }),
            Op::Read => json!({ "error": "Read permission denied." }),
            Op::Rights => {
                let otherwise = match otherwise {
                    Otherwise::Prompt => "prompt",
                    Otherwise::Denied => "denied",
                };
                let state = |has| if has { "granted" } else { otherwise };
                json!({ "items": { "clipboard-read": state(reads), "clipboard-write": state(writes) } })
            }
        }
    }
}

/// Answers the documents in the order in which they ask.
async fn keep(
    shared: Arc<Shared>,
    root: Cdp,
    mut events: Events,
    mut rounds: mpsc::Receiver<oneshot::Sender<()>>,
) {
    loop {
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(event) => answer(&shared, &root, &event),
                None => break,
            },
            Some(round) = rounds.recv() => drop(round.send(())),
        }
    }
}

fn answer(shared: &Shared, root: &Cdp, event: &Event) {
    let (Some(session), Some(called)) = (event.session(), event.decode::<Called>()) else { return };
    if called.name != shared.binding {
        return;
    }
    let Ok(ask) = serde_json::from_str::<Ask>(&called.payload) else { return };
    let id = ask.id;
    let params = json!({
        "executionContextId": called.execution_context_id,
        "functionDeclaration": "function (id, answer) { rookeryClipboard.answered(id, answer); }",
        "arguments": [{ "value": id }, { "value": shared.answer(ask) }],
    });
    root.on_session(session).notify_raw("Runtime.callFunctionOn", &params);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> Shared {
        shared_and_told(false).0
    }

    fn shared_and_told(person: bool) -> (Shared, mpsc::Receiver<Told>) {
        let (events, told) = mpsc::channel(8);
        let copies = Copies { person: watch::Sender::new(person).subscribe(), events };
        let shared =
            Shared { copies, channel: String::new(), binding: String::new(), kept: Mutex::default() };
        (shared, told)
    }

    #[test]
    fn what_pages_copy_is_told_while_a_person_drives() {
        for person in [false, true] {
            let (shared, mut told) = shared_and_told(person);
            shared.kept().writes = true;
            for (op, text) in [("copied", "a"), ("write", "b"), ("copied", "")] {
                shared.answer(ask(op, json!({ "text/plain": text })));
            }
            shared.put(Items::from([("text/plain".into(), "of the person".into())])).unwrap();
            let copied = |text: &str| Told::Copied { text: text.into(), truncated: false };
            let all: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).collect();
            assert_eq!(all, if person { vec![copied("a"), copied("b")] } else { Vec::new() });
        }
    }

    fn ask(op: &str, items: Value) -> Ask {
        serde_json::from_value(json!({ "id": 1, "op": op, "items": items })).unwrap()
    }

    #[test]
    fn scripts_do_only_what_the_session_permits() {
        let shared = shared();
        assert_eq!(shared.answer(ask("copied", json!({ "text/plain": "a" }))), json!({}));
        assert_eq!(shared.answer(ask("read", Value::Null))["error"], "Read permission denied.");
        assert_eq!(shared.answer(ask("write", json!({})))["error"], "Write permission denied.");
        shared.kept().reads = true;
        assert_eq!(shared.answer(ask("read", Value::Null)), json!({ "items": { "text/plain": "a" } }));
        let rights = shared.answer(ask("rights", Value::Null));
        assert_eq!(rights["items"], json!({ "clipboard-read": "granted", "clipboard-write": "prompt" }));
    }

    #[test]
    fn what_is_too_large_leaves_the_rest_as_it_is() {
        let shared = shared();
        shared.put(Items::from([("text/plain".into(), "kept".into())])).unwrap();
        assert!(shared.put(Items::from([("text/plain".into(), "x".repeat(BYTES))])).is_err());
        let many = (0..=TYPES).map(|i| (format!("a/{i}"), String::new())).collect();
        assert!(shared.put(many).is_err());
        assert_eq!(shared.kept().items["text/plain"], "kept");
    }
}
