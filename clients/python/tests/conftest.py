"""What the tests share."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import server as real_server

from generator.spec import Spec
from rookery import Rookery, Session

LIMIT_S = 60.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rookery", help="the server to test with; the debug build of the checkout, if absent")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = limited(item.obj)


def limited(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A test that waits for what never comes fails, and the fleet behind it is ended in order."""

    @functools.wraps(test)
    async def within(**fixtures: Any) -> None:
        await asyncio.wait_for(test(**fixtures), LIMIT_S)

    return within


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def program(pytestconfig: pytest.Config) -> Path:
    path = real_server.binary(pytestconfig.getoption("--rookery"))
    if not path.exists():
        pytest.fail(f"{path} is not there: build it (cargo build --package cli), or name one by --rookery")
    return path


@pytest.fixture(scope="session")
def server(program: Path) -> Iterator[str]:
    """The address of a fleet that all tests share."""
    with real_server.running(program, "--slots", "6") as address:
        yield address


@pytest.fixture(scope="session")
def spec() -> Spec:
    return Spec.checked_in()


@pytest.fixture(scope="session")
def sent(spec: Spec) -> Iterator[list[tuple[str, str]]]:
    """Method and path of every request of the tests. Each has to be one that the API describes."""
    requests: list[tuple[str, str]] = []
    yield requests
    known = [
        (method, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))))
        for method, path in spec.operations().values()
    ]
    unknown = {
        (method, path)
        for method, path in requests
        if not any(method == one and pattern.fullmatch(path) for one, pattern in known)
    }
    assert not unknown, f"the client asked for what the API does not describe: {unknown}"


@pytest.fixture
async def fleet(server: str, sent: list[tuple[str, str]]) -> AsyncIterator[Rookery]:
    async def note(request: httpx.Request) -> None:
        sent.append((request.method, request.url.raw_path.decode().partition("?")[0]))

    async with Rookery(server, http_options={"event_hooks": {"request": [note]}}) as fleet:
        yield fleet


@pytest.fixture
async def session(fleet: Rookery, server: str) -> AsyncIterator[Session]:
    """A session that shows the demo page."""
    async with fleet.session(url=f"{server}/demo") as session:
        yield session
