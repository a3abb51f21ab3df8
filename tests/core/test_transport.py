"""Timeouts, proxies, pools and local addresses, over real sockets and in both flavours of the SDK's HTTP library."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import openai
import pytest

from grok_adapter import GrokClient, GrokConfigurationError, GrokConnectionError, GrokTimeoutError, Message
from grok_adapter.models import model_for
from grok_adapter.sdk import http_library, timeout_for
from grok_adapter.types import TextPart
from grok_emulator import Emulator
from tests.conftest import KEY
from tests.support.servers import Fixed, Proxy

http = http_library(openai)
HELLO = "Hello there."
BOTH = pytest.mark.parametrize("asynchronous", [False, True])
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def make(base_url: str, **fields: Any) -> GrokClient:
    return GrokClient(**{"base_url": base_url, "api_key": KEY, "max_retries": 0, **fields})


def ask(client: GrokClient, asynchronous: bool, **options: Any) -> str:
    """One answer; async clients are closed with the loop they belong to."""
    request = client.settings.to_request([Message("user", (TextPart(HELLO),))], **options)

    async def once() -> str:
        try:
            return (await client.acomplete(request)).text
        finally:
            await client.aclose()

    if asynchronous:
        return asyncio.run(once())
    try:
        return client.complete(request).text
    finally:
        client.close()


def clients(asynchronous: bool, **options: Any) -> dict[str, Any]:
    """The field for an HTTP client of the SDK's own flavour."""
    if asynchronous:
        return {"http_async_client": http.AsyncClient(**options)}
    return {"http_client": http.Client(**options)}


# --- timeouts ----------------------------------------------------------------------------------------------------


def parts(timeout: Any) -> tuple[Any, ...]:
    return timeout.connect, timeout.read, timeout.write, timeout.pool


@pytest.mark.parametrize(
    ("model", "fields", "stream", "wanted"),
    [
        ("grok-4.7", {}, False, (5, 3600, 3600, 3600)),
        ("grok-99", {}, True, (5, 3600, 3600, 3600)),
        ("grok-4.20-non-reasoning", {}, False, (5, 600, 600, 600)),
        ("grok-4.7", {"timeout": 7}, True, (7, 7, 7, 7)),
        ("grok-4.7", {"timeout": openai.Timeout(9, connect=1)}, False, (1, 9, 9, 9)),
        ("grok-4.7", {"timeout": openai.Timeout(None)}, False, (None, None, None, None)),
        ("grok-4.7", {"stream_idle_timeout": 2}, True, (5, 2, 3600, 3600)),
        ("grok-4.7", {"stream_idle_timeout": 2}, False, (5, 3600, 3600, 3600)),
        ("grok-4.7", {"stream_idle_timeout": 2, "timeout": openai.Timeout(None)}, True, (None, 2, None, None)),
    ],
)
def test_timeouts(model: str, fields: dict[str, Any], stream: bool, wanted: tuple[Any, ...]) -> None:
    settings = make("http://127.0.0.1:9", **fields).settings
    assert parts(timeout_for(settings, model_for(model), stream=stream)) == wanted


def test_a_timeout_of_the_other_flavour_is_understood() -> None:
    class Theirs:
        connect, read, write, pool = 1.0, 2.0, 3.0, None

    settings = make("http://127.0.0.1:9", timeout=Theirs()).settings
    timeout = timeout_for(settings, model_for("grok-4.7"), stream=False)
    assert isinstance(timeout, openai.Timeout)
    assert parts(timeout) == (1.0, 2.0, 3.0, None)


@BOTH
@pytest.mark.parametrize("wrong", ["3", 0, -1, True, (1, 2)])
def test_what_is_no_timeout_is_named(wrong: Any, asynchronous: bool) -> None:
    with pytest.raises(GrokConfigurationError, match=r"timeout=.* is no timeout: give seconds above 0, or an openai"):
        ask(make("http://127.0.0.1:9", timeout=wrong), asynchronous)


@BOTH
def test_a_read_that_takes_too_long_is_a_timeout(emulator: Emulator, asynchronous: bool) -> None:
    emulator.delay(1.5)
    with pytest.raises(GrokTimeoutError):
        ask(make(emulator.base_url, timeout=openai.Timeout(5, read=0.2)), asynchronous)


# --- proxies -----------------------------------------------------------------------------------------------------


@BOTH
def test_a_proxy_of_ones_own(emulator: Emulator, asynchronous: bool) -> None:
    with Proxy() as proxy:
        with_password = proxy.url.replace("//", "//user:proxy-password@")
        client = make(emulator.base_url, **clients(asynchronous, proxy=with_password))
        assert ask(client, asynchronous)
    (seen,) = proxy.requests
    assert (seen.method, seen.target) == ("POST", f"{emulator.base_url}/responses")
    assert seen.headers["proxy-authorization"].startswith("Basic ")
    assert emulator.requests[0].body["input"][0]["content"] == HELLO
    assert "proxy-authorization" not in emulator.requests[0].headers


@BOTH
def test_a_stream_through_a_proxy(emulator: Emulator, asynchronous: bool) -> None:
    async def pieces(client: GrokClient) -> int:
        request = client.settings.to_request([Message("user", (TextPart(HELLO),))])
        return len([delta async for delta in client.astream(request)])

    with Proxy() as proxy:
        client = make(emulator.base_url, **clients(asynchronous, proxy=proxy.url))
        request = client.settings.to_request([Message("user", (TextPart(HELLO),))])
        count = asyncio.run(pieces(client)) if asynchronous else len(list(client.stream(request)))
        client.close()
    assert count > 3
    assert len(proxy.requests) == 1


