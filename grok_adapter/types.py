"""The neutral values that everything else is written in. Read this file first.

A framework's messages become `Message`s, a wire answer becomes a `ChatResponse`, a wire event becomes deltas; the
two providers and the two wire APIs meet only here. Standard library only: this module knows no framework, no SDK,
no wire format. All values are frozen; whoever wants another one uses `dataclasses.replace`.

Order: warnings, content a user sends, items a model answers with, `Message`, tools, `ChatRequest`, `Usage`,
`ChatResponse`, deltas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from grok_adapter.models import GrokModel

__all__ = [
    "Advice",
    "Api",
    "ChatRequest",
    "ChatResponse",
    "Citation",
    "CitationsDelta",
    "ContentPart",
    "Delta",
    "FilePart",
    "FinishDelta",
    "FinishReason",
    "FunctionTool",
    "GrokWarning",
    "ImagePart",
    "ItemDelta",
    "JsonSchemaFormat",
    "Message",
    "MessageItem",
    "NamedTool",
    "OtherItem",
    "OutputItem",
    "ParameterReport",
    "ReasoningDelta",
    "ReasoningItem",
    "ResponseFormat",
    "Role",
    "ServerTool",
    "ServerToolStart",
    "TextDelta",
    "TextPart",
    "ToolCall",
    "ToolCallDelta",
    "ToolChoice",
    "UnsupportedParameter",
    "UnsupportedParameterWarning",
    "Usage",
]

Api = Literal["responses", "chat"]
"""Which xAI endpoint is spoken: `/v1/responses` or `/v1/chat/completions`."""

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]
"""The roles the server's own error text lists (422, recorded April 2026)."""

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why an answer ended, in one vocabulary for both APIs; the wire's own word is `ChatResponse.raw_finish_reason`."""

TICKS_PER_USD = 10_000_000_000
"""`usage.cost_in_usd_ticks` counts ten-thousand-millionths of a dollar (checked against recorded prices)."""


class GrokWarning(UserWarning):
    """Something the caller should know and that did not stop the call. Parent of all warnings of this package."""


class UnsupportedParameterWarning(GrokWarning):
    """A parameter was not sent, because the model or the API would refuse or ignore it."""


# --- content ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Citation:
    """A source the model names for a stretch of text.

    Attributes:
        url: Address of the source; `None` for kinds that have none (then see `raw`).
        title: As sent. Since 2026 xAI sends the citation's number here, not a page title.
        start_index: First character in the text part, 0-based; `None` where xAI sent no positions (before 2026).
        end_index: One past the last character, so `text[start_index:end_index]` is the cited mark.
        raw: The annotation as it came, for kinds and fields not named above.
    """

    url: str | None
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None
    raw: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TextPart:
    """A run of text. `citations`, `refusal` and `logprobs` occur in answers only.

    Attributes:
        text: The text.
        citations: What it cites; offsets count from the start of this part.
        refusal: True where the model sent the text as a refusal rather than as an answer.
        logprobs: Token log-probabilities as sent (grok-4.20 and newer send none).
    """

    text: str
    citations: tuple[Citation, ...] = ()
    refusal: bool = False
    logprobs: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image: `url` (https or a `data:` URL) or `file_id`. `detail` is `"auto"`, `"low"` or `"high"`."""

    url: str | None = None
    file_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class FilePart:
    """A document: exactly one of `file_id`, `url` or `data` (base64, without the `data:` prefix)."""

    file_id: str | None = None
    url: str | None = None
    data: str | None = None
    filename: str | None = None
    mime_type: str | None = None


ContentPart = TextPart | ImagePart | FilePart


# --- what a model answers with ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageItem:
    """One `message` of an answer: one or more text parts. An answer may hold several (server-side tools, JSON)."""

    parts: tuple[TextPart, ...]
    id: str | None = None

    @property
    def text(self) -> str:
        """The answer text of this item; refusals are left out."""
        return "".join(part.text for part in self.parts if not part.refusal)


@dataclass(frozen=True, slots=True)
class ReasoningItem:
    """What the model thought. Any of the three may be empty; an encrypted-only item still has to be sent back.

    Attributes:
        summary: Readable summary, one string a part.
        content: Raw reasoning text (`reasoning_text`, or `reasoning_content` on Chat Completions), a string a part.
        encrypted_content: xAI's opaque state, sent back verbatim.
        id: Item id. Not unique: with server-side tools two reasoning items can share one (recorded August 2026).
    """

    summary: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    encrypted_content: str | None = field(default=None, repr=False)
    id: str | None = None

    @property
    def text(self) -> str:
        """What can be shown: the summary, or else the raw text."""
        return "".join(self.summary) or "".join(self.content)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the caller's own functions.

    Attributes:
        id: The call's id (`call_id` on Responses): what a result refers to.
        name: The function.
        arguments: JSON text as sent; empty and `null` arguments are `"{}"`. May be malformed if the model was cut off.
        item_id: Id of the output item on Responses, which is another one.
    """

    id: str
    name: str
    arguments: str
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class OtherItem:
    """Any other output item, kept verbatim: server-side tool calls, and items newer than this package.

    `grok_adapter.server_calls.server_tool_call_for(item.raw)` reads the ones that are server-side tool calls.
    """

    raw: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The wire's own type, such as `"web_search_call"`."""
        return str(self.raw.get("type") or "unknown")


