"""When to try again: only where the error says `retryable`, and never what may have happened already."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .errors import RookeryError


@dataclass(frozen=True)
class Retry:
    """How often and how patiently.

    Attributes:
        attempts: tries in all; 1 means none again.
        first_wait_s: the pause after the first failure, doubled after each further one, in seconds. Where the server
            says `Retry-After`, that counts instead.
        longest_wait_s: the longest pause; an error that asks for a longer one is raised at once.
    """

    attempts: int = 3
    first_wait_s: float = 0.25
    longest_wait_s: float = 60.0

    def pause_s(self, error: RookeryError, failures: int, *, repeatable: bool) -> float | None:
        """Seconds until the next try after so many failures; `None`: give up.

        `repeatable` says that doing it twice does no harm.
        """
        if failures >= self.attempts or not error.retryable:
            return None
        if error.outcome == "unknown" and not repeatable:
            return None
        return self.wait_s(error, failures)

    def wait_s(self, error: RookeryError, failures: int) -> float | None:
        """As `pause_s`, whatever the number of tries."""
        if error.retry_after_s is not None:
            # Not all of those who were told the same come back in the same moment.
            return error.retry_after_s + random.uniform(0, 0.25) if error.retry_after_s <= self.longest_wait_s else None
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(failures - 1, 16)) * random.uniform(0.5, 1.0)
