//! Answers too large for one message.
//!
//! The first answer holds no result but `Rk-Part: 0/n` and a reply inbox. The asker sends its own inbox there, on the
//! bulk connection, and gets the parts, each of which it credits, so that at most 8 are under way.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message};
use bus_schema::{Error, stream};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;

const PART: &str = "Rk-Part";
const PART_BYTES: usize = stream::INLINE_ANSWER_BYTES;
const AHEAD: usize = 8;
/// How long either side waits for the other's next message.
const PATIENCE: Duration = Duration::from_secs(10);

/// Replies are published to inboxes only: a request must not make us write to any other subject.
pub(crate) fn is_inbox(subject: &str) -> bool {
    subject.starts_with("_INBOX.")
}

/// Publishes an answer of any size to `inbox`. Large ones go over `bulk`.
pub(crate) async fn send(
    main: &Client,
    bulk: &Client,
    inbox: &str,
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<(), Error> {
    let lost = |e: &dyn std::fmt::Display| Error::unavailable(format!("the answer was not taken: {e}"));
    if body.len() <= PART_BYTES {
        return main.publish_with_headers(inbox.to_owned(), headers, body).await.map_err(|e| lost(&e));
    }
    if body.len() > stream::MAX_ANSWER_BYTES {
        return Err(Error::payload_too_large("the answer is larger than 256 MB"));
    }
    let parts: Vec<Bytes> = (0..body.len())
        .step_by(PART_BYTES)
        .map(|at| body.slice(at..body.len().min(at + PART_BYTES)))
        .collect();
    let credit_inbox = bulk.new_inbox();
    let mut credits = bulk.subscribe(credit_inbox.clone()).await.map_err(|e| lost(&e))?;
    // The subscription must stand at the server before the asker can hear of it on the other connection.
    crate::js::round_trip(bulk).await?;
    headers.insert(PART, format!("0/{}", parts.len()));
    main.publish_with_reply_and_headers(inbox.to_owned(), credit_inbox.clone(), headers, Bytes::new())
        .await
        .map_err(|e| lost(&e))?;
    let mut to = None;
    let mut credit = 0usize;
    for (i, part) in parts.iter().enumerate() {
        while credit == 0 || to.is_none() {
            let message = tokio::time::timeout(PATIENCE, credits.next()).await.map_err(|e| lost(&e))?;
            let Some(message) = message else { return Err(lost(&"the connection is closed")) };
            match message.reply.filter(|r| is_inbox(r)) {
                Some(reply) if to.is_none() => {
                    to = Some(reply);
                    credit += AHEAD;
                }
                _ => credit += 1,
            }
        }
        let Some(to) = to.clone() else { continue };
        let mut headers = HeaderMap::new();
        headers.insert(PART, format!("{}/{}", i + 1, parts.len()));
        bulk.publish_with_headers(to, headers, part.clone()).await.map_err(|e| lost(&e))?;
        credit -= 1;
    }
    Ok(())
}

/// The body of an answer, fetched part by part if it comes so.
pub(crate) async fn receive(bulk: &Client, first: Message) -> Result<Bytes, Error> {
    let Some(count) = part_count(&first) else { return Ok(first.payload) };
    let lost = |e: &dyn std::fmt::Display| {
        Error::unavailable(format!("a large answer was cut short: {e}")).outcome_unknown()
    };
    let Some(credit) = first.reply.filter(|r| is_inbox(r)) else { return Err(lost(&"no credit inbox")) };
    if count > stream::MAX_ANSWER_BYTES / PART_BYTES + 1 {
        return Err(lost(&"more parts than an answer may have"));
    }
    let inbox = bulk.new_inbox();
    let mut parts = bulk.subscribe(inbox.clone()).await.map_err(|e| lost(&e))?;
    bulk.publish_with_reply(credit.clone(), inbox, Bytes::new()).await.map_err(|e| lost(&e))?;
    let mut body = BytesMut::with_capacity(count * PART_BYTES);
    for i in 1..=count {
        let message = tokio::time::timeout(PATIENCE, parts.next()).await.map_err(|e| lost(&e))?;
        let Some(message) = message else { return Err(lost(&"the connection is closed")) };
        let expected = format!("{i}/{count}");
        let label = message.headers.as_ref().and_then(|h| h.get(PART)).map(|v| v.as_str());
        if label != Some(expected.as_str()) {
            return Err(lost(&"a part is missing"));
        }
        body.extend_from_slice(&message.payload);
        bulk.publish(credit.clone(), Bytes::new()).await.map_err(|e| lost(&e))?;
    }
    Ok(body.freeze())
}

fn part_count(message: &Message) -> Option<usize> {
    message.headers.as_ref()?.get(PART)?.as_str().strip_prefix("0/")?.parse().ok()
}
