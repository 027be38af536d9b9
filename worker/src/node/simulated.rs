//! Browsers that answer from memory: for tests and measurements of the control plane at 10 000 sessions.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use actors::port::{Browser, BrowserEvent, Browsers, CdpClient, Output, Pending, StartError};
use bus_schema::{
    Error,
    model::{
        command::{Command, CommandRequest},
        entry::Entry,
        event::EventType,
        input::InputBatch,
        note::ChooserAnswer,
        rpc::{Attach, Attachment, Files, FilesReply},
        session::{EndReason, Page, Tab},
        ws::FramesWish,
    },
};
use serde_json::{json, value::RawValue};
use tokio::{sync::mpsc, time::Instant};

/// Starts at once: there is nothing to wait for.
const STARTS: usize = 64;

/// Makes simulated browsers. Frozen, none of them answers.
#[derive(Debug, Default)]
pub struct Simulated {
    frozen: Arc<AtomicBool>,
}

impl Browsers for Simulated {
    fn warm(&self) -> Pending<'_, Result<Arc<dyn Browser>, StartError>> {
        Box::pin(async { Ok(self.make()) })
    }

    fn serves_warm(&self, _: &Entry) -> bool {
        true
    }

    fn start(&self, _: Entry) -> Pending<'_, Result<Arc<dyn Browser>, StartError>> {
        Box::pin(async { Ok(self.make()) })
    }

    fn freeze_all(&self) {
        self.frozen.store(true, Ordering::Release);
    }

    fn thaw_all(&self) {
        self.frozen.store(false, Ordering::Release);
    }

    fn pressure(&self) -> f64 {
        0.0
    }

    fn start_limit(&self) -> usize {
        STARTS
    }
}

impl Simulated {
    fn make(&self) -> Arc<dyn Browser> {
        Arc::new(SimulatedBrowser {
            frozen: Arc::clone(&self.frozen),
            page: Mutex::default(),
            sink: OnceLock::new(),
        })
    }
}

/// A page that brings a simulated browser down.
const CRASH: &str = "data:,crash";

/// One tab that remembers its URL.
#[derive(Debug)]
struct SimulatedBrowser {
    frozen: Arc<AtomicBool>,
    page: Mutex<Page>,
    sink: OnceLock<mpsc::Sender<BrowserEvent>>,
}

impl SimulatedBrowser {
    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn show(&self, url: &str) {
        *self.page() = Page { url: url.to_owned(), title: format!("Simulated {url}") };
    }

    fn answer(&self, command: &Command) -> Result<serde_json::Value, Error> {
        if let Command::Navigate(c) = command {
            self.show(&c.url);
            return Ok(json!({ "url": c.url, "status": 200 }));
        }
        if let Command::Evaluate(c) = command {
            return Ok(json!({ "value": evaluate(&c.expression)? }));
        }
        if let Command::Tabs(_) = command {
            return Ok(json!({ "tabs": Browser::tabs(self) }));
        }
        if let Command::Content(_) = command {
            return Ok(json!({ "content": format!("<html>{}</html>", self.page().url) }));
        }
        let action = command.action();
        Err(Error::browser_error(format!("a simulated browser does not know `{action}`")))
    }
}

/// Numbers, strings and sums of whole numbers: enough to see that the answer is that of the question.
fn evaluate(expression: &str) -> Result<serde_json::Value, Error> {
    if let Ok(value) = serde_json::from_str(expression) {
        return Ok(value);
    }
    let sum = expression.split('+').map(|n| n.trim().parse::<i64>()).sum::<Result<i64, _>>();
    sum.map(Into::into)
        .map_err(|_| Error::browser_error("a simulated browser adds whole numbers and no more"))
}

impl Browser for SimulatedBrowser {
    fn prepare(&self, entry: Entry, sink: mpsc::Sender<BrowserEvent>) -> Pending<'_, Result<(), Error>> {
        Box::pin(async move {
            let _ = self.sink.set(sink.clone());
            let url =
                if entry.page.url.is_empty() { entry.spec.url.clone() } else { Some(entry.page.url.clone()) };
            let url = url.unwrap_or_else(|| "about:blank".to_owned());
            self.show(&url);
            if url != "about:blank" {
                let data = json!({ "tab": 1, "url": url });
                let _ = sink.try_send(BrowserEvent::Say { kind: EventType::Navigated, data });
            }
            Ok(())
        })
    }

    fn run(&self, request: CommandRequest, deadline: Instant) -> Pending<'_, Result<Output, Error>> {
        Box::pin(async move {
            // A stopped process does not answer, and neither does this.
            while self.frozen.load(Ordering::Acquire) {
                if Instant::now() >= deadline {
                    return Err(Error::timeout("the browser did not answer").outcome_unknown());
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            if let Command::WaitFor(wait) = &request.command {
                let until =
                    Instant::now() + std::time::Duration::from_millis(u64::from(wait.ms.unwrap_or(0)));
                tokio::time::sleep_until(until.min(deadline)).await;
                return output(&json!({}), None, self.page().clone());
            }
            if let (Command::Navigate(c), Some(sink)) = (&request.command, self.sink.get())
                && c.url == CRASH
            {
                let detail = "the simulated browser crashed".to_owned();
                let _ = sink.send(BrowserEvent::Gone { reason: EndReason::Crashed, detail }).await;
                return std::future::pending().await;
            }
            if let Command::Screenshot(_) = &request.command {
                let bytes = bytes::Bytes::from_static(b"simulated");
                let picture = Attachment { media_type: "image/png".into(), bytes };
                return output(&json!({}), Some(picture), self.page().clone());
            }
            let answer = self.answer(&request.command)?;
            output(&answer, None, self.page().clone())
        })
    }

    fn is_alive(&self) -> bool {
        true
    }

    fn page(&self) -> Page {
        self.page().clone()
    }

    fn tabs(&self) -> Vec<Tab> {
        let Page { url, title } = self.page().clone();
        vec![Tab { n: 1, url, title, active: true, context: None, target: None }]
    }

    fn active_tab(&self) -> u32 {
        1
    }

    fn answer_dialog(&self, _: u32, _: bool) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Err(Error::conflict("no dialog is open")) })
    }

    fn answer_chooser(&self, _: String, _: ChooserAnswer) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Err(Error::not_found("nothing is to be chosen")) })
    }

    fn input(&self, _: InputBatch) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn release_input(&self) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    fn files(&self, _: Files) -> Pending<'_, Result<FilesReply, Error>> {
        Box::pin(async { Ok(FilesReply::default()) })
    }

    fn connect(&self, _: Attach) -> Pending<'_, Result<Box<dyn CdpClient>, Error>> {
        Box::pin(async { Err(Error::conflict("a simulated browser does not speak CDP")) })
    }

    fn drive(&self, _: bool) {}

    fn answers_dialogs(&self) -> bool {
        false
    }

    fn watch(&self, _: Option<FramesWish>) {}

    fn show_again(&self) {}

    /// It acts only where it is asked to, and nobody asks it any more.
    fn kill(&self) {}

    fn save(&self) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}

fn output(value: &serde_json::Value, attachment: Option<Attachment>, page: Page) -> Result<Output, Error> {
    let result = serde_json::value::to_raw_value(value).map_err(|e| Error::internal(e.to_string()))?;
    let result: Box<RawValue> = result;
    Ok(Output { result, attachment, page, dialog: None })
}
