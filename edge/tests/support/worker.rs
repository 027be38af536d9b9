//! A worker that claims as design says and answers commands from memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bus::{Bus, frame::Inputs, serve::Incoming, testing::Server as Nats};
use bus_schema::{
    Error, Pool, SessionId, WorkerId,
    model::{
        command::{Command, CommandResult},
        control::{Control, ControlMode},
        entry::Entry,
        event::{Event, EventType},
        frame::{Codec, Header},
        input::InputBatch,
        rpc::{
            AnswerChooser, Answered, Attach, AttachKind, Attached, Attachment, FileInfo, Files, FilesReply,
            OwnerReply, OwnerRequest, Run, WorkerReply,
        },
        session::{EndReason, State, Tab},
        worker::Worker as Register,
    },
    subject::Queue,
};
use tokio::task::JoinSet;

/// Bytes of a large answer: many messages of the bus.
pub const LARGE: usize = 8 << 20;
pub const PNG: &[u8] = b"\x89PNG not really";

#[derive(Default)]
pub struct Memory {
    pub commands: Vec<String>,
    pub staged: BTreeMap<String, Vec<u8>>,
    pub inputs: Vec<InputBatch>,
    pub answers: Vec<AnswerChooser>,
    pub views: Vec<Attach>,
    pub attached: Vec<AttachKind>,
    pub claims: usize,
}

#[derive(Clone)]
struct Shared {
    bus: Bus,
    id: WorkerId,
    memory: Arc<Mutex<Memory>>,
}

pub struct Worker {
    pub bus: Bus,
    pub memory: Arc<Mutex<Memory>>,
    _tasks: JoinSet<()>,
}

impl Worker {
    /// Claims everything at once.
    pub async fn start(nats: &Nats) -> Self {
        let bus = nats.bus().await;
        let shared = Shared { bus: bus.clone(), id: WorkerId::new("w1").unwrap(), memory: Arc::default() };
        announce(&bus, &shared.id).await;
        let mut tasks = JoinSet::new();
        let mut knocks = bus.work_queue().knocks(&Pool::default()).await.unwrap();
        let mut inbox = bus.serve_worker(&shared.id).await.unwrap();
        bus.round_trip().await.unwrap();
        // What had been waiting before there was a worker.
        for (queue, _) in bus.work_queue().waiting(bus.region()).await.unwrap() {
            shared.claim(&queue).await;
        }
        let memory = Arc::clone(&shared.memory);
        tasks.spawn(async move {
            while let Some(knock) = knocks.next().await {
                shared.claim(&knock.queue).await;
            }
        });
        tasks.spawn(async move { while inbox.answer_next(async |_| WorkerReply::Pong).await.is_some() {} });
        Self { bus, memory, _tasks: tasks }
    }
}

async fn announce(bus: &Bus, id: &WorkerId) {
    let worker = Register {
        id: id.clone(),
        region: bus.region().clone(),
        pools: vec![Pool::default()],
        version: "0".into(),
        host: "here".into(),
        pid: 1,
        slots: 4,
        busy: 0,
        warm: 1,
        pressure: 0.0,
        draining: false,
        frozen: false,
        browsers: vec!["headless-shell 1.2.3".into()],
        versions: Vec::new(),
        simulated: false,
        started_at: bus.now(),
        seen_at: bus.now(),
    };
    bus.workers().announce(&worker).await.unwrap();
}

impl Shared {
    async fn claim(&self, queue: &Queue) {
        let Ok(Some(claimed)) = self.bus.work_queue().pull(queue).await else { return };
        let request = claimed.request.unwrap();
        let stored = self.bus.entries().get_from_leader(&request.tenant, &request.session).await.unwrap();
        let Some(stored) = stored.filter(|s| s.entry.state.is_claimable()) else {
            claimed.acker.ack().await.unwrap();
            return;
        };
        self.memory.lock().unwrap().claims += 1;
        let mut entry = stored.entry;
        entry.owner = Some(self.id.clone());
        entry.epoch = entry.epoch.next();
        entry.state = State::Ready;
        entry.ready_at = Some(self.bus.now());
        let mut inbox = self.bus.serve(&entry.tenant, &entry.id).await.unwrap();
        let Ok(revision) = self.bus.entries().write(&entry, stored.revision).await else { return };
        let ready = serde_json::to_value(entry.session()).unwrap();
        let event = Event::new(EventType::Ready, entry.id.clone(), entry.epoch, ready);
        self.bus.events().publish(&entry.tenant, &event).await.unwrap();
        claimed.acker.ack().await.unwrap();
        let shared = self.clone();
        tokio::spawn(async move {
            let flaky = entry.spec.name.as_deref() == Some("flaky");
            let mut owned = Owned { shared, entry, revision, frames: 0, flaky };
            while let Some(incoming) = inbox.next().await {
                if owned.answer(incoming).await {
                    return;
                }
            }
        });
    }
}

