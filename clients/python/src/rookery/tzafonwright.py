"""For programs written for Tzafon WayPoint.

`TzafonWright` has the methods that WayPoint's README promises, over Rookery's own API: queueing, errors with codes and
everything else of a session come with it. `TzafonWrightClient`, `Command`, `ActionType` and `Result` speak the protocol
of WayPoint's port, which `--tzafonwright-listen` serves, under the names such programs import.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .client import Rookery
from .errors import ConnectionFailed
from .session import Session, end_quietly

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .models import CreateSession

DEFAULT_TIMEOUT_MS = 30_000
JPEG_QUALITY = 80
LARGEST_MESSAGE = 16 * 1024 * 1024
PING_S = 20.0


class TzafonWright:
    """One browser: `async with TzafonWright("http://127.0.0.1:8080") as browser`. Every `timeout` is in milliseconds.

    Attributes:
        session: the session behind it, for all that is not here.
    """

    def __init__(
        self, server: str = "http://127.0.0.1:8080", *, token: str | None = None, **options: Unpack[CreateSession]
    ) -> None:
        """Connects to nothing yet.

        Args:
            server: the address of any edge.
            token: of the tenant; not needed where the server asks for none.
            options: of `Rookery.create_session`.
        """
        self._fleet = Rookery(server, token=token)
        self._options = options
        self._session: Session | None = None

    async def __aenter__(self) -> TzafonWright:
        try:
            self._session = await self._fleet.create_session(**self._options)
        except BaseException:
            await self._fleet.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._session is not None:
                await end_quietly(self._session)
        finally:
            self._session = None
            await self._fleet.close()

    @property
    def session(self) -> Session:
        if self._session is None:
            raise RuntimeError("use it as `async with TzafonWright(…) as browser`")
        return self._session

    async def goto(self, url: str, timeout: int = DEFAULT_TIMEOUT_MS) -> None:
        """Navigates, and waits until no request has been under way for 500 ms.

        Raises:
            BrowserError: the page cannot be had.
            Timeout: the network was never idle; the page may be there all the same.
        """
        await self.session.navigate(url, wait_until="networkidle", timeout_ms=timeout)

    async def click(self, x: float, y: float, timeout: int = DEFAULT_TIMEOUT_MS) -> None:
        """Clicks a point of the viewport, in CSS pixels."""
        await self.session.click({"x": x, "y": y}, timeout_ms=timeout)

    async def type(self, text: str, timeout: int = DEFAULT_TIMEOUT_MS) -> None:
        """Types into the focused element."""
        await self.session.type(text, timeout_ms=timeout)

    async def screenshot(self, timeout: int = DEFAULT_TIMEOUT_MS) -> bytes:
        """The viewport as a JPEG."""
        return await self.session.screenshot(format="jpeg", quality=JPEG_QUALITY, timeout_ms=timeout)

    async def scroll(self, delta_x: int = 0, delta_y: int = 0, timeout: int = DEFAULT_TIMEOUT_MS) -> None:
        """Scrolls by CSS pixels."""
        await self.session.scroll(delta_x=delta_x, delta_y=delta_y, timeout_ms=timeout)

    async def set_viewport_size(self, width: int, height: int, timeout: int = DEFAULT_TIMEOUT_MS) -> None:
        """Sets the size of the viewport, in CSS pixels."""
        await self.session.set_viewport(width, height, timeout_ms=timeout)


class ActionType(str, Enum):
    """What a command of the port does."""

    CLICK = "click"
    TYPE = "type"
    SCROLL = "scroll"
    GOTO = "goto"
    SCREENSHOT = "screenshot"
    SET_VIEWPORT_SIZE = "set_viewport_size"


@dataclass
class Command:
    """One request to the port. `timeout` is in milliseconds and counts for `GOTO` only."""

    action_type: ActionType
    x: float | None = None
    y: float | None = None
    text: str | None = None
    delta_x: int | None = None
    delta_y: int | None = None
    url: str | None = None
    width: int | None = None
    height: int | None = None
    timeout: int = DEFAULT_TIMEOUT_MS

    def dump(self) -> bytes:
        """The message: one JSON object, without what is not given."""
        given = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        return json.dumps({**given, "action_type": ActionType(self.action_type).value}).encode()

    @classmethod
    def load(cls, message: bytes | str) -> Command:
        """The command of a message.

        Raises:
            ValueError: it is none.
        """
        given = _object(message)
        if "action_type" not in given:
            raise ValueError("Missing 'action_type' in message")
        known = {name: value for name, value in given.items() if name in {f.name for f in fields(cls)}}
        return cls(**{**known, "action_type": ActionType(known["action_type"])})


@dataclass
class Result:
    """One answer of the port; `image` holds the JPEG of a screenshot."""

    success: bool
    image: bytes | None = field(default=None, repr=False)
    error_message: str | None = None

    def dump(self) -> bytes:
        """The message: one JSON object, without what is not there."""
        given: dict[str, Any] = {"success": self.success}
        if self.error_message is not None:
            given["error_message"] = self.error_message
        if self.image is not None:
            given["image"] = base64.b64encode(self.image).decode()
        return json.dumps(given).encode()

    @classmethod
    def load(cls, message: bytes | str) -> Result:
        """The result of a message.

        Raises:
            ValueError: it is none.
        """
        given = _object(message)
        image = given.get("image")
        return cls(
            success=bool(given.get("success", False)),
            image=None if image is None else base64.b64decode(image),
            error_message=given.get("error_message"),
        )


def _object(message: bytes | str) -> dict[str, Any]:
    given = json.loads(message)
    if not isinstance(given, dict):
        raise ValueError("a message is one JSON object")
    return given


class TzafonWrightClient:
    """A connection to the port: `async with TzafonWrightClient("ws://127.0.0.1:1337") as client`. It is one browser
    session, which ends with it. Several actions may be under way: they are answered in their order.
    """

    def __init__(self, ws_url: str) -> None:
        self.ws_url = ws_url
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[Result]] = deque()

    async def __aenter__(self) -> TzafonWrightClient:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connects.

        Raises:
            ConnectionFailed: nobody listens there.
        """
        try:
            self._connection = await connect(
                self.ws_url, max_size=LARGEST_MESSAGE, ping_interval=PING_S, ping_timeout=PING_S, close_timeout=2
            )
        except (OSError, TimeoutError, asyncio.TimeoutError, InvalidHandshake) as error:
            detail = f"{self.ws_url} cannot be reached: {error or type(error).__name__}"
            raise ConnectionFailed(detail, retryable=True, outcome="not_started") from error
        self._reader = asyncio.create_task(self._read(self._connection), name="tzafonwright client")

    async def close(self) -> None:
        """Disconnects, which ends the session."""
        if self._connection is not None:
            await self._connection.close()
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        self._connection = self._reader = None

    async def send_action(self, command: Command) -> Result:
        """Sends a command and gives its answer; what failed there is told by `success` and `error_message`.

        Raises:
            ConnectionFailed: there is no connection, or it broke.
        """
        if self._connection is None:
            raise ConnectionFailed("not connected", outcome="not_started")
        waiting: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        # Before the message is sent, and without a pause between: answers carry no ids, only their order.
        self._waiting.append(waiting)
        try:
            await self._connection.send(command.dump())
        except ConnectionClosed as error:
            # The reader may have told it already.
            if not waiting.cancel():
                waiting.exception()
            raise ConnectionFailed(f"the connection broke: {error}", outcome="unknown") from error
        return await waiting

    async def _read(self, connection: ClientConnection) -> None:
        error = ConnectionFailed("the connection was closed", outcome="unknown")
        try:
            async for message in connection:
                self._answer(message)
        except ConnectionClosed as closed:
            error = ConnectionFailed(f"the connection broke: {closed}", outcome="unknown")
        finally:
            while self._waiting:
                waiting = self._waiting.popleft()
                if not waiting.done():
                    waiting.set_exception(error)

    def _answer(self, message: bytes | str) -> None:
        # One whose caller has left keeps its turn, so that the others get their own.
        waiting = self._waiting.popleft() if self._waiting else None
        if waiting is None or waiting.done():
            return
        try:
            waiting.set_result(Result.load(message))
        except ValueError as error:
            waiting.set_exception(ConnectionFailed(f"the answer cannot be read: {error}", outcome="unknown"))
