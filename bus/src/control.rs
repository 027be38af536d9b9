//! Asking and answering as a worker, on `rk.ctl`.

use std::time::Duration;

use async_nats::{Request, Subscriber, client::RequestErrorKind};
use bus_schema::{
    Error, Region, SCHEMA, Subject, WorkerId,
    codec::{Encoding, Message as _},
    model::rpc::{WorkerReply, WorkerRequest},
};
use futures::StreamExt;

use crate::{
    Bus,
    js::{explain, header_u64},
    metrics, parts,
    work::{encoding_of, request_headers},
};

/// What asking a worker came to, where it did not answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No subscription at the server. Alone it proves nothing: the server may have just restarted.
    #[error("nobody answers for the worker")]
    NoResponders,
    #[error("the worker did not answer in time")]
    TimedOut,
    #[error("{0}")]
    Unavailable(Error),
}

impl Bus {
    pub async fn ask_worker(
        &self,
        region: &Region,
        worker: &WorkerId,
        request: WorkerRequest,
        timeout: Duration,
    ) -> Result<WorkerReply, AskError> {
        let encoding = Encoding::default();
        let subject = self.root().subject(&Subject::Control(region.clone(), worker.clone()));
        let message = Request::new()
            .headers(request_headers(encoding))
            .payload(request.encode(encoding))
            .timeout(Some(timeout));
        match self.inner.main.client.send_request(subject, message).await {
            Ok(m) => WorkerReply::decode(&m.payload, encoding).map_err(AskError::Unavailable),
            Err(e) => Err(match e.kind() {
                RequestErrorKind::NoResponders => AskError::NoResponders,
                RequestErrorKind::TimedOut => AskError::TimedOut,
                kind @ (RequestErrorKind::InvalidSubject
                | RequestErrorKind::MaxPayloadExceeded
                | RequestErrorKind::Other) => AskError::Unavailable(Error::unavailable(explain(kind))),
            }),
        }
    }

    /// Subscribes as a worker.
    pub async fn serve_worker(&self, worker: &WorkerId) -> Result<WorkerInbox, Error> {
        let subject = Subject::Control(self.region().clone(), worker.clone());
        let client = self.inner.main.client.clone();
        let subscription = client
            .subscribe(self.root().subject(&subject))
            .await
            .map_err(|e| Error::unavailable(e.to_string()))?;
        Ok(WorkerInbox { subscription, bus: self.clone(), template: subject.template() })
    }
}

#[derive(Debug)]
pub struct WorkerInbox {
    subscription: Subscriber,
    bus: Bus,
    template: &'static str,
}

impl WorkerInbox {
    /// Answers the next request with what `answer` says. `None`: the connection is closed for good.
    pub async fn answer_next(
        &mut self,
        answer: impl AsyncFnOnce(WorkerRequest) -> WorkerReply,
    ) -> Option<()> {
        let message = self.subscription.next().await?;
        let encoding = encoding_of(message.headers.as_ref());
        let Some(inbox) = message.reply.filter(|r| parts::is_inbox(r)) else {
            metrics::noise(self.template);
            return Some(());
        };
        let schema = header_u64(message.headers.as_ref(), "Rk-Schema").unwrap_or(u64::from(SCHEMA));
        let reply = match WorkerRequest::decode(&message.payload, encoding) {
            _ if schema > u64::from(SCHEMA) => WorkerReply::Error(
                Error::unavailable(format!("this worker reads schema {SCHEMA}, the request has {schema}"))
                    .not_started(),
            ),
            Ok(request) => answer(request).await,
            Err(e) => {
                metrics::noise(self.template);
                WorkerReply::Error(e)
            }
        };
        let client = &self.bus.inner.main.client;
        let _ = client.publish_with_headers(inbox, request_headers(encoding), reply.encode(encoding)).await;
        Some(())
    }
}
