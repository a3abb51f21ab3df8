"""Bad input is refused with field, value and mend in the last line; swaps and environment are understood."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from grok_adapter import GrokConfigurationError, GrokWarning, Message, WebSearch
from grok_adapter.settings import GrokSettings, check_base_url
from grok_adapter.types import TextPart
from tests.conftest import KEY

USER = Message("user", (TextPart("Hi"),))


def make(**fields: Any) -> GrokSettings:
    return GrokSettings(**{"api_key": KEY, **fields})


@pytest.mark.parametrize(
    ("fields", "last_line"),
    [
        ({"api_key": None}, "api_key is missing: set XAI_API_KEY or pass api_key="),
        ({"api_key": ""}, "api_key is empty: set XAI_API_KEY"),
        ({"api_key": "xai-with blank"}, "api_key has blanks, line ends or non-ASCII characters in it"),
        ({"api_key": "xai-ü"}, "api_key has blanks, line ends or non-ASCII characters in it"),
        ({"api_key": "sk-another-providers"}, "api_key starts with 'sk-'"),
        ({"base_url": "api.x.ai/v1"}, "base_url='api.x.ai/v1' is not a URL with http(s):// and a host"),
        ({"base_url": "http://api.x.ai/v1"}, "use 'https://api.x.ai/v1'"),
        ({"base_url": "https://api.grok.xai.com/v1"}, "use 'https://api.x.ai/v1'"),
        ({"temprature": 0.2}, "'temprature' is not a field of GrokSettings: did you mean 'temperature'?"),
        ({"zzz": 1}, "put keys that xAI knows and we do not into extra_body"),
        ({"model": ""}, "model='' is not a model id"),
        ({"model": " grok-4.7"}, "model=' grok-4.7' is not a model id"),
        ({"temperature": "hot"}, "temperature='hot': Input should be a valid number"),
        ({"api": "completions"}, "api='completions': Input should be 'responses' or 'chat'"),
        ({"server_tools": ["web"]}, "a str is not a server-side tool: give WebSearch()"),
        ({"max_retries": -1}, "max_retries=-1: Input should be greater than or equal to 0"),
    ],
)
def test_bad_input_says_what_to_do_in_its_last_line(fields: dict[str, Any], last_line: str) -> None:
    with pytest.raises(GrokConfigurationError) as caught:
        make(**fields)
    assert not isinstance(caught.value, ValidationError)
    assert last_line in str(caught.value).splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.x.ai", "https://api.x.ai/v1"),
        ("https://api.x.ai/", "https://api.x.ai/v1"),
        ("https://api.x.ai/v1/", "https://api.x.ai/v1"),
        ("https://gateway.example.com/xai/proxy", "https://gateway.example.com/xai/proxy"),
        ("http://localhost:8000", "http://localhost:8000/v1"),
    ],
)
def test_base_urls(given: str, used: str) -> None:
    assert check_base_url(given) == used


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(ValueError, match=r"\*\*\*@") as caught:
        check_base_url("ftp://user:SECRET@host/v1")
    assert "SECRET" not in str(caught.value)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", "xai-from-environment")
    monkeypatch.setenv("XAI_API_BASE", "https://us.api.x.ai")
    settings = GrokSettings()
    assert isinstance(settings.api_key, SecretStr)
    assert settings.api_key.get_secret_value() == "xai-from-environment"
    assert settings.base_url == "https://us.api.x.ai/v1"
    monkeypatch.setenv("XAI_BASE_URL", "https://gateway.example.com/v1")
    assert GrokSettings().base_url == "https://gateway.example.com/v1"


def test_other_integrations_names_are_understood() -> None:
    settings = GrokSettings(
        xai_api_key=KEY, model_name="grok-4.3", request_timeout=9, stop_sequences=["a"], use_responses_api=False
    )
    assert (settings.model, settings.timeout, settings.stop, settings.api) == ("grok-4.3", 9, ["a"], "chat")
    assert isinstance(settings.api_key, SecretStr)


def test_another_providers_key_may_go_to_a_gateway() -> None:
    assert make(api_key="sk-gateway", base_url="https://gateway.example.com/v1").api_key is not None


def test_a_key_is_sealed_however_it_comes() -> None:
    """Assignments and copies pass by pydantic's checks; a key must not lie about as a plain string all the same."""
    assigned = make()
    assigned.api_key = "xai-assigned"
    keys = {
        KEY: make(),
        "xai-swapped": GrokSettings(xai_api_key="xai-swapped"),
        "xai-assigned": assigned,
        "xai-copied": make().model_copy(update={"api_key": "xai-copied"}),
    }
    for key, settings in keys.items():
        assert isinstance(settings.api_key, SecretStr)
        assert settings.api_key.get_secret_value() == key
        assert key not in f"{settings!r} {settings.__dict__} {settings.model_dump()}"
    assert callable(make(api_key=lambda: KEY).api_key)
    assert make(api_key=SecretStr(KEY)).api_key == SecretStr(KEY)


def test_an_authorization_header_stands_for_a_key() -> None:
    assert GrokSettings(default_headers={"Authorization": "Bearer x"}).api_key is None


def test_per_call_keywords_override_fields() -> None:
    settings = make(temperature=0.1, stop="END", server_tools=[WebSearch()])
    request = settings.to_request([USER], temperature=0.9, model="grok-4.3", max_completion_tokens=5)
    assert (request.model, request.params["temperature"], request.params["stop"]) == ("grok-4.3", 0.9, ["END"])
    assert request.unchecked == {"max_completion_tokens": 5}
    assert settings.to_request([USER], stop_sequences=["X"], server_tools=[]).server_tools == ()
    assert settings.to_request([USER], stop="X").params["stop"] == ["X"]


@pytest.mark.parametrize("name", ["api_key", "base_url", "http_client", "max_retries", "default_headers"])
def test_what_belongs_to_the_connection_cannot_be_given_per_call(name: str) -> None:
    with pytest.raises(GrokConfigurationError, match=f"'{name}' cannot be given per call"):
        make().to_request([USER], **{name: "x"})


def test_no_message_is_an_error() -> None:
    with pytest.raises(GrokConfigurationError, match="at least one message"):
        make().to_request([])


def test_warnings_are_user_warnings() -> None:
    assert issubclass(GrokWarning, UserWarning)
