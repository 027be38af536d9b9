"""The bytes at the port of a real server, by a client that has nothing of this package."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import server as real_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

LARGEST = 16 * 1024 * 1024
DECODING = "Action deserialization error: Failed to decode JSON: "
CREATING = "Action deserialization error: Error creating Command object: "


@pytest.fixture(scope="module")
def fleet(program: Path) -> Iterator[tuple[str, str]]:
    """The addresses of a fleet for one session at a time, and of its port."""
    address = f"127.0.0.1:{real_server.free_port()}"
    with real_server.running(program, "--tzafonwright-listen", address, "--slots", "1") as server:
        yield server, f"ws://{address}"


def open_at(url: str, **options: Any) -> connect:
    return connect(url, max_size=LARGEST, ping_interval=20, ping_timeout=20, **options)


async def ask(connection: ClientConnection, message: bytes | str) -> dict[str, Any]:
    await connection.send(message)
    return await answer(connection)


async def answer(connection: ClientConnection) -> dict[str, Any]:
    received = await connection.recv()
    assert isinstance(received, bytes), "answers are binary"
    read: dict[str, Any] = json.loads(received.decode("utf-8"))
    assert isinstance(read["success"], bool)
    assert set(read) <= {"success", "error_message", "image"}
    assert None not in read.values()
    return read


def request(action: str, **fields: Any) -> bytes:
    return json.dumps({"action_type": action, **fields, "timeout": 30_000}).encode("utf-8")


def failed(text: str) -> dict[str, Any]:
    return {"success": False, "error_message": text}


async def sessions(server: str) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=server) as http:
        listed = (await http.get("/v1/sessions")).json()["sessions"]
    return {session["id"]: session["state"] for session in listed}


async def test_any_path_and_whatever_is_offered_is_a_session_that_speaks_second(fleet: tuple[str, str]) -> None:
    server, port = fleet
    for path in ("", "/", "/ws?session=7", "/a/b/c"):
        async with open_at(
            port + path, subprotocols=["json"], compression="deflate", additional_headers={"X-Any": "thing"}
        ) as connection:
            assert connection.subprotocol is None
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(connection.recv(), 0.3)
            assert await ask(connection, request("type", text="")) == {"success": True}
            await (await connection.ping())
        assert await ended(server)


async def ended(server: str) -> bool:
    """Whether no session is left, before long."""
    for _ in range(200):
        if set((await sessions(server)).values()) <= {"ended"}:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_page_is_driven_by_bytes(fleet: tuple[str, str]) -> None:
    server, port = fleet
    async with open_at(port) as connection:
        assert await ask(connection, request("goto", url=f"{server}/demo")) == {"success": True}
        for message in (
            request("click", x="150", y=300.5, text=None, unknown={"a": []}),
            request("type", text="Ada — 日本"),
            request("scroll", delta_x=0, delta_y="300"),
            request("scroll"),
            request("set_viewport_size", width=900, height="500"),
            request("type", text="").decode(),
        ):
            assert await ask(connection, message) == {"success": True}, message
        shown = await ask(connection, b'{"action_type": "screenshot"}')
        assert set(shown) == {"success", "image"}
        jpeg = base64.b64decode(shown["image"], validate=True)
        assert jpeg.startswith(b"\xff\xd8\xff")
        assert jpeg.endswith(b"\xff\xd9")
        # The first entry of the luminance table is 16 at quality 50, and 6 at 80.
        table = jpeg.index(b"\xff\xdb")
        assert jpeg[table + 5] == 6


async def test_what_fails_is_told_in_the_words_of_the_protocol(fleet: tuple[str, str]) -> None:
    _, port = fleet
    async with open_at(port) as connection:
        for message, text in (
            (request("goto"), "Missing 'url' for goto action"),
            (request("click", y=1), "Missing x or y for click action"),
            (request("type"), "Missing text for type action"),
            (request("set_viewport_size", width=1), "Missing width or height for set_viewport_size action"),
            (
                request("goto", url="http://nowhere.invalid/"),
                "Playwright Error: Page.goto: net::ERR_NAME_NOT_RESOLVED at http://nowhere.invalid/",
            ),
            (b"{}", f"{CREATING}Missing 'action_type' in message"),
            (request("Click"), f"{CREATING}Invalid action_type: Click"),
        ):
            assert await ask(connection, message) == failed(text), message
        for noise in (b"", b"\xff", b"{'action_type': 'click'}", "no json"):
            said = await ask(connection, noise)
            assert said["error_message"].startswith(DECODING), said
        assert (await ask(connection, request("screenshot")))["success"]


async def test_answers_come_in_order_also_to_who_was_queued(fleet: tuple[str, str]) -> None:
    _, port = fleet
    async with open_at(port) as first:
        assert (await ask(first, request("screenshot")))["success"]
        async with open_at(port, open_timeout=5) as second:
            for n in range(50):
                await second.send(request(f"fly {n}"))
            # It waits for a browser, and is there all the same.
            await (await second.ping())
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(second.recv(), 0.3)
            await first.close()
            for n in range(50):
                assert await answer(second) == failed(f"{CREATING}Invalid action_type: fly {n}")


async def test_a_message_over_16_mib_closes(fleet: tuple[str, str]) -> None:
    _, port = fleet
    async with open_at(port) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await ask(connection, b" " * (LARGEST + 1))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_page_of_another_origin_is_refused(fleet: tuple[str, str]) -> None:
    _, port = fleet
    with pytest.raises(InvalidStatus) as refused:
        async with open_at(port, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
