"""JSON to the dataclasses of `rookery.models`. What a newer server adds is passed over."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], value: Any) -> T:
    """`value` as a `kind`.

    Raises:
        ValueError: a required field is missing, or something is of the wrong form.
    """
    result: T = _decode(kind, value)
    return result


def _decode(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return _object(kind, value)
    if kind is datetime:
        # Python 3.10 does not know the suffix Z.
        return datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (one, *more) = [arm for arm in get_args(kind) if arm is not type(None)]
        return value if more else _decode(one, value)
    if origin is list:
        (item,) = get_args(kind)
        return [_decode(item, each) for each in value]
    return value


def _object(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{kind.__name__}: an object was expected, not {type(value).__name__}")
    given = {}
    for name, (hint, required) in _shape(kind).items():
        # A field that is called as a word of the language has an underscore after it.
        key = name.rstrip("_")
        if key in value:
            given[name] = _decode(hint, value[key])
        elif required:
            raise ValueError(f"{kind.__name__}: `{key}` is missing")
    return kind(**given)


@cache
def _shape(kind: Any) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(kind)
    return {
        field.name: (hints[field.name], field.default is MISSING and field.default_factory is MISSING)
        for field in fields(kind)
    }