OutputItem = MessageItem | ReasoningItem | ToolCall | OtherItem


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: Who speaks.
        content: For `assistant`: output items in the order they came. For all others: text, images and files.
        name: Name of the end user, or of the function for the `function` role.
        tool_call_id: For `tool`: the call this is the result of.

    Example:
        >>> Message("user", (TextPart("Why is the sky blue?"),)).text
        'Why is the sky blue?'
    """

    role: Role
    content: tuple[ContentPart | OutputItem, ...] = ()
    name: str | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """All text of the message, joined with nothing between."""
        return "".join(part.text for part in self.content if isinstance(part, (TextPart, MessageItem)))

    @property
    def plain_text(self) -> str | None:
        """The text, if a user, a system or a tool says nothing but text; `None` if there is more."""
        content = self.content
        if len(content) == 1 and isinstance(part := content[0], TextPart):
            return part.text
        return self.text if all(isinstance(part, TextPart) for part in content) else None


# --- what is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A function of the caller's that the model may call. `parameters` is its JSON schema, sent as it is."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class NamedTool:
    """The tool choice that forces one function.

    Attributes:
        name: The function.
        hosted: It is one of xAI's own tools instead, which cannot be forced: the choice is reported, not sent.
    """

    name: str
    hosted: bool = False


ToolChoice = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True)
class JsonSchemaFormat:
    """Asks for an answer that fits a JSON schema. xAI looks at `schema` only; the name shows in its errors."""

    name: str
    schema: Mapping[str, Any]
    strict: bool | None = None
    description: str | None = None


ResponseFormat = JsonSchemaFormat | Literal["text", "json_object"]


class ServerTool(Protocol):
    """A tool that xAI runs. `grok_adapter.tools` has them all."""

    def to_wire(self) -> dict[str, Any]:
        """The entry in the request's `tools`, credentials included."""
        ...

    @property
    def include(self) -> tuple[str, ...]:
        """The values of the request's `include` that this tool needs."""
        ...


@dataclass(frozen=True, slots=True)
class UnsupportedParameter:
    """A parameter that was not sent, or sent without knowing what it does.

    Attributes:
        name: The parameter, as the caller wrote it.
        value: What the caller gave.
        reason: Why, in one sentence, with the mend where there is one.
        sent: False if it was left out; True for keys this package does not know, which go through unchecked.
    """

    name: str
    value: Any
    reason: str
    sent: bool = False


