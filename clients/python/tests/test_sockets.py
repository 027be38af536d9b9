"""One WebSocket: commands, control, input, events and frames."""

from __future__ import annotations

import asyncio
import struct
from contextlib import aclosing
from datetime import datetime, timezone

import pytest
from proxy import Proxy

from rookery import Conflict, ConnectionFailed, Frame, Gone, InvalidArgument, Retry, Rookery, Session, Timeout
from rookery.frames import HEADER, parse
from rookery.socket import _Latest

PAINT = "setInterval(() => { document.body.style.background = `rgb(0, 0, ${Math.random() * 255})`; }, 20); 1"


def frame(seq: int, version: int = 1, codec: int = 1) -> bytes:
    return HEADER.pack(version, codec, 0, seq, 1_700_000_000_000_001, 640, 360, 2, 1280, 720, 0) + b"\xff\xd8picture"


def test_a_frame_is_read_as_it_is_described() -> None:
    assert HEADER.size == 32
    read = parse(frame(7))
    at = datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=timezone.utc)
    assert read == Frame(7, at, 640, 360, 2, 1280, 720, "jpeg", b"\xff\xd8picture")
    # The same, byte by byte.
    by_hand = (
        bytes([1, 1, 0, 0])
        + struct.pack(">IQ", 7, 1_700_000_000_000_001)
        + bytes.fromhex("0280 0168 00000002 0500 02d0 00000000")
    )
    assert parse(by_hand + b"\xff\xd8picture") == read


@pytest.mark.parametrize("message", [b"", frame(1)[:31], frame(1, version=2), frame(1, codec=9)])
def test_what_is_no_frame_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="frame"):
        parse(message)


async def test_only_the_latest_frame_is_kept() -> None:
    latest = _Latest()
    first, second, third = (parse(frame(n)) for n in (1, 2, 3))
    assert latest.put(first) is None
    assert latest.put(second) is first
    assert await latest.take() is second
    assert latest.put(third) is None
    latest.end()
    assert await latest.take() is third
    assert await latest.take() is None


async def test_commands_answers_and_errors_find_each_other(session: Session) -> None:
    async with session.socket() as socket:
        assert socket.session is not None
        assert socket.session.id == session.id
        assert await asyncio.gather(*(socket.evaluate(f"{n} * 2") for n in range(50))) == [n * 2 for n in range(50)]
        with pytest.raises(InvalidArgument) as several:
            await socket.click("button")
        assert several.value.context["count"] > 1
        with pytest.raises(Timeout):
            await socket.wait_for("text=never", timeout_ms=100)
        for _ in range(2):
            assert await socket.evaluate("window.n = (window.n || 0) + 1", idempotency_key="once") == 1
        with pytest.raises(TypeError, match="idempotency_key"):
            await socket.key("down", "a", idempotency_key="k")
        await socket.ping()


async def test_a_person_types_and_clicks(session: Session) -> None:
    await session.click(label="Name")
    async with session.socket() as socket:
        control = await socket.take_control("ann")
        await socket.input([{"kind": "text", "text": "Grüße 🐦"}], epoch=control.epoch - 1)
        await socket.input([{"kind": "text", "text": "日本語"}], epoch=control.epoch)
        await socket.input(
            [
                {"kind": "key", "event": "down", "key": "!", "code": "Digit1", "modifiers": ["Shift"]},
                {"kind": "key", "event": "up", "key": "!", "code": "Digit1", "modifiers": ["Shift"]},
                {"kind": "mouse", "event": "move", "x": 10, "y": 10},
                {"kind": "wheel", "x": 10, "y": 10, "delta_x": 0, "delta_y": 120},
            ],
            epoch=control.epoch,
        )
        with pytest.raises(Conflict):
            await socket.reload(on_human_control="fail")
        await session.wait_for(expression="document.querySelector('[name=name]').value === '日本語!'", timeout_ms=5000)
        await session.wait_for(expression="scrollY > 0", timeout_ms=5000)
        await socket.return_control("ann")


async def test_events_come_over_the_socket_and_can_be_resumed(session: Session) -> None:
    async with session.socket(events=True, after=0) as socket:
        first = await anext(socket.events())
        assert first.type == "session:created"
        await socket.evaluate("1")
    async with session.socket(events=True, after=first.seq) as socket:
        ending = asyncio.create_task(session.end())
        kinds = [event.type async for event in socket.events()]
        await ending
    assert kinds[0] == "session:queued"
    assert kinds[-1] == "session:ended"
    assert "session:step" in kinds
    with pytest.raises(Gone) as gone:
        async with session.socket():
            pass
    assert gone.value.end_reason == "released"


async def test_events_have_to_be_asked_for(session: Session) -> None:
    async with session.socket() as socket:
        with pytest.raises(TypeError, match="events=True"):
            await anext(socket.events())


async def test_what_waits_hears_of_the_end(session: Session) -> None:
    async with session.socket() as socket:
        waiting = asyncio.create_task(socket.wait_for("text=never"))
        await socket.ping()
        await session.end()
        with pytest.raises((Gone, ConnectionFailed)):
            await waiting
        with pytest.raises((Gone, ConnectionFailed)):
            # The server closes it; until then it may still answer.
            while True:
                await socket.ping()


async def test_frames_are_acknowledged_and_the_latest(session: Session) -> None:
    await session.evaluate(PAINT)
    seen: list[Frame] = []
    async with aclosing(session.frames(max_fps=30, quality=40, max_width=320)) as frames:
        async for picture in frames:
            seen.append(picture)
            # More than two were under way without acknowledgement, were it not for the client.
            if len(seen) == 12:
                break
    assert [picture.seq for picture in seen] == sorted({picture.seq for picture in seen})
    assert all(picture.image.startswith(b"\xff\xd8") and picture.width <= 320 for picture in seen)
    assert (seen[0].input_width, seen[0].input_height, seen[0].tab) == (1280, 720, 1)


async def test_frames_that_cannot_be_are_refused(session: Session) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await anext(session.frames(max_fps=1000))
    assert refused.value.field == "max_fps"


async def test_frames_end_with_the_session(session: Session) -> None:
    async def watch() -> int:
        return len([picture async for picture in session.frames()])

    watching = asyncio.create_task(watch())
    async with aclosing(session.frames()) as frames:
        await anext(frames)
    await session.end()
    assert await asyncio.wait_for(watching, 20) >= 0


async def test_frames_survive_cut_connections(server: str, session: Session) -> None:
    await session.evaluate(PAINT)
    async with Proxy.before(server) as proxy, Rookery(proxy.url, retry=Retry(first_wait_s=0.01)) as fleet:
        through = await fleet.attach(session.id)
        seen = 0
        async with aclosing(through.frames(max_fps=30)) as frames:
            async for _ in frames:
                seen += 1
                if seen in (2, 4):
                    proxy.cut()
                if seen == 6:
                    break
        assert proxy.cuts >= 2


async def test_a_server_that_is_not_there(server: str, session: Session) -> None:
    async with Rookery("http://127.0.0.1:1", retry=Retry(attempts=2, first_wait_s=0.001)) as fleet:
        lost = Session(fleet._http, session.info)
        with pytest.raises(ConnectionFailed) as error:
            await anext(lost.frames())
        assert error.value.outcome == "not_started"
