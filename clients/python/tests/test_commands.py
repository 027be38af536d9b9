"""Every command, in real pages; and that its answer has the fields its type promises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, get_args, get_origin

import pytest

from generator import commands
from generator.spec import Spec
from rookery import (
    BrowserError,
    CommandResult,
    Conflict,
    InvalidArgument,
    Rookery,
    Session,
    Timeout,
    models,
    results,
    targets,
)

PNG, JPEG, PDF = b"\x89PNG", b"\xff\xd8\xff", b"%PDF"

Run = Callable[[Session, str], Awaitable[CommandResult[Any]]]


async def upload(s: Session, server: str) -> CommandResult[Any]:
    await s.stage_upload("cat.png", b"cat")
    return await s.upload(label="Picture", files=["cat.png"])


async def answer_dialog(s: Session, server: str) -> CommandResult[Any]:
    opened = await s.click("text=Prompt")
    assert opened.dialog is not None
    assert opened.dialog.type == "prompt"
    assert s.open_dialog == opened.dialog
    return await s.dialog(accept=True, text="a twig")


async def close_tab(s: Session, server: str) -> CommandResult[Any]:
    opened = await s.new_tab(url=f"{server}/demo/second.html")
    return await s.close_tab(opened.result["tab"])


async def go_back(s: Session, server: str) -> CommandResult[Any]:
    await s.goto(f"{server}/demo/second.html")
    return await s.back()


async def go_forward(s: Session, server: str) -> CommandResult[Any]:
    await go_back(s, server)
    return await s.forward(wait_until="domcontentloaded")


ACTING: dict[str, tuple[Run, type]] = {
    "reload": (lambda s, _: s.reload(), results.Navigated),
    "back": (go_back, results.Navigated),
    "forward": (go_forward, results.Navigated),
    # Back to the page that the others need.
    "navigate": (lambda s, server: s.navigate(f"{server}/demo", wait_until="load"), results.Navigated),
    "click": (
        lambda s, _: s.click("text=Add item", button="left", click_count=1, modifiers=["Shift"]),
        results.Pointed,
    ),
    "hover": (lambda s, _: s.hover(role="button", name="Add item", position={"x": 3, "y": 3}), results.Pointed),
    "type": (lambda s, _: s.type("Ada", label="Name", clear=True, delay_ms=1, sensitive=True), results.Typed),
    "press": (lambda s, _: s.press("Shift+Tab Enter", placeholder="Twig"), results.Pressed),
    "select_option": (lambda s, _: s.select_option("select", labels=["Japan"]), results.Selected),
    "check": (lambda s, _: s.check(label="I agree to the terms"), results.Checked),
    "uncheck": (lambda s, _: s.uncheck(targets.label("I agree to the terms")), results.Checked),
    "fill_form": (lambda s, _: s.fill_form({"Name": "Ada", "I agree to the terms": True}), results.Filled),
    "scroll": (lambda s, _: s.scroll(to="bottom"), results.Scrolled),
    "drag": (lambda s, _: s.drag("#twig", {"test_id": "nest"}), results.Dragged),
    "mouse": (lambda s, _: s.mouse("move", 10, 10), results.Nothing),
    "key": (lambda s, _: s.key("down", "Shift"), results.Nothing),
    "upload": (upload, results.Uploaded),
    "wait_for": (lambda s, _: s.wait_for("h1", load_state="load", expression="true", ms=1), results.Nothing),
    "set_viewport": (lambda s, _: s.set_viewport(800, 600, scale=2), models.Viewport),
    "cookies_set": (
        lambda s, server: s.cookies_set([{"name": "a", "value": "b", "url": server}]),
        results.CookiesStored,
    ),
    "cookies_clear": (lambda s, _: s.cookies_clear(), results.Nothing),
    "storage_set": (
        lambda s, server: s.storage_set(
            {"origins": [{"origin": server, "localStorage": [{"name": "k", "value": "v"}]}]}
        ),
        results.StorageStored,
    ),
    "dialog": (answer_dialog, results.DialogAnswered),
    "new_tab": (lambda s, server: s.new_tab(url=f"{server}/demo/second.html"), results.TabOpened),
    "activate_tab": (lambda s, _: s.activate_tab(1), results.TabActivated),
    "close_tab": (close_tab, results.TabsLeft),
}

READING = {"evaluate", "content", "screenshot", "pdf", "cookies_get", "storage_get", "tabs", "observe"}


def test_none_is_left_out(spec: Spec) -> None:
    assert set(ACTING) | READING >= set(commands.TOLD)


async def test_acting_commands_answer_what_their_types_say(session: Session, server: str) -> None:
    for action, (run, kind) in ACTING.items():
        answer = await run(session, server)
        assert answer.action == action
        assert answer.duration_ms >= 0
        unknown = set(answer.result) - set(kind.__annotations__)
        missing = set(kind.__annotations__) - set(answer.result)
        assert not unknown, f"{action}: {answer.result}"
        assert not missing, f"{action}: {answer.result}"
        promised = commands.TOLD[action].kind.removeprefix("CommandResult[").removesuffix("]")
        assert promised == kind.__name__


async def test_what_an_answer_holds_is_where_it_was_looked_for(session: Session, server: str) -> None:
    clicked = await session.click(role="button", name="Add item")
    described = clicked.result["target"]
    assert described["role"] == "button"
    assert set(described) <= set(results.Described.__annotations__)
    dragged = await session.drag("#twig", "#nest")
    assert set(dragged.result["from"]) == set(results.Point.__annotations__)
    assert clicked.page.url == f"{server}/demo"


async def test_reading_commands_give_values(session: Session, server: str) -> None:
    assert await session.evaluate("document.title") == "Rookery demo"
    assert await session.evaluate("(a, b) => a + b", args=[1, 2]) == 3
    assert await session.evaluate("el => el.tagName", "h1") == "H1"
    assert await session.evaluate("undefined") is None
    assert "A page to practise on" in await session.content(format="text")
    assert (await session.content()).startswith("<!")
    assert (await session.screenshot()).startswith(PNG)
    assert (await session.screenshot("h1", format="jpeg", quality=50)).startswith(JPEG)
    assert (await session.pdf(landscape=True, scale=0.5, page_ranges="1")).startswith(PDF)
    await session.cookies_set([{"name": "a", "value": "b", "url": server}])
    (cookie,) = await session.cookies_get()
    assert (cookie["name"], cookie["value"]) == ("a", "b")
    assert set(cookie) <= set(models.Cookie.__annotations__)
    state = await session.storage_get()
    assert set(state) == set(models.StorageState.__annotations__)
    (tab,) = await session.tabs()
    assert (tab.n, tab.active, tab.title) == (1, True, "Rookery demo")
    page = await session.observe(preset="interactive", max_bytes=1000, screenshot=True)
    assert "[ref=e1]" in page.outline
    assert page.screenshot is not None
    assert page.screenshot.startswith(JPEG)
    assert page.next_cursor is not None
    assert (await session.observe(cursor=page.next_cursor)).outline != page.outline


async def test_every_form_of_a_target_finds_its_element(session: Session) -> None:
    name = "el => el.name || el.tagName"
    await session.observe()
    for given in (
        targets.label("Name"),
        targets.placeholder("Ada Lovelace"),
        targets.test_id("name"),
        targets.selector("input[name=name]"),
        targets.role("textbox", "Name"),
    ):
        assert await session.evaluate(name, given) == "name"
        assert await session.evaluate(name, **given) == "name"
    assert await session.evaluate(name, targets.text("A page to practise")) == "H1"
    assert await session.evaluate(name, "xpath=//h1") == "H1"
    assert await session.evaluate(name, targets.ref("e3")) == "name"
    assert await session.evaluate("el => el.textContent", selector="button", nth=1) == "Clear"
    assert await session.evaluate("el => el.tagName", selector="h1,h2,h3,p", frame="frame.html", nth=0)
    await session.click(targets.point(5, 5))
    assert (await session.click(x=6, y=7)).result["x"] == 6


def test_targets_that_are_none_are_told_before_anything_is_sent() -> None:
    with pytest.raises(TypeError, match="given twice"):
        targets.resolve("h1", {"text": "x"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'tezt'"):
        targets.resolve(None, {"tezt": "x"})
    with pytest.raises(TypeError, match="a target is needed"):
        targets.require(None, {})
    assert targets.resolve("h1", {"nth": 2, "frame": 0}) == {"selector": "h1", "nth": 2, "frame": 0}
    assert targets.resolve(None, {}) is None


async def test_errors_come_as_their_class_with_what_the_server_said(session: Session) -> None:
    with pytest.raises(InvalidArgument) as several:
        await session.click("button")
    assert several.value.field == "target"
    assert several.value.context["count"] == len(several.value.context["matches"])
    assert several.value.status == 400
    assert several.value.request_id
    with pytest.raises(Timeout) as late:
        await session.click("text=Creat an account", timeout_ms=200)
    assert late.value.context["check"] == "attached"
    assert not late.value.retryable
    with pytest.raises(BrowserError) as thrown:
        await session.evaluate("missing()")
    assert "missing" in thrown.value.detail
    opened = await session.evaluate("confirm('sure?')")
    assert opened is None
    with pytest.raises(Conflict) as busy:
        await session.click("text=Alert", timeout_ms=1000)
    assert busy.value.context["dialog"]["message"] == "sure?"
    await session.dialog(accept=False)


async def test_a_key_runs_a_command_once(session: Session) -> None:
    await session.evaluate("window.n = 0")
    for _ in range(2):
        assert await session.evaluate("++window.n", idempotency_key="once") == 1
    # `key` is a field of this command: here, too, it goes by the header.
    for _ in range(2):
        await session.key("down", "a", idempotency_key="press")


async def test_half_a_character_can_be_sent(session: Session) -> None:
    assert await session.evaluate("s => s", args=["\ud83d"]) == "\ufffd"


async def test_a_tab_can_be_named(session: Session, server: str) -> None:
    opened = await session.new_tab(url=f"{server}/demo/second.html")
    assert opened.result["tab"] == 2
    assert await session.evaluate("location.pathname", tab=1) == "/demo"
    assert await session.evaluate("location.pathname", tab=2) == "/demo/second.html"


def test_answers_know_all_their_types() -> None:
    for told in commands.TOLD.values():
        name = told.kind.removeprefix("CommandResult[").removesuffix("]")
        if told.kind.startswith("CommandResult["):
            assert hasattr(results, name) or hasattr(models, name), name
    assert get_origin(CommandResult[int]) is CommandResult
    assert get_args(CommandResult[int]) == (int,)


async def test_any_command_can_be_run_by_its_name(fleet: Rookery, session: Session) -> None:
    answer = await session.run("evaluate", expression="6 * 7", timeout_ms=None)
    assert answer.result == {"value": 42}
    with pytest.raises(InvalidArgument, match="did you mean `expression`"):
        await session.run("evaluate", expresion="6 * 7")
