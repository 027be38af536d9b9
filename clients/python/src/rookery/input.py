"""A person's input, as the WebSocket takes it. Coordinates are CSS pixels, as `Frame.input_width` has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Union

from .models import KeyEvent, Modifier, MouseButton, MouseEvent

if TYPE_CHECKING:
    from typing_extensions import Required

TouchEvent = Literal["start", "move", "end", "cancel"]


class MouseInput(TypedDict, total=False):
    """A pointer that moves, or a button that goes down or up."""

    kind: Required[Literal["mouse"]]
    event: Required[MouseEvent]
    x: Required[float]
    y: Required[float]
    button: MouseButton
    click_count: int
    modifiers: list[Modifier]


class WheelInput(TypedDict, total=False):
    """A turn of the wheel, in CSS pixels."""

    kind: Required[Literal["wheel"]]
    x: Required[float]
    y: Required[float]
    delta_x: Required[float]
    delta_y: Required[float]
    modifiers: list[Modifier]


class KeyInput(TypedDict, total=False):
    """A key that goes down or up: `KeyboardEvent.key` and `.code`."""

    kind: Required[Literal["key"]]
    event: Required[KeyEvent]
    key: Required[str]
    code: str
    modifiers: list[Modifier]
    repeat: bool


class TouchPoint(TypedDict):
    id: int
    x: float
    y: float


class TouchInput(TypedDict):
    """Fingers on the screen."""

    kind: Literal["touch"]
    event: TouchEvent
    points: list[TouchPoint]


class TextInput(TypedDict):
    """Text that no key names: of an input method, emoji."""

    kind: Literal["text"]
    text: str


class PasteInput(TypedDict):
    """As by Ctrl+V, with this text on the clipboard."""

    kind: Literal["paste"]
    text: str


class CopyInput(TypedDict):
    """As by Ctrl+C or Ctrl+X."""

    kind: Literal["copy", "cut"]


InputEvent = Union[MouseInput, WheelInput, KeyInput, TouchInput, TextInput, PasteInput, CopyInput]
