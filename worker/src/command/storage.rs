//! `storage_get` and `storage_set`: cookies and local storage in Playwright's form.

use std::collections::BTreeMap;
use std::time::Duration;

use bus_schema::error::Error;
use bus_schema::model::command::StorageSet;
use bus_schema::model::create::{OriginState, StorageItem, StorageState};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use url::Url;

use super::cookies;
use super::error::{of_apply, of_tab};
use super::world::{World, WorldError};
use super::{Context, Outcome};
use crate::page::{Emulation, FrameHandle};

/// How long one frame may take. One that stands still does not hold up the others.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn get(ctx: &Context, deadline: Instant) -> Result<Outcome, Error> {
    let mut state = read(ctx, deadline).await?;
    state.origins.retain(|of| !of.local_storage.is_empty());
    Outcome::of(&json!({ "storage_state": state }))
}

/// All cookies, and the local storage of each origin that has a document, empty ones included.
pub(crate) async fn read(ctx: &Context, deadline: Instant) -> Result<StorageState, Error> {
    let read = join_all(live(ctx)?.into_iter().map(async |(origin, frame)| {
        let items = in_frame::<Vec<StorageItem>>(ctx, &frame, deadline, "localStorageItems", json!([]));
        match items.await {
            Ok(local_storage) => Some(OriginState { origin, local_storage }),
            Err(error) => {
                tracing::debug!(?error, "the storage of a frame could not be read");
                None
            }
        }
    }));
    let (cookies, origins) = tokio::join!(cookies::all(ctx), read);
    Ok(StorageState { cookies: cookies?, origins: origins.into_iter().flatten().collect() })
}

pub(super) async fn set(ctx: &Context, c: &StorageSet, deadline: Instant) -> Result<Outcome, Error> {
    let state = &c.storage_state;
    let mut wanted = BTreeMap::new();
    for (i, of) in state.origins.iter().enumerate() {
        let origin = Url::parse(&of.origin).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
        let Some(origin) = origin else {
            let field = format!("storage_state.origins[{i}].origin");
            return Err(Error::invalid_argument(field, "not an origin such as https://example.com"));
        };
        wanted.insert(origin.ascii_serialization(), of);
    }
    cookies::remove(ctx).await?;
    cookies::store(ctx, &state.cookies, "storage_state.cookies").await?;
    // What has a document is written there; the rest when its first document comes.
    let live = live(ctx)?;
    for (origin, frame) in &live {
        let items = wanted.remove(origin).map(|of| of.local_storage.as_slice()).unwrap_or_default();
        in_frame::<Value>(ctx, frame, deadline, "setLocalStorage", json!([items]))
            .await
            .map_err(|error| error.into_error("a frame"))?;
    }
    let origins = wanted.into_values().cloned().collect();
    let storage_state = StorageState { cookies: Vec::new(), origins };
    let emulation = Emulation { storage_state, ..ctx.tabs.emulation().await };
    ctx.tabs.apply(emulation).await.map_err(of_apply)?;
    Outcome::of(&json!({ "cookies": state.cookies.len(), "origins": state.origins.len() }))
}

/// One frame of each origin that has one, in tabs of the session's own context.
fn live(ctx: &Context) -> Result<BTreeMap<String, FrameHandle>, Error> {
    let mut origins = BTreeMap::new();
    for tab in ctx.tabs.list().into_iter().filter(|tab| tab.context.is_none()) {
        let stands_still = ctx.tabs.tab(Some(tab.n)).map_or(true, |tab| tab.dialog.is_some() || tab.crashed);
        if stands_still {
            continue;
        }
        for frame in ctx.tabs.frames(tab.n).map_err(of_tab)? {
            let origin = Url::parse(&frame.url).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
            if let Some(origin) = origin {
                origins.entry(origin.ascii_serialization()).or_insert(frame);
            }
        }
    }
    Ok(origins)
}

async fn in_frame<T: serde::de::DeserializeOwned>(
    ctx: &Context,
    frame: &FrameHandle,
    deadline: Instant,
    function: &str,
    args: Value,
) -> Result<T, WorldError> {
    let limit = PATIENCE.min(deadline.saturating_duration_since(Instant::now()));
    let work = async {
        let world: World = ctx.worlds.of(frame, frame.cdp.clone()).await?;
        world.call(function, args).await
    };
    timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(WorldError::Failed(Error::timeout(format!("{} does not answer", frame.url)))))
}
