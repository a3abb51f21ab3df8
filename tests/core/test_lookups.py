"""Live model rows, exact token counts and their cache, and prompts that are refused before they are sent."""

from __future__ import annotations

import asyncio
import copy
import datetime
import pickle
import threading
from typing import Any

import pytest

from grok_adapter import GrokClient, GrokContextLengthError, GrokNotFoundError, Message
from grok_adapter.cache import Cache
from grok_adapter.errors import GrokError, GrokResponseError
from grok_adapter.listing import rows_from_listing
from grok_adapter.models import GrokModel, model_for
from grok_adapter.tokens import estimate_tokens
from grok_adapter.types import FunctionTool, ImagePart, TextPart, ToolCall
from grok_emulator import Emulator
from tests.conftest import KEY
from tests.support.servers import Fixed

DAY = datetime.date(2026, 11, 20)
BOTH = pytest.mark.parametrize("asynchronous", [False, True])


def make(base_url: str, **fields: Any) -> GrokClient:
    return GrokClient(**{"base_url": base_url, "api_key": KEY, "max_retries": 0, **fields})


def list_models(client: GrokClient, asynchronous: bool) -> tuple[GrokModel, ...]:
    return asyncio.run(client.alist_models()) if asynchronous else client.list_models()


def count(client: GrokClient, asynchronous: bool, text: str, **options: Any) -> int:
    return asyncio.run(client.acount_tokens(text, **options)) if asynchronous else client.count_tokens(text, **options)


# --- models ------------------------------------------------------------------------------------------------------


@BOTH
def test_live_rows_come_from_both_listings(emulator: Emulator, asynchronous: bool) -> None:
    rows = list_models(make(emulator.base_url), asynchronous)
    assert [r.path for r in emulator.requests] == ["/v1/models", "/v1/language-models"]
    assert "grok-4.7" in [row.id for row in rows]
    row = rows[0]
    assert row.source == "/v1/models and /v1/language-models"
    assert row.checked == datetime.datetime.now(datetime.UTC).date()
    assert row.inputs == ("text", "image")
    assert row.refuses == model_for(row.id).refuses


def test_what_the_listing_says_wins_over_what_was_known() -> None:
    entry = {
        "id": "grok-4.7",
        "aliases": ["grok-latest"],
        "created": 1_789_948_800,
        "context_length": 750_000,
        "prompt_text_token_price": 15_000,
        "cached_prompt_text_token_price": 3_000,
        "completion_text_token_price": 45_000,
        "prompt_text_token_price_long_context": 30_000,
        "cached_prompt_text_token_price_long_context": 0,
        "completion_text_token_price_long_context": 90_000,
        "long_context_threshold": 100_000,
        "capabilities": {"reasoning_effort": ["low", "max"], "default_reasoning_effort": "low"},
    }
    row = rows_from_listing({"data": [entry]}, {"models": [{"id": "grok-4.7", "input_modalities": ["text"]}]}, DAY)[0]
    assert (row.context_window, row.aliases, row.inputs) == (750_000, ("grok-latest",), ("text",))
    assert (row.efforts, row.default_effort) == (("low", "max"), "low")
    assert row.refuses == model_for("grok-4.7").refuses
    assert row.released == datetime.date(2026, 9, 21)
    before, now = row.price_on(DAY - datetime.timedelta(days=1)), row.price_on(DAY)
    assert before == model_for("grok-4.7").prices[-1]
    assert now is not None
    assert now.for_prompt(99_999) == (15_000, 3_000, 45_000)
    assert now.for_prompt(100_000) == (30_000, 3_000, 90_000)


def test_a_price_that_is_the_known_one_keeps_its_days() -> None:
    entry = {
        "id": "grok-4.7",
        "prompt_text_token_price": 20_000,
        "cached_prompt_text_token_price": 5_000,
        "completion_text_token_price": 60_000,
        "prompt_text_token_price_long_context": 40_000,
        "cached_prompt_text_token_price_long_context": 10_000,
        "completion_text_token_price_long_context": 120_000,
        "long_context_threshold": 200_000,
    }
    assert rows_from_listing({"data": [entry]}, {}, DAY)[0].prices == model_for("grok-4.7").prices


