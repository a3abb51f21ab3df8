"""Every whole answer fits the official schema, undeclared keys included; runs where GROK_OPENAPI names its folder."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

from .cases import CASES, Case, on_chat, on_responses
from .conftest import Wire

FOLDER = os.environ.get("GROK_OPENAPI")
pytestmark = pytest.mark.skipif(not FOLDER, reason="GROK_OPENAPI is not set")
MODELS = ("grok-4.7", "grok-4.6", "grok-4.5", "grok-4.3", "grok-4.20", "grok-4.20-multi-agent", "grok-build-0.1")
ENCRYPTED = "reasoning.encrypted_content"


@pytest.fixture(scope="module")
def schema() -> Any:
    spec = importlib.util.spec_from_file_location("xai_schema", Path(FOLDER or "") / "xai_schema.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answers(wire: Wire, schema: Any, case: Case) -> None:
    assert schema.problems("/v1/chat/completions", on_chat(wire, case), response=True) == []
    assert schema.problems("/v1/responses", on_responses(wire, case), response=True) == []


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "fields",
    [
        {
            "tools": [{"type": "web_search"}, {"type": "x_search"}],
            "include": [ENCRYPTED, "web_search_call.action.sources"],
        },
        {"tools": [{"type": "web_search"}], "include": ["no_inline_citations"]},
        {"max_output_tokens": 3, "temperature": 0.2, "user": "u", "service_tier": "priority"},
    ],
    ids=["searches", "no inline citations", "limited"],
)
def test_variants(wire: Wire, schema: Any, model: str, fields: dict[str, Any]) -> None:
    body = wire.responses("What is the AI model Heron 2?", model=model, **fields).json
    assert schema.problems("/v1/responses", body, response=True) == []


@pytest.mark.parametrize("model", MODELS)
def test_chunks(wire: Wire, schema: Any, model: str) -> None:
    for chunk in wire.chat("Hello!", model=model, stream=True, stream_options={"include_usage": True}).events:
        assert schema.problems("chunk", chunk, response=True) == []
