"""How far a `map` is: a line on stderr that is written over."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

# A terminal shows no more than that anyway.
EVERY_S = 0.1
FULL, EMPTY = "█", "░"


@dataclass
class Progress:
    """Where a `map` stands.

    Attributes:
        total: how many there are; `None` while that is not known.
        done: ended well.
        failed: ended with an error.
        running: under way.
        begun: when, by `time.monotonic()`.
    """

    total: int | None = None
    done: int = 0
    failed: int = 0
    running: int = 0
    begun: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.begun

    @property
    def left_s(self) -> float | None:
        """What it will take at this rate, in seconds; `None` if that cannot be said."""
        ended = self.done + self.failed
        if self.total is None or ended == 0:
            return None
        return self.elapsed_s / ended * (self.total - ended)


OnProgress = Callable[[Progress], None]


class Bar:
    """Draws a `Progress`."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._drawn_at = float("-inf")
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._drawn_at < EVERY_S:
            return
        self._drawn_at = now
        self._draw(progress)

    def finish(self, progress: Progress) -> None:
        """Draws the last state and leaves it standing."""
        self._draw(progress)
        self._out.write("\n")
        self._out.flush()

    def _draw(self, progress: Progress) -> None:
        columns = shutil.get_terminal_size().columns - 1
        text = line(progress, columns)[:columns]
        self._out.write("\r" + text.ljust(self._width))
        self._out.flush()
        self._width = len(text)


def line(progress: Progress, columns: int) -> str:
    """The state in one line."""
    ended = progress.done + progress.failed
    words = f"{ended}" if progress.total is None else f"{ended}/{progress.total}"
    words += f" · {progress.running} running"
    if progress.failed:
        words += f" · {progress.failed} failed"
    words += f" · {clock(progress.elapsed_s)}"
    if progress.left_s is not None:
        words += f" < {clock(progress.left_s)}"
    room = min(30, columns - len(words) - 1)
    if not progress.total or room < 5:
        return words
    full = room * ended // progress.total
    return FULL * full + EMPTY * (room - full) + " " + words


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def listener(progress: bool | OnProgress | None) -> OnProgress | None:
    """Who is told: a bar if wished, or if stderr is a terminal and nothing was said."""
    if callable(progress):
        return progress
    if progress or (progress is None and sys.stderr.isatty()):
        return Bar(sys.stderr)
    return None
