"""L11: nothing that leaves the process as text holds a secret."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from typing import Any

import pytest

from grok_adapter import GrokClient, GrokError, MCPServer, Message
from grok_adapter.settings import GrokSettings
from grok_adapter.types import TextPart
from grok_emulator import Emulator

KEY = "xai-SECRET-key-000000000000"
HEADER = "header-SECRET-000000"
TOKEN = "mcp-SECRET-000000000"
SECRETS = (KEY, HEADER, TOKEN)
USER = Message("user", (TextPart("Hi"),))


def make(emulator: Emulator, **fields: Any) -> GrokClient:
    tool = MCPServer("https://mcp.example.com/", authorization=TOKEN, headers={"X-Secret": TOKEN})
    return GrokClient(
        base_url=emulator.base_url,
        api_key=KEY,
        default_headers={"X-Company": HEADER},
        server_tools=[tool],
        max_retries=0,
        **fields,
    )


def check(*texts: str) -> None:
    for text in texts:
        for secret in SECRETS:
            assert secret not in text


def test_settings_show_no_secret(emulator: Emulator) -> None:
    settings = make(emulator).settings
    check(repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json())


def test_secrets_are_sent_all_the_same(emulator: Emulator) -> None:
    client = make(emulator)
    client.complete(client.settings.to_request([USER]))
    sent = emulator.requests[-1]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["x-company"] == HEADER
    assert sent.body["tools"][0]["authorization"] == TOKEN


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_errors_show_no_secret_even_when_the_server_echoes_it(
    emulator: Emulator, status: int, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="grok_adapter")
    client = make(emulator)
    echo = f"You sent {KEY} and Bearer {KEY} and {HEADER} and {TOKEN}."
    emulator.fail(status, {"code": "invalid-argument", "error": echo})
    request = client.settings.to_request([USER])
    with pytest.raises(GrokError) as caught:
        list(client.stream(request)) if stream else client.complete(request)
    error = caught.value
    assert "You sent" in str(error)
    shown = "".join(traceback.format_exception(error))
    check(str(error), repr(error), repr(error.args), shown, caplog.text)
    check(pickle.dumps(error).decode("latin-1"), json.dumps(error.__dict__, default=repr))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.status_code) == (type(error), str(error), error.status_code)


def test_a_pickle_leaves_secrets_behind_and_a_copy_keeps_them(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make(emulator).settings
    check(pickle.dumps(settings).decode("latin-1"))
    monkeypatch.setenv("XAI_API_KEY", "xai-of-the-other-process")
    other = pickle.loads(pickle.dumps(settings))
    assert isinstance(other, GrokSettings)
    assert other.api_key.get_secret_value() == "xai-of-the-other-process"  # type: ignore[union-attr]
    assert copy.deepcopy(settings).api_key.get_secret_value() == KEY  # type: ignore[union-attr]
    assert settings.model_copy().api_key.get_secret_value() == KEY  # type: ignore[union-attr]


def test_pydantic_errors_do_not_show_their_input() -> None:
    with pytest.raises(ValueError, match="temperature") as caught:
        GrokSettings(api_key=KEY, temperature=KEY)
    check(str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value)))
