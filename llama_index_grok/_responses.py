"""Neutral answers -> LlamaIndex `ChatResponse`: whole ones, and snapshots of one that grows.

The message holds blocks only; every plain-dict fact (citations, server-side calls, usage, cost, ids, finish reason) is
in `ChatResponse.additional_kwargs`, since memories count and print the message. `raw` is always a dict whose `usage`
token counters can read. The last snapshot of a stream is made by the function that makes a whole answer, too, which is
why the two cannot differ.

Must not know: wire APIs, HTTP. Read `from_response`, `facts_of`, then `Snapshots`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LogProb,
    MessageRole,
    TextBlock,
)
from llama_index.core.base.llms.types import ThinkingBlock as Thinking

from grok_adapter.assembler import Assembler
from grok_adapter.facts import envelope_of
from grok_adapter.server_calls import server_tool_call_for
from grok_adapter.types import ChatResponse as NeutralResponse
from grok_adapter.types import (
    Citation,
    Delta,
    FinishDelta,
    ItemDelta,
    MessageItem,
    OtherItem,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)
from llama_index_grok._messages import cited_places, to_blocks, tool_call_block

__all__ = ["Snapshots", "from_response", "to_completion"]


def from_response(
    response: NeutralResponse,
    model: str,
    *,
    citation_blocks: bool = True,
    stored: bool = False,
    delta: str | None = None,
) -> ChatResponse:
    """The framework's response for a whole answer.

    Args:
        response: What came.
        model: The model that was asked, kept in the carrier.
        citation_blocks: Whether citations are blocks of the message too.
        stored: Whether xAI keeps the answer.
        delta: The last piece of text, in a stream.

    Example:
        >>> from grok_adapter.types import TextPart
        >>> from_response(NeutralResponse((MessageItem((TextPart("Hi"),)),)), "grok-4.7").message.content
        'Hi'
    """
    blocks = to_blocks(response, model, citation_blocks=citation_blocks, stored=stored)
    facts = facts_of(response)
    usage = {key: facts[key] for key in _USAGE_KEYS if key in facts} or None
    return ChatResponse(
        message=ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks),
        raw={**response.raw, "usage": usage},
        delta=delta,
        logprobs=_logprobs(response),
        additional_kwargs=facts,
    )


def to_completion(response: ChatResponse) -> CompletionResponse:
    """The same answer as a completion: the text, and all facts."""
    return CompletionResponse(
        text=response.message.content or "",
        additional_kwargs=response.additional_kwargs,
        raw=response.raw,
        logprobs=response.logprobs,
        delta=response.delta,
    )


# --- facts -----------------------------------------------------------------------------------------------------------

_USAGE_KEYS = ("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens", "cached_tokens")


def facts_of(response: NeutralResponse) -> dict[str, Any]:
    """Everything that is not in the message, as plain data. What was not said is left out; both lists always stay."""
    facts: dict[str, Any] = {
        **envelope_of(response),
        "refusal": response.refusal,
        "citations": citations_of(response),
        "server_tool_calls": server_tool_calls_of(response),
        "alternatives": [_alternative(other) for other in response.alternatives] or None,
        **_usage_of(response),
    }
    return {key: value for key, value in facts.items() if value is not None}


def citations_of(response: NeutralResponse) -> list[dict[str, Any]]:
    """The citations as plain dicts; offsets count within their `TextBlock`."""
    found = [_citation(citation, offset) for citation, _, offset, _ in cited_places(response)]
    named = [entry.get("url") for entry in found]  # a list: what came may be of any type
    return found + [{"url": url} for url in response.sources if url not in named]


def _citation(citation: Citation, offset: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"url": citation.url, "title": citation.title}
    if citation.start_index is not None and citation.end_index is not None:
        entry |= {"start_index": citation.start_index + offset, "end_index": citation.end_index + offset}
    if citation.url is None and citation.raw:  # a kind that has no address: shown as it came
        entry = dict(citation.raw)
    return {key: value for key, value in entry.items() if value is not None}


def server_tool_calls_of(response: NeutralResponse) -> list[dict[str, Any]]:
    """The calls that xAI made itself, as plain dicts."""
    read = (server_tool_call_for(item.raw) for item in response.items if isinstance(item, OtherItem))
    return [call.to_dict() for call in read if call is not None]


def _alternative(other: NeutralResponse) -> dict[str, Any]:
    return {"text": other.text, "finish_reason": other.finish_reason}


def _usage_of(response: NeutralResponse) -> dict[str, Any]:
    usage = response.usage
    if usage is None:
        return {}
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cached_tokens": usage.cached_tokens,
        "usage": dict(usage.raw) or None,
    }


def _logprobs(response: NeutralResponse) -> list[list[LogProb]] | None:
    """Per token its candidates, the way the framework wants it; `None` where nothing was sent (grok-4.20 and newer)."""
    parts = [part for item in response.items if isinstance(item, MessageItem) for part in item.parts]
    tokens = [token for part in parts for token in part.logprobs]
    return [[_logprob(entry) for entry in (token.get("top_logprobs") or [token])] for token in tokens] or None


def _logprob(entry: Mapping[str, Any]) -> LogProb:
    token, value = str(entry.get("token") or ""), float(entry.get("logprob") or 0.0)
    return LogProb(token=token, logprob=value, bytes=list(entry.get("bytes") or []))


# --- streams ---------------------------------------------------------------------------------------------------------


class Snapshots:
    """Folds deltas into responses that each hold the message so far.

    One object a stream. Finished blocks are built once and shared by later snapshots (each has its own list); only the
    growing one is built anew, so that a chunk costs the same wherever it stands in the stream. What has no text yet
    (ids, citations, encrypted reasoning) is in the last response.

    Example:
        >>> snapshots = Snapshots("grok-4.7")
        >>> snapshots.feed(TextDelta(0, "Hel")).message.content, snapshots.feed(TextDelta(0, "lo")).message.content
        ('Hel', 'Hello')
    """

    def __init__(self, model: str, **options: Any) -> None:
        self._model = model
        self._options = options
        self._assembler = Assembler()
        self._blocks: dict[int, Any] = {}
        self._ordered = True
        self._texts: dict[int, str] = {}
        self._summarised: set[int] = set()
        self._calls: list[dict[str, Any]] = []
        self._pieces: dict[int, ToolCallDelta] = {}
        self._server_calls: list[dict[str, Any]] = []

    def feed(self, delta: Delta) -> ChatResponse | None:
        """The response after one delta; `None` if it shows nothing new."""
        self._assembler.apply(delta)
        match delta:
            case TextDelta():
                return self._more_text(delta)
            case ReasoningDelta():
                return self._more_reasoning(delta)
            case ToolCallDelta():
                return self._more_call(delta)
            case ItemDelta():
                return self._more_server_calls(delta)
            case FinishDelta():
                return from_response(self._assembler.snapshot(), self._model, delta="", **self._options)
        return None

    def _more_text(self, delta: TextDelta) -> ChatResponse | None:
        if delta.refusal or not delta.text:
            return None
        index = delta.index
        before = self._texts.get(index)
        new = delta.text
        if before is None:
            # `.content` joins TextBlocks with a newline: with it here, the deltas add up to it.
            first = not any(isinstance(block, TextBlock) for block in self._blocks.values())
            new = new if first else "\n" + new
        self._texts[index] = text = (before or "") + delta.text
        self._put(index, TextBlock(text=text))
        return self._snapshot(new, {})

    def _more_reasoning(self, delta: ReasoningDelta) -> ChatResponse | None:
        index = delta.index
        if delta.summary:
            self._summarised.add(index)
        elif index in self._summarised:  # raw text beside a summary is not shown
            return None
        self._texts[index] = text = self._texts.get(index, "") + delta.text
        self._put(index, Thinking(content=text))
        return self._snapshot("", {"thinking_delta": delta.text})

    def _more_call(self, delta: ToolCallDelta) -> ChatResponse | None:
        so_far = self._pieces.get(delta.index)
        if so_far is not None:
            arguments = so_far.arguments + delta.arguments
            delta = ToolCallDelta(delta.index, arguments, so_far.id or delta.id, so_far.name or delta.name)
        self._pieces[delta.index] = delta
        call = ToolCall(delta.id or "", delta.name or "", delta.arguments or "{}")
        self._put(delta.index, tool_call_block(call))
        # LlamaIndex's function programs look for streamed calls here (program/utils.py); the last response has none.
        self._calls = [
            {"id": d.id, "type": "function", "function": {"name": d.name, "arguments": d.arguments or "{}"}}
            for _, d in sorted(self._pieces.items())
        ]
        return self._snapshot("", {})

    def _more_server_calls(self, delta: ItemDelta) -> ChatResponse | None:
        call = server_tool_call_for(delta.raw) if delta.raw else None
        if call is None:
            return None
        self._server_calls = [*self._server_calls, call.to_dict()]
        return self._snapshot("", {"server_tool_calls": list(self._server_calls)})

    def _put(self, index: int, block: Any) -> None:
        if index not in self._blocks and any(index < other for other in self._blocks):
            self._ordered = False
        self._blocks[index] = block

    def _snapshot(self, delta: str, facts: dict[str, Any]) -> ChatResponse:
        if not self._ordered:
            self._blocks = dict(sorted(self._blocks.items()))
            self._ordered = True
        kwargs = {"tool_calls": self._calls} if self._calls else {}
        message = ChatMessage(role=MessageRole.ASSISTANT, blocks=list(self._blocks.values()), additional_kwargs=kwargs)
        return ChatResponse(message=message, raw={}, delta=delta, additional_kwargs=facts)
