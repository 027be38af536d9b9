//! `wait_for`: until a page is as asked.

use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::{ElementState, WaitFor, WaitUntil};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Outcome;
use super::element::{Pauses, Search};
use super::error::of_navigation;
use super::glob;
use super::job::Job;
use super::navigate::name;
use super::world::{RemoteObject, Returned, WorldError};
use crate::inject;

/// How often it is looked what holds a page up, and how much of it is told.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const BUSY_FRAMES: usize = 5;

pub(super) async fn run(job: &Job<'_>, c: &WaitFor) -> Result<Outcome, Error> {
    if let Some(ms) = c.ms {
        job.waits_for(Error::timeout(format!("waiting for {ms} ms")));
        tokio::time::sleep(Duration::from_millis(u64::from(ms))).await;
    }
    let search = c.target.as_ref().map(|target| Search::of(target, "target")).transpose()?;
    let mut pauses = Pauses::default();
    // All that is given has to hold at the same time.
    while !holds(job, c, search.as_ref()).await? {
        pauses.next().await;
    }
    Outcome::empty()
}

async fn holds(job: &Job<'_>, c: &WaitFor, search: Option<&Search>) -> Result<bool, Error> {
    if let Some(until) = c.load_state {
        loaded(job, until).await?;
    }
    if let Some(wanted) = &c.url {
        let url = job.tab()?.url;
        if !glob::matches(wanted, &url) {
            job.waits_for(
                Error::timeout(format!("the URL is not like {wanted:?}"))
                    .with_field("url")
                    .with_context(json!({ "url": url })),
            );
            return Ok(false);
        }
    }
    if let Some(search) = search
        && !element(job, search, c.state).await?
    {
        return Ok(false);
    }
    match &c.expression {
        Some(expression) => truthy(job, expression).await,
        None => Ok(true),
    }
}

/// Waits until the page is as far as asked, and keeps in mind what holds it up.
async fn loaded(job: &Job<'_>, until: WaitUntil) -> Result<(), Error> {
    let url = job.tab()?.url;
    let loaded = job.ctx.tabs.loaded(job.n, until);
    tokio::pin!(loaded);
    loop {
        let mut waiting =
            Error::timeout(format!("the page has not reached `{}`", name(until))).with_field("load_state");
        if until == WaitUntil::Networkidle {
            let busy: Vec<String> = job.ctx.tabs.restless(job.n).into_iter().take(BUSY_FRAMES).collect();
            waiting = waiting.with_context(json!({ "busy_frames": busy }));
        }
        job.waits_for(waiting);
        tokio::select! {
            loaded = &mut loaded => return loaded.map_err(|error| of_navigation(error, &url)),
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

#[derive(Deserialize, Default)]
struct Present {
    #[serde(default)]
    count: u32,
    #[serde(default)]
    attached: bool,
    #[serde(default)]
    visible: bool,
    invalid: Option<String>,
}

async fn element(job: &Job<'_>, search: &Search, state: ElementState) -> Result<bool, Error> {
    let (mut attached, mut visible, mut passed) = (false, false, 0);
    let frames = match search.reference {
        Some(number) => search.home(job, number).await?.into_iter().collect(),
        None => search.frames(job).await?,
    };
    for frame in frames {
        let nth = search.nth.map(|nth| nth.saturating_sub(passed));
        let present = async {
            let world = job.ctx.worlds.of(&frame, job.on(&frame.cdp)).await?;
            world.call::<Present>("present", json!([search.by, nth])).await
        };
        match present.await {
            Ok(Present { invalid: Some(detail), .. }) => {
                return Err(Error::invalid_argument(search.name_of_field(), detail));
            }
            Ok(present) => {
                attached |= present.attached;
                visible |= present.visible;
                passed += present.count;
            }
            // With its document a ref is gone.
            Err(WorldError::Replaced) if search.reference.is_some() => {}
            // A document that is being replaced shows nothing, but what it will hold is not known.
            Err(WorldError::Replaced) => return Ok(false),
            Err(WorldError::Failed(error)) => return Err(error),
        }
        if attached {
            break;
        }
    }
    let (holds, wanted) = match state {
        ElementState::Visible => (visible, "visible"),
        ElementState::Hidden => (!visible, "hidden"),
        ElementState::Attached => (attached, "attached"),
        ElementState::Detached => (!attached, "detached"),
    };
    if !holds && !attached && search.reference.is_some() {
        return Err(search.gone());
    }
    if !holds {
        let is = if visible {
            "visible"
        } else if attached {
            "attached but not visible"
        } else {
            "not in the page"
        };
        job.waits_for(
            Error::timeout(format!("{} is not {wanted}: it is {is}", search.shown))
                .with_field(search.name_of_field())
                .with_context(json!({ "check": wanted })),
        );
    }
    Ok(holds)
}

/// What is made of a value that is not plain: functions are called, promises awaited.
const TRUTH: &str = "(async (v) => { v = await v; if (typeof v === 'function') v = await v(); return !!v; })";

/// Whether an expression is truthy now. While it throws it is not: what it reads may not be there yet.
async fn truthy(job: &Job<'_>, expression: &str) -> Result<bool, Error> {
    let source = Value::from(expression);
    let script = format!("{}({source}, [], {TRUTH})", *inject::RUN);
    let params = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
    let answer = job.cdp().call_answer("Runtime.evaluate", &params).await.map_err(WorldError::from);
    let answer = match answer {
        Ok(answer) => answer,
        Err(WorldError::Replaced) => return Ok(false),
        Err(WorldError::Failed(error)) => return Err(error),
    };
    let returned = Returned::of(answer.bytes())?;
    let waiting = match returned.exception_details {
        Some(thrown) if thrown.text().starts_with("SyntaxError") => {
            return Err(Error::invalid_argument("expression", thrown.first_line()));
        }
        Some(thrown) => format!("the expression throws {}", thrown.first_line()),
        None if is_truthy(&returned.result) => return Ok(true),
        None => "the expression is not truthy".to_owned(),
    };
    job.waits_for(Error::timeout(waiting).with_field("expression"));
    Ok(false)
}

/// Plain values come as they are.
fn is_truthy(result: &RemoteObject<'_>) -> bool {
    let value = result.value.map_or("null", RawValue::get);
    !matches!(value, "null" | "false" | "0" | "\"\"")
}
