"""One table of parameters: what each is called on each API, and who refuses it.

A parameter is sent or reported, never both, never neither. The same table drives the filter (`to_wire`), the helper
for those who call the SDK themselves (`clean_params`), the README's table and a property test. To add a parameter: one
row here, one field in `settings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from string import punctuation
from typing import Any
from urllib.parse import quote

from grok_adapter.models import GrokModel, model_for
from grok_adapter.types import Api, ParameterReport, UnsupportedParameter

__all__ = ["PARAMETERS", "Parameter", "clean_params", "to_wire"]

CONVERSATION_HEADER = "x-grok-conv-id"
HEADER = "header:"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number_in(low: float, high: float, *, above: bool = False) -> Callable[[Any], bool]:
    """A number in a range of the specification; `above`: the lower end is not in it."""
    return lambda value: _number(value) and low <= value <= high and not (above and value == low)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole_in(low: int, high: float = float("inf")) -> Callable[[Any], bool]:
    return lambda value: _whole(value) and low <= value <= high


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(x, str) for x in value)


def _object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _anything(_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table.

    Attributes:
        name: Neutral name.
        responses: Where it goes in a Responses body (dots nest, `header:` is a header); `None`: it has no place there.
        chat: The same for Chat Completions.
        is_right: Whether a value has the right type.
        wanted: The right type in words, for the error text.
        absent: Why it is not sent where it has no place, in one sentence.
        idle: Values that are the wire's own default and therefore neither sent nor reported.
    """

    name: str
    responses: str | None
    chat: str | None
    is_right: Callable[[Any], bool]
    wanted: str
    absent: str = ""
    idle: tuple[Any, ...] = ()

    def place(self, api: Api) -> str | None:
        """Where the parameter goes on an API; `None` if it has no place there."""
        return self.responses if api == "responses" else self.chat


_RESPONSES_ONLY = "Chat Completions does not have it: use api='responses'."
_CHAT_ONLY = "Responses does not have it: use api='chat'."
_NOWHERE = "xAI does not support it on either API."
_NO_LIVE_SEARCH = "Live Search is gone (410 since 2026): use server_tools=[WebSearch()] or [XSearch()]."
_PENALTY, _PENALTY_IN_WORDS = _number_in(-2, 2), "a number from -2 to 2"

_ROWS = (
    Parameter("temperature", "temperature", "temperature", _number_in(0, 2), "a number from 0 to 2"),
    Parameter("top_p", "top_p", "top_p", _number_in(0, 1, above=True), "a number above 0 and up to 1"),
    Parameter("top_k", "top_k", None, _whole_in(1), "a whole number from 1", _RESPONSES_ONLY),
    Parameter("min_p", "min_p", None, _number_in(0, 1), "a number from 0 to 1", _RESPONSES_ONLY),
    Parameter("max_tokens", "max_output_tokens", "max_completion_tokens", _whole_in(1), "a whole number from 1"),
    Parameter("stop", None, "stop", _texts, "a list of strings"),
    Parameter("seed", None, "seed", _whole, "a whole number", _CHAT_ONLY),
    Parameter("n", None, "n", _whole_in(1), "a whole number from 1", _CHAT_ONLY, idle=(1,)),
    Parameter("presence_penalty", None, "presence_penalty", _PENALTY, _PENALTY_IN_WORDS, _CHAT_ONLY, idle=(0,)),
    Parameter("frequency_penalty", None, "frequency_penalty", _PENALTY, _PENALTY_IN_WORDS, _CHAT_ONLY, idle=(0,)),
    Parameter("logit_bias", None, None, _object, "an object", _NOWHERE),
    Parameter("logprobs", "logprobs", "logprobs", _flag, "a bool", idle=(False,)),
    Parameter("top_logprobs", "top_logprobs", "top_logprobs", _whole_in(0, 8), "a whole number from 0 to 8", idle=(0,)),
    Parameter("reasoning_effort", "reasoning.effort", "reasoning_effort", _text, "a string"),
    Parameter("reasoning_summary", "reasoning.summary", None, _text, "a string", _RESPONSES_ONLY),
    Parameter("parallel_tool_calls", "parallel_tool_calls", "parallel_tool_calls", _flag, "a bool"),
    Parameter("max_turns", "max_turns", None, _whole_in(1), "a whole number from 1", _RESPONSES_ONLY),
    Parameter("include", "include", None, _texts, "a list of strings", _RESPONSES_ONLY, idle=([], ())),
    Parameter("instructions", "instructions", None, _text, "a string", _RESPONSES_ONLY + " Or give a system message."),
    Parameter("store", "store", None, _flag, "a bool", _RESPONSES_ONLY, idle=(False,)),
    Parameter("previous_response_id", "previous_response_id", None, _text, "a string", _RESPONSES_ONLY),
    Parameter("conversation_id", "prompt_cache_key", HEADER + CONVERSATION_HEADER, _text, "a string", idle=(False,)),
    Parameter("service_tier", "service_tier", "service_tier", _text, "a string", idle=("auto",)),
    Parameter("user", "user", "user", _text, "a string"),
    Parameter("safety_identifier", "safety_identifier", "safety_identifier", _text, "a string"),
    Parameter("guidelines", "guidelines", "guidelines", _anything, "a list of policies"),
    Parameter("background", None, None, _flag, "a bool", _NOWHERE, idle=(False,)),
    Parameter("metadata", None, None, _anything, "an object", _NOWHERE, idle=({},)),
    Parameter("truncation", None, None, _text, "a string", _NOWHERE, idle=("disabled",)),
    Parameter("verbosity", None, None, _text, "a string", _NOWHERE),
    Parameter("max_tool_calls", None, None, _whole, "a whole number", _NOWHERE + " See max_turns."),
    Parameter(
        "context_management", None, None, _anything, "a list", "xAI parses it and does not act on it.", idle=([],)
    ),
    Parameter(
        "deferred",
        None,
        None,
        _flag,
        "a bool",
        "a deferred answer is fetched later, which this package does not do: post it with the SDK.",
        idle=(False,),
    ),
    Parameter("prompt_cache_retention", None, None, _text, "a string", _NOWHERE),
    Parameter(
        "search_parameters",
        None,
        None,
        _object,
        "an object",
        _NO_LIVE_SEARCH,
        idle=({},),
    ),
    Parameter("web_search_options", None, None, _object, "an object", _NO_LIVE_SEARCH, idle=({},)),
)

