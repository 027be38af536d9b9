//! One client of a bridge, from its socket's opening to its end.

use std::{collections::VecDeque, path::PathBuf, time::Duration};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::tungstenite;
use tokio_util::sync::CancellationToken;

use super::{
    downloads::{Downloads, Told},
    files::Files,
    log::{Log, Missing},
    message::{self, Head},
    upstream::{Dialer, Refused, Upstream},
};

/// What may wait for a client that does not read; beyond it nothing more is read for it.
const WAITING_BYTES: usize = 32 << 20;
/// How often the edge is asked whether it is there, and how long it may be silent.
const PING: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(15);
const GOODBYE: Duration = Duration::from_secs(5);
/// WebSocket close codes.
const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const UNSUPPORTED: u16 = 1003;
const NO_STATUS: u16 = 1005;
const FAILED: u16 = 1011;
const RESTARTED: u16 = 1012;

/// How it ends.
#[derive(Debug)]
enum End {
    /// The client is gone.
    Left,
    /// It is told so.
    Close(u16, String),
    /// The socket to the edge broke: there may be another.
    Lost(&'static str),
}

/// What a transfer of files leaves to do.
enum Done {
    /// The message whose files are staged goes on.
    Send(Bytes),
    /// This is told the client.
    Tell(Bytes),
    Nothing,
}

/// What a client needs besides its own socket.
pub struct Bridge {
    pub dialer: Dialer,
    pub files: Files,
    pub token: Option<String>,
    /// By which the edge names the connection.
    pub conn: String,
    pub stop: CancellationToken,
}

struct State {
    bridge: Bridge,
    log: Log,
    downloads: Downloads,
    /// For the client.
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// How many messages the edge has sent.
    received: u64,
    transfers: JoinSet<Done>,
}

/// Serves one client to its end.
pub async fn run(socket: WebSocket, mut upstream: Upstream, bridge: Bridge) {
    let (mut to_client, mut from_client) = socket.split();
    let mut state = State {
        bridge,
        log: Log::default(),
        downloads: Downloads::default(),
        waiting: VecDeque::new(),
        waiting_bytes: 0,
        received: 0,
        transfers: JoinSet::new(),
    };
    let end = loop {
        let end = state.carry(&mut to_client, &mut from_client, &mut upstream).await;
        let End::Lost(why) = end else { break end };
        tracing::info!(session_id = state.bridge.files.session, why, "the edge is lost: looking for another");
        match state.reconnect(&mut from_client).await {
            Ok(another) => upstream = another,
            Err(end) => break end,
        }
        tracing::info!(session_id = state.bridge.files.session, "the connection goes on");
    };
    state.say_goodbye(end, to_client, upstream).await;
}

impl State {
    /// Passes messages on until something ends.
    async fn carry(
        &mut self,
        to_client: &mut SplitSink<WebSocket, Message>,
        from_client: &mut SplitStream<WebSocket>,
        upstream: &mut Upstream,
    ) -> End {
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        // Whether something was written that may not have left yet.
        let (mut up_dirty, mut down_dirty) = (false, false);
        let stop = self.bridge.stop.clone();
        loop {
            let next_up = self.log.next();
            let next_down = self.waiting.front().cloned();
            tokio::select! {
                message = from_client.next(), if self.log.has_room() => {
                    if let Some(end) = self.on_client(message) {
                        return end;
                    }
                }
                message = upstream.stream.next(), if self.waiting_bytes < WAITING_BYTES => {
                    heard = Instant::now();
                    if let Some(end) = self.on_edge(message) {
                        return end;
                    }
                }
                written = write_up(&mut upstream.sink, next_up.clone()), if next_up.is_some() || up_dirty => {
                    if written.is_err() {
                        return End::Lost("it cannot be written to");
                    }
                    up_dirty = next_up.is_some();
                    self.log.sent();
                }
                written = write_down(to_client, next_down.clone()), if next_down.is_some() || down_dirty => {
                    if written.is_err() {
                        return End::Left;
                    }
                    down_dirty = next_down.is_some();
                    if let Some(text) = self.waiting.pop_front() {
                        self.waiting_bytes -= text.len();
                    }
                }
                Some(done) = self.transfers.join_next() => self.on_transfer(done),
                _ = ping.tick() => {
                    if self.waiting_bytes >= WAITING_BYTES {
                        // Not listened to because of the client.
                        heard = Instant::now();
                    }
                    if heard.elapsed() > SILENCE {
                        return End::Lost("it is silent");
                    }
                    if timeout(PING, upstream.sink.send(tungstenite::Message::Ping(Bytes::new()))).await.is_err() {
                        return End::Lost("it does not read");
                    }
                }
                () = stop.cancelled() => return End::Close(GOING_AWAY, "the bridge is stopping".into()),
            }
        }
    }

