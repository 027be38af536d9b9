"""A session's WebSocket: commands, control, input, events and frames on one connection."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from . import events, frames
from .commands import Commands
from .control import ControlMethods
from .decode import decode
from .errors import ConnectionFailed, Gone, RookeryError, Timeout, Unavailable, from_problem
from .events import Event
from .frames import Frame
from .http import compact
from .input import InputEvent
from .models import Action, Control, ControlAction, SessionInfo
from .results import CommandResult
from .timing import answer_within_s

OPEN_S = 10.0
LARGEST_MESSAGE = 256 * 1024 * 1024
EVENTS_AHEAD = 1024
ENDED = 1000
"""The code a socket is closed with when its session has ended."""


class Socket(Commands, ControlMethods):
    """One connection. `async with session.socket() as socket`; it does not reconnect: `session.events()` and
    `session.frames()` do.

    Attributes:
        session: the session as it was when the socket opened.
        seq: the last event that came; give it as `after` to the next socket, and nothing is missed.
    """

    def __init__(self, connection: ClientConnection, *, with_events: bool) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._events: asyncio.Queue[Event | None] | None = asyncio.Queue(EVENTS_AHEAD) if with_events else None
        self._picture = _Latest()
        self._input_n = 0
        self._closed: RookeryError | None = None
        self._reader: asyncio.Task[None] | None = None
        self.session: SessionInfo | None = None
        self.seq: str | None = None

    @classmethod
    async def open(cls, url: str, headers: Mapping[str, str], *, with_events: bool = False) -> Socket:
        """Connects and waits for the server's `hello`.

        Raises:
            RookeryError: the server refused the upgrade, or could not be reached.
        """
        try:
            connection = await connect(
                url,
                additional_headers=dict(headers),
                compression=None,
                max_size=LARGEST_MESSAGE,
                open_timeout=OPEN_S,
                close_timeout=2,
            )
        except InvalidStatus as error:
            raise _refused(error) from error
        except (OSError, TimeoutError, asyncio.TimeoutError, InvalidHandshake) as error:
            detail = f"the server cannot be reached: {error or type(error).__name__}"
            raise ConnectionFailed(detail, retryable=True, outcome="not_started") from error
        socket = cls(connection, with_events=with_events)
        try:
            await asyncio.wait_for(socket._hello(), OPEN_S)
        except BaseException:
            await connection.close()
            raise
        socket._reader = asyncio.create_task(socket._read(), name="rookery socket")
        return socket

    async def __aenter__(self) -> Socket:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection. The session lives on, unless it was created with `on_disconnect="close"`."""
        await self._connection.close()
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    async def run(
        self, action: Action, *, idempotency_key: str | None = None, **fields: Any
    ) -> CommandResult[dict[str, Any]]:
        if idempotency_key is not None:
            if action == "key":
                raise TypeError("the command `key` takes no idempotency_key over a socket")
            fields["key"] = idempotency_key
        message = {"type": "command", "action": action, **{n: v for n, v in fields.items() if v is not None}}
        answer = await self._ask(message, answer_within_s(fields.get("timeout_ms")))
        return decode(CommandResult, answer)

    async def set_control(
        self, action: ControlAction, *, holder: str | None = None, note: str | None = None
    ) -> Control:
        """As over REST, but whoever takes control keeps it for as long as this socket watches frames."""
        message = {"type": "control", "action": action, "holder": holder, "note": note}
        answer = await self._ask({n: v for n, v in message.items() if v is not None}, answer_within_s(None))
        return decode(Control, answer["control"])

    async def input(self, inputs: Iterable[InputEvent], *, epoch: int, tab: int | None = None) -> None:
        """Sends a person's input; nothing is answered. Dropped unless `epoch` is that of the control.

        Args:
            inputs: at most 256, in order.
            epoch: of the `Control` that made the person the holder.
            tab: absent: the active one.
        """
        batch = list(inputs)
        message: dict[str, Any] = {"type": "input", "epoch": epoch, "n": self._input_n, "events": batch}
        if tab is not None:
            message["tab"] = tab
        self._input_n += len(batch)
        await self._send(message)

    async def ping(self) -> None:
        """Asks the server for a sign of life and waits for it."""
        await self._ask({"type": "ping"}, OPEN_S)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Events as they come, until the session has ended. For sockets opened with `events=True`.

        Raises:
            ConnectionFailed: the connection broke before.
        """
        if self._events is None:
            raise TypeError("the socket was opened without events: session.socket(events=True)")
        while (event := await self._events.get()) is not None:
            yield event
        self._events.put_nowait(None)
        self._raise_unless_ended()

    async def frames(
        self,
        *,
        max_fps: int | None = None,
        quality: int | None = None,
        max_width: int | None = None,
        max_height: int | None = None,
        tab: int | None = None,
    ) -> AsyncGenerator[Frame, None]:
        """Pictures of the page, always the latest: those that came while the last one was looked at are left out.

        Args:
            max_fps: 1 to 60; 30 if absent.
            quality: of the JPEG, 1 to 100; 80 if absent.
            max_width: in pixels.
            max_height: in pixels.
            tab: absent: the active one, whichever that is.
        """
        wish = {"max_fps": max_fps, "quality": quality, "max_width": max_width, "max_height": max_height, "tab": tab}
        self._picture = picture = _Latest()
        number = next(self._ids)
        # It has no answer but a refusal.
        self._waiting[number] = refused = asyncio.get_running_loop().create_future()
        refused.add_done_callback(lambda future: picture.end(None if future.cancelled() else future.exception()))
        await self._send({"type": "frames:start", "id": number, **{n: v for n, v in wish.items() if v is not None}})
        try:
            while (frame := await picture.take()) is not None:
                yield frame
                # Only now: a server that hears it later sends less, which is what a slow reader wants.
                await self._ack(frame)
        finally:
            self._waiting.pop(number, None)
            if self._closed is None:
                with suppress(RookeryError):
                    await self._send({"type": "frames:stop"})
        self._raise_unless_ended()

    # ---- below: one reader, which answers those who wait ------------------------------------------------------

    async def _hello(self) -> None:
        try:
            hello = json.loads(await self._connection.recv())
        except ConnectionClosed as error:
            raise _broken(error) from error
        self.session = decode(SessionInfo, hello["session"])
        self.seq = hello.get("seq")

    async def _read(self) -> None:
        error: RookeryError = ConnectionFailed("the socket was closed", outcome="unknown")
        try:
            async for message in self._connection:
                if isinstance(message, bytes):
                    await self._on_frame(frames.parse(message))
                else:
                    await self._on_message(json.loads(message))
            error = _closed_with(self._connection.close_code, self._connection.close_reason)
        except ConnectionClosed as closed:
            error = _broken(closed)
        except ValueError as unreadable:
            error = ConnectionFailed(f"the server sent what cannot be read: {unreadable}", outcome="unknown")
            await self._connection.close()
        finally:
            self._end(error)

    async def _on_message(self, message: dict[str, Any]) -> None:
        kind = message.pop("type", None)
        if kind in ("result", "pong"):
            self._answer(message)
        elif kind == "error":
            self._answer(message, from_problem(message["error"]))
        elif kind == "event":
            event = events.read(message["event"], message.get("seq"))
            self.seq = event.seq or self.seq
            if self._events is not None:
                await self._events.put(event)

    def _answer(self, message: dict[str, Any], error: RookeryError | None = None) -> None:
        waiting = self._waiting.pop(message.pop("id", None) or 0, None)
        if waiting is None or waiting.done():
            return
        if error is None:
            waiting.set_result(message)
        else:
            waiting.set_exception(error)

    async def _on_frame(self, frame: Frame) -> None:
        dropped = self._picture.put(frame)
        if dropped is not None:
            await self._ack(dropped)

    async def _ack(self, frame: Frame) -> None:
        await self._send({"type": "frames:ack", "seq": frame.seq})

    def _end(self, error: RookeryError) -> None:
        self._closed = error
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
        self._waiting.clear()
        self._picture.end()
        if self._events is not None:
            # What is queued is still read; the end comes after it.
            if self._events.full():
                self._events.get_nowait()
            self._events.put_nowait(None)

    async def _ask(self, message: dict[str, Any], within_s: float) -> dict[str, Any]:
        number = next(self._ids)
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            await self._send({**message, "id": number})
            return await asyncio.wait_for(waiting, within_s)
        except (asyncio.TimeoutError, TimeoutError) as error:
            raise Timeout(f"no answer within {within_s:.0f} s", outcome="unknown") from error
        finally:
            self._waiting.pop(number, None)
            # The end of the socket may have been told to it when sending had failed of it already.
            if not waiting.cancel() and not waiting.cancelled():
                waiting.exception()

    async def _send(self, message: dict[str, Any]) -> None:
        if self._closed is not None:
            raise self._closed
        try:
            await self._connection.send(compact(message).decode())
        except ConnectionClosed as error:
            raise _broken(error) from error

    def _raise_unless_ended(self) -> None:
        if self._closed is not None and not isinstance(self._closed, Gone):
            raise self._closed


class _Latest:
    """Holds one frame: a newer one replaces it."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._changed = asyncio.Event()

    def put(self, frame: Frame) -> Frame | None:
        """The frame that this one replaces, if nobody had taken it."""
        dropped, self._frame = self._frame, frame
        self._changed.set()
        return dropped

    def end(self, error: BaseException | None = None) -> None:
        self._ended = True
        self._error = error
        self._changed.set()

    async def take(self) -> Frame | None:
        """Waits for a frame; `None` at the end."""
        while self._frame is None and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if self._error is not None and not isinstance(self._error, (Gone, ConnectionFailed)):
            raise self._error
        frame, self._frame = self._frame, None
        return frame


def _refused(error: InvalidStatus) -> RookeryError:
    response = error.response
    try:
        problem = json.loads(response.body or b"")
        return from_problem(problem, status=response.status_code)
    except (ValueError, AttributeError):
        detail = f"the server answered {response.status_code} instead of a WebSocket"
        return Unavailable(detail, status=response.status_code, retryable=response.status_code >= 500)


def _broken(error: ConnectionClosed) -> RookeryError:
    received = error.rcvd
    return _closed_with(received.code if received else None, received.reason if received else None)


def _closed_with(code: int | None, reason: str | None) -> RookeryError:
    if code == ENDED:
        return Gone(reason or "the session has ended", outcome="unknown")
    return ConnectionFailed(f"the socket was closed: {code} {reason or ''}".rstrip(), retryable=True, outcome="unknown")
