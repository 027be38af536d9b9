"""A real server with real Chromium, for the tests."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
READY_S = 60.0
DRAIN_S = 30.0
GONE_S = 10.0


def binary(named: str | None) -> Path:
    """The server to test with: the one that is named, or the debug build of the checkout."""
    if named:
        return Path(named).resolve()
    target = Path(os.environ.get("CARGO_TARGET_DIR", CHECKOUT / "target"))
    return target / "debug" / "rookery"


@contextmanager
def running(program: Path, *flags: str) -> Iterator[str]:
    """The address of a fleet of its own. Fails if it does not end in order, or leaves a process behind."""
    with tempfile.TemporaryDirectory(prefix="rookery-py-") as folder:
        # Browsers run as a user of their own, who has to get in.
        Path(folder).chmod(0o711)
        command = [str(program), "up", "--http", "127.0.0.1:0", "--data-dir", folder, *flags]
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        log = Log(process)
        try:
            yield log.address()
            process.send_signal(signal.SIGTERM)
            code = process.wait(DRAIN_S)
            assert code == 0, f"the server ended with {code}\n{log.tail()}"
        finally:
            process.kill()
            process.wait()
            log.join()
        left = gone(folder)
        assert not left, f"left behind: {left}\n{log.tail()}"


def environment() -> dict[str, str]:
    tools = CHECKOUT / ".rookery" / "tools" / "bin"
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_") or "NATS_SERVER" in name
    }
    return {**kept, "PATH": f"{tools}:{os.environ['PATH']}"}


def free_port() -> int:
    """A port that was free a moment ago, for flags that do not tell which they took."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Log:
    """What the server prints, read all the time, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: deque[str] = deque(maxlen=2000)
        self._address: str | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with self._changed:
                    self._lines.append(line)
                    if found := re.search(r"Sessions\s+(http://\S+)/v1/sessions", line):
                        self._address = found[1]
                    self._changed.notify_all()

    def address(self) -> str:
        with self._changed:
            self._changed.wait_for(lambda: self._address or self._process.poll() is not None, READY_S)
        assert self._address, f"the server did not get ready\n{self.tail()}"
        return self._address

    def tail(self) -> str:
        return "".join(list(self._lines)[-60:])

    def join(self) -> None:
        self._thread.join(5)


def gone(folder: str) -> list[str]:
    """The processes that still name the folder when they have had time to end."""
    deadline = time.monotonic() + GONE_S
    while (left := naming(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def naming(folder: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if folder in words:
            found.append(f"{path.parent.name}: {words[:200]}")
    return found
