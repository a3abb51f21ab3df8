"""Each row of the table in `docs/langchain_migration.md` is true: what is written on its right side does what it says.

A row is the old way, the new one, and a check that the new one holds. The document shows the first two.
"""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from pydantic import BaseModel

from grok_adapter import GrokClient
from grok_emulator import Emulator
from langchain_grok import (
    ChatGrok,
    CodeExecution,
    CollectionsSearch,
    GrokAuthenticationError,
    GrokConfigurationError,
    GrokRateLimitError,
    MCPServer,
    WebSearch,
    XSearch,
    get_usage_cost,
)
from tests.conftest import KEY

PAGE = Path(__file__).parents[2] / "docs" / "langchain_migration.md"
SEARCHED = "How does a monsoon form?"
TOLD = "The moon is made of rock. What is the moon made of?"


class Ship(BaseModel):
    """A ship."""

    name: str
    masts: int


def tide(harbour: str) -> str:
    """Time of high tide in a harbour."""
    return f"High tide in {harbour} is at 16:20."


@dataclass
class Desk:
    """What a row's check works with: an emulator, and what was sent to it last."""

    emulator: Emulator

    def model(self, **fields: Any) -> ChatGrok:
        return ChatGrok(**{"base_url": self.emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})

    @property
    def sent(self) -> Any:
        return self.emulator.requests[-1].body

    def wire_of(self, *tools: Any) -> list[str]:
        self.model(server_tools=list(tools)).invoke("Hi")
        return [tool["type"] for tool in self.sent["tools"]]

    def raised(self, status: int, body: Any) -> Exception:
        self.emulator.fail(status, body)
        with pytest.raises(openai.OpenAIError) as caught:
            self.model().invoke("Hi")
        return caught.value


Check = Callable[[Desk], object]
ROWS: list[tuple[str, str, Check]] = []


def row(old: str, new: str) -> Callable[[Check], Check]:
    """Adds a row of the table."""

    def add(check: Check) -> Check:
        ROWS.append((old, new, check))
        return check

    return add


# --- making a model


@row('`ChatOpenAI(base_url="https://api.x.ai/v1")`, `Client()`', "`ChatGrok()`")
def _(desk: Desk) -> object:
    return ChatGrok(api_key=KEY).base_url == "https://api.x.ai/v1"


@row("`OPENAI_API_KEY`, `api_key=`, `xai_api_key=`", "`XAI_API_KEY`, `api_key=`; `xai_api_key=` is understood")
def _(desk: Desk) -> object:
    fields: dict[str, Any] = {"xai_api_key": KEY}
    return ChatGrok(**fields).api_key == ChatGrok(api_key=KEY).api_key


@row("`xai_api_base=`, `OPENAI_BASE_URL`", "`base_url=`, `XAI_BASE_URL`; `xai_api_base=` is understood")
def _(desk: Desk) -> object:
    fields: dict[str, Any] = {"xai_api_base": "https://us.api.x.ai/v1", "api_key": KEY}
    return ChatGrok(**fields).base_url == "https://us.api.x.ai/v1"


@row("`model_name=`, `request_timeout=`, `stop_sequences=`, `max_completion_tokens=`", "the same")
def _(desk: Desk) -> object:
    theirs: dict[str, Any] = {
        "model_name": "grok-4.3",
        "request_timeout": 3,
        "stop_sequences": ["x"],
        "max_completion_tokens": 5,
    }
    model = desk.model(**theirs)
    return (model.model, model.timeout, model.stop, model.max_tokens) == ("grok-4.3", 3, ["x"], 5)


@row("`use_responses_api=True`, `False`", '`api="responses"` (the default), `"chat"`; the old field is understood')
def _(desk: Desk) -> object:
    made = [desk.model(use_responses_api=flag).api for flag in (True, False)]
    return [*made, desk.model().api] == ["responses", "chat", "responses"]


