#!/usr/bin/env python3
"""Two workers: where sessions run, and what happens to them when a worker is drained.

    rookery up --workers 2 --slots 2
    python3 examples/workers.py --server http://127.0.0.1:8080

It fills both workers, drains one of them and shows that the sessions of the other go on. The drained worker takes no
sessions any more: start another one for more.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from contextlib import AsyncExitStack, aclosing

from rookery import Gone, Rookery, Session


async def main(server: str, token: str | None) -> int:
    async with Rookery(server, token=token) as fleet, AsyncExitStack() as stack:
        workers = [worker for worker in (await fleet.workers()).workers if not worker.draining]
        if len(workers) < 2:
            raise SystemExit("this needs two workers: rookery up --workers 2 --slots 2")
        sessions = await fill(fleet, stack, sum(worker.slots for worker in workers))
        print("sessions of each worker:", dict(Counter(session.info.worker for session in sessions)))

        drained = workers[0].id
        await fleet.drain(drained, grace_s=1)
        await asyncio.gather(*(ended(session) for session in sessions if session.info.worker == drained))
        for session in sessions:
            print(session.id, session.info.worker, await answer(session))
    return 0


async def fill(fleet: Rookery, stack: AsyncExitStack, slots: int) -> list[Session]:
    opening = [fleet.session(url="data:text/html,<title>hello</title>") for _ in range(slots)]
    return list(await asyncio.gather(*(stack.enter_async_context(one) for one in opening)))


async def ended(session: Session) -> None:
    async with aclosing(session.events()) as events:
        async for event in events:
            if event.type == "session:ended":
                return


async def answer(session: Session) -> str:
    try:
        return f"shows {await session.evaluate('document.title')}"
    except Gone as error:
        return f"has ended: {error.end_reason}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="http://127.0.0.1:8080")
    parser.add_argument("--token")
    arguments = parser.parse_args()
    raise SystemExit(asyncio.run(main(**vars(arguments))))
