"""One emulator per test, and a plain HTTP client: what is tested is what goes over the socket."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from grok_emulator import Emulator

KEY = "xai-test-key"


@dataclass(frozen=True)
class Reply:
    """Status, headers and body of an HTTP answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def text(self) -> str:
        return self.raw.decode()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON payloads of an event stream."""
        lines = [line[5:].strip() for line in self.text.splitlines() if line.startswith("data:")]
        return [json.loads(line) for line in lines if line != "[DONE]"]


class Wire:
    """Sends requests to one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, key: str | None = KEY
    ) -> Reply:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json", **(headers or {})}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self.emulator.base_url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Reply(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def chat(self, messages: Any, *, model: str = "grok-4.3", **fields: Any) -> Reply:
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        return self.send("POST", "/chat/completions", {"model": model, "messages": messages, **fields})

    def responses(self, given: Any, *, model: str = "grok-4.3", **fields: Any) -> Reply:
        return self.send("POST", "/responses", {"model": model, "input": given, **fields})


@pytest.fixture(scope="session")
def _shared() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(_shared: Emulator) -> Emulator:
    _shared.reset()
    return _shared


@pytest.fixture
def wire(emulator: Emulator) -> Wire:
    return Wire(emulator)


def text_of(body: dict[str, Any]) -> str:
    """The text of a whole answer of either API."""
    if "choices" in body:
        return str(body["choices"][0]["message"]["content"])
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in parts)


def calls_of(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The function calls of a whole answer of either API."""
    if "choices" in body:
        calls = [call["function"] for call in body["choices"][0]["message"].get("tool_calls") or ()]
    else:
        calls = [item for item in body["output"] if item["type"] == "function_call"]
    return [(call["name"], json.loads(call["arguments"])) for call in calls]
