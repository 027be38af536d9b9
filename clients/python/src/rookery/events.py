"""The event log: server-sent events, read to the end over any number of connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from .decode import decode
from .errors import ConnectionFailed, RookeryError, Timeout
from .http import Http
from .models import EventType

# The server says something at least every 15 s.
SILENCE_S = 45.0


@dataclass(frozen=True)
class Event:
    """Something that happened in a session.

    Attributes:
        type: such as `session:navigated`.
        session: the session's id.
        time: when.
        epoch: of the worker that says so; 0 where there is none.
        data: more about it; its form depends on `type`.
        seq: where it stands in the log, to go on from by `after`; `None` for what is live only (console, network).
    """

    type: EventType
    session: str
    time: datetime
    epoch: int
    data: Any
    seq: str | None = None


@dataclass(frozen=True)
class Message:
    """One message of a stream of server-sent events."""

    id: str | None
    data: str


class Parser:
    """Server-sent events from pieces of any size. Lines end in LF, CR LF or CR, and in nothing else."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._id: str | None = None

    def feed(self, piece: bytes) -> list[Message]:
        """The messages that are complete with this piece."""
        text = self._rest + piece
        # A CR at the end may be the first half of a CR LF.
        held = b"\r" if text.endswith(b"\r") else b""
        lines = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        return [message for line in lines if (message := self._line(line.decode("utf-8", "replace"))) is not None]

    def _line(self, line: str) -> Message | None:
        if not line:
            message = Message(self._id, "\n".join(self._data)) if self._data else None
            self._data, self._id = [], None
            return message
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "data":
            self._data.append(value)
        elif name == "id":
            self._id = value
        return None


async def follow(http: Http, path: str, *, after: str | None, endless: bool) -> AsyncGenerator[Event, None]:
    """Events from `after` on, over as many connections as it takes. Of one session, until it has ended."""
    last = after
    failures = 0
    while True:
        try:
            async with aclosing(_connection(http, path, last)) as connection:
                async for event in connection:
                    failures = 0
                    last = event.seq or last
                    yield event
                    if event.type == "session:ended" and not endless:
                        return
        except _Ended:
            return
        except (ConnectionFailed, Timeout) as error:
            # Reading twice does no harm, and nothing was lost: `last` says where to go on.
            cause: RookeryError | None = error
        except RookeryError as error:
            if not error.retryable:
                raise
            cause = error
        else:
            cause = None
        failures += 1
        cause = cause or ConnectionFailed("the server closed the stream", retryable=True)
        pause = http.retry.wait_s(cause, failures)
        if failures > max(http.retry.attempts, 1) or pause is None:
            raise cause
        await asyncio.sleep(pause)


class _Ended(Exception):
    """There is nothing to come."""


async def _connection(http: Http, path: str, after: str | None) -> AsyncGenerator[Event, None]:
    parser = Parser()
    async with http.stream(path, params={"after": after}, silence_s=SILENCE_S) as response:
        if response.status_code == httpx.codes.NO_CONTENT:
            raise _Ended
        async for piece in response.aiter_bytes():
            for message in parser.feed(piece):
                yield read(json.loads(message.data), message.id)


def read(event: dict[str, Any], seq: str | None) -> Event:
    """An event as JSON has it, with the number that travels beside it."""
    return decode(Event, {**event, "seq": seq})
