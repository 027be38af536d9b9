"""Playwright on a session of the fleet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright import async_api, sync_api

MISSING = "session.playwright() needs Playwright: pip install playwright (its own browsers are not needed)"


@asynccontextmanager
async def connected(url: str, headers: Mapping[str, str], timeout_ms: float) -> AsyncIterator[async_api.Browser]:
    """A browser connected over CDP; disconnected at the end.

    Raises:
        ImportError: Playwright is not installed.
    """
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise ImportError(MISSING) from error
    async with async_playwright() as driver:
        # Leaving the driver drops the connection, which is all that `browser.close()` would do.
        yield await driver.chromium.connect_over_cdp(url, headers=dict(headers), timeout=timeout_ms)


@contextmanager
def connected_sync(url: str, headers: Mapping[str, str], timeout_ms: float) -> Iterator[sync_api.Browser]:
    """As `connected`, with Playwright's synchronous API."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise ImportError(MISSING) from error
    with sync_playwright() as driver:
        yield driver.chromium.connect_over_cdp(url, headers=dict(headers), timeout=timeout_ms)
