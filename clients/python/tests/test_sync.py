"""The synchronous face, in threads without a loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from rookery import InvalidArgument
from rookery.sync import Rookery, Session
from rookery.sync.portal import Portal


def test_a_session_without_await(server: str) -> None:
    with Rookery(server) as fleet, fleet.session(url=f"{server}/demo", labels={"a": "b"}) as session:
        assert session.info.labels == {"a": "b"}
        session.fill_form({"Name": "Ada", "Email": "ada@example.org"})
        session.click(role="button", name="Create account")
        session.wait_for("text=Welcome, Ada!")
        assert session.screenshot().startswith(b"\x89PNG")
        with pytest.raises(InvalidArgument):
            session.click("button")
        assert session.goto(f"{server}/demo/second.html").page.title
        for event in session.events():
            if event.type == "session:step":
                break
        for frame in session.frames(max_width=200):
            assert frame.width <= 200
            break
        with session.socket(events=True, after=0) as socket:
            assert socket.evaluate("6 * 7") == 42
            assert next(socket.events()).type == "session:created"
        assert fleet.attach(session.id).id == session.id
        assert [info.id for info in fleet.sessions(labels={"a": "b"}, state="ready")] == [session.id]
        assert repr(session).startswith("<Session local_")


def test_threads_share_a_fleet(server: str) -> None:
    with Rookery(server) as fleet, fleet.session(url=f"{server}/demo") as session, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda n: session.evaluate(f"{n} + 1"), range(30))) == list(range(1, 31))


def test_map_calls_in_threads(server: str) -> None:
    def title(session: Session, url: str) -> str:
        return str(session.evaluate("document.title"))

    with Rookery(server) as fleet:
        report = fleet.map([f"{server}/demo", "http://127.0.0.1:2/"], title, concurrency=4, progress=False)
        assert report.values == ["Rookery demo"]
        assert len(report.failures) == 1


def test_what_ends_ends_once(server: str) -> None:
    fleet = Rookery(server)
    session = fleet.create_session(respond_async=True)
    session.wait_ready()
    session.end()
    fleet.close()
    with pytest.raises(RuntimeError, match="closed"):
        fleet.health()


def test_a_portal_does_not_wait_for_itself() -> None:
    portal = Portal()

    async def inside() -> None:
        portal.call(asyncio.sleep(0))

    try:
        with pytest.raises(RuntimeError, match="wait for itself"):
            portal.call(inside())
    finally:
        portal.close()
        portal.close()
