"""L11 for both providers: secrets are sent, and appear nowhere else, also when the server repeats them.

A secret stands in every place that can hold one; every way in which a model, a call or an error becomes text is tried.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.load import dumps
from llama_index.core.llms import ChatMessage

from grok_adapter import GrokClient, GrokConfigurationError, GrokError, MCPServer, RawServerTool
from grok_emulator import Emulator
from langchain_grok import ChatGrok
from llama_index_grok import Grok
from tests.support.ways import WAYS, Way, apis, ways

KEY = "xai-K1-000000000000000000"
PASSWORD = "pw-P2-000000"
HEADER = "header-H3-00000"
MCP = "mcp-M4-00000000"
MCP_HEADER = "mcp-header-M5-00"
RAW = "raw-R6-0000000"
PROXY = "proxy-X7-00000"
GIVEN = "vault/G8:0000000000"  # of a callable, and of no shape that looks like a key
SECRETS = [KEY, PASSWORD, HEADER, MCP, MCP_HEADER, RAW, PROXY, GIVEN]
ONE_WAY = [way for way in WAYS if not way.streamed and not way.asynchronous]


@pytest.fixture(autouse=True)
def _proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PROXY}@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def loaded(way: Way, emulator: Emulator, **fields: Any) -> Any:
    """A model with a secret in every place that can hold one."""
    url = emulator.base_url.replace("://", f"://me:{PASSWORD}@")
    tools = [
        MCPServer("https://mcp.example.com/", authorization=MCP, headers={"X-Mcp": MCP_HEADER}),
        RawServerTool({"type": "mcp", "server_label": "raw", "server_url": "https://r.example", "authorization": RAW}),
    ]
    own = {"api_key": KEY, "default_headers": {"X-Company": f"Token {HEADER}"}, "server_tools": tools, **fields}
    return way.model(url, **own)


def check(shown: dict[str, str]) -> None:
    for where, text in shown.items():
        for secret in [*SECRETS, base64.b64encode(f"me:{PASSWORD}".encode()).decode()]:
            assert secret not in text, f"{secret} in {where}: {text[max(0, text.find(secret) - 200) :][:400]}"


@pytest.mark.parametrize("way", ONE_WAY, ids=str)
def test_no_text_of_a_model_holds_a_secret(emulator: Emulator, way: Way) -> None:
    model = loaded(way, emulator)
    shown = {
        "repr": repr(model),
        "str": str(model),
        "dump": str(model.model_dump()),
        "json": model.model_dump_json(),
        "pickle": pickle.dumps(model).decode("latin-1"),
        "client": repr(GrokClient(model)) + pickle.dumps(GrokClient(model)).decode("latin-1"),
    }
    if way.provider == "langchain":
        shown |= {"load": dumps(model), "params": str(model._get_invocation_params()), "cache": model._get_llm_string()}
    else:
        shown |= {"to_dict": str(model.to_dict()), "to_json": model.to_json()}
    check(shown)
    assert "mcp.example.com" in shown["dump"]


@ways
def test_they_are_sent_all_the_same_and_no_log_has_them(
    emulator: Emulator, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert way.ask(loaded(way, emulator), "Is the moon made of rock? It is made of rock.")
    sent = emulator.requests[-1]
    assert sent.headers["authorization"] == "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert sent.headers["x-api-key"] == KEY
    assert sent.headers["x-company"] == f"Token {HEADER}"
    assert [tool["authorization"] for tool in sent.body["tools"]] == [MCP, RAW]
    assert sent.body["tools"][0]["headers"] == {"X-Mcp": MCP_HEADER}
    assert caplog.records
    check({record.name: record.getMessage() for record in caplog.records})


@ways
@apis
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
def test_no_error_has_them_even_when_the_server_repeats_them(
    emulator: Emulator, way: Way, api: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    tools = {} if api == "responses" else {"server_tools": None}
    fields = {"api": api, "max_retries": 1 if status == 500 else 0, **tools}
    model = loaded(way, emulator, api_key=lambda: GIVEN, **fields)
    of_tools = () if api == "responses" else (MCP, MCP_HEADER, RAW)  # in no request of Chat Completions
    said = [secret for secret in SECRETS if secret not in (KEY, *of_tools)]
    emulator.fail(status, {"code": "invalid-argument", "error": f"You sent {said}.", "details": said}, times=2)
    with caplog.at_level(logging.DEBUG), pytest.raises(GrokError) as caught:
        way.ask(model)
    error = caught.value
    assert "You sent" in str(error)
    check(texts_of(error) | {"log": caplog.text})


def texts_of(error: BaseException) -> dict[str, str]:
    """Every way in which an error becomes text, its causes included."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=False)
    return {
        "str": str(error),
        "repr": repr(error),
        "args": repr(error.args),
        "traceback": "".join(frames.format()),
        "dict": json.dumps(error.__dict__, default=repr),
        "pickle": pickle.dumps(error).decode("latin-1"),
        "cause": repr(getattr(error.__cause__, "__dict__", "")) + str(error.__cause__),
        "response": str(getattr(getattr(error, "response", None), "text", "")),
    }


