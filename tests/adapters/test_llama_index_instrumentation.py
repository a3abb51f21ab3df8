"""Events, token counts, the cost ledger; and that a stream which is left closes its connection."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span import BaseSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from pydantic import BaseModel

from grok_emulator import Emulator
from llama_index_grok import GrokAuthenticationError, MCPServer, UsageCostHandler, WebSearch
from tests.adapters.llama_index_support import (
    APIS,
    KEY,
    QUESTION,
    WAYS,
    ask,
    called,
    chat_body,
    grok,
    responses_body,
    said,
    searched,
)


class Word(BaseModel):
    """One word."""

    word: str


class Heard(BaseEventHandler):
    """Keeps all events."""

    events: list[Any]

    @classmethod
    def class_name(cls) -> str:
        return "Heard"

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.events.append(event)

    @property
    def names(self) -> list[str]:
        names = [event.class_name() for event in self.events]
        return [name for n, name in enumerate(names) if n == 0 or name != names[n - 1]]


class Spans(BaseSpanHandler[BaseSpan]):
    """Counts open spans."""

    opened: int = 0
    closed: int = 0
    shown: str = ""

    def new_span(self, id_: str, bound_args: Any, *args: Any, **kwargs: Any) -> BaseSpan:
        self.opened += 1
        self.shown += f"{bound_args}"
        return BaseSpan(id_=id_)

    def prepare_to_exit_span(self, id_: str, *args: Any, **kwargs: Any) -> BaseSpan | None:
        self.closed += 1
        return self.open_spans[id_]

    prepare_to_drop_span = prepare_to_exit_span


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard(events=[])
    root = get_dispatcher()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers[:] = [h for h in root.event_handlers if h is not handler]


@pytest.fixture
def spans() -> Iterator[Spans]:
    handler = Spans()
    root = get_dispatcher()
    root.add_span_handler(handler)
    yield handler
    root.span_handlers[:] = [h for h in root.span_handlers if h is not handler]


@pytest.mark.parametrize("way", WAYS)
def test_a_chat_fires_one_pair(emulator: Emulator, heard: Heard, way: str) -> None:
    ask(grok(emulator), way, QUESTION)
    middle = ["LLMChatInProgressEvent"] if "stream" in way else []
    assert heard.names == ["LLMChatStartEvent", *middle, "LLMChatEndEvent"]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_completion_fires_one_pair(emulator: Emulator, heard: Heard, streamed: bool) -> None:
    llm = grok(emulator)
    _ = list(llm.stream_complete(QUESTION)) if streamed else llm.complete(QUESTION)
    middle = ["LLMCompletionInProgressEvent"] if streamed else []
    assert heard.names == ["LLMCompletionStartEvent", *middle, "LLMCompletionEndEvent"]


def test_events_hold_no_secret(emulator: Emulator, heard: Heard) -> None:
    emulator.reply(responses_body(said("Hi.")))
    llm = grok(emulator, default_headers={"X-Gateway": "gateway-secret-1"})
    tools = [
        MCPServer("https://mcp.example.com/sse", authorization="mcp-secret-2", headers={"X-A": "mcp-secret-3"}),
        {"type": "mcp", "server_url": "https://a.example", "server_label": "a", "authorization": "mcp-secret-4"},
    ]
    llm.chat([ChatMessage(content="Hello")], server_tools=tools)
    assert [tool["authorization"] for tool in emulator.requests[-1].body["tools"]] == ["mcp-secret-2", "mcp-secret-4"]
    shown = "".join(str(event.model_dump()) + repr(event) for event in heard.events)
    assert "mcp.example.com" in shown
    for secret in (KEY, "gateway-secret", "mcp-secret"):
        assert secret not in shown


MCP = {
    "type": "mcp",
    "server_url": "https://a.example",
    "server_label": "a",
    "authorization": "mcp-secret-1",
    "headers": {"X-A": "mcp-secret-2"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ["server_tools", "tools"])
def test_spans_hold_no_secret_of_a_keyword(emulator: Emulator, spans: Spans, way: str, where: str) -> None:
    """A span shows the arguments as they were written, unless credentials in them are sealed before it opens."""
    emulator.reply(responses_body(said("Hi.")))
    ask(grok(emulator), way, "Hello", **{where: [MCP], "extra_body": {"password": "body-secret-3"}})
    body = emulator.requests[-1].body
    assert (body["tools"], body["password"]) == ([MCP], "body-secret-3")
    assert "a.example" in spans.shown
    assert "-secret-" not in spans.shown


def test_spans_of_other_entry_points_hold_no_secret(emulator: Emulator, spans: Spans) -> None:
    llm, prompt = grok(emulator), PromptTemplate("Repeat: {token}")
    for method in ("predict", "structured_predict", "stream_structured_predict"):
        emulator.reply(responses_body(said('{"word": "Hi."}')))
        given: list[Any] = [prompt] if method == "predict" else [Word, prompt]
        options: dict[str, Any] = {} if method == "predict" else {"llm_kwargs": {"server_tools": [MCP]}}
        out = getattr(llm, method)(*given, **options, token="a word of the prompt")
        assert list(out) if method.startswith("stream") else out
        assert "a word of the prompt" in str(emulator.requests[-1].body["input"])  # a variable is no credential
        assert method == "predict" or emulator.requests[-1].body["tools"] == [MCP]
    assert "-secret-" not in spans.shown


def test_model_dict_says_what_was_asked(emulator: Emulator, heard: Heard) -> None:
    grok(emulator).complete(QUESTION)
    model = heard.events[0].model_dict
    assert (model["model_name"], model["class_name"]) == ("grok-4.7", "xai_grok_llm")


def test_failures_end_the_event(emulator: Emulator, spans: Spans) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    llm = grok(emulator, callback_manager=CallbackManager([debug]))
    emulator.fail(400, {"code": "invalid-argument", "error": "Incorrect API key provided: xa***. ..."}, times=2)
    with pytest.raises(GrokAuthenticationError):
        llm.complete("Hello")
    with pytest.raises(GrokAuthenticationError):
        list(llm.stream_complete("Hello"))
    assert len(debug.get_llm_inputs_outputs()) == 2
    assert spans.opened == spans.closed > 0


# --- streams that are left -------------------------------------------------------------------------------------------


class Counting:
    """An HTTP transport that counts the responses that are open."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0


