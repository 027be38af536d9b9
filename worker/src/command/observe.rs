//! `observe`: what a page shows, told as an outline with refs for what can be acted on.

use bus_schema::error::Error;
use bus_schema::model::command::{Observe, ObservePreset};
use serde::Deserialize;
use serde_json::json;

use super::Outcome;
use super::element::Pauses;
use super::job::Job;
use super::order;
use super::outline::{Part, frame_header, indented};
use super::refs::Home;
use super::screenshot;
use super::scroll::document;
use super::world::{World, WorldError};
use crate::page::FrameHandle;

/// Size of an outline unless another is asked for.
const MAX_BYTES: u32 = 20_000;
/// The most that is kept of one page to be read on by cursor.
const KEPT: usize = 4 << 20;
/// More than one look at one frame gives out, see `MAX_NODES` in the page's script.
const MOST_REFS: u64 = 20_001;

pub(super) async fn run(job: &Job<'_>, c: &Observe) -> Result<Outcome, Error> {
    let max_bytes = c.max_bytes.unwrap_or(MAX_BYTES) as usize;
    let part = match &c.cursor {
        Some(cursor) => job.ctx.outlines.go_on(job.n, cursor, max_bytes)?,
        None => {
            let whole = look(job, c.preset).await?;
            job.ctx.outlines.keep(job.n, whole, max_bytes)
        }
    };
    let Part { text, next_cursor, total_bytes } = part;
    let page = job.ctx.tabs.page(job.n).await.map_err(super::error::of_tab)?;
    let mut result = json!({
        "url": page.url, "title": page.title, "tab": job.n, "outline": text, "total_bytes": total_bytes,
    });
    if let Some(cursor) = next_cursor {
        result["next_cursor"] = cursor.into();
    }
    let outcome = Outcome::of(&result)?;
    if !c.screenshot {
        return Ok(outcome);
    }
    let (media_type, image) = screenshot::of_viewport(job).await?;
    Ok(outcome.with(media_type, image))
}

#[derive(Deserialize)]
struct Told {
    next: u64,
    text: String,
}

/// The outline of all frames, the main one first.
async fn look(job: &Job<'_>, preset: ObservePreset) -> Result<String, Error> {
    // Refs are one row over all frames and tabs, so only one looks at a time.
    let mut next = job.ctx.outlines.next_ref().await;
    let frames = order::frames(job).await?;
    let mut whole = main_frame(job, &frames, preset, &mut next).await?;
    for (number, frame) in frames.iter().enumerate().skip(1) {
        if whole.len() >= KEPT {
            break;
        }
        match in_frame(job, frame, &frames, preset, &mut next).await {
            Ok(text) => {
                if !text.is_empty() {
                    whole.push_str(&frame_header(number, frame));
                    whole.push_str(&indented(&text));
                }
            }
            // A frame that is being replaced or stands still is told the next time.
            Err(WorldError::Replaced) => {}
            Err(WorldError::Failed(error)) => tracing::debug!(%error, "a frame could not be observed"),
        }
    }
    Ok(whole)
}

/// Looks again as long as the document is replaced meanwhile.
async fn main_frame(
    job: &Job<'_>,
    frames: &[FrameHandle],
    preset: ObservePreset,
    next: &mut u64,
) -> Result<String, Error> {
    let mut pauses = Pauses::default();
    loop {
        let main = document(job).await?;
        match in_world(job, &main.frame, &main.world, frames, preset, next).await {
            Ok(text) => return Ok(text),
            Err(WorldError::Replaced) => pauses.next().await,
            Err(WorldError::Failed(error)) => return Err(error),
        }
    }
}

async fn in_frame(
    job: &Job<'_>,
    frame: &FrameHandle,
    frames: &[FrameHandle],
    preset: ObservePreset,
    next: &mut u64,
) -> Result<String, WorldError> {
    let world = job.ctx.worlds.of(frame, job.on(&frame.cdp)).await?;
    in_world(job, frame, &world, frames, preset, next).await
}

async fn in_world(
    job: &Job<'_>,
    frame: &FrameHandle,
    world: &World,
    frames: &[FrameHandle],
    preset: ObservePreset,
    next: &mut u64,
) -> Result<String, WorldError> {
    let refs = &job.ctx.outlines.refs;
    let home = Home::of(job.n, frame).ok_or(WorldError::Replaced)?;
    let numbers = order::numbers(world, frame, frames).await;
    let first = *next;
    // A look that is given up half-way may have given numbers all the same: no other element gets them.
    *next = first + MOST_REFS;
    refs.reserve(first..*next, &home);
    let told = world.call::<Told>("observe", json!([preset, first, numbers])).await;
    if !matches!(told, Err(WorldError::Failed(_))) {
        *next = told.as_ref().map_or(first, |told| told.next);
        refs.give(first..*next, &home);
    }
    told.map(|told| told.text)
}
