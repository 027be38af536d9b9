"""sync/api.py: every public method of the asynchronous classes, run to its end on the loop of a portal."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from .commands import imported, names_in

HEAD = '''"""The synchronous face. Written by generate.py from the asynchronous classes: do not edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import client as asynchronous
from .. import session as asynchronous_session
from .. import socket as asynchronous_socket
from ..events import Event
from ..files import Content
from ..frames import Frame
from ..input import InputEvent
from ..models import *
from ..results import *
from ..targets import TargetArg
from .portal import Portal

if TYPE_CHECKING:
    import os

    from typing_extensions import Unpack
'''

CLASSES = {
    # Class to write: where its methods come from, what it is built upon, what it wraps.
    "CommandsApi": (["commands.Commands"], [], "asynchronous_session.Session | asynchronous_socket.Socket"),
    "ControlApi": (["control.ControlMethods"], [], "asynchronous_session.Session | asynchronous_socket.Socket"),
    "SessionApi": (["files.Files", "session.Session"], ["CommandsApi", "ControlApi"], "asynchronous_session.Session"),
    "SocketApi": (["socket.Socket"], ["CommandsApi", "ControlApi"], "asynchronous_socket.Socket"),
    "RookeryApi": (["client.Rookery"], [], "asynchronous.Rookery"),
}

BY_HAND = {
    "session.Session": {"socket", "playwright", "cdp", "id"},
    "socket.Socket": {"open"},
    "client.Rookery": {"session", "create_session", "attach", "map", "map_iter"},
}
"""What gives or takes one of the classes itself: in sync/__init__.py."""


def module(package: Path, fresh: dict[Path, str]) -> str:
    parts = [HEAD]
    inherited: dict[str, set[str]] = {}
    for name, (sources, bases, inner) in CLASSES.items():
        methods = [method for source in sources for method in _methods(package, fresh, source)]
        own = {method.name for method in methods}
        known = {known for base in bases for known in inherited[base]}
        inherited[name] = own | known
        # What only overrides has been written for the base already.
        written = [_method(method) for method in methods if method.name not in known]
        head = f"class {name}({', '.join(bases)}):" if bases else f"class {name}:"
        fields = f"    _portal: Portal\n    _inner: {inner}\n"
        parts.append(f"\n{head}\n{fields}\n" + "\n".join(written))
    return _with_names(package, fresh, "\n".join(parts))


Method = ast.AsyncFunctionDef | ast.FunctionDef


def _methods(package: Path, fresh: dict[Path, str], source: str) -> list[Method]:
    file, class_name = source.split(".")
    body = ast.parse(_source(package, fresh, file)).body
    (found,) = [node for node in body if isinstance(node, ast.ClassDef) and node.name == class_name]
    return [
        node
        for node in found.body
        if isinstance(node, (ast.AsyncFunctionDef, ast.FunctionDef))
        and not node.name.startswith("_")
        and node.name not in BY_HAND.get(source, set())
    ]


def _method(method: Method) -> str:
    kind = ast.unparse(method.returns) if method.returns else "None"
    item = re.fullmatch(r"AsyncGenerator\[(.+), None\]", kind)
    kind = f"Iterator[{item[1]}]" if item else kind
    arguments = _passed_on(method.args)
    call = f"self._inner.{method.name}({', '.join(arguments)})"
    if len(call) > 72:
        call = f"self._inner.{method.name}(\n" + "".join(f"                {a},\n" for a in arguments) + "            )"
        call = f"\n            {call}\n        "
    doc = ast.get_docstring(method)
    lines = [f"    def {method.name}({_parameters(method.args)}) -> {kind}:"]
    if doc:
        lines.append(_indented(doc))
    if item:
        lines.append(f"        return self._portal.iterate({call})")
    elif kind == "None":
        lines.append(f"        self._portal.call({call})")
    else:
        lines.append(f"        return self._portal.call({call})")
    return "\n".join(lines) + "\n"


def _parameters(arguments: ast.arguments) -> str:
    """A parameter to a line, as the methods they come from have them."""
    parts = []
    positional = arguments.args
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    for argument, default in zip(positional, defaults, strict=True):
        parts.append(_parameter(argument, default))
    if arguments.kwonlyargs:
        parts.append("*")
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parts.append(_parameter(argument, default))
    if arguments.kwarg:
        parts.append("**" + _parameter(arguments.kwarg, None))
    if parts == ["self"]:
        return "self"
    return "\n" + "".join(f"        {part},\n" for part in parts) + "    "


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    kind = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    return f"{argument.arg}{kind}" + ("" if default is None else f" = {ast.unparse(default)}")


def _passed_on(arguments: ast.arguments) -> list[str]:
    parts = [argument.arg for argument in arguments.args if argument.arg != "self"]
    parts += [f"{argument.arg}={argument.arg}" for argument in arguments.kwonlyargs]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    return parts


def _indented(doc: str) -> str:
    lines = doc.split("\n")
    if len(lines) == 1:
        return f'        """{doc}"""'
    body = "\n".join(f"        {line}".rstrip() for line in lines[1:])
    return f'        """{lines[0]}\n{body}\n        """'


def _with_names(package: Path, fresh: dict[Path, str], text: str) -> str:
    """Names what is imported: a star hides a typing mistake."""
    words = names_in(text)
    for module in ("models", "results"):
        names = words & _defined(_source(package, fresh, module))
        text = text.replace(f"from ..{module} import *\n", imported(f"..{module}", names))
    return text


def _defined(source: str) -> set[str]:
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def _source(package: Path, fresh: dict[Path, str], module: str) -> str:
    path = package / f"{module}.py"
    return fresh[path] if path in fresh else path.read_text("utf-8")