    /// Another socket to the fleet. The client may go on sending, or go, meanwhile.
    async fn reconnect(&mut self, from_client: &mut SplitStream<WebSocket>) -> Result<Upstream, End> {
        let url =
            self.bridge.dialer.target.resume(&self.bridge.files.session, &self.bridge.conn, self.received);
        let (dialer, token) = (self.bridge.dialer.clone(), self.bridge.token.clone());
        let dialing = async move { dialer.dial_again(&url, token.as_deref()).await };
        tokio::pin!(dialing);
        let stop = self.bridge.stop.clone();
        let dialed = loop {
            tokio::select! {
                dialed = &mut dialing => break dialed,
                message = from_client.next(), if self.log.has_room() => {
                    if let Some(end) = self.on_client(message) {
                        return Err(end);
                    }
                }
                () = stop.cancelled() => return Err(End::Close(GOING_AWAY, "the bridge is stopping".into())),
            }
        };
        let upstream = dialed.map_err(|refused| match refused {
            Refused::Answer { status, body, .. } => {
                let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
                let detail = problem["detail"].as_str().unwrap_or("the connection cannot be taken up");
                let code = if status.as_u16() == 410 { NORMAL } else { RESTARTED };
                End::Close(code, detail.to_owned())
            }
            Refused::Unreachable(why) => End::Close(FAILED, format!("no edge is there: {why}")),
        })?;
        let arrived =
            upstream.headers.get("rookery-received").and_then(|value| value.to_str().ok()?.parse().ok());
        let resumed = arrived.map_or(Err(Missing), |arrived| self.log.resume(arrived));
        match resumed {
            Ok(()) => Ok(upstream),
            Err(missing) => Err(End::Close(FAILED, missing.to_string())),
        }
    }

