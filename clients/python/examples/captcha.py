#!/usr/bin/env python3
"""An agent that meets a captcha, hands it to a person and goes on afterwards.

    python3 examples/captcha.py --server http://127.0.0.1:8080

It waits until somebody has taken control and given it back: in the session's view, or over the API as it prints. With
`--pretend` a second task plays the person.
"""

from __future__ import annotations

import argparse
import asyncio
from urllib.parse import quote

from rookery import Rookery, Session

PAGE = """<!doctype html><title>Shop</title>
<p id=captcha>Are you human? What is three and four? <input aria-label=Captcha autofocus
  oninput="if (this.value == '7') { this.parentNode.remove(); document.body.append('Welcome'); }"></p>
"""


async def main(server: str, token: str | None, pretend: bool) -> int:
    async with Rookery(server, token=token) as fleet:
        # A person may take a while: the session must not be idle before that.
        async with fleet.session(url=f"data:text/html,{quote(PAGE)}", idle_timeout_s=1800) as session:
            if "Captcha" in (await session.observe()).outline:
                await hand_over(fleet, session, pretend)
            await session.wait_for("text=Welcome", timeout_ms=5_000)
            print("the agent goes on:", await session.content(format="text"))
    return 0


async def hand_over(fleet: Rookery, session: Session, pretend: bool) -> None:
    print("a person is needed, at", (await session.stream()).view)
    print(
        f"""over the API: PUT /v1/sessions/{session.id}/control {{"action": "take_control"}}, then "return_control" """
    )
    person = asyncio.create_task(play_person(fleet, session.id)) if pretend else None
    control = await session.hand_over("Please solve the captcha", timeout_s=900)
    print("control is back:", control.mode)
    if person is not None:
        await person


async def play_person(fleet: Rookery, id: str) -> None:
    session = await fleet.attach(id)
    while (await session.refresh()).control.mode != "paused":
        await asyncio.sleep(0.05)
    async with session.socket() as socket:
        control = await socket.take_control("ann")
        # Input has no answer: a person sees what came of it.
        await socket.input([{"kind": "text", "text": "7"}], epoch=control.epoch)
        await session.wait_for("text=Welcome")
        await socket.return_control("ann", note="solved")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="http://127.0.0.1:8080")
    parser.add_argument("--token")
    parser.add_argument("--pretend", action="store_true", help="play the person too")
    arguments = parser.parse_args()
    raise SystemExit(asyncio.run(main(**vars(arguments))))
