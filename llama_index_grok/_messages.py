"""LlamaIndex messages <-> neutral messages, with the carrier that lets every turn replay.

The blocks of an assistant message are its state, in output order: a `ThinkingBlock` per reasoning item, a `TextBlock`
per message item, a `ToolCallBlock` per call, then the `CitationBlock`s. What cannot be shown (ids, encrypted reasoning,
server-side calls) rides in `ThinkingBlock.additional_information`, under `CARRIER`. What the user can see is what is
sent: text comes from `TextBlock`s only, names and arguments from `ToolCallBlock`s only, so edits win.

Must not know: wire APIs, HTTP, `Grok`. Read `to_messages` (in), then `to_blocks` (out); user content is in `_blocks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    CachePoint,
    ChatMessage,
    CitationBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from grok_adapter.models import model_for
from grok_adapter.types import (
    ChatResponse,
    Citation,
    ContentPart,
    Message,
    MessageItem,
    OtherItem,
    OutputItem,
    ReasoningItem,
    Role,
    TextPart,
    ToolCall,
)
from llama_index_grok._blocks import Note, configuration_error, to_parts

__all__ = ["CARRIER", "check_messages", "thinking_block", "to_blocks", "to_messages", "tool_call_block"]

CARRIER = "xai_output_v1"
"""Key of the carrier; the version is part of it, since stored messages are a data format."""

_ROLES: dict[MessageRole, Role] = {
    MessageRole.SYSTEM: "system",
    MessageRole.DEVELOPER: "developer",
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "function",
}


# --- LlamaIndex -> neutral -------------------------------------------------------------------------------------------


def to_messages(messages: Sequence[ChatMessage], model: str, note: Note) -> list[Message]:
    """The neutral conversation.

    Args:
        messages: The conversation, oldest first; messages of other providers are fine.
        model: The model that is asked: reasoning of another family is left out, since xAI cannot decrypt it.
        note: Told, in a sentence, about what was left out.

    Raises:
        GrokConfigurationError: Something in it cannot be sent; the text names it.

    Example:
        >>> to_messages([ChatMessage(content="Hi")], "grok-4.7", print)[0].text
        'Hi'
    """
    return [_to_message(message, model, note) for message in messages]


def check_messages(messages: Any) -> list[ChatMessage]:
    """The messages as a list, checked before the framework's events see them: their own error would not say what to do.

    Raises:
        GrokConfigurationError: It is no list of `ChatMessage`.
    """
    if isinstance(messages, (str, ChatMessage, Mapping)):
        raise configuration_error(f"messages is one {type(messages).__name__}: give a list of ChatMessage.")
    for message in (listed := list(messages)):
        if not isinstance(message, ChatMessage):
            raise configuration_error(f"messages holds a {type(message).__name__}: give ChatMessage objects.")
    return listed


def _to_message(message: ChatMessage, model: str, note: Note) -> Message:
    role = _ROLES[message.role]
    if role == "assistant":
        return Message("assistant", tuple(_to_items(message, model, note)))
    parts = to_parts(message.blocks, note)
    extra = message.additional_kwargs
    if not extra:
        return Message(role, parts)
    call_id = extra.get("tool_call_id") or extra.get("call_id")
    if role == "tool" or (role == "function" and call_id):
        return Message("tool", parts, tool_call_id=call_id)
    name = extra.get("name")
    return Message(role, parts, name=name if isinstance(name, str) else None)


def _to_items(message: ChatMessage, model: str, note: Note) -> list[ContentPart | OutputItem]:
    items: list[ContentPart | OutputItem] = []
    calls = 0
    for block in message.blocks:
        match block:
            case TextBlock():
                if text := block.text:
                    items.append(TextPart(text))
            case ThinkingBlock():
                items += _carried(block, model)
            case ToolCallBlock():
                calls += 1
                ident = block.tool_call_id or f"call_{calls}"
                items.append(ToolCall(ident, block.tool_name, _as_json(block.tool_kwargs)))
            case CitationBlock() | CachePoint():
                pass  # the text that cites is a block of its own; nothing is sent for the mark
            case _:
                note(f"a {type(block).__name__} in an assistant message was left out: xAI takes none there.")
    if not calls and (legacy := message.additional_kwargs.get("tool_calls")):
        items += _legacy_calls(legacy)
    return items


def _carried(block: ThinkingBlock, model: str) -> Iterator[OutputItem]:
    """What our carrier holds; nothing for another provider's thinking, or another model family's."""
    carrier = block.additional_information.get(CARRIER)
    if not isinstance(carrier, Mapping) or not _same_family(str(carrier.get("model") or ""), model):
        return
    for raw in carrier.get("items") or ():
        if not isinstance(raw, Mapping):
            continue
        if raw.get("type") == "reasoning":
            yield _reasoning(raw, block.content)
        else:
            yield _other(raw)


def _same_family(one: str, other: str) -> bool:
    """Whether a model can decrypt what another one thought: the same row, whatever the alias or date in the name."""
    return one == other or model_for(one).id == model_for(other).id


def _reasoning(raw: Mapping[str, Any], shown: str | None) -> ReasoningItem:
    """A carried reasoning item; one text part is what the block shows, more than one are in the item itself."""
    summary, content = _strings(raw.get("summary")), _strings(raw.get("content"))
    if shown and "summary" not in raw and "content" not in raw:
        summary, content = ((), (shown,)) if raw.get("shown") == "content" else ((shown,), ())
    return ReasoningItem(summary, content, raw.get("encrypted_content"), raw.get("id"))


def _other(raw: Mapping[str, Any]) -> OutputItem:
    if raw.get("type") == "message":  # a refusal, which no TextBlock shows; or the mark of a stored answer
        texts = [str(part.get("refusal") or "") for part in raw.get("content") or () if isinstance(part, Mapping)]
        return MessageItem(tuple(TextPart(text, refusal=True) for text in texts if text), raw.get("id"))
    return OtherItem(raw)


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(x for x in value if isinstance(x, str)) if isinstance(value, (list, tuple)) else ()


def _as_json(kwargs: Any) -> str:
    if isinstance(kwargs, str):
        return kwargs or "{}"
    return json.dumps(kwargs or {}, ensure_ascii=False, default=str)


def _legacy_calls(calls: Any) -> Iterator[ToolCall]:
    """Calls as older adapters kept them: `additional_kwargs["tool_calls"]`, dicts or SDK objects, nested or flat."""
    for n, call in enumerate(calls if isinstance(calls, (list, tuple)) else ()):
        function = _get(call, "function") or call
        name = _get(function, "name") or _get(function, "tool_name")
        if name:
            arguments = _get(function, "arguments") or _get(function, "tool_kwargs")
            ident = _get(call, "call_id") or _get(call, "id") or _get(call, "tool_id") or f"call_{n + 1}"
            yield ToolCall(str(ident), str(name), _as_json(arguments))


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


# --- neutral -> LlamaIndex -------------------------------------------------------------------------------------------


def to_blocks(response: ChatResponse, model: str, *, citation_blocks: bool = True, stored: bool = False) -> list[Any]:
    """The blocks of an answer, in output order, citations last.

    Args:
        response: A whole answer.
        model: The model that was asked, kept in the carrier.
        citation_blocks: Whether to show citations as blocks too; most other adapters refuse them in a history.
        stored: Whether xAI keeps the answer: then its id is carried, never sent, so that a later call with
            `previous_response_id` leaves out what the server knows.

    Example:
        >>> to_blocks(ChatResponse((MessageItem((TextPart("Hi"),)),)), "grok-4.7")
        [TextBlock(block_type='text', text='Hi')]
    """
    blocks: list[Any] = []
    for item in response.items:
        match item:
            case ReasoningItem():
                blocks.append(thinking_block(item, model))
            case MessageItem():
                if item.text:
                    blocks.append(TextBlock(text=item.text))
                if refused := [part.text for part in item.parts if part.refusal]:
                    _carry(blocks, _refusal(refused, item.id), model)
            case ToolCall():
                blocks.append(tool_call_block(item))
            case OtherItem():
                _carry(blocks, dict(item.raw), model)
    if stored and response.id is not None:
        _carry(blocks, {"type": "message", "role": "assistant", "id": f"msg_{response.id}", "content": []}, model)
    if citation_blocks:
        blocks += _citation_blocks(response)
    return blocks


def thinking_block(item: ReasoningItem, model: str) -> ThinkingBlock:
    """The block of a reasoning item: readable text in `content`, everything else in the carrier."""
    raw: dict[str, Any] = {"type": "reasoning"}
    if item.id is not None:
        raw["id"] = item.id
    if item.encrypted_content is not None:
        raw["encrypted_content"] = item.encrypted_content
    if len(item.summary) + len(item.content) > 1:
        raw["summary"], raw["content"] = list(item.summary), list(item.content)
    elif item.content:
        raw["shown"] = "content"
    return ThinkingBlock(content=item.text or None, additional_information=_carrier(raw, model))


def tool_call_block(call: ToolCall) -> ToolCallBlock:
    """The block of a call: arguments as a dict, or as the text that came where that is no JSON object."""
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        arguments = None
    kwargs = arguments if isinstance(arguments, dict) else call.arguments
    return ToolCallBlock(tool_call_id=call.id, tool_name=call.name, tool_kwargs=kwargs)


def _carrier(raw: dict[str, Any], model: str) -> dict[str, Any]:
    return {CARRIER: {"model": model, "items": [raw]}}


def _carry(blocks: list[Any], raw: dict[str, Any], model: str) -> None:
    """Puts an item that has no block of its own behind what came before it."""
    last = blocks[-1] if blocks else None
    if isinstance(last, ThinkingBlock):
        last.additional_information[CARRIER]["items"].append(raw)
    else:
        blocks.append(ThinkingBlock(additional_information=_carrier(raw, model)))


def _refusal(texts: Sequence[str], ident: str | None) -> dict[str, Any]:
    content = [{"type": "refusal", "refusal": text} for text in texts]
    raw: dict[str, Any] = {"type": "message", "role": "assistant", "content": content}
    return raw if ident is None else {**raw, "id": ident}


def _citation_blocks(response: ChatResponse) -> Iterator[CitationBlock]:
    for citation, text, offset, number in cited_places(response):
        if citation.url is None:
            continue
        place: dict[str, int] = {}
        mark = ""
        if citation.start_index is not None and citation.end_index is not None:
            mark = text[citation.start_index + offset : citation.end_index + offset]
            place = {
                "text_block": number,
                "start_index": citation.start_index + offset,
                "end_index": citation.end_index + offset,
            }
        yield CitationBlock(
            cited_content=TextBlock(text=mark),
            source=citation.url,
            title=citation.title or citation.url,
            additional_location_info=place,
        )


def cited_places(response: ChatResponse) -> Iterator[tuple[Citation, str, int, int]]:
    """Each citation with the text of its block, what to add to its offsets, and the block's number among the texts."""
    number = -1
    for item in response.items:
        if not isinstance(item, MessageItem):
            continue
        text, offset = item.text, 0
        number += bool(text)
        for part in item.parts:
            for citation in part.citations:
                yield citation, text, offset, max(number, 0)
            offset += 0 if part.refusal else len(part.text)
