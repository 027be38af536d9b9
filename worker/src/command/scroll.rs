//! `scroll`: a target into view, or a target or the page itself.

use bus_schema::error::Error;
use bus_schema::model::command::{Position, Scroll, ScrollTo};
use serde_json::{Value, json};

use super::Outcome;
use super::element::{Element, Search, find};
use super::job::Job;
use super::pointer::DISPATCH;
use bus_schema::model::target::Target;

pub(super) async fn run(job: &Job<'_>, c: &Scroll) -> Result<Outcome, Error> {
    if let Some(at) = &c.wheel_at {
        return turn_wheel(job, at, c.delta_x, c.delta_y).await;
    }
    let moves = c.delta_x != 0.0 || c.delta_y != 0.0 || c.to.is_some();
    if !moves && c.target.is_none() {
        return Err(Error::invalid_argument("delta_y", "give a target, a delta or `to`"));
    }
    job.ctx.tabs.touch(job.n).await;
    let (element, token) = match &c.target {
        Some(target) => {
            let element = find(job, &Search::of(target, "target")?).await?;
            let token = json!(element.token);
            (element, token)
        }
        None => (document(job).await?, Value::Null),
    };
    let reached: Value = if moves {
        let to = c.to.map(|to| match to {
            ScrollTo::Top => "top",
            ScrollTo::Bottom => "bottom",
        });
        element.call("scrollIt", json!([token, c.delta_x, c.delta_y, to])).await?
    } else {
        shown(&element).await?
    };
    Outcome::of(&reached)
}

/// The page decides what the turn does; whether it scrolls is not waited for.
async fn turn_wheel(job: &Job<'_>, at: &Position, delta_x: f64, delta_y: f64) -> Result<Outcome, Error> {
    job.ctx.tabs.touch(job.n).await;
    let modifiers = job.ctx.pressed.modifiers(job.n);
    let event = json!({
        "type": "mouseWheel", "x": at.x, "y": at.y, "deltaX": delta_x, "deltaY": delta_y,
        "modifiers": modifiers,
    });
    job.call(DISPATCH, event).await?;
    Outcome::empty()
}

/// Where the page stands once it shows an element.
pub(super) async fn shown(element: &Element) -> Result<Value, Error> {
    let shown: Option<Value> = element.call("showIt", json!([element.token])).await?;
    shown.ok_or_else(|| super::element::detached("the element"))
}

/// The document of the main frame.
pub(super) async fn document(job: &Job<'_>) -> Result<Element, Error> {
    let mut target = Target::selector("html");
    target.frame = Some(bus_schema::model::target::FrameRef::Number(0));
    find(job, &Search::of(&target, "target")?).await
}
