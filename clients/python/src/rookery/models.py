"""The types of requests and answers. Written by generate.py from docs/openapi.json: do not edit.

What can be sent is a `TypedDict`, also where it is answered: a `StorageState` can be given to the next session as it
came. What is only answered is a dataclass. Timestamps are aware `datetime`s in UTC; numbers whose names end in `_ms` or
`_s` are milliseconds or seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import Required

Access = Literal["view", "control"]
"""What somebody may do who was given a link, or a password for VNC."""

BrowserKind = Literal["headless-shell", "chrome"]

Priority = Literal["high", "normal", "low"]
"""Priority class of a request, in the order in which workers look."""

ColorScheme = Literal["light", "dark", "no-preference"]

ContentFormat = Literal["html", "text", "markdown"]

ControlAction = Literal["take_control", "return_control", "pause", "resume", "request", "give", "decline"]

ControlMode = Literal["ai_control", "user_control", "paused"]

DialogKind = Literal["alert", "confirm", "prompt", "beforeunload"]

DownloadState = Literal["in_progress", "completed", "canceled"]

ElementState = Literal["visible", "hidden", "attached", "detached"]

EndReason = Literal[
    "released",
    "cancelled",
    "queue_timeout",
    "idle_timeout",
    "lifetime",
    "client_gone",
    "drained",
    "crashed",
    "oom",
    "evicted",
    "worker_lost",
    "region_lost",
    "start_failed",
]
"""Why a session ended."""

ErrorCode = Literal[
    "invalid_argument",
    "unauthenticated",
    "forbidden",
    "not_found",
    "conflict",
    "gone",
    "payload_too_large",
    "resource_exhausted",
    "browser_error",
    "timeout",
    "unavailable",
    "cancelled",
    "internal",
]
"""What went wrong, in terms a client can act on. Closed: every protocol maps each code in one total match."""

EventType = Literal[
    "session:created",
    "session:queued",
    "session:ready",
    "session:step",
    "session:navigated",
    "session:tab",
    "session:download",
    "session:dialog",
    "session:control_changed",
    "session:recovering",
    "session:recovered",
    "session:error",
    "session:ended",
    "session:console",
    "session:network",
]

ImageFormat = Literal["png", "jpeg", "webp"]

Isolation = Literal["process", "context"]

KeyEvent = Literal["down", "up"]

Login = Literal["none", "cookie", "token", "link"]
"""How a caller has said who they are."""

Modifier = Literal["Alt", "Control", "Meta", "Shift"]

MouseButton = Literal["left", "middle", "right", "back", "forward"]

MouseEvent = Literal["move", "down", "up"]

ObservePreset = Literal["compact", "full", "interactive"]

OnBrowserCrash = Literal["recover", "end"]

OnDisconnect = Literal["keep", "close"]

OnHumanControl = Literal["wait", "fail"]

OnWorkerLoss = Literal["recover", "fail"]

Outcome = Literal["not_started", "unknown"]
"""Whether the effect that was asked for may have happened."""

SameSite = Literal["Strict", "Lax", "None"]

ScrollTo = Literal["top", "bottom"]

State = Literal["queued", "starting", "ready", "recovering", "closing", "ended"]

WaitUntil = Literal["load", "domcontentloaded", "networkidle", "commit"]

FieldValue = Union[bool, str, list[str]]

FrameRef = Union[int, str]
"""A frame, by number in tree order (0 is the main frame) or by its name or a part of its URL."""

Action = Literal[
    "navigate",
    "reload",
    "back",
    "forward",
    "click",
    "hover",
    "type",
    "press",
    "select_option",
    "check",
    "uncheck",
    "fill_form",
    "scroll",
    "drag",
    "mouse",
    "key",
    "upload",
    "wait_for",
    "evaluate",
    "content",
    "screenshot",
    "pdf",
    "set_viewport",
    "cookies_get",
    "cookies_set",
    "cookies_clear",
    "storage_get",
    "storage_set",
    "dialog",
    "tabs",
    "new_tab",
    "activate_tab",
    "close_tab",
    "observe",
]


@dataclass(frozen=True)
class BrowserVersion:
    """What a browser answers to CDP's `Browser.getVersion`.

    Attributes:
        kind: As in `browser` of a session.
        product: For example `HeadlessChrome/156.0.8078.79`.
    """

    js: str
    kind: BrowserKind
    product: str
    protocol: str
    revision: str
    user_agent: str


@dataclass(frozen=True)
class Control:
    """Part of the entry: exactly one holder drives a session.

    Attributes:
        epoch: Counts the changes. Input of an older epoch is dropped.
        handoff: The agent wants a person to do something, and waits for it.
        holder: Who holds it, where that is a person.
        note: Left by the last holder.
        requested_by: Who asks to have it.
    """

    epoch: int
    mode: ControlMode
    handoff: Handoff | None = None
    holder: str | None = None
    note: str | None = None
    requested_by: str | None = None


class ControlRequest(TypedDict, total=False):
    """Body of `PUT /v1/sessions/{id}/control`.

    Attributes:
        by: Of `give` and `decline` over REST: who holds it.
        holder: The person, as shown to others; of `give`, who gets it.
        note: To whoever comes next. At most 1 000 characters.
    """

    action: Required[ControlAction]
    by: str | None
    holder: str | None
    note: str | None


class Cookie(TypedDict, total=False):
    """A cookie, in Playwright's form.

    Attributes:
        expires: Unix time in seconds; −1 or absent for a session cookie.
        partitionKey: Top-level site of a partitioned cookie.
    """

    domain: str | None
    expires: float | None
    httpOnly: bool
    name: Required[str]
    partitionKey: str | None
    path: str | None
    sameSite: SameSite | None
    secure: bool
    url: str | None
    value: Required[str]


class CreateSession(TypedDict, total=False):
    """Body of `POST /v1/sessions`. Every field is optional.

    Attributes:
        args: Browser switches from a closed list.
        dialog_timeout_s: A dialog that nobody answers is dismissed after this long. 0 to 600.
        headers: Sent with every request of the session.
        idle_timeout_s: The session ends after this long without a command, CDP message or input. 1 to 86 400.
        init_scripts: Run in every document before its own scripts.
        keep_alive_s: How long the session outlives its last client where `on_disconnect` is `close`. 0 to 3
            600.
        labels: At most 32 pairs; keys up to 63 and values up to 255 characters.
        locale: BCP 47, e.g. `de-DE`.
        max_lifetime_s: 1 to 604 800.
        name: Shown in lists. At most 200 characters.
        permissions: Granted to every origin, e.g. `geolocation`, `clipboard-read`, `notifications`.
        queue_timeout_s: How long the request may wait for a free slot. 1 to 3 600, and at most 600 behind a
            full stream.
        recording: Keeps a film of the session, for `GET /v1/sessions/{id}/recording`.
        storage_state: Playwright's storage state: cookies and local storage by origin.
        timezone: IANA name, e.g. `Europe/Berlin`.
        url: Opened before the session is ready: http, https, about:blank or data.
    """

    args: list[str]
    browser: BrowserKind
    color_scheme: ColorScheme | None
    dialog_timeout_s: int
    geolocation: Geolocation | None
    headers: dict[str, str]
    http_credentials: HttpCredentials | None
    idle_timeout_s: int
    ignore_https_errors: bool
    init_scripts: list[str]
    isolation: Isolation
    keep_alive_s: int
    labels: dict[str, str]
    locale: str | None
    max_lifetime_s: int
    name: str | None
    on_browser_crash: OnBrowserCrash
    on_disconnect: OnDisconnect
    on_worker_loss: OnWorkerLoss
    permissions: list[str]
    policy: Policy | None
    pool: str | None
    priority: Priority
    profile: Profile | None
    proxy: Proxy | None
    queue_timeout_s: int
    recording: bool
    region: str | None
    storage_state: StorageState | None
    timezone: str | None
    url: str | None
    user_agent: str | None
    viewport: Viewport


class DrainRequest(TypedDict, total=False):
    """How a worker is to be drained.

    Attributes:
        grace_s: Sessions may go on for this long. 0 to 86 400.
    """

    grace_s: int


@dataclass(frozen=True)
class FileInfo:
    """A staged or downloaded file; `size` in bytes.

    Attributes:
        guid: The browser's own name for a download, by which CDP tells of it.
        state: Of a download.
    """

    name: str
    size: int
    guid: str | None = None
    state: DownloadState | None = None
    url: str | None = None


@dataclass(frozen=True)
class FileList:
    """Files of a session."""

    files: list[FileInfo]


class Geolocation(TypedDict, total=False):
    """Attributes:
        accuracy: Metres.
        latitude: Degrees, −90 to 90.
        longitude: Degrees, −180 to 180.
    """

    accuracy: float
    latitude: Required[float]
    longitude: Required[float]


@dataclass(frozen=True)
class Handoff:
    """What a person is wanted for. It is done when they hand control back.

    Attributes:
        expires_at: When the agent stops waiting.
        instructions: For the person. At most 1 000 characters.
    """

    expires_at: datetime
    instructions: str | None = None


@dataclass(frozen=True)
class Health:
    """That all is well."""

    status: str


class HttpCredentials(TypedDict, total=False):
    """For pages that ask for a name and a password.

    Attributes:
        origin: Only sent to this origin, if given.
    """

    origin: str | None
    password: Required[str]
    username: Required[str]


@dataclass(frozen=True)
class LinkMade:
    """A link that was made.

    Attributes:
        link: What the page, or another client, presents as `?link=`.
        url: The page to open.
    """

    access: Access
    expires_at: datetime
    link: str
    url: str


class LinkRequest(TypedDict, total=False):
    """A link for somebody else.

    Attributes:
        expires_in_s: 1 to 604 800; an hour if absent.
        name: How whoever opens it is shown to others, 1 to 100 characters.
    """

    access: Required[Access]
    expires_in_s: int
    name: str | None


class LoginRequest(TypedDict, total=False):

    token: Required[str]


@dataclass(frozen=True)
class OpenDialog:
    """A dialog that waits for an answer."""

    message: str
    tab: int
    type: DialogKind
    url: str
    default_value: str | None = None


class OriginState(TypedDict, total=False):

    localStorage: list[StorageItem]
    origin: Required[str]


@dataclass(frozen=True)
class Page:
    """What the active tab shows."""

    title: str
    url: str


class PatchSession(TypedDict, total=False):
    """Body of `PATCH /v1/sessions/{id}`. What is absent stays; labels are replaced as a whole."""

    idle_timeout_s: int | None
    labels: dict[str, str] | None
    max_lifetime_s: int | None
    name: str | None


class Policy(TypedDict, total=False):
    """Where the session may go, its pages' own requests included. Patterns as in `proxy.bypass`; `block` wins, and
    an address in it also stands for names that lead there.

    Attributes:
        allow: Empty: everything.
    """

    allow: list[str]
    block: list[str]


@dataclass(frozen=True)
class PoolQueue:
    """Requests of one pool."""

    oldest_wait_ms: int
    pool: str
    region: str
    waiting: int


class Position(TypedDict, total=False):
    """CSS pixels from the top left corner."""

    x: Required[float]
    y: Required[float]


@dataclass(frozen=True)
class Pressure:
    """How full the workers of this gateway's region are.

    Attributes:
        available: A new session would start at once.
        pressure: 0 (idle) to 1 (full), averaged over the workers that take sessions.
        queued: Requests that wait.
        warm: Warm browsers ready to be handed out.
    """

    available: bool
    busy: int
    draining: int
    pressure: float
    queued: int
    slots: int
    warm: int
    workers: int


class Profile(TypedDict, total=False):
    """A named storage state that the fleet keeps for the tenant in the session's region: loaded at the start,
    under what `storage_state` brings, and written at the end if `save`. Of several sessions that save, the last
    to end counts.
    """

    name: Required[str]
    save: bool


class Proxy(TypedDict, total=False):
    """Attributes:
        bypass: Hosts reached directly: `example.com`, `.example.com`, `*.example.com`, an address or `<local>`.
        server: `http://host:port`, `https://…` or `socks5://…`.
    """

    bypass: list[str]
    password: str | None
    server: Required[str]
    username: str | None


@dataclass(frozen=True)
class Queue:
    """Requests of one tenant and class."""

    class_: Priority
    oldest_wait_ms: int
    pool: str
    region: str
    tenant: str
    waiting: int


@dataclass(frozen=True)
class QueuePosition:
    """Attributes:
        ahead_of_tenant: Requests of the same tenant before this one.
        position: Counted from 1, over all tenants of the pool.
    """

    ahead_of_tenant: int
    position: int


@dataclass(frozen=True)
class QueueReport:
    """The queues of all regions.

    Attributes:
        missing_regions: Regions that did not answer in time.
        pools: All requests of a pool, whoever's.
        queues: The caller's own requests.
    """

    pools: list[PoolQueue]
    queues: list[Queue]
    missing_regions: list[str] | None = None


@dataclass(frozen=True)
class SessionInfo:
    """A session as `GET /v1/sessions/{id}` shows it.

    Attributes:
        end_detail: More about how it ended, for people.
        expires_at: When `max_lifetime_s`, or `queue_timeout_s` while it is queued, is over.
    """

    browser: BrowserKind
    control: Control
    created_at: datetime
    epoch: int
    expires_at: datetime
    id: str
    isolation: Isolation
    labels: dict[str, str]
    page: Page
    pool: str
    region: str
    state: State
    tabs: list[Tab]
    tenant: str
    timings: Timings
    viewport: Viewport
    end_detail: str | None = None
    end_reason: EndReason | None = None
    ended_at: datetime | None = None
    name: str | None = None
    queue: QueuePosition | None = None
    ready_at: datetime | None = None
    urls: Urls | None = None
    worker: str | None = None


@dataclass(frozen=True)
class SessionList:
    """Sessions, newest first.

    Attributes:
        missing_regions: Regions that did not answer in time: their sessions are not in the list.
        next_cursor: Give it as `cursor` to get the rest; absent on the last page.
    """

    sessions: list[SessionInfo]
    missing_regions: list[str] | None = None
    next_cursor: str | None = None


class StorageItem(TypedDict, total=False):

    name: Required[str]
    value: Required[str]


class StorageState(TypedDict, total=False):
    """Playwright's storage state."""

    cookies: list[Cookie]
    origins: list[OriginState]


