"""The table: every client, on each API it speaks, in every case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grok_emulator import Emulator

from .driver_langchain_xai import LangChainXAI
from .driver_litellm import LiteLLMChat, LiteLLMResponses
from .driver_openai import OpenAIChat, OpenAIResponses
from .driver_vercel import FOLDER, Vercel
from .scenes import ANSWER, CITED, COMMAND, FOUND, GATE, RESULT, Driver, Gate, Outcome

TABLE: list[tuple[str, type[Driver], str]] = [
    ("openai", OpenAIResponses, "responses"),
    ("openai", OpenAIChat, "chat"),
    ("langchain-xai", LangChainXAI, "responses"),
    ("langchain-xai", LangChainXAI, "chat"),
    ("litellm", LiteLLMResponses, "responses"),
    ("litellm", LiteLLMChat, "chat"),
    ("vercel", Vercel, "responses"),
    ("vercel", Vercel, "chat"),
]
PATHS = {"responses": "/v1/responses", "chat": "/v1/chat/completions"}
# Web search runs on Responses only. litellm turns its chat call into one on Responses, and tells the citations of a
# whole answer only: its translation of the events passes over `response.output_text.annotation.added`.
SEARCHING = [("search", *row) for row in TABLE if row[2] == "responses" or row[1] is LiteLLMChat]
SEARCHING += [("search_stream", *row) for row in TABLE if row[2] == "responses"]


def rows(table: list[tuple[str, type[Driver], str]]) -> pytest.MarkDecorator:
    named = [pytest.param(driver, api, id=f"{name}-{api}") for name, driver, api in table]
    return pytest.mark.parametrize(("driver", "api"), named)


@rows(TABLE)
@pytest.mark.parametrize("case", ["text", "stream"])
def test_text(emulator: Emulator, driver: type[Driver], api: str, case: str) -> None:
    outcome: Outcome = getattr(driver(emulator.base_url, api), case)()
    assert outcome.text == ANSWER
    assert outcome.reasoning.startswith("To be answered:")
    usage = outcome.usage
    assert usage is not None and usage.reasoning > 0 and usage.input > 0 and usage.output > 0
    assert usage.total == usage.input + usage.output + (usage.reasoning if usage.apart else 0)
    assert [request.path for request in emulator.requests] == [PATHS[api]]
    if case == "stream":
        assert len(outcome.pieces) > 1 and "".join(outcome.pieces) == ANSWER
        assert emulator.requests[0].body["stream"] is True


@rows(TABLE)
def test_tool_loop(emulator: Emulator, driver: type[Driver], api: str) -> None:
    outcome = driver(emulator.base_url, api).tools()
    assert [{name: _parsed(given) for name, given in call.items()} for call in outcome.calls] == [
        {"open_gate": {"gate": 7}}
    ]
    assert outcome.text == RESULT
    first, second = (request.body for request in emulator.requests)
    assert COMMAND in json.dumps(first) and RESULT in json.dumps(second)
    if api == "responses":  # sealed reasoning came back and was accepted
        assert [item["encrypted_content"] for item in second["input"] if item.get("type") == "reasoning"]


@rows(TABLE)
@pytest.mark.parametrize("case", ["structured", "structured_stream"])
def test_structured(emulator: Emulator, driver: type[Driver], api: str, case: str) -> None:
    data = getattr(driver(emulator.base_url, api), case)().data
    assert (data if isinstance(data, Gate) else Gate.model_validate(_parsed(data))) == GATE
    assert "json_schema" in json.dumps(emulator.requests[0].body)


@pytest.mark.parametrize(
    ("case", "driver", "api"),
    [pytest.param(case, driver, api, id=f"{case}-{name}-{api}") for case, name, driver, api in SEARCHING],
)
def test_search(emulator: Emulator, case: str, driver: type[Driver], api: str) -> None:
    outcome: Outcome = getattr(driver(emulator.base_url, api), case)()
    assert FOUND in outcome.text and CITED in outcome.text
    assert set(outcome.citations) == {CITED}
    assert CITED in outcome.sources or driver is LiteLLMChat  # a chat answer has no place for what was looked at
    assert [request.path for request in emulator.requests] == [PATHS["responses"]]


@rows(TABLE)
def test_bad_key(emulator: Emulator, driver: type[Driver], api: str) -> None:
    outcome = driver(emulator.base_url, api).bad_key()
    assert outcome.status == 400
    assert "Incorrect API key provided." in outcome.error
    assert [request.path for request in emulator.requests] == [PATHS[api]]


def test_the_lock_file_names_no_machine() -> None:
    """Packages are fetched by name and version from whatever registry npm is set to, and checked by their hash."""
    packages = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


def _parsed(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) else given
