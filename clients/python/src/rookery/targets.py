"""What a command acts on: a target, in one of the forms of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from .models import FrameRef, Target

TargetArg = Union[str, Target]
"""A selector (CSS, or one that starts with `text=`, `role=` or `xpath=`), or a `Target`."""


def ref(ref: str) -> Target:
    """What the last `observe` called so, such as `e14`."""
    return {"ref": ref}


def role(role: str, name: str | None = None, *, nth: int | None = None, frame: FrameRef | None = None) -> Target:
    """An ARIA role, with this accessible name if given."""
    return _narrowed({"role": role} if name is None else {"role": role, "name": name}, nth, frame)


def text(text: str, *, nth: int | None = None, frame: FrameRef | None = None) -> Target:
    """Visible text: a part of it, whatever the case."""
    return _narrowed({"text": text}, nth, frame)


def label(label: str, *, nth: int | None = None, frame: FrameRef | None = None) -> Target:
    """A form control by its label."""
    return _narrowed({"label": label}, nth, frame)


def placeholder(placeholder: str, *, nth: int | None = None, frame: FrameRef | None = None) -> Target:
    """A form control by its placeholder."""
    return _narrowed({"placeholder": placeholder}, nth, frame)


def test_id(test_id: str, *, nth: int | None = None, frame: FrameRef | None = None) -> Target:
    """An element by its `data-testid`."""
    return _narrowed({"test_id": test_id}, nth, frame)


def selector(selector: str, *, nth: int | None = None, frame: FrameRef | None = None) -> Target:
    """CSS; or `text=…`, `role=…`, `xpath=…`."""
    return _narrowed({"selector": selector}, nth, frame)


def point(x: float, y: float) -> Target:
    """A point of the viewport, in CSS pixels."""
    return {"x": x, "y": y}


def resolve(target: TargetArg | None, by: Mapping[str, Any]) -> dict[str, Any] | None:
    """The JSON of what was given as `target` or, one by one, as its keyword arguments.

    Raises:
        TypeError: both were given, or a keyword that is no form of a target.
    """
    given = {name: value for name, value in by.items() if value is not None}
    unknown = sorted(given.keys() - Target.__annotations__.keys())
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}")
    if target is None:
        return given or None
    # `frame` and `nth` narrow any form, so they may stand beside one.
    if given.keys() - {"frame", "nth"}:
        raise TypeError(f"a target was given twice: {target!r} and {given!r}")
    whole = {"selector": target} if isinstance(target, str) else dict(target)
    return {**whole, **given}


def require(target: TargetArg | None, by: Mapping[str, Any]) -> dict[str, Any]:
    """As `resolve`, for commands that cannot do without a target."""
    found = resolve(target, by)
    if found is None:
        raise TypeError(
            "a target is needed: a selector, or one of ref, role, text, label, placeholder, test_id, x and y"
        )
    return found


def _narrowed(target: Target, nth: int | None, frame: FrameRef | None) -> Target:
    if nth is not None:
        target["nth"] = nth
    if frame is not None:
        target["frame"] = frame
    return target


# pytest collects what is called `test_…` where it is imported by name.
test_id.__test__ = False  # type: ignore[attr-defined]
