"""What an assistant message holds for the next turn, beyond what it shows.

`additional_kwargs["xai_output_v1"]` is a list with one entry per output item, in output order. An entry holds only
what the message does not show:

    message         {type, id, n: [length of each part], annotations: [those of each part], refusal: [parts]}
    reasoning       {type, id, n, encrypted_content, raw: n counts reasoning text rather than summaries}
    function_call   {type, id, call_id}
    anything else   {type, item: the item as it came}

Text is cut out of what the message shows by the lengths `n`; names and arguments come from `tool_calls`, which people
edit. Where lengths do not add up the text was edited: the whole of it goes where the last message item stood. A
document that `content` leaves out (see `from_response`) keeps its text in the entry, under `text`.

The entries are a stored format: checkpoints hold them. The version is in the key, since sums of chunks would add an
int and concatenate a string; nested items are wrapped for they may have an `index`, by which sums merge list elements.

Read the `..._entry` functions, then `items_of`.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from grok_adapter.codecs._wire import read_citations, write_citation
from grok_adapter.types import Citation, MessageItem, OtherItem, OutputItem, ReasoningItem, TextPart, ToolCall
from langchain_grok._content import text_in

__all__ = ["CARRIER", "call_entry", "entry_for", "items_of", "message_entry", "other_entry", "reasoning_entry"]

CARRIER = "xai_output_v1"

Entry = dict[str, Any]


def message_entry(ident: str | None, parts: Sequence[tuple[int, Sequence[Citation], bool]]) -> Entry:
    """The entry of a message item whose text the message shows.

    Args:
        ident: The item's id.
        parts: Length, citations and whether it is a refusal, of each part.
    """
    entry: Entry = {"type": "message", "n": [length for length, _, _ in parts]}
    if any(citations for _, citations, _ in parts):
        entry["annotations"] = [[write_citation(c) for c in citations] for _, citations, _ in parts]
    if refused := [place for place, (_, _, refusal) in enumerate(parts) if refusal]:
        entry["refusal"] = refused
    return entry | ({"id": ident} if ident else {})


def reasoning_entry(
    ident: str | None, lengths: Sequence[int], encrypted: str | None, *, raw: bool, content: Sequence[str] = ()
) -> Entry:
    """The entry of a reasoning item.

    Args:
        ident: The item's id.
        lengths: Of each part shown.
        encrypted: xAI's opaque state.
        raw: The parts shown are reasoning text, not summaries.
        content: Reasoning text that is not shown, since a summary is.
    """
    entry: Entry = {"type": "reasoning", "n": list(lengths)}
    facts = {"id": ident, "encrypted_content": encrypted, "raw": raw, "content": list(content)}
    return entry | {key: value for key, value in facts.items() if value}


def call_entry(call_id: str, item_id: str | None) -> Entry:
    """The entry of a call of the caller's function."""
    return {"type": "function_call", "call_id": call_id} | ({"id": item_id} if item_id else {})


def other_entry(raw: Mapping[str, Any]) -> Entry:
    """The entry of any other item, which is kept as it came."""
    return {"type": str(raw.get("type") or "unknown"), "item": dict(raw)}


def entry_for(item: OutputItem, *, shown: bool = True) -> Entry:
    """The entry of a whole item; with `shown=False` a message's text goes into the entry."""
    match item:
        case MessageItem():
            entry = message_entry(item.id, [(len(p.text), p.citations, p.refusal) for p in item.parts])
            if not shown:
                entry["text"] = [part.text for part in item.parts]
            return entry
        case ReasoningItem():
            raw = not item.summary
            lengths = [len(text) for text in (item.content if raw else item.summary)]
            hidden = () if raw else item.content
            return reasoning_entry(item.id, lengths, item.encrypted_content, raw=raw and bool(lengths), content=hidden)
        case ToolCall():
            return call_entry(item.id, item.item_id)
        case OtherItem():
            return other_entry(item.raw)


def items_of(message: AIMessage, *, hidden: bool = True) -> tuple[OutputItem, ...]:
    """The output items that a message stands for.

    Args:
        message: Any assistant message. Without our carrier (another provider's, or one written by hand) its text and
            calls count and its reasoning does not.
        hidden: Also those documents that `content` leaves out.

    Returns:
        Items in the order they came; a call that was added by hand comes last, a removed one is gone.
    """
    return tuple(_Reading(message).items(hidden=hidden))


