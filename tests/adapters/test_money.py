"""Cost, budgets, tokens and files in both frameworks side by side, streamed and not, sync and async."""

from __future__ import annotations

import asyncio
import socket
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.tools import tool
from llama_index.core.base.llms.types import DocumentBlock, TextBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer, Memory
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from grok_adapter import GrokContextLengthError, GrokModel, GrokWarning
from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokStructuredOutputError, get_usage_cost
from llama_index_grok import Grok, UsageCostHandler
from tests.adapters.langchain_replies import message, reasoning, response
from tests.conftest import KEY
from tests.core.test_notices import EATEN

APIS = pytest.mark.parametrize("api", ["responses", "chat"])
WAYS = pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
FRAMEWORKS = pytest.mark.parametrize("framework", ["langchain", "llama_index"])


def make(framework: str, emulator: Emulator, **fields: Any) -> Any:
    cls = ChatGrok if framework == "langchain" else Grok
    return cls(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})


def facts(model: Any, way: str, text: str = "Hi", **options: Any) -> dict[str, Any]:
    """What a call says about itself, whichever framework and way."""

    async def last_of(stream: Any) -> Any:
        if isinstance(model, ChatGrok):
            total = None
            async for chunk in stream:
                total = chunk if total is None else total + chunk
            return total
        return [each async for each in await stream][-1]

    if isinstance(model, ChatGrok):
        if way == "invoke":
            answer: Any = model.invoke(text, **options)
        elif way == "ainvoke":
            answer = asyncio.run(model.ainvoke(text, **options))
        elif way == "stream":
            first, *rest = model.stream(text, **options)
            answer = first + rest
        else:
            answer = asyncio.run(last_of(model.astream(text, **options)))
        return dict(answer.response_metadata)
    asked = [ChatMessage(content=text)]
    if way == "invoke":
        answer = model.chat(asked, **options)
    elif way == "ainvoke":
        answer = asyncio.run(model.achat(asked, **options))
    elif way == "stream":
        answer = list(model.stream_chat(asked, **options))[-1]
    else:
        answer = asyncio.run(last_of(model.astream_chat(asked, **options)))
    return dict(answer.additional_kwargs)


# --- what is sent ------------------------------------------------------------------------------------------------


@APIS
@WAYS
@FRAMEWORKS
def test_nothing_is_sent_that_was_not_asked_for(emulator: Emulator, framework: str, api: str, way: str) -> None:
    facts(make(framework, emulator, api=api), way)
    streamed = {"stream"} | ({"stream_options"} if api == "chat" else set())
    plain = {"model", "input", "store", "include"} if api == "responses" else {"model", "messages"}
    assert set(emulator.requests[0].body) == plain | (streamed if "stream" in way else set())
    assert "x-grok-conv-id" not in emulator.requests[0].headers
    assert emulator.requests[0].body.get("store", False) is False
    assert emulator.requests[0].path == ("/v1/responses" if api == "responses" else "/v1/chat/completions")


@APIS
def test_complete_never_posts_to_the_legacy_endpoint(emulator: Emulator, api: str) -> None:
    llm = make("llama_index", emulator, api=api)

    async def both() -> None:
        await llm.acomplete("Hi")
        _ = [each async for each in await llm.astream_complete("Hi")]

    llm.complete("Hi")
    list(llm.stream_complete("Hi"))
    asyncio.run(both())
    assert {r.path for r in emulator.requests} == {"/v1/responses" if api == "responses" else "/v1/chat/completions"}
    turns = [(r.body.get("input") or r.body["messages"])[0] for r in emulator.requests]
    assert turns == [{"role": "user", "content": "Hi"}] * 4


@FRAMEWORKS
def test_usage_of_a_stream_may_be_left_unasked(emulator: Emulator, framework: str) -> None:
    facts(make(framework, emulator, api="chat"), "stream", stream_usage=False)
    assert "stream_options" not in emulator.requests[0].body


@FRAMEWORKS
def test_every_option_of_stored_answers_arrives(emulator: Emulator, framework: str) -> None:
    guidelines = [{"type": "policy", "category": "violence", "behavior": "decline"}]
    options: dict[str, Any] = {
        "store": True,
        "service_tier": "priority",
        "max_turns": 3,
        "include": ["web_search_call.action.sources"],
        "user": "u-1",
        "guidelines": guidelines,
    }
    said = facts(make(framework, emulator, **options), "invoke")
    body = emulator.requests[0].body
    assert {name: body[name] for name in options if name != "include"} == {
        name: value for name, value in options.items() if name != "include"
    }
    assert set(options["include"]) < set(body["include"])
    assert said["service_tier"] == "priority"
    facts(make(framework, emulator), "invoke", previous_response_id=said["id"])
    assert emulator.requests[1].body["previous_response_id"] == said["id"]


