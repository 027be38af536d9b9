//! `screenshot`: what the viewport, the whole page or one element looks like.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bus_schema::error::Error;
use bus_schema::model::command::{ImageFormat, Screenshot};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::element::{Search, Wish, ready};
use super::error::of_call;
use super::job::Job;
use super::place;
use super::scroll::document;

/// The longest side of a picture, in device pixels: what the browser's compositor can draw.
const LONGEST: f64 = 16_384.0;
/// The most device pixels of a picture: even one of noise must come through the pipe in one message.
const MOST: f64 = 41_943_040.0;
const QUALITY: u32 = 80;

pub(super) async fn run(job: &Job<'_>, c: &Screenshot) -> Result<Outcome, Error> {
    if !c.full_page && c.target.is_none() {
        return take(job, c).await;
    }
    let page = document(job).await?;
    page.call::<()>("hideScrollbars", Value::Null).await?;
    let taken = take(job, c).await;
    // A document that is gone took its style along.
    let _ = page.call::<()>("showScrollbars", Value::Null).await;
    taken
}

async fn take(job: &Job<'_>, c: &Screenshot) -> Result<Outcome, Error> {
    let metrics = metrics(job).await?;
    let (clip, truncated) = match &c.target {
        Some(target) => of_element(job, &Search::of(target, "target")?, &metrics).await?,
        None if c.full_page => metrics.bounded(0.0, 0.0, metrics.content.width, metrics.content.height)?,
        None => metrics.bounded(
            metrics.visual.page_x,
            metrics.visual.page_y,
            metrics.visual.client_width,
            metrics.visual.client_height,
        )?,
    };
    let beyond = c.full_page || c.target.is_some() || truncated;
    let image = capture(job, c.format, c.quality, beyond.then_some(clip)).await?;
    let result = json!({
        "format": c.format, "width": clip.width, "height": clip.height, "scale": metrics.scale,
        "truncated": truncated,
    });
    Ok(Outcome::of(&result)?.with(media_type(c.format), image))
}

fn media_type(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "image/png",
        ImageFormat::Jpeg => "image/jpeg",
        ImageFormat::Webp => "image/webp",
    }
}

/// What the viewport looks like, for those who also want a picture.
pub(super) async fn of_viewport(job: &Job<'_>) -> Result<(&'static str, Vec<u8>), Error> {
    let image = capture(job, ImageFormat::Jpeg, None, None).await?;
    Ok((media_type(ImageFormat::Jpeg), image))
}

async fn capture(
    job: &Job<'_>,
    format: ImageFormat,
    quality: Option<u32>,
    clip: Option<Clip>,
) -> Result<Vec<u8>, Error> {
    #[derive(Deserialize)]
    struct Captured<'a> {
        data: &'a str,
    }
    let mut params = json!({ "format": format, "optimizeForSpeed": true });
    if format != ImageFormat::Png {
        params["quality"] = quality.unwrap_or(QUALITY).into();
    }
    if let Some(clip) = clip {
        params["captureBeyondViewport"] = true.into();
        params["clip"] =
            json!({ "x": clip.x, "y": clip.y, "width": clip.width, "height": clip.height, "scale": 1 });
    }
    let answer = job.call("Page.captureScreenshot", params).await?;
    let captured: Captured<'_> = serde_json::from_slice(answer.bytes())
        .map_err(|error| Error::internal(format!("the browser's picture cannot be read: {error}")))?;
    STANDARD
        .decode(captured.data)
        .map_err(|error| Error::internal(format!("the browser's picture cannot be read: {error}")))
}

/// A part of the page, in CSS pixels from its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Clip {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

#[derive(Debug)]
struct Metrics {
    visual: Visual,
    content: Size,
    scale: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visual {
    page_x: f64,
    page_y: f64,
    client_width: f64,
    client_height: f64,
}

#[derive(Debug, Deserialize)]
struct Size {
    width: f64,
    height: f64,
}

async fn metrics(job: &Job<'_>) -> Result<Metrics, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Layout {
        css_visual_viewport: Visual,
        css_content_size: Size,
    }
    let layout: Layout = job.call("Page.getLayoutMetrics", Value::Null).await?.decode().map_err(of_call)?;
    let scale = job.ctx.tabs.emulation().await.viewport.scale;
    Ok(Metrics { visual: layout.css_visual_viewport, content: layout.css_content_size, scale })
}

impl Metrics {
    /// A clip that can be drawn, and whether something of it had to be left out.
    fn bounded(&self, x: f64, y: f64, width: f64, height: f64) -> Result<(Clip, bool), Error> {
        if width < 1.0 || height < 1.0 {
            return Err(Error::browser_error("there is nothing to take a picture of: its size is 0"));
        }
        let side = LONGEST / self.scale;
        let drawn_width = width.min(side);
        let drawn_height = height.min(side).min((MOST / (self.scale * self.scale) / drawn_width).floor());
        let clip = Clip { x, y, width: drawn_width, height: drawn_height };
        Ok((clip, drawn_width < width || drawn_height < height))
    }
}

async fn of_element(job: &Job<'_>, search: &Search, metrics: &Metrics) -> Result<(Clip, bool), Error> {
    #[derive(Deserialize)]
    struct Place {
        status: String,
        #[serde(default)]
        x: f64,
        #[serde(default)]
        y: f64,
        #[serde(default)]
        width: f64,
        #[serde(default)]
        height: f64,
    }
    let found = ready(job, search, Wish::SEEN).await?;
    let token = found.element.token;
    super::scroll::shown(&found.element).await?;
    let place: Place = found.element.call("elementBox", json!([token])).await?;
    if place.status != "ok" {
        return Err(super::element::detached(&search.shown));
    }
    let offset =
        place::offset(job, &found.element.frame).await.map_err(|error| error.into_error(&search.shown))?;
    // Showing it may have scrolled the page.
    let now = self::metrics(job).await?;
    let x = now.visual.page_x + offset.x + place.x * offset.scale_x;
    let y = now.visual.page_y + offset.y + place.y * offset.scale_y;
    let left = x.max(0.0);
    let top = y.max(0.0);
    let (width, height) =
        (place.width * offset.scale_x - (left - x), place.height * offset.scale_y - (top - y));
    metrics.bounded(left, top, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(scale: f64) -> Metrics {
        Metrics {
            visual: Visual { page_x: 0.0, page_y: 0.0, client_width: 1280.0, client_height: 720.0 },
            content: Size { width: 1280.0, height: 1e6 },
            scale,
        }
    }

    #[test]
    fn a_picture_stays_within_what_can_be_drawn() {
        let (clip, truncated) = metrics(1.0).bounded(0.0, 0.0, 1280.0, 1e6).unwrap();
        assert_eq!((clip.height, truncated), (16_384.0, true));
        let (clip, _) = metrics(4.0).bounded(0.0, 0.0, 4096.0, 1e6).unwrap();
        assert!(clip.width * clip.height * 16.0 <= MOST);
        assert!(!metrics(1.0).bounded(0.0, 0.0, 1280.0, 720.0).unwrap().1);
        assert!(metrics(1.0).bounded(0.0, 0.0, 0.0, 720.0).is_err());
    }
}
