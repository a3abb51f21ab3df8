"""Reasoning: who shows it, how it is sealed, and what happens to a seal that comes back changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_emulator.reasoning import seal, unseal

from .conftest import Wire

ENCRYPTED = ["reasoning.encrypted_content"]
UNDECRYPTABLE = {
    "code": "invalid-argument",
    "error": "Could not decrypt the provided encrypted_content. Ensure the value is the unmodified encrypted_content "
    "from a previous response.",
}


def reasoning_items(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in body["output"] if item["type"] == "reasoning"]


def changed(blob: str) -> str:
    middle = len(blob) // 2
    return blob[:middle] + ("A" if blob[middle] != "A" else "B") + blob[middle + 1 :]


@given(st.dictionaries(st.text(), st.text()))
def test_a_seal_opens_again(content: dict[str, str]) -> None:
    assert unseal(seal(content)) == content
    assert "=" not in seal(content)


@given(st.integers(0, 10_000), st.sampled_from("ABCxyz019+/"))
def test_a_changed_seal_does_not(position: int, letter: str) -> None:
    blob = seal({"summary": "The gate."})
    position %= len(blob)
    other = blob[:position] + letter + blob[position + 1 :]
    assert other == blob or unseal(other) is None


def test_summary_on_both_apis(wire: Wire) -> None:
    item = reasoning_items(wire.responses("What colour is the gate?").json)[0]
    assert "What colour is the gate?" in item["summary"][0]["text"]
    assert "encrypted_content" not in item and item["id"].startswith("rs_")
    assert "gate" in wire.chat("What colour is the gate?").json["choices"][0]["message"]["reasoning_content"]


@pytest.mark.parametrize(
    ("model", "fields"), [("grok-4.20-non-reasoning", {}), ("grok-4.3", {"reasoning": {"effort": "none"}})]
)
def test_no_reasoning(wire: Wire, model: str, fields: dict[str, Any]) -> None:
    body = wire.responses("Hello!", model=model, include=ENCRYPTED, **fields).json
    assert not reasoning_items(body) and body["usage"]["output_tokens_details"]["reasoning_tokens"] == 0


def test_more_effort_more_tokens(wire: Wire) -> None:
    used = [wire.responses("Hello!", reasoning={"effort": effort}).json["usage"]["output_tokens"] for effort in
            ("none", "low", "medium", "high", "xhigh")]  # fmt: skip
    assert used == sorted(used) and len(set(used)) == len(used)


def test_newest_model_seals_without_being_asked(wire: Wire) -> None:
    assert reasoning_items(wire.responses("Hello!", model="grok-4.7").json)[0]["encrypted_content"]


def test_round_trip_and_tampering(wire: Wire) -> None:
    asked = [{"role": "user", "content": "The gate is red. What colour is the gate?"}]
    output = wire.responses(asked, include=ENCRYPTED, store=False).json["output"]
    again = [*asked, *output, {"role": "user", "content": "And the gate's colour once more?"}]
    assert wire.responses(again, include=ENCRYPTED).status == 200
    bare = [{k: v for k, v in item.items() if k != "id"} if item.get("type") == "reasoning" else item for item in again]
    assert wire.responses(bare, include=ENCRYPTED).status == 200
    bad = [
        {**i, "encrypted_content": changed(i["encrypted_content"])} if "encrypted_content" in i else i for i in again
    ]
    reply = wire.responses(bad)
    assert (reply.status, reply.json) == (400, UNDECRYPTABLE)


def test_another_family_cannot_read_it(wire: Wire) -> None:
    asked = [{"role": "user", "content": "Hello!"}]
    output = wire.responses(asked, include=ENCRYPTED).json["output"]
    assert wire.responses([*asked, *output, *asked], model="grok-build-0.1").json == UNDECRYPTABLE


def test_sealed_tool_output_comes_back_too(wire: Wire) -> None:
    asked = [{"role": "user", "content": "How long is the Merrow river?"}]
    fields: dict[str, Any] = {"include": ENCRYPTED, "tools": [{"type": "web_search"}], "store": False}
    output = wire.responses(asked, **fields).json["output"]
    assert [item["type"] for item in output] == ["reasoning", "web_search_call", "reasoning", "reasoning", "message"]
    first, tool_output, second = reasoning_items({"output": output})
    assert tool_output["id"].startswith("tco_") and tool_output["summary"] == []
    assert tool_output["encrypted_content"].startswith(tool_output["id"] + "_")
    assert first["id"] == second["id"] and second["summary"] == []
    assert wire.responses([*asked, *output, {"role": "user", "content": "Where is its mouth?"}], **fields).status == 200
    tool_output["encrypted_content"] = changed(tool_output["encrypted_content"])
    assert wire.responses([*asked, *output], **fields).json == UNDECRYPTABLE
