"""The settings that both providers share, declared and documented once.

`ChatGrok` and `Grok` inherit `GrokSettings`; `GrokClient` holds one. It checks what it is given when it is built (an
unknown name, a key of another provider, a base URL that would misroute every call) and turns itself plus a call's
own keywords into a `ChatRequest`. It knows no framework and opens no connection.

Read `GrokSettings` for the fields, `check_base_url` and `check_api_key` for what is refused, `to_request` for how a
call is put together.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from grok_adapter.cache import Cache
from grok_adapter.credentials import without_credentials
from grok_adapter.models import GrokModel, model_for
from grok_adapter.params import PARAMETERS
from grok_adapter.tools import server_tool
from grok_adapter.types import Api, ChatRequest, FunctionTool, Message, ResponseFormat, ServerTool, ToolChoice

__all__ = ["DEFAULT_BASE_URL", "DEFAULT_MODEL", "GrokSettings"]

DEFAULT_BASE_URL = "https://api.x.ai/v1"
DEFAULT_MODEL = "grok-4.7"

ApiKey = str | SecretStr | Callable[[], str] | Callable[[], Awaitable[str]]
"""What a key may be given as. A `str` is for type checkers: it is stored as a `SecretStr`."""

SWAPPED_NAMES = {
    "xai_api_key": "api_key",
    "xai_api_base": "base_url",
    "model_name": "model",
    "request_timeout": "timeout",
    "stop_sequences": "stop",
}
"""Names that the peers' users write, and ours. `use_responses_api` is handled beside them, since its value differs."""

NOT_PER_CALL = frozenset(
    {
        "api_key",
        "base_url",
        "http_client",
        "http_async_client",
        "default_headers",
        "default_query",
        "max_retries",
        "stream_idle_timeout",
    }
)
"""Fields of the connection rather than of a call."""

REQUEST_FIELDS = frozenset(
    {
        "model",
        "api",
        "server_tools",
        "extra_body",
        "on_unsupported",
        "model_info",
        "check_context",
        "decode_html_entities",
    }
)
"""Fields that have a place of their own in `ChatRequest`; all others of `PARAMETERS` go into its `params`."""

MEANT_OTHERWISE = frozenset({"metadata"})
"""Parameters whose name means something else on the frameworks' model classes: they count per call only."""


TOKEN_COUNTS_KEPT = 1_024
"""Exact token counts that a settings object remembers; a count is 16 bytes of digest and a number."""

LEFT_BEHIND = ("api_key", "default_headers", "default_query", "http_client", "http_async_client")
"""What a pickle does not carry: secrets, what may hold one, and live connections."""

SHARED = ("http_client", "http_async_client", "rate_limiter")
"""What copies in memory have in common; the last is a field of both frameworks' model classes."""


