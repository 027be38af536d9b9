//! A session with one page, and commands as clients write them.

use std::time::Duration;

use bus_schema::error::{Error, ErrorCode};
use bus_schema::model::command::CommandRequest;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use worker::browser::Process;
use worker::command::{self, Context, Output};
use worker::page::{Event, Scope, Tabs};

use crate::chromium::site::{Page, Request, Site};
use crate::chromium::support::Rig;

pub struct Stage {
    pub ctx: Context,
    pub site: Site,
    pub rig: Rig,
    pub browser: Process,
    /// What the tabs tell.
    pub told: Mutex<mpsc::UnboundedReceiver<Event>>,
    _events: AbortOnDropHandle<()>,
}

pub fn html(body: &str) -> Page {
    Some(("", format!("<!DOCTYPE html>{body}")))
}

/// Runs a command as clients write it.
pub async fn run(ctx: &Context, command: Value) -> Result<Output, Error> {
    run_text(ctx, &command.to_string()).await
}

async fn run_text(ctx: &Context, command: &str) -> Result<Output, Error> {
    let request = CommandRequest::from_json(command.as_bytes()).unwrap();
    let limit = request.timeout_ms.map_or(Duration::from_secs(15), |ms| Duration::from_millis(ms.into()));
    command::run(ctx, &request, Instant::now() + limit).await
}

impl Stage {
    /// One page at `/`, shown.
    pub async fn show(body: &str) -> Self {
        let page = body.to_owned();
        let stage =
            Self::with(&[], move |request| (request.target == "/").then(|| html(&page)).flatten()).await;
        stage.go("/").await;
        stage
    }

    /// A site of several pages; none is shown yet.
    pub async fn with(args: &[&str], pages: impl Fn(&Request) -> Page + Send + Sync + 'static) -> Self {
        let mut rig = Rig::new().await;
        rig.options.args = args.iter().map(|arg| arg.parse().unwrap()).collect();
        let browser = rig.launch().await;
        let (tabs, mut events) = Tabs::open(Scope::Process(&browser)).await.unwrap();
        let (tell, told) = mpsc::unbounded_channel();
        let drain = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let _ = tell.send(event);
            }
        });
        let uploads = rig.data.path().join("uploads");
        std::fs::create_dir(&uploads).unwrap();
        let ctx = Context::new(tabs, uploads);
        let site = Site::start(pages).await;
        Self { ctx, site, rig, browser, told: Mutex::new(told), _events: AbortOnDropHandle::new(drain) }
    }

    pub async fn go(&self, path: &str) {
        self.ok(json!({ "action": "navigate", "url": self.site.url(path) })).await;
    }

    pub async fn output(&self, command: Value) -> Result<Output, Error> {
        run(&self.ctx, command).await
    }

    pub async fn run(&self, command: Value) -> Result<Value, Error> {
        self.output(command).await.map(|output| serde_json::from_str(output.result.get()).unwrap())
    }

    /// A command as its text, in which fields have an order.
    pub async fn raw(&self, command: &str) -> Result<Value, Error> {
        run_text(&self.ctx, command).await.map(|output| serde_json::from_str(output.result.get()).unwrap())
    }

    /// A command that works.
    pub async fn ok(&self, command: Value) -> Value {
        let shown = command.to_string();
        self.run(command).await.unwrap_or_else(|error| panic!("{shown}: {error} {:?}", error.context))
    }

    /// A command that fails, with this code.
    pub async fn err(&self, code: ErrorCode, command: Value) -> Error {
        let shown = command.to_string();
        match self.run(command).await {
            Ok(result) => panic!("{shown} worked: {result}"),
            Err(error) => {
                assert_eq!(error.code, code, "{shown}: {error}");
                error
            }
        }
    }

    /// The value of an expression.
    pub async fn value(&self, expression: &str) -> Value {
        self.ok(json!({ "action": "evaluate", "expression": expression })).await["value"].clone()
    }

    /// The next of what the tabs tell that `which` takes.
    pub async fn told<T>(&self, what: &str, which: impl Fn(Event) -> Option<T>) -> T {
        let mut told = self.told.lock().await;
        let find = async {
            loop {
                if let Some(found) = which(told.recv().await.expect("the tabs are followed")) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(5), find)
            .await
            .unwrap_or_else(|_| panic!("not told: {what}"))
    }

    /// The bytes beside a result, as text.
    pub async fn text(&self, command: Value) -> String {
        let output = self.output(command).await.unwrap();
        String::from_utf8(output.attachment.expect("an attachment").bytes.to_vec()).unwrap()
    }
}
