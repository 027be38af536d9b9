"""commands.py: a method for each command."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass

from . import types
from .models import described
from .spec import Schema, Spec, name_of

HEAD = '''"""A method for each command. Written by generate.py from docs/openapi.json: do not edit.

Every method takes, beside its own arguments:

- `tab`: the number of the tab, `tabs[].n`; absent: the active one.
- `timeout_ms`: the time it has, in milliseconds, 1 to 600 000; 30 000 if absent.
- `idempotency_key`: it runs at most once under it; used again, it gives the first answer.
- `on_human_control`: `wait` until a person gives control back, or `fail` with `Conflict` at once.

What is left out is not sent: the server's defaults apply. A target is a selector (CSS, or one that starts with
`text=`, `role=` or `xpath=`), a `Target` as `rookery.targets` makes them, or is given by keyword:
`click(role="button", name="Save")`.

Each may raise any `RookeryError`: `InvalidArgument` for what is wrong in the request (several elements match),
`Timeout` when it was not done in time (`context["check"]` names what was missing), `BrowserError` when the page did not
go along, `Conflict` while a dialog is open or a person drives, `Gone` when the session has ended.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import answers
from .models import *  # noqa: F403
from .results import *  # noqa: F403
from .targets import TargetArg, require, resolve

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Commands(ABC):
    """What can be done with a page."""

    @abstractmethod
    async def run(
        self, action: Action, *, idempotency_key: str | None = None, **fields: Any
    ) -> CommandResult[dict[str, Any]]:
        """Runs any command with its fields as the API has them, and gives the whole answer."""