def client_with(counting: Counting, *, asynchronous: bool) -> Any:
    """A client of the SDK's own HTTP library whose responses tell when they are closed."""
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

    def seen(response: Any) -> None:
        counting.opened += 1
        close, aclose = response.close, response.aclose

        def closing() -> None:
            counting.closed += 1
            close()

        async def aclosing() -> None:
            counting.closed += 1
            await aclose()

        response.close, response.aclose = closing, aclosing

    async def aseen(response: Any) -> None:
        seen(response)

    if asynchronous:
        return DefaultAsyncHttpxClient(event_hooks={"response": [aseen]})
    return DefaultHttpxClient(event_hooks={"response": [seen]})


@pytest.mark.parametrize("how", ["close", "drop", "raise"])
@pytest.mark.parametrize("endpoint", ["stream_chat", "stream_complete"])
def test_a_stream_that_is_left_closes_its_connection(emulator: Emulator, spans: Spans, how: str, endpoint: str) -> None:
    counting = Counting()
    debug = LlamaDebugHandler(print_trace_on_end=False)  # keeps every payload, exceptions and their frames included
    client = client_with(counting, asynchronous=False)
    llm = grok(emulator, http_client=client, callback_manager=CallbackManager([debug]))
    given: Any = [ChatMessage(content=QUESTION)] if endpoint == "stream_chat" else QUESTION
    stream = getattr(llm, endpoint)(given)
    next(stream)
    assert (counting.opened, counting.closed) == (1, 0)
    if how == "close":
        stream.close()
    elif how == "raise":
        with pytest.raises(KeyError):
            stream.throw(KeyError("x"))
    del stream
    assert counting.closed >= 1
    assert len(debug.get_llm_inputs_outputs()) == 1
    assert spans.opened == spans.closed
    client.close()