@row('`reasoning={"effort": "low"}`', '`reasoning_effort="low"`')
def _(desk: Desk) -> object:
    desk.model(reasoning_effort="low").invoke("Hi")
    return desk.sent["reasoning"] == {"effort": "low"}


@row('`include=["reasoning.encrypted_content"]`, `use_encrypted_content=True`', "nothing: it is on")
def _(desk: Desk) -> object:
    answer = desk.model().invoke("Hi")
    asked = desk.sent["include"] == ["reasoning.encrypted_content"]
    return asked and any(entry.get("encrypted_content") for entry in answer.additional_kwargs["xai_output_v1"])


@row("`store=False`", "nothing: it is sent unless you say `store=True`")
def _(desk: Desk) -> object:
    desk.model().invoke("Hi")
    unasked = desk.sent["store"]
    desk.model(store=True).invoke("Hi")
    return (unasked, desk.sent["store"]) == (False, True)


@row(
    "`use_previous_response_id=True`, `store_messages=True`",
    '`store=True`, then `previous_response_id=answer.response_metadata["id"]`',
)
def _(desk: Desk) -> object:
    first = desk.model(store=True).invoke("The moon is made of rock.")
    ident = first.response_metadata["id"]
    second = desk.model(store=True).invoke("What is the moon made of?", previous_response_id=ident)
    return "rock" in second.text and len(desk.sent["input"]) == 1


@row("`prompt_cache_key=`", "`conversation_id=`; in LangGraph it is the thread")
def _(desk: Desk) -> object:
    desk.model(conversation_id="one").invoke("Hi")
    return desk.sent["prompt_cache_key"] == "one"


@row("`model_kwargs=`, `extra_body=`, `n=`, `streaming=`, `stream_usage=`", "the same")
def _(desk: Desk) -> object:
    model = desk.model(model_kwargs={"top_p": 0.5}, extra_body={"new": 1}, api="chat", n=2, stream_usage=False)
    generations = model.generate([[HumanMessage("Hi")]]).generations[0]
    return (desk.sent["top_p"], desk.sent["new"], len(generations)) == (0.5, 1, 2)


@row('`output_version="responses/v1"`', '`output_version="v1"`')
def _(desk: Desk) -> object:
    return [block["type"] for block in desk.model(output_version="v1").invoke(TOLD).content] == ["reasoning", "text"]  # type: ignore[index]


@row('`init_chat_model("xai:grok-4.7")`', '`ChatGrok(model="grok-4.7")`')
def _(desk: Desk) -> object:
    return desk.model(model="grok-4.7").invoke("Hi").response_metadata["model_name"] == "grok-4.7"


@row("`presence_penalty=`, `frequency_penalty=`, `stop=`, `logit_bias=`", "leave them in, see step 2")
def _(desk: Desk) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = desk.model(presence_penalty=1, frequency_penalty=1).invoke("Hi", stop=["zzz"], logit_bias={"1": 1})
    return {entry["name"] for entry in answer.response_metadata["unsupported_parameters"]} == {
        "presence_penalty",
        "frequency_penalty",
        "stop",
        "logit_bias",
    }


# --- asking


@row("`chat = client.chat.create(...)`, `chat.append(user(...))`, `chat.sample()`", "`model.invoke(messages)`")
def _(desk: Desk) -> object:
    return "rock" in desk.model().invoke([("system", "Be brief."), ("user", TOLD)]).text


@row("`chat.stream()`; `(response, chunk)`", "`model.stream(messages)`; chunks, whose sum is the message")
def _(desk: Desk) -> object:
    first, *others = desk.model().stream(TOLD)
    return (first + others).text == desk.model().invoke(TOLD).text


@row("`AsyncClient()`", "`ainvoke`, `astream`, `abatch` of the same object")
def _(desk: Desk) -> object:
    return asyncio.run(desk.model().ainvoke(TOLD)).text == desk.model().invoke(TOLD).text


