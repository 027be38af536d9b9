"""The client says what the API says: no more and no less."""

from __future__ import annotations

import inspect
import json
from typing import Any, get_args

import pytest

import rookery
import rookery.sync
from generate import files, stale
from generator import commands
from generator.spec import Spec
from rookery import Rookery, Session, errors, models

Parameters = frozenset[str]
NONE: Parameters = frozenset()

OPERATIONS: dict[str, tuple[Any, Parameters]] = {
    # What does it, and the parameters of query and header that it knows.
    "healthz": (Rookery.health, NONE),
    "readyz": (Rookery.ready, NONE),
    "metrics": (Rookery.metrics, NONE),
    "openapi": (Rookery.openapi, NONE),
    "all_events": (Rookery.events, frozenset({"after"})),
    "get_pressure": (Rookery.pressure, NONE),
    "get_queue": (Rookery.queue, NONE),
    "list_workers": (Rookery.workers, NONE),
    "drain_worker": (Rookery.drain, NONE),
    "list_sessions": (Rookery.list_sessions, frozenset({"state", "label", "limit", "cursor"})),
    "create_session": (Rookery.create_session, frozenset({"Idempotency-Key", "Prefer"})),
    "get_session": (Rookery.get_session, NONE),
    "patch_session": (Session.update, NONE),
    "end_session": (Session.end, NONE),
    "run_command": (Session.run, frozenset({"Idempotency-Key"})),
    "set_control": (Session.set_control, NONE),
    "get_stream": (Session.stream, NONE),
    "session_events": (Session.events, frozenset({"after"})),
    "session_socket": (Session.socket, frozenset({"after"})),
    "stage_upload": (Session.stage_upload, NONE),
    "stage_uploads": (Session.stage_uploads, NONE),
    "list_uploads": (Session.list_uploads, NONE),
    "unstage_upload": (Session.unstage_upload, NONE),
    "list_downloads": (Session.list_downloads, NONE),
    "get_download": (Session.get_download, frozenset({"Range"})),
    "get_recording": (Session.get_recording, NONE),
    "delete_download": (Session.delete_download, NONE),
}

OF_COMMANDS = {
    # Forms of commands for those who have nothing but a URL. The client runs the commands, which can do more.
    "content": Session.content,
    "pdf": Session.pdf,
    "screenshot": Session.screenshot,
    "list_tabs": Session.tabs,
    "open_tab": Session.new_tab,
    "activate_tab": Session.activate_tab,
    "close_tab": Session.close_tab,
}

# For clients that speak CDP by themselves: `Session.cdp` says where they connect.
OF_CDP_CLIENTS = {"session_cdp", "create_cdp"}
# What the pages of the server and viewers use: people log in, share and watch there.
OF_PAGES = {"login", "logout", "whoami", "create_link", "session_vnc"}

# How people who watch are shown to others, and keep control over a reload: programs have no need of either.
OF_PEOPLE = {"name", "resume"}

# The same as the parameter `after`.
SAME = {"Last-Event-ID"}


def parameters(spec: Spec, operation_id: str) -> set[str]:
    method, path = spec.operations()[operation_id]
    operation = spec.document["paths"][path][method.lower()]
    return {p["name"] for p in operation.get("parameters", []) if p["in"] != "path"} - (SAME | OF_PEOPLE)


def same_both_ways(spec: Spec) -> None:
    assert set(spec.operations()) == set(OPERATIONS) | set(OF_COMMANDS) | OF_CDP_CLIENTS | OF_PAGES
    for operation, (_, known) in OPERATIONS.items():
        assert parameters(spec, operation) == known, operation
    codes = set(spec.schemas["ErrorCode"]["enum"])
    assert set(errors.BY_CODE) == codes
    assert set(get_args(models.Action)) == set(spec.commands())
    assert not set(commands.TOLD) - set(spec.commands()), "results are told of commands that there are not"
    stale_now = [path.name for path, text in files(spec).items() if path.read_text("utf-8") != text]
    assert not stale_now, f"{stale_now} are not what this description gives: python3 clients/python/generate.py"


def test_generated_files_are_fresh(spec: Spec) -> None:
    assert not stale(spec), "run python3 clients/python/generate.py"


def test_the_checked_in_description_is_what_the_client_knows(spec: Spec) -> None:
    same_both_ways(spec)


async def test_a_running_server_is_what_the_client_knows(fleet: Rookery, spec: Spec) -> None:
    served = Spec(await fleet.openapi())
    same_both_ways(served)
    # Where the two differ, the server under test is not built from this checkout.
    assert served.document == spec.document


def test_a_change_of_the_description_is_noticed(spec: Spec) -> None:
    for change in ("command", "field", "code", "path", "value"):
        document = json.loads(json.dumps(spec.document))
        schemas = document["components"]["schemas"]
        if change == "command":
            schemas["Command"]["oneOf"].pop()
        elif change == "field":
            schemas["Click"]["properties"]["force"] = {"type": "boolean"}
        elif change == "code":
            schemas["ErrorCode"]["enum"].append("teapot")
        elif change == "path":
            document["paths"]["/v1/teapots"] = {"get": {"operationId": "list_teapots", "responses": {}}}
        elif change == "value":
            schemas["WaitUntil"]["enum"].append("never")
        with pytest.raises(AssertionError):
            same_both_ways(Spec(document))


def test_each_error_code_has_a_class_of_its_name() -> None:
    for code, kind in errors.BY_CODE.items():
        assert kind.__name__ == "".join(word.capitalize() for word in code.split("_"))
        assert getattr(rookery, kind.__name__) is kind


@pytest.mark.parametrize(
    ("asynchronous", "synchronous"),
    [
        (rookery.Rookery, rookery.sync.Rookery),
        (rookery.Session, rookery.sync.Session),
        (rookery.Socket, rookery.sync.Socket),
    ],
)
def test_the_synchronous_face_has_it_all(asynchronous: type, synchronous: type) -> None:
    def public(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}

    # Connecting is for the asynchronous class to do; where to is for clients that have a loop.
    assert public(asynchronous) - public(synchronous) <= {"open", "cdp"}
    for name in public(asynchronous) & public(synchronous):
        ours, theirs = getattr(synchronous, name), getattr(asynchronous, name)
        if inspect.isfunction(ours) and inspect.isfunction(theirs):
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name