# --- cost --------------------------------------------------------------------------------------------------------


@APIS
@WAYS
@FRAMEWORKS
def test_the_cost_is_the_ticks(emulator: Emulator, framework: str, api: str, way: str) -> None:
    said = facts(make(framework, emulator, api=api), way)
    usage = said["token_usage" if framework == "langchain" else "usage"]
    assert said["cost_usd"] == usage["cost_in_usd_ticks"] / 10**10 > 0
    assert "cost_estimated" not in said
    assert said["model_name"] == "grok-4.7"


@WAYS
@FRAMEWORKS
def test_a_cost_that_was_not_told_is_estimated_and_marked(emulator: Emulator, framework: str, way: str) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100, "total_tokens": 1_100}
    body = response(message("ok"), usage=usage, created_at=1_791_000_000, service_tier="priority")
    emulator.reply(body)
    said = facts(make(framework, emulator), way)
    assert (said["cost_usd"], said["cost_estimated"]) == (2 * (1_000 * 20_000 + 100 * 60_000) / 10**10, True)


@WAYS
@FRAMEWORKS
def test_the_answering_models_price_counts(emulator: Emulator, framework: str, way: str) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100, "total_tokens": 1_100}
    emulator.reply(response(message("ok"), model="grok-4.3", usage=usage, created_at=1_791_000_000))
    with pytest.warns(GrokWarning, match=r"'grok-3-mini' was retired on 2026-05-15 and 'grok-4\.3' answered"):
        said = facts(make(framework, emulator, model="grok-3-mini"), way)
    assert said["model_name"] == "grok-4.3"
    assert said["cost_usd"] == (1_000 * 12_500 + 100 * 25_000) / 10**10


HEAD = ["model", "calls", "input", "cached", "output", "reasoning"]


def test_both_ledgers_print_the_same_table(emulator: Emulator) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100, "total_tokens": 1_100}
    bodies = [response(message("ok")), response(message("ok"), usage=usage, created_at=1_791_000_000)]
    with get_usage_cost() as ours:
        for body in bodies:
            emulator.reply(body)
            facts(make("langchain", emulator), "invoke")
    with UsageCostHandler() as theirs:
        for body in bodies:
            emulator.reply(body)
            facts(make("llama_index", emulator), "invoke")
    heads = str(ours).splitlines()
    assert heads[0].split() == [*HEAD, "tools", "server", "tools", "cost"]
    line = ["grok-4.7", "2", "1,030", "1%", "120", "10%"]
    assert heads[1].split()[:6] == str(theirs).splitlines()[1].split()[:6] == line
    assert heads[1].endswith("~$0.006376")
    assert (ours.total.estimated_calls, theirs.total.estimated_calls) == (1, 1)
    assert ours.cost_usd == theirs.total.cost_usd


def test_an_answer_from_langchains_cache_costs_nothing(emulator: Emulator) -> None:
    model = make("langchain", emulator, cache=InMemoryCache())
    with get_usage_cost() as ledger:
        for _ in range(3):
            model.invoke("Hi")
    assert len(emulator.requests) == ledger.total.calls == 1


# --- a budget that reasoning ate ---------------------------------------------------------------------------------


class City(BaseModel):
    """A city."""

    name: str


EATEN_TEXT = r"max_tokens=50 was reached with nothing visible; 1,046 reasoning tokens were spent and billed"


@APIS
@WAYS
@FRAMEWORKS
def test_a_budget_that_reasoning_ate_is_told_of(emulator: Emulator, framework: str, api: str, way: str) -> None:
    emulator.reply(EATEN[api])
    with pytest.warns(GrokWarning, match=EATEN_TEXT):
        said = facts(make(framework, emulator, api=api, max_tokens=50), way)
    assert said["finish_reason"] == "length"


def asked_of_langchain(model: ChatGrok, method: Any) -> list[Callable[[], Any]]:
    reader = model.with_structured_output(City, method=method)
    return [
        lambda: reader.invoke("Which city?"),
        lambda: asyncio.run(reader.ainvoke("Which city?")),
        lambda: list(reader.stream("Which city?")),
    ]


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output_says_that_the_budget_was_eaten(emulator: Emulator, method: Any) -> None:
    model = make("langchain", emulator, max_tokens=50)
    for call in asked_of_langchain(model, method):
        emulator.reply(EATEN["responses"])
        with pytest.warns(GrokWarning, match=EATEN_TEXT), pytest.raises(GrokStructuredOutputError) as caught:
            call()
        assert caught.value.finish_reason == "length"
        assert "reasoning: 1046): raise max_tokens" in str(caught.value)