@BOTH
def test_http_proxy_and_no_proxy_are_honoured(
    emulator: Emulator, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        client = make(emulator.base_url)
        client.close()  # of another test, made under another environment
        ask(client, asynchronous)
        assert proxy.requests == []
        monkeypatch.setenv("NO_PROXY", "elsewhere.example")
        ask(client, asynchronous)
        assert [seen.target for seen in proxy.requests] == [f"{emulator.base_url}/responses"]


@BOTH
def test_https_proxy_and_no_proxy_are_honoured(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens behind the address: what counts is who is asked for it."""
    with Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = make("https://localhost:9/v1")
        with pytest.raises(GrokConnectionError, match="Connection error"):
            ask(client, asynchronous)
        assert [(seen.method, seen.target) for seen in proxy.requests] == [("CONNECT", "localhost:9")]
        assert "authorization" not in proxy.requests[0].headers
        monkeypatch.setenv("NO_PROXY", "localhost")
        with pytest.raises(GrokConnectionError, match="Connection error"):
            ask(client, asynchronous)
        assert len(proxy.requests) == 1


# --- pools and addresses -----------------------------------------------------------------------------------------

ANSWER = {"id": "r", "object": "response", "model": "grok-4.7", "status": "completed", "output": []}


def test_connections_are_kept_alive_and_shared() -> None:
    with Fixed({"/v1/responses": ANSWER}) as server:
        for _ in range(3):
            client = make(server.url)
            client.complete(client.settings.to_request([Message("user", (TextPart(HELLO),))]))
        client.close()
    assert len({seen.connection for seen in server.requests}) == 1


def test_a_pool_without_keep_alive_opens_a_connection_each_time() -> None:
    own = http.Client(limits=http.Limits(max_connections=1, max_keepalive_connections=0))
    with Fixed({"/v1/responses": ANSWER}) as server:
        client = make(server.url, http_client=own)
        for _ in range(2):
            client.complete(client.settings.to_request([Message("user", (TextPart(HELLO),))]))
    assert len({seen.connection for seen in server.requests}) == 2
    own.close()


@pytest.mark.parametrize("address", ["127.0.0.1"] + ["127.0.0.2"] * (sys.platform == "linux"))
def test_a_local_address(address: str) -> None:
    own = http.Client(transport=http.HTTPTransport(local_address=address))
    with Fixed({"/v1/responses": ANSWER}) as server:
        client = make(server.url, http_client=own)
        client.complete(client.settings.to_request([Message("user", (TextPart(HELLO),))]))
    assert [seen.peer for seen in server.requests] == [address]
    own.close()


# --- the wrong client --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [object(), "http://proxy:8080", openai.DefaultAsyncHttpxClient()])
def test_what_is_no_client_is_named_with_the_right_one(wrong: Any) -> None:
    flavour = http.__name__
    with pytest.raises(GrokConfigurationError, match=rf"http_client is a .*: openai .* takes {flavour}\.Client"):
        ask(make("http://127.0.0.1:9", http_client=wrong), asynchronous=False)


def test_a_sync_client_is_not_taken_for_an_async_one() -> None:
    with pytest.raises(GrokConfigurationError, match=r"http_async_client is a .* takes .*\.AsyncClient"):
        ask(make("http://127.0.0.1:9", http_async_client=openai.DefaultHttpxClient()), asynchronous=True)


@BOTH
def test_the_sdks_default_client_fits_whichever_the_flavour(emulator: Emulator, asynchronous: bool) -> None:
    name = "http_async_client" if asynchronous else "http_client"
    made = openai.DefaultAsyncHttpxClient if asynchronous else openai.DefaultHttpxClient
    assert ask(make(emulator.base_url, **{name: made(timeout=10)}), asynchronous)


# --- what is between the user and somebody else --------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("own_client", [False, True])
def test_what_is_meant_for_openai_does_not_reach_xai(
    emulator: Emulator, asynchronous: bool, own_client: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK reads OpenAI's variables, and tells about the platform with every request."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-theirs")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-theirs")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway-Secret: theirs\nAuthorization: Bearer theirs")
    fields = clients(asynchronous) if own_client else {}
    client = make(emulator.base_url, default_headers={"x-mine": "kept"}, **fields)
    client.close()  # of another test, made under another environment
    ask(client, asynchronous)
    (request,) = emulator.requests
    names = {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"}
    assert set(request.headers) == names | {"user-agent", "x-mine"}
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert "theirs" not in str(request.headers)


@BOTH
def test_no_cookie_of_one_answer_travels_with_the_next(emulator: Emulator, asynchronous: bool) -> None:
    """A pool serves several keys; a cookie of a gateway's is one caller's."""
    client = make(emulator.base_url)
    request = client.settings.to_request([Message("user", (TextPart(HELLO),))])

    async def twice() -> None:
        for _ in range(2):
            await client.acomplete(request)

    emulator.reply(ANSWER, headers={"set-cookie": "__cf_bm=one; path=/"})
    if asynchronous:
        asyncio.run(twice())
    else:
        client.complete(request)
        client.complete(request)
    assert [seen.headers.get("cookie") for seen in emulator.requests] == [None, None]


def test_an_http_client_of_ones_own_keeps_its_cookies(emulator: Emulator) -> None:
    own = http.Client()
    client = make(emulator.base_url, http_client=own)
    request = client.settings.to_request([Message("user", (TextPart(HELLO),))])
    emulator.reply(ANSWER, headers={"set-cookie": "route=one; path=/"})
    client.complete(request)
    client.complete(request)
    own.close()
    assert [seen.headers.get("cookie") for seen in emulator.requests] == [None, "route=one"]
