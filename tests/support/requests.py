"""Hypothesis strategies for neutral requests: conversations as agents make them, tools, formats, parameters."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from grok_adapter import CodeExecution, CollectionsSearch, ImageGeneration, MCPServer, WebSearch, XSearch
from grok_adapter.codecs import codec_for
from grok_adapter.models import ROWS
from grok_adapter.types import (
    ChatRequest,
    FilePart,
    FunctionTool,
    ImagePart,
    JsonSchemaFormat,
    Message,
    MessageItem,
    NamedTool,
    ReasoningItem,
    TextPart,
    ToolCall,
)
from tests.support.generated import arguments, bodies, maybe_empty, names, texts

PARAMETER_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(0, 2, width=16),
    "top_p": st.sampled_from([0.1, 0.5, 1.0]),
    "top_k": st.integers(1, 50),
    "min_p": st.sampled_from([0.0, 0.5]),
    "max_tokens": st.integers(1, 9999),
    "stop": st.lists(st.sampled_from(["END", "\n\n", "Observation:"]), min_size=1, max_size=2),
    "seed": st.integers(0, 99),
    "n": st.sampled_from([1, 2]),
    "presence_penalty": st.sampled_from([0, 0.0, 0.5]),
    "frequency_penalty": st.sampled_from([0, 0.0, 0.5]),
    "logit_bias": st.just({"5": 1.0}),
    "logprobs": st.booleans(),
    "top_logprobs": st.sampled_from([0, 3]),
    "reasoning_effort": st.sampled_from(["none", "low", "medium", "high", "xhigh"]),
    "reasoning_summary": st.just("detailed"),
    "parallel_tool_calls": st.booleans(),
    "max_turns": st.integers(1, 9),
    "include": st.sampled_from([[], ["web_search_call.action.sources"]]),
    "instructions": texts,
    "store": st.booleans(),
    "conversation_id": st.sampled_from(["thread-1", False]),
    "service_tier": st.sampled_from(["auto", "default", "priority", "fast"]),
    "user": texts,
    "safety_identifier": texts,
    "background": st.booleans(),
    "metadata": st.sampled_from([{}, {"a": "b"}]),
    "truncation": st.sampled_from(["disabled", "auto"]),
    "verbosity": st.just("low"),
    "max_tool_calls": st.integers(1, 5),
    "prompt_cache_retention": st.just("24h"),
    "context_management": st.sampled_from([[], [{"type": "compaction"}]]),
    "deferred": st.booleans(),
    "web_search_options": st.sampled_from([{}, {"search_context_size": "low"}]),
    "search_parameters": st.sampled_from([{}, {"mode": "on"}]),
}

parameters = st.fixed_dictionaries({}, optional=PARAMETER_VALUES)

content_parts = st.one_of(
    texts.map(TextPart),
    st.just(ImagePart(url="https://example.com/a.png")),
    st.just(FilePart(url="https://example.com/a.pdf")),
    st.just(FilePart(data="JVBERg==", filename="a.pdf", mime_type="application/pdf")),
)

function_tools = st.lists(
    st.builds(
        FunctionTool,
        names,
        maybe_empty,
        st.just({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
        st.sampled_from([None, True]),
    ),
    max_size=2,
    unique_by=lambda tool: tool.name,
)

server_tools = st.lists(
    st.sampled_from(
        [
            WebSearch(allowed_domains=["example.com"], user_location={"country": "CH"}),
            XSearch(excluded_x_handles=["a"], from_date="2026-01-02", enable_video_understanding=True),
            CodeExecution(),
            CollectionsSearch(["c1"], max_num_results=3),
            MCPServer("https://mcp.example.com/", authorization="mcp-secret", headers={"X-A": "b"}),
            ImageGeneration(),
        ]
    ),
    max_size=2,
    unique_by=type,
)


@st.composite
def assistant_messages(draw: st.DrawFn) -> Message:
    """Turns of ours as decoded from the wire, and turns as other providers leave them."""
    if draw(st.booleans()):
        message: Message = codec_for("responses").decode_response(draw(bodies("responses"))).message
        known = (MessageItem, ReasoningItem, ToolCall)  # invented items are replayed verbatim and fit no schema
        return Message("assistant", tuple(item for item in message.content if isinstance(item, known)))
    items: list[Any] = [MessageItem((TextPart(draw(maybe_empty)),))]
    items += [
        ToolCall(f"call_{draw(st.integers(0, 3))}", draw(names), draw(arguments))
        for _ in range(draw(st.integers(0, 2)))
    ]
    return Message("assistant", tuple(items))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Any roles in any order, calls without results and results without calls among them."""
    plain = st.builds(
        Message,
        st.sampled_from(["system", "developer", "user", "function"]),
        st.lists(content_parts, min_size=1, max_size=2).map(tuple),
        st.sampled_from([None, "someone"]),
    )
    results = st.builds(
        Message,
        st.just("tool"),
        st.lists(texts.map(TextPart), max_size=1).map(tuple),
        st.none(),
        st.sampled_from(["call_0", "call-0", "call-1", "gone"]),
    )
    middle = draw(st.lists(st.one_of(plain, assistant_messages(), results), max_size=5))
    return (Message("user", (TextPart("Hello."),)), *middle)


@st.composite
def chat_requests(draw: st.DrawFn, api: str) -> ChatRequest:
    """Requests that can be sent."""
    tools = tuple(draw(function_tools))
    choices: list[Any] = [None, "auto", "none", "required", *(NamedTool(tool.name) for tool in tools)]
    schema = JsonSchemaFormat("answer", {"type": "object", "properties": {"a": {"type": "string"}}}, strict=True)
    params = draw(parameters)
    stream = draw(st.booleans())
    if stream:
        params.pop("n", None)
    if api == "chat":
        params.pop("search_parameters", None)  # becomes tools, which are refused here
    return ChatRequest(
        model=draw(st.sampled_from([*(row.id for row in ROWS if api in row.apis), "grok-3-mini", "grok-99"])),
        messages=draw(conversations()),
        api=api,  # type: ignore[arg-type]
        tools=tools,
        server_tools=tuple(draw(server_tools)) if api == "responses" else (),
        tool_choice=draw(st.sampled_from(choices)),
        response_format=draw(st.sampled_from([None, "text", "json_object", schema])),
        params=params,
        on_unsupported="ignore",
        stream=stream,
    )