@row("`chat.sample_batch(2)`", '`model.batch([messages] * 2)`, or `n=2` with `api="chat"`')
def _(desk: Desk) -> object:
    return len(desk.model().batch([TOLD] * 2)) == 2


@row("`image(url)`, `file(id)`", '`{"type": "image", "url": url}`, `{"type": "file", "file_id": id}`')
def _(desk: Desk) -> object:
    parts: Any = [{"type": "image", "url": "https://a.example/b.png"}, {"type": "file", "file_id": "file-1"}]
    with contextlib.suppress(openai.OpenAIError):  # the emulator keeps no files
        desk.model().invoke([HumanMessage([*parts, {"type": "text", "text": "What is this?"}])])
    return [part["type"] for part in desk.sent["input"][0]["content"]] == ["input_image", "input_file", "input_text"]


@row("`tool(name=..., parameters=...)`, `tool_result(text)`", "`bind_tools([function])`, `ToolMessage(text, ...)`")
def _(desk: Desk) -> object:
    bound, asked = desk.model().bind_tools([tide]), HumanMessage("When is high tide in Brenna?")
    called = bound.invoke([asked])
    (call,) = called.tool_calls
    return "16:20" in bound.invoke([asked, called, ToolMessage(tide(**call["args"]), tool_call_id=call["id"])]).text


@row("`chat.parse(Ship)`, `client.beta.chat.completions.parse(...)`", "`model.with_structured_output(Ship)`")
def _(desk: Desk) -> object:
    text = "The name of the ship is Halla and it has 3 masts."
    return desk.model().with_structured_output(Ship).invoke(text) == Ship(name="Halla", masts=3)


# --- tools that xAI runs


@row(
    "`search_parameters={...}`",
    "`server_tools=[WebSearch(), XSearch()]`; the old field is turned into these, with a warning",
)
def _(desk: Desk) -> object:
    with pytest.warns(DeprecationWarning, match=r"WebSearch\(\), XSearch\(\)"):
        desk.model(search_parameters={"mode": "auto"}).invoke("Hi")
    turned = [tool["type"] for tool in desk.sent["tools"]]
    return turned == desk.wire_of(WebSearch(), XSearch()) == ["web_search", "x_search"]


@row('`bind_tools([{"type": "web_search"}])`', "the same, or `bind_tools([WebSearch()])`")
def _(desk: Desk) -> object:
    for tool in ({"type": "web_search"}, WebSearch()):
        desk.model().bind_tools([tool]).invoke("Hi")
        if desk.sent["tools"] != [{"type": "web_search"}]:
            return False
    return True


@row(
    "`xai_sdk.tools`: `web_search()`, `x_search()`, `code_execution()`",
    "`WebSearch()`, `XSearch()`, `CodeExecution()`",
)
def _(desk: Desk) -> object:
    return desk.wire_of(WebSearch(), XSearch(), CodeExecution()) == ["web_search", "x_search", "code_interpreter"]


@row("`collections_search([id])`, `mcp(server_url=...)`", "`CollectionsSearch([id])`, `MCPServer(url)`")
def _(desk: Desk) -> object:
    return desk.wire_of(CollectionsSearch(["c1"]), MCPServer("https://mcp.example.com")) == ["file_search", "mcp"]


# --- reading answers


@row("`response.content`, `answer.content`", "`answer.text`, a string whatever `output_version` says")
def _(desk: Desk) -> object:
    return desk.model(output_version="v1").invoke(TOLD).text == desk.model().invoke(TOLD).text


@row("`response.reasoning_content`", '`answer.additional_kwargs["reasoning_content"]`, or the `reasoning` blocks')
def _(desk: Desk) -> object:
    answer = desk.model().invoke(TOLD)
    (block,) = (block for block in answer.content_blocks if block["type"] == "reasoning")
    return block["reasoning"] == answer.additional_kwargs["reasoning_content"] != ""


