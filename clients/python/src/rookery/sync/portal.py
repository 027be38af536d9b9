"""An event loop in a thread of its own, for callers that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Portal:
    """Runs coroutines for threads that wait for them. Any thread may call."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rookery", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cancels what is still under way and ends the thread. Closing again changes nothing."""
        if self._loop.is_closed():
            return
        self.call(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for a coroutine. What interrupts the waiting, such as Ctrl-C, cancels it."""
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("it is closed")
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("this would wait for itself: use the asynchronous classes in coroutines")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        """The items of an asynchronous iterator, which is closed when the loop over them is left."""
        end = object()

        async def following() -> Any:
            return await anext(source, end)

        async def close() -> None:
            aclose = getattr(source, "aclose", None)
            if aclose is not None:
                await aclose()

        try:
            while (item := self.call(following())) is not end:
                yield item
        finally:
            if not self._loop.is_closed():
                self.call(close())

    @contextmanager
    def within(self, manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """An asynchronous context as a synchronous one."""

        async def enter() -> T:
            return await manager.__aenter__()

        async def leave(error: BaseException | None) -> bool | None:
            return await manager.__aexit__(type(error) if error else None, error, None)

        inner = self.call(enter())
        try:
            yield inner
        except BaseException as error:
            if not self.call(leave(error)):
                raise
        else:
            self.call(leave(None))
