//! Browsers that answer from memory and count themselves.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use actors::port::{Browser, BrowserEvent, Browsers, Output, Pending, StartError};
use bus_schema::{
    Error,
    model::{
        command::CommandRequest,
        entry::Entry,
        input::InputBatch,
        rpc::{Files, FilesReply},
        session::{Page, Tab},
        ws::FramesWish,
    },
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::faults::{Faults, Port};

#[derive(Default)]
pub struct FakeBrowsers {
    faults: Faults,
    frozen: AtomicBool,
    /// Browsers that live.
    live: Arc<AtomicUsize>,
    warmed: AtomicUsize,
    started: AtomicUsize,
    /// While this is so, a start does not come to its end.
    held: watch::Sender<bool>,
}

impl FakeBrowsers {
    pub fn new(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Acquire)
    }

    pub fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// How many were started for the pool.
    pub fn warmed(&self) -> usize {
        self.warmed.load(Ordering::Acquire)
    }

    /// How many were asked for by a claim.
    pub fn started(&self) -> usize {
        self.started.load(Ordering::Acquire)
    }

    pub fn hold_starts(&self, held: bool) {
        self.held.send_replace(held);
    }

    fn make(&self) -> Arc<dyn Browser> {
        self.live.fetch_add(1, Ordering::AcqRel);
        Arc::new(FakeBrowser { faults: self.faults.clone(), live: Arc::clone(&self.live) })
    }
}

impl Browsers for FakeBrowsers {
    fn warm(&self) -> Pending<'_, Result<Arc<dyn Browser>, StartError>> {
        Box::pin(async {
            self.faults.pass(Port::Warm);
            self.warmed.fetch_add(1, Ordering::AcqRel);
            Ok(self.make())
        })
    }

    fn serves_warm(&self, _: &Entry) -> bool {
        true
    }

    fn start(&self, _: Entry) -> Pending<'_, Result<Arc<dyn Browser>, StartError>> {
        Box::pin(async {
            self.started.fetch_add(1, Ordering::AcqRel);
            let _ = self.held.subscribe().wait_for(|held| !held).await;
            self.faults.pass(Port::Start);
            Ok(self.make())
        })
    }

    fn freeze_all(&self) {
        self.faults.pass(Port::Freeze);
        self.frozen.store(true, Ordering::Release);
    }

    fn thaw_all(&self) {
        self.frozen.store(false, Ordering::Release);
    }

    fn pressure(&self) -> f64 {
        0.0
    }

    fn start_limit(&self) -> usize {
        self.faults.pass(Port::StartLimit);
        8
    }
}

struct FakeBrowser {
    faults: Faults,
    live: Arc<AtomicUsize>,
}

impl Drop for FakeBrowser {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Browser for FakeBrowser {
    fn prepare(&self, _: Entry, _: mpsc::Sender<BrowserEvent>) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn run(&self, _: CommandRequest, _: Instant) -> Pending<'_, Result<Output, Error>> {
        Box::pin(async {
            self.faults.pass(Port::Run);
            let result = serde_json::value::RawValue::from_string("{}".to_owned());
            let result = result.map_err(|e| Error::internal(e.to_string()))?;
            Ok(Output { result, attachment: None, page: self.page(), dialog: None })
        })
    }

    fn is_alive(&self) -> bool {
        self.faults.pass(Port::IsAlive);
        true
    }

    fn page(&self) -> Page {
        Page::default()
    }

    fn tabs(&self) -> Vec<Tab> {
        Vec::new()
    }

    fn active_tab(&self) -> u32 {
        self.faults.pass(Port::ActiveTab);
        1
    }

    fn answer_dialog(&self, _: u32, _: bool) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn answer_chooser(
        &self,
        _: String,
        _: bus_schema::model::note::ChooserAnswer,
    ) -> Pending<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
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

    fn connect(
        &self,
        _: bus_schema::model::rpc::Attach,
    ) -> Pending<'_, Result<Box<dyn actors::port::CdpClient>, Error>> {
        Box::pin(async { Err(Error::conflict("a browser of a test does not speak CDP")) })
    }

    fn drive(&self, _: bool) {}

    fn answers_dialogs(&self) -> bool {
        false
    }

    fn watch(&self, _: Option<FramesWish>) {}

    fn show_again(&self) {}

    fn kill(&self) {}

    fn save(&self) -> Pending<'_, Result<(), Error>> {
        Box::pin(async {
            self.faults.pass(Port::Save);
            Ok(())
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}