@pytest.mark.parametrize(
    ("models", "language_models", "ids"),
    [
        ({}, {}, []),
        ({"data": None}, {"models": "?"}, []),
        ({"data": [{"id": "grok-9"}, {"id": "grok-imagine", "image_price": 5}, {"no": "id"}, 3]}, {}, ["grok-9"]),
        ({"data": [{"id": "a", "pricing": [{"quality": "low"}]}]}, {}, []),
        ({"models": [{"id": "grok-9", "object": "model"}]}, {}, ["grok-9"]),
        ({"data": [{"id": "grok-9"}, {"id": "pictures"}]}, {"models": [{"id": "grok-9"}]}, ["grok-9"]),
    ],
)
def test_only_text_models_are_rows(models: Any, language_models: Any, ids: list[str]) -> None:
    assert [row.id for row in rows_from_listing(models, language_models, DAY)] == ids


def test_an_entry_as_bare_as_in_april_2026_is_a_row() -> None:
    """Then `/v1/models` sent id, created, object and owned_by only (apicity recordings)."""
    entry = {"id": "grok-4.3", "created": 1_777_507_200, "object": "model", "owned_by": "xai"}
    row = rows_from_listing({"data": [entry]}, {}, DAY)[0]
    known = model_for("grok-4.3")
    assert (row.context_window, row.efforts, row.prices) == (known.context_window, known.efforts, known.prices)


def test_an_effort_list_that_is_empty_means_that_the_parameter_is_refused() -> None:
    entry = {"id": "grok-4.7", "capabilities": {"reasoning_effort": []}}
    row = rows_from_listing({"data": [entry]}, {}, DAY)[0]
    assert not row.accepts_effort("low")
    assert "reasoning_effort" in row.refuses


@BOTH
def test_a_gateway_may_have_the_first_listing_only(asynchronous: bool) -> None:
    with Fixed({"/v1/models": {"data": [{"id": "grok-4.7"}, {"id": "my-own"}]}}) as server:
        assert [row.id for row in list_models(make(server.url), asynchronous)] == ["grok-4.7", "my-own"]
    with Fixed({}) as server, pytest.raises(GrokNotFoundError):
        list_models(make(server.url), asynchronous)


@BOTH
def test_a_listing_is_tried_again_and_its_errors_are_ours(asynchronous: bool) -> None:
    with Fixed({"/v1/models": (503, {"error": "busy"})}) as server, pytest.raises(GrokError) as caught:
        list_models(make(server.url, max_retries=1), asynchronous)
    assert caught.value.attempts == 2
    with (
        Fixed({"/v1/models": {"code": "x", "error": "in a 200"}}) as server,
        pytest.raises(GrokError, match="in a 200"),
    ):
        list_models(make(server.url), asynchronous)


def test_a_live_row_can_be_used(emulator: Emulator) -> None:
    row = make(emulator.base_url).list_models()[0]
    client = make(emulator.base_url, model=row.id, model_info=row)
    response = client.complete(client.settings.to_request([Message("user", (TextPart("Hi"),))]))
    assert response.cost_estimated is False


# --- tokens ------------------------------------------------------------------------------------------------------


@BOTH
def test_the_exact_count_is_asked_once(emulator: Emulator, asynchronous: bool) -> None:
    client = make(emulator.base_url)
    text = "Antidisestablishmentarianism, twice: antidisestablishmentarianism."
    first = count(client, asynchronous, text, exact=True)
    assert first == count(client, asynchronous, text, exact=True)
    assert [r.path for r in emulator.requests] == ["/v1/tokenize-text"]
    assert emulator.requests[0].body == {"model": "grok-4.7", "text": text}
    assert first != count(client, asynchronous, text) == estimate_tokens(text)
    count(client, asynchronous, text, exact=True, model="grok-4.3")
    assert emulator.requests[-1].body["model"] == "grok-4.3"
    assert count(client, asynchronous, "", exact=True) == 0
    assert len(emulator.requests) == 2


def test_estimates_need_no_network() -> None:
    client = make("http://127.0.0.1:9/v1")
    assert client.count_tokens("Hello there, world.") == 5


