"""Spans that show no credential: keywords are sealed before LlamaIndex's instrumentation sees them.

The framework opens a span around every entry point with the arguments as the caller wrote them, before our code runs;
span handlers print and store those. So each entry point gets one more layer, outside the span, that turns credentials
in keywords (an MCP tool given as a dict, an extra body) into secrets that show as asterisks; `Grok` unseals them on the
way to the wire. Must not know: messages, requests, HTTP.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from llama_index.core.instrumentation import DISPATCHER_SPAN_DECORATED_ATTR  # type: ignore[attr-defined]
from pydantic import SecretStr

from llama_index_grok._secrets import KeepsSecrets, is_secret

__all__ = ["SealsKeywords", "sealed", "unsealed"]

_SEALS = "__seals_keywords__"
"""Mark of an entry point that has the layer."""


class _Sealed(SecretStr):
    """A credential on its way through the framework."""


class SealsKeywords(KeepsSecrets):
    """An LLM whose spanned entry points, inherited ones included, seal their keywords."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Adds the layer, once the framework has decorated what the class overrides."""
        super().__init_subclass__(**kwargs)
        newest: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            newest |= vars(base)
        for name, method in newest.items():
            if _is_spanned(method) and not hasattr(method, _SEALS):
                setattr(cls, name, _sealing(method))


def _is_spanned(method: Any) -> bool:
    return callable(method) and hasattr(method, DISPATCHER_SPAN_DECORATED_ATTR)


def _sealing(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method with the layer around it.

    Where keywords are the variables of a prompt (`predict(prompt, **prompt_args)`) only `llm_kwargs` are ours.
    """
    parameters = inspect.signature(method).parameters
    seal = _llm_kwargs_sealed if "prompt_args" in parameters else sealed
    bind = method.__get__  # called unbound, the span's wrapper would make a partial of it, and its signature, each time
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def asynchronous(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await bind(self)(*(sealed(arg) for arg in args), **seal(kwargs))

        outer: Callable[..., Any] = asynchronous
    else:

        @functools.wraps(method)
        def synchronous(self: Any, *args: Any, **kwargs: Any) -> Any:
            return bind(self)(*(sealed(arg) for arg in args), **seal(kwargs))

        outer = synchronous
    setattr(outer, _SEALS, True)
    return outer


def _llm_kwargs_sealed(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {k: sealed(v) if k == "llm_kwargs" else v for k, v in kwargs.items()}


def sealed(value: Any) -> Any:
    """The same data with its credentials as secrets; the very object where there are none.

    Function definitions hold none and are not looked into.

    Example:
        >>> sealed({"server_tools": [{"type": "mcp", "authorization": "abc"}]})
        {'server_tools': [{'type': 'mcp', 'authorization': _Sealed('**********')}]}
    """
    if type(value) is dict:
        if value.get("type") == "function":
            return value
        out = {k: _seal(v) if is_secret(k, v) else sealed(v) for k, v in value.items()}
        return out if any(out[k] is not v for k, v in value.items()) else value
    if type(value) in (list, tuple):
        if not any(type(item) in (dict, list, tuple) for item in value):  # a long history, at every call
            return value
        items = [sealed(item) for item in value]
        return type(value)(items) if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value


def _seal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _seal(v) for k, v in value.items()}
    return _Sealed(value) if isinstance(value, str) else value


def unsealed(value: Any) -> Any:
    """What `sealed` was given; secrets of the caller's own stay secrets.

    Example:
        >>> unsealed(sealed({"authorization": "abc"}))
        {'authorization': 'abc'}
    """
    if isinstance(value, _Sealed):
        return value.get_secret_value()
    if type(value) is dict:
        if value.get("type") == "function":
            return value
        out = {k: unsealed(v) for k, v in value.items()}
        return out if any(out[k] is not v for k, v in value.items()) else value
    if type(value) in (list, tuple):
        items = [unsealed(item) for item in value]
        return type(value)(items) if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value
