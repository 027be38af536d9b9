"""models.py: enums, unions, TypedDicts of what is asked, dataclasses of what is answered."""

from __future__ import annotations

import textwrap

from . import types
from .spec import Schema, Spec

HEAD = '''"""The types of requests and answers. Written by generate.py from docs/openapi.json: do not edit.

What can be sent is a `TypedDict`, also where it is answered: a `StorageState` can be given to the next session as it
came. What is only answered is a dataclass. Timestamps are aware `datetime`s in UTC; numbers whose names end in `_ms` or
`_s` are milliseconds or seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import Required
'''

OWN_WORDS = {
    "Cookie": "A cookie, in Playwright's form.",
    "FileInfo": "A staged or downloaded file; `size` in bytes.",
    "HttpCredentials": "For pages that ask for a name and a password.",
    "OpenDialog": "A dialog that waits for an answer.",
    "Tab": "A page of the session.",
    "Timings": "How long the session took to be there, in milliseconds.",
    "Viewport": "The size of the page.",
}
"""Where the document is silent."""

OWN = {"CommandResult", "Command", "CommandRequest", "Event", "Problem"}
"""Written by hand: results.py, events.py, errors.py."""


def module(spec: Spec) -> str:
    asked, answered = spec.asked() | {"Target", "StorageState"}, spec.answered()
    # What only commands send: options such as `MouseButton` and the objects within their fields.
    within = spec._reached([spec.schemas[name] for name in spec.commands().values()])
    names = sorted((asked | answered | within) - OWN - set(spec.commands().values()))
    parts = [HEAD]
    schemas = {name: spec.schemas[name] for name in names}
    parts += [_alias(name, s) for name, s in schemas.items() if types.is_enum(s)]
    parts += [_union(spec, name, s) for name, s in schemas.items() if types.is_union(s)]
    parts.append(f"Action = Literal[{', '.join(types.repr_double(a) for a in spec.commands())}]\n")
    parts += [
        _typed_dict(spec, name, s) if name in asked | within else _dataclass(spec, name, s)
        for name, s in schemas.items()
        if types.is_object(s)
    ]
    target = schemas["Target"]
    without_text = {name: value for name, value in target["properties"].items() if name != "text"}
    doc = "A target given by keywords where `text` means something else."
    parts.append(_typed_dict(spec, "TargetWithoutText", {"properties": without_text, "description": doc}))
    return wrap("\n".join(parts))


def _alias(name: str, schema: Schema) -> str:
    return f"{types.class_name(name)} = {types.literal(schema)}\n" + _note(schema)


def _union(spec: Spec, name: str, schema: Schema) -> str:
    arms = types.of(spec, schema).replace(" | ", ", ")
    return f"{types.class_name(name)} = Union[{arms}]\n" + _note(schema)


def _note(schema: Schema) -> str:
    return f'"""{_sentence(schema["description"])}"""\n' if "description" in schema else ""


def _typed_dict(spec: Spec, name: str, schema: Schema) -> str:
    required = set(schema.get("required", []))
    lines = [f"class {types.class_name(name)}(TypedDict, total=False):", _docstring(name, schema)]
    for field, value in schema["properties"].items():
        kind = types.of(spec, value).replace("datetime", "str")
        lines.append(f"    {field}: {f'Required[{kind}]' if field in required else kind}")
    return "\n" + "\n".join(lines) + "\n"


def _dataclass(spec: Spec, name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    lines = ["@dataclass(frozen=True)", f"class {types.class_name(name)}:", _docstring(name, schema)]
    for field, value in sorted(schema["properties"].items(), key=lambda item: item[0] not in required):
        kind = types.of(spec, value)
        name = types.python_name(field)
        if field in required:
            lines.append(f"    {name}: {kind}")
        else:
            kind = kind if kind.endswith("None") or kind == "Any" else f"{kind} | None"
            lines.append(f"    {name}: {kind} = None")
    return "\n" + "\n".join(lines) + "\n"


def _docstring(name: str, schema: Schema) -> str:
    head = _sentence(schema.get("description", "")) or OWN_WORDS.get(name, "")
    told = {field: text for field, value in schema["properties"].items() if (text := described(value))}
    attributes = [
        line
        for field, text in told.items()
        for line in textwrap.wrap(f"{field}: {text}", 108, initial_indent="    ", subsequent_indent="        ")
    ]
    if not head and not attributes:
        return ""
    lines = textwrap.wrap(head, 108) + (["", "Attributes:", *attributes] if attributes else [])
    if not head:
        lines = lines[1:]
    if len(lines) == 1:
        return f'    """{lines[0]}"""\n'
    body = "\n".join(f"    {line}".rstrip() for line in lines[1:])
    return f'    """{lines[0]}\n{body}\n    """\n'


def described(schema: Schema) -> str:
    """What the document says of a field."""
    own = schema.get("description") or next(
        (arm["description"] for arm in schema.get("oneOf", []) if "description" in arm), ""
    )
    return _sentence(own)


def _sentence(text: str) -> str:
    return " ".join(text.split())


def wrap(text: str) -> str:
    """Breaks definitions of `Literal` that are too long for a line."""
    lines = []
    for line in text.split("\n"):
        if len(line) > 120 and "Literal[" in line:
            head, _, rest = line.partition("Literal[")
            rest, _, tail = rest.rpartition("]")
            lines.append(f"{head}Literal[")
            lines += [f"    {value}," for value in rest.split(", ")]
            lines.append(f"]{tail}")
        else:
            lines.append(line)
    return "\n".join(lines)
