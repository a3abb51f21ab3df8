"""The image tool: an item with a real PNG, its events, its usage, and when it does not run."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest

from .conftest import Wire, text_of

IMAGE = {"type": "image_generation"}


def pictures(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in body["output"] if item["type"] == "image_generation_call"]


def test_a_picture_is_a_png(wire: Wire) -> None:
    body = wire.responses("Draw a blue kettle.", tools=[IMAGE]).json
    (item,) = pictures(body)
    assert item["id"].startswith(f"ig_{body['id']}_call-") and item["status"] == "completed"
    assert item["prompt"] == "blue kettle" and "blue kettle" in text_of(body)
    raw = base64.b64decode(item["result"], validate=True)
    width, height = struct.unpack(">II", raw[16:24])
    start = raw.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", raw[start - 8 : start - 4])
    assert raw.startswith(b"\x89PNG\r\n\x1a\n") and width == height > 0
    assert len(zlib.decompress(raw[start : start + length])) == height * (1 + 3 * width)
    details = body["usage"]["server_side_tool_usage_details"]
    assert body["usage"]["num_server_side_tools_used"] == details["image_generation_calls"] == 1
    assert pictures(wire.responses("Draw a blue kettle.", tools=[IMAGE]).json)[0]["result"] == item["result"]
    assert pictures(wire.responses("Draw a red kettle.", tools=[IMAGE]).json)[0]["result"] != item["result"]


def test_events(wire: Wire) -> None:
    events = wire.responses("Make a picture of a kettle.", tools=[IMAGE], stream=True).events
    mine = [event for event in events if event.get("item", {}).get("type") == "image_generation_call"]
    assert [event["type"] for event in mine] == ["response.output_item.added", "response.output_item.done"]
    assert mine[0]["item"]["result"] is None and "prompt" not in mine[0]["item"]
    assert mine[1]["item"] == pictures(events[-1]["response"])[0]
    states = [event["type"].rpartition(".")[2] for event in events if "image_generation_call." in event["type"]]
    assert states == ["in_progress", "generating", "completed"]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ("The kettle is blue. What colour is the kettle?", {"tools": [IMAGE]}),
        ("What is in the picture of the kettle?", {"tools": [IMAGE]}),
        ("Draw a blue kettle.", {"tools": [IMAGE], "tool_choice": "none"}),
        ("Draw a blue kettle.", {"tools": [{"type": "web_search"}]}),
        ("Draw a blue kettle.", {}),
    ],
)
def test_no_picture(wire: Wire, given: str, fields: dict[str, Any]) -> None:
    assert pictures(wire.responses(given, **fields).json) == []


def test_a_picture_can_be_sent_back(wire: Wire) -> None:
    asked = {"role": "user", "content": "Draw a blue kettle."}
    first = wire.responses([asked], tools=[IMAGE], include=["reasoning.encrypted_content"], store=False).json
    assert pictures(wire.responses([asked, *first["output"]], tools=[IMAGE]).json) == []
    again = [asked, *first["output"], {"role": "user", "content": "Draw a red kettle."}]
    assert pictures(wire.responses(again, tools=[IMAGE]).json)[0]["prompt"] == "red kettle"
