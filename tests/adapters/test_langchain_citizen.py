"""A good citizen: tracing, caches, serialisation, pickles, configuration, import cost, and no secret anywhere."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import subprocess
import sys
import warnings
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumpd, dumps, loads
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import ConfigurableField
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph

import langchain_grok
from grok_adapter import GrokModel, UnsupportedParameterWarning
from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokConfigurationError, MCPServer, RawServerTool, WebSearch, get_usage_cost
from tests.adapters.langchain_replies import SEARCH, completion, message, response
from tests.conftest import KEY
from tests.support.generated import events_of

SECRETS = [KEY, "mcp-secret", "header-secret"]


@pytest.fixture
def grok(emulator: Emulator) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0)


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


class Tracer(BaseCallbackHandler):
    """Remembers everything that tracing is shown."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.seen += [args, kwargs]

    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        self.seen += [args, kwargs]

    def on_llm_error(self, *args: Any, **kwargs: Any) -> None:
        self.seen += [args, kwargs]


# --- secrets


def secretive(emulator: Emulator) -> ChatGrok:
    return ChatGrok(
        base_url=emulator.base_url,
        api_key=KEY,
        max_retries=0,
        default_headers={"X-Gateway": "header-secret"},
        server_tools=[
            MCPServer("https://mcp.example.com", authorization="mcp-secret", headers={"X-A": "header-secret"})
        ],
    )


def test_no_secret_is_shown(emulator: Emulator) -> None:
    model, tracer = secretive(emulator), Tracer()
    given = {"type": "mcp", "server_url": "https://mcp.example.com", "authorization": "mcp-secret"}
    asked = {"config": {"callbacks": [tracer]}, "tools": [given], "extra_body": {"tools": [given]}}
    emulator.reply(response(message("ok")))
    model.invoke("Hi", **asked)  # type: ignore[arg-type]
    assert emulator.requests[-1].body["tools"][0]["authorization"] == "mcp-secret"
    emulator.fail(400, {"code": "invalid", "error": f"Bad key {KEY} or mcp-secret"})
    with pytest.raises(langchain_grok.GrokError) as caught:
        model.invoke("Hi", **asked)  # type: ignore[arg-type]
    bound = model.bind_tools([given])
    shown = [
        repr(model), str(model), dumps(model), json.dumps(dumpd(model)), str(model.asdict()), repr(bound), dumps(bound),
        repr(tracer.seen), str(model._get_llm_string(tools=[given])), repr(caught.value), str(caught.value),
        str(vars(caught.value)), str(pickle.dumps(model)), str(pickle.dumps(caught.value)), str(model.model_dump()),
    ]  # fmt: skip
    for text in shown:
        for secret in SECRETS:
            assert secret not in text, text[:300]


