"""Sessions: how they begin, change and end, who drives them, and their files."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from rookery import (
    BrowserError,
    Conflict,
    Gone,
    InvalidArgument,
    NotFound,
    Rookery,
    Session,
    Timeout,
)
from rookery.models import CreateSession


async def test_a_session_ends_with_its_block(fleet: Rookery) -> None:
    with pytest.raises(ZeroDivisionError):
        async with fleet.session() as session:
            raise ZeroDivisionError
    assert (await fleet.get_session(session.id)).end_reason == "released"
    with pytest.raises(Gone) as gone:
        await session.reload()
    assert gone.value.end_reason == "released"
    # Ending it again changes nothing.
    assert (await session.end()).state == "ended"


async def test_one_that_is_created_lives_on_and_is_found_again(fleet: Rookery) -> None:
    session = await fleet.create_session(name="lives on")
    try:
        other = await fleet.attach(session.id)
        assert other.info.name == "lives on"
        assert repr(other) == f"<Session {session.id} ready>"
        changed = await other.update(labels={"team": "ads"}, idle_timeout_s=600)
        assert changed.labels == {"team": "ads"}
        assert (await session.refresh()).labels == {"team": "ads"}
    finally:
        await session.end()


async def test_every_option_is_taken(fleet: Rookery, server: str) -> None:
    options: CreateSession = {
        "args": ["--lang=de"],
        "browser": "headless-shell",
        "color_scheme": "dark",
        "dialog_timeout_s": 1,
        "geolocation": {"latitude": 52.5, "longitude": 13.4, "accuracy": 10},
        "headers": {"x-test": "1"},
        "http_credentials": {"username": "a", "password": "b"},
        "idle_timeout_s": 60,
        "ignore_https_errors": True,
        "init_scripts": ["window.begun = 1"],
        "isolation": "process",
        "keep_alive_s": 10,
        "labels": {"team": "search"},
        "locale": "de-DE",
        "max_lifetime_s": 600,
        "name": "all",
        "on_browser_crash": "end",
        "on_disconnect": "keep",
        "on_worker_loss": "fail",
        "permissions": ["geolocation"],
        "policy": {"block": ["example.com"]},
        "pool": "default",
        "priority": "high",
        "profile": {"name": f"p{uuid4().hex}", "save": True},
        "queue_timeout_s": 30,
        "recording": False,
        "region": "local",
        "storage_state": {"cookies": [{"name": "a", "value": "b", "url": server}]},
        "timezone": "Europe/Berlin",
        "url": f"{server}/demo",
        "user_agent": "test",
        "viewport": {"width": 640, "height": 480, "scale": 2, "mobile": True, "touch": True},
    }
    # A proxy of nobody would be used: that it is understood is told by the refusal of another.
    assert set(CreateSession.__annotations__) - set(options) == {"proxy"}
    async with fleet.session(**options) as session:
        seen = await session.evaluate(
            "[navigator.language, navigator.userAgent, devicePixelRatio, window.begun, document.cookie,"
            " Intl.DateTimeFormat().resolvedOptions().timeZone, matchMedia('(prefers-color-scheme: dark)').matches]"
        )
        assert seen == ["de-DE", "test", 2, 1, "a=b", "Europe/Berlin", True]
        assert session.info.viewport["touch"]
    with pytest.raises(InvalidArgument) as refused:
        await fleet.create_session(proxy={"server": "gopher://127.0.0.1"})
    assert (refused.value.field or "").startswith("proxy")


async def test_a_page_that_cannot_be_had_is_said(fleet: Rookery) -> None:
    with pytest.raises(BrowserError, match="ERR_CONNECTION_REFUSED"):
        await fleet.create_session(url="http://127.0.0.1:2/")


async def test_one_key_is_one_session(fleet: Rookery) -> None:
    key = uuid4().hex
    one = await fleet.create_session(idempotency_key=key, name="one")
    try:
        assert (await fleet.create_session(idempotency_key=key, name="one")).id == one.id
        with pytest.raises(Conflict):
            await fleet.create_session(idempotency_key=key, name="two")
    finally:
        await one.end()


async def test_a_session_can_be_waited_for(fleet: Rookery) -> None:
    session = await fleet.create_session(respond_async=True)
    assert (await session.wait_ready(timeout_s=60)).state == "ready"
    await session.end()
    with pytest.raises(Gone) as gone:
        await session.wait_ready(timeout_s=60)
    assert gone.value.end_reason == "released"


async def test_a_session_that_is_not_there(fleet: Rookery) -> None:
    with pytest.raises(NotFound):
        await fleet.attach(f"local_{uuid4().hex}")
    with pytest.raises(InvalidArgument):
        await fleet.attach("../workers")


async def test_sessions_are_listed_over_pages(fleet: Rookery) -> None:
    mark = uuid4().hex
    sessions = [await fleet.create_session(labels={"mark": mark, "n": str(n)}) for n in range(3)]
    try:
        page = await fleet.list_sessions(labels={"mark": mark}, limit=2)
        assert len(page.sessions) == 2
        assert page.next_cursor
        rest = await fleet.list_sessions(labels={"mark": mark}, limit=2, cursor=page.next_cursor)
        listed = [info.id for info in page.sessions + rest.sessions]
        assert listed == [session.id for session in reversed(sessions)]
        everything = [info.id async for info in fleet.sessions(state="ready", labels={"mark": None})]
        assert set(listed) <= set(everything)
    finally:
        await asyncio.gather(*(session.end() for session in sessions))


async def test_the_fleet_tells_of_itself(fleet: Rookery) -> None:
    (worker,) = (await fleet.workers()).workers
    assert worker.slots == 6
    assert (await fleet.queue()).pools is not None
    assert (await fleet.pressure()).slots == 6
    assert (await fleet.health()).status == (await fleet.ready()).status == "ok"
    assert "rookery_" in await fleet.metrics()
    with pytest.raises(NotFound):
        await fleet.drain("nobody-000000000000", grace_s=1)


async def test_a_person_drives_and_gives_back(session: Session) -> None:
    control = await session.take_control("ann", note="mine")
    assert (control.mode, control.holder, control.epoch) == ("user_control", "ann", 1)
    with pytest.raises(Conflict) as driven:
        await session.reload(on_human_control="fail")
    assert driven.value.outcome == "not_started"
    with pytest.raises(Conflict):
        await session.take_control("bob")
    assert (await session.request_control("bob")).requested_by == "bob"
    # Reading goes on.
    assert await session.content(format="text")
    assert (await session.return_control("ann")).mode == "ai_control"
    assert (await session.pause(note="wait")).mode == "paused"
    assert (await session.resume()).mode == "ai_control"
    assert (await session.give_control("bob")).holder == "bob"
    assert (await session.return_control()).mode == "ai_control"
    assert session.id in (await session.stream()).ws


async def test_a_hand_over_waits_for_the_person(session: Session) -> None:
    async def person() -> None:
        async with session.socket(events=True, after=0) as socket:
            async for event in socket.events():
                if event.type == "session:control_changed" and event.data["mode"] == "paused":
                    break
            await socket.take_control("ann")
            await socket.return_control("ann", note="done")

    working = asyncio.create_task(person())
    control = await session.hand_over("please", timeout_s=30)
    await working
    assert (control.mode, control.note) == ("ai_control", "done")


async def test_a_hand_over_that_nobody_takes_ends(session: Session) -> None:
    with pytest.raises(Timeout):
        await session.hand_over("please", timeout_s=0.2)
    assert (await session.refresh()).control.mode == "ai_control"


async def test_a_session_that_ends_ends_the_hand_over(session: Session) -> None:
    waiting = asyncio.create_task(session.hand_over("please", timeout_s=30))
    while (await session.refresh()).control.mode != "paused":
        await asyncio.sleep(0.01)
    await session.end()
    with pytest.raises(Gone):
        await waiting


async def test_files_go_up(session: Session, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(700_000))
    assert (await session.stage_upload("käse 1.txt", b"brie")).size == 4
    assert (await session.stage_upload("large.bin", large)).size == 700_000
    await session.stage_uploads({"a.txt": b"a", "b.txt": b"bb"})
    assert {file.name: file.size for file in await session.list_uploads()} == {
        "käse 1.txt": 4,
        "large.bin": 700_000,
        "a.txt": 1,
        "b.txt": 2,
    }
    await session.upload(label="Picture", files=["käse 1.txt", "large.bin"])
    sizes = await session.evaluate(
        "el => Object.fromEntries([...el.files].map(file => [file.name, file.size]))", label="Picture"
    )
    assert sizes == {"käse 1.txt": 4, "large.bin": 700_000}
    await session.unstage_upload("a.txt")
    assert "a.txt" not in {file.name for file in await session.list_uploads()}
    with pytest.raises(FileNotFoundError):
        await session.stage_upload("x", tmp_path / "none")


async def test_files_come_down(session: Session, tmp_path: Path) -> None:
    await session.click("text=Download the report")
    async for event in session.events():
        if event.type == "session:download" and event.data["state"] == "completed":
            break
    (file,) = await session.list_downloads()
    assert (file.name, file.state) == ("report.csv", "completed")
    whole = await session.get_download("report.csv")
    assert len(whole) == file.size
    assert await session.get_download("report.csv", start=2, end=5) == whole[2:5]
    assert await session.get_download("report.csv", start=5) == whole[5:]
    target = tmp_path / "report.csv"
    assert await session.save_download("report.csv", target) == file.size
    assert target.read_bytes() == whole
    await session.delete_download("report.csv")
    with pytest.raises(NotFound):
        await session.save_download("report.csv", tmp_path / "gone.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


async def test_a_film_is_kept_of_a_session(fleet: Rookery, server: str, tmp_path: Path) -> None:
    async with fleet.session(url=f"{server}/demo", recording=True) as session:
        await session.click("text=Start animation")
        async with aclosing(session.frames(max_fps=10)) as frames:
            shown = 0
            async for _ in frames:
                shown += 1
                if shown == 5:
                    break
    film = tmp_path / "film.mkv"
    assert await session.save_recording(film) == film.stat().st_size > 1000
    # The magic number of Matroska.
    assert film.read_bytes().startswith(b"\x1a\x45\xdf\xa3")
    assert len(await session.get_recording()) == film.stat().st_size
