"""A service that asks for a session, drives it and follows its events over NATS, as a user who may do no more."""

# pip install nats-py
# python3 service.py nats://service_default:$NATS_SERVICE_PASSWORD@127.0.0.1:4222

from __future__ import annotations

import asyncio
import base64
import json
import sys
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

REGION, POOL, TENANT = "local", "default", "default"
HEADERS = {"Content-Type": "application/json", "Rk-Schema": "1"}
PAGE = "data:text/html,<title>hi</title><button onclick=\"document.title='clicked'\">Press</button>"


class Failed(Exception):
    """What Rookery answered: `code` is one of a closed set, see docs/api.md."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['detail']}")
        self.code = error["code"]


class Session:
    """A session that this service asked for."""

    def __init__(self, nc: Client) -> None:
        self.nc = nc
        self.id = f"{REGION}_{uuid.uuid4().hex}"
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.ended: dict[str, Any] | None = None
        self.offset = timedelta()

    async def request(self, spec: Mapping[str, Any]) -> None:
        """Returns when the request is stored. The rest its events say, so they are subscribed to before."""
        await self.nc.subscribe(f"rk.live.{REGION}.{TENANT}.{self.id}.*", cb=self._on_event)
        work = {"session": self.id, "tenant": TENANT, "spec": spec}
        # The same request within two minutes is stored once: after a time-out it can be sent again.
        headers = HEADERS | {"Nats-Msg-Id": self.id}
        answer = await self.nc.request(
            f"rk.work.{REGION}.{POOL}.{TENANT}.normal", json.dumps(work).encode(), timeout=5, headers=headers
        )
        ack = json.loads(answer.data)
        if error := ack.get("error"):
            # 10077: too many requests wait already.
            raise RuntimeError(f"not stored: {error['description']} ({error['err_code']})")

    async def _on_event(self, message: Msg) -> None:
        event = json.loads(message.data)
        if time := (message.headers or {}).get("Nats-Time-Stamp"):
            # Deadlines are in the server's time, which need not be that of this machine.
            server = datetime.fromisoformat(time[:19]).replace(tzinfo=timezone.utc)
            self.offset = server - datetime.now(timezone.utc)
        if event["type"] == "session:ended":
            self.ended = event["data"]
        self.events.put_nowait(event)

    async def ready(self, timeout: float = 60) -> dict[str, Any]:
        """Waits for `session:ready`, whose data is the session; `session:ended` says why there is none."""

        async def wait() -> dict[str, Any]:
            while True:
                event = await self.events.get()
                if event["type"] == "session:ready":
                    session: dict[str, Any] = event["data"]
                    return session
                if event["type"] == "session:ended":
                    reason = {"code": "gone", "detail": event["data"]["reason"]}
                    raise Failed(event["data"].get("error", reason))

        return await asyncio.wait_for(wait(), timeout)

    async def ask(self, body: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """Asks the session's owner. That nobody answers proves nothing: the session may be moving to another worker."""
        loop = asyncio.get_running_loop()
        until, wait = loop.time() + timeout, 0.01
        while True:
            try:
                answer = await self.nc.request(
                    f"rk.cmd.{REGION}.{TENANT}.{self.id}",
                    json.dumps(body).encode(),
                    timeout=max(until - loop.time(), 0.01),
                    headers=HEADERS,
                )
                break
            except NoRespondersError:
                if self.ended is not None or loop.time() + wait > until:
                    raise
                await asyncio.sleep(wait)
                wait = min(wait * 2, 0.64)
        reply: dict[str, Any] = json.loads(await self._whole(answer))
        if "error" in reply:
            raise Failed(reply["error"])
        return reply

    async def _whole(self, first: Msg) -> bytes:
        """An answer above 512 KiB comes in parts: the first message counts them and says where to ask for them."""
        part = (first.headers or {}).get("Rk-Part")
        if part is None:
            return first.data
        count = int(part.removeprefix("0/"))
        inbox = self.nc.new_inbox()
        parts = await self.nc.subscribe(inbox)
        await self.nc.publish(first.reply, reply=inbox)
        body = bytearray()
        for n in range(1, count + 1):
            message = await parts.next_msg(timeout=10)
            if (message.headers or {}).get("Rk-Part") != f"{n}/{count}":
                raise ConnectionError("a part of the answer is missing")
            body += message.data
            # Each is acknowledged, so that no more are under way than a reader keeps up with.
            await self.nc.publish(first.reply)
        await parts.unsubscribe()
        return bytes(body)

    async def run(self, command: Mapping[str, Any], timeout: float = 30) -> dict[str, Any]:
        """Runs a command. The deadline is when its owner gives up; the answer may take a little longer."""
        deadline = datetime.now(timezone.utc) + self.offset + timedelta(seconds=timeout)
        body = {"verb": "run", "request": command, "deadline": deadline.isoformat().replace("+00:00", "Z")}
        return await self.ask(body, timeout + 5)

    async def end(self) -> None:
        await self.ask({"verb": "end", "reason": "released"}, 20)


async def main(url: str) -> None:
    # Answers come below this prefix only: the user may read no other.
    nc = await nats.connect(url, inbox_prefix=f"_INBOX.{TENANT}")
    session = Session(nc)
    await session.request({"url": PAGE, "idle_timeout_s": 60})
    shown = await session.ready()
    print("ready", shown["id"], "after", shown["timings"]["start_ms"], "ms")

    await session.run({"action": "click", "target": {"text": "Press"}})
    title = await session.run({"action": "evaluate", "expression": "document.title"})
    print("title", json.dumps(title["ok"]["result"]["value"]))

    picture = await session.run({"action": "screenshot", "format": "png"})
    print("picture", len(base64.b64decode(picture["attachment"]["data"])), "bytes")

    await session.end()
    while True:
        event = await session.events.get()
        print("event", event["type"], json.dumps(event["data"]))
        if event["type"] == "session:ended":
            break
    await nc.drain()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "nats://127.0.0.1:4222"))