def test_include_raw_returns_the_error_and_the_message(emulator: Emulator) -> None:
    emulator.reply(EATEN["responses"])
    reader = make("langchain", emulator, max_tokens=50).with_structured_output(City, include_raw=True)
    with pytest.warns(GrokWarning, match=EATEN_TEXT):
        answer: Any = reader.invoke("Which city?")
    assert answer["parsed"] is None
    assert "reasoning: 1046): raise max_tokens" in str(answer["parsing_error"])
    assert answer["raw"].usage_metadata["output_token_details"]["reasoning"] == 1_046


def test_structured_predict_says_that_the_budget_was_eaten(emulator: Emulator) -> None:
    llm = make("llama_index", emulator, max_tokens=50)
    prompt = PromptTemplate("Which city?")

    async def astream() -> list[Any]:
        return [each async for each in await llm.astream_structured_predict(City, prompt)]

    for call in (
        lambda: llm.structured_predict(City, prompt),
        lambda: asyncio.run(llm.astructured_predict(City, prompt)),
        lambda: list(llm.stream_structured_predict(City, prompt)),
        lambda: asyncio.run(astream()),
    ):
        emulator.reply(EATEN["responses"])
        with pytest.warns(GrokWarning, match=EATEN_TEXT), pytest.raises(Exception, match="raise max_tokens") as caught:
            call()
        assert "reasoning: 1046" in str(caught.value)


def read_city(framework: str, model: Any) -> Any:
    warnings.simplefilter("error", GrokWarning)  # there is text: no news of an eaten budget
    if framework == "langchain":
        return model.with_structured_output(City).invoke("Which city?")
    return model.structured_predict(City, PromptTemplate("Which city?"))


@FRAMEWORKS
def test_json_that_was_cut_in_the_middle_says_so(emulator: Emulator, framework: str) -> None:
    cut = response(
        reasoning("Hm."),
        message('{"name": "Os'),
        status="incomplete",
        incomplete_details={"reason": "max_output_tokens"},
    )
    emulator.reply(cut)
    model = make(framework, emulator)
    with warnings.catch_warnings(), pytest.raises(Exception, match="of them reasoning: 12") as caught:
        read_city(framework, model)
    assert "raise max_tokens" in str(caught.value)


# --- tokens ------------------------------------------------------------------------------------------------------


@FRAMEWORKS
def test_exact_counts_are_asked_once_per_model_object(emulator: Emulator, framework: str) -> None:
    model = make(framework, emulator)
    text = "Antidisestablishmentarianism is one word."
    exact = model.count_tokens(text, exact=True)
    assert asyncio.run(model.acount_tokens(text, exact=True)) == exact
    assert [request.path for request in emulator.requests] == ["/v1/tokenize-text"]
    assert model.count_tokens(text) == asyncio.run(model.acount_tokens(text)) != exact


@WAYS
@FRAMEWORKS
def test_a_prompt_longer_than_the_window_is_not_sent(emulator: Emulator, framework: str, way: str) -> None:
    row = GrokModel(id="grok-4.7", context_window=100)
    with pytest.raises(GrokContextLengthError, match=r"takes 100; it was not sent"):
        facts(make(framework, emulator, model_info=row, check_context=True), way, "word " * 500)
    with pytest.raises(GrokContextLengthError):
        facts(make(framework, emulator, model_info=row), way, "word " * 500, check_context=True)
    assert emulator.requests == []


def test_llama_indexs_own_window_counts(emulator: Emulator) -> None:
    with pytest.raises(GrokContextLengthError, match="takes 100;"):
        facts(make("llama_index", emulator, context_window=100, check_context=True), "invoke", "word " * 500)


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> Any:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@tool
def look(where: str) -> str:
    """Looks around somewhere."""
    return where


@pytest.mark.usefixtures("_no_network")
def test_langchain_counts_and_trims_without_the_network() -> None:
    model = ChatGrok(api_key=KEY)
    history: list[Any] = [SystemMessage("Be brief.")]
    for n in range(20):
        history += [HumanMessage(f"Question {n}: what is next?"), AIMessage(f"Answer {n} is what comes next.")]
    history.append(HumanMessage("And now?"))
    whole = model.get_num_tokens_from_messages(history)
    assert whole > 200 > model.get_num_tokens("Question 1: what is next?") > 0
    assert model.get_num_tokens_from_messages(history, tools=[look]) > whole + 30
    kept = trim_messages(history, max_tokens=100, token_counter=model, include_system=True, start_on="human")
    assert kept[0] == history[0] and kept[-1] == history[-1]
    assert 3 < len(kept) < len(history)
    assert model.get_num_tokens_from_messages(kept) <= 100


