"""LangChain's own standard suites, on both APIs, against the emulator. Nothing is left out that applies.

The suites download a picture and a PDF; both are answered from `langchain_files`. `test_serdes` knows only the classes
that langchain-core lists, so `ChatGrok` is added to that list here, and never by the package. `test_stream_time`
replays a cassette; it is recorded from the emulator when the tests begin. Two tests skip themselves: xAI's text models
take no audio.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import httpx
import pytest
import vcr
from langchain_core.language_models import BaseChatModel
from langchain_core.load import mapping
from langchain_core.messages import AIMessage
from langchain_tests.conftest import base_vcr_config
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from grok_emulator import Emulator
from langchain_grok import ChatGrok
from tests.adapters.langchain_files import pdf, png

KEY = "xai-test-key-0123456789abcdef"


class _Both:
    """What both suites are told."""

    api = "responses"
    base_url = "https://api.x.ai/v1"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatGrok

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "grok-4.3", "api": self.api, "api_key": KEY, "base_url": self.base_url}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def returns_usage_metadata(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str | None:
        return "grok-4.7"


class _Unit(_Both, ChatModelUnitTests):
    @pytest.fixture(autouse=True)
    def _listed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tuple(ChatGrok.lc_id())
        loading = import_module("langchain_core.load.load")  # the package exports a function of that name
        for table in (mapping.SERIALIZABLE_MAPPING, loading.ALL_SERIALIZABLE_MAPPINGS):
            monkeypatch.setitem(table, path, path)

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        environment = {"XAI_API_KEY": KEY, "XAI_BASE_URL": "https://us.api.x.ai/v1"}
        expected = {"api_key": KEY, "base_url": "https://us.api.x.ai/v1"}
        return environment, {"model": "grok-4.3", "api": self.api}, expected


class TestUnitOnResponses(_Unit):
    """The unit suite with `api="responses"`."""


class TestUnitOnChat(_Unit):
    """The unit suite with `api="chat"`."""

    api = "chat"


@pytest.fixture(scope="module")
def vcr_config(_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A folder with a cassette for each API: without one `test_stream_time` would record, with one it measures."""
    folder = tmp_path_factory.mktemp("cassettes")
    config = base_vcr_config() | {"cassette_library_dir": str(folder)}
    for suite in (TestIntegrationOnResponses, TestIntegrationOnChat):
        model = ChatGrok(**suite().chat_model_params | {"base_url": _emulator.base_url})
        name = f"{suite.__name__}.test_stream_time"
        with vcr.VCR().use_cassette(name, **config):
            list(model.stream("Write a story about a cat."))
        assert KEY not in (folder / f"{name}.yaml").read_text()
    return config


class _Integration(_Both, ChatModelIntegrationTests):
    @pytest.fixture(autouse=True)
    def _at_the_emulator(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self, "base_url", emulator.base_url, raising=False)
        monkeypatch.setattr(httpx, "get", _answer_download)

    @property
    def enable_vcr_tests(self) -> bool:
        return True

    @property
    def supported_usage_metadata_details(self) -> dict[Any, Any]:
        kinds = ["reasoning_output", "cache_read_input"]
        return {"invoke": kinds, "stream": kinds}

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return self._ask(stream, reasoning_effort="high")

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        self._ask(stream, conversation_id="one")
        return self._ask(stream, conversation_id="one")

    def _ask(self, stream: bool, **fields: Any) -> AIMessage:
        model = ChatGrok(**self.chat_model_params, **fields)
        question = "Is the moon made of rock or of cheese?"
        if not stream:
            return model.invoke(question)
        first, *others = model.stream(question)
        return first + others


def _answer_download(url: str, **_: Any) -> httpx.Response:
    return httpx.Response(200, content=pdf() if url.endswith(".pdf") else png(), request=httpx.Request("GET", url))


class TestIntegrationOnResponses(_Integration):
    """The integration suite with `api="responses"`."""


class TestIntegrationOnChat(_Integration):
    """The integration suite with `api="chat"`."""

    api = "chat"
