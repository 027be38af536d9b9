"""What the commands answer. A command that opened a dialog may leave its fields out: none is certain to be there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar

from .models import OpenDialog, Page, Tab

R = TypeVar("R")


@dataclass(frozen=True)
class CommandResult(Generic[R]):
    """The answer to a command.

    Attributes:
        action: the command.
        result: what it gave; its keys are those of the class.
        page: what the tab shows now.
        duration_ms: how long it took on the worker, in milliseconds.
        dialog: the dialog that the command opened and that is open still.
    """

    action: str
    result: R
    page: Page
    duration_ms: int
    dialog: OpenDialog | None = None


@dataclass(frozen=True)
class Observation:
    """What a page shows.

    Attributes:
        outline: an indented list over all frames; `[ref=e14]` marks what can be acted on.
        url: of the page.
        title: of the page.
        tab: its number.
        total_bytes: size of the whole outline.
        next_cursor: give it as `cursor` to read on; `None` at the end.
        screenshot: a JPEG, where it was asked for.
    """

    outline: str
    url: str
    title: str
    tab: int
    total_bytes: int
    next_cursor: str | None = None
    screenshot: bytes | None = field(default=None, repr=False)


class Described(TypedDict, total=False):
    """An element, in short; `ref` as `observe` would call it."""

    id: str
    ref: str
    role: str
    name: str
    tag: str
    visible: bool


class Point(TypedDict):
    """CSS pixels of the viewport."""

    x: float
    y: float


class Navigated(TypedDict, total=False):
    url: str


class Pointed(TypedDict, total=False):
    """What was clicked or hovered, and where."""

    target: Described
    x: float
    y: float


class Typed(TypedDict, total=False):
    characters: int


class Pressed(TypedDict, total=False):
    pressed: int


class Selected(TypedDict, total=False):
    values: list[str]


class Checked(TypedDict, total=False):
    """`changed`: it was not so before."""

    checked: bool
    changed: bool


class Filled(TypedDict, total=False):
    filled: list[str]


class Scrolled(TypedDict, total=False):
    """Where it stands now and how far it could go, in CSS pixels."""

    x: float
    y: float
    max_x: float
    max_y: float


# `from` is a word of the language, hence this form.
Dragged = TypedDict("Dragged", {"from": Point, "to": Point}, total=False)


class Uploaded(TypedDict, total=False):
    files: list[str]


class CookiesStored(TypedDict, total=False):
    set: int


class StorageStored(TypedDict, total=False):
    """How many cookies and origins were set."""

    cookies: int
    origins: int


class DialogAnswered(TypedDict, total=False):
    accepted: bool
    dialog: dict[str, Any]


class TabOpened(TypedDict, total=False):
    tab: int
    url: str


class TabActivated(TypedDict, total=False):
    tab: int


class TabsLeft(TypedDict, total=False):
    tabs: list[Tab]


class Nothing(TypedDict, total=False):
    """No field."""
