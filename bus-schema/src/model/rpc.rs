//! Requests on the bus and their replies, bound to each other by [`Rpc`].

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    id::{ConnId, SessionId, Tenant},
    model::{
        command::{CommandClass, CommandRequest, CommandResult},
        control::{Access, Control, ControlRequest},
        create::{CreateSession, PatchSession},
        note::ChooserAnswer,
        session::{EndReason, Session},
        time::Timestamp,
        worker::Worker,
        ws::FramesWish,
    },
};

/// A session request, as it waits in the work stream. The entry is the truth; this carries what a claim needs when
/// a service on the bus left the making of the entry to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkRequest {
    pub session: SessionId,
    pub tenant: Tenant,
    #[serde(default)]
    pub spec: CreateSession,
    /// When it stops waiting, in bus time; by the spec's queue time-out from its arrival if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

/// A request to the owner of a session, on `rk.cmd`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum OwnerRequest {
    /// Run a command. The reply comes when it is done.
    Run(Run),
    /// End the session. The reply comes when it has ended.
    End(End),
    /// Page, tabs and control as they are now.
    Inspect(Inspect),
    Patch(PatchSession),
    Control(SetControl),
    /// Open input, a view or a CDP connection.
    Attach(Attach),
    /// Files: stage an upload from the object store, or list downloads.
    Files(Files),
    /// Answer what a page wants chosen by the person in control.
    AnswerChooser(AnswerChooser),
}

impl OwnerRequest {
    pub const VERBS: &'static [&'static str] = &[
        Run::VERB,
        End::VERB,
        Inspect::VERB,
        PatchSession::VERB,
        SetControl::VERB,
        Attach::VERB,
        Files::VERB,
        AnswerChooser::VERB,
    ];

    /// Whether doing it twice comes to the same as doing it once.
    pub fn is_repeatable(&self) -> bool {
        match self {
            // A key is in the log, where every owner finds it.
            OwnerRequest::Run(r) => {
                r.request.command.class() == CommandClass::Read || r.request.key.is_some()
            }
            OwnerRequest::End(_)
            | OwnerRequest::Inspect(_)
            | OwnerRequest::Patch(_)
            | OwnerRequest::Attach(_)
            | OwnerRequest::Files(
                Files::Stage { .. } | Files::Staged | Files::Downloads | Files::Publish { .. },
            ) => true,
            OwnerRequest::Control(_)
            | OwnerRequest::AnswerChooser(_)
            | OwnerRequest::Files(Files::Unstage { .. } | Files::DeleteDownload { .. }) => false,
        }
    }

    pub fn verb(&self) -> &'static str {
        match self {
            OwnerRequest::Run(_) => Run::VERB,
            OwnerRequest::End(_) => End::VERB,
            OwnerRequest::Inspect(_) => Inspect::VERB,
            OwnerRequest::Patch(_) => PatchSession::VERB,
            OwnerRequest::Control(_) => SetControl::VERB,
            OwnerRequest::Attach(_) => Attach::VERB,
            OwnerRequest::Files(_) => Files::VERB,
            OwnerRequest::AnswerChooser(_) => AnswerChooser::VERB,
        }
    }
}

/// Names one request to an owner, however often it is sent: where the connection was lost with the request or its
/// answer, it is sent again under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: String,
    /// Of one that is sent again: when an owner can have had it first, in bus time.
    pub since: Option<Timestamp>,
}

impl Attempt {
    const LONGEST: usize = 64;

    pub fn random() -> Self {
        Self { id: uuid::Uuid::now_v7().simple().to_string(), since: None }
    }

    /// As an asker wrote it. `None` for what nobody could have meant as a name: such a request is as one without.
    pub fn read(id: &str, since: Option<Timestamp>) -> Option<Self> {
        let readable =
            !id.is_empty() && id.len() <= Self::LONGEST && id.bytes().all(|b| b.is_ascii_graphic());
        readable.then(|| Self { id: id.to_owned(), since })
    }
}

/// A request and what answers it, so that neither is ever decoded as something else.
pub trait Rpc: Into<OwnerRequest> {
    type Reply: Serialize + serde::de::DeserializeOwned;
    const VERB: &'static str;
    /// How long an answer may take, besides what the request itself asks for.
    const TIMEOUT: Duration;
}

macro_rules! rpc {
    ($($variant:ident($request:ty) -> $reply:ty, $verb:literal, $timeout:expr;)*) => {$(
        impl Rpc for $request {
            type Reply = $reply;
            const VERB: &'static str = $verb;
            const TIMEOUT: Duration = $timeout;
        }

        impl From<$request> for OwnerRequest {
            fn from(r: $request) -> Self {
                OwnerRequest::$variant(r)
            }
        }
    )*};
}

