"""The blocks of the README and the examples do what they say."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import server as real_server

from rookery import Rookery

HERE = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text("utf-8"), re.DOTALL)
# The first is a whole program, as is the one without await.
PROGRAMS = [block for block in BLOCKS if "asyncio.run" in block or "rookery.sync" in block]
WITHIN = [block for block in BLOCKS if block not in PROGRAMS]
RUN_S = 60


def test_the_readme_has_blocks() -> None:
    assert len(PROGRAMS) == 2, PROGRAMS
    assert len(WITHIN) >= 8


@pytest.mark.parametrize("block", WITHIN, ids=lambda block: block.strip().splitlines()[-1][:40])
async def test_a_block_of_the_readme_runs(
    block: str, server: str, fleet: Rookery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    body = textwrap.indent(block.replace("http://127.0.0.1:8080", server), "    ")
    scope: dict[str, Any] = {}
    exec(compile(f"async def block(fleet, s):\n{body}", "README.md", "exec"), scope)
    async with fleet.session(url=f"{server}/demo") as session:
        await scope["block"](fleet, session)


@pytest.mark.parametrize("block", PROGRAMS, ids=["asynchronous", "synchronous"])
def test_a_program_of_the_readme_runs(block: str, server: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(block.replace("http://127.0.0.1:8080", server), "utf-8")
    assert run(str(program), folder=tmp_path).strip()


def run(*arguments: str, folder: Path) -> str:
    """What a program prints. Fails if it fails."""
    path = os.pathsep.join([str(HERE / "src"), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def example(name: str) -> str:
    return str(HERE / "examples" / name)


def test_scraping_many_pages(server: str, tmp_path: Path) -> None:
    out = tmp_path / "pages.jsonl"
    said = run(example("scrape.py"), "--server", server, "--count", "8", "--out", str(out), folder=tmp_path)
    assert said.startswith("8 of 8 pages read")
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len({line["url"] for line in lines}) == 8
    assert all(line["found"]["title"] == "Rookery demo" and line["error"] is None for line in lines)


def test_handing_a_captcha_to_a_person(server: str, tmp_path: Path) -> None:
    said = run(example("captcha.py"), "--server", server, "--pretend", folder=tmp_path)
    assert "control is back: ai_control" in said
    assert said.rstrip().endswith("the agent goes on: Welcome")


def test_the_loop_of_an_agent(server: str, tmp_path: Path) -> None:
    said = run(example("agent.py"), "--server", server, folder=tmp_path)
    assert "done in 4 steps: Welcome, Ada Lovelace!" in said


def test_two_workers(program: Path, tmp_path: Path) -> None:
    with real_server.running(program, "--workers", "2", "--slots", "2") as server:
        said = run(example("workers.py"), "--server", server, folder=tmp_path)
    assert said.count("has ended: drained") == 2
    assert said.count("shows hello") == 2


def test_no_example_is_left_out() -> None:
    tested = set(re.findall(r'example\("(\w+\.py)"\)', Path(__file__).read_text("utf-8")))
    assert {path.name for path in (HERE / "examples").glob("*.py")} == tested
    for path in (HERE / "examples").glob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
