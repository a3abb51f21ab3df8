"""What leaves the process holds no secret; copies in memory keep it; importing loads little."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from pydantic import SecretStr

import llama_index_grok
from grok_emulator import Emulator
from llama_index_grok import Grok, GrokAuthenticationError, GrokConfigurationError, MCPServer, RawServerTool
from tests.adapters.llama_index_support import ANSWER, QUESTION, grok

SECRETS = {
    "api_key": "xai-key-very-secret-1",
    "mcp": "mcp-token-secret-2",
    "raw": "raw-token-secret-3",
    "body": "body-token-secret-4",
    "header": "header-secret-5",
    "query": "query-secret-6",
    "password": "password-secret-7",
}


def full_of_secrets(**fields: Any) -> Grok:
    """A model with a secret in every place that can hold one."""
    return Grok(
        model="grok-4.7",
        api_key=SECRETS["api_key"],
        base_url=f"https://user:{SECRETS['password']}@gateway.example/v1",
        default_headers={"X-Auth": SECRETS["header"]},
        default_query={"key": SECRETS["query"]},
        server_tools=[
            MCPServer("https://mcp.example.com", authorization=SECRETS["mcp"], headers={"X": SECRETS["mcp"]}),
            RawServerTool({"type": "mcp", "server_url": "https://raw.example.com", "authorization": SECRETS["raw"]}),
        ],
        extra_body={"tools": [{"type": "mcp", "authorization": SECRETS["body"]}], "plain": 1},
        **fields,
    )


def shown(llm: Grok) -> dict[str, str]:
    """Every way in which a model becomes text."""
    return {
        "repr": repr(llm),
        "str": str(llm),
        "to_dict": str(llm.to_dict()),
        "to_json": llm.to_json(),
        "model_dump": str(llm.model_dump()),
        "model_dump_json": llm.model_dump_json(),
        "json": llm.json(),
        "payload": str(llm.to_payload()),
        "pickle": pickle.dumps(llm).decode("latin-1"),
        "schema": json.dumps(Grok.class_name()),
    }


def test_no_text_holds_a_secret() -> None:
    for way, text in shown(full_of_secrets()).items():
        for place, secret in SECRETS.items():
            assert secret not in text, (way, place)
    assert "mcp.example.com" in full_of_secrets().to_json()


def test_round_trip_reads_the_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = Grok(model="grok-4.3", api_key="xai-one", temperature=0.3, api="chat", context_window=9_000)
    monkeypatch.setenv("XAI_API_KEY", "xai-two")
    for again in (Grok.from_dict(llm.to_dict()), Grok.from_json(llm.to_json())):
        assert isinstance(again.api_key, SecretStr)
        assert again.api_key.get_secret_value() == "xai-two"
        assert (again.model, again.temperature, again.api) == ("grok-4.3", 0.3, "chat")
        assert again.metadata.context_window == 9_000
    monkeypatch.delenv("XAI_API_KEY")
    with pytest.raises(GrokConfigurationError, match="XAI_API_KEY"):
        Grok.from_dict(llm.to_dict())


def test_server_tools_survive_a_round_trip() -> None:
    again = Grok.from_dict(full_of_secrets().to_dict(), api_key="xai-two")
    assert [tool.to_wire()["server_url"] for tool in again.server_tools or ()] == [
        "https://mcp.example.com",
        "https://raw.example.com",
    ]


def test_pickle_works_again_with_the_key_of_the_new_place(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(grok(emulator, temperature=0.3, system_prompt="Be brief."))
    keyless = pickle.loads(data)
    assert keyless.api_key is None
    assert keyless.system_prompt == "Be brief."
    monkeypatch.setenv("XAI_API_KEY", "xai-there")
    assert pickle.loads(data).complete(QUESTION).text == ANSWER


def test_pickle_without_a_key_fails_at_the_call(emulator: Emulator) -> None:
    keyless = pickle.loads(pickle.dumps(grok(emulator)))
    with pytest.raises((GrokAuthenticationError, GrokConfigurationError)):
        keyless.complete("Hello")


def test_pickle_leaves_out_handlers_that_cannot_be(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    llm = grok(emulator, completion_to_prompt=lambda prompt: prompt, callback_manager=CallbackManager([Unpicklable()]))
    again = pickle.loads(pickle.dumps(llm))
    assert isinstance(again.callback_manager, CallbackManager)
    assert "callback_manager" in caplog.text


class Unpicklable(LlamaDebugHandler):
    def __reduce__(self) -> Any:
        raise TypeError("cannot be pickled")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda llm: llm.model_copy(), lambda llm: llm])
def test_copies_keep_the_key(emulator: Emulator, copied: Any) -> None:
    assert copied(grok(emulator)).complete(QUESTION).text == ANSWER


def test_deep_copies_share_clients(emulator: Emulator) -> None:
    from openai import DefaultHttpxClient

    with DefaultHttpxClient() as client:
        copied = copy.deepcopy(grok(emulator, http_client=client))
        assert copied.http_client is client
        assert copied.complete(QUESTION).text == ANSWER


def test_callable_key(emulator: Emulator) -> None:
    keys = iter(["xai-first", "xai-second"])
    llm = grok(emulator, api_key=lambda: next(keys))
    llm.complete("Hello")
    llm.complete("Hello")
    sent = [request.headers["authorization"] for request in emulator.requests]
    assert sent == ["Bearer xai-first", "Bearer xai-second"]


# --- import ----------------------------------------------------------------------------------------------------------


def loaded_by(statement: str) -> set[str]:
    """Names of the modules that are loaded after a statement, in a fresh interpreter."""
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(out.stdout.splitlines()[-1]))


def test_importing_adds_neither_the_sdk_nor_the_other_framework() -> None:
    theirs = loaded_by("import llama_index.core")
    ours = loaded_by("import llama_index.core; from llama_index_grok import Grok")
    added = {name.partition(".")[0] for name in ours - theirs}
    assert not added & {"openai", "langchain_core", "langchain_grok", "httpx2", "tiktoken", "grok_emulator"}
    assert "openai" in loaded_by("from llama_index_grok import GrokError")


def test_everything_exported_is_there() -> None:
    for name in llama_index_grok.__all__:
        assert getattr(llama_index_grok, name) is not None
    assert set(llama_index_grok.__all__) <= set(dir(llama_index_grok))
    with pytest.raises(AttributeError, match="Groq"):
        _ = llama_index_grok.Groq
