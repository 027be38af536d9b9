#!/usr/bin/env python3
"""The loop of an agent: observe the page, decide, act, until the goal is reached.

    python3 examples/agent.py --server http://127.0.0.1:8080

`decide` stands where a language model would be asked: it gets the outline and gives one action. What the fleet answers
to an action that fails goes back to it as an observation, as it would to a model.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from rookery import BrowserError, Conflict, InvalidArgument, Rookery, Session, Timeout
from rookery.models import Action

MOST_STEPS = 10


@dataclass
class Step:
    """One action with its fields, as the API has them."""

    action: Action
    fields: dict[str, Any] = field(default_factory=dict)


def decide(outline: str, trouble: str | None) -> Step | None:
    """What to do next to sign up; `None` once that is done."""
    if trouble:
        print("  trouble:", trouble)
    if "Welcome, Ada" in outline:
        return None
    for name, text in (("Name", "Ada Lovelace"), ("Email", "ada@example.org")):
        # A filled one has `: ` and its value behind the brackets.
        empty = re.search(rf'textbox "{name}"(?: \[\w+\])* \[ref=(\w+)\](?: \[[^\]]*\])*$', outline, re.MULTILINE)
        if empty:
            return Step("type", {"target": {"ref": empty[1]}, "text": text})
    unchecked = re.search(r'checkbox "I agree to the terms" \[ref=(\w+)\]', outline)
    if unchecked:
        return Step("check", {"target": {"ref": unchecked[1]}})
    return Step("click", {"target": {"role": "button", "name": "Create account"}})


async def loop(session: Session) -> int:
    trouble: str | None = None
    for number in range(1, MOST_STEPS + 1):
        page = await session.observe()
        step = decide(page.outline, trouble)
        if step is None:
            return number - 1
        print(f"{number}. {step.action} {step.fields}")
        try:
            # The key makes a step safe to repeat, should the connection break in the middle.
            await session.run(step.action, idempotency_key=f"step-{number}", **step.fields)
            trouble = None
        except (BrowserError, Conflict, InvalidArgument, Timeout) as error:
            trouble = str(error)
    raise SystemExit(f"not done after {MOST_STEPS} steps; last trouble: {trouble}")


async def main(server: str, token: str | None) -> int:
    async with Rookery(server, token=token) as fleet, fleet.session(url=f"{server}/demo", name="agent") as session:
        steps = await loop(session)
        print(f"done in {steps} steps:", await session.evaluate("document.querySelector('#signup-result').textContent"))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="http://127.0.0.1:8080")
    parser.add_argument("--token")
    arguments = parser.parse_args()
    raise SystemExit(asyncio.run(main(**vars(arguments))))
