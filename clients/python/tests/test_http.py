"""Errors, retries and time limits, against answers made up for the purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from rookery import (
    ConnectionFailed,
    Forbidden,
    Gone,
    Internal,
    ResourceExhausted,
    Retry,
    Rookery,
    RookeryError,
    Timeout,
    Unavailable,
    errors,
)
from rookery.http import compact, retry_after_s, segment
from rookery.timing import answer_within_s

Answer = Callable[[httpx.Request], httpx.Response]


def problem(code: str, status: int, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    document = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": "as told", **fields}
    content_type = {"content-type": "application/problem+json"}
    return httpx.Response(status, json=document, headers={**content_type, **(headers or {})})


class Server:
    """Gives answers in their order, the last one again and again, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def fleet(self, **options: Any) -> Rookery:
        return Rookery("http://fleet.test", http_options={"transport": httpx.MockTransport(self)}, **options)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, without sleeping."""
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    return slept


PRESSURE = httpx.Response(
    200,
    json={
        "available": True,
        "pressure": 0.5,
        "workers": 1,
        "draining": 0,
        "slots": 4,
        "busy": 2,
        "warm": 1,
        "queued": 0,
        "added_later": "and passed over",
    },
)


WORKERS = httpx.Response(200, json={"workers": [], "added_later": "and passed over"})
BUSY = problem("unavailable", 503, retryable=True)


async def test_what_is_retryable_is_tried_again(pauses: list[float]) -> None:
    server = Server(BUSY, BUSY, WORKERS)
    async with server.fleet() as fleet:
        assert (await fleet.workers()).workers == []
    assert len(server.asked) == 3
    first, second = pauses
    assert 0.1 <= first <= 0.25 < second * 1.3 <= 0.65


async def test_only_so_often(pauses: list[float]) -> None:
    server = Server(BUSY)
    async with server.fleet(retry=Retry(attempts=2)) as fleet:
        with pytest.raises(Unavailable) as error:
            await fleet.workers()
    assert len(server.asked) == 2
    assert error.value.retryable


async def test_what_is_not_retryable_is_not_tried_again(pauses: list[float]) -> None:
    for answer in (problem("internal", 500, retryable=False), problem("resource_exhausted", 429, retryable=False)):
        server = Server(answer)
        async with server.fleet() as fleet:
            with pytest.raises(RookeryError):
                await fleet.workers()
        assert len(server.asked) == 1
    assert not pauses


async def test_retry_after_is_respected(pauses: list[float]) -> None:
    header = problem("resource_exhausted", 429, {"retry-after": "7"}, retryable=True)
    field = problem("resource_exhausted", 429, retryable=True, retry_after_s=9)
    async with Server(header, field, WORKERS).fleet() as fleet:
        await fleet.workers()
    assert [int(pause) for pause in pauses] == [7, 9]


async def test_a_pause_that_is_too_long_is_the_callers_to_make(pauses: list[float]) -> None:
    server = Server(problem("resource_exhausted", 429, {"retry-after": "3600"}, retryable=True))
    async with server.fleet() as fleet:
        with pytest.raises(ResourceExhausted) as error:
            await fleet.workers()
    assert error.value.retry_after_s == 3600
    assert not pauses


async def test_what_may_have_happened_is_not_done_again_without_a_key(pauses: list[float]) -> None:
    broken = httpx.ReadError("reset by peer")
    for key, asked in ((None, 1), ("k", 3)):
        server = Server(broken)
        async with server.fleet() as fleet:
            with pytest.raises(ConnectionFailed) as error:
                await fleet.create_session(idempotency_key=key)
        assert error.value.outcome == "unknown"
        assert len(server.asked) == asked
        assert {request.headers.get("idempotency-key") for request in server.asked} == {key}


async def test_what_was_never_sent_is_sent_again(pauses: list[float]) -> None:
    server = Server(httpx.ConnectError("refused"))
    async with server.fleet() as fleet:
        with pytest.raises(ConnectionFailed) as error:
            await fleet.create_session()
    assert error.value.outcome == "not_started"
    assert len(server.asked) == 3


async def test_no_answer_in_time_is_a_timeout(pauses: list[float]) -> None:
    async with Server(httpx.ReadTimeout("")).fleet() as fleet:
        with pytest.raises(Timeout) as error:
            await fleet.workers()
    assert error.value.outcome == "unknown"


async def test_what_a_proxy_answers_by_itself_is_understood(pauses: list[float]) -> None:
    page = {"content-type": "text/html"}
    for status, kind in ((403, Forbidden), (502, Unavailable), (418, Internal)):
        async with Server(httpx.Response(status, text="<h1>no</h1>", headers=page)).fleet() as fleet:
            with pytest.raises(kind) as error:
                await fleet.workers()
        assert error.value.status == status
    async with Server(httpx.Response(500, text="[", headers={"content-type": "application/problem+json"})).fleet() as f:
        with pytest.raises(Internal):
            await f.workers()


async def test_pressure_is_no_error_when_there_is_much_of_it() -> None:
    server = Server(httpx.Response(503, json={**PRESSURE.json(), "available": False}))
    async with server.fleet() as fleet:
        assert not (await fleet.pressure()).available
    assert len(server.asked) == 1


async def test_the_token_and_the_options_are_sent() -> None:
    info = problem("forbidden", 403)
    server = Server(info)
    async with server.fleet(token="t0p") as fleet:
        with pytest.raises(Forbidden):
            await fleet.create_session(labels={"a": "b"}, respond_async=True, queue_timeout_s=600)
        with pytest.raises(Forbidden):
            await fleet.list_sessions(state="ready", labels={"team": "search", "any": None}, limit=2)
    create, listing = server.asked
    assert create.headers["authorization"] == "Bearer t0p"
    assert create.headers["prefer"] == "respond-async"
    assert create.content == b'{"labels":{"a":"b"},"queue_timeout_s":600}'
    assert create.extensions["timeout"]["read"] > 600
    assert listing.url.query == b"state=ready&label=team%3Asearch&label=any&limit=2"


def test_every_code_becomes_its_class() -> None:
    for code, kind in errors.BY_CODE.items():
        error = errors.from_problem({"code": code, "detail": "d", "retryable": True, "field": "a.b", "request_id": "r"})
        assert type(error) is kind
        assert str(error) == f"{code}: d (field a.b) [request r]"
    assert type(errors.from_problem({"code": "of a newer server"})) is Internal
    gone = errors.from_problem({"code": "gone", "context": {"end_reason": "idle_timeout"}})
    assert isinstance(gone, Gone)
    assert gone.end_reason == "idle_timeout"
    assert Gone("no context").end_reason is None


def test_an_address_that_is_none_is_refused() -> None:
    for url in ("", "127.0.0.1:8080", "ws://127.0.0.1:8080", "http://"):
        with pytest.raises(ValueError, match="is not the address of a server"):
            Rookery(url)


def test_small_things() -> None:
    assert segment("a/b c?") == "a%2Fb%20c%3F"
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after_s("soon") is None
    assert compact({"a": "ü\ud83d"}).decode() == '{"a":"ü\ufffd"}'
    assert answer_within_s(60_000) == 75
    with pytest.raises(ValueError, match="not JSON compliant"):
        compact(float("nan"))
