"""One function over many URLs: failures, tries again, waiting for slots, and what is shown meanwhile."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, cast

import pytest

from rookery import (
    BrowserError,
    InvalidArgument,
    Progress,
    ResourceExhausted,
    Retry,
    Rookery,
    Session,
    Unavailable,
    mapping,
)
from rookery.mapping import MapReport, MapResult, Plan
from rookery.progress import Bar, clock, line


async def title(session: Session, url: str) -> str:
    return str(await session.evaluate("document.title"))


async def test_each_url_has_a_session_and_a_result(fleet: Rookery, server: str) -> None:
    urls = [f"{server}/demo", "http://127.0.0.1:2/", f"{server}/demo/second.html", "file:///etc/passwd"]
    report = await fleet.map(urls, title, concurrency=10, progress=False, labels={"job": "map"})
    assert [result.url for result in report] == urls
    assert [result.ok for result in report] == [True, False, True, False]
    assert report.values[0] == "Rookery demo"
    assert type(report.failures[0].error) is BrowserError
    assert all(result.attempts == 1 for result in report)
    assert repr(report) == "<MapReport: 2 ok, 2 failed>"
    assert str(report).startswith("2 of 4 ok\n  http://127.0.0.1:2/: BrowserError(")
    left = [info async for info in fleet.sessions(state="ready", labels={"job": "map"})]
    assert not left


async def test_more_urls_than_slots_wait_for_their_turn(fleet: Rookery, server: str) -> None:
    seen: list[tuple[int, int]] = []

    def told(progress: Progress) -> None:
        seen.append((progress.done, progress.running))

    report = await fleet.map([f"{server}/demo?{n}" for n in range(9)], title, concurrency=9, progress=told)
    assert not report.failures, str(report)
    assert seen[0] == (0, 9)
    assert seen[-1] == (9, 0)


async def test_what_fails_in_the_function_is_in_the_report(fleet: Rookery, server: str) -> None:
    calls: list[str] = []

    async def now_and_then(session: Session, url: str) -> int:
        calls.append(session.id)
        if url.endswith("?again") and len(calls) == 1:
            raise Unavailable("for a moment", retryable=True, retry_after_s=0)
        if url.endswith("?never"):
            raise KeyError("mine")
        return len(calls)

    one = await fleet.map([f"{server}/demo?again"], now_and_then, progress=False)
    assert (one[0].value, one[0].attempts) == (2, 2)
    assert len(set(calls)) == 2, "the second try has a session of its own"
    other = await fleet.map([f"{server}/demo?never"], now_and_then, progress=False)
    assert isinstance(other[0].error, KeyError)
    assert other[0].attempts == 1


class FakeSession:
    async def end(self) -> None:
        return None


def plan(create: Callable[[], Any], patience_s: float = 5.0) -> Plan[str]:
    async def made(options: Any, *, retry: Retry | None = None) -> Session:
        create()
        return cast("Session", FakeSession())

    async def fn(session: Session, url: str) -> str:
        return url.upper()

    return Plan(made, fn, {}, Retry(first_wait_s=0.001), patience_s)


async def run(made: Plan[str], urls: Any, concurrency: int = 4) -> list[MapResult[str]]:
    async with aclosing(mapping.run(made, urls, concurrency, False)) as results:
        return [result async for result in results]


async def test_a_full_fleet_is_waited_for_as_long_as_patience_lasts() -> None:
    refusals = [ResourceExhausted("full", retryable=True, retry_after_s=0)] * 20

    def create() -> None:
        if refusals:
            raise refusals.pop()

    (result,) = await run(plan(create), ["a"])
    assert (result.value, result.attempts) == ("A", 1)

    def never() -> None:
        raise ResourceExhausted("full", retryable=True, retry_after_s=60)

    (result,) = await run(plan(never, patience_s=0.05), ["a"])
    assert isinstance(result.error, ResourceExhausted)


async def test_only_what_is_retryable_is_tried_again() -> None:
    for error, attempts in ((Unavailable("x", retryable=True), 3), (InvalidArgument("x"), 1)):

        def create(error: Exception = error) -> None:
            raise error

        (result,) = await run(plan(create), ["a"])
        assert (result.error, result.attempts) == (error, attempts)


async def test_urls_are_taken_only_as_they_are_needed() -> None:
    taken: list[str] = []

    async def endless() -> AsyncIterator[str]:
        while True:
            taken.append(f"u{len(taken)}")
            yield taken[-1]

    async with aclosing(mapping.run(plan(lambda: None), endless(), 3, False)) as results:
        async for result in results:
            if result.index >= 5:
                break
    assert len(taken) <= 5 + 2 * 3
    with pytest.raises(ValueError, match="at least 1"):
        await run(plan(lambda: None), [], concurrency=0)


async def test_leaving_early_cancels_what_is_under_way() -> None:
    ended: list[str] = []

    async def fn(session: Session, url: str) -> str:
        try:
            await asyncio.sleep(0 if url == "a" else 3600)
        finally:
            ended.append(url)
        return url

    made = plan(lambda: None)
    async with aclosing(mapping.run(Plan(made.create, fn, {}, made.retry, 1.0), ["a", "b", "c"], 3, False)) as results:
        assert (await anext(results)).url == "a"
    assert sorted(ended) == ["a", "b", "c"]


def test_the_bar_says_how_far_it_is() -> None:
    progress = Progress(total=200, done=90, failed=10, running=7)
    progress.begun -= 60
    text = line(progress, 100)
    assert text.startswith("█" * 15 + "░" * 15 + " 100/200 · 7 running · 10 failed · 1:0")
    assert "< 1:0" in text
    assert line(Progress(done=3, running=1), 100).startswith("3 · 1 running · 0:00")
    assert len(line(progress, 40)) <= 60
    assert clock(3725) == "1:02:05"
    out = io.StringIO()
    bar = Bar(out)
    bar(progress)
    bar(progress)
    bar.finish(progress)
    assert out.getvalue().count("\r") == 2, "not drawn more often than it can be seen"
    assert out.getvalue().endswith("\n")


def test_a_report_is_a_sequence() -> None:
    results = [MapResult(0, "a", 1), MapResult(1, "b", None, ValueError("x"))]
    report = MapReport(results)
    assert (len(report), report[0].value, report[1:], report.values) == (2, 1, results[1:], [1])