struct Owned {
    shared: Shared,
    entry: Entry,
    revision: u64,
    frames: u32,
    /// Gives its first request to end up.
    flaky: bool,
}

impl Owned {
    /// `true` once the session has ended.
    async fn answer(&mut self, incoming: Incoming) -> bool {
        let reply = match incoming.request {
            OwnerRequest::Run(run) => self.run(run).await,
            OwnerRequest::End(_) if self.flaky => {
                self.flaky = false;
                // Dropped, the request is answered with an unknown outcome.
                return false;
            }
            OwnerRequest::End(end) => {
                self.end(end.reason).await;
                incoming.responder.send(OwnerReply::ok(&self.entry.session(), None)).await;
                return true;
            }
            OwnerRequest::Inspect(_) => {
                let mut session = self.entry.session();
                let tab = Tab {
                    n: 1,
                    url: "about:blank".into(),
                    title: "now".into(),
                    active: true,
                    context: None,
                    target: None,
                };
                session.tabs = vec![tab];
                OwnerReply::ok(&session, None)
            }
            OwnerRequest::Patch(patch) => {
                self.entry.spec.name = patch.name.or(self.entry.spec.name.take());
                OwnerReply::ok(&self.entry.session(), None)
            }
            OwnerRequest::Control(set) => {
                self.entry.control.epoch += 1;
                self.entry.control.mode = ControlMode::UserControl;
                self.entry.control.holder = set.request.holder;
                OwnerReply::ok(&self.entry.control, None)
            }
            OwnerRequest::AnswerChooser(answer) if answer.chooser == "over" => {
                OwnerReply::error(Error::not_found("nothing is to be chosen"))
            }
            OwnerRequest::AnswerChooser(answer) => {
                self.shared.memory.lock().unwrap().answers.push(answer);
                OwnerReply::ok(&Answered {}, None)
            }
            OwnerRequest::Attach(attach) => self.attach(attach).await,
            OwnerRequest::Files(files) => match self.files(files).await {
                Ok(reply) => OwnerReply::ok(&reply, None),
                Err(e) => OwnerReply::error(e),
            },
        };
        incoming.responder.send(reply).await;
        false
    }

    async fn end(&mut self, reason: EndReason) {
        self.entry.state = State::Ended;
        self.entry.end_reason = Some(reason);
        self.entry.ended_at = Some(self.shared.bus.now());
        self.revision = self.shared.bus.entries().write(&self.entry, self.revision).await.unwrap();
        let event = Event::ended(self.entry.id.clone(), self.entry.epoch, reason, None);
        self.shared.bus.events().publish_ended(&self.entry.tenant, &event).await.unwrap();
    }

