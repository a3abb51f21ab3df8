"""What leaves the process as text holds no secret: dumps, reprs, pickles.

The key, the HTTP clients, headers and query are excluded by their fields; what is left are credentials inside
server-side tools, extra bodies and the base URL. A dump leaves them out, so `from_dict` builds a model that reads its
key from the environment again. Copies in memory (`model_copy`, `deepcopy`) keep everything.

Must not know: requests, messages, HTTP.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms.function_calling import FunctionCallingLLM
from pydantic import SecretStr, field_serializer

from grok_adapter.credentials import without_credentials
from grok_adapter.portable import pickles, portable
from grok_adapter.tools import is_server_tool, server_tool

__all__ = ["KeepsSecrets", "is_secret", "without_secrets"]

logger = logging.getLogger(__name__)

_SECRET_KEYS = frozenset(
    {"authorization", "headers", "api_key", "x-api-key", "token", "access_token", "password", "secret"}
)
"""Names whose values are never shown: those of MCP tools, and what people put into bodies."""

_OF_THE_PROCESS = ("api_key", "http_client", "http_async_client", "default_headers", "default_query")
"""Fields that no pickle holds."""

_MAYBE_UNPICKLABLE = (
    "callback_manager",
    "messages_to_prompt",
    "completion_to_prompt",
    "output_parser",
    "query_wrapper_prompt",
    "timeout",
)
"""Fields that hold what users wrote: left out of a pickle, with a word in the log, where it cannot be pickled."""


def without_secrets(value: Any) -> Any:
    """Plain data without the entries that hold credentials; server-side tools as the dicts they are sent as.

    Example:
        >>> without_secrets({"type": "mcp", "authorization": "secret"})
        {'type': 'mcp'}
    """
    if isinstance(value, SecretStr):
        return str(value)
    if isinstance(value, Mapping):
        if value.get("type") == "function":  # a definition holds none, and 40 of them cost 3 ms a call to look into
            return value
        return {k: without_secrets(v) for k, v in value.items() if not is_secret(k, v)}
    if isinstance(value, (list, tuple)):
        return [without_secrets(v) for v in value]
    if is_server_tool(value):
        return without_secrets(value.to_wire())
    return value


def is_secret(key: Any, value: Any) -> bool:
    """Whether an entry is a credential; a schema's property of that name (an object) is none."""
    name = str(key).lower()
    return name in _SECRET_KEYS and (isinstance(value, (str, SecretStr)) or name == "headers")


class KeepsSecrets(FunctionCallingLLM):
    """Serialisation for a `GrokSettings` that is an LLM."""

    @field_serializer("server_tools", check_fields=False)
    def _dump_tools(self, value: Any) -> Any:
        return None if value is None else without_secrets(value)

    @field_serializer("extra_body", "additional_kwargs", "search_parameters", check_fields=False)
    def _dump_body(self, value: Any) -> Any:
        return without_secrets(value)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            if name == "base_url":
                yield name, without_credentials(value)
            elif name in ("extra_body", "additional_kwargs", "search_parameters"):
                yield name, without_secrets(value)
            else:
                yield name, value

    def __str__(self) -> str:
        """As `repr`: pydantic's own would show credentials in extra bodies."""
        return repr(self)

    def __getstate__(self) -> dict[str, Any]:
        """The state for a pickle: LlamaIndex's own would hold the key."""
        state = dict(self.__dict__)
        for name in _OF_THE_PROCESS:
            state.pop(name, None)
        if tools := state.get("server_tools"):
            state["server_tools"] = [server_tool(shown) for shown in without_secrets(tools)]
        for name in ("extra_body", "additional_kwargs", "search_parameters"):
            state[name] = without_secrets(state.get(name))
        state["base_url"] = without_credentials(state["base_url"])
        state["rate_limiter"] = portable(state.get("rate_limiter"), name="rate_limiter")
        for name in _MAYBE_UNPICKLABLE:
            if name in state and not pickles(state[name]):
                logger.warning("%s of %s cannot be pickled and was left out", name, type(self).__name__)
                del state[name]
        return {"__dict__": state, "__pydantic_fields_set__": self.__pydantic_fields_set__ - set(_OF_THE_PROCESS)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Builds the object of a pickle; the key is read from the environment of this process, if there is one."""
        values = {name: info.get_default(call_default_factory=True) for name, info in type(self).model_fields.items()}
        values |= state["__dict__"]
        values["callback_manager"] = values.get("callback_manager") or CallbackManager([])
        if values.get("api_key") is None and (key := os.environ.get("XAI_API_KEY")):
            values["api_key"] = SecretStr(key)
        object.__setattr__(self, "__dict__", values)
        object.__setattr__(self, "__pydantic_fields_set__", set(state["__pydantic_fields_set__"]))
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)
        self.model_post_init(None)