PLACED_ELSEWHERE: Mapping[str, str] = {
    "model": "model",
    "messages": "messages",
    "input": "messages",
    "tools": "tools, server_tools",
    "tool_choice": "tool_choice",
    "response_format": "response_format",
    "text": "response_format",
    "reasoning": "reasoning_effort, reasoning_summary",
    "stream": "stream",
    "stream_options": "stream_usage",
}
"""Fields of xAI's request schemas that are not rows here, and the fields of `ChatRequest` or rows that fill them."""

PARAMETERS: dict[str, Parameter] = {row.name: row for row in _ROWS}
"""All parameters by neutral name."""

ALWAYS_SENT = frozenset({"store"})
"""Sent on Responses even at a value that is idle elsewhere: the server keeps answers for 30 days unless told not to."""

WIRE_NAMES = {
    "max_output_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "prompt_cache_key": "conversation_id",
}
"""Wire names that callers write, and the neutral ones."""


def to_wire(
    params: Mapping[str, Any], row: GrokModel, api: Api, *, has_tools: bool = True
) -> tuple[dict[str, Any], dict[str, str], ParameterReport]:
    """Sorts parameters into what is sent and what is reported.

    Args:
        params: Parameters by neutral name; `None` counts as absent.
        row: What is known about the model.
        api: Which API is spoken.
        has_tools: Whether the request has tools; without them xAI refuses what concerns them.

    Returns:
        The body's part, headers, and the report of what was not sent.

    Raises:
        GrokConfigurationError: A value has the wrong type.
    """
    body: dict[str, Any] = {}
    headers: dict[str, str] = {}
    report: list[UnsupportedParameter] = []
    for name, value in params.items():
        if value is None:
            continue
        parameter = PARAMETERS[name]
        if any((value == idle and type(value) is type(idle)) or _both_zero(value, idle) for idle in parameter.idle):
            if not (name in ALWAYS_SENT and parameter.place(api)):
                continue
        elif not parameter.is_right(value):
            from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK

            raise GrokConfigurationError(f"{name}={value!r} is not {parameter.wanted}: mend the value.")
        reason = _reason_against(parameter, value, row, api, has_tools)
        if reason is not None:
            report.append(UnsupportedParameter(name, value, reason))
            continue
        place = parameter.place(api)
        if place is None:
            continue
        if place.startswith(HEADER):
            # Headers hold ASCII only. An id is as good percent-encoded, as long as it always is.
            headers[place.removeprefix(HEADER)] = quote(value, safe=punctuation)
            continue
        target = body
        *outer, last = place.split(".")
        for key in outer:
            target = target.setdefault(key, {})
        target[last] = list(value) if isinstance(value, tuple) else value
    return body, headers, tuple(report)


def _both_zero(value: Any, idle: Any) -> bool:
    return idle is not False and _number(value) and _number(idle) and value == idle


