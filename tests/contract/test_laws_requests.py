"""Laws of requests: L7 (sent or reported) and L12 (valid against the official schema), for every model and API."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_adapter.models import ROWS, model_for
from grok_adapter.params import PARAMETERS
from grok_adapter.prepare import PreparedCall, prepare
from grok_adapter.types import ChatRequest, Message, TextPart
from tests.support.requests import PARAMETER_VALUES, chat_requests
from tests.support.schema import problems

APIS = ["responses", "chat"]
MODELS = [*(row.id for row in ROWS), "grok-3-mini", "grok-99"]
IDLE: dict[str, list[Any]] = {
    "n": [1],
    "presence_penalty": [0],
    "frequency_penalty": [0],
    "logprobs": [False],
    "top_logprobs": [0],
    "include": [[]],
    "store": [False],
    "conversation_id": [False],
    "service_tier": ["auto"],
    "background": [False],
    "metadata": [{}],
    "truncation": ["disabled"],
    "context_management": [[]],
    "deferred": [False],
    "web_search_options": [{}],
}
"""Values that are the wire's own default, so that leaving them out changes nothing."""


def find(call: PreparedCall, api: str, name: str) -> Any:
    """What was sent for a parameter, wherever it went."""
    place = PARAMETERS[name].responses if api == "responses" else PARAMETERS[name].chat
    if place is None:
        return None
    if place.startswith("header:"):
        return call.headers.get(place.removeprefix("header:"))
    value: Any = call.body
    for key in place.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def test_every_parameter_of_the_table_is_generated() -> None:
    assert set(PARAMETER_VALUES) | {"guidelines", "previous_response_id"} == set(PARAMETERS)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("model", MODELS)
@given(data=st.data())
def test_l7_every_parameter_is_sent_or_reported(model: str, api: str, data: st.DataObject) -> None:
    if api not in model_for(model).apis:
        return  # refused as a whole: test_prepare.py
    name = data.draw(st.sampled_from(sorted(set(PARAMETER_VALUES) - {"search_parameters"})))  # becomes tools
    value = data.draw(PARAMETER_VALUES[name])
    message = Message("user", (TextPart("Hi"),))
    request = ChatRequest(model, (message,), api=api, params={name: value}, on_unsupported="ignore")  # type: ignore[arg-type]
    call = prepare(request)
    sent = find(call, api, name)
    reported = [entry for entry in call.report if entry.name == name]
    if name == "include":  # joined with what reasoning needs
        assert api == "chat" or set(value) <= set(sent or ())
        assert bool(reported) == (api == "chat" and bool(value))
    elif value in IDLE.get(name, []):
        assert not reported
        assert sent in (None, value)
    else:
        assert (sent == value) != bool(reported)
        assert sent is None or sent == value


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l7_nothing_is_sent_that_was_not_asked_for(api: str, data: st.DataObject) -> None:
    model = data.draw(st.sampled_from([m for m in MODELS if api in model_for(m).apis]))
    call = prepare(ChatRequest(model, (Message("user", (TextPart("Hi"),)),), api=api))  # type: ignore[arg-type]
    assert set(call.body) <= {"model", "input", "messages", "include"}
    assert call.headers == {}
    assert call.report == ()


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l12_requests_fit_the_official_schema(api: str, data: st.DataObject) -> None:
    assert problems(api, prepare(data.draw(chat_requests(api))).body) == []


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_no_null_and_no_empty_content_is_ever_sent(api: str, data: st.DataObject) -> None:
    body = prepare(data.draw(chat_requests(api))).body
    for item in body.get("input") or body["messages"]:
        assert None not in item.values()
        assert item.get("content") != []
        assert "output" not in item or item["output"] is not None