@pytest.mark.usefixtures("_no_network")
def test_llama_indexs_memories_count_without_the_network() -> None:
    llm = Grok(api_key=KEY)
    history = [
        ChatMessage(role="user" if n % 2 == 0 else "assistant", content=f"Message {n} of many.") for n in range(40)
    ]
    buffer = ChatMemoryBuffer.from_defaults(chat_history=history, token_limit=60, tokenizer_fn=llm.tokenizer)
    kept = buffer.get()
    assert 2 <= len(kept) < 40
    assert kept[-1].content == history[-1].content
    assert sum(llm.count_tokens(str(each.content)) for each in kept) <= 60
    assert ChatMemoryBuffer.from_defaults(llm=llm).token_limit == int(500_000 * 0.75)
    memory = Memory.from_defaults(token_limit=60, tokenizer_fn=llm.tokenizer)
    memory.put_messages(history)
    assert len(memory.get()) < 40


def test_llama_indexs_summary_memory_summarises_with_grok(emulator: Emulator) -> None:
    llm = make("llama_index", emulator)
    emulator.reply(response(message("They counted messages.")))
    history = [
        ChatMessage(role="user" if n % 2 == 0 else "assistant", content=f"Message {n} of many.") for n in range(12)
    ]
    buffer = ChatSummaryMemoryBuffer.from_defaults(
        chat_history=history, llm=llm, token_limit=30, tokenizer_fn=llm.tokenizer
    )
    assert "They counted messages." in str(buffer.get()[0].content)


# --- PDFs --------------------------------------------------------------------------------------------------------

PDF = b"%PDF-1.4 tiny"
BASE64 = "JVBERi0xLjQgdGlueQ=="


@APIS
@FRAMEWORKS
def test_pdfs_by_address_and_bytes(emulator: Emulator, framework: str, api: str) -> None:
    model = make(framework, emulator, api=api)
    address = "https://files.example/a.pdf"
    emulator.reply(response(message("ok"))) if api == "responses" else None
    if framework == "langchain":
        blocks = [
            {"type": "text", "text": "What is in them?"},
            {"type": "file", "url": address, "mime_type": "application/pdf"},
            {"type": "file", "base64": BASE64, "mime_type": "application/pdf", "filename": "a.pdf"},
        ]
        model.invoke([HumanMessage(content_blocks=blocks)])
    else:
        documents = [
            DocumentBlock(url=address, document_mimetype="application/pdf"),
            DocumentBlock(data=PDF, document_mimetype="application/pdf", title="a.pdf"),
        ]
        model.chat([ChatMessage(role="user", blocks=[TextBlock(text="What is in them?"), *documents])])
    body = emulator.requests[-1].body
    sent = (body.get("input") or body["messages"])[0]["content"][1:]
    if api == "responses":
        assert sent[0] == {"type": "input_file", "file_url": address}
        assert (sent[1]["file_data"], sent[1]["filename"]) == (BASE64, "a.pdf")
    else:
        assert sent[0] == {"type": "file", "file": {"url": address}}
        assert sent[1] == {"type": "file", "file": {"url": f"data:application/pdf;base64,{BASE64}"}}


@APIS
def test_pdfs_by_file_id(emulator: Emulator, api: str) -> None:
    blocks: Any = [{"type": "text", "text": "What is in it?"}, {"type": "file", "file_id": "file_1"}]
    make("langchain", emulator, api=api).invoke([HumanMessage(content_blocks=blocks)])
    body = emulator.requests[-1].body
    sent = (body.get("input") or body["messages"])[0]["content"][1]
    wanted = {"type": "input_file", "file_id": "file_1"}
    assert sent == (wanted if api == "responses" else {"type": "file", "file": {"file_id": "file_1"}})


@FRAMEWORKS
@WAYS
def test_the_wires_own_finish_reason_is_reported_beside_ours(emulator: Emulator, framework: str, way: str) -> None:
    cut = {
        **response(message("Half an")),
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
    }
    emulator.reply(cut)
    told = facts(make(framework, emulator), way)
    assert (told["finish_reason"], told["raw_finish_reason"]) == ("length", "max_output_tokens")
