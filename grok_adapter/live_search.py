"""Live Search, which xAI took away (410 since January 2026), as the tools that replaced it.

`modernised` finds what older programs write (`search_parameters`, `search_enabled`) wherever they write it and puts
server-side tools in its place. What has no equal is named, never dropped in silence. The old meaning is from xAI's
Live Search guide and API reference (as of August 2025). It knows no framework and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any
from urllib.parse import urlsplit

from grok_adapter.tools import WebSearch, XSearch
from grok_adapter.types import Advice, ChatRequest, ServerTool, UnsupportedParameter

__all__ = ["modernised", "tools_for"]

OLD_NAMES = ("search_parameters", "search_enabled")
_DATES = ("from_date", "to_date")
_KNOWN = {
    "web": {"allowed_websites", "excluded_websites", "country"},
    "news": {"allowed_websites", "excluded_websites", "country"},
    "rss": {"links"},
    "x": {"included_x_handles", "x_handles", "excluded_x_handles"},
}


def modernised(
    request: ChatRequest, params: Mapping[str, Any]
) -> tuple[ChatRequest, dict[str, Any], tuple[UnsupportedParameter, ...], tuple[Advice, ...]]:
    """A request without Live Search, its searches done by tools.

    Args:
        request: What is asked.
        params: Its parameters by neutral name.

    Returns:
        The request and the parameters, what to report, and the deprecation warnings.

    Raises:
        GrokConfigurationError: Chat Completions is spoken, which has no such tools, or the value makes no sense.
    """
    found: dict[str, Any] = {}
    kept = dict(params)
    places: list[dict[str, Any]] = [kept, dict(request.unchecked), dict(request.extra_body)]
    for place in places:
        for name in OLD_NAMES:
            if (value := place.pop(name, None)) is not None:
                found[name] = value
    if not found:
        return request, kept, (), ()
    if request.api == "chat":
        raise _error(
            f"{' and '.join(found)} asks for Live Search, which is gone (410); what replaced it, server_tools, needs "
            "the Responses API: set api='responses' instead of api='chat'."
        )
    tools: list[ServerTool] = []
    report: list[UnsupportedParameter] = []
    advice: list[Advice] = []
    for name, value in found.items():
        try:
            new, left = _replacement(name, value)
        except (TypeError, ValueError, AttributeError) as error:
            mend = "give server_tools=[WebSearch()] instead."
            raise _error(f"{name}={value!r} cannot be read ({error}): {mend}") from None
        tools += new
        shown = ", ".join(map(_shown, new))
        text = f"{name} is Live Search, which xAI answers with a 410 since 2026. "
        text += f"The same is done by server_tools=[{shown}]: write that." if new else "Leave it out."
        if left:
            text += f" Without an equal, and left out: {', '.join(f'{k}={v!r}' for k, v in left.items())}."
        advice.append(Advice(name, text, DeprecationWarning))
        report.append(UnsupportedParameter(name, left or value, text, sent=not left))
    given = {tool.to_wire()["type"] for tool in request.server_tools}
    added = {tool.to_wire()["type"]: tool for tool in tools}  # of each kind one: xAI refuses two
    all_tools = (*request.server_tools, *(tool for kind, tool in added.items() if kind not in given))
    request = replace(request, unchecked=places[1], extra_body=places[2], server_tools=all_tools)
    return request, kept, tuple(report), tuple(advice)


def _replacement(name: str, value: Any) -> tuple[list[ServerTool], dict[str, Any]]:
    if name == "search_enabled":
        return ([WebSearch()] if value else []), {}
    return tools_for(value)


def tools_for(search: Mapping[str, Any]) -> tuple[list[ServerTool], dict[str, Any]]:
    """The tools that search what `search_parameters` asked for, and what of it has no equal.

    Args:
        search: The old object; an empty one meant the web and X.

    Raises:
        ValueError: A source is of no known type, or names what excludes each other.

    Example:
        >>> tools_for({"sources": [{"type": "x", "included_x_handles": ["xai"]}], "max_search_results": 5})[1]
        {'max_search_results': 5}
    """
    sources = [dict(source) for source in search.get("sources") or ({"type": "web"}, {"type": "x"})]
    for source in sources:
        if source.get("type") not in _KNOWN:
            raise ValueError(f"sources: type {source.get('type')!r} is none of {', '.join(_KNOWN)}")
    if search.get("mode") == "off":
        return [], {}
    known = {"sources", "mode", "return_citations", *_DATES}
    left: dict[str, Any] = {key: value for key, value in search.items() if key not in known and value is not None}
    if search.get("mode") == "on":
        left["mode"] = "on"  # no tool of xAI's own can be forced
    for source in sources:
        odd = source.keys() - _KNOWN[source["type"]] - {"type"}
        left.update((f"{source['type']}.{key}", source[key]) for key in sorted(odd) if source[key] is not None)
    inline = search.get("return_citations") is not False
    web = [source for source in sources if source["type"] != "x"]
    posts = [source for source in sources if source["type"] == "x"]
    dates = {key: search[key] for key in _DATES if search.get(key)}
    tools: list[ServerTool] = []
    if web:
        tools.append(_web(web, left, inline))
        left.update((f"{key} (web)", day) for key, day in dates.items())
        if other := [source["type"] for source in web if source["type"] != "web"]:
            left["sources (searched as web pages)"] = other  # news and feeds have no tool of their own
    if posts:
        allowed, excluded = _pages(
            (s.get("included_x_handles") or s.get("x_handles"), s.get("excluded_x_handles")) for s in posts
        )
        tools.append(
            XSearch(
                allowed_x_handles=allowed,
                excluded_x_handles=excluded,
                from_date=str(dates["from_date"])[:10] if "from_date" in dates else None,
                to_date=str(dates["to_date"])[:10] if "to_date" in dates else None,
                inline_citations=inline,
            )
        )
    return tools, left


def _web(sources: list[dict[str, Any]], left: dict[str, Any], inline: bool) -> WebSearch:
    lists: list[tuple[Any, Any]] = []
    for source in sources:
        if source["type"] == "rss":
            lists.append(([urlsplit(link).hostname or link for link in source.get("links") or ()], None))
        else:
            lists.append((source.get("allowed_websites"), source.get("excluded_websites")))
    allowed, excluded = _pages(lists)
    countries = list(dict.fromkeys(source["country"] for source in sources if source.get("country")))
    if len(countries) > 1:
        left["country"] = countries[1:]
    return WebSearch(
        allowed_domains=allowed,
        excluded_domains=excluded,
        user_location={"country": countries[0]} if countries else None,
        inline_citations=inline,
    )


def _pages(lists: Iterable[tuple[Any, Any]]) -> tuple[list[str] | None, list[str] | None]:
    """The allowed and excluded list of one search that finds what several found together."""
    lists = list(lists)
    for allowed, excluded in lists:
        if allowed and excluded:
            raise ValueError(f"{list(allowed)} and {list(excluded)} exclude each other")
    allowed_all = [name for allowed, _ in lists for name in allowed or ()]
    if all(allowed for allowed, _ in lists):
        return list(dict.fromkeys(allowed_all)), None
    open_ones = [list(excluded or ()) for allowed, excluded in lists if not allowed]
    shut = [name for name in open_ones[0] if all(name in other for other in open_ones) and name not in allowed_all]
    return None, shut or None


def _shown(tool: ServerTool) -> str:
    """The tool as one would write it."""
    given = {f.name: getattr(tool, f.name) for f in fields(tool) if getattr(tool, f.name) != f.default}  # type: ignore[arg-type]
    arguments = (f"{name}={list(value) if isinstance(value, tuple) else value!r}" for name, value in given.items())
    return f"{type(tool).__name__}({', '.join(arguments)})"


def _error(text: str) -> Exception:
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK

    return GrokConfigurationError(text)
