"""Shapes and event order against recorded traffic; runs where GROK_RECORDINGS names its folder.

Every recorded request of 2026 is sent to the emulator. A shape is the set of key paths of all answers of an endpoint,
list entries told apart by their ``type``. Recall: how much of what xAI sent in 2026 is also produced. Precision: how
much of what is produced xAI has sent in any recording. Order: the same of neighbouring events. What may differ is
listed here path by path; ``docs/emulator.md`` gives the reasons.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from grok_emulator import Emulator

from .conftest import Reply, Wire

FOLDER = os.environ.get("GROK_RECORDINGS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="GROK_RECORDINGS is not set")

Endpoint = tuple[str, bool]
URLS = {"chat.completions": "/chat/completions", "responses": "/responses"}
ENDPOINTS: list[Endpoint] = [(name, streamed) for name in URLS for streamed in (False, True)]
FREE = {"parameters", "schema", "metadata", "tools", "arguments"}  # free-form or echoed: not looked into

FIGURES = {  # recall, precision, order
    ("chat.completions", False): (1.0, 1.0, 1.0),
    ("chat.completions", True): (1.0, 1.0, 1.0),
    ("responses", False): (0.93, 0.97, 1.0),
    ("responses", True): (0.95, 0.98, 1.0),
}

PICTURE = [f"output[image_generation_call].{name}" for name in ("id", "prompt", "result", "status", "type")]
# Sent by xAI in answer to requests that were not recorded: no recorded request offers the image tool or names a
# function in `tool_choice` of Responses. `test_what_no_recorded_request_asks_for` asks for them.
NOT_ASKED_FOR = {
    ("responses", False): {*PICTURE, "tool_choice.name", "tool_choice.type"},
    ("responses", True): {*(f"response.{path}" for path in PICTURE), "item.prompt", "item.result"},
}
FUNCTION = {"type": "function", "name": "open_gate", "parameters": {"type": "object", "properties": {}}}
DRAWING = {"input": "Draw a blue kettle.", "tools": [{"type": "image_generation"}]}
NAMING = {"input": "Open the gate.", "tools": [FUNCTION], "tool_choice": {"type": "function", "name": "open_gate"}}
ASKING: dict[Endpoint, list[dict[str, Any]]] = {("responses", False): [DRAWING, NAMING], ("responses", True): [DRAWING]}
# Counters that came with the billing of X search by the post (September 2026): the specification of October requires
# them, the newest recording is of August.
DETAILS = "usage.server_side_tool_usage_details"
NEWER_THAN_RECORDED = {
    ("responses", False): {f"{DETAILS}.x_posts_fetched", f"{DETAILS}.x_users_fetched"},
    ("responses", True): {f"response.{DETAILS}.x_posts_fetched", f"response.{DETAILS}.x_users_fetched"},
}


@dataclass
class Shape:
    """What was seen of one endpoint."""

    paths: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)

    def add(self, payloads: list[Any]) -> None:
        for payload in payloads:
            self.paths |= {path.removeprefix(".") for path in leaves(payload)}
        kinds = [str(payload.get("type")) for payload in payloads]
        self.pairs |= set(pairwise(kinds))


@dataclass
class Comparison:
    """What xAI sent, what it sent in 2026, what the emulator sends, and the figures."""

    ever: Shape
    lately: Shape
    ours: Shape

    @property
    def figures(self) -> tuple[float, float, float]:
        recall = share(self.ours.paths, self.lately.paths)
        return recall, share(self.ever.paths, self.ours.paths), share(self.ever.pairs, self.ours.pairs)


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The key paths of a payload, containers included."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield f"{path}.{name}"
            if name not in FREE:
                yield from leaves(entry, f"{path}.{name}")
    elif isinstance(value, list):
        for entry in value:
            yield from leaves(entry, f"{path}[{entry.get('type', '')}]") if isinstance(entry, dict) else [f"{path}[]"]


def share(found: set[Any], wanted: set[Any]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 1.0


def recorded(path: Path) -> list[Any]:
    """The payloads of a recording: a body, or the data of its events."""
    if path.suffix == ".json":
        return [json.loads(path.read_bytes())]
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".sse":
        lines = [line[5:] for line in lines if line.startswith("data:")]
    return [json.loads(line) for line in lines if line.strip() and line.strip() != "[DONE]"]


def sealed(body: dict[str, Any]) -> bool:
    """Whether a request carries reasoning that only xAI can open."""
    items = body.get("input")
    return isinstance(items, list) and any(item.get("type") == "reasoning" for item in items)


def payloads(reply: Reply, streamed: bool) -> list[Any]:
    assert reply.status == 200, reply.text
    return reply.events if streamed else [reply.json]


def compare(wire: Wire) -> dict[Endpoint, Comparison]:
    folder = Path(FOLDER or "")
    found = {endpoint: Comparison(Shape(), Shape(), Shape()) for endpoint in ENDPOINTS}
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        if entry["endpoint"] not in URLS or (entry["status"] or 200) != 200 or entry["confidence"] == "low":
            continue
        path, endpoint = folder / entry["file"], (entry["endpoint"], bool(entry["streaming"]))
        here, theirs = found[endpoint], recorded(path)
        here.ever.add(theirs)
        if "cost_in_usd_ticks" not in path.read_text(encoding="utf-8"):
            continue  # older than 2026
        here.lately.add(theirs)
        meta = path.with_name(path.name + ".meta.json")
        body = (json.loads(meta.read_bytes()).get("request") or {}).get("body") if meta.exists() else None
        if isinstance(body, dict) and not sealed(body):
            here.ours.add(payloads(wire.send("POST", URLS[endpoint[0]], body), endpoint[1]))
    return found


@pytest.fixture(scope="module")
def compared() -> dict[Endpoint, Comparison]:
    with Emulator() as emulator:
        return compare(Wire(emulator))


def test_there_is_something_to_compare(compared: dict[Endpoint, Comparison]) -> None:
    assert all(len(one.lately.paths) > 30 and len(one.ours.paths) > 30 for one in compared.values())


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_figures(compared: dict[Endpoint, Comparison], endpoint: Endpoint) -> None:
    figures = compared[endpoint].figures
    assert all(figure >= least for figure, least in zip(figures, FIGURES[endpoint], strict=True)), figures


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_only_the_meant_differences(compared: dict[Endpoint, Comparison], endpoint: Endpoint) -> None:
    one = compared[endpoint]
    assert one.lately.paths - one.ours.paths <= NOT_ASKED_FOR.get(endpoint, set())
    assert one.ours.paths - one.ever.paths <= NEWER_THAN_RECORDED.get(endpoint, set())
    assert one.ours.pairs <= one.ever.pairs


@pytest.mark.parametrize("endpoint", NOT_ASKED_FOR, ids=str)
def test_what_no_recorded_request_asks_for(
    wire: Wire, compared: dict[Endpoint, Comparison], endpoint: Endpoint
) -> None:
    """Asked for, it comes: then nothing of 2026 is missing."""
    url, streamed = URLS[endpoint[0]], endpoint[1]
    one = compared[endpoint]
    more = Shape(set(one.ours.paths), set(one.ours.pairs))
    for fields in ASKING[endpoint]:
        more.add(payloads(wire.send("POST", url, {"model": "grok-4.5", "stream": streamed, **fields}), streamed))
    assert one.lately.paths - more.paths == set()
    assert all(figure >= 0.97 for figure in Comparison(one.ever, one.lately, more).figures)
