"""Request -> what would be sent: path, headers, body, and a report. No network: "what would you send?" stops here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from grok_adapter.codecs import codec_for
from grok_adapter.codecs._history import after_response, mend_history
from grok_adapter.codecs._wire import unique
from grok_adapter.credentials import hide_credentials
from grok_adapter.live_search import modernised
from grok_adapter.models import GrokModel, model_for
from grok_adapter.params import STOP_IS_CUT, WIRE_NAMES, is_lost, to_wire
from grok_adapter.reserved import CallReader, with_wire_names
from grok_adapter.tools import TYPE_ALIASES, is_server_tool
from grok_adapter.types import (
    Advice,
    Api,
    ChatRequest,
    NamedTool,
    ParameterReport,
    ToolChoice,
    UnsupportedParameter,
)

__all__ = ["PreparedCall", "prepare"]

ENCRYPTED_REASONING = "reasoning.encrypted_content"


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """One call, ready to be sent.

    Attributes:
        api: Which API it is for.
        path: Below the base URL, such as `/responses`.
        body: The JSON body.
        headers: Beyond those of the connection.
        report: What was asked for and is not sent, or sent unchecked.
        notes: What was mended in the conversation, a sentence each.
        stop: Sequences at which the text is cut here.
        row: What is known about the model.
        method: `"GET"` for questions beside the answers, such as which models there are.
        advice: What the caller is told once.
        calls: Reads the calls of the answer, where they need it: names that differ on the wire, HTML entities.
    """

    api: Api
    path: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    report: ParameterReport = ()
    notes: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    row: GrokModel = field(default_factory=lambda: model_for(""))
    method: Literal["POST", "GET"] = "POST"
    advice: tuple[Advice, ...] = ()
    calls: CallReader | None = None


def prepare(request: ChatRequest) -> PreparedCall:
    """Puts a request into the form its API takes.

    Raises:
        GrokConfigurationError: Something in the request cannot be sent at all; the text names it and the mend.
        GrokUnsupportedParameterError: `on_unsupported="raise"` and a parameter would be left out.

    Example:
        >>> from grok_adapter.types import Message, TextPart
        >>> call = prepare(ChatRequest(model="grok-4.7", messages=(Message("user", (TextPart("Hi"),)),)))
        >>> call.path, call.body["input"]
        ('/responses', [{'role': 'user', 'content': 'Hi'}])
    """
    row = request.model_info or model_for(request.model)
    request, params, report = _sort_keywords(request)
    request, params, replaced, advice = modernised(request, params)
    request = _with_extra_tools(request)
    report += replaced
    _check(request, params, row)
    has_tools = bool(request.tools or request.server_tools or request.extra_body.get("tools"))
    wire, headers, refused = to_wire(params, row, request.api, has_tools=has_tools)
    report += refused
    previous = wire.get("previous_response_id")
    messages = list(request.messages)
    if previous:
        messages = after_response(messages, previous)
    messages, notes = mend_history(messages, continued=bool(previous))
    if request.api == "responses" and row.reasoning:
        wire["include"] = unique([ENCRYPTED_REASONING, *wire.get("include", ())])
    choice, unforced = _choice_for(request.tool_choice, has_tools)
    if choice is not request.tool_choice:
        request = replace(request, tool_choice=choice)
    report += unforced
    request, renamed, own_names = with_wire_names(request, messages, _extra_names(request))
    codec = codec_for(request.api)
    body: dict[str, Any] = codec.encode_request(request, renamed, wire)
    body.update(request.unchecked)
    if request.extra_body:
        _merge_extra(body, request.extra_body)
        if request.tool_choice is not None and body.get("tools"):
            body.setdefault("tool_choice", codec.encode_tool_choice(request.tool_choice))
    if request.on_unsupported == "raise" and (lost := [entry for entry in report if is_lost(entry)]):
        from grok_adapter.errors import GrokUnsupportedParameterError  # noqa: PLC0415  errors imports the SDK

        raise GrokUnsupportedParameterError(
            "\n".join(f"{e.name}={e.value!r} would not be sent: {e.reason}" for e in lost)
        )
    stop = next((tuple(e.value) for e in report if e.reason == STOP_IS_CUT), ())
    if request.tools and not row.client_tools:
        advice += (Advice("tools", _NO_FUNCTIONS.format(model=request.model)),)
    decode_html = request.decode_html_entities
    calls = CallReader(own_names, decode_html) if own_names or decode_html else None
    body = hide_credentials(body)
    return PreparedCall(
        request.api, codec.PATH, body, headers, report, tuple(notes), stop, row, advice=advice, calls=calls
    )


_NO_FUNCTIONS = "{model} is not known to call functions of yours: they were sent all the same. Use another model."
_UNFORCEABLE = "xAI cannot be told to use a tool of its own: ask for it in the prompt."


def _choice_for(choice: ToolChoice | None, has_tools: bool) -> tuple[ToolChoice | None, ParameterReport]:
    """The tool choice that can be sent, and the report of one that cannot."""
    reason = None
    if isinstance(choice, NamedTool) and choice.hosted:
        reason = _UNFORCEABLE
    elif not has_tools:
        if choice in (None, "auto", "none"):
            return None, ()
        reason = "there are no tools in the request."
    if reason is None:
        return choice, ()
    value = choice.name if isinstance(choice, NamedTool) else choice
    return None, (UnsupportedParameter("tool_choice", value, reason),)


def _with_extra_tools(request: ChatRequest) -> ChatRequest:
    """Tool objects of `extra_body` among the server-side tools; of each kind the one that was given last.

    xAI refuses two entries of one tool (its CLI's notes, August 2026); MCP servers are told apart by their label.
    """
    extra = request.extra_body.get("tools")
    own = list(request.server_tools)
    if isinstance(extra, (list, tuple)):
        own += [tool for tool in extra if not isinstance(tool, Mapping) and is_server_tool(tool)]
        plain = [tool for tool in extra if isinstance(tool, Mapping)]
        rest = {key: value for key, value in request.extra_body.items() if key != "tools"}
        request = replace(request, extra_body={**rest, "tools": plain} if plain else rest)
        given = {_kind_of(tool) for tool in plain}
        own = [tool for tool in own if _kind_of(tool.to_wire()) not in given]
    latest = {_kind_of(tool.to_wire()): tool for tool in own}
    return replace(request, server_tools=tuple(latest.values())) if own or extra else request


def _kind_of(tool: Mapping[str, Any]) -> tuple[Any, Any]:
    type_ = tool.get("type")
    return TYPE_ALIASES.get(type_, type_) if isinstance(type_, str) else None, tool.get("server_label")


def _extra_names(request: ChatRequest) -> list[str]:
    """Names of functions that are in `extra_body`, which goes out untouched."""
    tools = [tool for tool in request.extra_body.get("tools") or () if isinstance(tool, Mapping)]
    names = ((tool.get("function") or tool).get("name") for tool in tools)
    return [name for name in names if isinstance(name, str)]


def _sort_keywords(request: ChatRequest) -> tuple[ChatRequest, dict[str, Any], ParameterReport]:
    """Moves keywords that are wire names of known parameters among the parameters; reports the rest as unchecked."""
    if not request.unchecked:
        return request, dict(request.params), ()
    params, unchecked = dict(request.params), {}
    for name, value in request.unchecked.items():
        if name in WIRE_NAMES:
            params[WIRE_NAMES[name]] = value
        elif name == "reasoning" and isinstance(value, Mapping) and set(value) <= {"effort", "summary"}:
            params.update({f"reasoning_{k}": v for k, v in value.items()})
        else:
            unchecked[name] = value
    reason = "this package does not know it: it is sent as it is."
    report = tuple(UnsupportedParameter(k, v, reason, sent=True) for k, v in unchecked.items())
    return replace(request, unchecked=unchecked), params, report


def _check(request: ChatRequest, params: Mapping[str, Any], row: GrokModel) -> None:
    """Refuses what cannot be sent at all, where the API's own answer would not say what to do."""
    problem = None
    if request.api not in ("responses", "chat"):
        problem = f"api={request.api!r} is neither 'responses' nor 'chat': choose one."
    elif not request.messages:
        problem = "messages=[] is empty: give at least one message."
    elif request.api == "chat" and (names := _hosted_names(request)):
        problem = f"server_tools ({names}) need the Responses API: set api='responses' instead of api='chat'."
    elif request.api not in row.apis:
        problem = f"{request.model} is not served by this API: set api={row.apis[0]!r} instead of api={request.api!r}."
    elif request.stream and (params.get("n") or 1) > 1:
        problem = f"n={params['n']} cannot be streamed: set n=1, or call without streaming."
    elif params.get("instructions") and params.get("previous_response_id"):
        problem = "instructions and previous_response_id exclude each other (xAI refuses both): give a system message."
    else:
        problem = _name_problem(request)
    if problem:
        from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK

        raise GrokConfigurationError(problem)


def _hosted_names(request: ChatRequest) -> str:
    """The types of all tools in a request that xAI runs."""
    extra = request.extra_body.get("tools") or ()
    given = [*(tool.to_wire() for tool in request.server_tools), *(tool for tool in extra if is_server_tool(tool))]
    return ", ".join(str(tool["type"]) for tool in given)


def _name_problem(request: ChatRequest) -> str | None:
    seen: set[str] = set()
    for tool in request.tools:
        if not tool.name:
            return "a tool has no name: give its function one."
        if tool.name in seen:
            return f"tools holds {tool.name!r} twice (xAI refuses duplicates): rename one of them."
        seen.add(tool.name)
    return None


def _merge_extra(body: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """`extra_body` wins over everything, but its `tools` and `include` join what is there."""
    merged = {
        key: [*body.get(key, ()), *extra[key]] for key in ("tools", "include") if isinstance(extra.get(key), list)
    }
    if "include" in merged:
        merged["include"] = unique(merged["include"])
    body.update(extra)
    body.update(merged)