@pytest.mark.parametrize("how", ["close", "cancel"])
def test_an_async_stream_that_is_left_closes_its_connection(emulator: Emulator, spans: Spans, how: str) -> None:
    counting = Counting()

    async def main() -> None:
        debug = LlamaDebugHandler(print_trace_on_end=False)
        client = client_with(counting, asynchronous=True)
        llm = grok(emulator, http_async_client=client, callback_manager=CallbackManager([debug]))

        async def read() -> None:
            stream = await llm.astream_chat([ChatMessage(content=QUESTION)])
            async for _ in stream:
                if how == "close":
                    await stream.aclose()
                    return
                await asyncio.sleep(30)

        task = asyncio.create_task(read())
        if how == "cancel":
            while not counting.opened:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        del task
        gc.collect()
        until = time.monotonic() + 5
        while not counting.closed and time.monotonic() < until:
            await asyncio.sleep(0.01)
        await client.aclose()

    asyncio.run(main())
    assert counting.opened == 1
    assert counting.closed >= 1
    assert spans.opened == spans.closed


def test_nothing_is_sent_before_a_stream_is_read(emulator: Emulator) -> None:
    grok(emulator).stream_chat([ChatMessage(content=QUESTION)])
    assert emulator.requests == []


# --- counting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", WAYS)
def test_token_counting_handler(emulator: Emulator, api: str, way: str) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    body = responses_body(said("Hi.")) if api == "responses" else chat_body({"content": "Hi."})
    emulator.reply(body)
    ask(grok(emulator, api=api, callback_manager=CallbackManager([counter])), way, "Hello")
    assert (counter.prompt_llm_token_count, counter.completion_llm_token_count) == (100, 50)


def test_token_counting_of_completions(emulator: Emulator) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    llm = grok(emulator, callback_manager=CallbackManager([counter]))
    for streamed in (False, True):
        emulator.reply(responses_body(said("Hi.")))
        _ = list(llm.stream_complete("Hello")) if streamed else llm.complete("Hello")
    assert counter.total_llm_token_count == 300


@pytest.mark.parametrize("way", WAYS)
def test_the_ledger(emulator: Emulator, way: str) -> None:
    emulator.reply(responses_body(searched("x"), said("Hi."), called("look", "{}")))
    with UsageCostHandler() as ledger:
        ask(grok(emulator, server_tools=[WebSearch()]), way, "Hello")
    ask(grok(emulator), "chat", "Not counted any more")
    row = ledger.models["grok-4.7"]
    assert (row.calls, row.input_tokens, row.output_tokens, row.total_tokens) == (1, 100, 50, 150)
    assert (row.tool_calls, row.server_tool_calls, row.cost_usd) == (1, 1, 0.00125)
    assert (row.cached_share, row.reasoning_share) == (0.4, 0.6)
    assert row.estimated_calls == 0
    assert ledger.total == row


def test_the_ledgers_table(emulator: Emulator) -> None:
    with UsageCostHandler() as ledger:
        for model in ("grok-4.7", "grok-4.3"):
            emulator.reply(responses_body(said("Hi."), model=model))
            grok(emulator, model=model).complete("Hello")
        emulator.reply(responses_body(said("Hi."), model="anything", usage={"input_tokens": 5, "output_tokens": 1}))
        grok(emulator, model="anything").complete("Hello")
    lines = str(ledger).splitlines()
    assert " ".join(lines[0].split()) == "model calls input cached output reasoning tools server tools cost"
    assert lines[1].split() == ["grok-4.7", "1", "100", "40%", "50", "60%", "0", "0", "$0.001250"]
    assert lines[-1].startswith("total")
    assert lines[-1].endswith("$0.002500 (+1 unpriced)")
    ledger.reset()
    assert ledger.models == {}


def test_the_ledger_prices_what_was_not_priced(emulator: Emulator) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100, "total_tokens": 1_100}
    emulator.reply(responses_body(said("Hi."), usage=usage))
    with UsageCostHandler() as ledger:
        response = grok(emulator).complete("Hello")
    assert response.additional_kwargs["cost_usd"] == pytest.approx(0.0026)
    assert response.additional_kwargs["cost_estimated"] is True
    assert ledger.models["grok-4.7"].estimated_calls == 1
    assert "~" in str(ledger)


def test_complete_is_counted_once(emulator: Emulator) -> None:
    with UsageCostHandler() as ledger:
        grok(emulator).complete("Hello")
    assert ledger.total.calls == 1