@row(
    '`response.citations`, `additional_kwargs["citations"]`',
    "`annotations` of the `text` blocks, with offsets into that text",
)
def _(desk: Desk) -> object:
    *_, block = desk.model(server_tools=[WebSearch()]).invoke(SEARCHED).content_blocks
    (mark, *_) = block["annotations"]  # type: ignore[typeddict-item]
    return mark["url"] in block["text"][mark["start_index"] : mark["end_index"]]  # type: ignore[typeddict-item]


@row("`response.usage.prompt_tokens`, `completion_tokens`", '`usage_metadata["input_tokens"]`, `["output_tokens"]`')
def _(desk: Desk) -> object:
    usage = desk.model(api="chat").invoke(TOLD).usage_metadata or {}
    return usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]  # type: ignore[typeddict-item]


@row('`response_metadata["token_usage"]`', "the same: as xAI sent it")
def _(desk: Desk) -> object:
    return "cost_in_usd_ticks" in desk.model().invoke("Hi").response_metadata["token_usage"]


@row("`get_openai_callback()`", "`get_usage_cost()`: dollars as xAI reported them")
def _(desk: Desk) -> object:
    with get_usage_cost() as cost:
        answer = desk.model().invoke("Hi")
    return cost.total.cost_usd == answer.response_metadata["cost_usd"] > 0


@row("`client.tokenize.tokenize_text(text, model)`", "`model.count_tokens(text, exact=True)`")
def _(desk: Desk) -> object:
    return desk.model().count_tokens("How long is this?", exact=True) > 0


@row("`client.models.list_language_models()`", "`GrokClient().list_models()`")
def _(desk: Desk) -> object:
    client = GrokClient(base_url=desk.emulator.base_url, api_key=KEY)
    return "grok-4.7" in {model.id for model in client.list_models()}


# --- failures


@row("`openai.AuthenticationError` (401)", "the same class, at xAI's 400 too: `GrokAuthenticationError`")
def _(desk: Desk) -> object:
    error = desk.raised(400, {"code": "invalid-argument", "error": "Incorrect API key provided: xa***ey."})
    return isinstance(error, GrokAuthenticationError) and isinstance(error, openai.AuthenticationError)


@row("`openai.RateLimitError`, `grpc.RpcError`", "`openai.RateLimitError`, `GrokRateLimitError`; retried before")
def _(desk: Desk) -> object:
    error = desk.raised(429, {"code": "rate-limit", "error": "Too many requests"})
    return isinstance(error, GrokRateLimitError) and isinstance(error, openai.RateLimitError)


@row("`organization=`, `top_k=` and what else xAI does not have", "an error names it")
def _(desk: Desk) -> object:
    with pytest.raises(GrokConfigurationError, match="'organization' is not a field"):
        desk.model(organization="mine")
    return True


@pytest.mark.parametrize(("old", "new", "check"), ROWS, ids=[new for _, new, _ in ROWS])
def test_a_row_is_true(emulator: Emulator, old: str, new: str, check: Check) -> None:
    assert check(Desk(emulator)) is True


def test_the_page_shows_these_rows() -> None:
    table = ["| old | new |", "|---|---|", *(f"| {old} | {new} |" for old, new, _ in ROWS)]
    shown = PAGE.read_text().partition("<!-- rows -->\n")[2].partition("\n<!-- /rows -->")[0]
    assert shown.splitlines() == table


def test_the_steps_are_those_of_the_document_in_its_order() -> None:
    steps = [line for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    words = ["base URL", "parameters", "timeouts", "context", "Search, encrypted reasoning, `extra_body`"]
    assert all(word in step for word, step in zip(words, steps, strict=False))
    for number, section in enumerate(PAGE.read_text().split("\n## ")[1:6], 1):
        assert section.startswith(f"{number}. ")
        for origin in ("From `ChatOpenAI`", "`ChatXAI`", "From `xai-sdk`"):
            assert origin in section, (number, origin)
