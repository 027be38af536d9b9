"""One function over many URLs, each in a session of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence, Sized
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, cast, overload

from .errors import ResourceExhausted, RookeryError
from .models import CreateSession
from .progress import Bar, OnProgress, Progress, listener
from .retry import Retry
from .session import Session, end_quietly

T = TypeVar("T")

LONGEST_QUEUE_S = 600
"""The longest a request may wait in the fleet's queue, in seconds."""


@dataclass(frozen=True)
class MapResult(Generic[T]):
    """What came of one URL.

    Attributes:
        index: its place among the URLs, from 0.
        url: the URL.
        value: what the function gave; `None` if it failed.
        error: why it failed; `None` if it did not.
        attempts: how often the function or the session was begun.
        duration_s: from the first attempt to the end, in seconds, the wait for a slot included.
    """

    index: int
    url: str
    value: T | None = None
    error: Exception | None = None
    attempts: int = 1
    duration_s: float = 0.0

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass(frozen=True)
class MapReport(Sequence[MapResult[T]], Generic[T]):
    """The results, in the order of the URLs."""

    results: list[MapResult[T]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.results)

    @overload
    def __getitem__(self, index: int) -> MapResult[T]: ...
    @overload
    def __getitem__(self, index: slice) -> list[MapResult[T]]: ...
    def __getitem__(self, index: int | slice) -> MapResult[T] | list[MapResult[T]]:
        return self.results[index]

    @property
    def values(self) -> list[T]:
        """What the function gave, where it did."""
        return [cast("T", result.value) for result in self.results if result.ok]

    @property
    def failures(self) -> list[MapResult[T]]:
        """Those that failed."""
        return [result for result in self.results if not result.ok]

    def __repr__(self) -> str:
        return f"<MapReport: {len(self) - len(self.failures)} ok, {len(self.failures)} failed>"

    def __str__(self) -> str:
        lines = [f"{len(self) - len(self.failures)} of {len(self)} ok"]
        lines += [f"  {result.url}: {result.error!r}" for result in self.failures]
        return "\n".join(lines)


class Create(Protocol):
    def __call__(self, options: CreateSession, *, retry: Retry | None = None) -> Awaitable[Session]: ...


@dataclass(frozen=True)
class Plan(Generic[T]):
    """What is to be done with each URL."""

    create: Create
    fn: Callable[[Session, str], Awaitable[T]]
    options: CreateSession
    retry: Retry
    patience_s: float


async def run(
    plan: Plan[T],
    urls: Iterable[str] | AsyncIterable[str],
    concurrency: int,
    progress: bool | OnProgress | None,
) -> AsyncGenerator[MapResult[T], None]:
    """Results as they come. Leaving early cancels what is under way and ends its sessions.

    Raises:
        ValueError: `concurrency` is below 1.
    """
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    state = Progress(total=len(urls) if isinstance(urls, Sized) else None)
    tell = listener(progress)
    numbered = _numbered(urls)
    running: set[asyncio.Task[MapResult[T]]] = set()
    exhausted = False
    try:
        while True:
            while not exhausted and len(running) < concurrency:
                item = await anext(numbered, None)
                if item is None:
                    exhausted = True
                else:
                    running.add(asyncio.create_task(_one(plan, *item)))
            state.running = len(running)
            if tell:
                tell(state)
            if not running:
                return
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for result in sorted((task.result() for task in ended), key=lambda result: result.index):
                state.done += result.ok
                state.failed += not result.ok
                yield result
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if isinstance(tell, Bar):
            tell.finish(state)


async def _numbered(urls: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[tuple[int, str]]:
    index = 0
    if isinstance(urls, AsyncIterable):
        async for url in urls:
            yield index, url
            index += 1
    else:
        for url in urls:
            yield index, url
            index += 1


async def _one(plan: Plan[T], index: int, url: str) -> MapResult[T]:
    begun = time.monotonic()
    attempts = 0
    while True:
        attempts += 1
        error: Exception
        try:
            value = await _attempt(plan, url, begun)
            return MapResult(index, url, value, None, attempts, time.monotonic() - begun)
        except _OutOfPatience as waited:
            pause, error = None, waited.error
        except RookeryError as refused:
            # Its session is new each time, so nothing is done twice in one.
            pause = plan.retry.pause_s(refused, attempts, repeatable=True)
            error = refused
        except Exception as raised:
            pause, error = None, raised
        if pause is None:
            return MapResult(index, url, None, error, attempts, time.monotonic() - begun)
        await asyncio.sleep(pause)


class _OutOfPatience(Exception):
    """There was no slot for as long as a URL may wait: not to be tried again."""

    def __init__(self, error: ResourceExhausted) -> None:
        self.error = error


async def _attempt(plan: Plan[T], url: str, begun: float) -> T:
    session = await _session(plan, url, begun)
    try:
        return await plan.fn(session, url)
    finally:
        await end_quietly(session)


async def _session(plan: Plan[T], url: str, begun: float) -> Session:
    """A session that shows the URL. That others have all the slots is no failure while there is patience left."""
    refusals = 0
    while True:
        left_s = plan.patience_s - (time.monotonic() - begun)
        queue_s = min(LONGEST_QUEUE_S, max(1, int(left_s)))
        options = cast("CreateSession", {"queue_timeout_s": queue_s, **plan.options, "url": url})
        try:
            return await plan.create(options, retry=Retry(attempts=1))
        except ResourceExhausted as error:
            refusals += 1
            pause = plan.retry.wait_s(error, refusals) if error.retryable else None
            if pause is None or pause > plan.patience_s - (time.monotonic() - begun):
                raise _OutOfPatience(error) from error
        await asyncio.sleep(pause)
