"""What a caller is warned of: another model, an id that is gone, a budget that reasoning ate."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest

from grok_adapter import GrokClient, GrokModelNotFoundError, GrokWarning, Message
from grok_adapter.models import model_for
from grok_adapter.notices import is_another
from grok_adapter.types import TextPart
from grok_emulator import Emulator
from tests.conftest import KEY

WAYS = pytest.mark.parametrize("way", ["complete", "acomplete", "stream", "astream"])
APIS = pytest.mark.parametrize("api", ["responses", "chat"])


def make(emulator: Emulator, **fields: Any) -> GrokClient:
    return GrokClient(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})


def said(client: GrokClient, way: str = "complete", **options: Any) -> list[str]:
    """What a call warns of."""
    request = client.settings.to_request([Message("user", (TextPart("Why do owls turn their heads?"),))], **options)

    async def astream() -> None:
        async for _ in client.astream(request):
            pass

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        match way:
            case "complete":
                client.complete(request)
            case "acomplete":
                asyncio.run(client.acomplete(request))
            case "stream":
                list(client.stream(request))
            case _:
                asyncio.run(astream())
    return [str(each.message) for each in caught if issubclass(each.category, GrokWarning)]


@APIS
@WAYS
def test_a_retired_id_is_told_of_once(emulator: Emulator, api: str, way: str) -> None:
    client = make(emulator, model="grok-3-mini", api=api)
    (text,) = said(client, way)
    assert text.startswith("model='grok-3-mini' was retired on 2026-05-15 and 'grok-4.3' answered, at its price")
    assert "reasoning_effort='low'" in text
    assert text.endswith("set model='grok-4.3'.")
    assert said(client, way) == []


def test_another_model_than_the_one_asked_is_told_of_once(emulator: Emulator) -> None:
    client = make(emulator, model="grok-4.7")
    body = {"id": "r", "object": "response", "model": "grok-4.5", "status": "completed", "output": []}
    emulator.reply(body)
    assert said(client) == [
        "model='grok-4.7' was asked and 'grok-4.5' answered, at its price: ask for that one, or for another."
    ]
    emulator.reply(body)
    assert said(client) == []
    emulator.reply({**body, "model": "grok-4.6"})
    assert len(said(client)) == 1


@pytest.mark.parametrize(
    ("asked", "answered", "another"),
    [
        ("grok-4.7", "grok-4.7", False),
        ("grok-4.20", "grok-4.20-0309-reasoning", False),
        ("grok-4.3-latest", "grok-4.3", False),
        ("grok-4.7", "grok-4.7-0921", False),
        ("xai/grok-4.7", "grok-4.7", False),
        ("my-deployment", "my-deployment", False),
        ("grok-3", "grok-3-fast", False),
        ("grok-3", "grok-4.3", True),
        ("grok-4.20", "grok-4.20-0309-non-reasoning", True),
        ("grok-4.7", "grok-4.5", True),
        ("grok-latest", "grok-4.7", True),
    ],
)
def test_an_alias_is_no_other_model(asked: str, answered: str, another: bool) -> None:
    assert is_another(asked, answered, model_for(asked)) is another


def test_the_models_own_row_may_name_what_answers(emulator: Emulator) -> None:
    client = make(emulator, model="my-deployment", model_info=model_for("grok-4.5"))
    emulator.reply({"id": "r", "object": "response", "model": "grok-4.5", "status": "completed", "output": []})
    assert said(client) == []


def test_an_id_that_is_gone_is_told_of_before_it_is_sent(emulator: Emulator) -> None:
    client = make(emulator, model="grok-beta")
    request = client.settings.to_request([Message("user", (TextPart("Hi"),))])
    said_before = pytest.warns(GrokWarning, match="model='grok-beta' is not served by xAI any more since 2025-09-15")
    with said_before, pytest.raises(GrokModelNotFoundError):
        client.complete(request)
    assert len(emulator.requests) == 1


# --- reasoning that eats the budget ------------------------------------------------------------------------------

EATEN = {
    "responses": {
        "id": "r",
        "object": "response",
        "model": "grok-4.7",
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [{"type": "reasoning", "id": "rs_r", "summary": [{"type": "summary_text", "text": "Hm."}]}],
        "usage": {
            "input_tokens": 10,
            "output_tokens": 1_046,
            "total_tokens": 1_056,
            "output_tokens_details": {"reasoning_tokens": 1_046},
        },
    },
    "chat": {
        "id": "r",
        "object": "chat.completion",
        "model": "grok-4.7",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "", "reasoning_content": "Hm."},
                "finish_reason": "length",
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 0,
            "total_tokens": 1_056,
            "completion_tokens_details": {"reasoning_tokens": 1_046},
        },
    },
}


@APIS
@WAYS
def test_a_budget_that_reasoning_ate_is_told_of_each_time(emulator: Emulator, api: str, way: str) -> None:
    client = make(emulator, api=api, max_tokens=50)
    for _ in range(2):
        emulator.reply(EATEN[api])
        (text,) = said(client, way)
        assert text.startswith("max_tokens=50 was reached with nothing visible; 1,046 reasoning tokens were spent")
        assert text.endswith("and billed: raise max_tokens, or lower reasoning_effort.")


def test_the_mend_fits_the_model_and_the_limit(emulator: Emulator) -> None:
    emulator.reply({**EATEN["responses"], "model": "grok-build-0.1"})
    (text,) = said(make(emulator, model="grok-build-0.1"))
    assert text.startswith("the server's own limit was reached")
    assert text.endswith("billed: raise max_tokens.")


@APIS
def test_a_cut_answer_with_words_in_it_is_no_news(emulator: Emulator, api: str) -> None:
    assert said(make(emulator, api=api, model="grok-4.3", max_tokens=3)) == []


def test_warnings_made_errors_are_raised_as_they_are(emulator: Emulator) -> None:
    client = make(emulator, model="grok-3-mini")
    request = client.settings.to_request([Message("user", (TextPart("Hi"),))])
    with warnings.catch_warnings():
        warnings.simplefilter("error", GrokWarning)
        with pytest.raises(GrokWarning):
            client.complete(request)
        client = make(emulator, model="grok-3-mini")
        with pytest.raises(GrokWarning):
            list(client.stream(request))
