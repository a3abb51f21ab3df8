"""From either API's request body to one neutral conversation: who said what, which tools are offered, what is asked.

Both wire formats end here; nothing behind this module knows which API was used. Must not know: how answers are made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .models import ModelRow, Resolved


@dataclass(frozen=True)
class Call:
    """A function call in the conversation."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One message: ``role`` is system, user, assistant or tool; ``call_id`` belongs to a tool's result.

    ``hosted`` marks a call that the server ran itself.
    """

    role: str
    text: str = ""
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    images: int = 0
    hosted: bool = False


@dataclass(frozen=True)
class Function:
    """A function that the client offers."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A whole request, API-neutral.

    Attributes:
        effort: The reasoning effort in force, ``None`` for models that do not reason or have no such parameter.
        effort_sent: Whether the request named one (streams echo it only then).
        hosted: The server-side tools as sent.
        tool_choice: ``auto``, ``none``, ``required`` or ``function`` (then ``forced`` is its name).
        schema: The JSON schema that the answer must fit, if any.
        max_tokens: Limit on visible tokens.
        items: The Responses input items (history included), kept for ``previous_response_id``.
    """

    model: ModelRow
    turns: tuple[Turn, ...]
    body: dict[str, Any]
    effort: str | None = None
    effort_sent: bool = False
    functions: tuple[Function, ...] = ()
    hosted: tuple[dict[str, Any], ...] = ()
    tool_choice: str = "auto"
    forced: str = ""
    parallel: bool = True
    schema: dict[str, Any] | None = None
    json_object: bool = False
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    include: frozenset[str] = frozenset()
    cache_key: str | None = None
    items: tuple[dict[str, Any], ...] = ()

    @property
    def reasons(self) -> bool:
        """Whether this answer is preceded by reasoning."""
        return self.model.reasons and self.effort != "none"

    @property
    def tier(self) -> str:
        """The service tier answered with; unknown ones become ``default`` (API notes 2.6)."""
        tier = self.body.get("service_tier")
        return tier if tier in ("priority", "fast") else "default"

    def offers(self, kind: str) -> dict[str, Any] | None:
        """The server-side tool of this type, if offered."""
        return next((tool for tool in self.hosted if tool.get("type") == kind), None)


def chat_task(body: dict[str, Any], model: Resolved, cache_key: str | None) -> Task:
    """Reads a Chat Completions body (already checked)."""
    sent = body.get("reasoning_effort")
    choice, forced = _tool_choice(body.get("tool_choice"))
    response_format = body.get("response_format") or {}
    stop = body.get("stop") or ()
    return Task(
        model=model.row,
        turns=tuple(_chat_turn(message) for message in body["messages"]),
        body=body,
        effort=_effort(model, sent),
        effort_sent=sent is not None,
        functions=tuple(_function(tool["function"]) for tool in body.get("tools") or ()),
        tool_choice=choice,
        forced=forced,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=(response_format.get("json_schema") or {}).get("schema"),
        json_object=response_format.get("type") == "json_object",
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        cache_key=body.get("prompt_cache_key") or cache_key,
    )


def responses_task(
    body: dict[str, Any], model: Resolved, cache_key: str | None, history: Iterable[dict[str, Any]] = ()
) -> Task:
    """Reads a Responses body (already checked); ``history`` is what ``previous_response_id`` stands for."""
    given = body["input"]
    items = (*history, *([{"role": "user", "content": given}] if isinstance(given, str) else given))
    turns = list(_responses_turns(items))
    if body.get("instructions"):
        turns.insert(0, Turn("system", body["instructions"]))
    sent = requested_effort(body)
    choice, forced = _tool_choice(body.get("tool_choice"))
    text_format = (body.get("text") or {}).get("format") or {}
    tools = body.get("tools") or ()
    return Task(
        model=model.row,
        turns=tuple(turns),
        body=body,
        effort=_effort(model, sent),
        effort_sent=sent is not None,
        functions=tuple(_function(tool) for tool in tools if tool["type"] == "function"),
        hosted=tuple(tool for tool in tools if tool["type"] != "function"),
        tool_choice=choice,
        forced=forced,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=text_format.get("schema") if text_format.get("type") == "json_schema" else None,
        json_object=text_format.get("type") == "json_object",
        max_tokens=body.get("max_output_tokens"),
        include=frozenset(body.get("include") or ()),
        cache_key=body.get("prompt_cache_key") or cache_key,
        items=items,
    )


def requested_effort(body: dict[str, Any]) -> Any:
    """The effort a Responses body names; the top-level twin is read only without ``reasoning`` (API notes 3.1)."""
    reasoning = body.get("reasoning")
    return reasoning.get("effort") if isinstance(reasoning, dict) else body.get("reasoning_effort")


def part_text(content: Any) -> str:
    """The text of a message's content, whichever way it is spelt."""
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in content or () if isinstance(part, dict) and part.get("text"))


def transcript(task: Task) -> str:
    """The conversation as one text that only grows at its end, for counting and for the prompt cache."""
    tools = json.dumps(task.body.get("tools")) if task.body.get("tools") else ""
    return tools + "".join(
        f"{turn.role}:{turn.text}{''.join(c.name + json.dumps(c.arguments) for c in turn.calls)}\n"
        for turn in task.turns
    )


def _effort(model: Resolved, sent: Any) -> str | None:
    if not model.row.efforts:
        return None
    effort: str = sent or model.effort or model.row.default_effort or "low"
    return model.row.effort_synonyms.get(effort, effort)


def _function(definition: dict[str, Any]) -> Function:
    return Function(definition["name"], definition.get("description") or "", definition.get("parameters") or {})


def _tool_choice(choice: Any) -> tuple[str, str]:
    """A misspelt string silently means auto (API notes 3.3)."""
    if isinstance(choice, dict):
        name = choice.get("name") or (choice.get("function") or {}).get("name") or ""
        return ("function", name) if name else ("auto", "")
    return (choice, "") if choice in ("none", "required") else ("auto", "")


def _images(content: Any) -> int:
    parts = content if isinstance(content, list) else ()
    return sum(1 for part in parts if isinstance(part, dict) and part.get("type") in ("image_url", "input_image"))


def _arguments(text: str) -> dict[str, Any]:
    parsed = json.loads(text)
    return parsed if isinstance(parsed, dict) else {}


def _chat_turn(message: dict[str, Any]) -> Turn:
    role: str = message["role"]
    content = message.get("content")
    calls = tuple(
        Call(call.get("id") or "", call["function"]["name"], _arguments(call["function"]["arguments"]))
        for call in message.get("tool_calls") or ()
    )
    neutral = {"developer": "system", "function": "tool"}.get(role, role)
    return Turn(neutral, part_text(content), calls, message.get("tool_call_id") or "", _images(content))


def _responses_turns(items: Iterable[dict[str, Any]]) -> Iterator[Turn]:
    for item in items:
        kind = item.get("type") or "message"
        if kind == "message":
            role = "system" if item["role"] == "developer" else item["role"]
            yield Turn(role, part_text(item["content"]), images=_images(item["content"]))
        elif kind == "function_call":
            call = Call(item["call_id"], item["name"], _arguments(item["arguments"]))
            yield Turn("assistant", calls=(call,))
        elif kind == "function_call_output":
            output = item["output"]
            yield Turn("tool", part_text(output), call_id=item["call_id"], images=_images(output))
        elif kind in ("web_search_call", "custom_tool_call", "image_generation_call"):
            yield Turn("assistant", hosted=True)
