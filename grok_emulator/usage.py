"""Token counts and cost: one deterministic estimate, and the two ways the two APIs add it up.

Chat Completions leaves reasoning out of ``completion_tokens``; Responses includes it in ``output_tokens``
(API notes 2.4 and 3.8). Must not know: how an answer came about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .models import LONG_CONTEXT, ModelRow

_TOKEN = re.compile(r"\s?[^\W\d_]{1,8}|\d{1,3}|\s?[^\w\s]|\s|_")
_TOOL_CALL_TICKS = 50_000_000  # 5 USD per 1,000 web searches or fetched X posts (API notes 1.2)
_CACHE_BLOCK = 64  # granularity of cached_tokens in the recordings (API notes 9)
_SHARED_PREFIX = 128  # what every request finds in the cache: the start of xAI's own system prompt
_SEEN_PROMPTS = 32


def tokens(text: str) -> list[str]:
    """The pieces of ``text``, each counted as one token; joined they are the text again.

    >>> tokens("Two words, 2026.")
    ['Two', ' words', ',', ' ', '202', '6', '.']
    """
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """How many tokens ``text`` is estimated to have."""
    return len(tokens(text))


@dataclass(frozen=True)
class Spent:
    """What one answer consumed, before it is laid out for an API.

    Attributes:
        prompt: Input tokens, summed over the agent's steps.
        cached: Those of them that came from the prompt cache.
        visible: Output tokens other than reasoning.
        reasoning: Reasoning tokens.
        image: Input tokens that are images.
        last_prompt: Input tokens of the last step alone.
        last_output: Output tokens of the last step alone.
        web_searches: Web searches run on the server.
        x_searches: X searches run on the server.
        x_posts: X posts these fetched.
        images_made: Pictures made on the server; their price is not known here.
    """

    prompt: int
    cached: int
    visible: int
    reasoning: int
    image: int = 0
    last_prompt: int = 0
    last_output: int = 0
    web_searches: int = 0
    x_searches: int = 0
    x_posts: int = 0
    images_made: int = 0

    @property
    def hosted_calls(self) -> int:
        """Calls of server-side tools."""
        return self.web_searches + self.x_searches + self.images_made

    def ticks(self, row: ModelRow, tier: str) -> int:
        """The cost in ticks of 10**-10 USD."""
        price = row.long_price if self.prompt >= LONG_CONTEXT else row.price
        if tier in ("priority", "fast"):
            price = price.doubled()
        text = (self.prompt - self.cached) * price.input + self.cached * price.cached
        text += (self.visible + self.reasoning) * price.output
        return text + (self.web_searches + self.x_posts) * _TOOL_CALL_TICKS


def chat_usage(spent: Spent, row: ModelRow, tier: str) -> dict[str, Any]:
    """The ``usage`` object of Chat Completions."""
    return {
        "prompt_tokens": spent.prompt,
        "completion_tokens": spent.visible,
        "total_tokens": spent.prompt + spent.visible + spent.reasoning,
        "prompt_tokens_details": {
            "text_tokens": spent.prompt - spent.image,
            "audio_tokens": 0,
            "image_tokens": spent.image,
            "cached_tokens": spent.cached,
        },
        "completion_tokens_details": {
            "reasoning_tokens": spent.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "num_sources_used": 0,
        "cost_in_usd_ticks": spent.ticks(row, tier),
    }


def responses_usage(spent: Spent, row: ModelRow, tier: str) -> dict[str, Any]:
    """The ``usage`` object of Responses."""
    output = spent.visible + spent.reasoning
    usage: dict[str, Any] = {
        "input_tokens": spent.prompt,
        "input_tokens_details": {"cached_tokens": spent.cached},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": spent.reasoning},
        "total_tokens": spent.prompt + output,
        "num_sources_used": 0,
        "num_server_side_tools_used": spent.hosted_calls,
        "cost_in_usd_ticks": spent.ticks(row, tier),
    }
    if spent.hosted_calls:  # absent when no server-side tool ran (API notes 3.8)
        usage["server_side_tool_usage_details"] = {
            "web_search_calls": spent.web_searches,
            "x_search_calls": spent.x_searches,
            "code_interpreter_calls": 0,
            "file_search_calls": 0,
            "mcp_calls": 0,
            "document_search_calls": 0,
            "image_generation_calls": spent.images_made,
            "x_posts_fetched": spent.x_posts,
            "x_users_fetched": 0,
        }
    usage["context_details"] = {"input_tokens": spent.last_prompt, "output_tokens": spent.last_output}
    return usage


@dataclass
class PromptCache:
    """Remembers prompts per conversation key, to tell how much of the next one is cached."""

    _seen: dict[str, list[str]] = field(default_factory=dict)

    def cached_tokens(self, key: str | None, prompt: str, total: int, hidden: int) -> int:
        """Cached tokens of ``prompt``, which is then remembered.

        Without a key only the start of xAI's own system prompt is found again (API notes 9).

        Args:
            key: ``prompt_cache_key`` or the ``x-grok-conv-id`` header.
            prompt: The conversation as one text; a longer conversation must start with the shorter one's text.
            total: Input tokens of the request, the upper bound.
            hidden: Tokens of xAI's system prompt, which precedes ``prompt``.
        """
        floor = min(_SHARED_PREFIX, total)
        if not key:
            return floor
        earlier = self._seen.setdefault(key, [])
        shared = max((_common_prefix(prompt, text) for text in earlier), default=0)
        earlier.append(prompt)
        del earlier[:-_SEEN_PROMPTS]
        if not shared:
            return floor
        found = (hidden + count(prompt[:shared])) // _CACHE_BLOCK * _CACHE_BLOCK
        return max(floor, min(found, total // _CACHE_BLOCK * _CACHE_BLOCK))


def _common_prefix(a: str, b: str) -> int:
    """Length of the common prefix, by halving (prompts can be long)."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