def test_a_pickle_reads_the_environment_where_it_arrives(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    model = secretive(emulator)
    assert copy.deepcopy(model).api_key == model.api_key
    assert model.model_copy().api_key == model.api_key
    monkeypatch.setenv("XAI_API_KEY", "xai-of-the-receiver")
    arrived = pickle.loads(pickle.dumps(model))
    assert arrived.api_key.get_secret_value() == "xai-of-the-receiver"
    assert arrived.invoke("Is the moon made of rock?").content
    assert emulator.requests[-1].headers["authorization"] == "Bearer xai-of-the-receiver"


def test_dumps_and_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", KEY)
    model = ChatGrok(temperature=0.3, server_tools=[WebSearch(allowed_domains=["python.org"])])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `loads` is in beta
        again = loads(
            dumps(model), valid_namespaces=["langchain_grok"], secrets_from_env=True, allowed_objects=[ChatGrok]
        )
    assert again.asdict() == model.asdict()
    assert again.api_key.get_secret_value() == KEY


# --- tracing and caches


def test_what_tracing_is_told(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, temperature=0.2, max_tokens=50, stop=["END"])
    params = model._get_ls_params(model="grok-4.3")
    assert params == {
        "ls_provider": "xai", "ls_model_type": "chat", "ls_model_name": "grok-4.3", "ls_temperature": 0.2,
        "ls_max_tokens": 50, "ls_stop": ["END"],
    }  # fmt: skip
    tracer = Tracer()
    model.bind_tools([multiply]).invoke("Hi", config={"callbacks": [tracer], "tags": ["t"], "metadata": {"m": 1}})
    kwargs = tracer.seen[1]
    assert kwargs["invocation_params"]["_type"] == "xai-chat"
    assert kwargs["invocation_params"]["tools"][0]["function"]["name"] == "multiply"
    assert kwargs["tags"] == ["t"]
    assert (kwargs["metadata"]["m"], kwargs["metadata"]["ls_provider"]) == (1, "xai")
    assert set(kwargs["metadata"]["lc_versions"]) >= {"grok-adapter", "langchain-core"}


def test_tracing_metadata_is_no_parameter(emulator: Emulator, recwarn: pytest.WarningsRecorder) -> None:
    ChatGrok(base_url=emulator.base_url, api_key=KEY, metadata={"team": "a"}, tags=["b"]).invoke("Hi")
    assert "metadata" not in emulator.requests[-1].body
    assert not [w for w in recwarn if issubclass(w.category, UnsupportedParameterWarning)]


def test_cache_keys_differ_by_everything_that_counts() -> None:
    base: dict[str, Any] = {"api_key": KEY}
    models = [
        {}, {"api": "chat"}, {"model": "grok-4.3"}, {"temperature": 0.1}, {"seed": 1}, {"output_version": "v1"},
        {"server_tools": [WebSearch()]}, {"server_tools": [WebSearch(inline_citations=False)]},
        {"server_tools": [RawServerTool({"type": "web_search", "allowed_domains": ["a"]})]},
        {"server_tools": [MCPServer("https://a.example")]}, {"server_tools": [MCPServer("https://b.example")]},
        {"extra_body": {"a": 1}}, {"base_url": "https://us.api.x.ai"}, {"conversation_id": "c"},
    ]  # fmt: skip
    keys = [ChatGrok(**base, **fields)._get_llm_string() for fields in models]
    calls: list[dict[str, Any]] = [
        {"stop": ["a"]}, {"tools": [WebSearch()]}, {"tools": [WebSearch(enable_image_search=True)]},
        {"tools": [{"type": "x_search"}]}, {"tools": [RawServerTool({"type": "shell", "a": 1})]},
        {"tools": [RawServerTool({"type": "shell", "a": 2})]}, {"response_format": {"type": "json_object"}},
    ]  # fmt: skip
    keys += [ChatGrok(**base)._get_llm_string(**kwargs) for kwargs in calls]
    assert len(set(keys)) == len(keys)
    again = [ChatGrok(**base, **fields)._get_llm_string() for fields in models]
    assert again == keys[: len(models)]
    changed = ChatGrok(**base)
    changed._get_llm_string()
    assert changed.model_copy(update={"api": "chat"})._get_llm_string() == keys[1]


def test_a_cache_answers_the_second_time(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, cache=InMemoryCache())
    first, second = model.invoke("Hi"), model.invoke("Hi")
    assert (first.content, len(emulator.requests)) == (second.content, 1)
    model.invoke("Hi", temperature=0.1)
    assert len(emulator.requests) == 2


# --- configuration


def test_swapped_names_and_unknown_ones() -> None:
    model = ChatGrok(
        xai_api_key=KEY, model_name="grok-4.3", max_completion_tokens=5, request_timeout=3, stop_sequences=["x"],
        use_responses_api=False,
    )  # type: ignore[call-arg]  # fmt: skip
    assert (model.model, model.max_tokens, model.timeout, model.stop, model.api) == ("grok-4.3", 5, 3, ["x"], "chat")
    assert model.model_name == "grok-4.3"
    with pytest.raises(GrokConfigurationError, match=r"'temprature'.*'temperature'"):
        ChatGrok(api_key=KEY, temprature=1)  # type: ignore[call-arg]
    with pytest.raises(GrokConfigurationError, match="XAI_API_KEY"):
        ChatGrok()


def test_arguments_of_a_call_win_over_those_of_the_model(emulator: Emulator) -> None:
    model = ChatGrok(
        base_url=emulator.base_url, api_key=KEY, temperature=0.1, model_kwargs={"top_p": 0.5, "new_key": 1}
    )
    emulator.reply(response(message("ok")))
    answer = model.invoke("Hi", model="grok-4.3", temperature=0.9, timeout=30)
    body = emulator.requests[-1].body
    assert (body["model"], body["temperature"], body["top_p"], body["new_key"]) == ("grok-4.3", 0.9, 0.5, 1)
    assert "timeout" not in body
    (entry,) = answer.response_metadata["unsupported_parameters"]
    assert (entry["name"], entry["sent"]) == ("new_key", True)


def test_what_is_not_sent_is_reported(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, presence_penalty=0.5)
    with pytest.warns(UnsupportedParameterWarning, match=r"presence_penalty=0\.5"):
        answer = model.invoke("Hi")
    assert answer.response_metadata["unsupported_parameters"][0]["name"] == "presence_penalty"


def test_configurable_fields(emulator: Emulator, grok: ChatGrok) -> None:
    model = grok.configurable_fields(temperature=ConfigurableField("heat"), model=ConfigurableField("which"))
    grok.invoke("Hi")  # fills what is cached on the model
    model.invoke("Hi", config={"configurable": {"heat": 0.7, "which": "grok-4.3"}})
    body = emulator.requests[-1].body
    assert (body["temperature"], body["model"]) == (0.7, "grok-4.3")


def test_streaming_can_be_disabled(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, disable_streaming=True)
    assert len(list(model.stream("Hi"))) == 1
    assert "stream" not in emulator.requests[-1].body
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, disable_streaming="tool_calling")
    list(model.bind_tools([multiply]).stream("Hi"))
    assert "stream" not in emulator.requests[-1].body
    list(model.stream("Hi"))
    assert emulator.requests[-1].body["stream"] is True


