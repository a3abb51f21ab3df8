"""Events around a call, and streams that close.

`announce` fires the framework's start and end events around what we do, with the keywords as they may be shown. For a
stream the framework wraps our generator into one of its own; with a callback handler attached that one keeps the
exception that closed it, the exception its frame, and the frame our generator: the connection of an abandoned stream
would stay open. So there is an outer generator, which closes both.

Must not know: messages, requests, HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing, closing
from typing import Any, TypeVar

from llama_index_grok._secrets import without_secrets

__all__ = ["aclosing_both", "announce", "announce_async", "closing_both"]

T = TypeVar("T")
Callback = Callable[[], Callable[..., Any]]
"""`llm_chat_callback` or `llm_completion_callback`."""


def announce(callback: Callback, llm: Any, answer: Callable[[], T], given: Any, kwargs: Mapping[str, Any]) -> T:
    """Runs something between the framework's start and end events.

    Args:
        callback: Which kind of events.
        llm: The model object, whose handlers are told.
        answer: What is run. The events of a generator that it returns go on while that is read.
        given: The messages or the prompt, for the events.
        kwargs: The call's keywords, shown in the events without credentials.
    """

    def start(_self: Any, _given: Any, **_kwargs: Any) -> T:
        return answer()

    answered: T = callback()(start)(llm, given, **without_secrets(kwargs))
    return answered


async def announce_async(
    callback: Callback, llm: Any, answer: Callable[[], Awaitable[T]], given: Any, kwargs: Mapping[str, Any]
) -> T:
    """Async twin of `announce`."""

    async def start(_self: Any, _given: Any, **_kwargs: Any) -> T:
        return await answer()

    answered: T = await callback()(start)(llm, given, **without_secrets(kwargs))
    return answered


def closing_both(framework: Generator[T, None, None], ours: Generator[T, None, None]) -> Generator[T, None, None]:
    """The framework's generator; whoever leaves it closes ours too."""
    with closing(ours), closing(framework):
        yield from framework


async def aclosing_both(framework: AsyncGenerator[T, None], ours: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Async twin of `closing_both`."""
    async with aclosing(ours), aclosing(framework):
        async for response in framework:
            yield response