@dataclass(frozen=True)
class StreamUrls:
    """Where a session can be watched.

    Attributes:
        view: A page that shows it.
        ws: A WebSocket that carries frames after `frames:start`.
    """

    view: str
    vnc: VncAccess
    ws: str


@dataclass(frozen=True)
class Tab:
    """A page of the session.

    Attributes:
        context: Browser context; absent for the session's own.
        n: Counts up from 1 within the session and is never used again.
        target: The page's name in CDP, `targetId` there.
    """

    active: bool
    n: int
    title: str
    url: str
    context: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class TabList:
    """The tabs of a session."""

    tabs: list[Tab]


class Target(TypedDict, total=False):
    """The JSON form of a target: flat."""

    frame: FrameRef | None
    label: str | None
    name: str | None
    nth: int | None
    placeholder: str | None
    ref: str | None
    role: str | None
    selector: str | None
    test_id: str | None
    text: str | None
    x: float | None
    y: float | None


@dataclass(frozen=True)
class Timings:
    """How long the session took to be there, in milliseconds.

    Attributes:
        queued_ms: From the request to the claim.
        start_ms: From the claim to ready.
    """

    queued_ms: int
    start_ms: int


@dataclass(frozen=True)
class Urls:
    """Where to reach the session. Absolute, as seen by whoever asked."""

    cdp: str
    events: str
    view: str
    vnc: str
    ws: str


