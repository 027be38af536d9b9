"""The fleet."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from . import events, mapping
from .decode import decode
from .events import Event
from .http import Http, segment
from .mapping import MapReport, MapResult
from .models import (
    CreateSession,
    Health,
    Pressure,
    QueueReport,
    SessionInfo,
    SessionList,
    State,
    Worker,
    WorkerList,
)
from .progress import OnProgress
from .retry import Retry
from .session import Session, end_quietly
from .timing import ready_within_s

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")

DEFAULT_RETRY = Retry()


class Rookery:
    """A fleet of browsers behind one address.

    `async with Rookery("http://127.0.0.1:8080") as fleet`. One object serves any number of tasks.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        token: str | None = None,
        timeout_s: float = 30.0,
        retry: Retry = DEFAULT_RETRY,
        http_options: Mapping[str, Any] | None = None,
    ) -> None:
        """Connects to nothing yet.

        Args:
            url: of any edge.
            token: of the tenant; not needed where the server asks for none.
            timeout_s: for requests that have no deadline of their own, in seconds.
            retry: how to try again what the server calls retryable.
            http_options: for `httpx.AsyncClient`, such as `verify` or `proxy`.

        Raises:
            ValueError: `url` is none.
        """
        self._http = Http(url, token, timeout_s=timeout_s, retry=retry, client_options=http_options)

    async def __aenter__(self) -> Rookery:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections. Sessions live on."""
        await self._http.close()

    # ---- sessions ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def session(
        self, *, idempotency_key: str | None = None, **options: Unpack[CreateSession]
    ) -> AsyncIterator[Session]:
        """A session that ends with the block. It is ready when the block begins.

        Args:
            idempotency_key: one session per key; with it a repeated request finds the same session.
            options: as of `create_session`.

        Raises:
            ResourceExhausted: no slot was free in `queue_timeout_s`, or a limit is reached.
            BrowserError: the page at `url` cannot be had.
        """
        session = await self.create_session(idempotency_key=idempotency_key, **options)
        try:
            yield session
        finally:
            await end_quietly(session)

    async def create_session(
        self,
        *,
        idempotency_key: str | None = None,
        respond_async: bool = False,
        **options: Unpack[CreateSession],
    ) -> Session:
        """A session that lives until it is ended, or its time is over. See `CreateSession` for all options.

        Args:
            idempotency_key: one session per key, 1 to 255 characters. A client that goes away while it waits cancels
                its request, unless it gave a key.
            respond_async: do not wait until it is ready; `info.queue` says where it stands, `wait_ready` waits.
        """
        return await self._create(options, idempotency_key=idempotency_key, respond_async=respond_async)

    async def _create(
        self,
        options: CreateSession,
        *,
        idempotency_key: str | None = None,
        respond_async: bool = False,
        retry: Retry | None = None,
    ) -> Session:
        answer = await self._http.json(
            "POST",
            "/v1/sessions",
            body=options,
            headers={"prefer": "respond-async"} if respond_async else None,
            idempotency_key=idempotency_key,
            timeout_s=ready_within_s(options.get("queue_timeout_s")),
            retry=retry,
        )
        return Session(self._http, decode(SessionInfo, answer))

    async def attach(self, id: str) -> Session:
        """A session that somebody has created.

        Raises:
            NotFound: there is none.
            Gone: it ended some time ago.
        """
        return Session(self._http, await self.get_session(id))

    async def get_session(self, id: str) -> SessionInfo:
        """What the server says of a session. One that has ended is shown for 15 minutes."""
        return decode(SessionInfo, await self._http.json("GET", f"/v1/sessions/{segment(id)}"))

    async def list_sessions(
        self,
        *,
        state: State | None = None,
        labels: Mapping[str, str | None] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SessionList:
        """One page of the sessions, newest first.

        Args:
            state: only those in this state.
            labels: only those that have all of these; `None` stands for any value.
            limit: how many, 1 to 1 000; 100 if absent.
            cursor: `next_cursor` of the page before.
        """
        wanted = [key if value is None else f"{key}:{value}" for key, value in (labels or {}).items()]
        params = {"state": state, "label": wanted or None, "limit": limit, "cursor": cursor}
        return decode(SessionList, await self._http.json("GET", "/v1/sessions", params=params))

    async def sessions(
        self, *, state: State | None = None, labels: Mapping[str, str | None] | None = None
    ) -> AsyncGenerator[SessionInfo, None]:
        """All sessions, newest first, page by page."""
        cursor = None
        while True:
            page = await self.list_sessions(state=state, labels=labels, cursor=cursor)
            for info in page.sessions:
                yield info
            cursor = page.next_cursor
            if cursor is None:
                return

    def events(self, *, after: str | None = None) -> AsyncGenerator[Event, None]:
        """Events of all of the tenant's sessions, without end, from now on. Lost connections are made again without a
        gap.

        Args:
            after: the `seq` of an event of this kind: from there on.
        """
        return events.follow(self._http, "/v1/events", after=after, endless=True)

    # ---- many at once -----------------------------------------------------------------------------------------

    async def map(
        self,
        urls: Iterable[str] | AsyncIterable[str],
        fn: Callable[[Session, str], Awaitable[T]],
        *,
        concurrency: int = 200,
        attempts: int = 3,
        patience_s: float = 600.0,
        progress: bool | OnProgress | None = None,
        **options: Unpack[CreateSession],
    ) -> MapReport[T]:
        """Calls `fn(session, url)` for each URL, each with a session of its own that shows the URL, and reports what
        came of each. One that fails does not stop the others.

        Args:
            urls: may be endless for `map_iter` only.
            fn: what it gives is the `value` of the report.
            concurrency: how many at the same time; those the fleet has no slot for wait in its queue.
            attempts: tries per URL, for errors that are `retryable`.
            patience_s: how long a URL may wait for a slot, in seconds.
            progress: a bar on stderr; absent: if that is a terminal. Or a function that is told of each change.
            options: of `create_session`, for every session.
        """
        each = self.map_iter(
            urls,
            fn,
            concurrency=concurrency,
            attempts=attempts,
            patience_s=patience_s,
            progress=progress,
            **options,
        )
        async with aclosing(each):
            results = [result async for result in each]
        return MapReport(sorted(results, key=lambda result: result.index))

    def map_iter(
        self,
        urls: Iterable[str] | AsyncIterable[str],
        fn: Callable[[Session, str], Awaitable[T]],
        *,
        concurrency: int = 200,
        attempts: int = 3,
        patience_s: float = 600.0,
        progress: bool | OnProgress | None = None,
        **options: Unpack[CreateSession],
    ) -> AsyncGenerator[MapResult[T], None]:
        """As `map`, but gives each result as soon as it is there, and takes URLs only as fast as results are read."""
        plan = mapping.Plan(
            create=self._create,
            fn=fn,
            options=options,
            retry=Retry(attempts=attempts, longest_wait_s=patience_s),
            patience_s=patience_s,
        )
        return mapping.run(plan, urls, concurrency, progress)

    # ---- the fleet itself -------------------------------------------------------------------------------------

    async def workers(self) -> WorkerList:
        """What the workers say of themselves."""
        return decode(WorkerList, await self._http.json("GET", "/v1/workers"))

    async def drain(self, worker: str, *, grace_s: int | None = None) -> Worker:
        """Lets a worker take no new sessions and end. For operators.

        Args:
            worker: its id.
            grace_s: how long its sessions may go on, 0 to 86 400 seconds; 300 if absent.
        """
        body = {} if grace_s is None else {"grace_s": grace_s}
        return decode(Worker, await self._http.json("POST", f"/v1/workers/{segment(worker)}/drain", body=body))

    async def queue(self) -> QueueReport:
        """What waits for a slot."""
        return decode(QueueReport, await self._http.json("GET", "/v1/queue"))

    async def pressure(self) -> Pressure:
        """How full the fleet is; `available` says whether a session would start at once."""
        # 503 is the answer `not available`, in the form that load balancers understand.
        return decode(Pressure, await self._http.json("GET", "/v1/pressure", accept=frozenset({503})))

    async def health(self) -> Health:
        """That the edge lives."""
        return decode(Health, await self._http.json("GET", "/healthz"))

    async def ready(self) -> Health:
        """That the bus is reachable and a live worker known.

        Raises:
            Unavailable: it is not so.
        """
        return decode(Health, await self._http.json("GET", "/readyz", retry=Retry(attempts=1)))

    async def metrics(self) -> str:
        """The metrics, in the text form of Prometheus."""
        return (await self._http.request("GET", "/metrics")).text

    async def openapi(self) -> dict[str, Any]:
        """The API's description, as this server has it."""
        document: dict[str, Any] = await self._http.json("GET", "/openapi.json")
        return document