class _Reading:
    """One message being read: its text, reasoning and calls, taken out piece by piece."""

    def __init__(self, message: AIMessage) -> None:
        entries = message.additional_kwargs.get(CARRIER)
        self.entries: list[Entry] = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
        self.text = text_in(message.content)
        self.refusal = _text_of(message.additional_kwargs.get("refusal"))
        self.reasoning = _text_of(message.additional_kwargs.get("reasoning_content"))
        self.calls = _calls_of(message)
        shown = [e for e in self.entries if e.get("type") == "message" and "text" not in e]
        self.edited = sum(_answer_length(entry) for entry in shown) != len(self.text)
        self.last_shown = shown[-1] if shown else None
        thoughts = [e for e in self.entries if e.get("type") == "reasoning"]
        self.rethought = sum(sum(_lengths(entry)) for entry in thoughts) != len(self.reasoning)

    def items(self, *, hidden: bool) -> Iterator[OutputItem]:
        """The items, in order."""
        for entry in self.entries:
            if self.edited and self.last_shown is None and entry.get("type") == "function_call":
                yield from self._rest()  # text that no entry stands for comes before the calls
            match entry.get("type"):
                case "message" if "text" in entry:
                    if hidden:
                        yield _hidden_message(entry)
                case "message":
                    yield from self._message(entry)
                case "reasoning":
                    yield self._thought(entry)
                case "function_call":
                    yield from self._call(entry)
                case _:
                    if isinstance(item := entry.get("item"), dict):
                        yield OtherItem(item)
        yield from self._rest()
        while any(self.calls.values()):  # calls without an entry
            yield next(queue for queue in self.calls.values() if queue).popleft()

    def _rest(self) -> Iterator[OutputItem]:
        if self.edited and self.last_shown is None and self.text:
            yield MessageItem((TextPart(self.text),))
            self.text = ""

    def _message(self, entry: Entry) -> Iterator[OutputItem]:
        refused = set(entry.get("refusal") or ())
        annotations = entry.get("annotations") or []
        parts: list[TextPart] = []
        for place, length in enumerate(_lengths(entry)):
            if place in refused:
                text, self.refusal = self.refusal[:length], self.refusal[length:]
                parts.append(TextPart(text, refusal=True))
            elif not self.edited:
                text, self.text = self.text[:length], self.text[length:]
                cited = annotations[place] if place < len(annotations) else ()
                parts.append(TextPart(text, read_citations(cited)))
        if self.edited and entry is self.last_shown:
            parts.insert(0, TextPart(self.text))
        if said := tuple(part for part in parts if part.text or part.citations):
            yield MessageItem(said, None if self.edited else entry.get("id"))

    def _thought(self, entry: Entry) -> ReasoningItem:
        texts: list[str] = []
        if self.rethought:  # edited: the first item gets all of it
            texts, self.reasoning = [self.reasoning] if self.reasoning else [], ""
        else:
            for length in _lengths(entry):
                texts.append(self.reasoning[:length])
                self.reasoning = self.reasoning[length:]
        raw = bool(entry.get("raw"))
        return ReasoningItem(
            summary=() if raw else tuple(texts),
            content=tuple(texts) if raw else tuple(entry.get("content") or ()),
            encrypted_content=entry.get("encrypted_content"),
            id=entry.get("id"),
        )

    def _call(self, entry: Entry) -> Iterator[ToolCall]:
        if queue := self.calls.get(str(entry.get("call_id") or "")):
            call = queue.popleft()
            yield ToolCall(call.id, call.name, call.arguments, entry.get("id"))


def _calls_of(message: AIMessage) -> dict[str, deque[ToolCall]]:
    """The message's calls by id, malformed ones included; some providers use an id twice."""
    calls: dict[str, deque[ToolCall]] = defaultdict(deque)
    for place, call in enumerate([*message.tool_calls, *message.invalid_tool_calls]):
        arguments: Any = call["args"]
        if not isinstance(arguments, str):
            # Without blanks, as xAI writes them: the prompt cache goes by the text.
            arguments = json.dumps(arguments or {}, ensure_ascii=False, separators=(",", ":"), default=str)
        ident = call["id"] or f"call_{place}"
        calls[ident].append(ToolCall(ident, call["name"] or "", arguments))
    return calls


def _hidden_message(entry: Entry) -> MessageItem:
    refused = set(entry.get("refusal") or ())
    annotations = entry.get("annotations") or []
    parts = [
        TextPart(text, read_citations(annotations[n]) if n < len(annotations) else (), n in refused)
        for n, text in enumerate(entry["text"])
    ]
    return MessageItem(tuple(parts), entry.get("id"))


def _lengths(entry: Entry) -> list[int]:
    n: Iterable[Any] = entry.get("n") or ()
    return [length for length in n if isinstance(length, int)]


def _answer_length(entry: Entry) -> int:
    refused = set(entry.get("refusal") or ())
    return sum(length for place, length in enumerate(_lengths(entry)) if place not in refused)


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""
