#!/usr/bin/env python3
"""Reads many pages, each in a session of its own, and writes what it finds as lines of JSON.

    python3 examples/scrape.py --server http://127.0.0.1:8080 --count 1000 --out pages.jsonl

The pages are those of the built-in demo, so nothing but the fleet is needed. Ctrl-C leaves what is done in the file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import aclosing
from typing import Any

from rookery import Rookery, Session


async def read(session: Session, url: str) -> dict[str, Any]:
    # One round trip for all that is wanted from a page.
    found: dict[str, Any] = await session.evaluate(
        "({title: document.title, headings: [...document.querySelectorAll('h2')].map(h => h.textContent)})"
    )
    return found


async def main(server: str, token: str | None, count: int, concurrency: int, out: str) -> int:
    urls = [f"{server}/demo?page={n}" for n in range(count)]
    failed = 0
    async with Rookery(server, token=token) as fleet:
        # Results are written as they come: a thousand pages need not be kept in memory.
        results = fleet.map_iter(urls, read, concurrency=concurrency, labels={"job": "scrape"})
        with open(out, "w", encoding="utf-8") as file:
            async with aclosing(results):
                async for result in results:
                    failed += not result.ok
                    line = {"url": result.url, "found": result.value, "error": str(result.error or "") or None}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{count - failed} of {count} pages read into {out}")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="http://127.0.0.1:8080")
    parser.add_argument("--token")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--out", default="pages.jsonl")
    arguments = parser.parse_args()
    raise SystemExit(asyncio.run(main(**vars(arguments))))
