"""LangChain messages to neutral ones, and neutral answers back. Streams are in `_stream`.

`to_messages` goes in, `from_response` comes out; what a message carries from the one to the other is `_carrier`'s.
Must not know: wire formats, HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call

from grok_adapter.facts import envelope_of
from grok_adapter.types import ChatResponse, FinishDelta, Message, MessageItem, OutputItem, Role, ToolCall, Usage
from langchain_grok._carrier import CARRIER, entry_for, items_of
from langchain_grok._content import text_in, to_parts

__all__ = ["PROVIDER", "from_response", "metadata_of", "to_messages", "usage_of"]

PROVIDER = "xai"
"""`response_metadata["model_provider"]`: whose translator `content_blocks` asks."""

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
}
"""Roles of a `ChatMessage`. Tool and function results need an id or a name and have classes of their own."""


def to_messages(messages: Sequence[BaseMessage]) -> list[Message]:
    """Neutral messages for LangChain's.

    Args:
        messages: Any messages, other providers' too: their text and calls are taken, their reasoning is not.

    Raises:
        GrokConfigurationError: A message of a class or with a content block that cannot be sent; the text names it.

    Example:
        >>> to_messages([HumanMessage("Hi")])[0].text
        'Hi'
    """
    return [_to_message(message, f"messages[{n}]") for n, message in enumerate(messages)]


def _to_message(message: BaseMessage, where: str) -> Message:
    match message:
        case AIMessage():
            return Message("assistant", items_of(message), message.name)
        case HumanMessage():
            return Message("user", to_parts(message.content, where), message.name)
        case SystemMessage():
            # The mark that LangChain's OpenAI package sets on what came in as a developer message.
            developer = message.additional_kwargs.get("__openai_role__") == "developer"
            return Message("developer" if developer else "system", to_parts(message.content, where), message.name)
        case ToolMessage():
            return Message("tool", to_parts(message.content, where), message.name, message.tool_call_id)
        case FunctionMessage():
            return Message("function", to_parts(message.content, where), message.name)
        case ChatMessage() if role := _ROLES.get(message.role):
            if role == "assistant":
                return Message(role, items_of(AIMessage(content=text_in(message.content))), message.name)
            return Message(role, to_parts(message.content, where), message.name)
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

    role = getattr(message, "role", None)
    shown = f"role {role!r}" if role else f"class {type(message).__name__}"
    raise GrokConfigurationError(
        f"{where}: a message of {shown} cannot be sent: use one of {', '.join(_ROLES)}, or ToolMessage."
    )


def from_response(response: ChatResponse, *, json_answer: bool = False) -> AIMessage:
    """LangChain's message for an answer.

    Args:
        response: The answer.
        json_answer: JSON was asked for: of several documents `content` holds the last, which is the one that counts,
            since agents parse `content`. The earlier ones stay in the carrier.

    Returns:
        The message; `content` is a string, see `content_blocks` for everything in order.
    """
    items = response.items
    documents = [item for item in items if isinstance(item, MessageItem) and item.text]
    hidden = {id(item) for item in documents[:-1]} if json_answer else set[int]()
    kwargs: dict[str, Any] = {}
    if reasoning := response.reasoning:
        kwargs["reasoning_content"] = reasoning
    if refusal := response.refusal:
        kwargs["refusal"] = refusal
    if items:
        kwargs[CARRIER] = [entry_for(item, shown=id(item) not in hidden) for item in items]
    shown = [item for item in items if isinstance(item, MessageItem) and id(item) not in hidden]
    calls = [_from_call(item) for item in items if isinstance(item, ToolCall)]
    metadata = metadata_of(response)
    if logprobs := _logprobs_of(items):
        metadata["logprobs"] = {"content": logprobs}
    return AIMessage(
        content="".join(item.text for item in shown),
        additional_kwargs=kwargs,
        tool_calls=[call for call in calls if call["type"] == "tool_call"],
        invalid_tool_calls=[call for call in calls if call["type"] != "tool_call"],
        usage_metadata=usage_of(response.usage),
        response_metadata=metadata,
    )


def _from_call(call: ToolCall) -> Any:
    try:
        arguments = json.loads(call.arguments)
        problem = None if isinstance(arguments, dict) else "the arguments are JSON, but no object"
    except ValueError as error:
        problem = f"the arguments are no JSON: {error}"
    if problem is None:
        return tool_call(name=call.name, args=arguments, id=call.id)
    return invalid_tool_call(name=call.name, args=call.arguments, id=call.id, error=problem)


def _logprobs_of(items: Sequence[OutputItem]) -> list[dict[str, Any]]:
    return [
        dict(token) for item in items if isinstance(item, MessageItem) for part in item.parts for token in part.logprobs
    ]


def usage_of(usage: Usage | None) -> UsageMetadata | None:
    """LangChain's usage: `input + output == total`, reasoning inside output."""
    if usage is None:
        return None
    return UsageMetadata(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        input_token_details=InputTokenDetails(cache_read=usage.cached_tokens),
        output_token_details=OutputTokenDetails(reasoning=usage.reasoning_tokens),
    )


def metadata_of(answer: ChatResponse | FinishDelta) -> dict[str, Any]:
    """`response_metadata`: what belongs to the answer as a whole. Keys without a value are left out."""
    facts = envelope_of(answer)
    if answer.usage is not None and answer.usage.raw:
        facts["token_usage"] = dict(answer.usage.raw)
    return facts