class Viewport(TypedDict, total=False):
    """The size of the page.

    Attributes:
        scale: Device pixels per CSS pixel, above 0 and at most 4.
        width: CSS pixels, 1 to 8 192; width × height at most 33 554 432.
    """

    height: Required[int]
    mobile: bool
    scale: float
    touch: bool
    width: Required[int]


@dataclass(frozen=True)
class VncAccess:
    """Where and how a session is shown by VNC.

    Attributes:
        listen: Where RFB is spoken over TCP, if it is: `host:port`.
        page: A page that shows it.
        password: Names this session there, to somebody who may drive.
        url: A WebSocket that speaks RFB.
        view_password: The same to somebody who may only watch.
    """

    page: str
    password: str
    url: str
    view_password: str
    listen: str | None = None


@dataclass(frozen=True)
class WhoAmI:
    """Who is asking.

    Attributes:
        operator: Whether it may act on the fleet.
        version: Of this server.
    """

    login: Login
    operator: bool
    tenant: str
    version: str


@dataclass(frozen=True)
class Worker:
    """A value of the bucket `rk_workers_<region>`.

    Attributes:
        busy: Sessions it owns.
        draining: It claims nothing new.
        frozen: It cannot renew its lease and has stopped its browsers.
        pressure: 0 (idle) to 1 (full): the highest of slots, memory and CPU pressure.
        versions: What those browsers that have run say of themselves.
        warm: Warm browsers ready to be handed out.
    """

    browsers: list[str]
    busy: int
    draining: bool
    frozen: bool
    host: str
    id: str
    pid: int
    pools: list[str]
    pressure: float
    region: str
    seen_at: datetime
    simulated: bool
    slots: int
    started_at: datetime
    version: str
    warm: int
    versions: list[BrowserVersion] | None = None


@dataclass(frozen=True)
class WorkerList:
    """The workers of all regions.

    Attributes:
        missing_regions: Regions that did not answer in time.
    """

    workers: list[Worker]
    missing_regions: list[str] | None = None


class TargetWithoutText(TypedDict, total=False):
    """A target given by keywords where `text` means something else."""

    frame: FrameRef | None
    label: str | None
    name: str | None
    nth: int | None
    placeholder: str | None
    ref: str | None
    role: str | None
    selector: str | None
    test_id: str | None
    x: float | None
    y: float | None