class GrokSettings(BaseModel):
    """Settings that `langchain_grok.ChatGrok`, `llama_index_grok.Grok` and `grok_adapter.GrokClient` share.

    Raises:
        GrokConfigurationError: A `ValueError` whose last line names the field, the value and the mend.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        protected_namespaces=(),
        validate_assignment=False,
        hide_input_in_errors=True,  # the input may be a key
    )

    model: str = Field(default=DEFAULT_MODEL, description="Model id or alias, such as `grok-4.7` or `grok-4.3-latest`.")
    api: Api = Field(
        default="responses", description="`responses` (default) or `chat` (Chat Completions, which xAI calls legacy)."
    )
    api_key: ApiKey | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description="xAI API key, or a callable (sync or async) asked at each call; `XAI_API_KEY` if not given.",
    )
    base_url: str = Field(
        default="",
        description="Where to send requests: `XAI_BASE_URL` or `XAI_API_BASE` if not given, else `https://api.x.ai/v1`.",
    )
    timeout: Any = Field(
        default=None,
        description="Seconds, or the SDK's `Timeout`. Default: connect 5 s, read 3600 s for reasoning models (as in "
        "xAI's own samples), 600 s otherwise.",
    )
    max_retries: int = Field(default=4, ge=0, description="Further tries after a failure that may pass; 0 is one try.")
    deadline: float | None = Field(
        default=None, gt=0, description="Seconds that all tries and waits together may take."
    )
    stream_idle_timeout: float | None = Field(
        default=None,
        gt=0,
        description="Seconds without a meaningful event after which a stream is given up. Off by default.",
    )
    http_client: Any = Field(
        default=None, exclude=True, repr=False, description="Client of the SDK's own HTTP library, for sync calls."
    )
    http_async_client: Any = Field(default=None, exclude=True, repr=False, description="The same for async calls.")
    default_headers: Mapping[str, str] | None = Field(
        default=None, exclude=True, repr=False, description="Headers for every request."
    )
    default_query: Mapping[str, Any] | None = Field(
        default=None, exclude=True, repr=False, description="Query for every request."
    )

    temperature: float | None = Field(
        default=None, description="0 to 2. xAI's advice: 0.2 to 0.4 for facts. The server's default is 0.7."
    )
    top_p: float | None = Field(default=None, description="Nucleus sampling, above 0 and up to 1.")
    max_tokens: int | None = Field(
        default=None,
        description="Most visible tokens of the answer. Two statements are found: that reasoning counts too (a guide "
        "of late 2025), and that it does not (xAI OpenAPI, Oct 2026). The wire agrees with the second: in July 2026 a "
        "limit of 16 gave 51 output tokens, 35 of them reasoning, all billed. The server's default is 128,000.",
    )
    stop: list[str] | None = Field(
        default=None, description="Sequences that end the answer; cut client-side where the model refuses them."
    )
    seed: int | None = Field(default=None, description="Chat Completions only.")
    presence_penalty: float | None = Field(default=None, description="Refused by every current model.")
    frequency_penalty: float | None = Field(default=None, description="Refused by every current model.")
    logprobs: bool | None = Field(default=None, description="Silently ignored by grok-4.20 and newer.")
    top_logprobs: int | None = Field(default=None, description="0 to 8; silently ignored by grok-4.20 and newer.")
    reasoning_effort: str | None = Field(
        default=None, description="`none`, `low`, `medium`, `high` or `xhigh`, as far as the model takes them."
    )
    parallel_tool_calls: bool | None = Field(
        default=None, description="Whether several functions may be called in one turn."
    )
    server_tools: Sequence[Any] | None = Field(
        default=None, description="Tools that xAI runs, such as `WebSearch()` and `XSearch()`. Responses only."
    )
    max_turns: int | None = Field(
        default=None, description="Most server-side agent steps in one request. Responses only."
    )
    include: list[str] | None = Field(default=None, description="Further `include` values. Responses only.")
    store: bool = Field(
        default=False, description="Let xAI keep the answer for 30 days (its own default is true). Responses only."
    )
    previous_response_id: str | None = Field(default=None, description="Continue a stored answer. Responses only.")
    conversation_id: str | Literal[False] | None = Field(
        default=None,
        description="Keeps a conversation on one prompt cache: `prompt_cache_key`, or the header `x-grok-conv-id`.",
    )
    service_tier: str | None = Field(
        default=None, description="`priority` (twice the price) or `fast`; `auto` and `default` are standard."
    )
    user: str | None = Field(default=None, description="Your end user, for abuse reports.")
    guidelines: list[Mapping[str, Any]] | None = Field(
        default=None,
        description="What to decline beyond xAI's own rules, such as `[{'type': 'policy', 'category': 'violence', "
        "'behavior': 'decline'}]`; categories `nsfw`, `violence`, `profanity`.",
    )
    search_parameters: Mapping[str, Any] | None = Field(
        default=None, description="Live Search, gone since 2026 (410): use `server_tools`."
    )
    on_unsupported: Literal["warn", "raise", "ignore"] = Field(
        default="warn", description="What to do about a parameter that the model or the API would refuse or ignore."
    )
    extra_body: Mapping[str, Any] | None = Field(
        default=None,
        description="Goes into the body untouched and wins over fields; its `tools` and `include` are merged.",
    )
    decode_html_entities: bool = Field(
        default=False,
        description="Take HTML entities (`&amp;`, `&lt;`) that some models write out of the arguments of calls.",
    )
    model_info: GrokModel | None = Field(default=None, exclude=True, repr=False, description="A model row of your own.")

    check_context: bool = Field(
        default=False,
        description="Refuse a prompt longer than the model's window before it is sent, with `GrokContextLengthError`: "
        "by the offline estimate, and by `/v1/tokenize-text` where that is too close to call.",
    )

    _said: set[Any] = PrivateAttr(default_factory=set)
    _token_counts: Cache = PrivateAttr(default_factory=lambda: Cache(TOKEN_COUNTS_KEPT))

    def __init__(self, *args: Any, **data: Any) -> None:
        try:
            super().__init__(*args, **data)
        except ValidationError as error:
            raise _configuration_error(type(self).__name__, error) from None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, SecretStr(value) if name == "api_key" and isinstance(value, str) else value)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, which checks nothing; a key in `update` is sealed all the same."""
        if update and isinstance(update.get("api_key"), str):
            update = {**update, "api_key": SecretStr(update["api_key"])}
        return super().model_copy(update=update, deep=deep)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy that keeps the key, and shares what cannot be copied or would count twice."""
        memo = {} if memo is None else memo
        memo.update((id(shared), shared) for name in SHARED if (shared := getattr(self, name, None)) is not None)
        return super().__deepcopy__(memo)

    # --- pickling: secrets stay behind, the receiving process reads its own environment ------------------------------

    @field_serializer("base_url")
    def _dump_url(self, value: str) -> str:
        return without_credentials(value)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, without_credentials(value) if name == "base_url" else value

    def __getstate__(self) -> dict[Any, Any]:
        state = dict(super().__getstate__())
        shown = {"base_url": without_credentials(self.base_url)}
        state["__dict__"] = {**state["__dict__"], **dict.fromkeys(LEFT_BEHIND), **shown}
        return state

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self._read_key()

    # --- checks at construction --------------------------------------------------------------------------------------

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, data: Any) -> Any:
        """Accepts the peers' names for our fields; refuses unknown ones, naming the nearest."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for theirs, ours in SWAPPED_NAMES.items():
            if theirs in data and theirs not in cls.model_fields:
                data.setdefault(ours, data.pop(theirs))
        if "use_responses_api" in data:
            data.setdefault("api", "responses" if data.pop("use_responses_api") else "chat")
        known = set(cls.model_fields)
        for info in cls.model_fields.values():
            known.update(a for a in (info.alias, info.validation_alias) if isinstance(a, str))
        for name in data:
            if name not in known:
                near = difflib.get_close_matches(name, sorted(known | set(SWAPPED_NAMES)), n=1, cutoff=0.5)
                mend = (
                    f"did you mean {near[0]!r}?" if near else "put keys that xAI knows and we do not into extra_body."
                )
                raise ValueError(f"{name!r} is not a field of {cls.__name__}: {mend}")
        return data

    @field_validator("model", mode="after")
    @classmethod
    def _check_model(cls, value: str) -> str:
        if not value.strip() or value != value.strip():
            raise ValueError(f"model={value!r} is not a model id: give one such as {DEFAULT_MODEL!r}.")
        return value

    @field_validator("api_key", mode="before")
    @classmethod
    def _sealed_key(cls, value: Any) -> Any:
        return SecretStr(value) if isinstance(value, str) else value

    @field_validator("stop", mode="before")
    @classmethod
    def _listed_stop(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("server_tools", mode="after")
    @classmethod
    def _as_server_tools(cls, value: Sequence[Any] | None) -> list[ServerTool] | None:
        return None if value is None else [server_tool(tool) for tool in value]

    @field_validator("extra_body", mode="after")
    @classmethod
    def _hide_credentials(cls, value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """MCP servers in `extra_body` become objects, which do not show their credentials."""
        tools = (value or {}).get("tools")
        if value is None or not isinstance(tools, (list, tuple)):
            return value
        is_mcp = (isinstance(tool, Mapping) and tool.get("type") == "mcp" for tool in tools)
        return {**value, "tools": [server_tool(t) if mcp else t for t, mcp in zip(tools, is_mcp, strict=True)]}

    @model_validator(mode="after")
    def _fill_in(self) -> GrokSettings:
        """Reads the environment for what was not given, and checks key and URL together."""
        if not self.base_url:
            self.base_url = os.environ.get("XAI_BASE_URL") or os.environ.get("XAI_API_BASE") or DEFAULT_BASE_URL
        self.base_url = check_base_url(self.base_url)
        self._read_key()
        check_api_key(self.api_key, self.base_url, self.default_headers or {})
        return self

    def _read_key(self) -> None:
        if self.api_key is None and (key := os.environ.get("XAI_API_KEY")):
            self.api_key = SecretStr(key)

    def first_time(self, what: Any) -> bool:
        """Whether this is said for the first time on this object: a warning is given once."""
        if what in self._said:
            return False
        self._said.add(what)
        return True

    @property
    def token_counts(self) -> Cache:
        """Exact token counts that were asked for; copies of this object share it."""
        return self._token_counts

    def window_for(self, row: GrokModel) -> int:
        """Prompt tokens that fit, for `check_context`."""
        return row.context_window

    # --- one call ----------------------------------------------------------------------------------------------------

    @property
    def model_row(self) -> GrokModel:
        """What is known about the model: the caller's `model_info`, or the row of its name."""
        return self.model_info or model_for(self.model)

    def to_request(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[FunctionTool] = (),
        tool_choice: ToolChoice | None = None,
        response_format: ResponseFormat | None = None,
        stream: bool = False,
        stream_usage: bool = True,
        unchecked: Mapping[str, Any] | None = None,
        **per_call: Any,
    ) -> ChatRequest:
        """Puts one call together: these settings, overridden by the call's own keywords.

        Args:
            messages: The conversation, oldest first.
            tools: The caller's functions.
            tool_choice: Which tool must, may or must not be called.
            response_format: JSON, or JSON that fits a schema.
            stream: Ask for events.
            stream_usage: Ask for usage at the end of a stream.
            unchecked: Further body keys (`model_kwargs`, `additional_kwargs`); reported as unchecked.
            **per_call: Any field of `GrokSettings` that is not of the connection; unknown ones count as unchecked.

        Raises:
            GrokConfigurationError: A field of the connection was given per call, or no message was given.
        """
        if not messages:
            raise _error("messages=[] is empty: give at least one message.")
        for theirs, ours in SWAPPED_NAMES.items():
            if theirs in per_call and ours not in per_call:
                per_call[ours] = per_call.pop(theirs)
        if wrong := NOT_PER_CALL.intersection(per_call):
            name = sorted(wrong)[0]
            raise _error(
                f"{name!r} cannot be given per call: it belongs to the connection, set it on the model object."
            )
        extra = dict(unchecked or {})
        extra.update((k, per_call.pop(k)) for k in list(per_call) if k not in PARAMETERS and k not in REQUEST_FIELDS)
        fields = self.__dict__  # not getattr: a name that is no field costs pydantic 1 us to deny, and many are none
        params = {k: v for k in PARAMETERS if (v := fields.get(k)) is not None and k not in MEANT_OTHERWISE}
        params.update((k, v) for k, v in per_call.items() if k in PARAMETERS)
        if isinstance(params.get("stop"), str):
            params["stop"] = [params["stop"]]
        own_tools = per_call.get("server_tools", self.server_tools) or ()
        return ChatRequest(
            model=per_call.get("model") or self.model,
            messages=tuple(messages),
            api=per_call.get("api") or self.api,
            tools=tuple(tools),
            server_tools=tuple(server_tool(tool) for tool in own_tools),
            tool_choice=tool_choice,
            response_format=response_format,
            params=params,
            extra_body=per_call.get("extra_body", self.extra_body) or {},
            unchecked=extra,
            on_unsupported=per_call.get("on_unsupported") or self.on_unsupported,
            stream=stream,
            stream_usage=stream_usage,
            check_context=bool(per_call.get("check_context", self.check_context)),
            decode_html_entities=bool(per_call.get("decode_html_entities", self.decode_html_entities)),
            model_info=per_call.get("model_info", None if per_call.get("model") else self.model_info),
        )


def check_base_url(url: str) -> str:
    """Returns the URL to use, `/v1` appended where a bare host was given.

    Raises:
        ValueError: No scheme, xAI's legacy host, or plain http to a host under `x.ai`; the text shows the right URL.

    Example:
        >>> check_base_url("https://us.api.x.ai")
        'https://us.api.x.ai/v1'
    """
    mend = f"use {DEFAULT_BASE_URL!r} or the full URL of your gateway."
    shown = _without_password(url)
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"base_url={shown!r} is not a URL with http(s):// and a host: {mend}")
    host = parts.hostname
    if host == "api.grok.xai.com":
        raise ValueError(f"base_url={shown!r} names a host that xAI does not serve (older texts do): {mend}")
    if parts.scheme == "http" and is_xai_host(host):
        raise ValueError(f"base_url={shown!r} would send the key unencrypted: use {'https' + shown.strip()[4:]!r}.")
    path = parts.path.rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", parts.query, ""))


def is_xai_host(host: str) -> bool:
    """Whether a host belongs to xAI (`api.x.ai`, `us.api.x.ai`, ...)."""
    return host == "x.ai" or host.endswith(".x.ai")


def is_regional(base_url: str) -> bool:
    """Whether a base URL is a regional host of xAI's (`us.api.x.ai`): they cost more (xAI regions page, Sept 2026)."""
    host = urlsplit(base_url).hostname or ""
    return is_xai_host(host) and host != "api.x.ai"


_PRINTABLE = re.compile(r"[!-~]+")
"""ASCII without blanks."""


def check_api_key(key: Any, base_url: str, headers: Mapping[str, str]) -> None:
    """Refuses a key that cannot be right, without ever showing it.

    Raises:
        ValueError: Missing, empty, with blanks or non-ASCII characters inside, or another provider's (`sk-`).
    """
    mend = "set XAI_API_KEY or pass api_key=; keys are made at https://console.x.ai."
    if key is None:
        if not {"authorization", "x-api-key"} & {name.lower() for name in headers}:
            raise ValueError(f"api_key is missing: {mend}")
        return
    if callable(key):
        return
    value = key.get_secret_value() if isinstance(key, SecretStr) else str(key)
    if not value.strip():
        raise ValueError(f"api_key is empty: {mend}")
    if not _PRINTABLE.fullmatch(value):
        raise ValueError(f"api_key has blanks, line ends or non-ASCII characters in it: copy it again; {mend}")
    if value.startswith("sk-") and is_xai_host(urlsplit(base_url).hostname or ""):
        raise ValueError(f"api_key starts with 'sk-', as other providers' keys do, and was not sent to xAI: {mend}")


def _without_password(url: str) -> str:
    """The URL with user name and password blotted out, for error texts."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('//')[0]}//***@{tail}" if at else url


def _configuration_error(where: str, error: ValidationError) -> Exception:
    """One of our errors for pydantic's: field, value (never a secret) and mend in the last line."""
    from grok_adapter.error_bodies import shown  # noqa: PLC0415  only needed here

    lines = []
    for e in error.errors(include_url=False, include_context=False):
        name = ".".join(str(x) for x in e["loc"])
        text = e["msg"].removeprefix("Value error, ")
        given = "" if name.partition(".")[0] in LEFT_BEHIND else f"={shown(e['input'])}"
        lines.append(text if e["type"] == "value_error" else f"{name}{given}: {text}")
    return _error(f"{where} was given something it cannot use.\n" + "\n".join(dict.fromkeys(lines)))


def _error(text: str) -> Exception:
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

    return GrokConfigurationError(text)