def _reason_against(parameter: Parameter, value: Any, row: GrokModel, api: Api, has_tools: bool) -> str | None:
    """Why a parameter is not sent; `None` if it is."""
    name = parameter.name
    if name == "stop" and value and (api == "responses" or "stop" in row.refuses or len(value) > MOST_STOPS):
        return STOP_IS_CUT
    if name == "stop" and not value:
        return None
    if parameter.place(api) is None:
        return f"{row.id} refuses it on either API." if name in row.refuses else parameter.absent
    if name == "reasoning_effort":
        if row.efforts == () or name in row.refuses:
            return f"{row.id} refuses it: its reasoning is not configurable."
        if not row.accepts_effort(value):
            return f"{row.id} takes {', '.join(row.efforts or ())} only."
    elif name in row.refuses:
        return f"{row.id} refuses it with a 400."
    elif name in row.ignores:
        return f"{row.id} silently ignores it."
    elif name == "service_tier" and value not in SERVICE_TIERS:
        return f"xAI knows {', '.join(SERVICE_TIERS)} and serves anything else as default."
    elif name == "parallel_tool_calls" and not has_tools:
        return "there are no tools in the request."
    return None


SERVICE_TIERS = ("auto", "default", "priority", "fast")
MOST_STOPS = 4  # xAI OpenAPI, Oct 2026

STOP_IS_CUT = "it was cut off here at the first stop sequence, since the model or the API refuses the parameter."
"""The one reason that loses nothing: the caller gets what was asked, so nobody is warned."""


def is_lost(entry: UnsupportedParameter) -> bool:
    """Whether a report's entry means that the caller does not get what was asked."""
    return not entry.sent and entry.reason != STOP_IS_CUT


def clean_params(
    params: Mapping[str, Any], model: str, *, api: Api = "responses"
) -> tuple[dict[str, Any], ParameterReport]:
    """What may be sent of some parameters, for those who call the SDK themselves.

    Args:
        params: Keyword arguments as you would pass them to the SDK, by neutral or wire name. Left as it is.
        model: The model's id.
        api: Which API the keywords are for.

    Returns:
        A new dict in the API's own names and nesting, and the report of what was taken out. Keys that this package
        does not know stay in. Header parameters come under `extra_headers`, as the SDK takes them.

    Example:
        >>> cleaned, report = clean_params({"max_tokens": 100, "presence_penalty": 0.5}, "grok-4.7")
        >>> cleaned, [entry.name for entry in report]
        ({'max_output_tokens': 100}, ['presence_penalty'])
        >>> clean_params({"reasoning_effort": "low", "response_format": {"type": "json_object"}}, "grok-4.7")[0]
        {'text': {'format': {'type': 'json_object'}}, 'reasoning': {'effort': 'low'}}
    """
    given = _in_own_names(params, api)
    known = {WIRE_NAMES.get(k, k): v for k, v in given.items() if WIRE_NAMES.get(k, k) in PARAMETERS}
    rest = {k: v for k, v in given.items() if WIRE_NAMES.get(k, k) not in PARAMETERS}
    if isinstance(known.get("stop"), str):
        known["stop"] = [known["stop"]]
    body, headers, report = to_wire(known, model_for(model), api, has_tools=bool(params.get("tools", True)))
    report = tuple(replace(e, reason=_CUT_IT_YOURSELF) if e.reason == STOP_IS_CUT else e for e in report)
    if body.get("instructions") and body.get("previous_response_id"):
        report += (UnsupportedParameter("instructions", body.pop("instructions"), _NOT_TOGETHER),)
    if api == "responses" and (options := rest.pop("stream_options", None)) is not None:
        report += (UnsupportedParameter("stream_options", options, "Responses always sends usage with a stream."),)
    if "reasoning" in body:  # which may hold keys that are not in the table
        body["reasoning"] = {**rest.get("reasoning", {}), **body["reasoning"]}
    out = rest | body
    if headers:
        out["extra_headers"] = {**dict(rest.get("extra_headers") or {}), **headers}
    return out, report


_CUT_IT_YOURSELF = "the model or the API refuses it: cut the text yourself."
_NOT_TOGETHER = "xAI refuses it together with previous_response_id: send a system message."


def _in_own_names(params: Mapping[str, Any], api: Api) -> dict[str, Any]:
    """A new dict in which what nests on one API and not on the other has the form of `api`."""
    out = dict(params)
    if isinstance(nested := out.get("reasoning"), Mapping):
        del out["reasoning"]
        for key, value in nested.items():
            if f"reasoning_{key}" in PARAMETERS:
                out[f"reasoning_{key}"] = value
            else:
                out["reasoning"] = {**out.get("reasoning", {}), key: value}
    if isinstance(text := out.get("text"), Mapping):
        if "verbosity" in text:
            out["verbosity"] = text["verbosity"]
        out["text"] = {key: value for key, value in text.items() if key != "verbosity"}
    if api == "responses" and isinstance(asked := out.get("response_format"), Mapping):
        del out["response_format"]
        out["text"] = {**out.get("text", {}), "format": {"type": asked.get("type"), **(asked.get("json_schema") or {})}}
    if api == "chat" and isinstance(form := (out.pop("text", None) or {}).get("format"), Mapping):
        inner = {key: value for key, value in form.items() if key != "type"}
        out["response_format"] = {"type": form.get("type"), **({"json_schema": inner} if inner else {})}
    return {key: value for key, value in out.items() if key != "text" or value}
