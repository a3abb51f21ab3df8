"""Live Search, which is gone: one deprecation warning with the replacement, and the same search done by tools."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from grok_adapter import ChatRequest, GrokClient, GrokConfigurationError, Message, WebSearch, XSearch
from grok_adapter.errors import GrokUnsupportedParameterError
from grok_adapter.live_search import tools_for
from grok_adapter.prepare import prepare
from grok_adapter.types import TextPart
from grok_emulator import Emulator
from tests.conftest import KEY

USER = Message("user", (TextPart("How does a monsoon form?"),))
WEB, X = {"type": "web_search"}, {"type": "x_search"}


def source(type_: str, **fields: Any) -> dict[str, Any]:
    return {"type": type_, **fields}


REPLACED: list[tuple[dict[str, Any], list[dict[str, Any]], set[str]]] = [
    # what was asked; the tools that do it; what has no equal
    ({}, [WEB, X], set()),
    ({"mode": "auto"}, [WEB, X], set()),
    ({"mode": "off"}, [], set()),
    ({"mode": "on", "max_search_results": 5}, [WEB, X], {"mode", "max_search_results"}),
    ({"sources": [source("web")]}, [WEB], set()),
    ({"sources": [source("web", allowed_websites=["a.org"])]}, [{**WEB, "allowed_domains": ["a.org"]}], set()),
    ({"sources": [source("web", excluded_websites=["a.org"])]}, [{**WEB, "excluded_domains": ["a.org"]}], set()),
    (
        {"sources": [source("web", country="CH", safe_search=False)]},
        [{**WEB, "user_location": {"type": "approximate", "country": "CH"}}],
        {"web.safe_search"},
    ),
    ({"sources": [source("news")]}, [WEB], {"sources (searched as web pages)"}),
    (
        {"sources": [source("rss", links=["https://feeds.a.org/x.xml"])]},
        [{**WEB, "allowed_domains": ["feeds.a.org"]}],
        {"sources (searched as web pages)"},
    ),
    (
        {"sources": [source("web", allowed_websites=["a.org"]), source("news", excluded_websites=["a.org", "b.org"])]},
        [{**WEB, "excluded_domains": ["b.org"]}],  # everything but b.org, since a.org is in the first
        {"sources (searched as web pages)"},
    ),
    (
        {"sources": [source("web", country="CH"), source("news", country="DE")]},
        [{**WEB, "user_location": {"type": "approximate", "country": "CH"}}],
        {"sources (searched as web pages)", "country"},
    ),
    ({"sources": [source("x", included_x_handles=["xai"])]}, [{**X, "allowed_x_handles": ["xai"]}], set()),
    ({"sources": [source("x", x_handles=["@xai"])]}, [{**X, "allowed_x_handles": ["xai"]}], set()),
    (
        {"sources": [source("x", excluded_x_handles=["a"], post_view_count=9)]},
        [{**X, "excluded_x_handles": ["a"]}],
        {"x.post_view_count"},
    ),
    (
        {"from_date": "2026-01-01", "to_date": "2026-02-01T00:00:00", "sources": [source("x")]},
        [{**X, "from_date": "2026-01-01", "to_date": "2026-02-01"}],
        set(),
    ),
    ({"from_date": "2026-01-01"}, [WEB, {**X, "from_date": "2026-01-01"}], {"from_date (web)"}),
    ({"invented": 1}, [WEB, X], {"invented"}),
]


@pytest.mark.parametrize(("search", "tools", "left"), REPLACED)
def test_the_same_search_by_tools(search: dict[str, Any], tools: list[dict[str, Any]], left: set[str]) -> None:
    found, unmapped = tools_for(search)
    assert [tool.to_wire() for tool in found] == tools
    assert set(unmapped) == left


def test_return_citations_false_asks_for_a_text_without_marks() -> None:
    call = prepare(ChatRequest("grok-4.7", (USER,), params={"search_parameters": {"return_citations": False}}))
    assert "no_inline_citations" in call.body["include"]


@pytest.mark.parametrize(
    ("search", "text"),
    [
        ({"sources": [{"type": "telex"}]}, "type 'telex' is none of web, news, rss, x"),
        ({"sources": [source("web", allowed_websites=["a"], excluded_websites=["b"])]}, "exclude each other"),
        ({"from_date": "soon", "sources": [source("x")]}, "from_date='soon' is not a date"),
        ({"sources": 7}, r"server_tools=\[WebSearch\(\)\]"),
    ],
)
def test_what_makes_no_sense_is_named(search: Any, text: str) -> None:
    with pytest.raises(GrokConfigurationError, match=text):
        prepare(ChatRequest("grok-4.7", (USER,), params={"search_parameters": search}))


PLACES: dict[str, dict[str, Any]] = {
    "field": {"search_parameters": {"max_search_results": 5, "sources": [source("web")]}},
    "extra_body": {"extra_body": {"search_parameters": {"max_search_results": 5, "sources": [source("web")]}}},
    "search_enabled": {"extra_body": {"search_enabled": True}},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stream", [False, True])
def test_one_warning_that_shows_the_replacement(emulator: Emulator, place: str, stream: bool) -> None:
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, **PLACES[place])
    request = client.settings.to_request([USER])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            _ = list(client.stream(request)) if stream else client.complete(request)
    (warning,) = caught
    assert issubclass(warning.category, DeprecationWarning)
    assert warning.filename == __file__  # else Python would not show it
    assert "server_tools=[WebSearch()]" in str(warning.message)
    assert ("max_search_results=5" in str(warning.message)) == (place != "search_enabled")
    body = emulator.requests[-1].body
    assert body["tools"] == [WEB]
    assert not {"search_parameters", "search_enabled"} & set(body)
    assert "web_search_call.action.sources" in body["include"]


def test_the_warning_writes_the_tools_as_one_would() -> None:
    search = {"from_date": "2026-01-01", "sources": [source("web", country="CH"), source("x", x_handles=["a"])]}
    (advice,) = prepare(ChatRequest("grok-4.7", (USER,), params={"search_parameters": search})).advice
    shown = advice.text.partition("server_tools=")[2].partition(": write that")[0]
    tools = eval(shown, {"WebSearch": WebSearch, "XSearch": XSearch})
    assert tools == tools_for(search)[0]


@pytest.mark.parametrize("place", PLACES)
def test_on_chat_completions_the_error_says_what_to_change(emulator: Emulator, place: str) -> None:
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, api="chat", **PLACES[place])
    with pytest.raises(GrokConfigurationError, match="api='responses'"):
        client.complete(client.settings.to_request([USER]))


def test_a_tool_that_was_given_counts_more() -> None:
    given = WebSearch(allowed_domains=["a.org"])
    params = {"search_parameters": {"sources": [source("web"), source("x")]}}
    call = prepare(ChatRequest("grok-4.7", (USER,), server_tools=(given,), params=params))
    assert call.body["tools"] == [given.to_wire(), X]


def test_it_is_reported_and_raised_where_something_is_lost() -> None:
    lost = {"search_parameters": {"max_search_results": 5}}
    call = prepare(ChatRequest("grok-4.7", (USER,), params=lost))
    assert [(e.name, e.value, e.sent) for e in call.report] == [("search_parameters", {"max_search_results": 5}, False)]
    with pytest.raises(GrokUnsupportedParameterError, match="max_search_results"):
        prepare(ChatRequest("grok-4.7", (USER,), params=lost, on_unsupported="raise"))
    kept = prepare(ChatRequest("grok-4.7", (USER,), params={"search_parameters": {}}, on_unsupported="raise"))
    assert [(e.name, e.sent) for e in kept.report] == [("search_parameters", True)]
