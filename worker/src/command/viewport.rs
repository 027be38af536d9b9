//! `set_viewport`: of all tabs, those to come included.

use bus_schema::error::Error;
use bus_schema::model::command::SetViewport;
use bus_schema::model::create::Viewport;

use super::error::of_apply;
use super::{Context, Outcome};

pub(super) async fn run(ctx: &Context, c: &SetViewport) -> Result<Outcome, Error> {
    let before = ctx.tabs.emulation().await.viewport;
    let viewport =
        Viewport { width: c.width, height: c.height, scale: c.scale.unwrap_or(before.scale), ..before };
    ctx.tabs.set_viewport(viewport).await.map_err(of_apply)?;
    Outcome::of(&viewport)
}