    fn on_client(&mut self, message: Option<Result<Message, axum::Error>>) -> Option<End> {
        match message {
            Some(Ok(Message::Text(text))) => self.take_from_client(text.into()),
            Some(Ok(Message::Binary(_))) => {
                return Some(End::Close(UNSUPPORTED, "binary messages are not understood".into()));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Some(End::Left),
        }
        None
    }

    fn take_from_client(&mut self, text: Bytes) {
        let head = Head::read(&text);
        let id = head.id;
        match head.method() {
            "DOM.setFileInputFiles" => {
                let params = message::params(&text);
                let paths = params["files"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let paths: Vec<PathBuf> = paths.map(PathBuf::from).collect();
                if let Some(path) = paths.iter().find(|path| path.exists() && !path.is_file()) {
                    let why = format!("{} is not a file that can be sent", path.display());
                    return self.tell(message::refusal(&text, &why));
                }
                let here: Vec<PathBuf> = paths.into_iter().filter(|path| path.is_file()).collect();
                if here.is_empty() {
                    // What lies nowhere here may be staged already.
                    return self.log.push(id, text);
                }
                let files = self.bridge.files.clone();
                self.transfers.spawn(async move {
                    match files.stage(&here).await {
                        Ok(()) => Done::Send(text),
                        Err(error) => Done::Tell(message::refusal(&text, &format!("{error:#}"))),
                    }
                });
            }
            "Browser.setDownloadBehavior" => {
                let params = self.downloads.set(message::params(&text));
                let text = message::with_params(&text, params).unwrap_or(text);
                self.log.push(id, text);
            }
            _ => self.log.push(id, text),
        }
    }

    fn on_edge(&mut self, message: Option<Result<tungstenite::Message, tungstenite::Error>>) -> Option<End> {
        match message {
            Some(Ok(tungstenite::Message::Text(text))) => {
                self.received += 1;
                self.take_from_edge(text.into());
                None
            }
            Some(Ok(tungstenite::Message::Close(Some(close)))) => match u16::from(close.code) {
                GOING_AWAY => Some(End::Lost("it is stopping")),
                code => Some(End::Close(code, close.reason.to_string())),
            },
            Some(Ok(tungstenite::Message::Close(None)) | Err(_)) | None => {
                Some(End::Lost("its socket broke"))
            }
            Some(Ok(_)) => None,
        }
    }

    fn take_from_edge(&mut self, text: Bytes) {
        let head = Head::read(&text);
        if let Some(id) = head.id {
            self.log.answered(id);
            return self.tell(text);
        }
        let told = match head.method() {
            "Target.targetCreated" | "Target.attachedToTarget" => {
                self.downloads.page(&message::params(&text));
                Told::As
            }
            "Target.targetDestroyed" => {
                self.downloads.page_gone(&message::params(&text));
                Told::As
            }
            "Browser.downloadWillBegin" => self.downloads.begins(&message::params(&text)),
            "Browser.downloadProgress" => self.downloads.moves(&message::params(&text)),
            _ => Told::As,
        };
        match told {
            Told::As => self.tell(text),
            Told::Not => {}
            Told::Behind { guid, file, events } => self.fetch(text, guid, file, events),
        }
    }

    /// The file first, then the news of its end.
    fn fetch(&mut self, text: Bytes, guid: String, file: PathBuf, events: bool) {
        let files = self.bridge.files.clone();
        self.transfers.spawn(async move {
            let mut params = message::params(&text);
            match files.fetch(&guid, &file).await {
                Ok(()) if params.get("filePath").is_some() => {
                    params["filePath"] = file.to_string_lossy().into();
                }
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(file = %file.display(), error = format!("{error:#}"), "a download was not fetched");
                    params["state"] = "canceled".into();
                }
            }
            if !events {
                return Done::Nothing;
            }
            Done::Tell(message::with_params(&text, params).unwrap_or(text))
        });
    }

    fn on_transfer(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Send(text)) => {
                let id = Head::read(&text).id;
                self.log.push(id, text);
            }
            Ok(Done::Tell(text)) => self.tell(text),
            Ok(Done::Nothing) => {}
            Err(error) => tracing::warn!(%error, "a transfer of files was cut off"),
        }
    }

    fn tell(&mut self, text: Bytes) {
        self.waiting_bytes += text.len();
        self.waiting.push_back(text);
    }

    /// What was received is delivered before the close.
    async fn say_goodbye(
        mut self,
        end: End,
        mut to_client: SplitSink<WebSocket, Message>,
        mut upstream: Upstream,
    ) {
        self.transfers.shutdown().await;
        let session_id = &self.bridge.files.session;
        match end {
            End::Left | End::Lost(_) => {
                tracing::info!(session_id, "the client has left");
                let _ = timeout(GOODBYE, upstream.sink.close()).await;
            }
            End::Close(code, reason) => {
                tracing::info!(session_id, code, reason, "the connection ends");
                if code == GOING_AWAY {
                    let _ = timeout(GOODBYE, upstream.sink.close()).await;
                }
                let goodbye = async {
                    for text in self.waiting {
                        write_down(&mut to_client, Some(text)).await?;
                    }
                    let code = if code == NO_STATUS { NORMAL } else { code };
                    let reason: String = reason.chars().take(60).collect();
                    to_client.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
                    to_client.close().await
                };
                let _ = timeout(GOODBYE, goodbye).await;
            }
        }
    }
}

/// Writes a message, or what is left of those before. Dropped before it is done, it has written nothing.
async fn write_up<S>(sink: &mut S, text: Option<Bytes>) -> Result<(), tungstenite::Error>
where
    S: futures::Sink<tungstenite::Message, Error = tungstenite::Error> + Unpin,
{
    match text {
        Some(text) => {
            let text = tungstenite::Utf8Bytes::try_from(text)?;
            sink.feed(tungstenite::Message::Text(text)).await
        }
        None => sink.flush().await,
    }
}

/// The same to the client.
async fn write_down<S>(sink: &mut S, text: Option<Bytes>) -> Result<(), axum::Error>
where
    S: futures::Sink<Message, Error = axum::Error> + Unpin,
{
    match text {
        Some(text) => sink.feed(Message::Text(Utf8Bytes::try_from(text).map_err(axum::Error::new)?)).await,
        None => sink.flush().await,
    }
}
