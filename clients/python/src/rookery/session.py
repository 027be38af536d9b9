"""One session: what drives it, reads it and watches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from . import events, playwright
from .commands import Commands
from .control import ControlMethods
from .decode import decode
from .errors import Gone, NotFound, RookeryError, Timeout, Unavailable
from .events import Event
from .files import Files
from .frames import Frame
from .http import Http, segment
from .models import Action, Control, ControlAction, OpenDialog, PatchSession, SessionInfo, StreamUrls
from .results import CommandResult
from .socket import Socket
from .timing import answer_within_s, ready_within_s

if TYPE_CHECKING:
    from playwright.async_api import Browser
    from typing_extensions import Unpack

# The end of a session is not worth a long wait: its idle time ends it too.
END_S = 15.0


class Session(Commands, ControlMethods, Files):
    """A browser session.

    `async with fleet.session(…) as session` ends it at the end of the block; `fleet.create_session` and `fleet.attach`
    give one that lives on.

    Attributes:
        info: what the server last said of the session; `refresh` asks it again.
        open_dialog: the dialog that the latest command opened and left open.
    """

    def __init__(self, http: Http, info: SessionInfo) -> None:
        self._http = http
        self._path = f"/v1/sessions/{segment(info.id)}"
        self.info = info
        self.open_dialog: OpenDialog | None = None

    def __repr__(self) -> str:
        return f"<Session {self.id} {self.info.state}>"

    @property
    def id(self) -> str:
        """The session's id, good on every edge of the fleet."""
        return self.info.id

    # ---- its life ---------------------------------------------------------------------------------------------

    async def refresh(self) -> SessionInfo:
        """Asks the server how the session is.

        Raises:
            Gone: it ended some time ago.
        """
        self.info = decode(SessionInfo, await self._http.json("GET", self._path))
        return self.info

    async def update(self, **changes: Unpack[PatchSession]) -> SessionInfo:
        """Changes `name`, `labels` (as a whole), `idle_timeout_s` or `max_lifetime_s`, both in seconds."""
        self.info = decode(SessionInfo, await self._http.json("PATCH", self._path, body=changes))
        return self.info

    async def end(self) -> SessionInfo:
        """Ends the session. Doing it again changes nothing."""
        self.info = decode(SessionInfo, await self._http.json("DELETE", self._path, timeout_s=END_S))
        return self.info

    async def wait_ready(self, *, timeout_s: float | None = None) -> SessionInfo:
        """Waits until a session that was created with `respond_async` is ready.

        Raises:
            Gone: it has ended instead; `end_reason` says why.
            Timeout: it is not ready after `timeout_s` seconds; two minutes more than it may be queued, if absent.
        """
        within_s = ready_within_s(600) if timeout_s is None else timeout_s
        try:
            await asyncio.wait_for(self._until_ready(), within_s)
        except (asyncio.TimeoutError, TimeoutError) as error:
            raise Timeout(f"the session is not ready after {within_s:.0f} s", outcome="unknown") from error
        info = await self.refresh()
        if info.state == "ended":
            reason = {"end_reason": info.end_reason}
            raise Gone(f"the session has ended: {info.end_detail or info.end_reason}", context=reason)
        return info

    async def _until_ready(self) -> None:
        async with aclosing(self.events()) as happened:
            async for event in happened:
                if event.type in ("session:ready", "session:ended"):
                    return

    # ---- commands ---------------------------------------------------------------------------------------------

    async def run(
        self, action: Action, *, idempotency_key: str | None = None, **fields: Any
    ) -> CommandResult[dict[str, Any]]:
        answer = await self._http.json(
            "POST",
            f"{self._path}/commands",
            body={"action": action, **{name: value for name, value in fields.items() if value is not None}},
            idempotency_key=idempotency_key,
            timeout_s=answer_within_s(fields.get("timeout_ms")),
        )
        result = decode(CommandResult, answer)
        self.open_dialog = result.dialog
        return result

    goto = Commands.navigate
    """The name that Playwright and Puppeteer have for `navigate`."""

    # ---- control ----------------------------------------------------------------------------------------------

    async def set_control(
        self, action: ControlAction, *, holder: str | None = None, note: str | None = None
    ) -> Control:
        body = {"action": action, "holder": holder, "note": note}
        answer = await self._http.json(
            "PUT", f"{self._path}/control", body={name: value for name, value in body.items() if value is not None}
        )
        return decode(Control, answer)

    async def hand_over(self, note: str | None = None, *, timeout_s: float = 600.0) -> Control:
        """Pauses the agent until a person has taken control and given it back, or somebody resumes.

        The time in which nobody does anything counts as idle: `idle_timeout_s` of the session should be longer.

        Args:
            note: what the person is to do.
            timeout_s: how long to wait, in seconds.

        Raises:
            Timeout: nobody has given control back. If nobody has it, the agent drives again.
            Gone: the session has ended meanwhile.
        """
        paused = await self.pause(note=note)
        try:
            return await asyncio.wait_for(self._until_agent(paused.epoch), timeout_s)
        except (asyncio.TimeoutError, TimeoutError) as error:
            if (await self.refresh()).control.mode == "paused":
                await self.resume()
            raise Timeout(f"control was not given back within {timeout_s:.0f} s") from error

    async def _until_agent(self, epoch: int) -> Control:
        async with aclosing(self.events()) as happened:
            async for event in happened:
                if event.type == "session:control_changed":
                    control = decode(Control, event.data)
                    if control.epoch > epoch and control.mode == "ai_control":
                        return control
        raise Gone("the session ended before control was given back")

    # ---- watching ---------------------------------------------------------------------------------------------

    def events(self, *, after: str | int | None = None) -> AsyncGenerator[Event, None]:
        """Events in order, those the log has first, until the session has ended. Lost connections are made again
        without a gap.

        Args:
            after: the `seq` of an event: only what came later.

        Raises:
            InvalidArgument: there was never such an event.
            ConnectionFailed: the server could not be reached again and again.
        """
        return events.follow(self._http, f"{self._path}/events", after=_text(after), endless=False)

    @asynccontextmanager
    async def socket(self, *, events: bool = False, after: str | int | None = None) -> AsyncIterator[Socket]:
        """A WebSocket to the session: commands at less cost, input, events and frames on one connection.

        Args:
            events: whether they are to be kept for `socket.events()`, which then has to read them.
            after: the `seq` of an event: only what came later.
        """
        async with await self._open_socket(events=events, after=after) as socket:
            yield socket

    async def _open_socket(self, *, events: bool = False, after: str | int | None = None) -> Socket:
        # Not `info.urls`: this way is known to lead to the server, and its own idea of its address may not.
        url = f"ws{self._http.base_url.removeprefix('http')}{self._path}/ws"
        if after is not None:
            url += f"?after={after}"
        return await Socket.open(url, self._http.headers, with_events=events)

    async def frames(
        self,
        *,
        max_fps: int | None = None,
        quality: int | None = None,
        max_width: int | None = None,
        max_height: int | None = None,
        tab: int | None = None,
    ) -> AsyncGenerator[Frame, None]:
        """Pictures of the page until the session has ended, always the latest; a page at rest gives one and then none.
        Lost connections are made again.

        Args:
            max_fps: 1 to 60; 30 if absent.
            quality: of the JPEG, 1 to 100; 80 if absent.
            max_width: in pixels.
            max_height: in pixels.
            tab: absent: the active one, whichever that is.

        Raises:
            ConnectionFailed: the server could not be reached again and again.
        """
        failures = 0
        while True:
            try:
                async with await self._open_socket() as socket:
                    pictures = socket.frames(
                        max_fps=max_fps, quality=quality, max_width=max_width, max_height=max_height, tab=tab
                    )
                    async with aclosing(pictures):
                        async for frame in pictures:
                            failures = 0
                            yield frame
                    return
            except RookeryError as error:
                failures += 1
                pause = self._http.retry.pause_s(error, failures, repeatable=True)
                if isinstance(error, Gone) or pause is None:
                    raise
            await asyncio.sleep(pause)

    async def stream(self) -> StreamUrls:
        """Where the session can be watched."""
        return decode(StreamUrls, await self._http.json("GET", f"{self._path}/stream"))

    @asynccontextmanager
    async def playwright(self, *, timeout_ms: float = 30_000) -> AsyncIterator[Browser]:
        """Playwright's `Browser`, connected to this session. Its default context has the session's tabs; what one
        side does, the other sees. At the end it is disconnected, and the session goes on.

        Args:
            timeout_ms: for connecting.

        Raises:
            ImportError: Playwright is not installed.
        """
        url, headers = self.cdp()
        async with playwright.connected(url, headers, timeout_ms) as browser:
            yield browser

    def cdp(self) -> tuple[str, dict[str, str]]:
        """Where a client that speaks CDP connects to this session, and the headers it has to send."""
        return f"ws{self._http.base_url.removeprefix('http')}{self._path}/cdp", dict(self._http.headers)


async def end_quietly(session: Session) -> None:
    """Ends a session for somebody who has an error to tell already, or to whom it makes no difference."""
    with suppress(Gone, NotFound, Timeout, Unavailable):
        await session.end()


def _text(cursor: str | int | None) -> str | None:
    return None if cursor is None else str(cursor)
