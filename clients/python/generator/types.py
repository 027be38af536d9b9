"""Python types of JSON schemas."""

from __future__ import annotations

import keyword

from .spec import Schema, Spec, name_of

RENAMED = {
    # The class of that name is what drives a session.
    "Session": "SessionInfo",
    "Class": "Priority",
}
"""Names of the document that say too little, or too much, outside of it."""

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def class_name(schema: str) -> str:
    return RENAMED.get(schema, schema)


def python_name(field: str) -> str:
    """A field whose name is a word of the language has an underscore after it."""
    return f"{field}_" if keyword.iskeyword(field) else field


def is_object(schema: Schema) -> bool:
    return schema.get("type") == "object" and "properties" in schema


def is_enum(schema: Schema) -> bool:
    return "enum" in schema


def is_union(schema: Schema) -> bool:
    return "oneOf" in schema and not any("$ref" in arm or "allOf" in arm for arm in schema["oneOf"])


def of(spec: Spec, schema: Schema) -> str:
    """The annotation of a schema."""
    if "$ref" in schema:
        return _named(spec, name_of(schema))
    if "oneOf" in schema:
        return _union([of(spec, arm) for arm in schema["oneOf"]])
    if "enum" in schema:
        return literal(schema)
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union([of(spec, {**schema, "type": each}) for each in kind])
    if kind == "array":
        return f"list[{of(spec, schema['items'])}]"
    if kind == "object" and "additionalProperties" in schema and "properties" not in schema:
        return f"dict[str, {of(spec, schema['additionalProperties'])}]"
    return PLAIN.get(str(kind), "Any")


def literal(schema: Schema) -> str:
    return f"Literal[{', '.join(repr_double(value) for value in schema['enum'])}]"


def repr_double(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _named(spec: Spec, name: str) -> str:
    schema = spec.schemas[name]
    if name == "Timestamp":
        return "datetime"
    if is_object(schema) or is_enum(schema) or is_union(schema):
        return class_name(name)
    return of(spec, schema)


def _union(arms: list[str]) -> str:
    unique = list(dict.fromkeys(arms))
    if "None" in unique:
        unique.remove("None")
        unique.append("None")
    return " | ".join(unique)
