//! `content`: what a page says, as HTML, text or Markdown.

use bus_schema::error::Error;
use bus_schema::model::command::{Content, ContentFormat};
use serde_json::{Value, json};

use super::Outcome;
use super::job::Job;
use super::markdown::{self, Readable};
use super::order;
use super::scroll::document;
use super::world::WorldError;

pub(super) async fn run(job: &Job<'_>, c: &Content) -> Result<Outcome, Error> {
    match c.format {
        ContentFormat::Html => {
            let html: String = document(job).await?.call("html", Value::Null).await?;
            Ok(Outcome::of(&json!({ "format": "html" }))?.with("text/html; charset=utf-8", html))
        }
        ContentFormat::Text => {
            let parts: Vec<String> = of_frames(job, "text").await?;
            let parts: Vec<&str> =
                parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
            Ok(Outcome::of(&json!({ "format": "text" }))?
                .with("text/plain; charset=utf-8", parts.join("\n\n")))
        }
        ContentFormat::Markdown => {
            let pages: Vec<Readable> = of_frames(job, "readable").await?;
            // It is the processor's work, and much of it for a long page.
            let text = tokio::task::spawn_blocking(move || markdown::of_pages(&pages))
                .await
                .map_err(|error| Error::internal(format!("the page could not be read: {error}")))?;
            Ok(Outcome::of(&json!({ "format": "markdown" }))?.with("text/markdown; charset=utf-8", text))
        }
    }
}

/// What a function gives in the main frame, and in the others as far as they answer.
async fn of_frames<T: serde::de::DeserializeOwned>(job: &Job<'_>, function: &str) -> Result<Vec<T>, Error> {
    let main = document(job).await?;
    let mut parts = vec![main.call(function, Value::Null).await?];
    let frames = order::frames(job).await?;
    for frame in frames.iter().skip(1) {
        let part = async {
            let world = job.ctx.worlds.of(frame, job.on(&frame.cdp)).await?;
            world.call::<T>(function, Value::Null).await
        };
        match part.await {
            Ok(part) => parts.push(part),
            Err(WorldError::Replaced) => {}
            Err(WorldError::Failed(error)) => tracing::debug!(%error, "a frame could not be read"),
        }
    }
    Ok(parts)
}
