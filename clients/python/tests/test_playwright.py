"""Playwright for Python as a client: as it is, on /cdp and on a session, and through `session.playwright()`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Playwright, Route, async_playwright

from rookery import Rookery, Session
from rookery import sync as without_await


@pytest.fixture
async def driver() -> AsyncIterator[Playwright]:
    async with async_playwright() as driver:
        yield driver


async def ended(fleet: Rookery, name: str) -> str | None:
    """Why the session of this name has ended."""
    (info,) = [info async for info in fleet.sessions() if info.name == name]
    while info.state != "ended":
        await asyncio.sleep(0.05)
        info = await fleet.get_session(info.id)
    return info.end_reason


async def does_what_it_does_elsewhere(page: Page, server: str) -> None:
    response = await page.goto(f"{server}/demo")
    assert response is not None and response.ok
    assert "Rookery demo" in await response.text()
    await page.get_by_label("Name").fill("Ada")
    assert await page.evaluate("name => document.querySelector('[name=name]').value === name", "Ada")

    async with page.expect_popup() as opening:
        await page.evaluate("() => void window.open('/demo/second.html')")
    popup = await opening.value
    await popup.wait_for_load_state()
    assert await popup.title() == "Rookery demo: second page"
    await popup.close()

    async def answer(route: Route) -> None:
        await route.fulfill(json={"said": "by the client", "method": route.request.method})

    await page.route("**/intercepted", answer)
    said = await page.evaluate("() => fetch('/intercepted', { method: 'POST', body: 'x' }).then(r => r.json())")
    assert said == {"said": "by the client", "method": "POST"}
    await page.unroute("**/intercepted")

    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download the report").click()
    download = await downloading.value
    assert download.suggested_filename.endswith(".csv")
    assert await download.failure() is None

    assert (await page.screenshot()).startswith(b"\x89PNG")
    assert (await page.pdf()).startswith(b"%PDF")
    with pytest.raises(PlaywrightError, match="not allowed"):
        await page.goto("file:///etc/hostname")


async def test_connecting_makes_a_session_that_ends_with_it(driver: Playwright, fleet: Rookery, server: str) -> None:
    options = "?name=python&viewport.width=900&viewport.height=500"
    browser = await driver.chromium.connect_over_cdp(f"ws{server.removeprefix('http')}/cdp{options}")
    (default,) = browser.contexts
    assert await default.pages[0].evaluate("[innerWidth, innerHeight]") == [900, 500]

    own = await browser.new_context(viewport={"width": 700, "height": 400}, locale="de-DE")
    await own.add_init_script("window.installed = 'yes'")
    pages = [await own.new_page() for _ in range(2)]
    assert len(own.pages) == 2
    await pages[1].goto(f"{server}/demo/second.html")
    assert await pages[1].evaluate("[innerWidth, navigator.language, installed]") == [700, "de-DE", "yes"]
    await pages[1].close()
    await does_what_it_does_elsewhere(pages[0], server)
    await own.close()
    assert browser.contexts == [default]

    await browser.close()
    assert not browser.is_connected()
    assert await ended(fleet, "python") == "client_gone"


async def test_it_comes_to_a_session_and_leaves_it(driver: Playwright, session: Session, server: str) -> None:
    url, headers = session.cdp()
    browser = await driver.chromium.connect_over_cdp(url, headers=headers)
    page = browser.contexts[0].pages[0]
    await does_what_it_does_elsewhere(page, server)
    (file,) = await session.list_downloads()
    assert file.name.endswith(".csv")
    await browser.close()
    assert await session.evaluate("document.title") == "Rookery demo"


async def test_both_drive_the_same_page(session: Session) -> None:
    async with session.playwright() as browser:
        page = browser.contexts[0].pages[0]
        await page.get_by_label("Name").fill("Ada")
        assert await session.evaluate("document.querySelector('[name=name]').value") == "Ada"
        await session.goto((await session.refresh()).page.url + "/second.html")
        assert page.url.endswith("second.html")
    # The session goes on without it.
    assert await session.evaluate("1") == 1


def test_both_drive_the_same_page_without_await(server: str) -> None:
    with without_await.Rookery(server) as fleet, fleet.session(url=f"{server}/demo") as session:
        with session.playwright() as browser:
            browser.contexts[0].pages[0].get_by_label("Name").fill("Ada")
            assert session.evaluate("document.querySelector('[name=name]').value") == "Ada"
        assert session.evaluate("1") == 1


@pytest.fixture
def uninstalled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    yield


@pytest.mark.usefixtures("uninstalled")
async def test_without_playwright_it_says_how_to_get_it(session: Session) -> None:
    with pytest.raises(ImportError, match="pip install playwright"):
        async with session.playwright():
            pass