def test_batches_and_rate_limits(emulator: Emulator) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=1000, check_every_n_seconds=0.001)
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, rate_limiter=limiter)
    assert len(model.batch(["Hi"] * 5, config={"max_concurrency": 2})) == 5
    assert len(asyncio.run(model.abatch(["Hi"] * 5, config={"max_concurrency": 2}))) == 5


def test_stop_cuts_and_says_so(emulator: Emulator, grok: ChatGrok) -> None:
    body = response(message("one END two"))
    emulator.reply(body)
    assert grok.invoke("?", stop=["END"]).content == "one "
    emulator.reply(events_of("responses", body, 2))
    first, *others = grok.stream("?", stop=["END"])
    total = first + others  # type: ignore[operator]
    assert total.content == "one "
    assert total.response_metadata["usage_estimated"] is True


# --- profile, tokens, usage


def test_profiles() -> None:
    profile = ChatGrok(api_key=KEY).profile or {}
    assert profile["max_input_tokens"] == 500_000
    assert profile["structured_output"]
    assert profile["image_inputs"]
    unknown = ChatGrok(api_key=KEY, model="grok-99-of-the-future").profile or {}
    assert unknown["structured_output"]
    assert unknown["max_input_tokens"] == 256_000
    own = ChatGrok(api_key=KEY, model="mine", model_info=GrokModel("mine", context_window=7)).profile or {}
    assert own["max_input_tokens"] == 7
    assert ChatGrok(api_key=KEY, profile={"max_input_tokens": 5}).profile == {"max_input_tokens": 5}


def test_tokens_are_counted_offline() -> None:
    model = ChatGrok(api_key=KEY)
    assert 5 <= model.get_num_tokens("The capital of France is Paris.") <= 9
    messages = [SystemMessage("Be short."), HumanMessage("What is the capital of France?")]
    without = model.get_num_tokens_from_messages(messages)
    assert without < model.get_num_tokens_from_messages(messages, tools=[multiply])
    with pytest.raises(NotImplementedError, match="get_num_tokens"):
        model.get_token_ids("Hi")


def test_the_ledger_adds_up(emulator: Emulator, grok: ChatGrok) -> None:
    chat = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat")
    body = response(SEARCH, message("ok"))
    with get_usage_cost() as cost:
        emulator.reply(body)
        grok.invoke("?")
        emulator.reply(events_of("responses", body))
        list(grok.stream("?"))
        emulator.reply(body)
        asyncio.run(grok.ainvoke("?"))
        emulator.reply(completion("ok", model="grok-4.3"))
        chat.invoke("?")
        with get_usage_cost() as inner:
            emulator.reply(body)
            grok.invoke("?")
    assert inner.total.calls == 1
    grok.invoke("not counted")
    assert {name: usage.calls for name, usage in cost.models.items()} == {"grok-4.7": 3, "grok-4.3": 1}
    total = cost.total
    assert (total.input_tokens, total.output_tokens, total.total_tokens) == (120, 80, 200)
    assert total.cached_share == pytest.approx(1 / 3)
    assert total.reasoning_share == pytest.approx(12 / 20)
    assert total.server_tool_calls == 3
    assert cost.cost_usd == pytest.approx(4 * 0.0037756)
    table = str(cost).splitlines()
    assert len(table) == 4
    assert "33%" in table[-1]
    assert "$0.015102" in table[-1]


# --- LangGraph


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("setting", [None, "own", False])
def test_the_thread_is_the_conversation(emulator: Emulator, api: str, setting: Any) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api, conversation_id=setting)

    def node(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    async def anode(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    config: Any = {"configurable": {"thread_id": "thread-1"}}
    asked: Any = {"messages": [("user", "Hi")]}
    wanted = {None: "thread-1", "own": "own", False: None}[setting]
    for which in (node, anode):
        graph = StateGraph(MessagesState).add_node("model", which).add_edge(START, "model").compile()
        asyncio.run(graph.ainvoke(asked, config))
        list(graph.stream(asked, config, stream_mode="messages")) if which is node else None
        for request in emulator.requests:
            sent = request.body.get("prompt_cache_key") or request.headers.get("x-grok-conv-id")
            assert sent == wanted
    model.invoke("Hi")
    sent = emulator.requests[-1].body.get("prompt_cache_key") or emulator.requests[-1].headers.get("x-grok-conv-id")
    assert sent == (setting or None)


# --- the package


def test_public_names() -> None:
    assert all(getattr(langchain_grok, name) is not None for name in langchain_grok.__all__)
    with pytest.raises(AttributeError):
        langchain_grok.Nothing  # noqa: B018


def test_importing_adds_no_sdk_and_no_other_framework() -> None:
    program = (
        "import sys; import langchain_core.language_models.chat_models; before = set(sys.modules)\n"
        "from langchain_grok import ChatGrok; ChatGrok(api_key='xai-1')\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new & {'openai', 'llama_index', 'tiktoken', 'httpx', 'httpx2', 'transformers', 'langgraph'}))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
