"""For programs written for WayPoint: the protocol of its port, and the methods of its README."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import server as real_server
from tzafonwright_server import JPEG, Port

from rookery import BrowserError, ConnectionFailed, Rookery, Timeout, TzafonWright, TzafonWrightClient
from rookery.tzafonwright import ActionType, Command, Result


def test_commands_are_the_bytes_of_the_protocol() -> None:
    assert json.loads(Command(ActionType.GOTO, url="http://a/").dump()) == {
        "action_type": "goto",
        "url": "http://a/",
        "timeout": 30000,
    }
    click = Command(action_type=ActionType.CLICK, x=1.5, y=2, timeout=7)
    assert click.dump() == b'{"action_type": "click", "x": 1.5, "y": 2, "timeout": 7}'
    assert Command.load(click.dump()) == click
    assert Command.load('{"action_type": "type", "text": "", "unknown": 1}').text == ""
    assert {action.value for action in ActionType} == {
        "click",
        "type",
        "scroll",
        "goto",
        "screenshot",
        "set_viewport_size",
    }
    for message in ("[]", "{", '{"x": 1}', '{"action_type": "fly"}'):
        with pytest.raises(ValueError):
            Command.load(message)


def test_results_are_the_bytes_of_the_protocol() -> None:
    for result in (Result(True), Result(False, error_message="no"), Result(True, image=JPEG)):
        assert Result.load(result.dump()) == result
    assert Result(True).dump() == b'{"success": true}'
    assert Result.load(b'{"success": true, "image": "/9g="}').image == b"\xff\xd8"


async def test_every_action_is_answered() -> None:
    async with Port().listening() as port, TzafonWrightClient(port.url) as client:
        for command in (
            Command(ActionType.GOTO, url="http://example.com/"),
            Command(ActionType.CLICK, x=1, y=2),
            Command(ActionType.TYPE, text=""),
            Command(ActionType.SCROLL, delta_y=100),
            Command(ActionType.SET_VIEWPORT_SIZE, width=800, height=600),
        ):
            assert await client.send_action(command) == Result(success=True)
        assert await client.send_action(Command(ActionType.SCREENSHOT)) == Result(True, image=JPEG)
    assert all(isinstance(message, bytes) for message in port.received)
    assert all(
        "timeout" in json.loads(message) and None not in json.loads(message).values() for message in port.received
    )


async def test_what_fails_is_told_and_the_connection_goes_on() -> None:
    async with Port().listening() as port, TzafonWrightClient(port.url) as client:
        for command, text in (
            (Command(ActionType.GOTO), "Missing 'url' for goto action"),
            (Command(ActionType.CLICK, x=1), "Missing x or y for click action"),
            (Command(ActionType.TYPE), "Missing text for type action"),
            (
                Command(ActionType.SET_VIEWPORT_SIZE, width=1),
                "Missing width or height for set_viewport_size action",
            ),
            (
                Command(ActionType.GOTO, url="http://unknown.test/"),
                "Playwright Error: Page.goto: net::ERR_NAME_NOT_RESOLVED at http://unknown.test/",
            ),
            (
                Command(ActionType.GOTO, url="http://a/", timeout=5),
                "Playwright Error: Page.goto: Timeout 5ms exceeded.",
            ),
        ):
            assert await client.send_action(command) == Result(success=False, error_message=text)
        assert (await client.send_action(Command(ActionType.SCREENSHOT))).success


async def test_answers_find_their_requests_by_order() -> None:
    async with Port().listening() as port, TzafonWrightClient(port.url) as client:
        shots = [asyncio.create_task(client.send_action(Command(ActionType.SCREENSHOT))) for _ in range(3)]
        clicks = [asyncio.create_task(client.send_action(Command(ActionType.CLICK, x=n, y=n))) for n in range(30)]
        await asyncio.sleep(0)
        clicks[3].cancel()
        bad = await client.send_action(Command(ActionType.GOTO))
        assert bad.error_message == "Missing 'url' for goto action"
        assert [result.image for result in await asyncio.gather(*shots)] == [JPEG] * 3
        left = await asyncio.gather(*clicks, return_exceptions=True)
        assert [result for n, result in enumerate(left) if n != 3] == [Result(True)] * 29


async def test_a_connection_that_breaks_is_said() -> None:
    async with Port().listening() as port, TzafonWrightClient(port.url) as client:
        with pytest.raises(ConnectionFailed):
            await client.send_action(Command(ActionType.TYPE, text="hang up"))
        with pytest.raises(ConnectionFailed):
            await client.send_action(Command(ActionType.SCREENSHOT))
    with pytest.raises(ConnectionFailed):
        await client.send_action(Command(ActionType.SCREENSHOT))
    with pytest.raises(ConnectionFailed, match="cannot be reached"):
        async with TzafonWrightClient("ws://127.0.0.1:1"):
            pass


async def test_the_methods_of_its_readme_over_our_own_api(server: str) -> None:
    async with TzafonWright(server, name="waypoint") as browser:
        await browser.goto(f"{server}/demo", timeout=20_000)
        await browser.set_viewport_size(1000, 700)
        place = await browser.session.evaluate(
            "(() => { const r = document.querySelector('[name=name]').getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        await browser.click(*place)
        await browser.type("Ada")
        assert await browser.session.evaluate("document.querySelector('[name=name]').value") == "Ada"
        await browser.scroll(0, 200)
        assert await browser.session.evaluate("[scrollY > 0, innerWidth, innerHeight]") == [True, 1000, 700]
        assert (await browser.screenshot()).startswith(b"\xff\xd8")
        with pytest.raises(BrowserError):
            await browser.goto("http://127.0.0.1:2/")
        with pytest.raises(Timeout):
            await browser.goto(f"{server}/demo", timeout=1)
        session = browser.session
    assert (await ended(server, session.id)) == "released"
    with pytest.raises(RuntimeError, match="async with"):
        _ = TzafonWright(server).session


async def ended(server: str, id: str) -> str | None:
    async with Rookery(server) as fleet:
        return (await fleet.get_session(id)).end_reason


async def test_the_port_of_a_real_server(program: Path) -> None:
    address = f"127.0.0.1:{real_server.free_port()}"
    flags = ("--tzafonwright-listen", address, "--slots", "1")
    with real_server.running(program, *flags) as server:
        async with TzafonWrightClient(f"ws://{address}") as client:
            assert (await client.send_action(Command(ActionType.GOTO, url=f"{server}/demo"))).success
            picture = (await client.send_action(Command(ActionType.SCREENSHOT))).image
            assert picture is not None
            assert picture.startswith(b"\xff\xd8")
            missing = await client.send_action(Command(ActionType.GOTO))
            assert missing.error_message == "Missing 'url' for goto action"