@BOTH
def test_an_answer_without_tokens_is_an_error(asynchronous: bool) -> None:
    with Fixed({"/v1/tokenize-text": {"tokens": 3}}) as server, pytest.raises(GrokResponseError, match="token_ids"):
        count(make(server.url), asynchronous, "Hi", exact=True)


def test_copies_of_the_settings_share_what_was_counted_and_pickles_do_not(emulator: Emulator) -> None:
    client = make(emulator.base_url)
    client.count_tokens("Hello", exact=True)
    twin = GrokClient(client.settings.model_copy())
    twin.count_tokens("Hello", exact=True)
    assert len(emulator.requests) == 1
    assert len(pickle.loads(pickle.dumps(client.settings)).token_counts) == 0
    assert len(copy.deepcopy(client.settings).token_counts) == 0
    assert client.settings == client.settings.model_copy()


def test_the_cache_is_bounded_and_threads_may_share_it() -> None:
    cache = Cache(50)
    wrong: list[int] = []

    def work(start: int) -> None:
        for n in range(start, start + 2_000):
            cache.put(n % 70, n % 70)
            if (value := cache.get(n % 70)) not in (None, n % 70):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, len(cache)) == ([], 50)


# --- windows -----------------------------------------------------------------------------------------------------

WINDOW = 1_000


def ask(client: GrokClient, way: str, text: str, **options: Any) -> None:
    request = client.settings.to_request([Message("user", (TextPart(text),))], **options)

    async def astream() -> None:
        async for _ in client.astream(request):
            pass

    match way:
        case "complete":
            client.complete(request)
        case "acomplete":
            asyncio.run(client.acomplete(request))
        case "stream":
            list(client.stream(request))
        case _:
            asyncio.run(astream())


WAYS = pytest.mark.parametrize("way", ["complete", "acomplete", "stream", "astream"])


@WAYS
@pytest.mark.parametrize(
    ("words", "counted", "refused"),
    [(300, False, False), (850, True, False), (1_150, True, True), (3_000, False, True)],
)
def test_a_long_prompt_is_refused_before_it_is_sent(
    emulator: Emulator, way: str, words: int, counted: bool, refused: bool
) -> None:
    """The endpoint is asked only where the estimate is too close to the window to decide."""
    row = GrokModel(id="grok-4.7", context_window=WINDOW)
    client = make(emulator.base_url, model_info=row, check_context=True)
    if refused:
        with pytest.raises(GrokContextLengthError, match=r"takes 1,000; it was not sent \(check_context\)"):
            ask(client, way, "word " * words)
    else:
        ask(client, way, "word " * words)
    paths = [request.path.removeprefix("/v1") for request in emulator.requests]
    assert paths == ["/tokenize-text"] * counted + ["/responses"] * (not refused)


def test_the_check_is_off_by_default_and_can_be_asked_per_call(emulator: Emulator) -> None:
    client = make(emulator.base_url, model_info=GrokModel(id="grok-4.7", context_window=10))
    ask(client, "complete", "word " * 100)
    with pytest.raises(GrokContextLengthError) as caught:
        ask(client, "complete", "word " * 100, check_context=True)
    assert str(caught.value).splitlines()[-1].startswith("Trim the conversation")
    assert (caught.value.model, caught.value.is_retryable) == ("grok-4.7", False)


def test_images_tools_and_calls_count_too(emulator: Emulator) -> None:
    client = make(emulator.base_url, model_info=GrokModel(id="grok-4.7", context_window=900), check_context=True)
    image = Message("user", (ImagePart(url="https://e.example/a.png"),))
    tool = FunctionTool("look", "Looks around. " * 400, {"type": "object", "properties": {}})
    calls = Message("assistant", (ToolCall("c", "look", '{"a": "' + "word " * 2_000 + '"}'),))
    hello = Message("user", (TextPart("Hello"),))
    for messages, tools in (([image, image], []), ([hello], [tool]), ([hello, calls], [])):
        with pytest.raises(GrokContextLengthError):
            client.complete(client.settings.to_request(messages, tools=tools))
