"""Values out of the answers to commands that read."""

from __future__ import annotations

import base64
from typing import Any

from .decode import decode
from .errors import Conflict
from .models import Cookie, StorageState, Tab
from .results import CommandResult, Observation

Answer = CommandResult[dict[str, Any]]


def value(answer: Answer) -> Any:
    return answer.result.get("value")


def text(answer: Answer) -> str:
    return str(_field(answer, "content"))


def data(answer: Answer) -> bytes:
    return base64.b64decode(_field(answer, "data"))


def cookies(answer: Answer) -> list[Cookie]:
    found: list[Cookie] = _field(answer, "cookies")
    return found


def storage_state(answer: Answer) -> StorageState:
    found: StorageState = _field(answer, "storage_state")
    return found


def tabs(answer: Answer) -> list[Tab]:
    return [decode(Tab, tab) for tab in _field(answer, "tabs")]


def observation(answer: Answer) -> Observation:
    result = {**answer.result, "outline": _field(answer, "outline")}
    picture = result.get("data")
    return decode(Observation, {**result, "screenshot": base64.b64decode(picture) if picture else None})


def _field(answer: Answer, name: str) -> Any:
    if name in answer.result:
        return answer.result[name]
    dialog = f": a dialog is open ({answer.dialog.message!r})" if answer.dialog else ""
    raise Conflict(f"`{answer.action}` gave no `{name}`{dialog}", outcome="unknown")