ParameterReport = tuple[UnsupportedParameter, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to be told once per model object: what it is about, the text, and the kind of warning."""

    about: str
    text: str
    category: type[Warning] = GrokWarning


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Everything one call asks for, in neutral words.

    Attributes:
        model: Model id as the caller wrote it.
        messages: The conversation, oldest first.
        api: Which endpoint to speak.
        tools: The caller's functions.
        server_tools: Tools that xAI runs (Responses only).
        tool_choice: Only sent when there are tools.
        response_format: Plain text, any JSON, or JSON that fits a schema.
        params: Parameters by their neutral names (see `grok_adapter.params`); `None` values are as if absent.
        extra_body: Goes into the body untouched and wins over everything; its `tools` and `include` are merged.
        unchecked: Keywords this package does not know: they go into the body and are reported.
        on_unsupported: What to do about a parameter that cannot be sent.
        stream: Ask for events instead of one body.
        stream_usage: Ask for usage at the end of a stream (Chat Completions; Responses always sends it).
        model_info: Row to use instead of the one `model_for(model)` finds.
        check_context: Refuse a prompt that is longer than the window before it is sent.
        decode_html_entities: Take HTML entities out of the arguments of calls.
    """

    model: str
    messages: tuple[Message, ...]
    api: Api = "responses"
    tools: tuple[FunctionTool, ...] = ()
    server_tools: tuple[ServerTool, ...] = ()
    tool_choice: ToolChoice | None = None
    response_format: ResponseFormat | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    unchecked: Mapping[str, Any] = field(default_factory=dict)
    on_unsupported: Literal["warn", "raise", "ignore"] = "warn"
    stream: bool = False
    stream_usage: bool = True
    model_info: GrokModel | None = None
    check_context: bool = False
    decode_html_entities: bool = False


# --- what comes back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, counted alike on both APIs: `input + output == total`, reasoning is inside output.

    Attributes:
        input_tokens: All prompt tokens, cached ones included, summed over server-side steps.
        output_tokens: All generated tokens, reasoning included.
        total_tokens: `input_tokens + output_tokens`.
        reasoning_tokens: How many of the output tokens were reasoning.
        cached_tokens: How many of the input tokens came from the prompt cache.
        cost_in_usd_ticks: What xAI charged, in ticks (10^10 a dollar); `None` where it did not say (before 2026).
        server_side_tools_used: How many server-side tool calls ran.
        estimated: True where no usage came (a stream closed early) and the numbers are a guess.
        raw: The wire's own usage object.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    cost_in_usd_ticks: int | None = None
    server_side_tools_used: int = 0
    estimated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def cost_usd(self) -> float | None:
        """What xAI says the call cost, in US dollars; `None` where it did not say."""
        return None if self.cost_in_usd_ticks is None else self.cost_in_usd_ticks / TICKS_PER_USD


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """One answer, whole. A folded stream equals the decoded final body, `raw` aside.

    Attributes:
        items: The output items, in output order.
        id: Response id. model: What answered, which may differ from what was asked.
        finish_reason: Normalised; `"tool_calls"` whenever the caller's functions are called.
        raw_finish_reason: The wire's own word (`finish_reason`, or `status` / `incomplete_details.reason`).
        usage: Tokens and cost; `None` where nothing was said.
        service_tier, system_fingerprint: As sent.
        sources: Addresses sent beside the text rather than in it (top-level `citations`).
        uncited_sources: Addresses that searches found and no citation names; filled in by the client.
        request_id, rate_limits: From the response headers; filled in by the client.
        unsupported_parameters: What was asked for and not sent; filled in by the client.
        cost_usd, cost_estimated: Dollars, as xAI said or else worked out from its prices; filled in by the client.
        alternatives: The other choices when `n > 1` (Chat Completions).
        raw: The wire body (of a stream: its envelope), for fields not named here.
    """

    items: tuple[OutputItem, ...] = ()
    id: str | None = None
    model: str | None = None
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    sources: tuple[str, ...] = ()
    request_id: str | None = None
    rate_limits: Mapping[str, int] = field(default_factory=dict)
    unsupported_parameters: ParameterReport = ()
    uncited_sources: tuple[str, ...] = ()
    cost_usd: float | None = None
    cost_estimated: bool = False
    alternatives: tuple[ChatResponse, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def text(self) -> str:
        """All answer text, joined with nothing between."""
        return "".join(item.text for item in self.items if isinstance(item, MessageItem))

    @property
    def reasoning(self) -> str:
        """All readable reasoning, joined with nothing between."""
        return "".join(item.text for item in self.items if isinstance(item, ReasoningItem))

    @property
    def refusal(self) -> str | None:
        """The text of a refusal, if the model refused."""
        parts = [p.text for item in self.items if isinstance(item, MessageItem) for p in item.parts if p.refusal]
        return "".join(parts) if parts else None

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Calls of the caller's functions; never a server-side one."""
        return tuple(item for item in self.items if isinstance(item, ToolCall))

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All citations, in order; their offsets count within their own text part."""
        return tuple(c for item in self.items if isinstance(item, MessageItem) for p in item.parts for c in p.citations)

    @property
    def message(self) -> Message:
        """The answer as a message for the next turn."""
        return Message("assistant", self.items)


# --- deltas: pure increments, each fact exactly once -----------------------------------------------------------------
#
# `index` is the item's place in the output, `part` the part's place within it. Whoever folds deltas in any cutting
# gets the same response (`grok_adapter.assembler`). Not frozen: one of these is made for every chunk, and a frozen
# dataclass costs three times as much to make.


@dataclass(slots=True)
class TextDelta:
    """More text of one part of a message item."""

    index: int
    text: str
    part: int = 0
    refusal: bool = False
    logprobs: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True)
class ReasoningDelta:
    """More readable reasoning; `summary` is False for raw reasoning text."""

    index: int
    text: str
    part: int = 0
    summary: bool = True


@dataclass(slots=True)
class ToolCallDelta:
    """A call of the caller's function: `id` and `name` in its first delta, arguments whole or in pieces."""

    index: int
    arguments: str = ""
    id: str | None = None
    name: str | None = None
    item_id: str | None = None


@dataclass(slots=True)
class CitationsDelta:
    """All citations of one text part, at once."""

    index: int
    citations: tuple[Citation, ...]
    part: int = 0


@dataclass(slots=True)
class ServerToolStart:
    """xAI began to run a server-side tool. The item itself follows in an `ItemDelta`."""

    index: int
    id: str
    type: str
    name: str


@dataclass(slots=True)
class ItemDelta:
    """What is only known when an item is done.

    `raw` is set for items kept verbatim (`OtherItem`); else `kind` tells which item this completes.
    """

    index: int
    kind: Literal["message", "reasoning", "other"]
    id: str | None = None
    encrypted_content: str | None = None
    raw: Mapping[str, Any] | None = None


@dataclass(slots=True)
class FinishDelta:
    """The last delta of a stream: everything that belongs to the answer as a whole."""

    id: str | None = None
    model: str | None = None
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    sources: tuple[str, ...] = ()
    request_id: str | None = None
    rate_limits: Mapping[str, int] = field(default_factory=dict)
    unsupported_parameters: ParameterReport = ()
    uncited_sources: tuple[str, ...] = ()
    cost_usd: float | None = None
    cost_estimated: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


Delta = TextDelta | ReasoningDelta | ToolCallDelta | CitationsDelta | ServerToolStart | ItemDelta | FinishDelta