@ways
def test_locals_in_tracebacks_show_no_key_of_ours(emulator: Emulator, way: Way) -> None:
    """Error trackers print the locals of every frame."""
    emulator.fail(400, {"error": "No."})
    with pytest.raises(GrokError) as caught:
        way.ask(loaded(way, emulator))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    lines = "".join(shown.format())
    for secret in (KEY, MCP, MCP_HEADER, RAW):
        assert secret not in lines, lines[max(0, lines.find(secret) - 600) :][:800]


@ways
def test_a_connection_error_shows_no_password(way: Way) -> None:
    model = way.model(f"http://me:{PASSWORD}@127.0.0.1:9/v1", api_key=KEY)
    with pytest.raises(GrokError) as caught:
        way.ask(model)
    check(texts_of(caught.value))


@pytest.mark.parametrize("way", ONE_WAY, ids=str)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda m: m.model_copy(), lambda m: m.model_copy(deep=True)]
)
def test_copies_in_memory_keep_them(emulator: Emulator, way: Way, copied: Callable[[Any], Any]) -> None:
    twin = copied(loaded(way, emulator))
    assert way.ask(twin, "Is the moon made of rock? It is made of rock.")
    sent = emulator.requests[-1]
    assert (sent.headers["x-api-key"], sent.headers["x-company"]) == (KEY, f"Token {HEADER}")
    assert sent.body["tools"][0]["authorization"] == MCP


# --- keys of others


def give(value: str) -> dict[str, Any]:
    async def later() -> str:
        return value

    return {"key": value, "callable": lambda: value, "async callable": later}


@ways
@pytest.mark.parametrize("how", ["key", "callable", "async callable"])
@pytest.mark.parametrize("host", ["https://api.x.ai/v1", "https://us.api.x.ai/v1"])
def test_a_key_of_another_provider_is_not_sent_to_xai(
    way: Way, how: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "async callable" and not way.asynchronous:
        way = Way(way.provider, way.streamed, True)

    def no_network(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("something was sent")

    monkeypatch.setattr("socket.socket.connect", no_network)
    key = "sk-proj-0123456789abcdef"
    with pytest.raises(GrokConfigurationError, match="starts with 'sk-'") as caught:
        way.ask(way.model(host, api_key=give(key)[how]))
    assert key not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("way", ONE_WAY, ids=str)
def test_a_gateway_may_have_keys_of_any_kind(emulator: Emulator, way: Way) -> None:
    emulator.fail(400, {"error": "Incorrect API key provided: sk-proj-0123456789abcdef"})
    with pytest.raises(GrokError) as caught:
        way.ask(way.model(emulator.base_url, api_key="sk-proj-0123456789abcdef"))
    assert emulator.requests[-1].headers["authorization"] == "Bearer sk-proj-0123456789abcdef"
    check({"error": str(caught.value).replace("sk-***", "")})
    assert "0123456789abcdef" not in str(caught.value)


def test_rotated_keys_are_all_kept_out(emulator: Emulator) -> None:
    keys: Iterator[str] = iter(f"rotated-{n}-000000" for n in range(3))

    async def ask() -> None:
        way = Way("langchain", False, True)
        model = way.model(emulator.base_url, api_key=lambda: next(keys), max_retries=2)
        emulator.fail(500, {"error": "first"}, headers={"retry-after": "0"})
        emulator.fail(400, {"error": "You sent rotated-0-000000, then rotated-1-000000."})
        with pytest.raises(GrokError) as caught:
            await way.aask(model)
        assert "rotated-" not in str(caught.value)

    asyncio.run(ask())


ODD_TOOL = {"type": "mcp", "server_url": "https://mcp.example.com/", "authorization": "token-SECRET-0000"}


@pytest.mark.parametrize("framework", [ChatGrok, Grok])
@pytest.mark.parametrize(
    "fields",
    [
        {"server_tools": ODD_TOOL},
        {"extra_body": [ODD_TOOL]},
        {"temperature": ODD_TOOL},
        {"stop": [ODD_TOOL]},
        {"default_headers": [("x-secret", "token-SECRET-0000")]},
    ],
)
def test_a_refused_setting_is_named_without_the_credentials_in_it(framework: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))) as caught:
        framework(api_key="xai-any", **fields)
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("tool", [[ODD_TOOL], {**ODD_TOOL, "type": "invented"}])
def test_a_refused_tool_is_named_without_the_credentials_in_it(tool: Any) -> None:
    with pytest.raises(ValueError, match="tools") as caught:
        ChatGrok(api_key="xai-any").bind_tools([tool])
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(ValueError, match="tools") as caught:
        Grok(api_key="xai-any").chat([ChatMessage(content="Hi")], tools=[tool])
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
