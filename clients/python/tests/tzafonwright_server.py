"""The other side of the tzafonwright protocol, as far as a client can see it: each text is the protocol's own."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
LARGEST = 16 * 1024 * 1024

NEEDS = {
    "click": (("x", "y"), "Missing x or y for click action"),
    "type": (("text",), "Missing text for type action"),
    "goto": (("url",), "Missing 'url' for goto action"),
    "set_viewport_size": (("width", "height"), "Missing width or height for set_viewport_size action"),
    "scroll": ((), ""),
    "screenshot": ((), ""),
}
CREATING = "Action deserialization error: Error creating Command object: "


class Port:
    """Answers in order, never speaks first.

    Attributes:
        received: every message as it came.
    """

    def __init__(self) -> None:
        self.received: list[bytes | str] = []
        self.url = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Port]:
        async with serve(self._serve, "127.0.0.1", 0, max_size=LARGEST, ping_interval=20, ping_timeout=20) as server:
            (socket,) = server.sockets
            self.url = f"ws://127.0.0.1:{socket.getsockname()[1]}"
            yield self

    async def _serve(self, connection: ServerConnection) -> None:
        try:
            async for message in connection:
                self.received.append(message)
                if b"hang up" in (message if isinstance(message, bytes) else message.encode()):
                    await connection.close(1013, "queue timeout")
                    return
                await connection.send(json.dumps(answer(message)).encode())
        except ConnectionClosed:
            return


def answer(message: bytes | str) -> dict[str, Any]:
    try:
        request = json.loads(message)
    except ValueError as error:
        return failed(f"Action deserialization error: Failed to decode JSON: {error}")
    action = request.get("action_type")
    if action is None:
        return failed(f"{CREATING}Missing 'action_type' in message")
    if action not in NEEDS:
        return failed(f"{CREATING}Invalid action_type: {action}")
    needed, text = NEEDS[action]
    if any(request.get(name) is None for name in needed):
        return failed(text)
    if action == "goto" and "unknown.test" in request["url"]:
        return failed(f"Playwright Error: Page.goto: net::ERR_NAME_NOT_RESOLVED at {request['url']}")
    if action == "goto" and request["timeout"] < 10:
        return failed(f"Playwright Error: Page.goto: Timeout {request['timeout']}ms exceeded.")
    if action == "screenshot":
        return {"success": True, "image": base64.b64encode(JPEG).decode()}
    return {"success": True}


def failed(text: str) -> dict[str, Any]:
    return {"success": False, "error_message": text}
