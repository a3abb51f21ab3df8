"""The token estimate: its shape, its speed, and its error band over the recordings."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from grok_adapter.tokens import ERROR_BAND, estimate_message_tokens, estimate_tokens
from grok_adapter.types import (
    ContentPart,
    FilePart,
    FunctionTool,
    ImagePart,
    Message,
    MessageItem,
    OtherItem,
    OutputItem,
    ReasoningItem,
    TextPart,
    ToolCall,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" ", 1),
        ("The capital of France is Paris.", 7),  # recorded: 7
        ('{"name":"Bob","age":30}', 10),  # recorded: 9
        ("Hello! How can I help you today? ", 9),  # recorded: 10
        ("12345", 5),
        ("天地玄黄", 4),
        ("Привет, мир", 5),
        ("👍", 1),
    ],
)
def test_estimate(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_more_text_is_never_fewer_tokens() -> None:
    text = "Grok répond: 「はい」\n\n" * 20
    counts = [estimate_tokens(text[:n]) for n in range(len(text))]
    assert counts == sorted(counts)


def test_a_megabyte_takes_less_than_a_second() -> None:
    start = time.perf_counter()
    assert estimate_tokens("Some words, 123 and läßt sich zählen.\n" * 27_000) > 200_000
    assert time.perf_counter() - start < 1.0


def test_every_kind_of_part_counts() -> None:
    parts: list[ContentPart | OutputItem] = [
        TextPart("hello there"),
        ImagePart(url="data:image/png;base64," + "A" * 100_000),
        ImagePart(url="https://example.com/a.png", detail="low"),
        FilePart(file_id="file-1"),
        MessageItem((TextPart("hello there"),)),
        ReasoningItem(summary=("I think so",)),
        ReasoningItem(summary=("I think so",), encrypted_content="x" * 580),
        ToolCall("c1", "add", '{"a": 1}'),
        OtherItem({"type": "web_search_call", "id": "ws_1"}),
    ]
    counts = [estimate_message_tokens([Message("assistant", (part,))]) - 5 for part in parts]
    assert counts[0] == counts[4] == 2
    assert counts[1:4] == [1_026, 258, 1_000]  # by size, never by the length of a data URL
    assert counts[6] == 100
    assert all(count > 0 for count in counts)


def test_messages_and_tools_add_up() -> None:
    message = Message("user", (TextPart("What is the capital of France?"),))
    tool = FunctionTool(
        "weather", "Looks up the weather", {"type": "object", "properties": {"city": {"type": "string"}}}
    )
    assert estimate_message_tokens([]) == 0
    assert estimate_message_tokens([message, message]) == 2 * estimate_message_tokens([message])
    assert estimate_message_tokens([message], [tool]) > estimate_message_tokens([message]) + 40


# --- recordings --------------------------------------------------------------------------------------------------

RECORDINGS = os.environ.get("GROK_RECORDINGS")


def counted() -> list[Any]:
    """Answers of one plain text and how many tokens xAI counted: whole bodies of Chat Completions and Responses."""
    cases = []
    root = Path(RECORDINGS) if RECORDINGS else None
    for row in json.loads((root / "manifest.json").read_text()) if root else []:
        path = root / row["file"] if root else Path()
        if path.suffix != ".json" or row["endpoint"] not in ("chat.completions", "responses"):
            continue
        body = json.loads(path.read_text())
        usage = (body.get("usage") or {}) if isinstance(body, dict) else {}
        if choices := (body.get("choices") if isinstance(body, dict) else None):
            message = choices[0].get("message") or {}
            text, tokens = message.get("content"), usage.get("completion_tokens", 0)
            plain = not message.get("tool_calls")
        else:
            items = [item for item in body.get("output") or [] if item.get("type") != "reasoning"]
            plain = [item.get("type") for item in items] == ["message"]
            text = "".join(part.get("text") or "" for part in items[0]["content"]) if plain else ""
            details = usage.get("output_tokens_details") or {}
            tokens = usage.get("output_tokens", 0) - details.get("reasoning_tokens", 0)
        example = row["file"].startswith("docs-")  # made up, and not counted by a model
        if plain and isinstance(text, str) and len(text) > 20 and tokens > 4 and not example:
            cases.append(pytest.param(text, tokens, id=path.name))
    return cases


@pytest.mark.skipif(not RECORDINGS, reason="GROK_RECORDINGS names no recordings")
def test_there_are_recordings_to_count() -> None:
    assert len(counted()) >= 40


@pytest.mark.parametrize(("text", "tokens"), counted())
def test_the_estimate_stays_in_its_band(text: str, tokens: int) -> None:
    assert abs(estimate_tokens(text) / tokens - 1) <= ERROR_BAND
