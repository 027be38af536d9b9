"""The OpenAPI document, as far as the generator reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"

Schema = dict[str, Any]


class Spec:
    def __init__(self, document: Schema) -> None:
        self.document = document
        self.schemas: dict[str, Schema] = document["components"]["schemas"]

    @classmethod
    def checked_in(cls) -> Spec:
        return cls(json.loads(DOCUMENT.read_text("utf-8")))

    def commands(self) -> dict[str, str]:
        """The schema of each action's fields, in the order of the document."""
        found = {}
        for one in self.schemas["Command"]["oneOf"]:
            fields, tag = one["allOf"]
            (action,) = tag["properties"]["action"]["enum"]
            found[action] = name_of(fields)
        return found

    def operations(self) -> dict[str, tuple[str, str]]:
        """Method and path of each operation."""
        return {
            operation["operationId"]: (method.upper(), path)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }

    def asked(self) -> set[str]:
        """The schemas that occur in JSON bodies of requests."""
        roots = [schema for _, operation in self._operations() for schema in _bodies(operation.get("requestBody", {}))]
        return self._reached(roots) - {"Command", "CommandRequest"} - set(self.commands().values())

    def answered(self) -> set[str]:
        """The schemas that occur in answers."""
        roots = [
            schema
            for _, operation in self._operations()
            for response in operation["responses"].values()
            for schema in _bodies(response)
        ]
        return self._reached(roots)

    def _operations(self) -> list[tuple[str, Schema]]:
        return [(path, op) for path, methods in self.document["paths"].items() for op in methods.values()]

    def _reached(self, roots: list[Schema]) -> set[str]:
        seen: set[str] = set()
        todo = list(roots)
        while todo:
            for name in _references(todo.pop()):
                if name not in seen:
                    seen.add(name)
                    todo.append(self.schemas[name])
        return seen


def name_of(reference: Schema) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[1]


def _bodies(part: Schema) -> list[Schema]:
    return [media["schema"] for media in part.get("content", {}).values() if "schema" in media]


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [name_of(schema)] if "$ref" in schema else []
        return own + [name for value in schema.values() for name in _references(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _references(value)]
    return []
