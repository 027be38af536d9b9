//! The cursor that a page gives to the pointer of whoever drives.

use std::time::Duration;

use bus_schema::model::input::{InputBatch, InputEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Context;
use super::error::of_tab;
use super::world::{World, WorldError};
use crate::page::FrameHandle;

/// A page that takes longer to say it has no cursor.
const PATIENCE: Duration = Duration::from_secs(1);
/// Frames within frames that are looked into.
const DEPTH: usize = 8;

/// Where the pointer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointer {
    /// Its tab.
    pub n: u32,
    pub x: f64,
    pub y: f64,
}

/// Where a batch leaves the mouse, if it is about the mouse.
pub fn pointer(ctx: &Context, batch: &InputBatch) -> Option<Pointer> {
    let (x, y) = batch.events.iter().rev().find_map(|event| {
        let (InputEvent::Mouse { x, y, .. } | InputEvent::Wheel { x, y, .. }) = event else { return None };
        Some((*x, *y))
    })?;
    Some(Pointer { n: ctx.tabs.tab(batch.tab).ok()?.n, x, y })
}

/// The keyword of CSS. `None`: the page does not say, or is another by now.
pub async fn cursor_at(ctx: &Context, at: Pointer) -> Option<String> {
    match tokio::time::timeout(PATIENCE, through_frames(ctx, at)).await {
        Ok(Ok(cursor)) => cursor,
        Ok(Err(error)) => {
            tracing::debug!(?error, "a page does not say its cursor");
            None
        }
        Err(_) => None,
    }
}

#[derive(Deserialize)]
struct Said {
    cursor: Option<String>,
    frame: Option<Point>,
}

#[derive(Clone, Copy, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

async fn through_frames(ctx: &Context, at: Pointer) -> Result<Option<String>, WorldError> {
    let mut frame = frames(ctx, at.n)?.into_iter().next().ok_or(WorldError::Replaced)?;
    let mut point = Point { x: at.x, y: at.y };
    for _ in 0..DEPTH {
        let world = ctx.worlds.of(&frame, frame.cdp.with_timeout(PATIENCE)).await?;
        let said: Result<Said, _> = world.call("cursorAt", json!([point.x, point.y])).await;
        if matches!(said, Err(WorldError::Replaced)) {
            ctx.worlds.forget(&world);
        }
        let said = said?;
        let Some(inner) = said.frame else { return Ok(said.cursor) };
        let shown = shown_at(&world, point).await?;
        let known = frames(ctx, at.n)?.into_iter().find(|known| Some(&known.id) == shown.as_ref());
        // One that shows nothing yet.
        let Some(known) = known else { return Ok(None) };
        (frame, point) = (known, inner);
    }
    Ok(None)
}

fn frames(ctx: &Context, n: u32) -> Result<Vec<FrameHandle>, WorldError> {
    Ok(ctx.tabs.frames(n).map_err(of_tab)?)
}

/// Which frame the element at a point shows.
async fn shown_at(world: &World, point: Point) -> Result<Option<String>, WorldError> {
    #[derive(Deserialize)]
    struct Described {
        node: Node,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Node {
        frame_id: Option<String>,
    }
    let value = |n: f64| -> Value { json!({ "value": n }) };
    let object = world.object("elementAt", vec![value(point.x), value(point.y)]).await?;
    let params = json!({ "objectId": object });
    let described = world.cdp.call_answer("DOM.describeNode", &params).await;
    world.cdp.notify_raw("Runtime.releaseObject", &params);
    let described: Described = described?.decode()?;
    Ok(described.node.frame_id)
}
