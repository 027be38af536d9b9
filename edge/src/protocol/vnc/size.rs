//! A viewer's wish for another size of the page.

use std::future::pending;

use bus_schema::{
    Error, ErrorCode,
    model::command::{Command, CommandRequest, SetViewport},
};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::{Duration, Instant, sleep_until};

use super::{Guest, rfb::screen::Resized};

/// How long the first picture of another size may take to come.
const PICTURE_WITHIN: Duration = Duration::from_secs(1);

/// One wish at a time, and the newest that came meanwhile.
#[derive(Default)]
pub struct Wishes {
    under_way: Option<BoxFuture<'static, Result<(), Error>>>,
    /// What the one under way is for.
    wished: (u16, u16),
    next: Option<(u16, u16)>,
    /// It was done, and a picture is to show it until then.
    shown_by: Option<Instant>,
}

impl Wishes {
    pub fn ask(&mut self, guest: &Guest, width: u16, height: u16) {
        if self.under_way.is_some() {
            self.next = Some((width, height));
            return;
        }
        self.wished = (width, height);
        self.shown_by = None;
        let size = SetViewport { width: width.into(), height: height.into(), scale: None };
        let request = CommandRequest::new(Command::SetViewport(size));
        let (gateway, tenant, id) = (guest.gateway.clone(), guest.tenant.clone(), guest.id.clone());
        let conn = Some(guest.conn.clone());
        let run = async move {
            request.validate()?;
            gateway.run_by(&tenant, &id, request, conn).await.map(drop)
        };
        self.under_way = Some(run.boxed());
    }

    /// What came of the last one, once that is known; `size` is that of the screen now. `None`: it is to be seen with the
    /// next picture. Cancel safe.
    pub async fn done(&mut self, guest: &Guest, size: (u16, u16)) -> Option<Resized> {
        let done = match &mut self.under_way {
            Some(run) => run.await,
            None => match self.shown_by {
                Some(at) => {
                    sleep_until(at).await;
                    self.shown_by = None;
                    return Some(Resized::Done);
                }
                None => return pending().await,
            },
        };
        self.under_way = None;
        if let Some((width, height)) = self.next.take() {
            self.ask(guest, width, height);
            return None;
        }
        match done {
            Ok(()) if size == self.wished => Some(Resized::Done),
            Ok(()) => {
                self.shown_by = Some(Instant::now() + PICTURE_WITHIN);
                None
            }
            Err(error) => {
                tracing::debug!(%error, "a viewer's size was not taken");
                Some(why_not(error.code))
            }
        }
    }

    /// Whether a picture of this size is one of those that a browser makes while it changes from `now`.
    pub fn is_between(&self, size: (u16, u16), now: (u16, u16)) -> bool {
        let waits = self.under_way.is_some() || self.shown_by.is_some();
        waits && size != now && size != self.wished
    }

    /// A picture of this size has come. `true`: it is what was wished for.
    pub fn seen(&mut self, size: (u16, u16)) -> bool {
        size == self.wished && self.shown_by.take().is_some()
    }
}

fn why_not(code: ErrorCode) -> Resized {
    match code {
        ErrorCode::InvalidArgument => Resized::Invalid,
        ErrorCode::Conflict | ErrorCode::Forbidden | ErrorCode::Unauthenticated => Resized::Prohibited,
        ErrorCode::NotFound
        | ErrorCode::Gone
        | ErrorCode::PayloadTooLarge
        | ErrorCode::ResourceExhausted
        | ErrorCode::BrowserError
        | ErrorCode::Timeout
        | ErrorCode::Unavailable
        | ErrorCode::Cancelled
        | ErrorCode::Internal => Resized::OutOfResources,
    }
}
