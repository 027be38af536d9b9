//! Where a point inside a frame is in the page around it.

use bus_schema::error::Error;
use serde::Deserialize;
use serde_json::json;

use super::element::Verdict;
use super::error::of_tab;
use super::job::Job;
use super::world::{World, WorldError};
use crate::page::FrameHandle;

/// A point of a frame's own viewport in the viewport of the page, through every frame in between; or why the
/// pointer does not get there. Frames in other processes count their coordinates by themselves, too.
pub(super) async fn in_page(
    job: &Job<'_>,
    frame: &FrameHandle,
    point: (f64, f64),
    attempt: usize,
) -> Result<Result<(f64, f64), Verdict>, WorldError> {
    let (mut x, mut y) = point;
    let mut inner = frame.clone();
    while let Some(parent) = &inner.parent {
        let frames = job.ctx.tabs.frames(job.n).map_err(of_tab)?;
        let outer = frames.into_iter().find(|frame| frame.id == *parent).ok_or(WorldError::Replaced)?;
        let world = job.ctx.worlds.of(&outer, job.on(&outer.cdp)).await?;
        let owner = owner(&world, &inner.id).await?;
        let verdict: Verdict = world.call("throughFrame", json!([owner, x, y, attempt])).await?;
        if verdict.status != "ready" {
            return Ok(Err(verdict));
        }
        (x, y) = (verdict.x, verdict.y);
        inner = outer;
    }
    Ok(Ok((x, y)))
}

/// The corner of a frame's content in the viewport of the page, and its scale.
pub(super) async fn offset(job: &Job<'_>, frame: &FrameHandle) -> Result<Offset, WorldError> {
    let mut sum = Offset { x: 0.0, y: 0.0, scale_x: 1.0, scale_y: 1.0 };
    let mut inner = frame.clone();
    while let Some(parent) = &inner.parent {
        let frames = job.ctx.tabs.frames(job.n).map_err(of_tab)?;
        let outer = frames.into_iter().find(|frame| frame.id == *parent).ok_or(WorldError::Replaced)?;
        let world = job.ctx.worlds.of(&outer, job.on(&outer.cdp)).await?;
        let owner = owner(&world, &inner.id).await?;
        let here: Offset = world.call("frameOffset", json!([owner])).await?;
        sum = Offset {
            x: here.x + sum.x * here.scale_x,
            y: here.y + sum.y * here.scale_y,
            scale_x: sum.scale_x * here.scale_x,
            scale_y: sum.scale_y * here.scale_y,
        };
        inner = outer;
    }
    Ok(sum)
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Offset {
    pub x: f64,
    pub y: f64,
    pub scale_x: f64,
    pub scale_y: f64,
}

/// The element that shows a frame, held in the world of the document around it.
pub(super) async fn owner(world: &World, frame: &str) -> Result<u64, WorldError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Owner {
        backend_node_id: i64,
    }
    let owner: Owner =
        world.cdp.call_answer("DOM.getFrameOwner", &json!({ "frameId": frame })).await?.decode()?;
    let object = node(world, owner.backend_node_id, world.context).await?;
    world.hold(&object).await
}

/// A node as an object of an execution context.
pub(super) async fn node(world: &World, backend_node: i64, context: i64) -> Result<String, WorldError> {
    #[derive(Deserialize)]
    struct Resolved {
        object: Object,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Object {
        object_id: Option<String>,
    }
    let params = json!({ "backendNodeId": backend_node, "executionContextId": context });
    let resolved: Resolved = world.cdp.call_answer("DOM.resolveNode", &params).await?.decode()?;
    resolved.object.object_id.ok_or_else(|| Error::internal("a node is no object").into())
}

/// The number by which the browser knows an element, whatever the world.
pub(super) async fn backend_node(world: &World, token: u64) -> Result<i64, WorldError> {
    #[derive(Deserialize)]
    struct Described {
        node: Node,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Node {
        backend_node_id: i64,
    }
    let object = world.object("element", vec![json!({ "value": token })]).await?;
    let described: Described =
        world.cdp.call_answer("DOM.describeNode", &json!({ "objectId": object })).await?.decode()?;
    Ok(described.node.backend_node_id)
}
