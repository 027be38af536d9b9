#!/usr/bin/env python3
"""Writes what of the client follows from the API's description and from the asynchronous classes.

    python3 clients/python/generate.py            writes the files
    python3 clients/python/generate.py --check    exit 1 if one of them is not what would be written

src/rookery/models.py     types of requests (TypedDict) and answers (dataclass), from docs/openapi.json
src/rookery/commands.py   a method for each command, from docs/openapi.json
src/rookery/sync/api.py   the synchronous face, from the asynchronous classes
"""

from __future__ import annotations

import sys
from pathlib import Path

from generator import commands, models, spec, synchronous

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "src" / "rookery"


def files(description: spec.Spec) -> dict[Path, str]:
    """Every generated file with its text."""
    texts = {
        PACKAGE / "models.py": models.module(description),
        PACKAGE / "commands.py": commands.module(description),
    }
    # The synchronous methods of commands follow from the asynchronous ones as they are to be, not as they are on disk.
    texts[PACKAGE / "sync" / "api.py"] = synchronous.module(PACKAGE, dict(texts))
    return texts


def stale(description: spec.Spec) -> list[Path]:
    """The files that are not what would be written."""
    return [p for p, text in files(description).items() if not p.exists() or p.read_text("utf-8") != text]


def main(arguments: list[str]) -> int:
    description = spec.Spec.checked_in()
    if arguments == ["--check"]:
        found = stale(description)
        for path in found:
            print(f"{path.relative_to(HERE)} is stale: run python3 clients/python/generate.py", file=sys.stderr)
        return 1 if found else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 64
    for path, text in files(description).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
