"""`content_blocks`: LangChain's standard blocks for our messages, whole or streamed.

Registered with langchain-core for the provider `xai`, which every message and chunk of ours names. A whole message is
read through its carrier; a single chunk says in an extra field (`BLOCK`) which block it belongs to. Knows no wire
format beyond what `grok_adapter.server_calls` reads for it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages import content as types
from langchain_core.messages.block_translators import register_translator

from grok_adapter.codecs._wire import write_citation
from grok_adapter.server_calls import ServerToolCall, server_tool_call_for
from grok_adapter.types import Citation, MessageItem, OtherItem, OutputItem, ReasoningItem, TextPart, ToolCall
from langchain_grok._carrier import CARRIER, items_of

__all__ = ["BLOCK", "citation_blocks", "item_blocks", "refusal_block", "register"]

BLOCK = "xai_block"
"""Extra field of a single chunk: the `index` of the block it adds to, or the blocks it adds. Sums drop it."""

Block = dict[str, Any]


def register() -> None:
    """Tells langchain-core how to read our messages."""
    register_translator("xai", _translate, _translate_chunk)


def _translate(message: AIMessage) -> list[types.ContentBlock]:
    """Blocks of a whole message, or of summed chunks."""
    if isinstance(message.content, list):
        raise NotImplementedError  # langchain-core then reads the blocks as they stand
    blocks = list(_whole_blocks(message))
    return cast("list[types.ContentBlock]", blocks)


def _translate_chunk(message: AIMessageChunk) -> list[types.ContentBlock]:
    """Blocks that one chunk adds."""
    mark = (message.__pydantic_extra__ or {}).get(BLOCK)
    if mark is None:
        return _translate(message)
    if isinstance(mark, list):
        return cast("list[types.ContentBlock]", [dict(block) for block in mark])
    if message.tool_call_chunks:
        call = message.tool_call_chunks[0]
        block: Block = {"type": "tool_call_chunk", "id": call["id"], "name": call["name"], "args": call["args"]}
    elif "reasoning_content" in message.additional_kwargs:
        block = {"type": "reasoning", "reasoning": message.additional_kwargs["reasoning_content"]}
    else:
        block = {"type": "text", "text": message.content}
    block["index"] = mark
    return cast("list[types.ContentBlock]", [block])


def _whole_blocks(message: AIMessage) -> Iterator[Block]:
    entries = message.additional_kwargs.get(CARRIER) or ()
    thought = message.additional_kwargs.get("reasoning_content")
    if thought and not any(isinstance(e, dict) and e.get("type") == "reasoning" for e in entries):
        yield {"type": "reasoning", "reasoning": thought}  # a stream that was left, or another package's message
    calls = _call_blocks(message)
    for item in items_of(message, hidden=False):
        yield from _blocks_of(item, calls)


def _call_blocks(message: AIMessage) -> dict[str, deque[Block]]:
    """Blocks of the caller's function calls by id; pieces of calls while a stream is being summed."""
    blocks: dict[str, deque[Block]] = defaultdict(deque)
    if isinstance(message, AIMessageChunk) and message.chunk_position != "last" and message.tool_call_chunks:
        for piece in message.tool_call_chunks:
            keys = {k: piece.get(k) for k in ("id", "name", "args", "index")}
            blocks[piece["id"] or ""].append({"type": "tool_call_chunk", **keys})
    else:
        for call in message.tool_calls:
            block = {"type": "tool_call", "id": call["id"], "name": call["name"], "args": call["args"]}
            blocks[call["id"] or ""].append(block)
    return blocks


def _blocks_of(item: OutputItem, calls: Mapping[str, deque[Block]]) -> Iterator[Block]:
    match item:
        case ReasoningItem():
            if item.text:  # sealed reasoning has nothing to show; the carrier has it
                yield {"type": "reasoning", "reasoning": item.text} | ({"id": item.id} if item.id else {})
        case MessageItem():
            for part in item.parts:
                yield refusal_block(part.text) if part.refusal else _text_block(part, item.id)
        case ToolCall():
            if queue := calls.get(item.id):
                yield queue.popleft()
        case OtherItem():
            yield from item_blocks(item.raw)


def _text_block(part: TextPart, ident: str | None) -> Block:
    block: Block = {"type": "text", "text": part.text}
    return block | citation_blocks(part.citations) | ({"id": ident} if ident else {})


def citation_blocks(citations: Sequence[Citation]) -> dict[str, list[Block]]:
    """The `annotations` of a text block; nothing if there are none. Offsets count from the start of that block."""
    return {"annotations": [_citation_block(citation) for citation in citations]} if citations else {}


def _citation_block(citation: Citation) -> Block:
    if citation.url is None:
        return {"type": "non_standard_annotation", "value": write_citation(citation)}
    facts = {name: getattr(citation, name) for name in ("url", "title", "start_index", "end_index")}
    return {"type": "citation"} | {name: value for name, value in facts.items() if value is not None}


def refusal_block(text: str) -> Block:
    """The block of a refusal, for which LangChain has no standard one."""
    return {"type": "non_standard", "value": {"type": "refusal", "refusal": text}}


def item_blocks(raw: Mapping[str, Any]) -> list[Block]:
    """Blocks of a server-side tool call: the call, its result, an image if it made one; or of an unknown item."""
    call = server_tool_call_for(raw)
    if call is None:
        return [{"type": "non_standard", "value": dict(raw)}]
    blocks: list[Block] = [
        {"type": "server_tool_call", "id": call.id, "name": call.name, "args": dict(call.arguments)} | _server_of(call),
        _result_block(call),
    ]
    if call.type == "image_generation_call" and isinstance(call.output, str) and call.output:
        place = "url" if call.output.startswith(("http://", "https://")) else "base64"
        blocks.append({"type": "image", place: call.output, "id": call.id})
    return blocks


def _server_of(call: ServerToolCall) -> Block:
    """The label of the MCP server, for which LangChain's block has no field of its own."""
    return {"extras": {"server": call.server}} if call.server else {}


def _result_block(call: ServerToolCall) -> Block:
    failed = call.status in ("failed", "incomplete") or (isinstance(call.output, Mapping) and "error" in call.output)
    block: Block = {"type": "server_tool_result", "tool_call_id": call.id, "status": "error" if failed else "success"}
    picture = call.type == "image_generation_call" and isinstance(call.output, str)
    if call.output is not None and not picture:  # the picture is a block of its own
        block["output"] = call.output
    return block