    async fn run(&mut self, run: Run) -> OwnerReply {
        let action = run.request.command.action();
        self.shared.memory.lock().unwrap().commands.push(action.to_owned());
        let (result, attachment) = match &run.request.command {
            Command::Screenshot(_) => ("{\"width\":1}".to_owned(), Some(("image/png", PNG))),
            Command::Content(_) => {
                ("{}".to_owned(), Some(("text/html; charset=utf-8", b"<p>hi</p>".as_slice())))
            }
            Command::Evaluate(e) if e.expression == "crash()" => {
                return OwnerReply::error(Error::browser_error("the script threw: crash"));
            }
            Command::Evaluate(e) if e.expression == "secret()" => {
                return OwnerReply::error(Error::internal("the password is 1234"));
            }
            Command::Evaluate(e) if e.expression == "large()" => {
                (serde_json::json!({ "value": "ä".repeat(LARGE / 2) }).to_string(), None)
            }
            Command::Evaluate(e) => (serde_json::json!({ "value": e.expression }).to_string(), None),
            _ => ("{}".to_owned(), None),
        };
        let step = serde_json::json!({ "action": action, "ok": true, "duration_ms": 0 });
        let event = Event::new(EventType::Step, self.entry.id.clone(), self.entry.epoch, step);
        self.shared.bus.events().publish(&self.entry.tenant, &event).await.unwrap();
        let result = CommandResult {
            action: action.into(),
            result: serde_json::value::RawValue::from_string(result).unwrap(),
            page: Default::default(),
            dialog: None,
            duration_ms: 0,
        };
        let attachment =
            attachment.map(|(t, b)| Attachment { media_type: t.into(), bytes: b.to_vec().into() });
        OwnerReply::ok(&result, attachment)
    }

    async fn attach(&mut self, attach: Attach) -> OwnerReply {
        self.shared.memory.lock().unwrap().attached.push(attach.kind);
        let (bus, id) = (self.shared.bus.clone(), self.entry.id.clone());
        match attach.kind {
            AttachKind::Input => {
                let inputs = bus.frames().inputs(&id, &attach.conn).await.unwrap();
                bus.round_trip().await.unwrap();
                tokio::spawn(note_inputs(inputs, Arc::clone(&self.shared.memory)));
            }
            AttachKind::View => {
                self.shared.memory.lock().unwrap().views.push(attach);
                self.frames += 1;
                tokio::spawn(show(bus, id));
            }
            AttachKind::Client | AttachKind::Cdp => {}
        }
        OwnerReply::ok(&Attached { control: Control::default(), heartbeat_ms: 3_000, received: None }, None)
    }

    async fn files(&mut self, request: Files) -> Result<FilesReply, Error> {
        let store = self.shared.bus.artifacts();
        let region = self.entry.id.region();
        let list = |memory: &Memory| {
            let info = |(name, bytes): (&String, &Vec<u8>)| FileInfo {
                name: name.clone(),
                size: bytes.len() as u64,
                state: None,
                url: None,
                guid: None,
            };
            FilesReply { files: memory.staged.iter().map(info).collect(), object: None }
        };
        match request {
            Files::Stage { object, name } => {
                let mut bytes = Vec::new();
                let mut artifact = store.get(region, &object).await?.unwrap();
                tokio::io::AsyncReadExt::read_to_end(&mut artifact.reader, &mut bytes).await.unwrap();
                let mut memory = self.shared.memory.lock().unwrap();
                memory.staged.insert(name, bytes);
                Ok(list(&memory))
            }
            Files::Staged | Files::Downloads => Ok(list(&self.shared.memory.lock().unwrap())),
            Files::Unstage { name } | Files::DeleteDownload { name } => {
                let mut memory = self.shared.memory.lock().unwrap();
                memory.staged.remove(&name).ok_or_else(|| Error::not_found("no such file"))?;
                Ok(list(&memory))
            }
            Files::Publish { name } => {
                let bytes = self.shared.memory.lock().unwrap().staged.get(&name).cloned();
                let bytes = bytes.ok_or_else(|| Error::not_found("no such file"))?;
                let object = format!("published/{name}");
                store.put(region, &object, bytes.as_slice(), 1 << 20).await?;
                Ok(FilesReply { files: Vec::new(), object: Some(object) })
            }
        }
    }
}

async fn note_inputs(mut inputs: Inputs, memory: Arc<Mutex<Memory>>) {
    while let Some(batch) = inputs.next().await {
        memory.lock().unwrap().inputs.push(batch);
    }
}

/// 200 frames a second, faster than anybody may ask for.
async fn show(bus: Bus, id: SessionId) {
    for seq in 1..2_000 {
        let header = Header {
            codec: Codec::Jpeg,
            flags: 0,
            seq,
            captured_at: 0,
            width: 1280,
            height: 720,
            tab: 1,
            input_width: 1280,
            input_height: 720,
        };
        bus.frames().publish(&id, header.with_image(&[0xff; 1024])).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
