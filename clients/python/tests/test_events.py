"""Events: the format, and reading on over connections that break."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
import pytest
from proxy import Proxy

from rookery import ConnectionFailed, Event, InvalidArgument, Retry, Rookery, Session
from rookery.events import Message, Parser


def event(kind: str, seq: int | None) -> bytes:
    body = {"type": kind, "session": "s", "time": "2026-11-20T11:06:45.132Z", "epoch": 1, "data": {"t": "a\u2028b"}}
    head = f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n"
    return (head + (f"id: {seq}\n\n" if seq else "\n")).encode()


def test_messages_come_whole_from_pieces_of_any_size() -> None:
    stream = ": alive\n\nevent: a\ndata: eins\u2028zwei\x0b\x1c\x85drei\nid: 7\n\n"
    stream += "data:x\r\ndata: y\r\n\r\rretry: 3\n\ndata: z\r\r"
    whole = [Message("7", "eins\u2028zwei\x0b\x1c\x85drei"), Message(None, "x\ny"), Message(None, "z")]
    dice = random.Random(1)
    for _ in range(200):
        parser, rest, found = Parser(), stream.encode(), []
        while rest:
            size = dice.randint(1, 9)
            found += parser.feed(rest[:size])
            rest = rest[size:]
        # The last CR may still become a CR LF.
        assert found + parser.feed(b"\n") == whole


class Broken(httpx.AsyncByteStream):
    """Gives its pieces and then breaks."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        raise httpx.ReadError("reset by peer")


async def test_a_broken_stream_is_read_on_after_the_last_event() -> None:
    asked = []
    streams = [
        Broken(event("session:created", 3), event("session:console", None)),
        Broken(event("session:ready", 5), b"data: half"),
        httpx.ByteStream(event("session:ended", 9) + event("session:created", 10)),
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("after"))
        return httpx.Response(200, stream=streams[len(asked) - 1])

    retry = Retry(first_wait_s=0.001)
    async with Rookery("http://a.test", http_options={"transport": httpx.MockTransport(answer)}, retry=retry) as fleet:
        session = object.__new__(Session)
        session._http, session._path = fleet._http, "/v1/sessions/s"
        seen = [(e.type, e.seq) async for e in session.events(after=2)]
    assert asked == ["2", "3", "5"]
    assert seen == [
        ("session:created", "3"),
        ("session:console", None),
        ("session:ready", "5"),
        ("session:ended", "9"),
    ]


async def test_a_server_that_is_gone_is_given_up() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    retry = Retry(first_wait_s=0.001)
    async with Rookery("http://a.test", http_options={"transport": httpx.MockTransport(answer)}, retry=retry) as fleet:
        with pytest.raises(ConnectionFailed):
            await anext(fleet.events())


async def test_a_session_tells_its_whole_story(session: Session) -> None:
    await session.evaluate("console.log('hello')")
    await session.end()
    story = [event async for event in session.events()]
    kinds = [event.type for event in story]
    assert kinds[0] == "session:created"
    assert kinds[-1] == "session:ended"
    assert "session:step" in kinds
    assert story[-1].data["reason"] == "released"
    assert all(isinstance(one, Event) and one.session == session.id for one in story)
    middle = story[3]
    assert [e.seq async for e in session.events(after=middle.seq)] == [e.seq for e in story[4:]]
    # What is over stays over.
    assert [event async for event in session.events(after=story[-1].seq)] == []


async def test_events_of_the_whole_fleet(fleet: Rookery, server: str) -> None:
    seen: list[Event] = []
    begun = asyncio.Event()

    async def watch() -> None:
        async with aclosing(fleet.events()) as events:
            async for event in events:
                seen.append(event)
                begun.set()
                if event.type == "session:ended" and event.data["reason"] == "released":
                    return

    watching = asyncio.create_task(watch())
    deadline = asyncio.get_running_loop().time() + 30
    while not begun.is_set():
        assert asyncio.get_running_loop().time() < deadline, "no event came"
        # The stream begins when it begins: what happened before is not in it.
        async with fleet.session():
            pass
        await asyncio.sleep(0.05)
    await asyncio.wait_for(watching, 30)
    assert all(event.seq for event in seen)
    assert seen[0].seq is not None
    async with aclosing(fleet.events(after=seen[0].seq)) as events:
        assert (await anext(events)).seq == seen[1].seq


async def test_a_cursor_that_never_was_is_refused(session: Session) -> None:
    with pytest.raises(InvalidArgument):
        await anext(session.events(after=10**9))


async def test_events_survive_cut_connections(server: str, session: Session) -> None:
    async with Proxy.before(server) as proxy, Rookery(proxy.url, retry=Retry(first_wait_s=0.01)) as fleet:
        through = await fleet.attach(session.id)
        seen = []
        async with aclosing(through.events()) as events:
            async for event in events:
                if event.type == "session:step":
                    seen.append(event.data["action"])
                    proxy.cut()
                if len(seen) == 3:
                    break
                if event.type in ("session:ready", "session:step"):
                    await session.evaluate(f"{len(seen)}")
        assert seen == ["evaluate"] * 3
        assert proxy.cuts >= 2