rpc! {
    Run(Run) -> CommandResult, "run", Duration::from_secs(5);
    End(End) -> Session, "end", Duration::from_secs(15);
    Inspect(Inspect) -> Session, "inspect", Duration::from_secs(3);
    Patch(PatchSession) -> Session, "patch", Duration::from_secs(5);
    Control(SetControl) -> Control, "control", Duration::from_secs(5);
    Attach(Attach) -> Attached, "attach", Duration::from_secs(5);
    Files(Files) -> FilesReply, "files", Duration::from_secs(60);
    AnswerChooser(AnswerChooser) -> Answered, "answer_chooser", Duration::from_secs(15);
}

/// In JSON the idempotency key of the action `key`, which has a field of that name, stands beside `request`.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub request: CommandRequest,
    /// When the asker stops waiting, in bus time. Work that comes later than this is not begun.
    pub deadline: Timestamp,
    /// The connection it came by: what a person in control asks for is not held back.
    pub conn: Option<ConnId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub reason: EndReason,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspect {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetControl {
    pub request: ControlRequest,
    /// The view through which a person asks: control lasts as long as it does. Absent: kept by repeating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conn: Option<ConnId>,
}

/// In JSON the answer is one of `value`, `files` and `cancel: true` beside the others.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerChooser {
    /// [`super::note::Chooser::id`].
    pub chooser: String,
    /// The view of the person in control.
    pub conn: ConnId,
    pub answer: ChooserAnswer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachKind {
    /// Human input on `rk.in`.
    Input,
    /// Frames on `rk.fr`, wishes on `rk.view`.
    View,
    /// Only to be there: a session with `on_disconnect: close` lives as long as its last client.
    Client,
    /// A CDP client, whose messages travel on `rk.cdp`. It counts as a client too.
    Cdp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    pub kind: AttachKind,
    pub conn: ConnId,
    /// Of a view: what it wants to see.
    #[serde(default)]
    pub wish: FramesWish,
    /// Of input: the view of the same person. Of a view: the one that they had before, whose control it takes over. Of CDP: the connection that is
    /// taken up again, whose messages travel under `conn` from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// Of CDP: the one page that it is a client of, instead of the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Of CDP: where the session is found, for a client that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// Of a view: how it is shown to others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of a view: what it may do.
    #[serde(default, skip_serializing_if = "Access::is_full")]
    pub access: Access,
}

impl Attach {
    pub fn new(kind: AttachKind, conn: ConnId) -> Self {
        Self {
            kind,
            conn,
            wish: FramesWish::default(),
            resume: None,
            target: None,
            links: None,
            name: None,
            access: Access::Full,
        }
    }
}

/// A session's addresses, as seen by a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    pub view: String,
    pub cdp: String,
}

/// Where a CDP client was when its socket broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The name under which it came first.
    pub conn: ConnId,
    /// How many messages it has received.
    pub after: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    pub control: Control,
    /// A view or input that is not heard of for this long is detached.
    pub heartbeat_ms: u32,
    /// Of a CDP connection that was taken up again: how many messages of the client have reached the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Files {
    /// Fetch an object and stage it under a name for uploads.
    Stage {
        object: String,
        name: String,
    },
    /// What is staged.
    Staged,
    Unstage {
        name: String,
    },
    /// What the browser has downloaded.
    Downloads,
    /// Put a download into the object store.
    Publish {
        name: String,
    },
    DeleteDownload {
        name: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FilesReply {
    pub files: Vec<FileInfo>,
    /// Of `publish`: where the file lies in the object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileInfo {
    pub name: String,
    pub size: u64,
    /// Of a download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DownloadState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The browser's own name for a download, by which CDP tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DownloadState {
    InProgress,
    Completed,
    Canceled,
}

/// A heartbeat of a viewer on `rk.view`, with its newest wish. Silence for `heartbeat_ms` detaches it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewBeat {
    pub conn: ConnId,
    pub wish: FramesWish,
    /// It leaves now.
    #[serde(default)]
    pub gone: bool,
    /// It falls behind: a smaller picture would serve it better.
    #[serde(default)]
    pub slow: bool,
}

/// A request to a worker, on `rk.ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum WorkerRequest {
    Ping,
    Inspect,
    /// Claims nothing more, lets sessions end, then stops.
    Drain {
        grace_s: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum WorkerReply {
    Pong,
    Worker(Worker),
    Error(Error),
}

/// A reply of an owner: what was asked for, with bytes that JSON should not carry, or an error.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnerReply {
    pub outcome: Result<Bytes, Error>,
    pub attachment: Option<Attachment>,
}

/// Bytes beside a result: an image, a PDF, a page's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub media_type: String,
    pub bytes: Bytes,
}

impl OwnerReply {
    /// `value` is the JSON of the request's reply type.
    pub fn ok<T: Serialize>(value: &T, attachment: Option<Attachment>) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => Self { outcome: Ok(json.into()), attachment },
            Err(e) => Self::error(Error::internal(format!("the reply could not be written: {e}"))),
        }
    }

    pub fn error(error: Error) -> Self {
        Self { outcome: Err(error), attachment: None }
    }
}
