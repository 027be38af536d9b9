//! The frames of a tab in the order in which they stand in the page.
//!
//! The browser reports frames as they come, which is not the same each time. Where a frame stands its element tells.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bus_schema::error::Error;
use futures::future::join_all;
use serde_json::json;

use super::error::of_tab;
use super::job::Job;
use super::place;
use super::world::{World, WorldError};
use crate::page::FrameHandle;

/// Frames whose children are remembered; those that are gone leave theirs behind until then.
const KEPT: usize = 256;

/// In what order the frames inside each frame stand. An element that is moved gets another frame, so an order that is
/// known holds as long as it has all the frames.
#[derive(Default)]
pub(super) struct Orders(Mutex<HashMap<String, Vec<String>>>);

impl Orders {
    fn known(&self, parent: &str, children: &[&FrameHandle]) -> Option<Vec<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(parent).cloned()?;
        children.iter().all(|child| known.contains(&child.id)).then_some(known)
    }

    fn keep(&self, parent: &str, order: Vec<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(parent.to_owned(), order);
    }
}

/// The main frame, then the others, each before those inside it and before those that stand behind it.
pub(super) async fn frames(job: &Job<'_>) -> Result<Vec<FrameHandle>, Error> {
    let all = job.ctx.tabs.frames(job.n).map_err(of_tab)?;
    if all.len() <= 2 {
        return Ok(all);
    }
    let mut inside = HashMap::<&str, Vec<&FrameHandle>>::new();
    for frame in &all {
        if let Some(parent) = &frame.parent {
            inside.entry(parent).or_default().push(frame);
        }
    }
    for parent in &all {
        let Some(children) = inside.get_mut(parent.id.as_str()).filter(|children| children.len() > 1) else {
            continue;
        };
        let order = match job.ctx.orders.known(&parent.id, children) {
            Some(order) => order,
            // Of a document that is being replaced the frames go as well: they stand as they came.
            None => match of_children(job, parent, children).await {
                Ok(order) => order,
                Err(WorldError::Replaced) => continue,
                Err(WorldError::Failed(error)) => {
                    tracing::debug!(%error, "the order of frames is not known");
                    continue;
                }
            },
        };
        let place = |child: &&FrameHandle| order.iter().position(|id| *id == child.id).unwrap_or(usize::MAX);
        children.sort_by_key(place);
    }
    let mut ordered = Vec::with_capacity(all.len());
    let mut waiting: Vec<&FrameHandle> = all.first().into_iter().collect();
    while let Some(frame) = waiting.pop() {
        ordered.push(frame.clone());
        waiting.extend(inside.get(frame.id.as_str()).into_iter().flatten().rev());
    }
    Ok(ordered)
}

async fn of_children(
    job: &Job<'_>,
    parent: &FrameHandle,
    children: &[&FrameHandle],
) -> Result<Vec<String>, WorldError> {
    let world = job.ctx.worlds.of(parent, job.on(&parent.cdp)).await?;
    let owners = join_all(children.iter().map(|child| place::owner(&world, &child.id))).await;
    let mut standing = Vec::with_capacity(children.len());
    for (child, owner) in children.iter().zip(owners) {
        match owner {
            Ok(token) => standing.push((token, child.id.clone())),
            // One that is gone meanwhile stands nowhere.
            Err(WorldError::Replaced) => {}
            Err(WorldError::Failed(error)) => return Err(WorldError::Failed(error)),
        }
    }
    let tokens: Vec<u64> = standing.iter().map(|(token, _)| *token).collect();
    let places: Vec<usize> = world.call("inDocumentOrder", json!([tokens])).await?;
    let order: Vec<String> =
        places.into_iter().filter_map(|at| standing.get(at).map(|(_, id)| id.clone())).collect();
    job.ctx.orders.keep(&parent.id, order.clone());
    Ok(order)
}

/// The elements that show the frames inside one, with the frames' numbers: `[[token, number], …]`.
pub(super) async fn numbers(
    world: &World,
    parent: &FrameHandle,
    frames: &[FrameHandle],
) -> Vec<(u64, usize)> {
    let inside = frames.iter().enumerate().filter(|(_, frame)| frame.parent.as_ref() == Some(&parent.id));
    let owners =
        join_all(inside.map(async |(number, frame)| {
            place::owner(world, &frame.id).await.ok().map(|token| (token, number))
        }));
    owners.await.into_iter().flatten().collect()
}
