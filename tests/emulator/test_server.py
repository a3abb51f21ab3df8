"""The emulator as a thing to use: scripting, stored responses, listings, threads, the command line."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from grok_emulator import Emulator

from .conftest import KEY, Wire, text_of

WHOLE_CHAT = {
    "id": "c-1", "object": "chat.completion", "created": 1, "model": "grok-4.3", "system_fingerprint": "fp_1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Scripted text."}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}  # fmt: skip
CODE_ITEM = {
    "id": "ci_1", "type": "code_interpreter_call", "status": "completed", "code": "print(6)",
    "outputs": [{"type": "logs", "logs": "6"}],
}  # fmt: skip
WHOLE_RESPONSE = {
    "id": "r-1", "object": "response", "created_at": 1, "status": "completed", "model": "grok-4.3",
    "output": [CODE_ITEM, {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [
        {"type": "output_text", "text": "It prints 6.", "logprobs": [], "annotations": []}]}],
}  # fmt: skip


def test_scripted_whole_answers(emulator: Emulator, wire: Wire) -> None:
    emulator.reply(WHOLE_CHAT)
    assert wire.chat("Hello!").json == WHOLE_CHAT
    emulator.reply(WHOLE_CHAT)
    chunks = wire.chat("Hello!", stream=True, stream_options={"include_usage": True}).events
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks[:-2]) == "Scripted text."
    assert chunks[-1]["usage"] == WHOLE_CHAT["usage"]


def test_scripted_server_item_becomes_events(emulator: Emulator, wire: Wire) -> None:
    emulator.reply(WHOLE_RESPONSE)
    reply = wire.responses("Hello!", stream=True)
    kinds = [event["type"] for event in reply.events]
    assert kinds[3:8] == [
        "response.code_interpreter_call.in_progress", "response.code_interpreter_call_code.delta",
        "response.code_interpreter_call_code.done", "response.code_interpreter_call.interpreting",
        "response.code_interpreter_call.completed",
    ]  # fmt: skip
    assert reply.events[-1]["response"] == WHOLE_RESPONSE
    assert reply.headers["x-request-id"] == "r-1"


def test_scripted_events_and_raw_bodies(emulator: Emulator, wire: Wire) -> None:
    events = [{"type": "ping"}, {"type": "error", "code": 503, "message": "later"}]
    emulator.reply(events)
    assert wire.responses("Hello!", stream=True).text.startswith("event: ping\ndata: {")
    emulator.reply([{"choices": []}])
    assert wire.chat("Hello!", stream=True).text == 'data: {"choices":[]}\n\ndata: [DONE]\n\n'
    emulator.reply(WHOLE_CHAT, headers={"X-Request-Id": "mine"})
    assert wire.chat("Hello!", stream=True).headers["x-request-id"] == "mine"
    emulator.reply("<html>524</html>", status=524)
    reply = wire.chat("Hello!")
    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (524, "text/html")
    emulator.reply(b"\xff\xfe", content_type="application/octet-stream", headers={"x-odd": "1"})
    reply = wire.chat("Hello!")
    assert (reply.raw, reply.headers["x-odd"]) == (b"\xff\xfe", "1")


def test_an_error_can_come_with_200(emulator: Emulator, wire: Wire) -> None:
    emulator.reply({"code": "unavailable", "error": "Timed out"})
    reply = wire.chat("Hello!", stream=True)
    assert (reply.status, reply.headers["content-type"], reply.json["error"]) == (200, "application/json", "Timed out")


def test_fail(emulator: Emulator, wire: Wire) -> None:
    emulator.fail(429, {"code": "resource-exhausted", "error": "slow down"}, times=2, headers={"retry-after": "1"})
    replies = [wire.chat("Hello!") for _ in range(3)]
    assert [reply.status for reply in replies] == [429, 429, 200]
    assert replies[0].headers["retry-after"] == "1" and replies[0].json["error"] == "slow down"
    emulator.fail(503, "no healthy upstream")
    assert wire.responses("Hello!").text == "no healthy upstream"


def test_cut_after(emulator: Emulator, wire: Wire) -> None:
    emulator.cut_after(4)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)) as caught:
        wire.responses("Hello!", stream=True)
    assert getattr(caught.value, "partial", b"").count(b"event: ") in (0, 4)
    assert wire.responses("Hello!", stream=True).events[-1]["type"] == "response.completed"


def test_delay(emulator: Emulator, wire: Wire) -> None:
    emulator.delay(0.2)
    start = time.monotonic()
    wire.chat("Hello!")
    middle = time.monotonic()
    wire.chat("Hello!")
    assert middle - start >= 0.2 > time.monotonic() - middle


def test_a_client_that_left_takes_nothing_from_later_ones(emulator: Emulator, wire: Wire) -> None:
    """What was queued and spent after a client gave up belongs to those who came after it."""
    emulator.delay(0.3)
    port = int(emulator.base_url.rpartition(":")[2].partition("/")[0])
    hasty = http.client.HTTPConnection("127.0.0.1", port, timeout=0.1)
    asked = {"model": "grok-4.3", "messages": [{"role": "user", "content": "Hello!"}]}
    hasty.request("POST", "/v1/chat/completions", json.dumps(asked), {"authorization": f"Bearer {KEY}"})
    with pytest.raises(TimeoutError):
        hasty.getresponse()
    hasty.close()
    emulator.reset()
    emulator.delay(0.4)  # the next request is still waiting when the one that left would have been answered
    emulator.reply(WHOLE_CHAT)
    assert wire.chat("Hello!").json == WHOLE_CHAT
    with Emulator() as fresh:
        assert wire.chat("Hello!").json["id"] == Wire(fresh).chat("Hello!").json["id"]


def test_an_answer_is_due_to_the_request_that_came_first(emulator: Emulator, wire: Wire) -> None:
    emulator.delay(0.3)
    emulator.reply({**WHOLE_CHAT, "id": "first"})
    emulator.reply({**WHOLE_CHAT, "id": "second"})
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(wire.chat, "Hello!")
        while not emulator.requests:
            time.sleep(0.005)
        assert wire.chat("Hello!").json["id"] == "second"
        assert first.result().json["id"] == "first"


def test_requests_are_recorded(emulator: Emulator, wire: Wire) -> None:
    wire.chat("Hello!", headers_are="separate")
    (request,) = emulator.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["messages"][0]["content"] == "Hello!" and json.loads(request.raw) == request.body
    emulator.reset()
    assert emulator.requests == []


def test_previous_response(wire: Wire) -> None:
    first = wire.responses("The gate is red.").json
    second = wire.responses("What colour is the gate?", previous_response_id=first["id"]).json
    assert "red" in text_of(second) and second["previous_response_id"] == first["id"]
    third = wire.responses("What colour did I say?", previous_response_id=second["id"])
    assert third.status == 200
    kept = wire.send("GET", f"/responses/{second['id']}").json
    assert [item["type"] for item in kept["output"]] == ["message"] and kept["instructions"] is None
    listed = wire.send("GET", f"/responses/{second['id']}/input_items?order=asc&limit=1").json
    assert listed["data"][0]["content"] == "The gate is red." and listed["has_more"]
    gone = wire.send("DELETE", f"/responses/{first['id']}")
    assert gone.json == {"id": first["id"], "object": "response", "deleted": True}
    assert wire.send("DELETE", f"/responses/{first['id']}").status == 404
    assert wire.send("GET", f"/responses/{wire.responses('Hi', store=False).json['id']}").status == 404


def test_deferred(wire: Wire) -> None:
    ticket = wire.chat("Hello!", deferred=True).json["request_id"]
    assert text_of(wire.send("GET", f"/chat/deferred-completion/{ticket}").json).startswith("Hello")
    assert wire.send("GET", f"/chat/deferred-completion/{ticket}").status == 404


def test_listings(wire: Wire) -> None:
    models = wire.send("GET", "/models").json
    assert models["object"] == "list" and models["data"][0]["id"] == "grok-4.7"
    one = wire.send("GET", "/models/grok-4.5-latest").json
    assert one["id"] == "grok-4.5" and one["completion_text_token_price"] == 60_000
    assert wire.send("GET", "/language-models/grok-4.3").json["input_modalities"] == ["text", "image"]
    assert len(wire.send("GET", "/language-models").json["models"]) == len(models["data"])
    assert wire.send("GET", "/models/grok-99").status == 404
    pieces = wire.send("POST", "/tokenize-text", {"model": "grok-4.3", "text": "Hello world"}).json["token_ids"]
    assert [piece["string_token"] for piece in pieces] == ["Hello", " world"]
    assert "acls" in wire.send("GET", "/api-key").json


def test_only_key() -> None:
    with Emulator(api_key="xai-mine") as emulator:
        wire = Wire(emulator)
        assert wire.send("GET", "/models", key="xai-mine").status == 200
        assert wire.send("GET", "/models", key="xai-other").status == 400


def test_starts_fast_and_leaves_nothing() -> None:
    before = threading.active_count()
    start = time.monotonic()
    emulator = Emulator().start()
    assert time.monotonic() - start < 0.3
    assert emulator.start() is emulator
    port = int(emulator.base_url.split(":")[2].split("/")[0])
    Wire(emulator).chat("Hello!")
    emulator.close()
    emulator.close()
    assert threading.active_count() == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_close_ends_a_waiting_request() -> None:
    emulator = Emulator().start()
    emulator.delay(30)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Wire(emulator).chat, "Hello!")
        while not emulator.requests:
            time.sleep(0.01)
        start = time.monotonic()
        emulator.close()
        assert time.monotonic() - start < 3
        with contextlib.suppress(OSError, http.client.HTTPException):  # closed without an answer, or answered so
            assert waiting.result(5).status >= 500


def test_two_hundred_streams_at_once(emulator: Emulator, wire: Wire) -> None:
    def one(number: int) -> str:
        text = f"The number on the door is {number}. What is the number on the door?"
        events = wire.responses(text, stream=True).events
        return text_of(events[-1]["response"])

    with ThreadPoolExecutor(200) as pool:
        assert list(pool.map(one, range(200))) == [f"The number on the door is {n}." for n in range(200)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_command_line() -> None:
    command = [sys.executable, "-u", "-m", "grok_emulator", "--port", "0"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stdout.readline() for _ in range(6)]
        url = lines[0].split()[-1]
        answer = openai.OpenAI(base_url=url, api_key=KEY).responses.create(model="grok-4.7", input="What is 6 * 7?")
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0 and process.stderr.read() == ""
    assert answer.output_text == "6 * 7 = 42."
    assert any(f"XAI_BASE_URL={url}" in line for line in lines)


def test_scripting_from_other_threads(emulator: Emulator, wire: Wire) -> None:
    bodies: list[Any] = [{**WHOLE_CHAT, "id": f"c-{n}"} for n in range(50)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(emulator.reply, bodies))
        answers = list(pool.map(lambda _: wire.chat("Hello!").json["id"], bodies))
    assert sorted(answers) == sorted(body["id"] for body in bodies)
