"""What both codecs read alike: loose readers, usage, citations, finish reasons. No API is named here but in a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from grok_adapter.types import Api, Citation, FinishReason, Usage

EMPTY: Mapping[str, Any] = {}


def text_of(value: Any) -> str:
    """The value if it is text, else the empty string."""
    return value if isinstance(value, str) else ""


def text_or_none(value: Any) -> str | None:
    """The value if it is text that says something, else `None`."""
    return value if isinstance(value, str) and value else None


def dict_of(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else EMPTY


def dicts_of(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; anything else in it, or a value that is no list, counts as absent."""
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def count_of(value: Any) -> int:
    """The value as a count: 0 where it is no number or below zero."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        return 0
    return int(min(value, 2**62))


def index_of(value: Any, default: int) -> int:
    """The value if it can be a list position, else the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default


def read_usage(raw: Any, api: Api) -> Usage | None:
    """Usage in one vocabulary for both APIs.

    Chat Completions leaves reasoning out of `completion_tokens` (158 of 158 recordings with reasoning), Responses
    counts it inside `output_tokens` (92 of 92). Where `total_tokens` contradicts that rule it decides: one example in
    xAI's documentation shows the exclusive form on Responses. Cached tokens beyond the prompt's (old data, seen by
    vercel/ai#12485) are added to it.

    Args:
        raw: The wire's `usage`; `None`, absent or odd values give `None`.
        api: Which API sent it.
    """
    if not isinstance(raw, dict) or not raw:
        return None
    if api == "chat":
        entered, generated = count_of(raw.get("prompt_tokens")), count_of(raw.get("completion_tokens"))
        details_in, details_out = (
            dict_of(raw.get("prompt_tokens_details")),
            dict_of(raw.get("completion_tokens_details")),
        )
    else:
        entered, generated = count_of(raw.get("input_tokens")), count_of(raw.get("output_tokens"))
        details_in, details_out = dict_of(raw.get("input_tokens_details")), dict_of(raw.get("output_tokens_details"))
    reasoning, cached = count_of(details_out.get("reasoning_tokens")), count_of(details_in.get("cached_tokens"))
    total = raw.get("total_tokens")
    if reasoning and total == entered + generated + reasoning:
        apart = True
    elif total == entered + generated:
        apart = False
    else:
        apart = api == "chat" or reasoning > generated
    if apart:
        generated += reasoning
    if cached > entered:
        entered += cached
    ticks = raw.get("cost_in_usd_ticks")
    nano = raw.get("cost_in_nano_usd")
    if ticks is None and isinstance(nano, int):
        ticks = nano * 10
    return Usage(
        input_tokens=entered,
        output_tokens=generated,
        total_tokens=entered + generated,
        reasoning_tokens=min(reasoning, generated),
        cached_tokens=cached,
        cost_in_usd_ticks=ticks if isinstance(ticks, int) and not isinstance(ticks, bool) else None,
        server_side_tools_used=count_of(raw.get("num_server_side_tools_used")),
        raw=raw,
    )


def read_citation(annotation: Mapping[str, Any]) -> Citation:
    """One annotation; fields that are missing or odd (autumn 2025 sent only `type` and `url`) read as `None`."""
    inner = dict_of(annotation.get("web_citation")) or dict_of(annotation.get("x_citation"))
    start, end = annotation.get("start_index"), annotation.get("end_index")
    placed = isinstance(start, int) and isinstance(end, int) and 0 <= start < end
    return Citation(
        url=text_or_none(annotation.get("url")) or text_or_none(inner.get("url")),
        title=text_or_none(annotation.get("title")),
        start_index=start if placed else None,
        end_index=end if placed else None,
        raw=annotation,
    )


def read_citations(annotations: Any) -> tuple[Citation, ...]:
    """All annotations of a text part."""
    return tuple(read_citation(a) for a in dicts_of(annotations)) if annotations else ()


def write_citation(citation: Citation) -> dict[str, Any]:
    """The annotation as it came, or a plain one."""
    if citation.raw:
        return dict(citation.raw)
    out: dict[str, Any] = {"type": "url_citation", "url": citation.url}
    out.update((k, v) for k in ("title", "start_index", "end_index") if (v := getattr(citation, k)) is not None)
    return out


def read_sources(value: Any) -> tuple[str, ...]:
    """Top-level `citations`: addresses, each once, in the order first seen. Objects with a `url` count too."""
    if not isinstance(value, list):
        return ()
    urls = [x if isinstance(x, str) else text_of(dict_of(x).get("url")) for x in value]
    return tuple(dict.fromkeys(u for u in urls if u))


FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",  # xAI OpenAPI prose, October 2026
    "completed": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "max_prompt_tokens": "length",
    "max_time_limit": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def finish_reason_for(word: str | None, has_tool_calls: bool) -> FinishReason | None:
    """The neutral finish reason. Calls decide: xAI has sent `stop`, `""` and `null` beside them (litellm#30283)."""
    if has_tool_calls:
        return "tool_calls"
    return FINISH_REASONS.get(word, "stop") if word else None


def clean_arguments(value: Any) -> str:
    """Arguments as JSON text: objects are dumped; empty, `null` and absent ones are `{}`. Malformed text is kept."""
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    text = text_of(value)
    return "{}" if text.strip() in ("", "null") else text


def object_arguments(text: str) -> str:
    """Arguments that may be sent back: anything but a JSON object is a 400, so what is none is wrapped into one."""
    text = clean_arguments(text)
    try:
        value = json.loads(text)
    except ValueError:
        return json.dumps({"input": text}, ensure_ascii=False)
    return text if isinstance(value, dict) else json.dumps({"input": value}, ensure_ascii=False)


def drop_none(**fields: Any) -> dict[str, Any]:
    """A dict without the keys whose value is `None`."""
    return {k: v for k, v in fields.items() if v is not None}


def unique(values: Sequence[str]) -> list[str]:
    """The values, each once, in the order first seen."""
    return list(dict.fromkeys(values))


def event_error(event: Mapping[str, Any]) -> Exception:
    """The error for an event that tells of one: xAI reports failures inside HTTP 200 too."""
    from grok_adapter.errors import error_for_event  # noqa: PLC0415  errors imports the SDK, 0.7 s

    return error_for_event(event)


def body_error(expected: str, body: Any) -> Exception:
    """The error for a body that tells of one, or that is not what was expected."""
    from grok_adapter.errors import unreadable  # noqa: PLC0415  errors imports the SDK, 0.7 s

    return unreadable(expected, body)
