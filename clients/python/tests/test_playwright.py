"""Playwright on a session, where both the package and the server's CDP gateway are there."""

from __future__ import annotations

import importlib.util

import httpx
import pytest

from rookery import Rookery, Session

INSTALLED = importlib.util.find_spec("playwright") is not None


async def test_without_playwright_it_says_how_to_get_it(session: Session) -> None:
    if INSTALLED:
        pytest.skip("Playwright is there")
    with pytest.raises(ImportError, match="pip install playwright"):
        async with session.playwright():
            pass


@pytest.mark.skipif(not INSTALLED, reason="Playwright is not installed")
async def test_both_drive_the_same_page(fleet: Rookery, session: Session) -> None:
    url, headers = session.cdp()
    async with httpx.AsyncClient() as client:
        answer = await client.get(url.replace("ws://", "http://"), headers=headers)
    if answer.status_code == httpx.codes.NOT_FOUND:
        pytest.skip("this server has no CDP gateway")
    async with session.playwright() as browser:
        page = browser.contexts[0].pages[0]
        await page.get_by_label("Name").fill("Ada")
        assert await session.evaluate("document.querySelector('[name=name]').value") == "Ada"
        await session.goto((await session.refresh()).page.url + "/second.html")
        assert page.url.endswith("second.html")
    # The session goes on without it.
    assert await session.evaluate("1") == 1
