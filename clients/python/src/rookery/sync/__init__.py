"""Rookery without `await`, for scripts and notebooks.

    from rookery.sync import Rookery

    with Rookery("http://127.0.0.1:8080") as fleet, fleet.session(url="https://example.com") as session:
        session.click("text=More information")
        png = session.screenshot()

The methods are those of the asynchronous classes. An object may be used by several threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .. import client, playwright
from .. import session as asynchronous
from .. import socket as asynchronous_socket
from ..mapping import MapReport, MapResult
from ..models import CreateSession, SessionInfo
from ..progress import OnProgress
from ..retry import Retry
from .api import RookeryApi, SessionApi, SocketApi
from .portal import Portal

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from typing_extensions import Unpack

T = TypeVar("T")

__all__ = ["Rookery", "Session", "Socket"]


class Socket(SocketApi):
    """See `rookery.Socket`."""

    def __init__(self, portal: Portal, inner: asynchronous_socket.Socket) -> None:
        self._portal = portal
        self._inner: asynchronous_socket.Socket = inner

    @property
    def session(self) -> SessionInfo | None:
        return self._inner.session

    @property
    def seq(self) -> str | None:
        return self._inner.seq


class Session(SessionApi):
    """See `rookery.Session`."""

    def __init__(self, portal: Portal, inner: asynchronous.Session) -> None:
        self._portal = portal
        self._inner: asynchronous.Session = inner

    def __repr__(self) -> str:
        return repr(self._inner)

    @property
    def id(self) -> str:
        return self._inner.id

    @property
    def info(self) -> SessionInfo:
        return self._inner.info

    goto = SessionApi.navigate

    @contextmanager
    def socket(self, *, events: bool = False, after: str | int | None = None) -> Iterator[Socket]:
        with self._portal.within(self._inner.socket(events=events, after=after)) as socket:
            yield Socket(self._portal, socket)

    @contextmanager
    def playwright(self, *, timeout_ms: float = 30_000) -> Iterator[Browser]:
        """Playwright's synchronous `Browser`, connected to this session; it belongs to the thread that asked."""
        url, headers = self._inner.cdp()
        with playwright.connected_sync(url, headers, timeout_ms) as browser:
            yield browser


class Rookery(RookeryApi):
    """See `rookery.Rookery`."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        token: str | None = None,
        timeout_s: float = 30.0,
        retry: Retry = client.DEFAULT_RETRY,
        http_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._inner: client.Rookery = client.Rookery(
            url, token=token, timeout_s=timeout_s, retry=retry, http_options=http_options
        )
        self._portal = Portal()

    def __enter__(self) -> Rookery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections. Sessions live on."""
        try:
            self._portal.call(self._inner.close())
        finally:
            self._portal.close()

    @contextmanager
    def session(self, *, idempotency_key: str | None = None, **options: Unpack[CreateSession]) -> Iterator[Session]:
        """A session that ends with the block. It is ready when the block begins."""
        with self._portal.within(self._inner.session(idempotency_key=idempotency_key, **options)) as session:
            yield Session(self._portal, session)

    def create_session(
        self, *, idempotency_key: str | None = None, respond_async: bool = False, **options: Unpack[CreateSession]
    ) -> Session:
        """A session that lives until it is ended, or its time is over."""
        work = self._inner.create_session(idempotency_key=idempotency_key, respond_async=respond_async, **options)
        return Session(self._portal, self._portal.call(work))

    def attach(self, id: str) -> Session:
        """A session that somebody has created."""
        return Session(self._portal, self._portal.call(self._inner.attach(id)))

    def map(
        self,
        urls: Iterable[str],
        fn: Callable[[Session, str], T],
        *,
        concurrency: int = 200,
        attempts: int = 3,
        patience_s: float = 600.0,
        progress: bool | OnProgress | None = None,
        **options: Unpack[CreateSession],
    ) -> MapReport[T]:
        """Calls `fn(session, url)` for each URL in threads, each with a session of its own, and reports what came of
        each."""
        results = self.map_iter(
            urls,
            fn,
            concurrency=concurrency,
            attempts=attempts,
            patience_s=patience_s,
            progress=progress,
            **options,
        )
        return MapReport(sorted(results, key=lambda result: result.index))

    def map_iter(
        self,
        urls: Iterable[str],
        fn: Callable[[Session, str], T],
        *,
        concurrency: int = 200,
        attempts: int = 3,
        patience_s: float = 600.0,
        progress: bool | OnProgress | None = None,
        **options: Unpack[CreateSession],
    ) -> Iterator[MapResult[T]]:
        """As `map`, but gives each result as soon as it is there."""
        with ThreadPoolExecutor(max_workers=max(concurrency, 1), thread_name_prefix="rookery map") as threads:

            async def in_thread(session: asynchronous.Session, url: str) -> T:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(threads, fn, Session(self._portal, session), url)

            yield from self._portal.iterate(
                self._inner.map_iter(
                    urls,
                    in_thread,
                    concurrency=concurrency,
                    attempts=attempts,
                    patience_s=patience_s,
                    progress=progress,
                    **options,
                )
            )
