"""How long an answer may take."""

from __future__ import annotations

COMMAND_S = 30.0
"""What the server gives a command that asks for no other time."""

GRACE_S = 15.0
"""Beyond a deadline that the server watches: a click may wait 5 s more for a new document."""

QUEUE_S = 60.0
"""What the server lets a session wait for a slot, unless asked otherwise."""

START_S = 120.0
"""For a browser to start, up to three times, and its first page."""


def answer_within_s(timeout_ms: float | None) -> float:
    """How long to wait for the answer to a command, in seconds."""
    return (COMMAND_S if timeout_ms is None else timeout_ms / 1000) + GRACE_S


def ready_within_s(queue_timeout_s: float | None) -> float:
    """How long to wait for a session to be ready, in seconds."""
    return (QUEUE_S if queue_timeout_s is None else queue_timeout_s) + START_S
