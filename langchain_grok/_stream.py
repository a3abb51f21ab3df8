"""Neutral deltas to LangChain's message chunks, whose sum is what invoke returns.

Each chunk says only what is new, since sums concatenate strings and append lists. Carrier entries, ids and
annotations come with the chunk that finishes an item; usage and metadata with the last chunk. Each chunk also says
which content block it belongs to, in an extra field (`BLOCK`) that sums drop and `_blocks` reads: with
`output_version="v1"` and v3 events blocks stay apart.

`ChunkMaker` holds the state of one stream. The hot path is `to_chunk` for text: one message chunk, one generation
chunk, little else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from grok_adapter.server_calls import server_tool_call_for
from grok_adapter.types import (
    Citation,
    CitationsDelta,
    Delta,
    FinishDelta,
    ItemDelta,
    ReasoningDelta,
    ServerToolStart,
    TextDelta,
    ToolCallDelta,
)
from langchain_grok._blocks import BLOCK, citation_blocks, item_blocks, refusal_block
from langchain_grok._carrier import CARRIER, Entry, call_entry, message_entry, other_entry, reasoning_entry
from langchain_grok._messages import PROVIDER, metadata_of, usage_of

__all__ = ["ChunkMaker"]

Block = dict[str, Any]


class _Part:
    """What was said of one text part."""

    __slots__ = ("citations", "length", "refusal")

    def __init__(self) -> None:
        self.length = 0
        self.citations: tuple[Citation, ...] = ()
        self.refusal: list[str] = []


class _Growing:
    """An item that is still being told."""

    __slots__ = ("hidden", "lengths", "parts", "raw")

    def __init__(self) -> None:
        self.parts: dict[int, _Part] = {}  # of a message
        self.raw: bool | None = None  # of reasoning: which kind of text is shown
        self.lengths: dict[int, int] = {}
        self.hidden: dict[int, str] = {}

    def part(self, number: int) -> _Part:
        part = self.parts.get(number)
        if part is None:
            part = self.parts[number] = _Part()
        return part


class ChunkMaker:
    """Turns the deltas of one stream into chunks.

    Example:
        >>> maker = ChunkMaker()
        >>> maker.to_chunk(TextDelta(0, "Hi")).message.content
        'Hi'
    """

    def __init__(self) -> None:
        self._open: dict[int, _Growing] = {}
        self._waiting: dict[int, Entry] = {}
        self._started: set[int] = set()
        self._called: set[int] = set()
        self._logprobs: list[Mapping[str, Any]] = []

    def to_chunk(self, delta: Delta) -> ChatGenerationChunk | None:
        """The chunk for a delta; `None` if what it says comes with a later one."""
        if type(delta) is TextDelta and not delta.refusal:
            growing = self._open.get(delta.index) or self._grow(delta.index)
            growing.part(delta.part).length += len(delta.text)
            if delta.logprobs:
                self._logprobs += delta.logprobs
            return _chunk(delta.text, f"lc_txt_{delta.index}_{delta.part}")
        return _MAKERS[type(delta)](self, delta)

    def _grow(self, index: int) -> _Growing:
        return self._open.setdefault(index, _Growing())

    def _on_refusal(self, delta: TextDelta) -> ChatGenerationChunk:
        part = self._grow(delta.index).part(delta.part)
        # The block begins here and is filled at the item's end: v1 sums its pieces, v3 takes the last one.
        blocks = [] if part.refusal else [refusal_block("") | {"index": f"lc_rf_{delta.index}_{delta.part}"}]
        part.length += len(delta.text)
        part.refusal.append(delta.text)
        return _chunk("", blocks, {"refusal": delta.text})

    def _on_reasoning(self, delta: ReasoningDelta) -> ChatGenerationChunk | None:
        growing = self._grow(delta.index)
        if growing.raw is None:
            growing.raw = not delta.summary
        if growing.raw is delta.summary:  # the other kind, beside the one that is shown
            growing.hidden[delta.part] = growing.hidden.get(delta.part, "") + delta.text
            return None
        growing.lengths[delta.part] = growing.lengths.get(delta.part, 0) + len(delta.text)
        return _chunk("", f"lc_rs_{delta.index}", {"reasoning_content": delta.text})

    def _on_call(self, delta: ToolCallDelta) -> ChatGenerationChunk:
        kwargs: dict[str, Any] = {}
        if delta.index not in self._called and delta.id:
            self._called.add(delta.index)
            kwargs = self._finish(delta.index, call_entry(delta.id, delta.item_id))
        call = tool_call_chunk(name=delta.name, args=delta.arguments, id=delta.id, index=delta.index)
        return _chunk("", f"lc_tc_{delta.index}", kwargs, tool_call_chunks=[call])

    def _on_citations(self, delta: CitationsDelta) -> ChatGenerationChunk | None:
        part = self._grow(delta.index).part(delta.part)
        part.citations += delta.citations
        if part.length:
            return None
        # A part that only cites: its block begins here, before those of later items.
        return _chunk("", [{"type": "text", "text": "", "index": f"lc_txt_{delta.index}_{delta.part}"}])

    def _on_server_tool(self, delta: ServerToolStart) -> ChatGenerationChunk:
        self._started.add(delta.index)
        self._grow(delta.index)
        block = {
            "type": "server_tool_call_chunk",
            "id": delta.id,
            "name": delta.name,
            "args": "",
            "index": f"lc_st_{delta.index}",
        }
        return _chunk("", [block])

    def _on_item(self, delta: ItemDelta) -> ChatGenerationChunk | None:
        growing = self._open.get(delta.index)
        if delta.kind == "other":
            raw = delta.raw or {}
            blocks = self._other_blocks(delta.index, raw)
            return _chunk("", blocks, self._finish(delta.index, other_entry(raw)))
        if delta.kind == "message":
            if growing is None:
                return None  # a message that says nothing
            entry, blocks = _message_end(delta.index, delta.id, growing)
            return _chunk("", blocks, self._finish(delta.index, entry)) if entry else None
        entry, blocks = _reasoning_end(delta.index, delta.id, delta.encrypted_content, growing or _Growing())
        return _chunk("", blocks, self._finish(delta.index, entry))

    def _on_finish(self, delta: FinishDelta) -> ChatGenerationChunk:
        blocks: list[Block] = []
        for index, growing in sorted(self._open.items()):  # items without an end of their own: Chat Completions
            entry: Entry | None = None
            if growing.parts:
                entry, more = _message_end(index, None, growing)
                blocks += more
            elif growing.raw is not None:
                entry, _ = _reasoning_end(index, None, None, growing)
            if entry:
                self._waiting[index] = entry
        entries = [entry for _, entry in sorted(self._waiting.items())]
        metadata = metadata_of(delta)
        if self._logprobs:
            metadata["logprobs"] = {"content": [dict(token) for token in self._logprobs]}
        kwargs = {CARRIER: entries} if entries else {}
        usage = usage_of(delta.usage)
        return _chunk("", blocks, kwargs, response_metadata=metadata, usage_metadata=usage, chunk_position="last")

    def _other_blocks(self, index: int, raw: Mapping[str, Any]) -> list[Block]:
        """The blocks that end a server-side call: its arguments, then its result; an unknown item is one block."""
        if server_tool_call_for(raw) is None:
            return [block | {"index": f"lc_it_{index}"} for block in item_blocks(raw)]
        first, *others = item_blocks(raw)
        call = {
            "type": "server_tool_call_chunk",
            "args": json.dumps(first["args"], ensure_ascii=False),
            "index": f"lc_st_{index}",
        }
        if "extras" in first:
            call["extras"] = first["extras"]
        if index not in self._started:
            call |= {"id": first["id"], "name": first["name"]}
        return [call, *(block | {"index": f"lc_sr_{index}_{n}"} for n, block in enumerate(others))]

    def _finish(self, index: int, entry: Entry) -> dict[str, Any]:
        """Takes an entry; hands out those before which nothing is open any more: the carrier is in output order."""
        self._open.pop(index, None)
        self._waiting[index] = entry
        first_open = min(self._open, default=None)
        ready = sorted(n for n in self._waiting if first_open is None or n < first_open)
        return {CARRIER: [self._waiting.pop(n) for n in ready]} if ready else {}


def _chunk(
    text: str, block: str | list[Block], kwargs: dict[str, Any] | None = None, **fields: Any
) -> ChatGenerationChunk:
    fields.setdefault("response_metadata", {"model_provider": PROVIDER})
    fields[BLOCK] = block
    return ChatGenerationChunk(message=AIMessageChunk(content=text, additional_kwargs=kwargs or {}, **fields))


def _message_end(index: int, ident: str | None, growing: _Growing) -> tuple[Entry | None, list[Block]]:
    parts = [(n, p) for n, p in sorted(growing.parts.items()) if p.length or p.citations]
    blocks: list[Block] = []
    for n, part in parts:
        if part.refusal:
            blocks.append(refusal_block("".join(part.refusal)) | {"index": f"lc_rf_{index}_{n}"})
        elif ident or part.citations:
            block: Block = {"type": "text", "text": "", "index": f"lc_txt_{index}_{n}"}
            block |= citation_blocks(part.citations)
            blocks.append(block | ({"id": ident} if ident else {}))
    entry = message_entry(ident, [(p.length, p.citations, bool(p.refusal)) for _, p in parts]) if parts else None
    return entry, blocks


def _reasoning_end(index: int, ident: str | None, sealed: str | None, growing: _Growing) -> tuple[Entry, list[Block]]:
    lengths = [length for _, length in sorted(growing.lengths.items()) if length]
    hidden = [text for _, text in sorted(growing.hidden.items())]
    raw = bool(growing.raw)
    entry = reasoning_entry(ident, lengths, sealed, raw=raw, content=hidden)
    if not (ident and lengths):
        return entry, []
    return entry, [{"type": "reasoning", "reasoning": "", "id": ident, "index": f"lc_rs_{index}"}]


_MAKERS: dict[type, Callable[[ChunkMaker, Any], ChatGenerationChunk | None]] = {
    TextDelta: ChunkMaker._on_refusal,
    ReasoningDelta: ChunkMaker._on_reasoning,
    ToolCallDelta: ChunkMaker._on_call,
    CitationsDelta: ChunkMaker._on_citations,
    ServerToolStart: ChunkMaker._on_server_tool,
    ItemDelta: ChunkMaker._on_item,
    FinishDelta: ChunkMaker._on_finish,
}
