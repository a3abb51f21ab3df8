"""The topics of the test-suite of LlamaIndex's own OpenAI integration, for Grok, on both APIs.

Topics, not text: what a user who comes from there relies on. In the order of that suite: the class and its fields, chat
and completions, streams, model keywords, message conversion, tools, built-in tools, Responses blocks, structured
output, agents. Depth is in the other files of this folder; here is the breadth.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, Field

from grok_emulator import Emulator
from llama_index_grok import CodeExecution, Grok, ImageGeneration, MCPServer, WebSearch, XSearch
from tests.adapters.llama_index_support import (
    ANSWER,
    APIS,
    QUESTION,
    WAYS,
    ask,
    called,
    chat_body,
    grok,
    responses_body,
    responses_of,
    said,
    searched,
    sent,
    thought,
    turns,
)

# --- the class and its fields ----------------------------------------------------------------------------------------


def test_the_class_is_a_function_calling_llm() -> None:
    names = [base.__name__ for base in Grok.__mro__]
    assert {BaseLLM.__name__, FunctionCallingLLM.__name__} <= set(names)
    assert Grok.class_name() == "xai_grok_llm"


def test_key_and_address_come_from_fields_or_the_environment(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XAI_API_KEY", "xai-from-environment")
    monkeypatch.setenv("XAI_API_BASE", emulator.base_url)
    assert Grok().complete(QUESTION).text == ANSWER
    assert emulator.requests[-1].headers["authorization"] == "Bearer xai-from-environment"
    assert Grok(api_base="https://gateway.example/v1").api_base == "https://gateway.example/v1"
    monkeypatch.setenv("XAI_API_BASE", "https://gateway.example/v1")
    Grok(api_key="xai-from-field", base_url=emulator.base_url).complete(QUESTION)
    assert emulator.requests[-1].headers["authorization"] == "Bearer xai-from-field"


@pytest.mark.parametrize(
    ("model", "functions", "window"),
    [
        ("grok-4.7", True, 500_000),
        ("grok-4.3", True, 1_000_000),
        ("grok-4.20-multi-agent", False, 1_000_000),
        ("grok-4.7-2027-01-01", True, 500_000),
        ("never-heard-of", True, 256_000),
    ],
)
def test_metadata(model: str, functions: bool, window: int) -> None:
    metadata = Grok(model=model, api_key="xai-x").metadata
    assert (metadata.is_chat_model, metadata.is_function_calling_model) == (True, functions)
    assert (metadata.model_name, metadata.context_window) == (model, window)


# --- chat, completions, streams, keywords ----------------------------------------------------------------------------


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", WAYS)
def test_chat(emulator: Emulator, api: str, way: str) -> None:
    response = ask(grok(emulator, api=api), way, QUESTION)
    assert (response.message.role, response.message.content) == (MessageRole.ASSISTANT, ANSWER)


@pytest.mark.parametrize("api", APIS)
async def test_completions(emulator: Emulator, api: str) -> None:
    llm = grok(emulator, api=api)
    assert llm.complete(QUESTION).text == ANSWER
    assert (await llm.acomplete(QUESTION)).text == ANSWER
    pieces = list(llm.stream_complete(QUESTION))
    assert ("".join(p.delta or "" for p in pieces), pieces[-1].text) == (ANSWER, ANSWER)
    apieces = [piece async for piece in await llm.astream_complete(QUESTION)]
    assert [p.delta for p in apieces] == [p.delta for p in pieces]


async def test_predict_and_stream(emulator: Emulator) -> None:
    llm, prompt = grok(emulator), PromptTemplate("{fact} How high is the tower of Oslo?")
    fact = "The tower of Oslo is 30 metres high."
    assert llm.predict(prompt, fact=fact) == await llm.apredict(prompt, fact=fact) == ANSWER
    assert "".join(llm.stream(prompt, fact=fact)) == ANSWER
    assert "".join([piece async for piece in await llm.astream(prompt, fact=fact)]) == ANSWER


@pytest.mark.parametrize("api", APIS)
def test_stream_deltas_add_up(emulator: Emulator, api: str) -> None:
    responses = responses_of(grok(emulator, api=api), "stream_chat", [ChatMessage(content=QUESTION)])
    so_far = ""
    for response in responses:
        so_far += response.delta or ""
        assert (response.message.content or "") == so_far
    assert so_far == ANSWER


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("responses", {"temperature": 0.5, "max_output_tokens": 99, "reasoning": {"effort": "low"}, "top_p": 0.9}),
        ("chat", {"temperature": 0.5, "max_completion_tokens": 99, "reasoning_effort": "low", "top_p": 0.9}),
    ],
)
def test_model_keywords_of_the_object_and_of_a_call(emulator: Emulator, api: str, body: dict[str, Any]) -> None:
    keywords: dict[str, Any] = {"temperature": 0.5, "max_tokens": 99, "reasoning_effort": "low", "top_p": 0.9}
    grok(emulator, api=api, **keywords).complete(QUESTION)
    first = sent(emulator)
    grok(emulator, api=api).complete(QUESTION, **keywords)
    assert first == sent(emulator)
    assert {key: first.get(key) for key in body} == body
    grok(emulator, api=api, additional_kwargs={"made_up": 1}, on_unsupported="ignore").complete(QUESTION)
    assert sent(emulator)["made_up"] == 1


# --- message conversion ----------------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n0000"
CONVERSATION = [
    ChatMessage(role=MessageRole.SYSTEM, content="Be brief."),
    ChatMessage(role=MessageRole.DEVELOPER, content="Be kind."),
    ChatMessage(role="user", blocks=[TextBlock(text="Look:"), ImageBlock(url="https://example.com/a.png")]),
    ChatMessage(
        role=MessageRole.ASSISTANT,
        blocks=[
            TextBlock(text="I look."),
            ToolCallBlock(tool_call_id="call-1", tool_name="look", tool_kwargs={"at": "sea"}),
        ],
    ),
    ChatMessage(role=MessageRole.TOOL, content="It is blue.", additional_kwargs={"tool_call_id": "call-1"}),
    ChatMessage(role="user", content="And now?"),
]


@pytest.mark.parametrize("api", APIS)
def test_roles_blocks_and_calls_are_converted(emulator: Emulator, api: str) -> None:
    emulator.reply(responses_body(said("Hm.")) if api == "responses" else chat_body({"content": "Hm."}))
    grok(emulator, api=api).chat(CONVERSATION)
    shapes = [item.get("role") or item["type"] for item in turns(sent(emulator))]
    if api == "responses":
        middle = ["assistant", "function_call", "function_call_output"]
        image: dict[str, Any] = {"type": "input_image", "image_url": "https://example.com/a.png"}
    else:
        middle = ["assistant", "tool"]
        image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    developer = "developer" if api == "responses" else "system"  # Chat Completions has no such role
    assert shapes == ["system", developer, "user", *middle, "user"]
    assert turns(sent(emulator))[2]["content"][1] == image


@pytest.mark.parametrize(
    "block",
    [
        ImageBlock(image=PNG, detail="high"),
        DocumentBlock(data=b"%PDF-1.7", title="a.pdf", document_mimetype="application/pdf"),
        DocumentBlock(url="https://example.com/a.pdf"),
    ],
)
def test_content_blocks_have_a_place(emulator: Emulator, block: Any) -> None:
    emulator.reply(responses_body(said("Hm.")))
    grok(emulator).chat([ChatMessage(role="user", blocks=[TextBlock(text="Look:"), block])])
    kinds = [part["type"] for part in turns(sent(emulator))[0]["content"]]
    assert kinds == ["input_text", "input_image" if isinstance(block, ImageBlock) else "input_file"]


# --- tools -----------------------------------------------------------------------------------------------------------


def search(query: str, limit: int = 3) -> str:
    """Search the archive."""
    return f"{limit} hits for {query}"


TOOL = FunctionTool.from_defaults(search)


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_prepare_chat_with_tools(emulator: Emulator, api: str, required: bool, parallel: bool) -> None:
    llm = grok(emulator, api=api)
    llm.chat_with_tools(
        [TOOL], user_msg="Search for herons", tool_required=required, allow_parallel_tool_calls=parallel
    )
    body = sent(emulator)
    assert body.get("tool_choice") == ("required" if required else None)
    assert body.get("parallel_tool_calls") == (None if parallel else False)
    function = body["tools"][0] if api == "responses" else body["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("search", "Search the archive.")
    assert set(function["parameters"]["properties"]) == {"query", "limit"}
    assert function["parameters"]["required"] == ["query"]


@pytest.mark.parametrize("way", ["chat", "achat", "stream", "astream"])
@pytest.mark.parametrize("api", APIS)
async def test_chat_with_tools_in_four_ways(emulator: Emulator, api: str, way: str) -> None:
    llm, given = grok(emulator, api=api), {"user_msg": 'Search for "grey herons"'}
    if way == "chat":
        response = llm.chat_with_tools([TOOL], **given)  # type: ignore[arg-type]
    elif way == "achat":
        response = await llm.achat_with_tools([TOOL], **given)  # type: ignore[arg-type]
    elif way == "stream":
        *_, response = llm.stream_chat_with_tools([TOOL], **given)  # type: ignore[arg-type]
    else:
        *_, response = [r async for r in await llm.astream_chat_with_tools([TOOL], **given)]  # type: ignore[arg-type]
    (call,) = llm.get_tool_calls_from_response(response)
    assert (call.tool_name, call.tool_kwargs["query"]) == ("search", "grey herons")


async def test_predict_and_call_runs_the_tool(emulator: Emulator) -> None:
    llm = grok(emulator)
    for result in (
        llm.predict_and_call([TOOL], 'Search for "grey herons"'),
        await llm.apredict_and_call([TOOL], 'Search for "grey herons"'),
    ):
        assert "hits for grey herons" in str(result)
        assert result.sources[0].tool_name == "search"


@pytest.mark.parametrize("arguments", ['{"query": "x"}', "", "{}"])
def test_arguments_in_every_form(emulator: Emulator, arguments: str) -> None:
    emulator.reply(responses_body(called("search", arguments)))
    llm = grok(emulator)
    (call,) = llm.get_tool_calls_from_response(llm.chat_with_tools([TOOL], user_msg="?"))
    assert call.tool_kwargs == json.loads(arguments or "{}")


# --- built-in tools, Responses blocks --------------------------------------------------------------------------------

BUILT_IN = [
    (WebSearch(), searched("herons"), "web_search"),
    (
        XSearch(),
        {"type": "custom_tool_call", "id": "c", "name": "x_keyword_search", "input": "{}", "status": "completed"},
        "x_keyword_search",
    ),
    (
        CodeExecution(),
        {"type": "code_interpreter_call", "id": "c", "code": "1+1", "outputs": [], "status": "completed"},
        "code_execution",
    ),
    (
        MCPServer("https://mcp.example.com/sse", server_label="m"),
        {"type": "mcp_call", "id": "c", "name": "look", "server_label": "m", "arguments": "{}", "output": "Sea."},
        "look",
    ),
    (
        ImageGeneration(),
        {"type": "image_generation_call", "id": "c", "prompt": "sea", "result": "aGk=", "status": "completed"},
        "image_generation",
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("tool", "item", "name"), BUILT_IN, ids=[name for _, _, name in BUILT_IN])
def test_built_in_tools_are_facts_and_never_calls(
    emulator: Emulator, tool: Any, item: dict[str, Any], name: str, way: str
) -> None:
    emulator.reply(responses_body(thought("I look."), item, said("Found.")))
    llm = grok(emulator, server_tools=[tool])
    response = ask(llm, way, "?")
    assert [call["name"] for call in response.additional_kwargs["server_tool_calls"]] == [name]
    assert llm.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []
    emulator.reply(responses_body(said("Yes.")))
    llm.chat([ChatMessage(content="?"), response.message, ChatMessage(content="Sure?")])
    assert item in turns(sent(emulator))  # verbatim, between the reasoning and the text


@pytest.mark.parametrize("way", WAYS)
def test_responses_blocks_come_in_output_order(emulator: Emulator, way: str) -> None:
    items = [thought("First."), said("Let me see."), thought("Then.", ident="rs_2"), called("search", '{"query": "x"}')]
    emulator.reply(responses_body(*items))
    blocks = ask(grok(emulator), way, "?").message.blocks
    assert [type(block) for block in blocks] == [ThinkingBlock, TextBlock, ThinkingBlock, ToolCallBlock]


def test_previous_response_id_leaves_out_what_the_server_knows(emulator: Emulator) -> None:
    llm = grok(emulator, store=True)
    first = llm.chat([ChatMessage(content=QUESTION)])
    ident = first.additional_kwargs["id"]
    again = [ChatMessage(content=QUESTION), first.message, ChatMessage(content="And the tower of Lima?")]
    llm.chat(again, previous_response_id=ident)
    assert sent(emulator)["previous_response_id"] == ident
    assert [turn["content"] for turn in turns(sent(emulator))] == ["And the tower of Lima?"]


# --- structured output -----------------------------------------------------------------------------------------------


class Song(BaseModel):
    """A song."""

    title: str
    seconds: int = Field(description="Its length.")


class Album(BaseModel):
    """An album with songs."""

    name: str
    songs: list[Song]


TEXT = "The title of the song is Harbour and it lasts 215 seconds."


@pytest.mark.parametrize("api", APIS)
async def test_structured_output_in_all_forms(emulator: Emulator, api: str) -> None:
    llm, prompt = grok(emulator, api=api), PromptTemplate("Read: {text}")
    wanted = Song(title="Harbour", seconds=215)
    assert llm.structured_predict(Song, prompt, text=TEXT) == wanted
    assert await llm.astructured_predict(Song, prompt, text=TEXT) == wanted
    assert list(llm.stream_structured_predict(Song, prompt, text=TEXT))[-1] == wanted
    stream = await llm.astream_structured_predict(Song, prompt, text=TEXT)
    assert [partial async for partial in stream][-1] == wanted
    assert llm.as_structured_llm(Song).complete(TEXT).raw == wanted


def test_nested_and_streamed(emulator: Emulator) -> None:
    answer = '{"name": "Tides", "songs": [{"title": "Ebb", "seconds": 1}, {"title": "Flow", "seconds": 2}]}'
    emulator.reply(responses_body(said(answer)))
    partials = list(grok(emulator).stream_structured_predict(Album, PromptTemplate("Read.")))
    assert partials[-1] == Album.model_validate_json(answer)
    lengths = [len(partial.songs) for partial in partials if isinstance(getattr(partial, "songs", None), list)]
    assert lengths == sorted(lengths)
    assert {1, 2} <= set(lengths)
    assert sent(emulator)["text"]["format"]["schema"]["$defs"]
    assert not {"tools", "tool_choice"} & set(sent(emulator))


def test_function_calling_program(emulator: Emulator) -> None:
    program = FunctionCallingProgram.from_defaults(Song, llm=grok(emulator), prompt_template_str="Read: {text}")
    assert program(text=TEXT) == Song(title="Harbour", seconds=215)
    assert sent(emulator)["tool_choice"] == "required"


# --- agents ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("api", APIS)
async def test_an_agent_says_the_same_streamed_or_not(emulator: Emulator, api: str, streaming: bool) -> None:
    agent = FunctionAgent(tools=[TOOL], llm=grok(emulator, api=api), streaming=streaming)
    result = await agent.run('Search for "grey herons"')
    assert "grey herons" in str(result)
    assert [call.tool_name for call in result.tool_calls] == ["search"]
