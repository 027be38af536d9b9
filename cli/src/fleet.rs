//! The parts that run in this process, from their start to their end in order.

use std::{future::Future, time::Duration};

use anyhow::anyhow;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Exit, Failure},
    signals::Stop,
};

/// Parts of one kind, such as all workers: they are told to drain together.
pub struct Parts {
    kind: &'static str,
    drain: CancellationToken,
    running: JoinSet<anyhow::Result<()>>,
    /// One may leave in order before all are told to: a worker that is drained by request.
    may_leave: bool,
}

impl Parts {
    pub fn new(kind: &'static str) -> Self {
        Self { kind, drain: CancellationToken::new(), running: JoinSet::new(), may_leave: false }
    }

    pub fn that_may_leave(kind: &'static str) -> Self {
        Self { may_leave: true, ..Self::new(kind) }
    }

    /// Starts one; it MUST end soon after its token is cancelled, and not before, unless it may leave.
    pub fn start<F>(&mut self, part: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.running.spawn(part(self.drain.clone()));
    }

    /// Waits for one that fails, or until all have left.
    async fn over(&mut self) -> Over {
        let any = !self.running.is_empty();
        while let Some(ended) = self.running.join_next().await {
            let error = match ended {
                Ok(Ok(())) if self.may_leave => {
                    tracing::info!(left = self.running.len(), "a {} has left", self.kind);
                    continue;
                }
                Ok(Ok(())) => anyhow!("the {} ended by itself", self.kind),
                Ok(Err(error)) => error.context(format!("the {} failed", self.kind)),
                Err(error) => anyhow!("the {} panicked: {error}", self.kind),
            };
            return Over::Failed(error);
        }
        if any { Over::Left } else { std::future::pending().await }
    }

    async fn drained(&mut self) {
        self.drain.cancel();
        while let Some(ended) = self.running.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!("the {} failed while draining: {error:#}", self.kind),
                Err(error) => tracing::warn!("the {} panicked while draining: {error}", self.kind),
            }
        }
    }
}

/// How a kind of parts was over before it was told to end.
enum Over {
    Failed(anyhow::Error),
    /// All of its kind, in order.
    Left,
}

/// Runs until told to stop, until a part fails, or until those that may leave have left; then drains the parts in this order. Workers come before edges,
/// so that clients hear how their sessions ended.
pub async fn attend(mut parts: Vec<Parts>, stop: &Stop, patience: Duration) -> Result<Exit, Failure> {
    let failure = tokio::select! {
        () = stop.drain.cancelled() => None,
        over = first_over(&mut parts) => match over {
            Over::Failed(error) => Some(error),
            Over::Left => None,
        },
    };
    match &failure {
        None => tracing::info!("draining; a second signal ends at once"),
        Some(error) => tracing::error!("{error:#}; ending"),
    }
    let drained = async {
        for part in &mut parts {
            part.drained().await;
        }
    };
    let in_time = tokio::select! {
        drained = timeout(patience, drained) => drained.is_ok(),
        () = stop.force.cancelled() => false,
    };
    match failure {
        Some(error) => Err(Failure { exit: Exit::SupervisionExhausted, error }),
        None if in_time => Ok(Exit::Drained),
        None => Ok(Exit::DrainTimedOut),
    }
}

async fn first_over(parts: &mut [Parts]) -> Over {
    let mut waits: Vec<_> = parts.iter_mut().map(|part| Box::pin(part.over())).collect();
    std::future::poll_fn(|context| {
        let ready = waits.iter_mut().map(|wait| wait.as_mut().poll(context)).find(|poll| poll.is_ready());
        ready.unwrap_or(std::task::Poll::Pending)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    /// A part that notes its name when it drains, after `takes`.
    fn noting(kind: &'static str, takes: Duration, notes: &Arc<Mutex<Vec<&'static str>>>) -> Parts {
        let (mut parts, notes) = (Parts::new(kind), notes.clone());
        parts.start(|drain| async move {
            drain.cancelled().await;
            tokio::time::sleep(takes).await;
            notes.lock().unwrap().push(kind);
            Ok(())
        });
        parts
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_that_leaves_ends_the_rest_in_order() {
        let (notes, stop) = (Arc::default(), Stop::default());
        let mut workers = Parts::that_may_leave("worker");
        workers.start(|_| async { Ok(()) });
        let leaves = Arc::new(tokio::sync::Notify::new());
        workers.start({
            let leaves = leaves.clone();
            |_| async move {
                leaves.notified().await;
                Ok(())
            }
        });
        let parts = vec![workers, noting("edge", Duration::ZERO, &notes)];
        let attending = tokio::spawn(async move { attend(parts, &stop, PATIENCE).await });
        tokio::time::sleep(PATIENCE * 2).await;
        assert!(!attending.is_finished(), "one worker is left");
        leaves.notify_one();
        assert_eq!(attending.await.unwrap().unwrap(), Exit::Drained);
        assert_eq!(*notes.lock().unwrap(), ["edge"]);
    }

    #[tokio::test(start_paused = true)]
    async fn parts_drain_in_order() {
        let (notes, stop) = (Arc::default(), Stop::default());
        let second = Duration::from_secs(1);
        let parts = vec![noting("worker", second, &notes), noting("edge", Duration::ZERO, &notes)];
        stop.drain.cancel();
        assert_eq!(attend(parts, &stop, PATIENCE).await.unwrap(), Exit::Drained);
        assert_eq!(*notes.lock().unwrap(), ["worker", "edge"]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_takes_too_long_is_left() {
        let (notes, stop) = (Arc::default(), Stop::default());
        stop.drain.cancel();
        let parts = vec![noting("worker", Duration::from_secs(60), &notes)];
        assert_eq!(attend(parts, &stop, PATIENCE).await.unwrap(), Exit::DrainTimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_does_not_wait() {
        let (notes, stop) = (Arc::default(), Stop::default());
        stop.drain.cancel();
        stop.force.cancel();
        let started = tokio::time::Instant::now();
        let parts = vec![noting("worker", Duration::from_secs(60), &notes)];
        assert_eq!(attend(parts, &stop, PATIENCE).await.unwrap(), Exit::DrainTimedOut);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn when_one_fails_the_others_drain() {
        let (notes, stop) = (Arc::default(), Stop::default());
        let mut failing = Parts::new("edge");
        failing.start(|_| async { Err(anyhow!("no luck")) });
        let parts = vec![noting("worker", Duration::ZERO, &notes), failing];
        let failure = attend(parts, &stop, PATIENCE).await.unwrap_err();
        assert_eq!(failure.exit, Exit::SupervisionExhausted);
        assert_eq!(format!("{:#}", failure.error), "the edge failed: no luck");
        assert_eq!(*notes.lock().unwrap(), ["worker"]);
    }
}