'''

COMMON = ["tab", "timeout_ms", "on_human_control"]


@dataclass(frozen=True)
class Told:
    """What the document does not say of a command: its meaning, and what comes of it."""

    doc: str
    kind: str = "CommandResult[dict[str, Any]]"
    # The function of `rookery.answers` that makes `kind` of the answer; the answer as it is, if none.
    through: str = ""


def _told(doc: str, result: str) -> Told:
    return Told(doc, f"CommandResult[{result}]")


TOLD: dict[str, Told] = {
    "navigate": _told("Goes to a URL (http, https, data or about:blank).", "Navigated"),
    "reload": _told("Loads the page again.", "Navigated"),
    "back": _told("Goes back in the tab's history.", "Navigated"),
    "forward": _told("Goes forward in the tab's history.", "Navigated"),
    "click": _told("Clicks once the target is visible, still, enabled and not covered.", "Pointed"),
    "hover": _told("Moves the pointer over the target.", "Pointed"),
    "type": _told("Types into the target, or into the focused element.", "Typed"),
    "press": _told("Presses keys on the target, or on the focused element.", "Pressed"),
    "select_option": _told("Selects options of a select box, by their values or by their labels.", "Selected"),
    "check": _told("Checks a box, or picks a radio button.", "Checked"),
    "uncheck": _told("Unchecks a box.", "Checked"),
    "fill_form": _told("Fills fields by label: text, true or false for a box, a list for a multiple select.", "Filled"),
    "scroll": _told("Scrolls the page or the target by CSS pixels or to an end; or shows the target.", "Scrolled"),
    "drag": _told("Drags one target onto another.", "Dragged"),
    "mouse": _told("Moves the pointer, or holds a button down until its `up`; CSS pixels.", "Nothing"),
    "key": _told("Holds a key down until its `up`.", "Nothing"),
    "upload": _told("Gives staged files (see `stage_upload`) to a file input.", "Uploaded"),
    "wait_for": _told("Waits until all that is given holds at the same time.", "Nothing"),
    "evaluate": Told(
        "Evaluates an expression, statements or a function, and gives its value; `None` if it opened a dialog.",
        "Any",
        "value",
    ),
    "content": Told("What the page holds, as HTML, text or Markdown.", "str", "text"),
    "screenshot": Told("A picture of the viewport, the whole page or one element: the file's bytes.", "bytes", "data"),
    "pdf": Told("The page as a PDF: the file's bytes. Lengths in inches.", "bytes", "data"),
    "set_viewport": _told("Sets the size of the viewport, in CSS pixels.", "Viewport"),
    "cookies_get": Told("The session's cookies.", "list[Cookie]", "cookies"),
    "cookies_set": _told("Sets cookies: all of them or none.", "CookiesStored"),
    "cookies_clear": _told("Removes all cookies.", "Nothing"),
    "storage_get": Told("Cookies and local storage, in Playwright's form.", "StorageState", "storage_state"),
    "storage_set": _told("Sets cookies and local storage.", "StorageStored"),
    "dialog": _told("Answers the open dialog; `text` is for a prompt.", "DialogAnswered"),
    "tabs": Told("The session's tabs.", "list[Tab]", "tabs"),
    "new_tab": _told("Opens a tab and waits for its page.", "TabOpened"),
    "activate_tab": _told("Makes a tab the active one.", "TabActivated"),
    "close_tab": _told("Closes a tab.", "TabsLeft"),
    "observe": Told(
        "What the page shows, as an outline with refs for what can be acted on.", "Observation", "observation"
    ),
}

# A target may be given by keywords of the same names, but for a field that has the name already.
BY = {"type": "TargetWithoutText"}


def module(spec: Spec) -> str:
    methods = [_method(spec, action, spec.schemas[name]) for action, name in spec.commands().items()]
    text = HEAD + "\n" + "\n".join(methods)
    return _import_names(spec, text)


def _import_names(spec: Spec, text: str) -> str:
    """Names what is imported: a star hides a typing mistake."""
    words = names_in(text)
    own = {word for told in TOLD.values() for word in re.findall(r"[A-Z]\w+", told.kind)} | {"CommandResult"}
    models = {types.class_name(name) for name in spec.schemas} - set(spec.commands().values())
    models |= {"Action", "TargetWithoutText"}
    models -= {"CommandResult"}
    results = own - models - {"Any"}
    text = text.replace("from .models import *  # noqa: F403\n", imported(".models", words & models))
    return text.replace("from .results import *  # noqa: F403\n", imported(".results", words & results))


def names_in(text: str) -> set[str]:
    """The names that a module uses: not those in its texts."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def imported(module: str, names: set[str]) -> str:
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")\n"


def _method(spec: Spec, action: str, schema: Schema) -> str:
    told = TOLD.get(action, Told(schema.get("description", f"Runs `{action}`.")))
    properties: dict[str, Schema] = schema.get("properties", {})
    required = list(schema.get("required", []))
    has_target = "target" in properties
    # Fields the caller cannot do without come first, then the target, the rest by keyword only.
    first = ["target"] if "target" in required else list(required)
    if has_target and "target" not in first:
        first.append("target")
    rest = [name for name in properties if name not in first]
    common = [name for name in COMMON if name not in properties]
    lines = [f"    async def {action}(", "        self,"]
    lines += [f"        {_parameter(spec, name, properties[name], name in required)}," for name in first]
    lines.append("        *,")
    lines += [f"        {_parameter(spec, name, properties[name], name in required)}," for name in rest]
    lines += [f"        {COMMON_PARAMETERS[name]}," for name in common]
    lines.append("        idempotency_key: str | None = None,")
    if has_target:
        lines.append(f"        **by: Unpack[{BY.get(action, 'Target')}],")
    lines.append(f"    ) -> {told.kind}:")
    lines.append(_docstring(told.doc, properties))
    lines += _body(action, told, first + rest + common, properties, required)
    return "\n".join(lines) + "\n"


COMMON_PARAMETERS = {
    "tab": "tab: int | None = None",
    "timeout_ms": "timeout_ms: int | None = None",
    "on_human_control": "on_human_control: OnHumanControl | None = None",
}


def _parameter(spec: Spec, name: str, schema: Schema, required: bool) -> str:
    kind = _argument_type(spec, schema)
    if name == "target":
        return "target: TargetArg | None = None"
    if required:
        return f"{types.python_name(name)}: {kind}"
    return f"{types.python_name(name)}: {kind.removesuffix(' | None')} | None = None"


def _argument_type(spec: Spec, schema: Schema) -> str:
    """As `types.of`, but wider where that does no harm: any sequence, any mapping, any form of a target."""
    kind = types.of(spec, schema)
    if kind.startswith("list["):
        return "Sequence[" + kind.removeprefix("list[")
    if kind.startswith("dict["):
        return "Mapping[" + kind.removeprefix("dict[")
    return "TargetArg" if kind == "Target" else kind


def _docstring(doc: str, properties: dict[str, Schema]) -> str:
    told = {types.python_name(name): text for name, s in properties.items() if (text := described(s))}
    if not told:
        return f'        """{doc}"""'
    lines = [f'        """{doc}', "", "        Args:"]
    for name, text in told.items():
        lines += textwrap.wrap(f"{name}: {text}", 112, initial_indent=" " * 12, subsequent_indent=" " * 16)
    return "\n".join([*lines, '        """'])


def _body(action: str, told: Told, names: list[str], properties: dict[str, Schema], required: list[str]) -> list[str]:
    lines = ["        body: dict[str, Any] = {"]
    for name in names:
        value = types.python_name(name)
        if name == "target":
            value = "require(target, by)" if name in required else "resolve(target, by)"
        elif "$ref" in properties.get(name, {}) and name_of(properties[name]) == "Target":
            value = f"require({value}, {{}})"
        lines.append(f'            "{name}": {value},')
    lines.append("        }")
    call = f'await self.run("{action}", idempotency_key=idempotency_key, **body)'
    if told.through:
        lines.append(f"        return answers.{told.through}({call})")
    else:
        # The server answers what it answers: the type only says what that is.
        kind = told.kind.removeprefix("CommandResult")
        lines.append(f"        answer: CommandResult[Any] = {call}")
        lines.append("        return answer")
        if kind == "[dict[str, Any]]":
            lines[-2:] = [f"        return {call}"]
    return lines
