"""Request -> what would be sent: path, headers, body, and a report. No network: "what would you send?" stops here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from grok_adapter.codecs import codec_for
from grok_adapter.codecs._history import after_response, mend_history
from grok_adapter.codecs._wire import unique
from grok_adapter.models import GrokModel, model_for
from grok_adapter.params import STOP_IS_CUT, WIRE_NAMES, is_lost, to_wire
from grok_adapter.types import Api, ChatRequest, ParameterReport, UnsupportedParameter

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
        json_answer: Whether the answer was asked to be JSON, so that the last of several messages counts.
    """

    api: Api
    path: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    report: ParameterReport = ()
    notes: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    row: GrokModel = field(default_factory=lambda: model_for(""))
    json_answer: bool = False


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
    _check(request, params)
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
    codec = codec_for(request.api)
    body: dict[str, Any] = codec.encode_request(request, messages, wire)
    if request.tool_choice is not None and not has_tools:
        choice = request.tool_choice
        if choice not in ("auto", "none"):
            report += (UnsupportedParameter("tool_choice", choice, "there are no tools in the request."),)
    body.update(request.unchecked)
    if request.extra_body:
        _merge_extra(body, request.extra_body)
    if request.on_unsupported == "raise" and (lost := [entry for entry in report if is_lost(entry)]):
        from grok_adapter.errors import GrokUnsupportedParameterError  # noqa: PLC0415  errors imports the SDK

        raise GrokUnsupportedParameterError(
            "\n".join(f"{e.name}={e.value!r} would not be sent: {e.reason}" for e in lost)
        )
    stop = next((tuple(e.value) for e in report if e.reason == STOP_IS_CUT), ())
    asked_json = request.response_format not in (None, "text")
    return PreparedCall(request.api, codec.PATH, body, headers, report, tuple(notes), stop, row, asked_json)


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


def _check(request: ChatRequest, params: Mapping[str, Any]) -> None:
    """Refuses what cannot be sent at all, where the API's own answer would not say what to do."""
    problem = None
    if request.api not in ("responses", "chat"):
        problem = f"api={request.api!r} is neither 'responses' nor 'chat': choose one."
    elif not request.messages:
        problem = "messages=[] is empty: give at least one message."
    elif request.api == "chat" and request.server_tools:
        names = ", ".join(str(tool.to_wire()["type"]) for tool in request.server_tools)
        problem = f"server_tools ({names}) need the Responses API: set api='responses' instead of api='chat'."
    elif request.stream and (params.get("n") or 1) > 1:
        problem = f"n={params['n']} cannot be streamed: set n=1, or call without streaming."
    elif params.get("instructions") and params.get("previous_response_id"):
        problem = "instructions and previous_response_id exclude each other (xAI refuses both): give a system message."
    else:
        problem = _name_problem(request)
    if problem:
        from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK

        raise GrokConfigurationError(problem)


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
