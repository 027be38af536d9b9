"""Rookery: a fleet of real browsers.

    async with Rookery("http://127.0.0.1:8080") as fleet:
        async with fleet.session(url="https://example.com") as session:
            await session.click("text=More information")
            png = await session.screenshot()

`rookery.sync` has the same without `await`.
"""

from . import models, targets
from .client import Rookery
from .errors import (
    BrowserError,
    Cancelled,
    Conflict,
    ConnectionFailed,
    Forbidden,
    Gone,
    Internal,
    InvalidArgument,
    NotFound,
    PayloadTooLarge,
    ResourceExhausted,
    RookeryError,
    Timeout,
    Unauthenticated,
    Unavailable,
)
from .events import Event
from .frames import Frame
from .mapping import MapReport, MapResult
from .progress import Progress
from .results import CommandResult, Observation
from .retry import Retry
from .session import Session
from .socket import Socket
from .tzafonwright import TzafonWright, TzafonWrightClient

__version__ = "0.1.0"

__all__ = [
    "BrowserError",
    "Cancelled",
    "CommandResult",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "Forbidden",
    "Frame",
    "Gone",
    "Internal",
    "InvalidArgument",
    "MapReport",
    "MapResult",
    "NotFound",
    "Observation",
    "PayloadTooLarge",
    "Progress",
    "ResourceExhausted",
    "Retry",
    "Rookery",
    "RookeryError",
    "Session",
    "Socket",
    "Timeout",
    "TzafonWright",
    "TzafonWrightClient",
    "Unauthenticated",
    "Unavailable",
    "models",
    "targets",
]
